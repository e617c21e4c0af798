// Every op of the list: all faces alike, derivatives of both modes to second order, interpreted as generated.
import { describe, expect, test } from 'vitest'
import * as gradus from '../src/index.ts'
import {
  codegen,
  compareGradients,
  define,
  F,
  fma,
  Generator,
  grad,
  manualSeed,
  Num,
  Tensor,
  table,
  Value,
} from '../src/index.ts'
import { Dim, draw, faces, NOT_OPS, operands, ops, Real, settle, type Use } from './catalog.ts'

// to the bit: products are not to be rounded once where plain JavaScript rounds twice
fma(false)

/** The drawn tensors of a use, and the function of them that calls the op. */
function prepared(
  { args, via }: Use,
  call: (...args: unknown[]) => unknown,
  seed: number,
): { inputs: Tensor[]; f: (...xs: Tensor[]) => unknown } {
  const generator = new Generator(seed)
  const inputs: Tensor[] = []
  const placed = args.map(arg =>
    settle(arg, x => (x instanceof Dim ? x.dim : { input: inputs.push(draw(x, generator)) - 1 })),
  )
  const back = (arg: unknown, xs: readonly Tensor[]): unknown => {
    if (Array.isArray(arg)) return arg.map(x => back(x, xs))
    if (typeof arg !== 'object' || arg === null || Object.getPrototypeOf(arg) !== Object.prototype) return arg
    if ('input' in arg) return xs[arg.input as number]
    return Object.fromEntries(Object.entries(arg).map(([key, x]) => [key, back(x, xs)]))
  }
  const f = (...xs: Tensor[]): unknown => {
    manualSeed(1)
    return via ? via(call, ...xs) : call(...placed.map(arg => back(arg, xs)))
  }
  return { inputs, f }
}

const outputs = (x: unknown): Tensor[] =>
  x instanceof Tensor
    ? [x]
    : Array.isArray(x)
      ? x.flatMap(outputs)
      : typeof x === 'object' && x !== null
        ? Object.values(x).flatMap(outputs)
        : []
const snapshot = (x: unknown): unknown[] => outputs(x).map(({ shape, dtype, data }) => [shape, dtype, Array.from(data)])
/** The outputs and, where there are any, the gradients of their sum: to be compared bit by bit. */
function evaluated(f: (...xs: Tensor[]) => unknown, inputs: readonly Tensor[]): unknown[] {
  const leaves = inputs.map(x => x.detach().requiresGrad_())
  const result = outputs(f(...leaves))
  for (const out of result) if (out.requiresGrad) out.backward(gradus.onesLike(out), { retainGraph: true })
  return [snapshot(result), snapshot(leaves.flatMap(leaf => leaf.grad ?? []))]
}

/** What is wrong with the derivatives, or nothing: all modes to 1e-10 of each other, and near the finite differences. */
function disagreement(f: (...xs: Tensor[]) => unknown, inputs: readonly Tensor[], tolerance?: number): string {
  const { comparisons } = compareGradients(f, inputs, tolerance === undefined ? {} : { tolerance })
  for (const { what, values, ok } of comparisons) {
    const { difference, ...modes } = values
    const all = Object.values(modes)
    const spread = (Math.max(...all) - Math.min(...all)) / Math.max(1, ...all.map(Math.abs))
    // of nothing the mean is NaN, which has no finite difference
    const near = ok || Number.isNaN(difference)
    if (!near || !(spread <= 1e-10 || tolerance !== undefined)) return `${what}: ${JSON.stringify(values)}`
  }
  return ''
}

const interpreted = <R>(f: () => R): R => {
  codegen(false)
  try {
    return f()
  } finally {
    codegen(true)
  }
}

describe('every op', () => {
  for (const { name, uses } of ops) {
    describe(name, () => {
      for (const [at, use] of uses.entries()) {
        const shapes = use.args.map(arg =>
          arg instanceof Real
            ? `[${arg.shape}]`
            : arg instanceof Tensor
              ? `${arg.dtype} [${arg.shape}]`
              : JSON.stringify(settle(arg, x => (x instanceof Dim ? x.dim : `[${x.shape}]`))),
        )
        test(shapes.join(' '), () => {
          const all = Object.entries(faces(name)).map(([face, call]) => ({ face, ...prepared(use, call, at + 1) }))
          const [{ f, inputs }] = all as [(typeof all)[0]]
          const expected = evaluated(f, inputs)
          for (const { face, f: other } of all) expect(evaluated(other, inputs), face).toEqual(expected)
          expect(
            interpreted(() => evaluated(f, inputs)),
            'interpreted',
          ).toEqual(expected)
          if (inputs.length > 0) expect(disagreement(f, inputs, use.tolerance)).toBe('')
        })
      }
    })
  }
})

describe('every row of the table', () => {
  const shapes = [[[2, 3]], [[2, 1], [3]], [[]], [[0, 2]]]
  for (const row of table.values()) {
    describe(row.name, () => {
      for (const shape of shapes) {
        test(shape.map(s => `[${s}]`).join(' '), () => {
          const args = operands(row, ...shape)
          const generator = new Generator(2)
          const inputs = args.flatMap(arg => (arg instanceof Real ? [draw(arg, generator)] : []))
          const f = (...xs: Tensor[]): Tensor => {
            const next = xs[Symbol.iterator]()
            const all = args.map(arg => (arg instanceof Real ? (next.next().value as Tensor) : arg))
            return (all[0] as Tensor).apply(row.name, ...all)
          }
          expect(
            interpreted(() => evaluated(f, inputs)),
            'interpreted',
          ).toEqual(evaluated(f, inputs))
          expect(disagreement(f, inputs)).toBe('')
        })
      }

      test('on values as on tensors, interpreted as generated', () => {
        const args = operands(row, [])
        const generator = new Generator(3)
        let flows = true
        const run = (xs: readonly (Value | number)[]): number[] => {
          const out = (xs.find(x => x instanceof Value) as Value).apply(row.name, ...xs)
          if (flows) out.backward()
          else expect(() => out.backward()).toThrow(/depends on no variable .* as a comparison/)
          return [out.data, ...xs.map(x => (x instanceof Value ? x.grad : 0))]
        }
        for (let round = 0; round < 5; round++) {
          const tensors = args.map(arg => (arg instanceof Real ? draw(arg, generator).requiresGrad_() : arg))
          const values = (): (Value | number)[] => tensors.map(x => (typeof x === 'number' ? x : new Value(x.item())))
          const out = (tensors[0] as Tensor).apply(row.name, ...tensors)
          flows = out.requiresGrad
          if (flows) out.backward()
          const [data, ...grads] = run(values())
          expect(Object.is(data, out.item()), `${data} and ${out.item()}`).toBe(true)
          tensors.forEach((x, i) => {
            const expected = typeof x === 'number' ? 0 : (x.grad?.item() ?? 0)
            expect(Math.abs((grads[i] as number) - expected)).toBeLessThanOrEqual(
              1e-14 * Math.max(1, Math.abs(expected)),
            )
            // functions of values, differentiated by the transforms
            if (typeof x === 'number') return
            const along = (at: Value): Value =>
              at.apply(row.name, ...tensors.map((y, k) => (k === i ? at : typeof y === 'number' ? y : y.item())))
            expect(grad(along)(x.item())).toBeCloseTo(expected, 12)
          })
          // a row put in anew is staged anew
          const again = interpreted(() => {
            define(row.name, row as never)
            return run(values())
          })
          table.set(row.name, row)
          expect(again).toEqual([data, ...grads])
        }
      })
    })
  }
})

describe('complete', () => {
  const listed = new Set(ops.map(op => op.name))
  const known = (name: string): boolean => listed.has(name) || name in NOT_OPS
  const functions = (home: object): string[] =>
    Object.entries(home).flatMap(([name, f]) => (typeof f === 'function' && !/^[A-Z]/.test(name) ? [name] : []))
  const methods = (home: object): string[] =>
    Object.entries(Object.getOwnPropertyDescriptors(home)).flatMap(([name, { value }]) =>
      typeof value === 'function' && name !== 'constructor' ? [name] : [],
    )
  test.each([
    ['the root', functions(gradus)],
    ['F', functions(F)],
    ['Tensor', methods(Tensor.prototype)],
    ['Num', methods(Num.prototype)],
  ])('%s', (_, names) => {
    expect(names.filter(name => !known(name))).toEqual([])
  })
  test('nothing is listed that is not there', () => {
    expect(ops.filter(op => Object.keys(faces(op.name)).length === 0).map(op => op.name)).toEqual([])
  })
  test('every op has a right use', () => {
    expect(ops.filter(op => op.uses.length === 0).map(op => op.name)).toEqual([])
  })
})
