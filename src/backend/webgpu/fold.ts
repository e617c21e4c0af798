// A fold over some dimensions: a thread for each result, or a workgroup where there are few results of many elements.
import type { V } from '../math/registers.ts'
import { type Fold, type FoldLoop, merged } from '../stream.ts'
import { digits, each, type Kernel, kernel, parts, place, start, store, together } from './kernel.ts'
import { reader } from './loop.ts'
import type { Shader } from './shader.ts'

/** Threads that fold one result together. */
const TEAM = 256

/** A kernel of the loop's inputs, then its output. */
export function foldKernel({ sizes: shape, inputs, program, folded, fold, dtype }: FoldLoop): Kernel {
  const { sizes, streams, flags } = merged(
    shape,
    inputs.map(({ strides }) => strides),
    folded,
  )
  const pick = <T>(list: readonly T[], flag: boolean): T[] => list.filter((_, d) => flags[d] === flag)
  const count = (list: readonly number[]): number => list.reduce((product, size) => product * size, 1)
  const [kept, gone] = [pick(sizes, false), pick(sizes, true)]
  const [results, terms] = [count(kept), count(gone)]
  /** The term with that number, of the result whose index is given. */
  const term = (a: Shader, own: readonly string[], number: string): V => {
    const inner = digits(a, number, gone)
    const [k, g] = [[...own], [...inner]]
    const index = flags.map(flag => (flag ? (g.shift() as string) : (k.shift() as string)))
    const streamsOf = inputs.map(({ dtype }, k) => ({ dtype, strides: streams[k] as number[] }))
    return a.number(a.run(program, reader(a, streamsOf, index)).at(-1) as V)
  }
  const write = (a: Shader, own: string, x: V): void => store(a, dtype, place(start(inputs.length), [own], [1]), x)
  if (terms === 0) return each(results, (a, o) => write(a, o, accumulator(a, fold, 0).value()))
  if (terms < TEAM || results >= terms) {
    return each(results, (a, o) => {
      const own = digits(a, o, kept)
      const total = accumulator(a, fold, terms)
      a.block(`for (var t = 0u; t < ${terms}u; t++)`, () => total.add(term(a, own, 't')))
      write(a, o, total.value())
    })
  }
  return kernel(
    results,
    TEAM,
    ({ a, group, thread }) => {
      const own = digits(a, group, kept)
      const total = accumulator(a, fold, terms / TEAM)
      a.block(`for (var t = ${thread}; t < ${terms}u; t += ${TEAM}u)`, () => total.add(term(a, own, 't')))
      const all = together(a, TEAM, thread, total.value(), (x, y) => join(a, fold, x, y))
      a.block(`if (${thread} == 0u)`, () => write(a, group, all))
    },
    parts(TEAM),
  )
}

const join = (a: Shader, fold: Fold, x: V, y: V): V =>
  fold === 'sum' ? a.add(x, y) : fold === 'amax' ? a.max(x, y) : a.min(x, y)

/** Terms that a plain sum may have. */
const FEW = 16
/** A fold in progress. Long sums keep what each addition loses: Kahan, Further remarks on reducing truncation errors (1965). */
export function accumulator(a: Shader, fold: Fold, terms: number): { add(x: V): void; value(): V } {
  const first = fold === 'sum' ? a.const(0) : a.const(fold === 'amax' ? -Infinity : Infinity)
  const total = a.var('f32', a.f(first))
  const set = (variable: V, value: string): void => a.line(`${a.f(variable)} = ${value};`)
  if (fold !== 'sum' || terms <= FEW)
    return { add: x => set(total, a.f(join(a, fold, total, x))), value: () => a.let('f32', a.f(total)) }
  const lost = a.var('f32', '0f')
  const plain = a.var('f32', '0f')
  return {
    add(x) {
      const more = a.sub(x, lost)
      const sum = a.add(total, more)
      set(lost, `(${a.f(sum)} - ${a.f(total)}) - ${a.f(more)}`)
      set(total, a.f(sum))
      set(plain, `${a.f(plain)} + ${a.f(x)}`)
    },
    // of infinity nothing is lost that could be kept
    value: () => a.let('f32', `select(${a.f(plain)}, ${a.f(total)}, abs(${a.f(plain)}) < 3.4028234e38f)`),
  }
}
