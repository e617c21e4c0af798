// Sequences: tasks that only who remembers can solve.
import { integer } from '../engine/argument.ts'
import { tensor } from '../engine/ops/create.ts'
import { reshape } from '../engine/ops/linear.ts'
import { asked, column, type Made, type MadeOptions, quiet } from './made.ts'

export interface AddingOptions extends Omit<MadeOptions, 'noise'> {
  /** How long a sequence is, at least 2 (50). */
  readonly length?: number
}
/**
 * The adding problem: `x [n, length, 2]` holds a number uniform in [0, 1) and a mark at each step; two steps are marked
 * 1, one in each half, the others 0. `y [n, 1]` is the sum of the two marked numbers. Always answering 1 has a mean
 * squared error of 1/6.
 *
 * S. Hochreiter and J. Schmidhuber, "Long short-term memory", 1997, section 5.4; with the numbers and the target of Q.
 * Le, N. Jaitly and G. Hinton, "A simple way to initialize recurrent networks of rectified linear units", 2015.
 *
 * @throws ArgumentError when n is not a whole number >= 1, length not one >= 2, or for another option
 * @example
 * const { x, y } = data.makeAdding({ n: 4, length: 6 })
 * x.prod(2).sum(1, { keepdim: true }).sub(y).abs().max().item() < 1e-6 // true
 */
export function makeAdding(given: AddingOptions = {}): Made {
  const name = 'makeAdding'
  const { n, generator } = asked(name, given, ['length'], quiet)
  const length = integer(name, 'length', given.length ?? 50, 2)
  const data = new Float32Array(n * length * 2)
  const half = Math.floor(length / 2)
  const sums = Array.from({ length: n }, (_, i) => {
    const at = (step: number): number => 2 * (i * length + step)
    for (let step = 0; step < length; step++) data[at(step)] = generator.uniform()
    const marked = [generator.integer(0, half), generator.integer(half, length)]
    for (const step of marked) data[at(step) + 1] = 1
    return data[at(marked[0])] + data[at(marked[1])]
  })
  return { x: reshape(tensor(data), [n, length, 2]), y: column(sums) }
}

export interface CopyOptions extends Omit<MadeOptions, 'noise'> {
  /** How many symbols are to be remembered (10). */
  readonly length?: number
  /** Steps between the last symbol and the sign to repeat them, at least 0 (20). */
  readonly delay?: number
  /** How many different symbols there are (8). */
  readonly symbols?: number
}
/**
 * The copying problem: `x, y [n, length + delay + 1 + length]`, int32. x shows `length` symbols (1 to `symbols`), then
 * `delay` blanks (0), the sign to begin (symbols + 1), and blanks; y is blank but for its last `length` steps, which
 * repeat the symbols. There are symbols + 2 different inputs, and symbols + 1 classes.
 *
 * S. Hochreiter and J. Schmidhuber, "Long short-term memory", 1997; in the form of M. Arjovsky, A. Shah and Y. Bengio,
 * "Unitary evolution recurrent neural networks", 2016.
 *
 * @throws ArgumentError when n, length or symbols is not a whole number >= 1, delay not one >= 0, or for another option
 * @example
 * data.makeCopy({ n: 1, length: 2, delay: 1, symbols: 1 }) // { x: [[1, 1, 0, 2, 0, 0]], y: [[0, 0, 0, 0, 1, 1]] }
 */
export function makeCopy(given: CopyOptions = {}): Made {
  const name = 'makeCopy'
  const { n, generator } = asked(name, given, ['length', 'delay', 'symbols'], quiet)
  const length = integer(name, 'length', given.length ?? 10, 1)
  const delay = integer(name, 'delay', given.delay ?? 20, 0)
  const symbols = integer(name, 'symbols', given.symbols ?? 8, 1)
  const steps = 2 * length + delay + 1
  const [x, y] = [new Int32Array(n * steps), new Int32Array(n * steps)]
  for (let i = 0; i < n; i++) {
    const start = i * steps
    for (let k = 0; k < length; k++) {
      x[start + k] = generator.integer(1, symbols + 1)
      y[start + steps - length + k] = x[start + k]
    }
    x[start + length + delay] = symbols + 1
  }
  return { x: reshape(tensor(x), [n, steps]), y: reshape(tensor(y), [n, steps]) }
}
