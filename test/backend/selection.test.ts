// Selection kernels in WebAssembly agree with the reference, and touch nothing outside their results.
import { describe, expect, test } from 'vitest'
import * as reference from '../../src/backend/js.ts'
import { Module } from '../../src/backend/wasm/assembler.ts'
import { select, selectAdd } from '../../src/backend/wasm/selection.ts'
import { Generator } from '../../src/index.ts'

type Floats = Float32Array | Float64Array
const generator = new Generator(12)
const GUARD = 1234.5

/** Runs a function of (out, x, index) in one memory, with guards around each array. */
function run(emit: (module: Module) => number, out: Floats, x: Floats, index: Int32Array): void {
  const module = new Module()
  module.export('run', emit(module))
  const width = out.BYTES_PER_ELEMENT
  const padded = (bytes: number): number => ((bytes + 15) & -16) + 16
  const starts = [16]
  for (const array of [out, x, index]) starts.push((starts.at(-1) as number) + padded(array.byteLength))
  const memory = new WebAssembly.Memory({ initial: Math.ceil((starts[3] + 16) / 65536) })
  const view = width === 4 ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer)
  view.fill(GUARD)
  view.set(x, starts[1] / width)
  new Int32Array(memory.buffer).set(index, starts[2] / 4)
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } })
  ;(instance.exports.run as (...at: number[]) => void)(starts[0], starts[1], starts[2])
  const first = starts[0] / width
  // an array is padded to 16 bytes, which may be cleared with it
  const end = ((starts[0] + out.byteLength + 15) & -16) / width
  expect(view.subarray(0, first).every(v => v === GUARD)).toBe(true)
  expect(view.subarray(end, starts[1] / width).every(v => v === GUARD)).toBe(true)
  expect(view.subarray(starts[1] / width, starts[1] / width + x.length)).toEqual(x)
  out.set(view.subarray(first, first + out.length))
}

// [outer, n, m, inner]
const cases = [
  [1, 1, 1, 1],
  [1, 100, 37, 1],
  [1, 6, 50, 1],
  [3, 7, 5, 1],
  [1, 10, 4, 3],
  [2, 5, 9, 4],
  [2, 5, 3, 17],
  [1, 9, 20, 32],
  [2, 4, 5, 67],
  [1, 3, 4, 130],
  [1, 5, 0, 3],
  [0, 5, 2, 3],
] as const

describe.each([
  ['float32', 4, Float32Array],
  ['float64', 8, Float64Array],
] as const)('%s', (_, width, make) => {
  test.each(cases)('[%d, %d -> %d, %d]', (outer, n, m, inner) => {
    const random = (count: number): Floats => new make(count).map(() => generator.normal())
    const index = new Int32Array(m).map(() => Number(generator.integer(0, n)))
    const [x, y] = [random(outer * n * inner), random(outer * m * inner)]
    const [selected, added] = [new make(y.length), new make(x.length)]
    reference.select(selected, x, index, outer, n, inner)
    reference.selectAdd(added, y, index, outer, n, inner)
    const [a, b] = [new make(y.length), new make(x.length)]
    run(module => select(module, width, outer, n, m, inner), a, x, index)
    run(module => selectAdd(module, width, outer, n, m, inner), b, y, index)
    expect(a).toEqual(selected)
    expect(b).toEqual(added)
  })
})
