// The kinds of tensor primitive: a primitive's kind supplies both modes. (The pointwise kind is map.ts.)
import type { DType, NDArray } from '../../backend/array.ts'
import { apply, type Operand, type Primitive, type Spec } from '../apply.ts'
import { operand } from '../argument.ts'
import { DtypeError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import { zerosOf } from './create.ts'

interface Computation<P> {
  readonly infer: (p: P, ...xs: Tensor[]) => Spec
  readonly run: (p: P, out: NDArray, ...xs: NDArray[]) => void
  readonly flops?: (p: P, out: Pick<Spec, 'shape'>, ...xs: Pick<Spec, 'shape'>[]) => number
}

export const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float64'

const fromTensors = <P>({ infer, run, flops }: Computation<P>): Pick<Primitive<P>, 'infer' | 'run' | 'flops'> => ({
  infer: (p: P, xs: readonly Operand[]) => infer(p, ...(xs as Tensor[])),
  run: (p: P, out: NDArray, xs: readonly (NDArray | number)[]) => run(p, out, ...(xs as NDArray[])),
  ...(flops && { flops: (p, xs, out) => flops(p, out, ...(xs as Pick<Spec, 'shape'>[])) }),
})

/** The parameters of a primitive that is several ops, which it is called after. */
export interface Named {
  readonly name: string
}
/** Parameters for the transpose of such a primitive; the transpose's transpose is the op again. */
export const backwards = <P extends Named>(p: P): P => ({
  ...p,
  name: p.name.endsWith('Backward') ? p.name.slice(0, -'Backward'.length) : `${p.name}Backward`,
})

/** One cotangent for each operand that is wanted. */
export const each = (wanted: readonly boolean[], cotangent: (i: number) => Tensor | null): (Tensor | null)[] =>
  wanted.map((yes, i) => (yes ? cotangent(i) : null))

/**
 * A linear map of its float operands, declared with its transpose: the jvp is the map itself, the vjp its transpose.
 * Operands of other dtypes (indices) are fixed. `transpose` gives the cotangent of operand i; of the operands it may
 * use shape and dtype, and the values of those listed in `reads`.
 */
export function linear<P>(
  name: Primitive<P>['name'],
  c: Computation<P> & {
    readonly transpose: (p: P, g: Tensor, i: number, ...xs: Tensor[]) => Tensor
    readonly reads?: readonly number[]
  },
): Primitive<P> {
  const prim: Primitive<P> = {
    name,
    ...fromTensors(c),
    differentiable: (_p, i, xs) => isFloat((xs[i] as Tensor).dtype),
    reads: () => c.reads ?? [],
    vjp: (p, g, wanted, xs) => each(wanted, i => c.transpose(p, g, i, ...(xs as Tensor[]))),
    jvp: (p, dx, xs) =>
      apply(
        prim,
        p,
        xs.map((x, i) => dx[i] ?? (isFloat((x as Tensor).dtype) ? zerosOf(x as Tensor) : x)),
      ),
  }
  return prim
}

/** A bilinear map f(a, b), declared with its two transposes, each of the same family. */
export function bilinear<P>(
  name: Primitive<P>['name'],
  c: Computation<P> & {
    /** The cotangents of a (from g, b and a's spec) and of b (from g, a and b's spec). */
    readonly transposes: readonly [
      (p: P, g: Tensor, b: Tensor, a: Spec) => Tensor,
      (p: P, g: Tensor, a: Tensor, b: Spec) => Tensor,
    ]
  },
): Primitive<P> {
  const prim: Primitive<P> = {
    name,
    ...fromTensors(c),
    differentiable: () => true,
    reads: (_p, i) => [1 - i],
    vjp: (p, g, wanted, xs) => each(wanted, i => c.transposes[i as 0 | 1](p, g, xs[1 - i] as Tensor, xs[i] as Tensor)),
    jvp: (p, [da, db], [a, b]) => {
      const left = da ? apply(prim, p, [da, b as Tensor]) : null
      const right = db ? apply(prim, p, [a as Tensor, db]) : null
      return left && right ? left.add(right) : (left ?? right)
    },
  }
  return prim
}

/** A map with hand-written rules, for stability or speed. `reads` lists what the vjp reads; the number of operands is the output. */
export function custom<P>(
  name: Primitive<P>['name'],
  c: Computation<P> & {
    readonly reads: readonly number[]
    readonly vjp: (p: P, g: Tensor, i: number, out: Tensor, ...xs: Tensor[]) => Tensor | null
    readonly jvp: (p: P, dx: readonly (Tensor | null)[], out: Tensor, ...xs: Tensor[]) => Tensor | null
  },
): Primitive<P> {
  return {
    name,
    ...fromTensors(c),
    differentiable: (_p, i, xs) => isFloat((xs[i] as Tensor).dtype),
    reads: () => c.reads,
    vjp: (p, g, wanted, xs, out) => each(wanted, i => c.vjp(p, g, i, out, ...(xs as Tensor[]))),
    jvp: (p, dx, xs, out) => c.jvp(p, dx, out, ...(xs as Tensor[])),
  }
}

/** What has no derivative: indices, comparisons of whole tensors, draws. Routers are a choice, then a gather. */
export function choice<P>(name: Primitive<P>['name'], c: Computation<P>): Primitive<P> {
  return {
    name,
    ...fromTensors(c),
    differentiable: () => false,
    reads: () => [],
    vjp: (_p, _g, wanted) => each(wanted, () => null),
    jvp: () => null,
  }
}

/** @throws DtypeError when x is not a float tensor */
export function floats(op: string, x: Tensor): Tensor {
  if (!isFloat(operand(op, x).dtype))
    throw new DtypeError(`${op}: needs a float tensor, not ${x.dtype}. Did you mean x.float()?`)
  return x
}

/** @throws DtypeError when x is not an integer tensor */
export function integers(op: string, x: Tensor): Tensor {
  if (operand(op, x).dtype !== 'int32')
    throw new DtypeError(`${op}: indices are int32, not ${x.dtype}. Did you mean x.int()?`)
  return x
}
