// biome-ignore-all format: tables
// Every op of the engine, once: how it is called rightly, and how wrongly. What a test says of ops, it says of this list.
import * as gradus from '../src/index.ts'
import {
  ArgumentError,
  DtypeError,
  eye,
  F,
  type Generator,
  type GradusError,
  IndexError,
  LinalgError,
  type Nested,
  Num,
  ShapeError,
  slice,
  Tensor,
  table,
  tensor,
} from '../src/index.ts'

// ---- arguments

/** A float64 tensor to be drawn, between `low` and `high`: distinct elements, away from 0 and from each other. */
export class Real {
  constructor(
    readonly shape: readonly number[],
    readonly low = -2,
    readonly high = 2,
    readonly optional = false,
    readonly kinks: readonly number[] = [],
  ) {}
}
/** A dimension: wrong ones are tried in its place. Undefined is one of those when it is `required`. */
export class Dim {
  constructor(
    readonly dim: number,
    readonly required: boolean,
  ) {}
}
export const R = (...shape: number[]): Real => new Real(shape)
export const P = (...shape: number[]): Real => new Real(shape, 0.3, 2)
const D = (dim: number): Dim => new Dim(dim, false)
const Q = (dim: number): Dim => new Dim(dim, true)
/** A tensor that may be left out. */
const optional = (...shape: number[]): Real => new Real(shape, -2, 2, true)
const I = (values: Nested): Tensor => tensor(values, { dtype: 'int32' })
const B = (values: Nested): Tensor => tensor(values, { dtype: 'bool' })
const S = (values: Nested): Tensor => tensor(values, { dtype: 'float32' })

/** The drawn tensors of one row, in order, from a generator. */
export function draw({ shape, low, high, kinks }: Real, generator: Generator): Tensor {
  const n = shape.reduce((product, size) => product * size, 1)
  const order = generator.permutation(n)
  const near = (x: number): boolean => kinks.some(kink => Math.abs(x - kink) < 0.05)
  const data = Float64Array.from(order, k => {
    for (;;) {
      const x = low + ((k + 0.3 + generator.uniform() * 0.4) / n) * (high - low)
      if (!near(x)) return x
    }
  })
  return tensor(data).reshape([...shape])
}

type Call = (...args: unknown[]) => unknown
/** One right use. `via` goes between the drawn tensors and the op, where those must have a certain form. */
export interface Use {
  readonly args: readonly unknown[]
  readonly via?: (f: Call, ...xs: Tensor[]) => unknown
  readonly tolerance?: number
}
/** One wrong use: the error it throws, then the arguments. */
export type Misuse = readonly [error: abstract new (message: string) => GradusError, ...args: unknown[]]
export interface Op {
  readonly name: string
  readonly uses: readonly Use[]
  readonly misuses: readonly Misuse[]
}
type Row = readonly [uses: readonly (readonly unknown[] | Use)[], misuses: readonly Misuse[]]

/** The arguments with `leaf` applied to drawn tensors and dimensions, in lists and options too. */
export function settle(arg: unknown, leaf: (x: Real | Dim) => unknown): unknown {
  if (arg instanceof Real || arg instanceof Dim) return leaf(arg)
  if (Array.isArray(arg)) return arg.map(x => settle(x, leaf))
  if (typeof arg === 'object' && arg !== null && Object.getPrototypeOf(arg) === Object.prototype) {
    return Object.fromEntries(Object.entries(arg).map(([key, x]) => [key, settle(x, leaf)]))
  }
  return arg
}

/**
 * The faces an op shows: function, method, function of F. All take the same arguments, the method its first as `this`
 * (that of PyTorch's polygamma(n, x) its second).
 */
export function faces(name: string): Record<string, Call> {
  if (name.startsWith('F.')) return { [name]: Reflect.get(F, name.slice(2)) as Call }
  const found: Record<string, Call> = {}
  const own = Reflect.get(gradus, name) as Call | undefined
  if (own && !(name in OTHER_FACE)) found[name] = name === 'polygamma' ? (x, n) => own(n, x) : own
  const inF = Reflect.get(F, name) as Call | undefined
  if (inF && inF !== own && !(`F.${name}` in others)) found[`F.${name}`] = inF
  if (name in Tensor.prototype)
    found[`x.${name}`] = (x, ...rest) => (Reflect.get(x as Tensor, name) as Call).apply(x, rest)
  return found
}
/** Root functions that are another thing than the method of their name. */
const OTHER_FACE = { slice: 'makes an index for at' }

// ---- pointwise: from the table

const method = (name: string): boolean => name in Num.prototype
/** Methods whose arguments are not the operands of their row. */
const OPTIONS = ['isclose', 'addcmul', 'addcdiv']
/** Methods whose operands after the first have defaults. */
const DEFAULTS = ['leakyRelu', 'elu', 'celu', 'nanToNum', 'hardshrink', 'softshrink']
/** The operands of a table row, of the given shapes in turn; a degenerate interval is a number. */
export const operands = (
  { name, domain, kinks }: TableRow,
  ...shapes: readonly (readonly number[])[]
): (Real | number)[] =>
  domain.map(([low, high], i) =>
    low === high
      ? low
      : new Real(shapes[i % shapes.length] as number[], low, high, i > 0 && DEFAULTS.includes(name), kinks),
  )
type TableRow = NonNullable<ReturnType<typeof table.get>>

const pointwise: Record<string, Row> = Object.fromEntries(
  [...table.values()]
    .filter(({ name }) => method(name) && !OPTIONS.includes(name))
    .map((row): [string, Row] => {
      const args = operands(row, [2, 3], [3])
      const several = args.filter(x => x instanceof Real).length > 1
      return [row.name, [[args], several ? [[ShapeError, ...operands(row, [2, 3], [4])]] : []]]
    }),
)

// ---- all others, and what pointwise methods do beyond their row in the table

const spd = (x: Tensor): Tensor =>
  x.matmul(x.transpose(-2, -1)).add(eye(x.shape.at(-1) as number, { dtype: 'float64' }).mul(2))
/** Far from singular, and not symmetric. */
const regular = (x: Tensor): Tensor => x.add(eye(x.shape.at(-1) as number, { dtype: 'float64' }).mul(4))
const keepdim = { keepdim: true }
const reduction: Row = [
  [[R()], [R(2, 3)], [R(2, 3), D(-1)], [R(2, 3, 2), [0, 2], keepdim], [R(2, 3), [-2]]],
  [[ArgumentError, R(2, 3), [0, 0]], [ArgumentError, R(2, 3), [0, -2]]],
]
const withEmpty: Row = [[...reduction[0], [R(0, 3)], [R(2, 0), D(1)]], reduction[1]]
const onFloats = ([uses, misuses]: Row, ...rest: unknown[]): Row => [uses, [...misuses, [DtypeError, I([1, 2]), ...rest]]]
const along: Row = [[[R(), Q(0)], [R(4), Q(-1)], [R(2, 3), Q(0)], [R(2, 0), Q(1)], [R(2, 3, 2), Q(1)]], []]
const chosen: Row = [[[R()], [R(2, 3)], [R(), D(0)], [R(2, 3), D(-1)], [R(2, 3), D(0), keepdim]], [[ShapeError, R(0, 3)], [IndexError, R(0, 3), 0]]]
const creating: Row = [[[[2, 3]], [[]], [[0, 2], { dtype: 'int32' }]], [
  [ShapeError, [-1]], [ArgumentError, [1.5]], [ArgumentError, ['x']], [ArgumentError, undefined], [ArgumentError, 'x'],
    [ArgumentError, [2], { dtype: 'float16' }],
  [DtypeError, [2], { dtype: 'int32', requiresGrad: true }],
]]
const drawing: Row = [[[[2, 3]], [[]], [[0, 2], { dtype: 'float64' }]], [
  ...creating[1].slice(0, -1), [DtypeError, [2], { dtype: 'int32' }], [ArgumentError, [2], { generator: 5 }],
]]
const like: Row = [[[R(2, 3)], [R()], [R(0, 2), { dtype: 'float32' }]], [[ArgumentError, R(2), { dtype: 'float16' }]]]
const pooling = (size: Real, image: Real, ...bad: Misuse[]): Row => [
  [[size, 2], [image, 2], [size, 2, { stride: 1 }], [size, 3, { padding: 1, stride: 2, ceilMode: true }]],
  [
    [ShapeError, R(), 2], [ShapeError, R(2), 2], [ArgumentError, size, 0], [ArgumentError, size, 1.5],
      [ArgumentError, size, 'x'], [ArgumentError, size, undefined], [ArgumentError, size, 2, { stride: 0 }],
    [ArgumentError, size, 2, { padding: 2 }], [ArgumentError, size, 2, { padding: -1 }], [ShapeError, size, 9], ...bad,
  ],
]
const adaptive = (size: Real, image: Real, asked: unknown): Row => [
  [[size, asked], [image, 1]],
  [[ShapeError, R(2), 1], [ArgumentError, size, -1], [ArgumentError, size, 'x'], [ArgumentError, size, undefined],
    [ArgumentError, size, [1, 2, 3]]],
]
const dropping = (x: Real, ...bad: Misuse[]): Row => [
  [[x], [x, { p: 0.3 }], [x, { training: false }], [x, { p: 1 }]],
  [[ArgumentError, x, { p: 2 }], [ArgumentError, x, { p: -0.1 }], [ArgumentError, x, { rate: 1 }], ...bad],
]
/** A loss of two tensors, each drawn as told, and what else can be said of it. */
const loss = (x: Real, y: Real | Tensor, uses: readonly object[], ...bad: Misuse[]): Row => [
  [[x, y], [x, y, { reduction: 'sum' }], ...uses.map(options => [x, y, { reduction: 'none', ...options }])],
  [[ShapeError, x, R(5)], [ArgumentError, x, y, { reduction: 'avg' }], [ArgumentError, x, y, { scale: 1 }], ...bad],
]
const U = (...shape: number[]): Real => new Real(shape, 0.1, 0.9)
const index = I([2, 0, 0])

const others: Record<string, Row> = {
  // pointwise beyond the table
  add: [[[R(2, 3), R(3), { alpha: 2 }], [R(2), 2]], [[ArgumentError, R(2), R(2), { alpha: 'x' }],
    [ArgumentError, R(2), [1], { alpha: 2 }]]],
  sub: [[[R(2, 3), R(3), { alpha: 2 }], [R(2), 2]], [[ArgumentError, R(2), R(2), { alpha: 'x' }]]],
  div: [[[R(2, 3), P(3), { roundingMode: 'floor' }], [R(2, 3), P(3), { roundingMode: 'trunc' }], [R(2), 2]],
    [[ArgumentError, R(2), R(2), { roundingMode: 'up' }]]],
  gelu: [[[R(2, 3), { approximate: 'tanh' }], [R(2), { approximate: 'none' }]],
    [[ArgumentError, R(2), { approximate: 'sigmoid' }]]],
  logit: [[[new Real([2, 3], 0.1, 0.9), { eps: 0.01 }]], [[ArgumentError, P(2), { eps: 'x' }]]],
  clamp: [[[R(2, 3), -1.03, null], [R(2, 3), null, optional(3)], [R(2, 3), -1.03], [R(3), optional(2, 1), optional(3)]],
    [[ArgumentError, R(2), 'x'], [ShapeError, R(2), R(3)], [ArgumentError, R(2)]]],
  addcmul: [[[R(2, 3), R(3), R(2, 1), { value: 2 }], [R(2), R(), 3]], [[ShapeError, R(2), R(3), R(2)],
    [ArgumentError, R(2), R(2), R(2), { value: 'x' }]]],
  addcdiv: [[[R(2, 3), R(3), P(2, 1), { value: 2 }], [R(2), R(), 3]], [[ShapeError, R(2), R(3), P(2)],
    [ArgumentError, R(2), R(2), R(2), { value: 'x' }]]],
  isclose: [[[R(2, 3), R(3), { rtol: 0.1, atol: 0.1, equalNan: true }]], [[ShapeError, R(2), R(3)]]],
  nanToNum: [[[R(2, 3)], [R(2), 0, 1, -1]], [[ArgumentError, R(2), 'x']]],
  where: [[[B([true, false, true]), R(2, 3), R(3)], [B(true), R(2), 1]], [[ShapeError, B([true, false]), R(3), R(3)]]],
  maskedFill: [[[R(2, 3), B([true, false, true]), 0], [R(2, 3), B([[true], [false]]), R()]],
    [[ShapeError, R(2), B([true, false, true]), 0]]],
  softplus: [[[R(2, 3), { beta: 2, threshold: 1.51 }]], [[ArgumentError, R(2), { beta: 'x' }],
    [ArgumentError, R(2), { beta: 2, threshold: 'x' }]]],
  pow: [[[P(2, 3), 3], [P(2, 3), 2], [R(3), 3]], []],
  // reductions
  sum: withEmpty,
  mean: onFloats(withEmpty),
  nansum: withEmpty,
  nanmean: onFloats(withEmpty),
  amax: [reduction[0], [...reduction[1], [ShapeError, R(0, 3)], [ShapeError, R(2, 0), 1]]],
  amin: [reduction[0], [...reduction[1], [ShapeError, R(0, 3)], [ShapeError, R(2, 0), 1]]],
  aminmax: [[[R()], [R(2, 3)], [R(2, 3), D(-1), keepdim]], [[ShapeError, R(0, 3)]]],
  any: withEmpty,
  all: withEmpty,
  countNonzero: withEmpty,
  var: onFloats([[[R(3)], [R(2, 3), D(-1)], [R(2, 3), [0, 1], { correction: 0, keepdim: true }], [R(2, 3, 2), [0, -1]]],
    [[ArgumentError, R(3), 0, { correction: 'x' }]]]),
  std: onFloats([[[R(3)], [R(2, 3), D(-1)], [R(2, 3), [0, 1], { correction: 0, keepdim: true }], [R(2, 3, 2), [0, -1]]],
    [[ArgumentError, R(3), 0, { correction: 'x' }]]]),
  varMean: onFloats([[[R(3)], [R(2, 3), D(-1)], [R(2, 3), [0, 1], { correction: 0, keepdim: true }]], []]),
  stdMean: onFloats([[[R(3)], [R(2, 3), D(-1)], [R(2, 3), [0, 1], { correction: 0, keepdim: true }]], []]),
  norm: onFloats([
    [[R()], [R(2, 3)], [R(2, 3), 1, D(-1)], [R(2, 3), 3, D(0), keepdim], [R(2, 3), 'fro', [0, 1]],
      [R(2, 3), Infinity, D(1)], [R(2, 3), -Infinity], [R(3), 0], [P(3), -2], [R(0)]],
    [[ArgumentError, R(2), Number.NaN], [ArgumentError, R(2), 'nuc'], [ArgumentError, R(2), 2, [0, 0]]],
  ]),
  dist: [[[R(3), R(3)], [R(2, 3), R(3), 1], [R(2), R(2), Infinity]], [[ShapeError, R(2), R(3)],
    [ArgumentError, R(2), R(2), 'x']]],
  prod: [[[R()], [R(2, 3)], [R(2, 3), D(-1)], [R(2, 3), D(0), keepdim], [R(0, 3)], [R(2, 0), D(1)]],
    [[ArgumentError, R(2, 3), [0, 1]]]],
  argmax: [[[R()], [R(2, 3)], [R(2, 3), D(-1), keepdim]], [[IndexError, R(0)], [IndexError, R(2, 0), 1]]],
  argmin: [[[R()], [R(2, 3)], [R(2, 3), D(-1), keepdim]], [[IndexError, R(0)], [IndexError, R(2, 0), 1]]],
  max: chosen,
  min: chosen,
  median: [[[R()], [R(2, 3)], [R(2, 3), D(-1)], [R(4), D(0), keepdim], [R(0)]], [[IndexError, R(0, 3), 0]]],
  kthvalue: [[[R(), 1], [R(2, 3), 2, D(-1)], [R(2, 3), 1, D(0), keepdim]], [[IndexError, R(3), 4],
    [IndexError, R(3), 0], [IndexError, R(3), 1.5], [IndexError, R(3), undefined]]],
  softmax: onFloats(along, 0),
  logSoftmax: onFloats(along, 0),
  logsumexp: [[[R(), D(0)], [R(2, 3), D(-1)], [R(2, 3), [0, 1], keepdim], [R(2, 0), D(0)]],
    [[ArgumentError, R(2), [0, 0]]]],
  cumsum: along,
  cumprod: along,
  logcumsumexp: onFloats(along, 0),
  cummax: along,
  cummin: along,
  diff: [[[R(4)], [R(2, 3), { dim: D(0) }], [R(2, 4), { n: 2, dim: D(-1) }], [R(1)]], [[ShapeError, R()],
    [ArgumentError, R(3), { n: -1 }], [ArgumentError, R(3), { n: 1.5 }]]],
  trace: [[[R(3, 3)], [R(2, 3)], [R(0, 2)]], [[ShapeError, R(3)], [ShapeError, R(2, 2, 2)]]],
  sort: [[[R()], [R(2, 3)], [R(2, 3), D(0), { descending: true }], [R(0)]], []],
  argsort: [[[R()], [R(2, 3)], [R(2, 3), D(0), { descending: true }]], []],
  topk: [[[R(), 1], [R(5), 2], [R(2, 3), 2, D(0), { largest: false }], [R(3), 0]], [[IndexError, R(3), 4],
    [IndexError, R(3), -1], [IndexError, R(3), 1.5], [IndexError, R(3), undefined]]],
  unique: [[[R(4)], [R(2, 3), { returnInverse: true, returnCounts: true }], [R(0)]], []],
  searchsorted: [[[S([1, 2, 3]), R(2, 2)], [S([1, 2, 3]), 2], [S([[1, 2], [3, 4]]), R(2, 3), { right: true }]],
    [[ShapeError, S(1), S([1])], [ShapeError, S([[1, 2]]), S([[1], [2]])]]],
  // shape
  reshape: [[[R(2, 3), 3, 2], [R(2, 3), [-1]], [R()], [R(0, 3), [3, 0]], [R(1), []]], [[ShapeError, R(2, 3), 4],
    [ShapeError, R(2, 3), -1, -1], [ShapeError, R(2, 3), -2], [ShapeError, R(0), -1, 0], [ArgumentError, R(2), 'x'],
    [ArgumentError, R(2), 0.5], [ArgumentError, R(2), undefined]]],
  view: [[[R(2, 3), 3, 2]], [[ShapeError, R(2, 3), 4]]],
  flatten: [[[R()], [R(2, 3, 2)], [R(2, 3, 2), D(1)], [R(2, 3, 2), D(0), D(-2)]], [[ArgumentError, R(2, 3), 1, 0]]],
  unflatten: [[[R(6), Q(0), [2, 3]], [R(2, 4), Q(-1), [2, -1]]], [[ShapeError, R(), 0, [1]],
    [ShapeError, R(6), 0, [4, 2]], [ArgumentError, R(6), 0, 'x'], [ArgumentError, R(6), 0, undefined]]],
  transpose: [[[R(2, 3), Q(0), Q(1)], [R(2, 3, 4), Q(-1), Q(0)], [R(), 0, -1]], []],
  swapaxes: [[[R(2, 3), Q(0), Q(1)]], []],
  t: [[[R()], [R(3)], [R(2, 3)]], [[ShapeError, R(1, 2, 3)]]],
  permute: [[[R(2, 3, 4), 2, 0, 1], [R(2, 3), [-1, 0]], [R()]], [[ShapeError, R(2, 3), 0], [ShapeError, R(2, 3), 0, 0],
    [IndexError, R(2, 3), 0, 2], [ArgumentError, R(2, 3), 'x', 0], [ArgumentError, R(2, 3), undefined]]],
  expand: [[[R(1, 3), 2, 3], [R(3), [2, -1]], [R(), [2, 0]]], [[ShapeError, R(2), 3], [ShapeError, R(2, 1), 2],
    [ShapeError, R(1), -2], [ArgumentError, R(1), 'x'], [ArgumentError, R(1), undefined]]],
  broadcastTo: [[[R(1, 3), [2, 3]], [R(), [2]]], [[ShapeError, R(2), [3]], [ArgumentError, R(1), undefined],
    [ArgumentError, R(1), 'x']]],
  broadcastTensors: [[[R(2, 1), R(3)], [R()]], [[ShapeError, R(2), R(3)]]],
  squeeze: [[[R(1, 3, 1)], [R(1, 3), D(0)], [R(1, 3), D(1)], [R(1, 1, 2), [0, -2]], [R()]],
    [[ArgumentError, R(1, 1), [0, 0]]]],
  unsqueeze: [[[R(), Q(0)], [R(2, 3), Q(-1)], [R(2, 3), Q(1)]], []],
  flip: [[[R(2, 3), Q(0)], [R(2, 3), [0, -1]], [R(0, 2), Q(0)]], [[ArgumentError, R(2), [0, 0]]]],
  roll: [[[R(4), 1], [R(2, 3), -1, D(1)], [R(2, 3), [1, 2], [0, 1]], [R(0), 1]], [[ArgumentError, R(2), 0.5],
    [ArgumentError, R(2), 'x'], [ArgumentError, R(2), undefined], [ArgumentError, R(2, 3), [1, 2]],
    [ArgumentError, R(2, 3), [1, 2], 0]]],
  rot90: [[[R(2, 3)], [R(2, 3), 2], [R(2, 3, 2), -1, [D(1), D(-1)]]], [[ArgumentError, R(2, 2), 0.5],
    [ArgumentError, R(2, 2), 'x'], [ArgumentError, R(2, 2), 1, [0, 0]], [ArgumentError, R(2, 2), 1, 0],
    [IndexError, R(3)]]],
  movedim: [[[R(2, 3, 4), Q(0), Q(-1)], [R(2, 3, 4), [0, 1], [1, 2]]], [[ArgumentError, R(2, 3), [0, 0], [0, 1]],
    [ArgumentError, R(2, 3), [0], [0, 1]]]],
  pad: [
    [[R(3), [1, 2]], [R(2, 3), [1, -1, 0, 1], { value: 2 }], [R(1, 3), [1, 2], { mode: 'reflect' }], [R(1, 3), [2, 1],
      { mode: 'replicate' }], [R(1, 3), [1, 1], { mode: 'circular' }], [R(), []]],
    [[ArgumentError, R(3), [1]], [ArgumentError, R(3), [1, 1, 1, 1]], [ArgumentError, R(3), [0.5, 1]],
      [ShapeError, R(3), [-2, -2]], [ArgumentError, R(3), [1, 1], { mode: 'mirror' }], [ShapeError, R(3), [3, 0],
      { mode: 'reflect' }], [ArgumentError, R(3), undefined], [ArgumentError, R(3), 1], [ArgumentError, R(3), [1, 1],
      { value: 'x' }]],
  ],
  cat: [[[[R(2, 3), R(1, 3)]], [[R(2, 3), R(2, 1)], D(-1)], [[R(0), R(2)]]], [[ArgumentError, []],
    [ShapeError, [R(2, 3), R(2, 2)]], [ShapeError, [R(), R()]], [ArgumentError, R(2, 3)], [ArgumentError, undefined],
    [ArgumentError, 'x']]],
  stack: [[[[R(2, 3), R(2, 3)]], [[R(2), R(2)], D(-1)], [[R(), R()]]], [[ArgumentError, []], [ShapeError, [R(2), R(3)]],
    [ArgumentError, R(2, 3)], [ArgumentError, undefined]]],
  hstack: [[[[R(2, 3), R(2, 1)]], [[R(2), R()]]], [[ArgumentError, []], [ShapeError, [R(2, 2), R(3, 2)]],
    [ArgumentError, undefined]]],
  vstack: [[[[R(2, 3), R(3)]], [[R(), R()]]], [[ArgumentError, []], [ShapeError, [R(2, 2), R(3)]],
    [ArgumentError, undefined]]],
  split: [[[R(5), 2], [R(2, 3), [1, 2], D(-1)], [R(0), 2]], [[ArgumentError, R(3), 0], [ArgumentError, R(3), -1],
    [ShapeError, R(3), [1, 1]], [ShapeError, R(), 1], [ArgumentError, R(3), 'x'], [ArgumentError, R(3), undefined]]],
  chunk: [[[R(5), 2], [R(2, 3), 2, D(-1)]], [[ArgumentError, R(3), 0], [ArgumentError, R(3), 1.5], [ShapeError, R(), 1],
    [ArgumentError, R(3), undefined]]],
  tensorSplit: [[[R(5), 2], [R(2, 4), [1, 3], D(-1)]], [[ArgumentError, R(3), 0], [ArgumentError, R(3), 1.5],
    [ShapeError, R(), 1], [ArgumentError, R(3), 'x'], [ArgumentError, R(3), undefined], [ArgumentError, R(3), [0.5]]]],
  unbind: [[[R(3)], [R(2, 3), D(-1)]], [[ShapeError, R()]]],
  narrow: [[[R(4), Q(0), 1, 2], [R(2, 3), Q(-1), -2, 2]], [[IndexError, R(3), 0, 2, 2], [IndexError, R(3), 0, -4, 1],
    [IndexError, R(3), 0, 0, -1], [ShapeError, R(), 0, 0, 0], [IndexError, R(3), 0, 0.5, 1], [IndexError, R(3), 0]]],
  select: [[[R(3), Q(0), 1], [R(2, 3), Q(-1), -1]], [[IndexError, R(3), 0, 3], [IndexError, R(3), 0, -4],
    [IndexError, R(3), 0, 0.5], [ShapeError, R(), 0, 0], [IndexError, R(3), 0]]],
  tile: [[[R(2), 2], [R(2, 3), 2, 1, 2], [R(2, 3), [2]], [R(), 3]], [[ArgumentError, R(2), -1],
    [ArgumentError, R(2), 'x'], [ArgumentError, R(2), undefined]]],
  repeat: [[[R(2), 2], [R(2, 3), 2, 1, 2], [R(), []], [R(2), 0]], [[ArgumentError, R(2), -1], [ShapeError, R(2, 3), 2],
    [ArgumentError, R(2), 'x'], [ArgumentError, R(2), undefined]]],
  repeatInterleave: [[[R(2, 2), 2], [R(2, 3), 2, D(-1)], [R(3), I([1, 0, 2]), D(0)], [R(), 2]],
    [[ArgumentError, R(2), -1], [ArgumentError, R(2), 0.5], [ShapeError, R(2), I([1, 2, 3]), 0],
    [DtypeError, R(2), R(2), 0], [ArgumentError, R(2), I([1, -1]), 0], [ArgumentError, R(2), undefined]]],
  unfold: [[[R(5), Q(0), 2, 1], [R(2, 4), Q(-1), 2, 2], [R(), 0, 1, 1]], [[ShapeError, R(3), 0, 4, 1],
    [ArgumentError, R(3), 0, 2, 0], [ShapeError, R(3), 0, -1, 1], [ArgumentError, R(3), 0, 2]]],
  diagonal: [[[R(3, 3)], [R(2, 3), { offset: 1 }], [R(2, 3, 3), { offset: -1, dim1: Q(1), dim2: Q(-1) }],
    [R(2, 2), { offset: 5 }]], [[ShapeError, R(3)], [ArgumentError, R(2, 2), { dim1: 0, dim2: 0 }],
    [ArgumentError, R(2, 2), { offset: 0.5 }]]],
  diag: [[[R(3)], [R(2, 3), 1], [R(2), -1]], [[ShapeError, R()], [ShapeError, R(2, 2, 2)], [ArgumentError, R(2), 0.5],
    [ArgumentError, R(2, 2), 'x']]],
  diagEmbed: [[[R(3)], [R(2, 3), { offset: 1 }], [R(2, 2), { offset: -1, dim1: Q(0), dim2: Q(2) }]], [[ShapeError, R()],
    [ArgumentError, R(2), { dim1: 0, dim2: 0 }], [ArgumentError, R(2), { offset: 0.5 }]]],
  tril: [[[R(3, 3)], [R(2, 2, 3), 1], [R(0, 2)]], [[ShapeError, R(3)], [ArgumentError, R(2, 2), 0.5],
    [ArgumentError, R(2, 2), 'x']]],
  triu: [[[R(3, 3)], [R(2, 2, 3), -1], [R(0, 2)]], [[ShapeError, R(3)], [ArgumentError, R(2, 2), 0.5],
    [ArgumentError, R(2, 2), 'x']]],
  meshgrid: [[[[R(2), R(3)]], [[R(2), R(3), R()], { indexing: 'xy' }]], [[ArgumentError, [R(2)], { indexing: 'yx' }],
    [ShapeError, [R(2, 2)]], [ArgumentError, undefined], [ArgumentError, R(2)]]],
  // slicing and indexing
  slice: [[[R(5), Q(0), 1, -1, 2], [R(2, 3), Q(-1), null, 2], [R(3), Q(0), -2]], [[ShapeError, R(), 0],
    [ArgumentError, R(3), 0, 0, 2, 0], [ArgumentError, R(3), 0, 0, 2, -1], [ArgumentError, R(3), 0, 0.5],
    [ArgumentError, R(3), 0, 'x'], [ArgumentError, R(3), 0, 0, Number.NaN]]],
  at: [
    [[R(2, 3), 1], [R(2, 3), ':', -1], [R(2, 3), null, '...', slice(0, 2)], [R(2, 3), I([1, 0, 1]), I([0, -1, 2])],
      [R(2, 3), B([[true, false, true], [false, true, false]])], [R(2, 3, 2), I([[0, 1]]), ':', I([1, 0])],
      [R(), '...'], [R(2, 3), 0, 0]],
    [[IndexError, R(2), 2], [IndexError, R(2), 0, 0], [ArgumentError, R(2), 0.5], [ArgumentError, R(2), 'x'],
      [ArgumentError, R(2), '...', '...'], [IndexError, R(2), I([2])], [DtypeError, R(2), S([0])],
      [ShapeError, R(2), B([true])], [ShapeError, R(3, 3), I([0, 1]), I([0, 1, 2])], [ArgumentError, R(2), undefined],
      [ArgumentError, R(2), [0, 1]], [ArgumentError, R(2), {}], [ArgumentError, R(2), slice(0, 1, 0)],
      [ArgumentError, R(2), slice(0.5)]],
  ],
  gather: [[[R(3), Q(0), index], [R(2, 3), Q(-1), I([[0, 2], [1, 1]])], [R(), 0, I(0)], [R(2, 3), Q(0), I([])]],
    [[IndexError, R(3), 0, I([3])], [IndexError, R(3), 0, I([-1])], [DtypeError, R(3), 0, S([0])],
    [ShapeError, R(2, 3), 1, I([0])], [ShapeError, R(2, 3), 1, I([[0], [0], [0]])]]],
  scatter: [
    [[R(4), Q(0), I([2, 0]), R(2)], [R(2, 3), Q(-1), I([[0, 2], [1, 0]]), R(2, 3)], [R(3), Q(0), I([1, 1]), 5],
      [R(), 0, I(0), R()]],
    [[IndexError, R(3), 0, I([3]), R(1)], [DtypeError, R(3), 0, I([0]), S([1])], [ShapeError, R(3), 0, I([0, 1]), R(1)],
      [DtypeError, R(3), 0, R(1), R(1)], [IndexError, R(), 0, I([1]), R(1)]],
  ],
  scatterAdd: [[[R(4), Q(0), I([2, 2]), R(2)], [R(2, 3), Q(-1), I([[0, 2], [1, 1]]), R(2, 3)], [R(), 0, I(0), R()]],
    [[IndexError, R(3), 0, I([3]), R(1)], [DtypeError, R(3), 0, I([0]), S([1])], [ShapeError, R(3), 0, I([0, 1]), R(1)],
    [ArgumentError, R(3), 0, I([0]), 1]]],
  indexSelect: [[[R(3), Q(0), index], [R(2, 3), Q(-1), I([2, 2])], [R(2, 3), Q(0), I([])], [R(), 0, I([0])]],
    [[IndexError, R(3), 0, I([3])], [IndexError, R(3), 0, I([-1])], [DtypeError, R(3), 0, R(1)],
    [ShapeError, R(3), 0, I([[0]])]]],
  indexAdd: [[[R(3), Q(0), index, R(3)], [R(2, 3), Q(-1), I([2, 2]), R(2, 2), { alpha: 2 }]],
    [[ShapeError, R(3), 0, index, R(2)], [DtypeError, R(3), 0, index, S([1, 2, 3])],
    [IndexError, R(3), 0, I([3]), R(1)], [ArgumentError, R(3), 0, index, R(3), { alpha: 'x' }]]],
  indexCopy: [[[R(3), Q(0), I([2, 0]), R(2)], [R(2, 3), Q(-1), I([2, 2]), R(2, 2)]],
    [[ShapeError, R(3), 0, index, R(2)], [DtypeError, R(3), 0, index, S([1, 2, 3])],
    [IndexError, R(3), 0, I([3]), R(1)]]],
  indexFill: [[[R(3), Q(0), I([2, 0]), 5], [R(2, 3), Q(-1), I([2]), R()]], [[ShapeError, R(3), 0, I([0]), R(1)],
    [IndexError, R(3), 0, I([3]), 1], [ArgumentError, R(3), 0, I([0]), undefined]]],
  indexPut: [
    [[R(2, 3), [I([1, 0]), I([2, -1])], R(2)], [R(3), [I([1, 1])], R(2), { accumulate: true }],
      [R(2, 3), [B([true, false])], R(3)]],
    [[ArgumentError, R(2), [], R(1)], [IndexError, R(2), [I([2])], R(1)], [IndexError, R(2), [I([0]), I([0])], R(1)],
      [ShapeError, R(3), [I([0, 1])], R(3)], [DtypeError, R(2), [R(1)], R(1)], [DtypeError, R(2), [I([0])], S([1])],
      [ArgumentError, R(2), I([0]), R(1)], [ArgumentError, R(2), undefined, R(1)]],
  ],
  take: [[[R(2, 3), I([[5, -1], [0, 0]])], [R(), I(0)]], [[IndexError, R(2), I([2])], [DtypeError, R(2), R(1)]]],
  takeAlongDim: [[[R(2, 3), I([[0], [2]]), D(1)], [R(2, 3), I([5, 0])], [R(3), I([2]), D(0)]],
    [[IndexError, R(2), I([2]), 0], [DtypeError, R(2), R(2), 0], [ShapeError, R(2, 3), I([0]), 1],
    [ShapeError, R(2, 3), I([[0], [0], [0]]), 1]]],
  maskedSelect: [[[R(2, 3), B([true, false, true])], [R(2), B([false, false])], [R(), B(true)]],
    [[DtypeError, R(2), I([0, 1])], [ShapeError, R(2), B([true, false, true])]]],
  nonzero: [[[R(2, 3)], [R()], [R(0)]], []],
  oneHot: [[[I([0, 2]), 3], [I([[1], [0]])], [I(0), 2]], [[DtypeError, R(2)], [IndexError, I([3]), 3],
    [IndexError, I([-1]), 3], [ArgumentError, I([])], [ArgumentError, I([0]), 0], [ArgumentError, I([0]), 'x']]],
  embedding: [[[I([0, 2, 0]), R(3, 2)], [I([[1], [0]]), R(3, 2), { paddingIdx: -1 }]],
    [[DtypeError, R(2), R(3, 2)], [IndexError, I([3]), R(3, 2)], [ShapeError, I([0]), R(3)],
      [IndexError, I([0]), R(3, 2), { paddingIdx: 3 }]]],
  // products
  matmul: [
    [[R(3), R(3)], [R(2, 3), R(3)], [R(3), R(3, 2)], [R(2, 3), R(3, 2)], [R(2, 1, 2, 3), R(2, 3, 2)],
      [R(2, 2, 3), R(3, 2)], [R(2, 0), R(0, 2)]],
    [[ShapeError, R(2, 3), R(2, 3)], [ShapeError, R(), R(2)], [ShapeError, R(2), R(3)],
      [ShapeError, R(2, 2, 3), R(3, 3, 2)], [DtypeError, R(2, 2), S([[1], [2]])], [DtypeError, B([true]), B([true])]],
  ],
  mm: [[[R(2, 3), R(3, 2)], [R(0, 3), R(3, 2)]], [[ShapeError, R(2, 3), R(3)], [ShapeError, R(2, 3), R(2, 3)],
    [DtypeError, R(1, 1), S([[1]])]]],
  mv: [[[R(2, 3), R(3)]], [[ShapeError, R(2, 3), R(2)], [ShapeError, R(3), R(3)], [DtypeError, R(1, 1), S([1])]]],
  bmm: [[[R(2, 2, 3), R(2, 3, 2)]], [[ShapeError, R(2, 2, 3), R(1, 3, 2)], [ShapeError, R(2, 3), R(3, 2)],
    [ShapeError, R(2, 2, 3), R(2, 2, 3)]]],
  dot: [[[R(3), R(3)], [R(0), R(0)]], [[ShapeError, R(3), R(2)], [ShapeError, R(2, 2), R(2)]]],
  outer: [[[R(2), R(3)], [R(0), R(2)]], [[ShapeError, R(2, 2), R(2)]]],
  addmm: [[[R(2, 2), R(2, 3), R(3, 2)], [R(2), R(2, 3), R(3, 2), { beta: 0.5, alpha: 2 }],
    [R(), R(2, 3), R(3, 2), { beta: 0 }]], [[ShapeError, R(3), R(2, 3), R(3, 2)],
    [ShapeError, R(2, 2), R(2, 3), R(2, 3)], [ArgumentError, R(2), R(2, 3), R(3, 2), { alpha: 'x' }]]],
  addmv: [[[R(2), R(2, 3), R(3)], [R(), R(2, 3), R(3), { beta: 0.5, alpha: 2 }]], [[ShapeError, R(3), R(2, 3), R(3)],
    [ShapeError, R(2), R(2, 3), R(2)]]],
  baddbmm: [[[R(2, 2, 2), R(2, 2, 3), R(2, 3, 2)], [R(2), R(2, 2, 3), R(2, 3, 2), { beta: 0.5, alpha: 2 }]],
    [[ShapeError, R(3), R(2, 2, 3), R(2, 3, 2)], [ShapeError, R(2), R(2, 3), R(3, 2)]]],
  einsum: [
    [['ij,jk->ik', R(2, 3), R(3, 2)], ['ii', R(3, 3)], ['b...i,bj->...ij', R(2, 3, 2), R(2, 3)],
      ['i,j,k->kij', R(2), R(3), R(2)]],
    [[ArgumentError, 'i,j', R(2)], [ShapeError, 'ij', R(2)], [ShapeError, 'i,i', R(2), R(3)],
      [ArgumentError, 'i->j', R(2)], [ArgumentError, 'i->i->i', R(2)], [ArgumentError, 'i!', R(2)],
      [ArgumentError, 'i->ii', R(2)], [DtypeError, 'i,i', R(2), S([1, 2])], [ShapeError, 'ii', R(2, 3)],
      [ArgumentError, undefined, R(2)]],
  ],
  tensordot: [[[R(2, 3), R(3, 2), 1], [R(2, 3), R(2, 3), [[0, -1], [0, 1]]], [R(2), R(3), 0], [R(2, 3), R(2, 3)]],
    [[ArgumentError, R(2), R(2), 2], [ArgumentError, R(2), R(2), -1], [ShapeError, R(2), R(3), 1],
    [ArgumentError, R(2, 2), R(2, 2), [[0], [0, 1]]], [ArgumentError, R(2, 2), R(2, 2), [[0, 0], [0, 1]]],
    [IndexError, R(2), R(2), [[1], [0]]], [ArgumentError, R(2), R(2), 'x'], [ArgumentError, R(2), R(2), [0]]]],
  cross: [[[R(3), R(3)], [R(3, 2), R(3, 2), { dim: D(0) }], [R(2, 3), R(1, 3)]], [[ShapeError, R(2), R(2)],
    [ShapeError, R(3), R(2, 3)], [ShapeError, R(2, 3), R(3, 3)]]],
  kron: [[[R(2), R(3)], [R(2, 2), R(2)], [R(), R(2)]], []],
  cdist: [
    [[R(2, 3), new Real([4, 3], 3, 5)], [R(2, 3), new Real([2, 3], 3, 5), { p: 1 }],
      [R(2, 2, 3), new Real([2, 3], 3, 5), { p: Infinity }], [R(2, 0), R(3, 0)]],
    [[ShapeError, R(2, 3), R(2, 2)], [ShapeError, R(3), R(2, 3)], [ArgumentError, R(2, 2), R(2, 2), { p: -1 }],
      [DtypeError, I([[1]]), I([[1]])]],
  ],
  // linear algebra
  triangularSolve: [
    [
      { args: [R(3, 3), R(3, 2)], via: (f, a, b) => f(regular(a!), b) },
        { args: [R(2, 2, 2), R(2, 1)], via: (f, a, b) => f(regular(a!), b, { upper: false }) },
      { args: [R(2, 2), R(3, 2)], via: (f, a, b) => f(regular(a!), b, { left: false, unitriangular: true }) },
    ],
    [[ShapeError, R(2, 3), R(2, 1)], [ShapeError, R(2, 2), R(3, 1)], [ShapeError, R(2, 2), R(2)],
      [DtypeError, R(2, 2), S([[1], [1]])]],
  ],
  cholesky: [
    [{ args: [R(3, 3)], via: (f, a) => f(spd(a!)) }, { args: [R(2, 2, 2)], via: (f, a) => f(spd(a!), { upper: true }) },
      [R(0, 0)]],
    [[ShapeError, R(2, 3)], [ShapeError, R(3)], [DtypeError, I([[1]])], [LinalgError, tensor([[-1, 0], [0, 1]],
      { dtype: 'float64' })]],
  ],
  solve: [
    [{ args: [R(3, 3), R(3)], via: (f, a, b) => f(regular(a!), b) },
      { args: [R(2, 2, 2), R(2, 3)], via: (f, a, b) => f(regular(a!), b) }, [R(0, 0), R(0, 1)]],
    [[ShapeError, R(2, 3), R(2)], [ShapeError, R(2, 2), R(3)], [DtypeError, R(2, 2), S([1, 1])],
      [LinalgError, tensor([[1, 1], [1, 1]], { dtype: 'float64' }), R(2)]],
  ],
  inv: [
    [{ args: [R(3, 3)], via: (f, a) => f(regular(a!)) }, { args: [R(2, 2, 2)], via: (f, a) => f(regular(a!)) }],
    [[ShapeError, R(2, 3)], [DtypeError, I([[1]])], [LinalgError, tensor([[1, 1], [1, 1]], { dtype: 'float64' })]],
  ],
  det: [[[R(3, 3)], [R(2, 2, 2)], [R(1, 1)], [R(0, 0)], [R(4, 4)]], [[ShapeError, R(2, 3)], [DtypeError, I([[1]])]]],
  // convolution and pooling
  conv1d: [
    [[R(2, 2, 5), R(3, 2, 3), optional(3), { padding: 1 }], [R(1, 4), R(2, 1, 2)],
      [R(1, 2, 6), R(2, 1, 2), optional(2), { groups: 2, stride: 2, dilation: 2 }],
      [R(1, 1, 5), R(1, 1, 2), null, { padding: 'same' }]],
    [[ShapeError, R(4), R(1, 1, 2)], [ShapeError, R(1, 2, 4), R(1, 1, 2)], [ShapeError, R(1, 1, 2), R(1, 1, 3)],
      [ShapeError, R(1, 1, 4), R(1, 2)], [ArgumentError, R(1, 1, 4), R(1, 1, 2), null, { stride: 0 }],
      [ArgumentError, R(1, 1, 4), R(1, 1, 2), null, { padding: 'all' }], [ShapeError, R(1, 1, 4), R(1, 1, 2), R(2)],
      [DtypeError, R(1, 1, 1), S([[[1]]])], [ArgumentError, R(1, 1, 4), R(1, 1, 2), null, { groups: 0 }],
      [ArgumentError, R(1, 1, 4), R(1, 1, 2), null, { dilation: 'x' }]],
  ],
  conv2d: [
    [[R(2, 2, 3, 3), R(2, 2, 2, 2), optional(2), { padding: [1, 0] }], [R(1, 3, 3), R(2, 1, 2, 2)],
      [R(1, 2, 4, 4), R(2, 1, 2, 1), optional(2), { groups: 2, stride: 2 }],
      [R(1, 1, 3, 3), R(1, 1, 2, 2), null, { padding: 'same', dilation: 2 }], [R(0, 1, 3, 3), R(1, 1, 2, 2)]],
    [[ShapeError, R(3, 3), R(1, 1, 2, 2)], [ShapeError, R(1, 2, 3, 3), R(1, 1, 2, 2)],
      [ShapeError, R(1, 1, 2, 2), R(1, 1, 3, 3)], [ShapeError, R(1, 1, 3, 3), R(2, 2)],
      [ArgumentError, R(1, 1, 3, 3), R(1, 1, 2, 2), null, { stride: [1, 1, 1] }],
      [ArgumentError, R(1, 1, 3, 3), R(1, 1, 2, 2), null, { padding: 'same', stride: 2 }],
      [ShapeError, R(1, 1, 3, 3), R(1, 1, 2, 2), R(2)], [ShapeError, R(1, 2, 3, 3), R(3, 1, 2, 2), null, { groups: 2 }],
      [DtypeError, R(1, 1, 1, 1), S([[[[1]]]])]],
  ],
  convTranspose2d: [
    [[R(1, 2, 2, 2), R(2, 1, 2, 2), optional(1)],
      [R(2, 2, 2), R(2, 1, 2, 2), optional(2), { stride: 2, outputPadding: 1, groups: 2 }],
      [R(1, 1, 3, 3), R(1, 1, 2, 2), null, { padding: 1, dilation: 2 }]],
    [[ShapeError, R(2, 2), R(2, 1, 2, 2)], [ShapeError, R(1, 1, 2, 2), R(2, 1, 2, 2)],
      [ShapeError, R(1, 1, 1, 1), R(1, 1, 1, 1), null, { padding: 1 }],
      [ArgumentError, R(1, 1, 2, 2), R(1, 1, 2, 2), null, { outputPadding: 1 }],
      [ShapeError, R(1, 1, 2, 2), R(1, 1, 2)], [ArgumentError, R(1, 1, 2, 2), R(1, 1, 2, 2), null, { stride: 'x' }]],
  ],
  maxPool1d: pooling(R(1, 2, 5), R(2, 4), [ArgumentError, R(1, 1, 4), 2, { dilation: 0 }]),
  maxPool2d: pooling(R(1, 2, 4, 5), R(2, 4, 4), [ArgumentError, R(1, 1, 4, 4), [2, 2, 2]]),
  avgPool1d: pooling(R(1, 2, 5), R(2, 4), [DtypeError, I([[1, 2, 3]]), 2]),
  avgPool2d: pooling(R(1, 2, 4, 5), R(2, 4, 4), [DtypeError, I([[[1, 2], [3, 4]]]), 2]),
  adaptiveAvgPool2d: [[[R(1, 2, 4, 5), 2], [R(1, 3, 4), [2, null]]], [[ShapeError, R(2, 2), 1],
    [ArgumentError, R(1, 2, 2), -1], [ArgumentError, R(1, 2, 2), 'x'], [ArgumentError, R(1, 2, 2), undefined],
    [ShapeError, R(1, 0, 2), 1], [DtypeError, I([[[1]]]), 1]]],
  convTranspose1d: [
    [[R(1, 2, 3), R(2, 1, 2), optional(1)], [R(2, 3), R(2, 1, 2), optional(2), { stride: 2, outputPadding: 1, groups: 2 }],
      [R(1, 1, 4), R(1, 1, 2), null, { padding: 1, dilation: 2 }]],
    [[ShapeError, R(2), R(2, 1, 2)], [ShapeError, R(1, 1, 2), R(2, 1, 2)],
      [ShapeError, R(1, 1, 1), R(1, 1, 1), null, { padding: 1 }],
      [ArgumentError, R(1, 1, 2), R(1, 1, 2), null, { outputPadding: 1 }],
      [ShapeError, R(1, 1, 2), R(1, 1, 2, 2)], [ArgumentError, R(1, 1, 2), R(1, 1, 2), null, { stride: [1, 1] }]],
  ],
  adaptiveAvgPool1d: adaptive(R(1, 2, 5), R(2, 4), 3),
  adaptiveMaxPool1d: adaptive(R(1, 2, 5), R(2, 4), 3),
  adaptiveMaxPool2d: adaptive(R(1, 2, 4, 5), R(1, 3, 4), [2, null]),
  lpPool2d: [[[P(1, 2, 4, 5), 2, 2], [P(2, 4, 4), 3, [2, 1], { stride: 1 }], [P(1, 1, 3, 3), 1.5, 2, { ceilMode: true }],
    [R(1, 4, 4), 2, 2]],
    [[ShapeError, R(2, 2), 2, 1], [ArgumentError, R(1, 2, 2), 0, 1], [ArgumentError, R(1, 2, 2), 'x', 1],
      [ArgumentError, R(1, 2, 2), 2, 0], [ShapeError, R(1, 2, 2), 2, 3], [DtypeError, I([[[1]]]), 2, 1],
      [ArgumentError, R(1, 2, 2), 2, 1, { padding: 1 }]]],
  'F.unfold': [[[R(2, 2, 3, 4), 2], [R(2, 4, 3), [2, 1], { stride: [2, 1], padding: 1, dilation: 2 }], [R(0, 1, 2, 2), 1]],
    [[ShapeError, R(2, 2), 1], [ShapeError, R(1, 2, 2), 3], [ArgumentError, R(1, 2, 2), 0], [ArgumentError, R(1, 2, 2), 'x'],
      [ArgumentError, R(1, 2, 2), 1, { groups: 1 }], [ArgumentError, R(1, 2, 2), 1, { stride: 0 }]]],
  fold: [[[R(2, 8, 6), [3, 4], 2], [R(4, 10), [4, 3], [2, 1], { stride: [2, 1], padding: 1, dilation: 2 }],
    [R(1, 2), [1, 2], 1]],
    [[ShapeError, R(2), 1, 1], [ShapeError, R(4, 3), [3, 3], 2], [ShapeError, R(3, 4), [3, 3], 2], [ShapeError, R(9, 1), 2, 3],
      [ArgumentError, R(1, 1), 0, 1], [ArgumentError, R(1, 1), 1, 'x'], [ArgumentError, R(1, 1), 1, 1, { groups: 1 }]]],
  interpolate: [
    [[R(1, 2, 3, 2), { size: [2, 5] }], [R(1, 2, 3, 2), { scaleFactor: 1.5 }], [R(1, 2, 3), { size: 5, mode: 'linear' }],
      [R(1, 2, 3, 2), { size: [2, 5], mode: 'bilinear' }], [R(1, 1, 2, 3), { scaleFactor: [2, 0.5], mode: 'bilinear' }],
      [R(1, 2, 3, 2), { size: [5, 1], mode: 'bilinear', alignCorners: true }]],
    [[ShapeError, R(2, 2), { size: 1 }], [ArgumentError, R(1, 2, 2)], [ArgumentError, R(1, 2, 2), { size: 1, scaleFactor: 1 }],
      [ArgumentError, R(1, 2, 2), { size: [1, 2] }], [ArgumentError, R(1, 2, 2), { size: 0 }], [ArgumentError, R(1, 2, 2), { size: 1.5 }],
      [ArgumentError, R(1, 2, 2), { scaleFactor: 'x' }], [ShapeError, R(1, 2, 2), { scaleFactor: 0.2 }],
      [ArgumentError, R(1, 2, 2), { size: 1, mode: 'bilinear' }], [ArgumentError, R(1, 2, 2), { size: 1, mode: 'cubic' }],
      [ArgumentError, R(1, 2, 2), { size: 1, alignCorners: true }], [DtypeError, I([[[1]]]), { size: 1 }]],
  ],
  pixelShuffle: [[[R(1, 8, 2, 3), 2], [R(9, 1, 2), 3], [R(2, 1, 4, 1, 1), 1]], [[ShapeError, R(2, 2), 1], [ShapeError, R(3, 1, 1), 2],
    [ArgumentError, R(4, 1, 1), 0], [ArgumentError, R(4, 1, 1), 'x'], [ArgumentError, R(4, 1, 1), undefined]]],
  pixelUnshuffle: [[[R(1, 2, 4, 2), 2], [R(1, 3, 6), 3]], [[ShapeError, R(2, 2), 1], [ShapeError, R(1, 3, 2), 2],
    [ArgumentError, R(4, 1, 1), 0], [ArgumentError, R(4, 1, 1), undefined]]],
  // layers and losses
  glu: [[[R(4)], [R(2, 3), D(0)], [R(3, 4), D(-1)]], [[ShapeError, R(3)], [ShapeError, R()], [DtypeError, I([1, 2])]]],
  prelu: [[[R(2, 3), R(3)], [R(2, 3, 2), R(3)], [R(2, 3), R(1)], [R(4), R(1)], [R(), R()]], [[ShapeError, R(2, 3), R(2)],
    [ShapeError, R(2, 2), R(2, 1)], [DtypeError, R(2), S([1])], [ShapeError, R(3), R(3)]]],
  rrelu: [[[R(2, 3)], [R(4), { training: true }], [R(4), { lower: -0.5, upper: 0.5, training: true }]],
    [[ArgumentError, R(2), { lower: 1, upper: 0 }], [DtypeError, I([1])], [ArgumentError, R(2), { slope: 1 }]]],
  softmin: onFloats(along, 0),
  gumbelSoftmax: [[[R(2, 3)], [R(3, 2), { tau: 0.5, dim: D(0) }], { args: [R(2, 3), { hard: true }], tolerance: Infinity }],
    [[ArgumentError, R(2), { tau: 0 }], [ArgumentError, R(2), { tau: 'x' }], [DtypeError, I([1])], [ArgumentError, R(2), { p: 1 }]]],
  bilinear: [[[R(2, 3), R(2, 2), R(4, 3, 2), optional(4)], [R(3), R(2), R(1, 3, 2)], [R(2, 1, 3), R(2, 1, 2), R(2, 3, 2)]],
    [[ShapeError, R(2, 3), R(2, 2), R(4, 2, 3)], [ShapeError, R(2, 3), R(1, 2), R(4, 3, 2)], [ShapeError, R(3), R(2), R(3, 2)],
      [ShapeError, R(3), R(2), R(1, 3, 2), R(2)], [DtypeError, R(1), S([1]), R(1, 1, 1)], [ShapeError, R(), R(), R(1, 1, 1)]]],
  localResponseNorm: [[[R(2, 5, 3), 3], [R(1, 4, 2, 2), 2, { alpha: 1, beta: 0.5, k: 2 }]], [[ShapeError, R(2, 2), 1],
    [ArgumentError, R(1, 2, 2), 0], [ArgumentError, R(1, 2, 2), 'x'], [ArgumentError, R(1, 2, 2), undefined],
    [ArgumentError, R(1, 2, 2), 1, { alpha: 'x' }], [ArgumentError, R(1, 2, 2), 1, { gamma: 1 }]]],
  scaledDotProductAttention: [
    [[R(2, 3), R(4, 3), R(4, 2)], [R(2, 1, 3, 2), R(2, 4, 2), R(2, 4, 1), { isCausal: true, scale: 0.5 }],
      { args: [R(2, 3), R(3, 3), R(3, 2)],
        via: (f, q, k, v) => f(q, k, v, { attnMask: B([[true, false, true], [false, false, false]]) }) },
      [R(3, 2), R(2, 2), R(2, 2), { attnMask: optional(3, 2), dropoutP: 0.5 }]],
    [[ShapeError, R(3), R(4, 3), R(4, 2)], [ShapeError, R(2, 2), R(4, 3), R(4, 2)], [ShapeError, R(2, 3), R(4, 3), R(3, 2)],
      [ShapeError, R(2, 2, 3), R(3, 4, 3), R(4, 2)], [DtypeError, R(1, 1), S([[1]]), R(1, 1)],
      [DtypeError, I([[1]]), I([[1]]), I([[1]])], [ArgumentError, R(1, 1), R(1, 1), R(1, 1), { dropoutP: 2 }],
      [ArgumentError, R(1, 1), R(1, 1), R(1, 1), { attnMask: R(1, 1), isCausal: true }],
      [ShapeError, R(2, 3), R(4, 3), R(4, 2), { attnMask: B([[true, false]]) }],
      [DtypeError, R(2, 3), R(4, 3), R(4, 2), { attnMask: S([[1]]) }],
      [ArgumentError, R(1, 1), R(1, 1), R(1, 1), { scale: 'x' }], [ArgumentError, R(1, 1), R(1, 1), R(1, 1), { mask: null }]],
  ],
  batchNorm: [
    [[R(4, 2), null, null, optional(2), optional(2), { training: true }], [R(2, 2, 3), optional(2), P(2), optional(2), optional(2)],
      [R(2, 3, 2, 2), null, null, null, null, { training: true, eps: 0.1 }]],
    [[ShapeError, R(2), null, null], [ShapeError, R(1, 2), null, null, null, null, { training: true }],
      [ArgumentError, R(2, 2), null, null], [ShapeError, R(2, 2), R(3), P(2)], [ShapeError, R(2, 2), R(2), P(2), R(3)],
      [DtypeError, R(2, 2), S([1, 1]), P(2)], [ArgumentError, R(2, 2), R(2), P(2), null, null, { affine: true }],
      [ArgumentError, R(2, 2), R(2), P(2), null, null, { momentum: 'x' }],
      [ArgumentError, R(2, 2), R(2), P(2), null, null, { eps: 'x' }], [DtypeError, I([[1]]), null, null]],
  ],
  instanceNorm: [
    [[R(2, 2, 3)], [R(2, 2, 2, 2), null, null, optional(2), optional(2), { eps: 0.1 }],
      [R(2, 2, 3), R(2), P(2), null, null, { useInputStats: false }]],
    [[ShapeError, R(2, 2)], [ShapeError, R(2, 2, 1)], [ShapeError, R(2, 2, 2), R(3)],
      [ArgumentError, R(2, 2, 2), null, null, null, null, { useInputStats: false }],
      [ArgumentError, R(2, 2, 2), null, null, null, null, { training: false }]],
  ],
  groupNorm: [
    [[R(2, 4), 2], [R(2, 4, 3), 2, optional(4), optional(4), { eps: 0.1 }], [R(1, 2, 2, 2), 1]],
    [[ShapeError, R(2), 1], [ShapeError, R(2, 3), 2], [ArgumentError, R(2, 2), 0], [ArgumentError, R(2, 2), 'x'],
      [ShapeError, R(2, 2), 1, R(1)], [ArgumentError, R(2, 2), 1, null, null, { momentum: 1 }]],
  ],
  layerNorm: [
    [[R(2, 3), 3], [R(2, 3, 2), [3, 2], optional(3, 2), optional(3, 2), { eps: 0.1 }], [R(4), [4], optional(4)]],
    [[ShapeError, R(2, 3), 2], [ShapeError, R(2), [2, 2]], [ShapeError, R(2), []], [ArgumentError, R(2), 'x'],
      [ShapeError, R(2, 3), 3, R(2)], [DtypeError, R(2, 1), 1, S([1])], [ArgumentError, R(2, 2), 2, null, null, { bias: 1 }]],
  ],
  rmsNorm: [
    [[R(2, 3), 3], [R(2, 3, 2), [3, 2], optional(3, 2), { eps: 0.1 }]],
    [[ShapeError, R(2, 3), 2], [ArgumentError, R(2), 'x'], [ShapeError, R(2, 3), 3, R(2)],
      [ArgumentError, R(2, 2), 2, null, { bias: 1 }]],
  ],
  dropout1d: dropping(R(2, 3, 2), [ShapeError, R(2)]),
  dropout2d: dropping(R(2, 3, 2, 1), [ShapeError, R(2, 2, 2)]),
  alphaDropout: dropping(R(2, 3)),
  linear: [[[R(2, 3), R(4, 3), optional(4)], [R(3), R(2, 3)], [R(2, 2, 3), R(1, 3), optional(1)]],
    [[ShapeError, R(2, 3), R(4, 2)], [ShapeError, R(2, 3), R(4, 3), R(3)], [DtypeError, R(2, 2), S([[1, 2]])]]],
  dropout: [[[R(2, 3)], [R(4), { p: 0.3 }], [R(4), { training: false }], [R(2), { p: 1 }]],
    [[ArgumentError, R(2), { p: 2 }], [ArgumentError, R(2), { p: -0.1 }]]],
  mseLoss: [[[R(2, 3), R(2, 3)], [R(3), R(3), { reduction: 'sum' }], [R(3), R(3), { reduction: 'none' }]],
    [[ShapeError, R(2), R(3)], [ArgumentError, R(2), R(2), { reduction: 'avg' }]]],
  crossEntropy: [
    [[R(2, 3), I([2, 0])], [R(3), I(1)], [R(2, 3, 2), I([[0, 1], [2, 2]]), { reduction: 'sum' }],
      [R(2, 3), I([1, -100]), { labelSmoothing: 0.1, reduction: 'none' }], [R(2, 3), P(2, 3)]],
    [[ShapeError, R(2, 3), I([0, 1, 2])], [IndexError, R(2, 3), I([0, 3])],
      [ArgumentError, R(2, 3), I([0, 1]), { reduction: 'avg' }],
      [ArgumentError, R(2, 3), I([0, 1]), { labelSmoothing: 2 }]],
  ],
  nllLoss: [[[R(2, 3), I([2, 0])], [R(3), I(1)], [R(2, 3), I([2, -100]), { reduction: 'sum' }]],
    [[ShapeError, R(2, 3), I([0, 1, 2])], [IndexError, R(2, 3), I([0, 3])], [DtypeError, R(2, 3), S([0, 1])],
    [ArgumentError, R(2, 3), I([0, 1]), { reduction: 'avg' }]]],
  binaryCrossEntropyWithLogits: [[[R(2, 3), P(2, 3)], [R(3), P(3), { reduction: 'sum' }]], [[ShapeError, R(2), P(3)],
    [ArgumentError, R(2), P(2), { reduction: 'avg' }]]],
  l1Loss: loss(R(2, 3), R(2, 3), [{}]),
  smoothL1Loss: loss(R(2, 3), new Real([2, 3], 5, 7), [{ beta: 0.5 }, { beta: 0 }, { beta: 20 }],
    [ArgumentError, R(2), R(2), { beta: -1 }]),
  huberLoss: loss(R(2, 3), new Real([2, 3], 5, 7), [{ delta: 0.5 }, { delta: 20 }], [ArgumentError, R(2), R(2), { delta: 0 }]),
  binaryCrossEntropy: loss(U(2, 3), U(2, 3), [{ weight: optional(3) }], [ShapeError, U(2), U(2), { weight: R(3) }]),
  klDiv: loss(R(2, 3), U(2, 3), [{ logTarget: true }, { reduction: 'batchmean' }], [ShapeError, R(), U(), { reduction: 'batchmean' }]),
  poissonNllLoss: loss(P(2, 3), P(2, 3), [{ logInput: false, eps: 0.1 }], [ArgumentError, R(2), R(2), { eps: 0 }]),
  gaussianNllLoss: [[[R(2, 3), R(2, 3), P(2, 3)], [R(2, 3), R(2, 3), P(2, 1), { full: true }],
    [R(2, 3), R(2, 3), P(2), { reduction: 'none' }]], [[ShapeError, R(2, 3), R(2, 3), P(3)], [ShapeError, R(2), R(3), P(2)],
    [ArgumentError, R(2), R(2), P(2), { eps: 0 }], [ArgumentError, R(2), R(2), P(2), { reduction: 'batchmean' }]]],
  softMarginLoss: loss(R(2, 3), R(2, 3), [{}]),
  multiMarginLoss: [
    [[R(2, 3), I([2, 0])], [R(3), I(1), { p: 2, margin: 0.5 }], [R(2, 3), I([1, 1]), { weight: optional(3), reduction: 'none' }]],
    [[ShapeError, R(2, 3), I([0, 1, 2])], [IndexError, R(2, 3), I([0, 3])], [IndexError, R(2, 3), I([0, -1])],
      [ArgumentError, R(3), I(0), { p: 3 }], [ShapeError, R(3), I(0), { weight: R(2) }], [ArgumentError, R(3), I(0), { margin: 'x' }]],
  ],
  multilabelMarginLoss: [[[R(2, 3), I([[2, -1, 0], [0, 1, -1]])], [R(3), I([1, 1, 2]), { reduction: 'none' }]],
    [[ShapeError, R(2, 3), I([0, 1, 2])], [IndexError, R(3), I([0, 3, -1])], [ShapeError, R(), I(0)]]],
  multilabelSoftMarginLoss: loss(R(2, 3), U(2, 3), [{ weight: optional(3) }], [ShapeError, R(), U()],
    [ShapeError, R(2, 3), U(2, 3), { weight: R(2) }]),
  hingeEmbeddingLoss: [[[R(4), S([1, -1, 1, -1]).double()], [R(2), S([1, -1]).double(), { margin: 0.5, reduction: 'none' }]],
    [[ShapeError, R(2), S([1])], [ArgumentError, R(1), S([1]), { margin: 'x' }]]],
  cosineEmbeddingLoss: [[[R(2, 3), R(2, 3), S([1, -1])], [R(3), R(3), S(1), { margin: -1, reduction: 'sum' }]],
    [[ShapeError, R(2, 3), R(2, 3), S([1])], [ShapeError, R(2, 3), R(3), S([1])], [ShapeError, R(), R(), S(1)],
    [ArgumentError, R(3), R(3), S(1), { margin: 'x' }]]],
  marginRankingLoss: [[[R(4), R(4), S([1, -1, 1, -1])], [R(2), R(2), S([1, -1]), { margin: 5, reduction: 'none' }]],
    [[ShapeError, R(2), R(2), S([1])], [ShapeError, R(2), R(1), S([1, 1])], [ArgumentError, R(1), R(1), S([1]), { margin: 'x' }]]],
  tripletMarginLoss: [[[R(2, 3), P(2, 3), R(2, 3)], [R(2, 3), P(2, 3), R(2, 3), { p: 1, margin: 5, eps: 0, swap: true }],
    [R(3), P(3), R(3), { reduction: 'none', margin: 9 }]], [[ShapeError, R(2, 3), R(2, 3), R(3)], [ShapeError, R(2), R(3), R(2)],
    [ArgumentError, R(2), R(2), R(2), { margin: 'x' }], [ArgumentError, R(2), R(2), R(2), { p: 'x' }]]],
  normalize: [[[R(2, 3)], [R(2, 3), { p: 1, dim: D(0), eps: 0.1 }]], [[IndexError, R(3)], [DtypeError, I([[1]])],
    [ArgumentError, R(2, 3), { p: 'x' }], [ArgumentError, R(2, 3), { order: 2 }]]],
  cosineSimilarity: [[[R(2, 3), R(2, 3)], [R(2, 3), R(3), { dim: D(-1) }], [R(2, 1, 2), R(3, 2), { dim: 2, eps: 0.1 }]],
    [[ShapeError, R(2, 3), R(2, 2)], [IndexError, R(2), R(2)], [DtypeError, R(1, 1), S([[1]])],
    [ArgumentError, R(2, 3), R(2, 3), { p: 1 }]]],
  pairwiseDistance: [[[R(2, 3), R(2, 3)], [R(2, 3), R(3), { p: 1, keepdim: true }], [R(3), R(3), { p: 3, eps: 0.1 }]],
    [[ShapeError, R(2, 3), R(2, 2)], [ShapeError, R(), R()], [DtypeError, R(1, 1), S([[1]])],
    [ArgumentError, R(2, 3), R(2, 3), { dim: 1 }], [ArgumentError, R(2), R(2), { p: 'x' }]]],
  hingeLoss: [[[R(4), S([1, -1, 1, -1]).double()]], [[ShapeError, R(2), S([1, -1, 1]).double()]]],
  // dtype
  to: [[[R(2, 3), 'float64'], { args: [R(2, 3), 'float32'], tolerance: 1e-3 }, [R(3), 'int32'], [R(3), 'bool']],
    [[ArgumentError, R(2), 'float16'], [ArgumentError, R(2), undefined]]],
  float: [[{ args: [R(2, 3)], tolerance: 1e-3 }], []],
  double: [[[R(2, 3)]], []],
  int: [[[R(3)]], []],
  bool: [[[R(3)]], []],
  clone: [[[R(2, 3)], [R()], [R(0)]], []],
  // creation and draws
  tensor: [[[[[1, 2], [3, 4]]], [5], [[true, false]], [[]], [new Float64Array([1, 2])], [[1, 2], { dtype: 'int32' }]],
    [[ShapeError, [[1], [1, 2]]], [ShapeError, [1, [2]]], [DtypeError, 'x'], [DtypeError, [undefined]],
    [DtypeError, undefined], [DtypeError, null], [DtypeError, {}], [ArgumentError, [1], { dtype: 'float16' }],
    [DtypeError, [1], { dtype: 'int32', requiresGrad: true }]]],
  zeros: creating,
  ones: creating,
  full: [[[[2, 3], 1.5], [[], 2], [[0], 1, { dtype: 'bool' }]], [[ShapeError, [-1], 0], [ArgumentError, [1.5], 0],
    [ArgumentError, [2], 'x'], [ArgumentError, [2], undefined], [ArgumentError, undefined, 1],
    [ArgumentError, [2], 1, { dtype: 'float16' }]]],
  eye: [[[3], [2, 3], [2, { dtype: 'int32' }], [0]], [[ShapeError, -1], [ArgumentError, 1.5], [ArgumentError, 'x'],
    [ArgumentError, undefined]]],
  arange: [[[3], [1, 4], [0, 1, 0.25], [5, 0, -2], [3, { dtype: 'float64' }]], [[ArgumentError, 0, 1, 0],
    [ArgumentError, 0, 1, -1], [ArgumentError, Infinity], [ArgumentError, 'x'], [ArgumentError],
    [ArgumentError, Number.NaN]]],
  linspace: [[[0, 1, 5], [0, 1, 1], [0, 1, 0], [1, 0, 3, { dtype: 'float64' }]], [[ShapeError, 0, 1, -1],
    [ArgumentError, 0, 1, 1.5], [ArgumentError, 0, 1], [ArgumentError, 'x', 1, 2]]],
  zerosLike: like,
  onesLike: like,
  fullLike: [[[R(2, 3), 2], [R(), 1, { dtype: 'int32' }]], [[ArgumentError, R(2), 'x'], [ArgumentError, R(2)]]],
  rand: drawing,
  randn: drawing,
  randLike: [like[0], [...like[1], [DtypeError, I([1])]]],
  randnLike: [like[0], [...like[1], [DtypeError, I([1])]]],
  randint: [[[0, 5, [2, 3]], [-1, 1, []]], [[ArgumentError, 5, 5, [2]], [ArgumentError, 0.5, 2, [2]],
    [ArgumentError, 0, 5, undefined], [ShapeError, 0, 5, [-1]]]],
  randperm: [[[5], [0]], [[ShapeError, -1], [ArgumentError, 1.5], [ArgumentError, undefined]]],
  bernoulli: [[[new Real([2, 3], 0, 1)]], [[ArgumentError, new Real([3], 2, 3)], [DtypeError, I([1])]]],
}

/** THE LIST. */
export const ops: readonly Op[] = [...new Set([...Object.keys(pointwise), ...Object.keys(others)])].map(name => {
  const [uses, misuses] = [
    ...(pointwise[name] ? [pointwise[name]] : []),
    ...(others[name] ? [others[name]] : []),
  ].reduce(([a, b], [c, d]) => [
    [...a, ...c],
    [...b, ...d],
  ])
  return { name, uses: uses.map(use => (Array.isArray(use) ? { args: use } : (use as Use))), misuses }
})

/** What the root, F and Tensor have beside ops, and why it is not in the list. */
export const NOT_OPS: Readonly<Record<string, string>> = {
  define: 'adds a row to the table',
  codegen: 'the switch of code generation',
  fma: 'the switch of fused multiply-add',
  slice: 'makes an index',
  grad: 'transforms',
  valueAndGrad: 'transforms',
  vjp: 'transforms',
  jvp: 'transforms',
  jacrev: 'transforms',
  jacfwd: 'transforms',
  hessian: 'transforms',
  hvp: 'transforms',
  checkpoint: 'transforms',
  custom: 'transforms',
  partials: 'transforms',
  noGrad: 'modes',
  diagnose: 'training',
  observe: 'modes',
  detectAnomaly: 'modes',
  compile: 'programs',
  live: 'programs',
  threads: 'programs',
  fixed: 'programs',
  loaded: 'programs',
  stored: 'programs',
  loadedGrad: 'programs',
  storedGrad: 'programs',
  gradcheck: 'the checker',
  compareGradients: 'the checker',
  manualSeed: 'generators',
  defaultGenerator: 'generators',
  apply: 'the door',
  holding: 'the door',
  moved: 'programs',
  restorer: 'programs',
  assign: 'changes a leaf',
  backward: 'reverse mode',
  detach: 'leaves the graph',
  requiresGrad_: 'leaves',
  retainGrad: 'hooks',
  registerHook: 'hooks',
  size: 'a number',
  item: 'a number',
  toArray: 'numbers',
  toJSON: 'numbers',
  toString: 'text',
  equal: 'a boolean',
  allclose: 'a boolean',
}
