// A pointwise program for every element, one thread for each.
import type { DType } from '../array.ts'
import type { V } from '../math/registers.ts'
import { type MapLoop, merged, type Stream } from '../stream.ts'
import { digits, each, type Kernel, load, place, start, store } from './kernel.ts'
import type { Shader } from './shader.ts'

/** Reads the elements of streams at an index, each when it is first asked for. */
export function reader(
  a: Shader,
  inputs: readonly { readonly dtype: DType; readonly strides: readonly number[] }[],
  index: readonly string[],
): (k: number) => V {
  const known = new Map<number, V>()
  return k => {
    const { dtype, strides } = inputs[k] as Stream
    const x = known.get(k) ?? load(a, dtype, place(start(k), index, strides))
    known.set(k, x)
    return x
  }
}

/** A kernel of the loop's inputs, then its outputs. */
export function mapKernel({ sizes: shape, inputs, outputs, program }: MapLoop): Kernel {
  const all = [...inputs, ...outputs]
  const { sizes, streams } = merged(
    shape,
    all.map(({ strides }) => strides),
  )
  const n = sizes.reduce((product, size) => product * size, 1)
  return each(n, (a, i) => {
    const index = digits(a, i, sizes)
    const values = a.run(
      program,
      reader(
        a,
        inputs.map(({ dtype }, k) => ({ dtype, strides: streams[k] as number[] })),
        index,
      ),
    )
    // all results before any is written: a result may lie where an input was
    outputs.forEach(({ dtype, step }, k) => {
      const at = inputs.length + k
      store(a, dtype, place(start(at), index, streams[at] as number[]), values[step] as V)
    })
  })
}

/** (out): zeros. */
export const clearKernel = (n: number): Kernel => each(n, (a, at) => a.line(`m[${start(0)} + ${at}] = 0u;`))
/** (from, to): an array written into another. */
export const copyKernel = (sizes: readonly number[], from: Stream, to: Stream): Kernel =>
  mapKernel({ sizes, inputs: [from], outputs: [{ ...to, step: 0 }], program: [{ kind: 'input', input: 0 }] })
