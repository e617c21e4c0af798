// Which recorded op becomes which kernel. What is not here is run by JavaScript, as eagerly.
import { type DType, type NDArray, type Shape, stridesOf, type TypedArray } from '../backend/array.ts'
import { type Blas, LARGE, type Product } from '../backend/blas.ts'
import type { Fold } from '../backend/stream.ts'
import type { Module } from '../backend/wasm/assembler.ts'
import { batched } from '../backend/wasm/batch.ts'
import { conv, convInput, convScratch, convWeight } from '../backend/wasm/convolution.ts'
import { gemmScratch } from '../backend/wasm/gemm.ts'
import { averages, averagesAdd, maxima } from '../backend/wasm/pooling.ts'
import { argbest, cumsum, logSoftmax, logsumexp, softmax } from '../backend/wasm/rows.ts'
import { select, selectAdd } from '../backend/wasm/selection.ts'
import type { Width } from '../backend/wasm/vector.ts'
import { nameOf, type Primitive } from '../engine/apply.ts'
import { Expr } from '../engine/expr.ts'
import { convInputPrim, convPrim, convWeightPrim } from '../engine/ops/convolution.ts'
import { castPrim, catPrim, expandPrim, permutePrim, sumPrim, unviewPrim, viewPrim } from '../engine/ops/linear.ts'
import { map } from '../engine/ops/map.ts'
import { averagesAddPrim, averagesPrim, maximaPrim } from '../engine/ops/pool.ts'
import { matmulPrim } from '../engine/ops/product.ts'
import { argPrim, cumsumPrim, extremePrim, logSoftmaxPrim, logsumexpPrim, softmaxPrim } from '../engine/ops/reduce.ts'
import { inside, positionPrim, selectAddPrim, selectPrim } from '../engine/ops/selection.ts'
import { split3 } from '../engine/shape.ts'
import { type Access, type CallNode, type HostNode, held, widthOf } from './ir.ts'
import type { Lowering } from './lower.ts'
import type { Act, Use } from './record.ts'
import { lines, product } from './threads/split.ts'

/** Says what becomes of an act, adding nodes if it has to be computed; false when JavaScript is to run it. */
type Rule<P> = (lowering: Lowering, act: Act & { readonly p: P }) => boolean

export const rules = new Map<Primitive<unknown>, Rule<unknown>>()
/** Says what becomes of a primitive. */
function rule<P>(prim: Primitive<P>, f: Rule<P>): void {
  rules.set(prim as Primitive<unknown>, f as Rule<unknown>)
}

const widths: Partial<Record<DType, Width>> = { float32: 4, float64: 8 }
const widthOfAct = ({ out }: Act): Width | undefined => widths[out.slot.dtype]
/** Is there nothing to compute, or nothing to compute it from? Kernels may count on elements. */
const isEmpty = ({ inputs, out }: Act): boolean =>
  out.slot.length === 0 || inputs.some(x => typeof x !== 'number' && x.slot.length === 0)
const uses = (act: Act): readonly Use[] => act.inputs as readonly Use[]

// what is one op for each element

rule(map, (lowering, act) => lowering.map(act, act.p.expr))
rule(castPrim, (lowering, act) => {
  const x = Expr.input(0)
  return lowering.map(act, act.p === 'bool' ? x.ne(0) : x)
})

// what is only another way to read

/** A number stays one, however its array is read; anything else is a view. */
function reading(lowering: Lowering, act: Act, view: (x: Use) => Access): boolean {
  const [x] = uses(act) as [Use]
  const value = lowering.number(x)
  lowering.define(
    act,
    value !== null ? { kind: 'number', value } : { kind: 'view', access: view(x), shape: act.out.shape },
  )
  return true
}
rule(expandPrim, (lowering, act) => reading(lowering, act, x => lowering.spread(x, act.out.shape)))
rule(permutePrim, (lowering, act) =>
  reading(lowering, act, x => {
    const { buffer, offset, strides } = lowering.read(x)
    return { buffer, offset, strides: act.p.map(d => strides[d] as number) }
  }),
)
rule(viewPrim, (lowering, act) =>
  reading(lowering, act, x => {
    const { offset, strides } = act.p.view
    return { buffer: lowering.dense(x), offset, strides }
  }),
)

// what folds

function folds(lowering: Lowering, act: Act, fold: Fold, dims: readonly number[]): boolean {
  const [x] = uses(act) as [Use]
  const counts = act.out.slot.dtype === 'int32' && x.slot.dtype === 'bool'
  if (!widthOfAct(act) && !counts) return false
  const value = lowering.number(x)
  if (value !== null && fold === 'sum' && widthOfAct(act)) {
    const n = x.slot.length / Math.max(1, act.out.slot.length)
    lowering.define(act, { kind: 'number', value: held(n === 0 ? 0 : value * n, act.out.slot.dtype) })
    return true
  }
  const access = lowering.read(x)
  const out = lowering.result(act)
  const folded = x.shape.map((_, d) => dims.includes(d))
  const name = nameOf(act.prim, act.p)
  lowering.nodes.push({
    kind: 'fold',
    name,
    shape: x.shape,
    folded,
    fold,
    width: widthOf([access], out, x.slot.length),
    expr: Expr.input(0),
    args: [access],
    out,
  })
  return true
}
rule(sumPrim, (lowering, act) => folds(lowering, act, 'sum', act.p.dims))
rule(extremePrim, (lowering, act) => folds(lowering, act, act.p.sign > 0 ? 'amax' : 'amin', act.p.dims))

rule(matmulPrim, (lowering, act) => {
  const width = widthOfAct(act)
  if (!width || isEmpty(act)) return false
  const [left, right] = uses(act).map(x => ({ access: lowering.read(x), shape: x.shape })) as [Matrix, Matrix]
  const { ta, tb } = act.p
  const batch = act.out.shape.slice(0, -2)
  const [m, n] = act.out.shape.slice(-2) as [number, number]
  const k = left.shape.at(ta ? -2 : -1) as number
  const a = matrix(left, batch, ta)
  const b = matrix(right, batch, tb)
  const flops = flopsOf(act)
  const { library } = lowering.target
  const [ldA, ldB] = [leading(a, m, k), leading(b, k, n)]
  if (library && m * n * k >= LARGE && ldA && ldB) {
    const product: Product = {
      m,
      n,
      k,
      transposeA: ldA.transposed,
      transposeB: ldB.transposed,
      ldA: ldA.ld,
      ldB: ldB.ld,
    }
    const places = eachOf(batch, [a.batch, b.batch])
    lowering.nodes.push({
      kind: 'host',
      name: `${nameOf(act.prim, act.p)} (${library.name})`,
      inputs: [left.access, right.access],
      shapes: [[left.access.buffer.length], [right.access.buffer.length]],
      shape: act.out.shape,
      out: lowering.result(act),
      run: native(library, product, places, left.access.offset, right.access.offset),
      fails: false,
      zero: false,
      generator: null,
      flops,
    })
    return true
  }
  const spec = {
    sizes: batch,
    m,
    n,
    k,
    a: { batch: a.batch, row: a.row, step: a.column },
    b: { batch: b.batch, step: b.row, column: b.column },
  }
  lowering.nodes.push({
    kind: 'call',
    name: nameOf(act.prim, act.p),
    act,
    product: spec,
    width,
    emit: (module, fused) => batched(module, width, fused, spec),
    inputs: [left.access, right.access],
    out: lowering.result(act),
    scratch: gemmScratch(width, m, n, k),
    flops,
    split: product(width, spec),
  })
  return true
})
interface Matrix {
  readonly access: Access
  readonly shape: Shape
}
/** How the matrices of a batch are read. */
function matrix({ access, shape }: Matrix, batch: Shape, transposed: boolean) {
  const { strides } = access
  const skip = batch.length - (shape.length - 2)
  const [row, column] = strides.slice(-2) as [number, number]
  return {
    batch: batch.map((_, d) => (d < skip || shape[d - skip] === 1 ? 0 : (strides[d - skip] as number))),
    row: transposed ? column : row,
    column: transposed ? row : column,
  }
}

/** How a library reads a matrix: the distance of its lines, if one of its dimensions is dense. */
function leading(
  { row, column }: { row: number; column: number },
  rows: number,
  columns: number,
): { ld: number; transposed: boolean } | null {
  if (column === 1 || columns === 1)
    return row >= columns || rows === 1 ? { ld: Math.max(row, columns), transposed: false } : null
  if (row === 1 || rows === 1) return column >= rows ? { ld: column, transposed: true } : null
  return null
}
/** Where the matrices of a batch begin, for several strides. */
function eachOf(batch: Shape, strides: readonly (readonly number[])[]): number[][] {
  let places = [strides.map(() => 0)]
  batch.forEach((n, d) => {
    places = places.flatMap(at =>
      Array.from({ length: n }, (_, i) => at.map((x, k) => x + i * (strides[k]?.[d] as number))),
    )
  })
  return places
}
/** Products by a library; views of the arrays are made once, as long as the arrays are the same. */
function native(
  library: Blas,
  p: Product,
  places: readonly (readonly number[])[],
  fromA: number,
  fromB: number,
): HostNode['run'] {
  let seen: unknown = null
  let views: (readonly [TypedArray, TypedArray, TypedArray])[] = []
  return (out, inputs) => {
    if (seen !== out.data) {
      seen = out.data
      const [a, b] = inputs.map(x => (x as NDArray).data) as [TypedArray, TypedArray]
      views = places.map(([i = 0, j = 0], batch) => [
        out.data.subarray(batch * p.m * p.n, (batch + 1) * p.m * p.n),
        a.subarray(fromA + i),
        b.subarray(fromB + j),
      ])
    }
    for (const [c, a, b] of views) library.multiply(c, a, b, p)
  }
}

/** Can a view write, no element being two of its own? */
function apart(shape: Shape, strides: readonly number[]): boolean {
  const dims = shape.map((n, d) => ({ n, s: Math.abs(strides[d] as number) })).filter(({ n }) => n > 1)
  dims.sort((a, b) => a.s - b.s)
  let reach = 0
  for (const { n, s } of dims) {
    if (s <= reach) return false
    reach += (n - 1) * s
  }
  return true
}
rule(unviewPrim, (lowering, act) => {
  const { view } = act.p
  if (!widthOfAct(act) || !apart(view.shape, view.strides)) return false
  const [x] = uses(act) as [Use]
  const part = { from: lowering.read(x), shape: view.shape, offset: view.offset, strides: view.strides }
  lowering.nodes.push({
    kind: 'place',
    name: nameOf(act.prim, act.p),
    parts: [part],
    zero: true,
    out: lowering.result(act),
  })
  return true
})
rule(catPrim, (lowering, act) => {
  if (!widthOfAct(act)) return false
  const strides = stridesOf(act.out.shape)
  const { dim, starts } = act.p
  const parts = uses(act).map((x, i) => ({
    from: lowering.read(x),
    shape: x.shape,
    offset: (starts[i] as number) * (strides[dim] as number),
    strides,
  }))
  lowering.nodes.push({ kind: 'place', name: nameOf(act.prim, act.p), parts, zero: false, out: lowering.result(act) })
  return true
})

// what reads and writes dense arrays

/** A kernel over dense arrays: (out, inputs…[, scratch]). */
function call(
  lowering: Lowering,
  act: Act,
  width: Width,
  emit: CallNode['emit'],
  { flops = 0, scratch = null, split }: { flops?: number; scratch?: number | null; split?: CallNode['split'] } = {},
): boolean {
  if (isEmpty(act)) return false
  const inputs = uses(act).map(x => lowering.whole(x))
  lowering.nodes.push({
    kind: 'call',
    name: nameOf(act.prim, act.p),
    act,
    width,
    emit,
    inputs,
    out: lowering.result(act),
    scratch,
    flops,
    ...(split && { split }),
  })
  return true
}
const flopsOf = ({ prim, p, inputs, out }: Act): number => prim.flops?.(p, inputs, out) ?? 0
/** Elements of the result and of each operand. */
const lengths = ({ out, inputs }: Act): number[] => [out, ...(inputs as readonly Use[])].map(({ slot }) => slot.length)

/** Primitives whose results are places that exist. */
const trusted: readonly unknown[] = [positionPrim, maximaPrim, argPrim]
/** Has the indices checked before anything is changed, as the op itself would. */
function checked(lowering: Lowering, index: Use, name: string, size: number): void {
  if (trusted.includes(lowering.maker(index))) return
  lowering.nodes.push({
    kind: 'check',
    name,
    inputs: [lowering.whole(index)],
    check: data => inside(name, { dtype: 'int32', shape: index.shape, data: data as Int32Array }, size),
  })
}
rule(selectPrim, (lowering, act) => {
  const width = widthOfAct(act)
  if (!width) return false
  const [x, index] = uses(act) as [Use, Use]
  const { name, dim, size } = act.p
  checked(lowering, index, name, size)
  const [outer, n, inner] = split3(x.shape, dim)
  const m = index.slot.length
  // all slices of one array, by some of the indices; or slices of some arrays, by all of them
  const split =
    outer === 1
      ? lines(m, lengths(act), some => module => select(module, width, 1, n, some, inner), { shared: [1] })
      : lines(outer, lengths(act), some => module => select(module, width, some, n, m, inner), { shared: [2] })
  return call(lowering, act, width, module => select(module, width, outer, n, m, inner), { split })
})
rule(selectAddPrim, (lowering, act) => {
  const width = widthOfAct(act)
  if (!width) return false
  const [, index] = uses(act) as [Use, Use]
  const { name, dim, size } = act.p
  checked(lowering, index, name, size)
  const [outer, n, inner] = split3(act.out.shape, dim)
  return call(lowering, act, width, module => selectAdd(module, width, outer, n, index.slot.length, inner))
})

const inputWidth = (act: Act): Width | undefined => widths[(uses(act)[0] as Use).slot.dtype]
rule(maximaPrim, (lowering, act) => {
  const width = inputWidth(act)
  const { size, dilation } = act.p
  // a window that steps over the image is an error, which JavaScript raises
  if (!width || dilation.some(d => d > 1)) return false
  const planes = (uses(act)[0] as Use).slot.length / (size[0] * size[1])
  return call(lowering, act, width, module => maxima(module, width, act.p, planes))
})
rule(averagesPrim, (lowering, act) => {
  const width = widthOfAct(act)
  if (!width) return false
  const [outer, n, inner] = split3((uses(act)[0] as Use).shape, act.p.dim)
  const emit = (outer: number) => (module: Module) => averages(module, width, act.p.spans, outer, n, inner)
  return call(lowering, act, width, emit(outer), { split: lines(outer, lengths(act), emit) })
})
rule(averagesAddPrim, (lowering, act) => {
  const width = widthOfAct(act)
  if (!width) return false
  const [outer, n, inner] = split3(act.out.shape, act.p.dim)
  const emit = (outer: number) => (module: Module) => averagesAdd(module, width, act.p.spans, outer, n, inner)
  // zeros are written in whole registers
  return call(lowering, act, width, emit(outer), { split: lines(outer, lengths(act), emit, { unit: 16 / width }) })
})

for (const [prim, emit] of [
  [convPrim, conv],
  [convInputPrim, convInput],
  [convWeightPrim, convWeight],
] as const) {
  rule(prim, (lowering, act) => {
    const width = widthOfAct(act)
    if (!width) return false
    const c = act.p
    const { batch } = c
    const flops = flopsOf(act)
    const images = (batch: number) => (module: Module, fused: boolean) => emit(module, width, fused, { ...c, batch })
    // the gradient of the weights is a sum over images
    const split = emit !== convWeight && lines(batch, lengths(act), images, { shared: [2] })
    return call(lowering, act, width, images(batch), {
      flops,
      scratch: convScratch(width, c),
      ...(split && { split }),
    })
  })
}

// along lines

for (const [prim, emit] of [
  [softmaxPrim, softmax],
  [logSoftmaxPrim, logSoftmax],
  [logsumexpPrim, logsumexp],
] as const) {
  rule(prim, (lowering, act) => {
    const width = widthOfAct(act)
    const [x] = uses(act) as [Use]
    if (!width) return false
    const [outer, n, inner] = split3(x.shape, act.p.dim)
    const some = (outer: number) => (module: Module, fused: boolean) => emit(module, width, fused, outer, n, inner)
    return call(lowering, act, width, some(outer), { split: lines(outer, lengths(act), some) })
  })
}
rule(argPrim, (lowering, act) => {
  const width = inputWidth(act)
  if (!width) return false
  const [outer, n, inner] = split3((uses(act)[0] as Use).shape, act.p.dim)
  const emit = (outer: number) => (module: Module) => argbest(module, width, outer, n, inner, act.p.sign)
  return call(lowering, act, width, emit(outer), { split: lines(outer, lengths(act), emit) })
})
rule(cumsumPrim, (lowering, act) => {
  const width = widthOfAct(act)
  if (!width) return false
  const [outer, n, inner] = split3((uses(act)[0] as Use).shape, act.p.dim)
  const emit = (outer: number) => (module: Module) => cumsum(module, width, outer, n, inner, act.p.reverse)
  return call(lowering, act, width, emit(outer), { split: lines(outer, lengths(act), emit) })
})
