// Convolution kernels in WebAssembly agree with the reference: strides, padding, dilation, groups, odd sizes.
import { describe, expect, test } from 'vitest'
import type { NDArray } from '../../src/backend/array.ts'
import * as reference from '../../src/backend/convolution.ts'
import { Module } from '../../src/backend/wasm/assembler.ts'
import { conv, convInput, convScratch, convWeight } from '../../src/backend/wasm/convolution.ts'
import type { Width } from '../../src/backend/wasm/vector.ts'
import type { Convolution } from '../../src/backend/windows.ts'
import { Generator } from '../../src/index.ts'

const generator = new Generator(11)
const relaxed = WebAssembly.validate(
  ((): Uint8Array<ArrayBuffer> => {
    const module = new Module()
    module.function([], [], code => {
      const x = code.local('v128')
      code.get(x).get(x).get(x).op('f32x4.relaxed_madd').set(x)
    })
    return module.bytes()
  })(),
)

/** The sizes of a convolution whose output follows from the others. */
function sizes(
  [batch, groups, inputs, outputs]: readonly number[],
  size: readonly [number, number],
  kernel: readonly [number, number],
  stride: readonly [number, number] = [1, 1],
  padding: readonly [number, number] = [0, 0],
  dilation: readonly [number, number] = [1, 1],
): Convolution {
  const out = [0, 1].map(d =>
    Math.floor((size[d] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d] + 1),
  ) as [number, number]
  return { batch, groups, inputs, outputs, size, kernel, out, stride, padding, dilation }
}

const cases: readonly (readonly [string, Convolution])[] = [
  ['W4, first', sizes([3, 1, 1, 8], [28, 28], [3, 3], [1, 1], [1, 1])],
  ['W4, second', sizes([3, 1, 8, 16], [14, 14], [3, 3], [1, 1], [1, 1])],
  ['one pixel', sizes([1, 1, 1, 1], [1, 1], [1, 1])],
  ['1x1', sizes([2, 1, 6, 5], [5, 7], [1, 1])],
  ['1x1, many channels, stride', sizes([1, 1, 16, 12], [9, 9], [1, 1], [2, 2])],
  ['kernel as large as the image', sizes([2, 1, 3, 4], [5, 4], [5, 4])],
  ['stride 2', sizes([2, 1, 3, 5], [11, 13], [3, 3], [2, 2], [1, 1])],
  ['stride 3 x 2, padding 2 x 1', sizes([2, 1, 2, 3], [10, 9], [4, 3], [3, 2], [2, 1])],
  ['stride larger than the kernel', sizes([2, 1, 2, 2], [11, 12], [2, 1], [4, 3])],
  ['dilation', sizes([2, 1, 2, 3], [12, 13], [3, 2], [1, 1], [2, 3], [2, 3])],
  ['stride and dilation', sizes([1, 1, 3, 2], [17, 15], [3, 4], [2, 3], [3, 2], [3, 2])],
  ['stride 4, dilation 2', sizes([1, 1, 2, 2], [19, 21], [3, 3], [4, 4], [2, 2], [2, 2])],
  ['padding more than the kernel', sizes([1, 1, 2, 2], [4, 5], [2, 2], [1, 1], [3, 4])],
  ['groups', sizes([2, 3, 2, 4], [7, 6], [3, 3], [1, 1], [1, 1])],
  ['depthwise', sizes([2, 6, 1, 1], [9, 10], [3, 3], [1, 1], [1, 1])],
  ['1-d', sizes([2, 1, 3, 4], [1, 50], [1, 5], [1, 1], [0, 2])],
  ['1-d, long kernel', sizes([1, 1, 2, 3], [1, 120], [1, 41], [1, 1], [0, 20])],
  ['1-d, long kernel, stride', sizes([1, 1, 2, 3], [1, 120], [1, 41], [1, 2], [0, 20])],
  ['7x7, stride 2', sizes([1, 1, 3, 6], [23, 22], [7, 7], [2, 2], [3, 3])],
  ['9x9', sizes([1, 1, 2, 3], [12, 30], [9, 9], [1, 1], [4, 4])],
  ['patches', sizes([2, 1, 3, 7], [16, 16], [8, 8], [8, 8])],
  ['columns left over', sizes([1, 1, 1, 2], [12, 12], [2, 2], [5, 5])],
  ['wide', sizes([1, 1, 2, 3], [3, 2100], [3, 3], [1, 1], [1, 1])],
  ['tall', sizes([1, 1, 1, 2], [700, 20], [3, 3], [1, 1], [1, 1])],
  ['long', sizes([1, 1, 1, 2], [1, 9000], [1, 3])],
  ['long, stride', sizes([2, 1, 2, 3], [1, 9500], [1, 4], [1, 2], [0, 1])],
  ['a plane as large as a page', sizes([2, 1, 2, 3], [16, 16], [3, 3], [1, 1], [1, 1])],
  ['1x1 on such planes', sizes([2, 2, 3, 4], [32, 32], [1, 1])],
  ['no images', sizes([0, 1, 2, 3], [5, 5], [3, 3])],
  ['no output channels', sizes([1, 1, 2, 0], [5, 5], [3, 3])],
  ['no input channels', sizes([1, 1, 0, 2], [5, 5], [3, 3])],
]
for (let i = 0; i < 25; i++) {
  const draw = (low: number, high: number): number => Number(generator.integer(low, high))
  const two = (low: number, high: number): [number, number] => [draw(low, high), draw(low, high)]
  const [kernel, stride, dilation, padding] = [two(1, 5), two(1, 4), two(1, 4), two(0, 4)]
  const size = [0, 1].map(d => draw(1, 12) + Math.max(0, dilation[d] * (kernel[d] - 1) - 2 * padding[d])) as [
    number,
    number,
  ]
  const counts = [draw(1, 4), draw(1, 4), draw(1, 6), draw(1, 11)]
  ;(cases as [string, Convolution][]).push([`random ${i}`, sizes(counts, size, kernel, stride, padding, dilation)])
}

const GUARD = 1234.5
/** A function of four addresses run on arrays that lie in one memory, each padded to 16 bytes and with guards behind. */
function run(
  width: Width,
  emit: (module: Module) => number,
  out: Float32Array | Float64Array,
  inputs: readonly (Float32Array | Float64Array)[],
  scratch: number,
): void {
  const module = new Module()
  module.export('run', emit(module))
  const padded = (bytes: number): number => ((bytes + 15) & -16) + 16
  const starts = [16]
  for (const bytes of [...[out, ...inputs].map(x => x.byteLength), scratch])
    starts.push((starts.at(-1) as number) + padded(bytes))
  const memory = new WebAssembly.Memory({ initial: Math.ceil((starts.at(-1) as number) / 65536) + 1 })
  const view = width === 4 ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer)
  view.fill(GUARD)
  inputs.forEach((x, i) => {
    view.set(x, starts[i + 1] / width)
  })
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), {
    env: { memory, ...module.imports },
  })
  ;(instance.exports.run as (...at: number[]) => void)(...starts.slice(0, 4))
  const first = starts[0] / width
  for (let i = 0; i < first; i++) expect(view[i]).toBe(GUARD)
  for (let i = first + out.length; i < starts[1] / width; i++) expect(view[i]).toBe(GUARD)
  inputs.forEach((x, i) => {
    expect(view.subarray(starts[i + 1] / width, starts[i + 1] / width + x.length)).toEqual(x)
  })
  for (let i = (starts[3] + scratch) / width; i < view.length; i++)
    if (view[i] !== GUARD) throw new Error('behind scratch')
  out.set(view.subarray(first, first + out.length))
}

const kinds = [
  ['float32', 4, Float32Array, 1e-6],
  ['float64', 8, Float64Array, 1e-14],
] as const

describe.each(kinds)('%s', (dtype, width, make, tolerance) => {
  describe.each(relaxed ? [false, true] : [false])('fused: %s', fused => {
    test.each(cases)('%s', (_, c) => {
      const elements = {
        x: c.batch * c.groups * c.inputs * c.size[0] * c.size[1],
        y: c.batch * c.groups * c.outputs * c.out[0] * c.out[1],
        w: c.groups * c.outputs * c.inputs * c.kernel[0] * c.kernel[1],
      }
      const random = (n: number): Float32Array | Float64Array => new make(n).map(() => generator.normal())
      const [x, y, w] = [random(elements.x), random(elements.y), random(elements.w)]
      const array = (data: Float32Array | Float64Array): NDArray =>
        ({ data: Float64Array.from(data), shape: [data.length], dtype: 'float64' }) as NDArray
      const agree = (
        name: string,
        n: number,
        emit: typeof conv,
        [a, b]: readonly (Float32Array | Float64Array)[],
        kernel: typeof reference.conv,
      ): void => {
        const out = new make(n)
        run(width, module => emit(module, width, fused, c), out, [a, b], convScratch(width, c))
        const expected = array(new make(n))
        kernel(c, expected, array(a), array(b))
        const norm = Math.sqrt(Float64Array.from(expected.data).reduce((sum, z) => sum + z * z, 0) / Math.max(1, n))
        for (let i = 0; i < n; i++)
          if (!(Math.abs(out[i] - expected.data[i]) <= 4 * tolerance * norm))
            throw new Error(`${name}[${i}] of ${dtype}: ${out[i]}, not ${expected.data[i]}`)
      }
      agree('conv', elements.y, conv, [x, w], reference.conv)
      agree('convInput', elements.x, convInput, [y, w], reference.convInput)
      agree('convWeight', elements.w, convWeight, [x, y], reference.convWeight)
    })
  })
})
