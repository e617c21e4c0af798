// Wrong calls: every op answers each with a typed error that names the op, and leaves everything as it was.
import { describe, expect, test } from 'vitest'
import { ArgumentError, Generator, GradusError, Num, ones, ShapeError, Tensor, table, Value } from '../src/index.ts'
import { Dim, draw, faces, type Misuse, ops, Real, settle, type Use } from './catalog.ts'

/** What cannot stand where a tensor should; where a dimension should. */
const NO_TENSORS = [undefined, null, [1, 2], 'x', {}]
const NO_DIMENSIONS = [99, -99, 1.5, Number.NaN, 'x', {}]
/** Nor can these, but for ops of numbers and those that also take a number. */
const NUMBERS = [3, new Value(1)]
const WITH_NUMBERS = ['scatter', 'indexFill', 'searchsorted', 'at', 'repeatInterleave']
const numbers = (name: string): boolean => name in Num.prototype || WITH_NUMBERS.includes(name)
/** Ops whose errors speak of the op that they are another name for. */
const ALSO: Readonly<Record<string, string>> = {
  view: 'reshape',
  swapaxes: 'transpose',
  broadcastTo: 'expand',
  maskedFill: 'where',
  'F.unfold': 'unfold',
  div: 'floorDivide|truncDivide',
  float: 'to',
  takeAlongDim: 'gather',
  at: 'slice',
  double: 'to',
  int: 'to',
  bool: 'to',
}

/** Methods that take nothing. */
const NOTHING_WRONG = ['float', 'double', 'int', 'bool', 'clone']

const print = (x: unknown): string =>
  x instanceof Tensor
    ? `${x.dtype} [${x.shape}]`
    : x instanceof Real
      ? `[${x.shape}]`
      : x instanceof Dim
        ? `dim ${x.dim}`
        : Array.isArray(x)
          ? `[${x.map(print).join(', ')}]`
          : typeof x === 'object' && x !== null
            ? JSON.stringify(x)
            : typeof x === 'string'
              ? `'${x}'`
              : String(x)

function materialise(args: readonly unknown[]): unknown[] {
  const generator = new Generator(1)
  return args.map(arg => settle(arg, x => (x instanceof Dim ? x.dim : draw(x, generator))))
}
const tensors = (x: unknown): Tensor[] => (x instanceof Tensor ? [x] : Array.isArray(x) ? x.flatMap(tensors) : [])

/** What is wrong with how `call` fails, or null. */
function failing(
  name: string,
  face: string,
  call: (...args: unknown[]) => unknown,
  args: readonly unknown[],
  error?: Misuse[0],
): string | null {
  const real = materialise(args)
  const before = tensors(real).map(x => [x, x.shape, x.data, Array.from(x.data), x.node, x.grad] as const)
  const where = `${face}(${args.map(print).join(', ')})`
  let thrown: unknown
  try {
    const result = call(...real)
    return `${where} gave ${result instanceof Tensor ? `${result}` : String(result)}`
  } catch (caught) {
    thrown = caught
  }
  if (!(thrown instanceof GradusError))
    return `${where} threw ${thrown instanceof Error ? thrown.stack?.split('\n').slice(0, 3).join('\n') : thrown}`
  if (error && !((thrown as GradusError) instanceof error))
    return `${where} threw ${thrown.name}, not ${error.name}: ${thrown.message}`
  if (!new RegExp(`^(${name}|${ALSO[name] ?? name}): `).test(thrown.message))
    return `${where} does not name ${name}: ${thrown.message}`
  if (thrown instanceof ShapeError && !/\d|\[\]/.test(thrown.message))
    return `${where} names no size: ${thrown.message}`
  for (const [x, shape, data, elements, node, grad] of before) {
    if (
      x.shape !== shape ||
      x.data !== data ||
      x.node !== node ||
      x.grad !== grad ||
      elements.some((e, i) => !Object.is(e, data[i]))
    )
      return `${where} changed an operand`
  }
  return null
}

/** Each use with one thing replaced by what cannot stand there. */
function* spoilt(name: string, { args, via }: Use, method: boolean): Iterable<unknown[]> {
  if (via) return
  for (const [i, arg] of args.entries()) {
    for (const wrong of replaced(name, arg))
      if ((!method || i > 0) && !(name === 'at' && wrong === null))
        yield args.map((other, k) => (k === i ? wrong : other))
  }
}
function* replaced(name: string, arg: unknown): Iterable<unknown> {
  if (arg instanceof Real || arg instanceof Tensor) {
    for (const wrong of NO_TENSORS)
      if (!(arg instanceof Real && arg.optional && (wrong === undefined || wrong === null))) yield wrong
    if (!numbers(name)) yield* NUMBERS
  } else if (arg instanceof Dim) {
    yield* arg.required ? [undefined, null, ...NO_DIMENSIONS] : NO_DIMENSIONS
  } else if (Array.isArray(arg)) {
    for (const [i, x] of arg.entries())
      for (const wrong of replaced(name, x)) yield arg.map((other, k) => (k === i ? wrong : other))
  } else if (typeof arg === 'object' && arg !== null && Object.getPrototypeOf(arg) === Object.prototype) {
    for (const [key, x] of Object.entries(arg))
      for (const wrong of replaced(name, x)) if (wrong !== undefined) yield { ...arg, [key]: wrong }
  }
}

describe('every op', () => {
  for (const { name, uses, misuses } of ops) {
    test(name, () => {
      const problems: string[] = []
      for (const [face, call] of Object.entries(faces(name))) {
        for (const [error, ...args] of misuses) problems.push(failing(name, face, call, args, error) ?? '')
        for (const use of uses)
          for (const args of spoilt(name, use, face.startsWith('x.')))
            problems.push(failing(name, face, call, args) ?? '')
      }
      expect(problems.length > 0 || NOTHING_WRONG.includes(name), 'no wrong use').toBe(true)
      expect(new Set(problems.filter(Boolean)), [...new Set(problems)].join('\n')).toEqual(new Set())
    })
  }
})

describe('every op of values', () => {
  for (const { name, arity } of [...table.values()].filter(op => op.arity > 1)) {
    test(name, () => {
      for (const wrong of [...NO_TENSORS, ones([1]), true]) {
        const rest = new Array<number>(arity - 1).fill(1)
        for (let i = 0; i < rest.length; i++) {
          const x = new Value(0.5)
          expect(() => x.apply(name, x, ...rest.map((y, k) => (k === i ? (wrong as never) : y)))).toThrow(ArgumentError)
          expect(x).toMatchObject({ data: 0.5, grad: 0 })
        }
      }
    })
  }
})
