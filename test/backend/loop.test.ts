// Loops in WebAssembly against the definition: any shape, strides, dtypes and rests; folds over any dimensions.
import { describe, expect, test } from 'vitest'
import { byteSize, type DType, numel, type TypedArray } from '../../src/backend/array.ts'
import { Heap } from '../../src/backend/heap.ts'
import { runs } from '../../src/backend/js.ts'
import { type Fold, merged, type Stream } from '../../src/backend/stream.ts'
import { Module } from '../../src/backend/wasm/assembler.ts'
import { foldLoop } from '../../src/backend/wasm/fold.ts'
import { mapLoop } from '../../src/backend/wasm/loop.ts'
import { fuses } from '../../src/backend/wasm/support.ts'
import type { Width } from '../../src/backend/wasm/vector.ts'
import { programs } from '../../src/engine/expr.ts'
import { Expr, Generator } from '../../src/index.ts'

const generator = new Generator(11)
const fused = fuses()

/** Runs a kernel on arrays laid into a memory, and gives the memory's view of the last one, guard elements around it. */
function run(
  emit: (module: Module) => number,
  arrays: readonly { dtype: DType; data: TypedArray; first?: number }[],
): void {
  const heap = new Heap()
  const module = new Module()
  module.export('run', emit(module))
  const places = arrays.map(({ dtype, data }) => {
    const address = heap.place(data.byteLength)
    heap.write(address, dtype, data)
    return address
  })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), {
    env: { memory: heap.memory, ...module.imports },
  })
  ;(exports.run as (...x: number[]) => void)(
    ...places.map((address, k) => address + (arrays[k]!.first ?? 0) * byteSize(arrays[k]!.dtype)),
  )
  for (const [k, { dtype, data }] of arrays.entries()) data.set(heap.read(places[k]!, dtype, data.length))
}

const make = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array }
const random = (dtype: DType, n: number): TypedArray =>
  new make[dtype](n).map(() =>
    dtype === 'bool' ? generator.integer(0, 2) : dtype === 'int32' ? generator.integer(-9, 9) : generator.normal(),
  )

/** Positions of a view's elements in row-major order. */
function positions(shape: readonly number[], strides: readonly number[], offset: number): number[] {
  const list: number[] = []
  runs({ shape, strides, offset }, (start, step, count) => {
    for (let k = 0; k < count; k++) list.push(start + k * step)
  })
  return list
}

/** A random way to read an array: dense, broadcast, permuted, reversed or with gaps; and how long it must be. */
function stream(shape: readonly number[], dtype: DType): Stream & { offset: number; length: number } {
  const order = generator.permutation(shape.length)
  const strides = new Array<number>(shape.length).fill(0)
  let step = 1
  const kind = generator.integer(0, 4)
  const dims = kind === 0 ? shape.map((_, d) => shape.length - 1 - d) : order
  let offset = 0
  for (const d of dims) {
    if (kind === 2 && generator.integer(0, 2)) continue
    const gap = kind === 3 ? generator.integer(1, 3) : 1
    const turned = kind === 3 && generator.integer(0, 2) === 1 && shape[d]! > 0
    strides[d] = step * gap * (turned ? -1 : 1)
    if (turned) offset += (shape[d]! - 1) * step * gap
    step *= Math.max(1, shape[d]!) * gap
  }
  return { dtype, strides, offset, length: step }
}

const shapes = [
  [],
  [1],
  [3],
  [4],
  [17],
  [64],
  [5, 7],
  [3, 1, 4],
  [2, 3, 5],
  [4, 8],
  [2, 2, 2, 9],
  [0],
  [3, 0, 2],
  [1, 33],
  [6, 16],
]
const widths: [DType, Width][] = [
  ['float32', 4],
  ['float64', 8],
]

describe.each(widths)('%s', (dtype, width) => {
  const tolerance = dtype === 'float32' ? 2e-6 : 1e-14

  test.each(shapes.map(s => [s]))('map over [%s]', shape => {
    for (let trial = 0; trial < 12; trial++) {
      const kinds: DType[] = [dtype, (['float32', 'float64', 'int32', 'bool'] as const)[trial % 4]!, 'bool']
      const inputs = kinds.map(kind => stream(shape, kind))
      const [x, y, c] = [Expr.input(0), Expr.input(1), Expr.input(2)]
      const roots = [c.where(x.mul(y).add(0.5), y), x.lt(y), x.neg()]
      const { steps, at } = programs(roots)
      // where results go: dense, or spread out
      const outs = [dtype, 'bool', dtype === 'float32' ? 'float64' : 'float32'].map((kind, k) => ({
        ...(k === 0 && trial % 3 === 0 ? stream(shape, dtype) : dense(shape, kind as DType)),
        step: at[k]!,
      }))
      for (const out of outs)
        for (const [d, n] of shape.entries())
          if (n > 1 && out.strides[d] === 0) Object.assign(out, dense(shape, out.dtype))
      const data = inputs.map(({ dtype: kind, length }) => random(kind, length))
      const results = outs.map(({ dtype: kind, length }) => new make[kind](length + 8).fill(7))
      run(
        module => mapLoop(module, width, fused, { sizes: shape, inputs, outputs: outs, program: steps }),
        [
          ...data.map((array, k) => ({ dtype: inputs[k]!.dtype, data: array, first: inputs[k]!.offset })),
          ...results.map((array, k) => ({ dtype: outs[k]!.dtype, data: array, first: outs[k]!.offset + 4 })),
        ],
      )
      const from = inputs.map(({ strides, offset }) => positions(shape, strides, offset))
      const f = [
        (a: number, b: number, t: number) => (t ? a * b + 0.5 : b),
        (a: number, b: number) => +(a < b),
        (a: number) => -a,
      ]
      outs.forEach((out, k) => {
        const expected = new make[out.dtype](out.length + 8).fill(7)
        positions(shape, out.strides, out.offset + 4).forEach((place, i) => {
          const [a, b, t] = from.map((list, j) => data[j]![list[i]!]!) as [number, number, number]
          expected[place] = f[k]!(a, b, t)
        })
        results[k]!.forEach((value, i) => {
          expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected[i]!)))
        })
      })
    }
  })

  test.each(shapes.map(s => [s]))('folds over [%s]', shape => {
    for (let trial = 0; trial < 16; trial++) {
      const folded = shape.map(() => generator.integer(0, 2) === 1)
      const fold = (['sum', 'amax', 'amin'] as const)[trial % 3] as Fold
      const inputs = [stream(shape, dtype), stream(shape, dtype)]
      const { steps } = programs([Expr.input(0).mul(Expr.input(1))])
      const n = numel(shape.filter((_, d) => !folded[d]))
      const data = inputs.map(({ length }) => random(dtype, length))
      const out = new make[dtype](n + 8).fill(7)
      run(
        module =>
          foldLoop(module, width, fused, {
            sizes: shape,
            folded,
            fold,
            inputs,
            program: steps,
            dtype: dtype as 'float32',
          }),
        [...data.map((array, k) => ({ dtype, data: array, first: inputs[k]!.offset })), { dtype, data: out, first: 4 }],
      )
      const start = fold === 'sum' ? 0 : fold === 'amax' ? -Infinity : Infinity
      const expected = new Float64Array(n).fill(start)
      const [a, b] = inputs.map(({ strides, offset }) => positions(shape, strides, offset)) as [number[], number[]]
      let step = 1
      const strides = shape.map(() => 0)
      for (let d = shape.length - 1; d >= 0; d--) {
        if (folded[d]) continue
        strides[d] = step
        step *= shape[d]!
      }
      positions(shape, strides, 0).forEach((place, i) => {
        const term = data[0]![a[i]!]! * data[1]![b[i]!]!
        expected[place] =
          fold === 'sum'
            ? expected[place]! + term
            : fold === 'amax'
              ? Math.max(expected[place]!, term)
              : Math.min(expected[place]!, term)
      })
      for (let i = 0; i < 4; i++) expect([out[i], out[n + 4 + i]]).toEqual([7, 7])
      expected.forEach((value, i) => {
        if (Math.abs(value) === Infinity) expect(out[i + 4]).toBe(value)
        else expect(Math.abs(out[i + 4]! - value)).toBeLessThanOrEqual(5 * tolerance * Math.max(1, Math.abs(value)))
      })
    }
  })
})

function dense(shape: readonly number[], dtype: DType): Stream & { offset: number; length: number } {
  const strides = new Array<number>(shape.length).fill(0)
  let step = 1
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = step
    step *= shape[d]!
  }
  return { dtype, strides, offset: 0, length: step }
}

test('a sum of a million equal terms keeps its digits, along either dimension', () => {
  for (const [shape, folded] of [
    [[1_000_000], [true]],
    [
      [250_000, 4],
      [true, false],
    ],
    [
      [4, 250_000],
      [false, true],
    ],
  ] as const) {
    const data = new Float32Array(1_000_000).fill(0.1)
    const n = numel(shape.filter((_, d) => !folded[d]))
    const out = new Float32Array(n)
    const inputs = [dense(shape, 'float32')]
    const { steps } = programs([Expr.input(0)])
    run(
      module =>
        foldLoop(module, 4, fused, { sizes: shape, folded, fold: 'sum', inputs, program: steps, dtype: 'float32' }),
      [
        { dtype: 'float32', data },
        { dtype: 'float32', data: out },
      ],
    )
    const expected = Math.fround(0.1) * (1_000_000 / n)
    for (const value of out) expect(Math.abs(value / expected - 1)).toBeLessThan(1e-6)
  }
})

test('NaN wins a fold, and counts are whole numbers', () => {
  const data = Float32Array.of(1, Number.NaN, 3, 5)
  const out = new Float32Array(2)
  const inputs = [{ dtype: 'float32' as const, strides: [2, 1] }]
  const { steps } = programs([Expr.input(0)])
  run(
    module =>
      foldLoop(module, 4, fused, {
        sizes: [2, 2],
        folded: [false, true],
        fold: 'amax',
        inputs,
        program: steps,
        dtype: 'float32',
      }),
    [
      { dtype: 'float32', data },
      { dtype: 'float32', data: out },
    ],
  )
  expect([...out]).toEqual([Number.NaN, 5])
  const count = new Int32Array(1)
  run(
    module =>
      foldLoop(module, 8, fused, {
        sizes: [70],
        folded: [true],
        fold: 'sum',
        inputs: [{ dtype: 'bool', strides: [1] }],
        program: steps,
        dtype: 'int32',
      }),
    [
      { dtype: 'bool', data: new Uint8Array(70).fill(1) },
      { dtype: 'int32', data: count },
    ],
  )
  expect(count[0]).toBe(70)
})

test('neighbouring dimensions become one where all streams agree', () => {
  expect(merged([2, 3, 4], [[12, 4, 1]])).toMatchObject({ sizes: [24], streams: [[1]] })
  expect(
    merged(
      [2, 3, 4],
      [
        [12, 4, 1],
        [0, 4, 1],
      ],
    ),
  ).toMatchObject({
    sizes: [2, 12],
    streams: [
      [12, 1],
      [0, 1],
    ],
  })
  expect(merged([2, 1, 4], [[4, 9, 1]])).toMatchObject({ sizes: [8] })
})
