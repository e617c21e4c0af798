// What goes along lines: [outer, n, inner] along the middle, a workgroup for each line, or a thread for short ones.
import * as math from '../math/math.ts'
import type { V } from '../math/registers.ts'
import { accumulator } from './fold.ts'
import { each, type Kernel, kernel, load, parts, start, store, together } from './kernel.ts'
import type { Shader } from './shader.ts'

/** Lines shorter than this are walked by one thread. */
const SHORT = 64

/** A line of x, as the threads that share it see it. */
interface Line {
  readonly a: Shader
  readonly size: number
  readonly thread: string
  readonly line: string
  /** The word of an array in which element k of the line is. */
  place(array: number, k: string): string
  /** The body for every element, each thread having its own. */
  along(body: (k: string) => void): void
}
/** A kernel that does the same for each line. */
function lines(
  outer: number,
  n: number,
  inner: number,
  write: (line: Line) => void,
  shared = (size: number): string => parts(size),
): Kernel {
  const line = (a: Shader, size: number, thread: string, number: string): Line => {
    const [o, i] = inner === 1 ? [number, ''] : [`(${number} / ${inner}u)`, ` + ${number} % ${inner}u`]
    a.line(`let begin = ${o} * ${n * inner}u${i};`)
    return {
      a,
      size,
      thread,
      line: number,
      place: (array, k) => `${start(array)} + begin + ${k}${inner === 1 ? '' : ` * ${inner}u`}`,
      along: body => a.block(`for (var k = ${size === 1 ? '0u' : thread}; k < ${n}u; k += ${size}u)`, () => body('k')),
    }
  }
  if (n < SHORT) return each(outer * inner, (a, number) => write(line(a, 1, '0u', number)))
  const size = n < 256 ? 64 : 256
  return kernel(outer * inner, size, ({ a, group, thread }) => write(line(a, size, thread, group)), shared(size))
}

const element = ({ a, place }: Line, k: string): V => load(a, 'float32', place(1, k))
/** What only one thread of a line does. */
function once({ a, size, thread }: Line, body: () => void): void {
  if (size === 1) body()
  else a.block(`if (${thread} == 0u)`, body)
}
/** The line's largest element; NaN wins. */
function largest(line: Line): V {
  const { a, size, thread } = line
  const own = accumulator(a, 'amax', 1)
  line.along(k => own.add(element(line, k)))
  return together(a, size, thread, own.value(), (x, y) => a.max(x, y))
}
/** The sum of what `f` makes of each element. */
function total(line: Line, n: number, f: (x: V) => V): V {
  const { a, size, thread } = line
  const own = accumulator(a, 'sum', n / size)
  line.along(k => own.add(f(element(line, k))))
  return together(a, size, thread, own.value(), (x, y) => a.add(x, y))
}

/** exp(x) / sum(exp(x)) */
export const softmaxKernel = (outer: number, n: number, inner: number): Kernel =>
  lines(outer, n, inner, line => {
    const { a } = line
    const top = largest(line)
    const power = (x: V): V => math.exp(a, a.sub(x, top))
    const sum = total(line, n, power)
    line.along(k => store(a, 'float32', line.place(0, k), a.div(power(element(line, k)), sum)))
  })

/** The largest and the logarithm of the sum of exp(x - largest): 0 of a line whose largest is not finite. */
function logSum(line: Line, n: number): { top: V; log: V } {
  const { a } = line
  const top = largest(line)
  // of the largest itself exp is 1: log1p of the rest keeps its digits
  const rest = a.sub(
    total(line, n, x => math.exp(a, a.sub(x, top))),
    a.const(1),
  )
  const finite = a.lt(a.abs(top), a.const(Infinity))
  return { top, log: a.where(finite, math.log1p(a, rest), a.const(0)) }
}
/** x - log(sum(exp(x))); NaN where an element is infinite. */
export const logSoftmaxKernel = (outer: number, n: number, inner: number): Kernel =>
  lines(outer, n, inner, line => {
    const { a } = line
    const { top, log } = logSum(line, n)
    const infinite = a.eq(top, a.const(Infinity))
    line.along(k => {
      const out = a.sub(a.sub(element(line, k), top), log)
      store(a, 'float32', line.place(0, k), a.where(infinite, a.const(NaN), out))
    })
  })
/** log(sum(exp(x))), one for each line. */
export const logsumexpKernel = (outer: number, n: number, inner: number): Kernel =>
  lines(outer, n, inner, line => {
    const { a } = line
    const { top, log } = logSum(line, n)
    once(line, () => store(a, 'float32', `${start(0)} + ${line.line}`, a.add(top, log)))
  })

/** Where the largest (sign 1) or the smallest is: the first; NaN wins. */
export const argKernel = (outer: number, n: number, inner: number, sign: 1 | -1): Kernel =>
  lines(
    outer,
    n,
    inner,
    line => {
      const { a, size, thread } = line
      // what is smaller the better it is: NaN before all, then the numbers from the best on
      const rank = (x: V): V => (sign > 0 ? a.neg(x) : x)
      const better = (x: string, i: string, y: string, j: string): string =>
        `ahead(${x}, ${y}) || (!ahead(${y}, ${x}) && ${i} < ${j})`
      a.builtins.add('ahead')
      a.line(`var best = ${a.f(rank(element(line, size === 1 ? '0u' : thread)))};`)
      a.line(`var index = ${size === 1 ? '0u' : thread};`)
      line.along(k => {
        const x = a.f(a.let('f32', a.f(rank(element(line, k)))))
        a.line(`if (${better(x, k, 'best', 'index')}) { best = ${x}; index = ${k}; }`)
      })
      if (size > 1) {
        a.line(`part[${thread}] = best;`)
        a.line(`places[${thread}] = index;`)
        a.line('workgroupBarrier();')
        for (let half = size >> 1; half > 0; half >>= 1) {
          a.block(`if (${thread} < ${half}u)`, () => {
            const other = `${thread} + ${half}u`
            const first = better(`part[${other}]`, `places[${other}]`, `part[${thread}]`, `places[${thread}]`)
            a.line(`if (${first}) { part[${thread}] = part[${other}]; places[${thread}] = places[${other}]; }`)
          })
          a.line('workgroupBarrier();')
        }
        a.line('index = places[0];')
      }
      once(line, () => a.line(`m[${start(0)} + ${line.line}] = index;`))
    },
    size => `${parts(size)}\nvar<workgroup> places: array<u32, ${size}>;`,
  )

/** Running sums, from the front or from the back. */
export const cumsumKernel = (outer: number, n: number, inner: number, reverse: boolean): Kernel =>
  each(outer * inner, (a, line) => {
    a.line(`let begin = (${line} / ${inner}u) * ${n * inner}u + ${line} % ${inner}u;`)
    const total = accumulator(a, 'sum', n)
    a.block(`for (var k = 0u; k < ${n}u; k++)`, () => {
      const at = `begin + ${reverse ? `(${n - 1}u - k)` : 'k'} * ${inner}u`
      total.add(load(a, 'float32', `${start(1)} + ${at}`))
      store(a, 'float32', `${start(0)} + ${at}`, total.value())
    })
  })
