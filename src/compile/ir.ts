// A program between recording and code: arrays, how they are read, and the kernels that make them.
import type { DType, NDArray, Shape } from '../backend/array.ts'
import type { Batch } from '../backend/batch.ts'
import type { Fold } from '../backend/stream.ts'
import type { Module } from '../backend/wasm/assembler.ts'
import type { Width } from '../backend/wasm/vector.ts'
import { type Expr, rewrite } from '../engine/expr.ts'
import type { Act, Source } from './record.ts'

/** An array of the program, dense, at one place. */
export interface Buffer {
  readonly id: number
  readonly dtype: DType
  readonly length: number
  /** Where it comes from when no kernel makes it. */
  readonly source: Source | null
}

/** Reading an array: which element comes first, and how far apart two neighbours along each dimension lie. */
export interface Access {
  readonly buffer: Buffer
  readonly offset: number
  readonly strides: readonly number[]
}

/** A pointwise program for each element of a shape; operands in the expression are numbered as `args`. */
export interface MapNode {
  readonly kind: 'map'
  readonly name: string
  readonly shape: Shape
  readonly width: Width
  readonly expr: Expr
  readonly args: readonly Access[]
  readonly out: Buffer
}
/** The same, folded over some dimensions. */
export interface FoldNode {
  readonly kind: 'fold'
  readonly name: string
  readonly shape: Shape
  readonly folded: readonly boolean[]
  readonly fold: Fold
  readonly width: Width
  readonly expr: Expr
  readonly args: readonly Access[]
  readonly out: Buffer
}
/** Arrays written into parts of one, zeros elsewhere. */
export interface PlaceNode {
  readonly kind: 'place'
  readonly name: string
  readonly parts: readonly {
    readonly from: Access
    readonly shape: Shape
    readonly offset: number
    readonly strides: readonly number[]
  }[]
  /** Whether there is an elsewhere. */
  readonly zero: boolean
  readonly out: Buffer
}
/** Elements of an array, seen from where a kernel's address for it is: the first one, and between which all lie. */
export interface Extent {
  readonly at: number
  readonly from: number
  readonly to: number
}
/** A thread's part of a kernel: its function, and what it touches of the output and of each input. */
export interface Part {
  readonly emit: (module: Module, fused: boolean) => number
  readonly extents: readonly Extent[]
}
/** A kernel of its own, in WebAssembly a function of the addresses of its output, its inputs and, if it wants some, scratch. */
export interface CallNode {
  readonly kind: 'call'
  readonly name: string
  /** What it does, for who does it otherwise; of a product also how its factors are read. */
  readonly act: Act
  readonly product?: Batch
  readonly width: Width
  readonly emit: (module: Module, fused: boolean) => number
  readonly inputs: readonly Access[]
  readonly out: Buffer
  /** Bytes of scratch; null for a kernel that takes none. */
  readonly scratch: number | null
  readonly flops: number
  /** The same in so many parts at most, each of them for a thread: no number is computed in another way. */
  readonly split?: (parts: number) => readonly Part[]
}
/** An op run by JavaScript, or by what that calls. */
export interface HostNode {
  readonly kind: 'host'
  readonly name: string
  readonly inputs: readonly (Access | number)[]
  /** The shape of each input that is an array, and of the result. */
  readonly shapes: readonly Shape[]
  readonly shape: Shape
  readonly out: Buffer
  readonly run: (out: NDArray, inputs: readonly (NDArray | number)[]) => void
  /** Whether it can fail, which must leave everything as it was. */
  readonly fails: boolean
  /** Whether `run` adds to zeros. */
  readonly zero: boolean
  /** What it draws from. */
  readonly generator: unknown
  readonly flops: number
}
/** Something to find out before anything is changed. */
export interface CheckNode {
  readonly kind: 'check'
  readonly name: string
  readonly inputs: readonly Access[]
  readonly check: (data: ArrayLike<number>) => void
}
export type Node = MapNode | FoldNode | PlaceNode | CallNode | HostNode | CheckNode

/**
 * In which registers something of that many elements is computed: float64 where the result is, where an operand is that
 * has not been worked into single numbers already, and where float32 could not hold a whole number or would compare
 * what it has rounded.
 */
export function widthOf(args: readonly Access[], { dtype }: Pick<Buffer, 'dtype'>, elements: number): Width {
  if (dtype === 'float64' || dtype === 'int32' || args.some(x => x.buffer.dtype === 'int32')) return 8
  const single = ({ strides }: Access): boolean => elements > 1 && dtype !== 'bool' && strides.every(s => s === 0)
  return args.some(x => x.buffer.dtype === 'float64' && !single(x)) ? 8 : 4
}

/** What a node reads. */
export const reads = (node: Node): readonly Access[] =>
  node.kind === 'map' || node.kind === 'fold'
    ? node.args
    : node.kind === 'place'
      ? node.parts.map(({ from }) => from)
      : (node.inputs.filter(x => typeof x !== 'number') as Access[])
export const written = (node: Node): Buffer | null => (node.kind === 'check' ? null : node.out)

/** A number as an array of that dtype holds it. */
export const held = (value: number, dtype: DType): number =>
  dtype === 'float32' ? Math.fround(value) : dtype === 'bool' ? +(value !== 0) : dtype === 'int32' ? value | 0 : value

/** What tells one way of reading from another. */
export const keyOf = ({ buffer, offset, strides }: Access): string => `${buffer.id}:${offset}:${strides.join(' ')}`

/** The place of an operand in a list, added when it is not there. */
export function argument(args: Access[], access: Access): number {
  const key = keyOf(access)
  const at = args.findIndex(x => keyOf(x) === key)
  return at >= 0 ? at : args.push(access) - 1
}

/** The expression with its operands in place; a factor 1 changes nothing. */
export function substituted(expr: Expr, operands: readonly Expr[]): Expr {
  const replaced = rewrite(expr, x => (x.op === 'input' ? operands[x.value] : undefined))
  return simplified(replaced)
}
const isOne = (x: Expr | undefined): boolean => x?.op === 'const' && x.value === 1
function simplified(expr: Expr): Expr {
  const made = new Map<Expr, Expr>()
  const walk = (x: Expr): Expr => {
    let known = made.get(x)
    if (known) return known
    const inputs = x.inputs.map(walk)
    const [a, b] = inputs
    if (x.op === 'mul' && isOne(b)) known = a as Expr
    else if (x.op === 'mul' && isOne(a)) known = b as Expr
    else if (x.op === 'div' && isOne(b)) known = a as Expr
    else
      known = inputs.length === 0 || inputs.every((y, i) => y === x.inputs[i]) ? x : x.apply(x.op as never, ...inputs)
    made.set(x, known)
    return known
  }
  return walk(expr)
}
