// What training makes small: the loss of each task and the regularisation, on tensors, on values, and as code.
import { F, type Num, type Tensor, Value } from '../../src/index.ts'
import type { Task } from './data.ts'
import type { Setup } from './message.ts'

interface Objective {
  /** The mean over a batch: `[n, outputs]` and targets as `Part.y` -> []. */
  onTensors(outputs: Tensor, y: Tensor): Tensor
  /** Of one example. */
  onValues(outputs: readonly Value[], y: number): Value
  /** What the outputs say: probabilities of classes (with two, of the second), or the prediction itself. */
  readings(outputs: Tensor): Tensor
  readonly code: { readonly tensor: string; readonly scalar: string }
}
export const objectives: Readonly<Record<Task, Objective>> = {
  binary: {
    onTensors: (outputs, y) => F.binaryCrossEntropyWithLogits(outputs, y),
    onValues: ([z], y) => (y === 1 ? z : z.neg()).logsigmoid().neg(),
    readings: outputs => outputs.sigmoid(),
    code: {
      tensor: 'F.binaryCrossEntropyWithLogits(model.forward(x), y)',
      scalar: '(y === 1 ? out[0] : out[0].neg()).logsigmoid().neg()',
    },
  },
  classes: {
    onTensors: (outputs, y) => F.crossEntropy(outputs, y),
    onValues: (outputs, y) => outputs.reduce((a, b) => a.logaddexp(b)).sub(outputs[y]),
    readings: outputs => outputs.softmax(1),
    code: {
      tensor: 'F.crossEntropy(model.forward(x), y)',
      scalar: 'out.reduce((a, b) => a.logaddexp(b)).sub(out[y])',
    },
  },
  regression: {
    onTensors: (outputs, y) => F.mseLoss(outputs, y),
    onValues: ([z], y) => z.sub(y).square(),
    readings: outputs => outputs,
    code: { tensor: 'F.mseLoss(model.forward(x), y)', scalar: 'out[0].sub(y).square()' },
  },
}

/** What weights cost, each by itself: rate |w| (L1) or rate w²/2 (L2); biases cost nothing. */
export interface Penalty {
  readonly of: <N extends Num>(w: N) => N
  readonly code: string
  readonly rate: number
}
const penalties = {
  L1: { of: <N extends Num>(w: N): N => w.abs(), code: 'w.abs()' },
  L2: { of: <N extends Num>(w: N): N => w.square().div(2), code: 'w.square().div(2)' },
}
export const penaltyOf = ({ regularization, rate }: Setup): Penalty | null =>
  regularization === 'none' || rate === 0 ? null : { ...penalties[regularization], rate }

/** The sum of some values, one by one. */
export const total = (xs: readonly Value[]): Value => xs.reduce((a, b) => a.add(b), Value.constant(0))
