// Softmax and its logarithms over rows of arrays of the JS heap: the kernels of `rows.ts` on blocks of rows.
import type { TypedArray } from '../array.ts'
import { logSoftmax, logsumexp, softmax } from './rows.ts'
import { behind, Kernels, kernel, type Run, repeated, room, START } from './scratch.ts'
import { simd } from './support.ts'
import type { Width } from './vector.ts'

/** Elements of a block. */
const BLOCK = 4096
/** From how many elements on the copies and a kernel pay (measured: JavaScript takes about 25 ns an element, this 2). */
const LEAST = 4096
/** The longest row: what is copied in and out of it fits a few megabytes. */
const LONGEST = 1 << 18
/** Up to this length there is a kernel for each one, beyond for eight in each octave. */
const SHORT = 64

const emitters = { softmax, logSoftmax, logsumexp }
const kernels = new Kernels<Run>()

/** The length of the rows that the kernel takes: a row is filled up with what adds nothing. */
function padded(n: number): number {
  if (n <= SHORT) return n
  const step = 2 ** (Math.floor(Math.log2(n - 1)) - 3)
  return Math.ceil(n / step) * step
}

/** Runs the op over the rows of x [outer, n], or says false: when it is JavaScript's. */
export function along(name: keyof typeof emitters, out: TypedArray, x: TypedArray, outer: number, n: number): boolean {
  if (x.length < LEAST || n < 2 || n > LONGEST || !simd()) return false
  if (!(x instanceof Float32Array || x instanceof Float64Array)) return false
  const width = x.BYTES_PER_ELEMENT as Width
  const [length, size] = [padded(n), name === 'logsumexp' ? 1 : padded(n)]
  const together = Math.max(1, Math.floor(BLOCK / length))
  const to = behind(START, together * length * width)
  const run = kernels.get(`${name} ${width} ${length}`, () =>
    kernel((module, fused) =>
      repeated(module, emitters[name](module, width, fused, 1, length, 1), [
        [to, size * width],
        [START, length * width],
      ]),
    ),
  )
  const view = room(to + together * size * width)[width === 4 ? 'float32' : 'float64']
  const [from, result, own] = [START / width, to / width, out.length / outer]
  if (length > n) view.fill(Number.NEGATIVE_INFINITY, from, from + together * length)
  for (let o = 0; o < outer; o += together) {
    const count = Math.min(together, outer - o)
    if (length === n) view.set(x.subarray(o * n, (o + count) * n), from)
    else for (let k = 0; k < count; k++) view.set(x.subarray((o + k) * n, (o + k + 1) * n), from + k * length)
    run(count)
    if (size === own) out.set(view.subarray(result, result + count * own), o * own)
    else
      for (let k = 0; k < count; k++) out.set(view.subarray(result + k * size, result + k * size + own), (o + k) * own)
  }
  return true
}
