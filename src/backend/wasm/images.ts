// Convolution and max pooling of arrays of the JS heap: image by image through the kernels, weights copied once.
import type { NDArray, TypedArray } from '../array.ts'
import type { Convolution, Windows } from '../windows.ts'
import { conv, convInput, convScratch, convWeight } from './convolution.ts'
import { maxima } from './pooling.ts'
import { behind, Kernels, kernel, type Run, room, START } from './scratch.ts'
import { simd } from './support.ts'
import type { Width } from './vector.ts'

/** Bytes that an image, its result, the weights and what a kernel needs besides may take. */
const MOST = 1 << 26
/** From how many products on a kernel is worth its making. */
const PRODUCTS = 1 << 19
/** The same of elements of windows. */
const ELEMENTS = 1 << 14

const emitters = { conv, convInput, convWeight }
const kernels = new Kernels<Run>()
const isFloats = (x: TypedArray): boolean => x instanceof Float32Array || x instanceof Float64Array
const keyOf = ({ size, kernel, out, stride, padding, dilation }: Windows): string =>
  [size, kernel, out, stride, padding, dilation].join()

/**
 * Runs one of the three forms, result first: y = x * w, x from y and w, or w from x and y. Or says false: when it is
 * JavaScript's.
 */
export function convolved(name: keyof typeof emitters, c: Convolution, out: NDArray, a: NDArray, b: NDArray): boolean {
  const { batch, groups, inputs, outputs, kernel: k, out: o } = c
  const perImage = groups * inputs * outputs * k[0] * k[1] * o[0] * o[1]
  if (batch * perImage < PRODUCTS || !isFloats(out.data) || !simd()) return false
  const width = out.data.BYTES_PER_ELEMENT as Width
  const one = { ...c, batch: 1 }
  const weights = name === 'convWeight'
  // elements of an image's part; the weights are there once
  const lengths = [out, a, b].map(({ data }, i) => data.length / ((weights ? i === 0 : i === 2) ? 1 : batch))
  const places: number[] = []
  let end = START
  for (const length of lengths) {
    places.push(end)
    end = behind(end, length * width)
  }
  const bytes = end + convScratch(width, one)
  if (bytes > MOST) return false
  const key = [name, width, groups, inputs, outputs, keyOf(c)].join()
  const run = kernels.get(key, () => kernel((module, fused) => emitters[name](module, width, fused, one)))
  const view = room(bytes)[width === 4 ? 'float32' : 'float64']
  const [to, first, second] = places.map(place => place / width)
  const image = (x: NDArray, i: number, length: number): TypedArray =>
    batch === 1 ? x.data : x.data.subarray(i * length, (i + 1) * length)
  const total = weights && batch > 1 ? new Float64Array(lengths[0]) : null
  if (!weights) view.set(b.data, second)
  for (let i = 0; i < batch; i++) {
    view.set(image(a, i, lengths[1]), first)
    if (weights) view.set(image(b, i, lengths[2]), second)
    run(places[0], places[1], places[2], end)
    if (total) for (let j = 0; j < total.length; j++) total[j] = total[j] + view[to + j]
    else out.data.set(view.subarray(to, to + lengths[0]), i * lengths[0])
  }
  if (total) out.data.set(total)
  return true
}

/** Where each window's largest is, as `maxima`; or says false: when it is JavaScript's. */
export function largest(p: Windows, index: TypedArray, x: TypedArray): boolean {
  const { size, kernel: k, out, dilation } = p
  const planes = x.length / (size[0] * size[1])
  // a window that steps over the image chooses nothing
  if (planes * k[0] * k[1] * out[0] * out[1] < ELEMENTS || dilation.some(d => d > 1) || !isFloats(x) || !simd())
    return false
  const width = x.BYTES_PER_ELEMENT as Width
  const [whole, part] = [size[0] * size[1], out[0] * out[1]]
  const to = behind(START, whole * width)
  const bytes = behind(to, part * 4)
  if (bytes > MOST) return false
  const run = kernels.get(['maxima', width, keyOf(p)].join(), () => kernel(module => maxima(module, width, p, 1)))
  const views = room(bytes)
  const view = views[width === 4 ? 'float32' : 'float64']
  for (let plane = 0; plane < planes; plane++) {
    view.set(x.subarray(plane * whole, (plane + 1) * whole), START / width)
    run(to, START)
    for (let i = 0, at = plane * part; i < part; i++) index[at + i] = views.int32[to / 4 + i] + plane * whole
  }
  return true
}
