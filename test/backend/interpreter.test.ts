// Programs without generated code: the bits of the generated ones, whatever the sizes, strides and dtypes.
import { afterEach, expect, test } from 'vitest'
import type { NDArray } from '../../src/backend/array.ts'
import { interpretedFunction, interpretedLoop } from '../../src/backend/interpreter.ts'
import { stage } from '../../src/backend/program.ts'
import type { Program } from '../../src/backend/stream.ts'
import { codegen, define, Generator, type OpName, rand, randn, type Tensor, tensor } from '../../src/index.ts'

afterEach(() => {
  codegen(true)
})
const generator = new Generator(1)
const both = (f: () => Tensor): [interpreted: Tensor, generated: Tensor] => {
  codegen(false)
  const interpreted = f()
  codegen(true)
  return [interpreted, f()]
}
const normal = (...shape: number[]) => randn(shape, { dtype: 'float64', generator })

// from an element to several blocks with a rest
const sizes = [0, 1, 7, 511, 512, 513, 1500]
for (const n of sizes)
  test(`${n} elements`, () => {
    const [x, y] = [normal(n), normal(n)]
    for (const f of [
      () => x.mul(y).add(1),
      () => x.gelu(),
      () => x.lerp(y, 0.3),
      () => x.addcmul(y, x, { value: 2 }),
      () => x.lt(y),
      () => x.isclose(y, { rtol: 0.5 }),
      () => x.mul(10).int().maximum(3),
      () => x.float().exp(),
    ]) {
      const [a, b] = both(f)
      expect(a.dtype).toBe(b.dtype)
      expect(a.data).toEqual(b.data)
    }
  })

test('operands that are broadcast, in blocks that end within a row', () => {
  const [x, row, column, one, lone] = [normal(40, 3, 30), normal(30), normal(40, 1, 1), normal(1), normal(1, 3, 1)]
  for (const f of [
    () => x.mul(row).add(column).sub(one).mul(lone),
    () => column.add(row),
    () => x.maximum(row.float().double()),
    () => column.hypot(one).atan2(x),
  ]) {
    const [a, b] = both(f)
    expect(a.shape).toEqual(b.shape)
    expect(a.data).toEqual(b.data)
  }
})

/** (x - y)² log(z), with a constant and steps that are read twice. */
const made: Program = [
  { kind: 'input', input: 0 },
  { kind: 'input', input: 1 },
  { kind: 'op', name: 'sub', f: (x, y) => x - y, js: (x, y) => `(${x} - ${y})`, args: [0, 1] },
  { kind: 'op', name: 'mul', f: (x, y) => x * y, js: (x, y) => `(${x} * ${y})`, args: [2, 2] },
  { kind: 'input', input: 2 },
  { kind: 'op', name: 'log', f: x => Math.log(x), args: [4] },
  { kind: 'const', value: -0.1 },
  { kind: 'op', name: 'fold', f: (x, y, z) => x * y + z, args: [3, 5, 6] },
  { kind: 'op', name: 'least', f: Math.min, args: [7, 0, 1, 4] },
]

test('functions of numbers have the bits of the generated ones, also of one op alone', () => {
  const subtract: Program = made.slice(0, 3)
  const logarithm: Program = [made[4], { ...made[5], args: [0] } as Program[5]]
  const swapped: Program = [made[0], made[1], { ...subtract[2], args: [1, 0] } as Program[2]]
  for (const program of [made, subtract, swapped, logarithm, made.slice(0, 1), made.slice(6, 7)])
    for (const x of [
      [1, 2, 3],
      [0.1, -0.7, 1e-300],
      [Infinity, 1, 2],
      [-0, 0, -1],
    ])
      expect(interpretedFunction(program)(...x)).toBe(stage(program, 3)(...x))
})

test('what is the same for all elements is computed once', () => {
  const calls = { log: 0, mul: 0 }
  const counting =
    (name: 'log' | 'mul', f: (...x: number[]) => number) =>
    (...x: number[]) => {
      calls[name]++
      return f(...x)
    }
  const counted = made.map(step =>
    step.kind === 'op' && (step.name === 'log' || step.name === 'mul')
      ? { ...step, f: counting(step.name, step.f) }
      : step,
  )
  const array = (...data: number[]): NDArray => ({
    dtype: 'float64',
    shape: [data.length],
    data: new Float64Array(data),
  })
  const out = array(0, 0, 0)
  interpretedLoop(counted)(out, [array(5, 6, 7), array(2), 3])
  expect(Array.from(out.data)).toEqual([5, 6, 7].map(x => Math.min((x - 2) ** 2 * Math.log(3) - 0.1, x, 2, 3)))
  expect(calls).toEqual({ log: 1, mul: 3 })
})

test('an op may run tensors of its own', () => {
  const name = 'withTensors' as OpName
  define(name, {
    type: 'float',
    f: (x: number) =>
      tensor([x, 2 * x, 3])
        .exp()
        .add(rand([3]).mul(0))
        .sum()
        .item(),
    d: x => x,
    tex: x => x,
  })
  const x = normal(5)
  const [a, b] = both(() => x.apply(name, x))
  expect(a.data).toEqual(b.data)
})
