// The training doctor: one look at a model, a batch, a loss and an optimizer, and what is wrong with them.
import { observe } from '../engine/apply.ts'
import { options } from '../engine/argument.ts'
import { ArgumentError, GradusError } from '../engine/errors.ts'
import { watched } from '../engine/random.ts'
import { Tensor } from '../engine/tensor.ts'
import type { Module } from '../nn/module.ts'
import { unreached, unregistered } from '../nn/reach.ts'
import type { Param } from '../optim/param.ts'
import { rewind } from './rewind.ts'
import { checks, type Examination, type Seen, type Symptom, type Watched } from './symptom.ts'

export type { Symptom }

/** A model that maps a batch to what the loss compares with the targets. */
export interface Trainable extends Module {
  forward(x: Tensor): Tensor
}
/** Any optimizer. */
export interface Steps {
  readonly paramGroups: readonly { readonly params: readonly Param[] }[]
  step(): void
  zeroGrad(): void
  stateDict(): unknown
  loadStateDict(from: never): void
}
export interface DiagnoseOptions {
  /** How many steps are tried on the one batch (60). */
  readonly steps?: number
}
/** What was found: `symptoms`, and a text of them. */
export interface Diagnosis {
  readonly symptoms: readonly Symptom[]
  toString(): string
}

const rms = (x: ArrayLike<number>): number => {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) ** 2
  return Math.sqrt(sum / Math.max(1, x.length))
}
const difference = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
  rms(Float64Array.from(x, (value, i) => value - (y[i] as number)))

/** Runs `f` and puts back all that it may change: values, gradients, buffers, flags, the optimizer's state, generators. */
function undone<R>(model: Module, optimizer: Steps, f: () => R): R {
  const back = rewind(model, optimizer)
  let draws: ReturnType<typeof watched>[1] = new Map()
  try {
    const [result, states] = watched(f)
    draws = states
    return result
  } finally {
    back()
    for (const [generator, state] of draws) generator.setState(state)
  }
}

/**
 * Looks for what most often goes wrong in training, on one batch [x, y]: a missing zeroGrad, softmax before
 * crossEntropy, a loss that broadcast [n, 1] against [n], parameters that are unregistered, unused, frozen or unknown
 * to the optimizer, evaluation mode, dead and saturated units, gradients that explode or vanish, updates out of
 * proportion, a learning rate too high, labels out of range, inputs that are not normalised, a first loss far from
 * what chance gives, and a batch that cannot be learned. Each symptom comes with the line to change. Everything is
 * left as it was: values, gradients, running statistics, the optimizer's state, generators.
 *
 * `loss` is given the model's output and y. To be called where a step would be: as the model is then.
 *
 * After A. Karpathy, "A Recipe for Training Neural Networks", 2019.
 *
 * @throws ArgumentError for another option, or a loss that is not one number; whatever the model throws that is not
 * about its labels
 * @example
 * const model = new nn.Sequential(new nn.Linear(2, 8), new nn.Tanh(), new nn.Linear(8, 2), new nn.Softmax(1))
 * const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 })
 * const batch = [randn([16, 2]), randint(0, 2, [16])] as const
 * const { symptoms } = diagnose(model, batch, F.crossEntropy, optimizer)
 * symptoms[0].name // softmax twice
 */
export function diagnose(
  model: Trainable,
  [x, y]: readonly [Tensor, Tensor],
  loss: (output: Tensor, target: Tensor) => Tensor,
  optimizer: Steps,
  given: DiagnoseOptions = {},
): Diagnosis {
  const { steps = 60 } = options('diagnose', given, ['steps'])
  if (!Number.isInteger(steps) || steps < 1)
    throw new ArgumentError(`diagnose: steps is a whole number of at least 1, not ${steps}`)
  const found = undone(model, optimizer, () => {
    const wrong = misfit(model, x, y, loss)
    return wrong ? [wrong] : symptomsOf(examined(model, x, y, loss, optimizer, steps))
  })
  return {
    symptoms: found,
    toString: () =>
      found.length === 0
        ? 'nothing found'
        : found.map(({ name, message, fix }) => `${name}: ${message}\n  -> ${fix}`).join('\n'),
  }
}

/** Labels that the loss does not take. */
function misfit(
  model: Trainable,
  x: Tensor,
  y: Tensor,
  loss: (output: Tensor, target: Tensor) => Tensor,
): Symptom | null {
  const output = model.forward(x)
  try {
    loss(output, y)
    return null
  } catch (error) {
    if (!(error instanceof GradusError) || error.name !== 'IndexError') throw error
    return {
      name: 'labels out of range',
      message: error.message,
      fix: `labels go from 0 to ${(output.shape[1] ?? 1) - 1} for an output [${output.shape}]: subtract 1 from labels that begin at 1, or widen the last layer`,
    }
  }
}
const symptomsOf = (e: Examination): Symptom[] =>
  Object.entries(checks).flatMap(([name, check]) => {
    const symptom = check(e)
    return symptom ? [{ name, ...symptom }] : []
  })

function examined(
  model: Trainable,
  x: Tensor,
  y: Tensor,
  lossOf: (output: Tensor, target: Tensor) => Tensor,
  optimizer: Steps,
  steps: number,
): Examination {
  const named = model.namedParameters()
  const leftover = new Map(named.map(([, p]) => [p, p.grad && rms(p.grad.data)]))
  for (const [, p] of named) p.grad = null
  const evaluating = model.namedModules().flatMap(([name, module]) => (module.training ? [] : [name]))

  const ops: Seen[] = []
  const watch = <R>(where: Seen['where'], f: () => R): R =>
    observe(({ name, inputs, out }) => {
      if (out instanceof Tensor) ops.push({ name, inputs, out, where })
    }, f)
  const output = watch('model', () => model.forward(x))
  const loss = watch('loss', () => lossOf(output, y))
  if (loss.numel !== 1) throw new ArgumentError(`diagnose: the loss is one number, not [${loss.shape}]`)
  const strangers = loss.requiresGrad ? unregistered(model, loss, { inputs: [x, y] }) : []
  const cut = new Set(loss.requiresGrad ? unreached(model, loss) : named.map(([name]) => name))
  if (loss.requiresGrad) loss.backward()
  const gradients = new Map(named.map(([, p]) => [p, p.grad && rms(p.grad.data)]))

  const before = new Map(named.map(([, p]) => [p, p.data]))
  const optimized = new Set<unknown>(optimizer.paramGroups.flatMap(({ params }) => params))
  const again = (): number => lossOf(model.forward(x), y).item()
  optimizer.step()
  const updates = new Map(named.map(([, p]) => [p, difference(p.data, before.get(p) as ArrayLike<number>)]))
  const next = again()
  for (let step = 1; step < steps && loss.requiresGrad; step++) {
    optimizer.zeroGrad()
    lossOf(model.forward(x), y).backward()
    optimizer.step()
  }
  const parameters = named.map(([name, p]): Watched => {
    const [size, update] = [rms(before.get(p) as ArrayLike<number>), updates.get(p) as number]
    return {
      name,
      x: p,
      size,
      gradient: cut.has(name) ? null : (gradients.get(p) ?? null),
      update,
      leftover: leftover.get(p) ?? null,
      optimized: optimized.has(p),
    }
  })
  return {
    input: x,
    ops,
    parameters,
    strangers,
    evaluating,
    loss: loss.item(),
    next,
    last: again(),
    steps,
  }
}
