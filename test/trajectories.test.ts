// Optimizers and whole training runs, step by step as PyTorch takes them.
import { describe, expect, test } from 'vitest'
import { F, nn, optim, type Tensor } from '../src/index.ts'
import { difference, type Flat, load, parameter, read, type Stored, values } from './fixture.ts'

interface Trajectory {
  readonly name: string
  readonly optimizer: 'SGD' | 'Adam' | 'AdamW'
  readonly options: Readonly<Record<string, unknown>>
  readonly groups?: readonly Readonly<Record<string, unknown>>[]
  readonly clip?: readonly ['norm' | 'value', number]
  readonly target: Stored
  readonly scale: Stored
  readonly initial: readonly [Stored, Stored]
  readonly losses: readonly number[]
  readonly norms?: readonly number[]
  /** The parameters after each step. */
  readonly path: readonly (readonly Flat[])[]
}

interface Training {
  readonly name: string
  readonly layers: readonly number[]
  readonly activation: 'Tanh' | 'ReLU'
  readonly loss: 'crossEntropy' | 'hingeLoss'
  readonly l2?: number
  readonly optimizer: 'SGD' | 'Adam'
  readonly options: { readonly lr: number }
  readonly x: Stored
  readonly y: Stored
  readonly initial: Readonly<Record<string, Stored>>
  readonly losses: readonly number[]
  readonly final: Readonly<Record<string, Stored>>
}

describe('optimizers', () => {
  for (const t of read<Trajectory>('optim')) {
    test(t.name, () => {
      const params = t.initial.map(parameter)
      const [a, b] = params as [Tensor, Tensor]
      const [target, scale] = [load(t.target), load(t.scale)]
      const given = t.groups ? t.groups.map((group, i) => ({ params: [params[i]!], ...group })) : params
      const optimizer = new optim[t.optimizer](given, t.options)
      for (const [step, expected] of t.path.entries()) {
        optimizer.zeroGrad()
        const loss = a.sub(target).square().mul(scale).sum().mul(0.5).add(b.matmul(a).tanh().square().sum())
        loss.backward()
        const norm = t.clip?.[0] === 'norm' ? optim.clipGradNorm(params, t.clip[1]) : null
        if (t.clip?.[0] === 'value') optim.clipGradValue(params, t.clip[1])
        optimizer.step()
        expect(difference([loss.item()], [t.losses[step]!]), `loss of step ${step}`).toBeNull()
        if (norm !== null)
          expect(difference([Number(typeof norm === 'object' ? norm.item() : norm)], [t.norms![step]!])).toBeNull()
        params.forEach((p, i) => {
          expect(difference(values(p), expected[i]!, t.initial[i]), `parameter ${i} after step ${step}`).toBeNull()
        })
      }
    })
  }
})

describe('training', () => {
  for (const t of read<Training>('training')) {
    test(t.name, () => {
      const model = new nn.Sequential(
        ...t.layers.slice(1).flatMap((out, i) => {
          const layer = new nn.Linear(t.layers[i]!, out, { dtype: 'float64' })
          return i === 0 ? [layer] : [new nn[t.activation](), layer]
        }),
      )
      model.loadStateDict(Object.fromEntries(Object.entries(t.initial).map(([name, p]) => [name, load(p)])))
      const params = [...model.parameters()]
      const optimizer = new optim[t.optimizer](params, t.options)
      const [x, y] = [load(t.x), load(t.y)]
      const objective = (): Tensor => {
        const out = model.forward(x)
        const fit = t.loss === 'crossEntropy' ? F.crossEntropy(out, y) : F.hingeLoss(out.select(1, 0), y)
        return t.l2 === undefined ? fit : params.reduce((sum, p) => sum.add(p.square().sum().mul(t.l2!)), fit)
      }
      for (const [step, expected] of t.losses.entries()) {
        optimizer.zeroGrad()
        const loss = objective()
        loss.backward()
        optimizer.step()
        expect(difference([loss.item()], [expected]), `loss of step ${step}`).toBeNull()
      }
      const state = new Map(Object.entries(model.stateDict()))
      for (const [name, p] of Object.entries(t.final)) {
        expect(difference(values(state.get(name)!), p.data, p), name).toBeNull()
      }
    })
  }
})
