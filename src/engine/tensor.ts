// The tensor engine's face: storage, shape, node; every method a line that hands over to an op.
import type { DType, NDArray, Shape, TypedArray } from '../backend/array.ts'
import { byteSize, converted, numel } from '../backend/array.ts'
import { Cell, type Remote } from '../backend/heap.ts'
import { makesTensors, mode, noGrad, type Operand, TensorNode } from './apply.ts'
import { DtypeError, GradError, ShapeError } from './errors.ts'
import { format } from './format.ts'
import { type Order, pullback } from './graph.ts'
import { Num } from './num.ts'
import * as arrange from './ops/arrange.ts'
import * as contract from './ops/contract.ts'
import * as create from './ops/create.ts'
import * as gather from './ops/gather.ts'
import { isFloat } from './ops/kind.ts'
import * as linalg from './ops/linalg.ts'
import * as linear from './ops/linear.ts'
import { pointwise } from './ops/map.ts'
import * as order from './ops/order.ts'
import * as product from './ops/product.ts'
import * as reduce from './ops/reduce.ts'
import * as subscript from './ops/subscript.ts'
import type { OpName } from './prims.ts'
import * as random from './random.ts'
import { dimension, sameShape, show } from './shape.ts'

export interface BackwardOptions {
  /** Keep what the graph stored, so that another backward can go through it. */
  readonly retainGraph?: boolean
  /** Record the backward itself, so that the gradients can be differentiated again. Keeps the graph. */
  readonly createGraph?: boolean
  /** Collect gradients in these tensors only. */
  readonly inputs?: readonly Tensor[]
  /** In which order the graph is walked; see `Order`. */
  readonly order?: Order
}

/** Arrays nested as deep as the tensor has dimensions. */
export type NestedArray = number | boolean | NestedArray[]

/**
 * An n-dimensional array on a graph. Immutable: no op changes one in place; `assign` gives a leaf another value, and
 * whatever was stored for a backward still holds the old one.
 *
 * Make one with `tensor([[1, 2], [3, 4]])`, not with `new`.
 */
export class Tensor extends Num implements NDArray {
  readonly shape: Shape
  readonly dtype: DType
  /** Its place in the graph; null when no gradient is wanted. */
  node: TensorNode | null
  label = ''
  /** Null after a compiled program wrote a value: it lies in `#cell` until somebody looks. */
  #data: TypedArray | null
  #cell: Cell | null = null
  /** Where the value lies when a device holds it. */
  #remote: Remote | null = null
  #grad: Tensor | null = null
  #gradCell: Cell | null = null
  /** Whether `#gradCell` holds a gradient that nobody has looked at. */
  #pending = false

  /** Shape, dtype and the elements in row-major order. */
  toJSON(): { shape: Shape; dtype: DType; data: number[] } { return { shape: this.shape, dtype: this.dtype, data: Array.from(this.data) } }

  /** For the door. */
  constructor(shape: Shape, dtype: DType, data: TypedArray, node: TensorNode | null = null) {
    super()
    this.shape = shape
    this.dtype = dtype
    this.#data = data
    this.node = node
  }

  override apply(op: OpName, ...args: (Tensor | number)[]): this { return pointwise(op, ...(args as Operand[])) as this }

  protected override get bounds(): readonly [number, number] {
    return isFloat(this.dtype) ? [-Infinity, Infinity] : [-(2 ** 31), 2 ** 31 - 1]
  }
  protected override get largest(): number {
    return this.dtype === 'float64' ? Number.MAX_VALUE : this.dtype === 'float32' ? 3.4028234663852886e38 : 2 ** 31 - 1
  }

  // ---- face

  /** The elements in row-major order. To be read, not written. */
  get data(): TypedArray {
    mode.recorder?.looked(this)
    return this.array
  }
  /** `data`, for the engine, which may look at it also where a step is being compiled. */
  get array(): TypedArray {
    this.#data ??= (this.#remote ?? (this.#cell as Cell)).read()
    return this.#data
  }
  get ndim(): number { return this.shape.length }
  get numel(): number { return this.#data?.length ?? numel(this.shape) }
  get nbytes(): number { return this.numel * byteSize(this.dtype) }
  /** The gradient that backwards have added up, for leaves and whoever called `retainGrad`. */
  get grad(): Tensor | null {
    const g = this.#gradient()
    mode.recorder?.gradRead(this, g)
    return g
  }
  set grad(g: Tensor | null) {
    mode.recorder?.replacing(this)
    this.#grad = g
    this.#pending = false
    if (this.#gradCell) this.#gradCell.loaded = false
    mode.recorder?.gradWritten(this, g)
  }
  #gradient(): Tensor | null {
    if (this.#pending) {
      this.#grad = new Tensor(this.shape, this.dtype, (this.#gradCell as Cell).read())
      this.#pending = false
    }
    return this.#grad
  }
  get requiresGrad(): boolean { return this.node !== null }
  /** Was it made by the user (or without recording), not by a recorded op? */
  get isLeaf(): boolean { return this.node === null || this.node.inputs.length === 0 }

  /** The shape, or the size of one dimension. */
  size(): Shape
  size(dim: number): number
  size(dim?: number): Shape | number { return dim === undefined ? this.shape : this.shape[dimension('size', dim, this)] }

  /** Makes a leaf collect gradients, or stop to. */
  requiresGrad_(yes = true): this {
    if (!this.isLeaf) throw new GradError('requiresGrad_: only leaves can change it; this tensor was computed. Use detach() first')
    if (yes && this.dtype !== 'float32' && this.dtype !== 'float64') throw new DtypeError(`requiresGrad_: only float tensors have gradients, not ${this.dtype}`)
    mode.recorder?.tracking(this)
    if (yes === (this.node !== null)) return this
    this.node = yes ? leafNode(this, 0) : null
    if (this.node) this.node.owner = this
    return this
  }

  /**
   * Gives a leaf another value of the same shape; dtype converted. What was stored for a backward keeps the old one.
   * @throws GradError on a computed tensor, ShapeError on another shape
   */
  assign(value: Tensor | TypedArray): this {
    if (!this.isLeaf) throw new GradError('assign: this tensor was computed by an op and has no value of its own to replace')
    // a step that is being compiled has to know of the conversion
    if (mode.recorder && value instanceof Tensor && value.dtype !== this.dtype) return this.assign(noGrad(() => value.to(this.dtype)))
    if (value instanceof Tensor) mode.recorder?.shared(value, null)
    const from = value instanceof Tensor ? value.array : value
    if (value instanceof Tensor ? !sameShape(value.shape, this.shape) : value.length !== this.numel) {
      throw new ShapeError(`assign: expected ${show(this.shape)}, not ${value instanceof Tensor ? show(value.shape) : `${value.length} elements`}`)
    }
    mode.recorder?.replacing(this)
    this.#data = value instanceof Tensor && value.dtype === this.dtype ? from : converted(from, this.dtype)
    this.#remote = null
    if (this.#cell) this.#cell.loaded = false
    mode.recorder?.assigned(this)
    return this
  }

  /** This tensor as it was when it held `data`: the same place in the graph. For the door. */
  holding(data: TypedArray): Tensor {
    const out = new Tensor(this.shape, this.dtype, data, this.node)
    mode.recorder?.shared(this, out)
    return out
  }

  /** The same values, off the graph. */
  detach(): Tensor {
    const out = new Tensor(this.shape, this.dtype, this.array)
    mode.recorder?.detached(this, out)
    return out
  }
  /** The same values as a new result on the graph. */
  clone(): Tensor { return linear.alias(this) }

  /** The value of a tensor of one element. */
  item(): number {
    if (this.numel !== 1) throw new ShapeError(`item: needs exactly one element, ${show(this.shape)} has ${this.numel}`)
    return this.data[0]
  }

  /** The elements as nested arrays; booleans for bool, a plain number for 0-d. */
  toArray(): NestedArray {
    const { data } = this
    let at = 0
    const build = (dim: number): NestedArray => {
      if (dim === this.ndim) {
        const x = data[at++]
        return this.dtype === 'bool' ? x !== 0 : x
      }
      return Array.from({ length: this.shape[dim] }, () => build(dim + 1))
    }
    return build(0)
  }

  /** Same shape and elements (NaN is not itself)? */
  equal(y: Tensor): boolean { return reduce.equal(this, y) }
  /** Are all elements close? See `isclose`. */
  allclose(y: Tensor, options: { rtol?: number; atol?: number; equalNan?: boolean } = {}): boolean { return reduce.allclose(this, y, options) }

  // ---- reverse mode

  /**
   * Adds to `grad` of every leaf below the derivative of this tensor by it, weighted with `seed` (1 for a tensor of
   * one element). Either all gradients are set or, after an error, none; the graph is freed as it is walked, also up
   * to an error, unless it is to be retained.
   *
   * @throws GradError when nothing below requires a gradient, or the graph was freed
   * @throws ShapeError when a seed is needed, or has another shape
   * @example
   * const x = tensor([1, 2, 3], { requiresGrad: true })
   * x.square().sum().backward()
   * x.grad // [2, 4, 6]
   */
  backward(seed?: Tensor, { retainGraph = false, createGraph = false, inputs, order }: BackwardOptions = {}): void {
    const { node } = this
    if (!node) throw new GradError('backward: this tensor depends on nothing that requires a gradient. Create a leaf with { requiresGrad: true }, and compute outside noGrad')
    if (!seed && this.numel !== 1) throw new ShapeError(`backward: ${show(this.shape)} is not one number; reduce it (sum, mean) or give the cotangent: backward(seed)`)
    if (seed && !sameShape(seed.shape, this.shape)) throw new ShapeError(`backward: the seed has shape ${show(seed.shape)}, the tensor ${show(this.shape)}`)
    const found: [Tensor, Tensor][] = []
    const asked = inputs && new Map(inputs.map(x => {
      if (!x.node) throw new GradError('backward: one of `inputs` does not require a gradient')
      return [x.node, x]
    }))
    const targets = asked && new Set(asked.keys())
    const visit = (at: TensorNode, g: Tensor): void => {
      const owner = asked ? asked.get(at) : at.owner
      if (owner) found.push([owner, g])
    }
    const walk = (): unknown => pullback<Tensor>(node, seed?.to(this.dtype) ?? create.onesLike(this), {
      add: (a, b) => a.add(b),
      visit: (at, g) => visit(at as TensorNode, g),
      release: !retainGraph && !createGraph,
      ...(order && { order }),
      ...(targets && { targets }),
    })
    const gradients = (): [Tensor, Tensor][] => {
      walk()
      return found.map(([x, g]) => {
        if (x.grad && !sameShape(x.grad.shape, x.shape)) throw new ShapeError(`backward: a tensor of shape ${show(x.shape)} holds a gradient of shape ${show(x.grad.shape)}`)
        return [x, x.grad ? x.grad.add(g) : g]
      })
    }
    // set at the end, when nothing can fail any more
    for (const [x, g] of createGraph ? gradients() : noGrad(gradients)) x.grad = g
  }

  /** Keeps the gradient of a computed tensor in its `grad` at the next backward. */
  retainGrad(): this {
    if (!this.node) throw new GradError('retainGrad: this tensor requires no gradient')
    this.node.owner = this
    return this
  }

  /**
   * Calls `hook` with this tensor's complete gradient during each backward; what it returns, if anything, goes on in
   * its place. Returns a function that removes the hook.
   */
  registerHook(hook: (g: Tensor) => Tensor | undefined): () => void {
    const { node } = this
    if (!node) throw new GradError('registerHook: this tensor requires no gradient')
    node.hooks = [...(node.hooks ?? []), hook]
    return () => { node.hooks = (node.hooks ?? []).filter(h => h !== hook) }
  }

  // ---- compiled programs

  /** @internal For programs: where they keep this leaf's value, which is there from now on. */
  loaded(): Cell {
    this.#cell ??= new Cell(this, this.dtype, this.numel)
    if (!this.#cell.loaded) this.#cell.load(this.array)
    return this.#cell
  }
  /** @internal For programs: the value is what they have written into the cell. */
  stored(): void {
    this.#data = null
    this.#remote = null
    if (this.#cell) this.#cell.loaded = true
  }
  /** @internal For programs: the value is what a device holds. */
  moved(remote: Remote): this {
    this.#data = null
    this.#remote = remote
    if (this.#cell) this.#cell.loaded = false
    return this
  }
  /** @internal For programs: what the value was last moved to, unless it has been assigned since. */
  get remote(): Remote | null { return this.#remote }
  /** @internal For programs: the place of the gradient, with the gradient in it if there is one and `load` says so. */
  loadedGrad(load: boolean): Cell {
    this.#gradCell ??= new Cell(this, this.dtype, this.numel)
    if (load && !this.#gradCell.loaded && this.#grad) this.#gradCell.load(this.#grad.array)
    return this.#gradCell
  }
  /** @internal For programs: the gradient is what they have written into its cell, or none. */
  storedGrad(some: boolean): void {
    this.#pending = some
    this.#grad = null
    if (this.#gradCell) this.#gradCell.loaded = some
  }
  /** @internal For programs: what gives this tensor the value and the gradient again that it has now. */
  restorer(): () => void {
    const [data, g] = [this.array, this.#gradient()]
    return () => {
      this.#data = data
      this.#remote = null
      if (this.#cell) this.#cell.loaded = false
      this.grad = g
    }
  }
  /** @internal For programs: is there a gradient, and one of this tensor's shape and dtype? */
  get gradState(): 'none' | 'own' | 'other' {
    const g = this.#grad
    if (this.#pending) return 'own'
    return g === null ? 'none' : g.dtype === this.dtype && sameShape(g.shape, this.shape) ? 'own' : 'other'
  }

  // ---- dtype

  to(dtype: DType): Tensor { return linear.to(this, dtype) }
  float(): Tensor { return this.to('float32') }
  double(): Tensor { return this.to('float64') }
  int(): Tensor { return this.to('int32') }
  bool(): Tensor { return this.to('bool') }

  // ---- reductions

  sum(dims?: linear.Dims, options?: linear.KeepDim): Tensor { return linear.sum(this, dims, options) }
  mean(dims?: linear.Dims, options?: linear.KeepDim): Tensor { return reduce.mean(this, dims, options) }
  prod(dim?: number, options?: linear.KeepDim): Tensor { return reduce.prod(this, dim, options) }
  nansum(dims?: linear.Dims, options?: linear.KeepDim): Tensor { return reduce.nansum(this, dims, options) }
  nanmean(dims?: linear.Dims, options?: linear.KeepDim): Tensor { return reduce.nanmean(this, dims, options) }
  amax(dims?: linear.Dims, options?: linear.KeepDim): Tensor { return reduce.amax(this, dims, options) }
  amin(dims?: linear.Dims, options?: linear.KeepDim): Tensor { return reduce.amin(this, dims, options) }
  aminmax(dim?: number, options?: linear.KeepDim): { min: Tensor; max: Tensor } { return reduce.aminmax(this, dim, options) }
  argmax(dim?: number, options?: linear.KeepDim): Tensor { return reduce.argmax(this, dim, options) }
  argmin(dim?: number, options?: linear.KeepDim): Tensor { return reduce.argmin(this, dim, options) }
  any(dims?: linear.Dims, options?: linear.KeepDim): Tensor { return reduce.any(this, dims, options) }
  all(dims?: linear.Dims, options?: linear.KeepDim): Tensor { return reduce.all(this, dims, options) }
  countNonzero(dims?: linear.Dims): Tensor { return reduce.countNonzero(this, dims) }
  var(dims?: linear.Dims, options?: reduce.VarOptions): Tensor { return reduce.variance(this, dims, options) }
  std(dims?: linear.Dims, options?: reduce.VarOptions): Tensor { return reduce.std(this, dims, options) }
  varMean(dims?: linear.Dims, options?: reduce.VarOptions): [Tensor, Tensor] { return reduce.varMean(this, dims, options) }
  stdMean(dims?: linear.Dims, options?: reduce.VarOptions): [Tensor, Tensor] { return reduce.stdMean(this, dims, options) }
  norm(p?: number | 'fro', dims?: linear.Dims, options?: linear.KeepDim): Tensor { return reduce.norm(this, p, dims, options) }
  dist(y: Tensor, p?: number): Tensor { return reduce.dist(this, y, p) }
  logsumexp(dims: linear.Dims, options?: linear.KeepDim): Tensor { return reduce.logsumexp(this, dims, options) }
  softmax(dim: number): Tensor { return reduce.softmax(this, dim) }
  logSoftmax(dim: number): Tensor { return reduce.logSoftmax(this, dim) }
  cumsum(dim: number): Tensor { return reduce.cumsum(this, dim) }
  cumprod(dim: number): Tensor { return reduce.cumprod(this, dim) }
  logcumsumexp(dim: number): Tensor { return reduce.logcumsumexp(this, dim) }
  diff(options?: { n?: number; dim?: number }): Tensor { return reduce.diff(this, options) }
  /** 1 with the probability that this tensor holds, else 0. */
  bernoulli(options?: random.DrawOptions): Tensor { return random.bernoulli(this, options) }
  trace(): Tensor { return reduce.trace(this) }

  // ---- shape

  reshape(...shape: (number | Shape)[]): Tensor { return linear.reshape(this, ...shape) }
  transpose(dim0: number, dim1: number): Tensor { return arrange.transpose(this, dim0, dim1) }
  t(): Tensor { return arrange.t(this) }
  squeeze(dims?: linear.Dims): Tensor { return arrange.squeeze(this, dims) }
  unsqueeze(dim: number): Tensor { return arrange.unsqueeze(this, dim) }
  view(...shape: (number | Shape)[]): Tensor { return linear.reshape(this, ...shape) }
  expand(...shape: (number | Shape)[]): Tensor { return linear.expand(this, ...shape) }
  broadcastTo(shape: Shape): Tensor { return linear.expand(this, shape) }
  permute(...dims: (number | readonly number[])[]): Tensor { return linear.permute(this, ...dims) }
  flip(dims: linear.Dims): Tensor { return linear.flip(this, dims) }
  slice(dim: number, start?: number | null, stop?: number | null, step?: number): Tensor { return linear.slice(this, dim, start, stop, step) }
  unfold(dim: number, size: number, step: number): Tensor { return linear.unfold(this, dim, size, step) }
  diagonal(options?: linear.DiagonalOptions): Tensor { return linear.diagonal(this, options) }
  diagEmbed(options?: linear.DiagonalOptions): Tensor { return linear.diagEmbed(this, options) }
  tril(diagonal?: number): Tensor { return linear.tril(this, diagonal) }
  triu(diagonal?: number): Tensor { return linear.triu(this, diagonal) }

  flatten(startDim?: number, endDim?: number): Tensor { return arrange.flatten(this, startDim, endDim) }
  unflatten(dim: number, sizes: Shape): Tensor { return arrange.unflatten(this, dim, sizes) }
  swapaxes(dim0: number, dim1: number): Tensor { return arrange.transpose(this, dim0, dim1) }
  movedim(from: number | readonly number[], to: number | readonly number[]): Tensor { return arrange.movedim(this, from, to) }
  roll(shifts: number | readonly number[], dims?: number | readonly number[]): Tensor { return arrange.roll(this, shifts, dims) }
  rot90(k?: number, dims?: readonly number[]): Tensor { return arrange.rot90(this, k, dims) }
  pad(pads: readonly number[], options?: arrange.PadOptions): Tensor { return arrange.pad(this, pads, options) }
  split(size: number | readonly number[], dim?: number): Tensor[] { return arrange.split(this, size, dim) }
  chunk(n: number, dim?: number): Tensor[] { return arrange.chunk(this, n, dim) }
  tensorSplit(parts: number | readonly number[], dim?: number): Tensor[] { return arrange.tensorSplit(this, parts, dim) }
  unbind(dim?: number): Tensor[] { return arrange.unbind(this, dim) }
  narrow(dim: number, start: number, length: number): Tensor { return arrange.narrow(this, dim, start, length) }
  select(dim: number, index: number): Tensor { return arrange.select(this, dim, index) }
  tile(...reps: (number | readonly number[])[]): Tensor { return arrange.tile(this, ...reps) }
  repeat(...reps: (number | readonly number[])[]): Tensor { return arrange.repeat(this, ...reps) }
  repeatInterleave(n: number | Tensor, dim?: number): Tensor { return arrange.repeatInterleave(this, n, dim) }
  diag(offset?: number): Tensor { return arrange.diag(this, offset) }

  // ---- indexing

  at(...indices: subscript.Index[]): Tensor { return subscript.at(this, ...indices) }
  gather(dim: number, index: Tensor): Tensor { return gather.gather(this, dim, index) }
  scatter(dim: number, index: Tensor, src: Tensor | number): Tensor { return gather.scatter(this, dim, index, src) }
  scatterAdd(dim: number, index: Tensor, src: Tensor): Tensor { return gather.scatterAdd(this, dim, index, src) }
  indexSelect(dim: number, index: Tensor): Tensor { return gather.indexSelect(this, dim, index) }
  indexAdd(dim: number, index: Tensor, src: Tensor, options?: { alpha?: number }): Tensor { return gather.indexAdd(this, dim, index, src, options) }
  indexCopy(dim: number, index: Tensor, src: Tensor): Tensor { return gather.indexCopy(this, dim, index, src) }
  indexFill(dim: number, index: Tensor, value: Tensor | number): Tensor { return gather.indexFill(this, dim, index, value) }
  indexPut(indices: readonly Tensor[], values: Tensor, options?: { accumulate?: boolean }): Tensor { return subscript.indexPut(this, indices, values, options) }
  take(index: Tensor): Tensor { return gather.take(this, index) }
  takeAlongDim(index: Tensor, dim?: number): Tensor { return gather.takeAlongDim(this, index, dim) }
  maskedSelect(mask: Tensor): Tensor { return subscript.maskedSelect(this, mask) }
  nonzero(): Tensor { return subscript.nonzero(this) }

  // ---- order

  max(): Tensor
  max(dim: number, options?: linear.KeepDim): order.Ordered
  max(dim?: number, options?: linear.KeepDim): Tensor | order.Ordered { return order.max(this, dim, options) }
  min(): Tensor
  min(dim: number, options?: linear.KeepDim): order.Ordered
  min(dim?: number, options?: linear.KeepDim): Tensor | order.Ordered { return order.min(this, dim, options) }
  median(): Tensor
  median(dim: number, options?: linear.KeepDim): order.Ordered
  median(dim?: number, options?: linear.KeepDim): Tensor | order.Ordered { return order.median(this, dim, options) }
  kthvalue(k: number, dim?: number, options?: linear.KeepDim): order.Ordered { return order.kthvalue(this, k, dim, options) }
  cummax(dim: number): order.Ordered { return order.cummax(this, dim) }
  cummin(dim: number): order.Ordered { return order.cummin(this, dim) }
  sort(dim?: number, options?: order.SortOptions): order.Ordered { return order.sort(this, dim, options) }
  argsort(dim?: number, options?: order.SortOptions): Tensor { return order.argsort(this, dim, options) }
  topk(k: number, dim?: number, options?: order.TopkOptions): order.Ordered { return order.topk(this, k, dim, options) }
  unique<O extends order.UniqueOptions>(options?: O): order.Asked<O> { return order.unique(this, options) }

  // ---- products

  matmul(y: Tensor): Tensor { return product.matmul(this, y) }
  mm(y: Tensor): Tensor { return product.mm(this, y) }
  mv(y: Tensor): Tensor { return product.mv(this, y) }
  bmm(y: Tensor): Tensor { return product.bmm(this, y) }
  dot(y: Tensor): Tensor { return product.dot(this, y) }
  outer(y: Tensor): Tensor { return product.outer(this, y) }
  addmm(a: Tensor, b: Tensor, options?: product.AddOptions): Tensor { return product.addmm(this, a, b, options) }
  addmv(a: Tensor, v: Tensor, options?: product.AddOptions): Tensor { return product.addmv(this, a, v, options) }
  baddbmm(a: Tensor, b: Tensor, options?: product.AddOptions): Tensor { return product.baddbmm(this, a, b, options) }
  cross(y: Tensor, options?: { dim?: number }): Tensor { return contract.cross(this, y, options) }
  kron(y: Tensor): Tensor { return contract.kron(this, y) }

  // ---- linear algebra

  cholesky(options?: { upper?: boolean }): Tensor { return linalg.cholesky(this, options) }
  inv(): Tensor { return linalg.inv(this) }
  det(): Tensor { return linalg.det(this) }

  // ---- printing

  override toString(): string { return format(this) }
  [Symbol.for('nodejs.util.inspect.custom')](): string { return format(this) }
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return format(this)
    throw new GradError('tensors have no JS operators: use a.add(b), a.mul(b), a.lt(b) …, or a.item() for the number of one element')
  }
}

/** A leaf's node: where cotangents end. */
export const leafNode = (x: Tensor, low: number): TensorNode => new TensorNode(leaf, null, [], low, x.shape, x.dtype, [], null, null)
const leaf = { name: 'leaf', vjp: () => [] }

makesTensors((shape, dtype, data) => new Tensor(shape, dtype, data))

