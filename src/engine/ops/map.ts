// The pointwise kind: one primitive for every expression, with broadcasting.
import type { DType } from '../../backend/array.ts'
import { apply, isTensor, type Operand, type Primitive } from '../apply.ts'
import { Pointwise } from '../pointwise.ts'
import type { OpName } from '../prims.ts'
import { broadcast, numel } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { each, isFloat } from './kind.ts'
import { sumTo } from './linear.ts'

const rank: Record<DType, number> = { bool: 0, int32: 1, float32: 2, float64: 3 }
const byRank: readonly DType[] = ['bool', 'int32', 'float32', 'float64']
const category = (r: number): number => Math.min(r, rank.float32)

/**
 * The dtype that operands meet in: the tensors' widest. 0-d tensors, and after them numbers, only count when they
 * are of a higher category (bool < integer < float), as in PyTorch.
 */
export function promoted(xs: readonly Operand[]): DType {
  const widest = [-1, -1, -1]
  for (const x of xs) {
    const level = isTensor(x) ? (x.ndim > 0 ? 0 : 1) : 2
    const own = isTensor(x) ? rank[x.dtype] : Number.isInteger(x) ? rank.int32 : rank.float32
    widest[level] = Math.max(widest[level] as number, own)
  }
  let result = -1
  for (const own of widest) if (category(own) > category(result)) result = own
  return byRank[result] as DType
}

export const map: Primitive<Pointwise> = {
  name: op => op.name,
  infer(op, xs) {
    const dtype = op.type === 'bool' ? 'bool' : promoted(op.conditions > 0 ? xs.slice(op.conditions) : xs)
    return {
      shape: broadcast(op.name, xs),
      dtype: op.type === 'float' && !isFloat(dtype) ? 'float32' : dtype,
    }
  },
  flops: (op, _, { shape }) => op.operations * numel(shape),
  run: (op, out, xs) => op.loop(out.dtype)(out, xs),
  differentiable: (op, i, xs) => isTensor(xs[i] as Operand) && isFloat((xs[i] as Tensor).dtype) && op.flows(i),
  reads: (op, i) => op.vjp(i)?.stored ?? [],
  vjp: (op, g, wanted, xs, out) =>
    each(wanted, i => {
      const derived = op.vjp(i)
      return derived && sumTo(mapped(derived.op, select(derived.reads, [...xs, out, g])), xs[i] as Tensor)
    }),
  jvp(op, dx, xs, out) {
    const derived = op.jvp(dx.map(t => t !== null))
    if (!derived) return null
    const tangent = mapped(derived.op, select(derived.reads, [...xs, out, ...dx.filter(t => t !== null)]))
    return tangent.expand(out.shape).to(out.dtype)
  },
}

const select = (reads: readonly number[], all: readonly Operand[]): Operand[] => reads.map(k => all[k] as Operand)

/** Applies a pointwise op to tensors and numbers, broadcast against each other. */
export const mapped = (op: Pointwise, xs: readonly Operand[]): Tensor => apply(map, op, xs)

/**
 * Applies the table's op of that name. A number meets float32 tensors as float32, or 0.1 would not equal a tensor's
 * 0.1.
 */
export function pointwise(name: OpName, ...xs: Operand[]): Tensor {
  const round = xs.some(x => typeof x === 'number') && promoted(xs) === 'float32'
  return mapped(Pointwise.named(name), round ? xs.map(x => (typeof x === 'number' ? Math.fround(x) : x)) : xs)
}
