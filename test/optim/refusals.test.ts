// What optimizers refuse, L-BFGS on values, and where it goes on.
import { describe, expect, test } from 'vitest'
import {
  ArgumentError,
  CompileError,
  compile,
  optim,
  ShapeError,
  type Tensor,
  tensor,
  Value,
  zeros,
} from '../../src/index.ts'
import { values } from '../fixture.ts'

const x = tensor([1, 2], { requiresGrad: true })
const w = tensor([[1, 2]], { requiresGrad: true })

test.each<[string, () => unknown, RegExp]>([
  ['RMSprop alpha', () => new optim.RMSprop([x], { alpha: -1 }), /RMSprop: alpha must be a number >= 0, not -1/],
  ['Adagrad lrDecay', () => new optim.Adagrad([x], { lrDecay: -1 }), /lrDecay/],
  ['Adadelta rho', () => new optim.Adadelta([x], { rho: 1.5 }), /rho.*\[0, 1\], not 1.5/],
  ['Adamax betas', () => new optim.Adamax([x], { betas: [1, 0] }), /betas/],
  ['NAdam momentumDecay', () => new optim.NAdam([x], { momentumDecay: -1 }), /momentumDecay/],
  ['RAdam eps', () => new optim.RAdam([x], { eps: -1 }), /eps/],
  ['ASGD weightDecay', () => new optim.ASGD([x], { weightDecay: -1 }), /weightDecay/],
  ['Rprop etas', () => new optim.Rprop([x], { etas: [1.2, 0.5] }), /etas/],
  ['Rprop stepSizes', () => new optim.Rprop([x], { stepSizes: [1, 0] }), /stepSizes/],
  ['Lion betas', () => new optim.Lion([x], { betas: [0.9] as never }), /betas/],
  ['Muon of a vector', () => new optim.Muon([w, x]), /parameter 1 is \[2\].*AdamW/],
  ['Muon of a value', () => new optim.Muon([new Value(1)] as never), /a value/],
  ['Muon nsSteps', () => new optim.Muon([w], { nsSteps: 100 }), /nsSteps/],
  ['Muon nsCoefficients', () => new optim.Muon([w], { nsCoefficients: [1, 2] as never }), /nsCoefficients/],
  ['Muon adjustLrFn', () => new optim.Muon([w], { adjustLrFn: 'half' as never }), /adjustLrFn/],
  ['initialLr', () => new optim.SGD([{ params: [x], initialLr: -1 }]), /initialLr/],
  ['LBFGS groups', () => new optim.LBFGS([{ params: [x] }, { params: [w] }]), /one group, not in 2/],
  ['LBFGS of nothing', () => new optim.LBFGS([]), /without parameters/],
  ['LBFGS twice', () => new optim.LBFGS([x, x]), /twice/],
  ['LBFGS maxIter', () => new optim.LBFGS([x], { maxIter: 0 }), /maxIter/],
  ['LBFGS lineSearchFn', () => new optim.LBFGS([x], { lineSearchFn: 'armijo' as never }), /lineSearchFn/],
  ['LBFGS without closure', () => new optim.LBFGS([x]).step(undefined as never), /closure/],
  ['LBFGS without loss', () => new optim.LBFGS([x]).step(() => undefined as never), /loss/],
])('%s', (_, f, message) => {
  expect(f).toThrow(ArgumentError)
  expect(f).toThrow(message)
})

describe('L-BFGS', () => {
  const rosenbrock = <N extends Tensor | Value>(a: N, b: N): N =>
    (b as Value)
      .sub((a as Value).square())
      .square()
      .mul(100)
      .add((a as Value).neg().add(1).square()) as N
  const onTensor = (start: number[], options: Partial<optim.LBFGSOptions>) => {
    const p = tensor(start, { dtype: 'float64', requiresGrad: true })
    const optimizer = new optim.LBFGS([p], options)
    const closure = (): Tensor => {
      optimizer.zeroGrad()
      const loss = rosenbrock(p.at(0), p.at(1))
      loss.backward()
      return loss
    }
    return { p, optimizer, step: () => optimizer.step(closure) }
  }
  const options = { lineSearchFn: 'strong_wolfe', maxIter: 5 } as const

  test('on values as on tensors', () => {
    const { p, step } = onTensor([-1.2, 1], options)
    const scalars = [new Value(-1.2), new Value(1)] as const
    const optimizer = new optim.LBFGS(scalars, options)
    for (let k = 0; k < 12; k++) {
      const loss = optimizer.step(() => {
        optimizer.zeroGrad()
        const loss = rosenbrock<Value>(...scalars)
        loss.backward()
        return loss
      })
      expect(loss.data).toBeCloseTo(step().item(), 8)
    }
    expect(scalars.map(v => v.data)).toEqual([expect.closeTo(1, 4), expect.closeTo(1, 4)])
    expect(values(p)).toEqual([expect.closeTo(1, 4), expect.closeTo(1, 4)])
  })

  test('goes on from a state bit for bit; one that does not fit changes nothing', () => {
    const a = onTensor([-1.2, 1], options)
    a.step()
    const b = onTensor(values(a.p), { lr: 0.5 })
    const state = a.optimizer.stateDict()
    b.optimizer.loadStateDict(state)
    for (let k = 0; k < 2; k++) for (const one of [a, b]) one.step()
    expect(values(b.p)).toEqual(values(a.p))
    expect(b.optimizer.stateDict()).toEqual(a.optimizer.stateDict())
    const before = a.optimizer.stateDict()
    const wrong = { ...state, state: { ...state.state, oldDirs: [zeros([3])] } }
    expect(() => a.optimizer.loadStateDict(wrong)).toThrow(ShapeError)
    expect(() => a.optimizer.loadStateDict({ ...state, paramGroups: [] })).toThrow(ArgumentError)
    expect(a.optimizer.stateDict()).toEqual(before)
  })

  test('float32, and several shapes at once', () => {
    const [m, c] = [
      tensor(
        [
          [2, 0],
          [0, 1],
        ],
        { requiresGrad: true },
      ),
      tensor(3, { requiresGrad: true }),
    ]
    const optimizer = new optim.LBFGS([m, c], { lineSearchFn: 'strong_wolfe' })
    const loss = () => {
      optimizer.zeroGrad()
      const loss = m.sub(1).square().sum().add(c.mul(m.sum()).sub(4).square())
      loss.backward()
      return loss
    }
    optimizer.step(loss)
    expect([m.dtype, c.dtype, c.shape, loss().item() < 1e-6]).toEqual(['float32', 'float32', [], true])
  })

  test('a compiled closure, but no compiled step; schedulers set its rate', () => {
    const p = tensor([3, -2], { dtype: 'float64', requiresGrad: true })
    const optimizer = new optim.LBFGS([p], { maxIter: 4, lr: 0.5 })
    const closure = compile(() => {
      optimizer.zeroGrad()
      const loss = p.square().sum()
      loss.backward()
      return loss
    })
    const scheduler = new optim.StepLR(optimizer, 1, { gamma: 0.5 })
    for (let k = 0; k < 5; k++) optimizer.step(closure)
    expect(Math.max(...values(p).map(Math.abs))).toBeLessThan(1e-3)
    scheduler.step()
    expect(optimizer.paramGroups[0]?.lr).toBe(0.25)
    expect(() => compile(() => optimizer.step(closure))()).toThrow(CompileError)
  })
})

test('schedulers do not step within a compiled step, where later calls would leave them out', () => {
  const p = tensor([1, 2], { requiresGrad: true })
  const optimizer = new optim.SGD([p], { lr: 1 })
  const make = () => new optim.StepLR(optimizer, 1, { gamma: 0.5 })
  for (const scheduler of [
    make(),
    new optim.SequentialLR(optimizer, [make(), make()], [3]),
    new optim.ChainedScheduler([make(), make()]),
    new optim.ReduceLROnPlateau(optimizer),
  ]) {
    const { lastEpoch } = scheduler as { lastEpoch?: number }
    const lr = optimizer.paramGroups[0]?.lr
    const step = compile(() => {
      p.grad = p.mul(2).detach()
      optimizer.step()
      scheduler.step(1 as never)
    })
    expect(step).toThrow(CompileError)
    expect(step).toThrow(/a compiled step runs without schedulers: call scheduler\.step\(\) behind it/)
    expect([(scheduler as { lastEpoch?: number }).lastEpoch, optimizer.paramGroups[0]?.lr]).toEqual([lastEpoch, lr])
    expect(values(p)).toEqual([1, 2])
  }
})
