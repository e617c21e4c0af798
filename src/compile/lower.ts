// From recorded ops to kernels: views become ways of reading, constants numbers, everything else a node.
import { allocate, type DType, type Shape, sameShape, stridesOf } from '../backend/array.ts'
import type { Blas } from '../backend/blas.ts'
import { nameOf, type Primitive } from '../engine/apply.ts'
import { Expr, rewrite } from '../engine/expr.ts'
import { type OpName, table } from '../engine/prims.ts'
import { isDraw } from '../engine/random.ts'
import { type Access, argument, type Buffer, held, keyOf, type Node, substituted, widthOf } from './ir.ts'
import { rules } from './kernel.ts'
import type { Act, Recording, Slot, Source, Use } from './record.ts'

/** What is known of an array before anything makes it: one number, a way to read another, or itself. */
type Known =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'view'; readonly access: Access; readonly shape: Shape }
  | { readonly kind: 'buffer'; readonly buffer: Buffer }

/**
 * The strides with which a view, seen in another shape of as many elements, is read; null when there are none and
 * it has to be copied.
 */
function restrided(shape: Shape, strides: readonly number[], as: Shape): number[] | null {
  if (as.includes(0)) return stridesOf(as)
  const out = new Array<number>(as.length).fill(0)
  const sizes = shape.flatMap((n, d) => (n === 1 ? [] : [{ n, s: strides[d] as number }]))
  let at = 0
  for (let d = 0; d < as.length; ) {
    if (as[d] === 1) {
      d++
      continue
    }
    // as few old dimensions and new ones as have the same number of elements
    let [old, now] = [sizes[at]?.n ?? 1, as[d] as number]
    let [to, until] = [at + 1, d + 1]
    while (old !== now) {
      if (old < now) {
        const [inner, outer] = [sizes[to], sizes[to - 1]]
        if (!inner || !outer || outer.s !== inner.s * inner.n) return null
        old *= inner.n
        to++
      } else now *= as[until++] ?? 1
    }
    let step = sizes[to - 1]?.s ?? 0
    for (let k = until - 1; k >= d; k--) {
      out[k] = step
      step *= as[k] as number
    }
    at = to
    d = until
  }
  return out
}

/** For what a program is made. */
export interface Target {
  /** Does large products in place of its own kernels. */
  readonly library: Blas | null
  /** Are ops on single numbers joined? Not where some are computed elsewhere than others. */
  readonly numbers: boolean
  /** Can its kernels compute this expression, and this op? */
  runs(expr: Expr): boolean
  takes(act: Act): boolean
}

export class Lowering {
  readonly nodes: Node[] = []
  /** The arrays that no node makes. */
  readonly sources: Buffer[] = []
  readonly #known = new Map<number, Known>()
  #count = 0
  /** Nodes by what they compute, so that the same is computed once. */
  readonly #made = new Map<string, Buffer>()
  readonly #numbers = new Map<Expr, number>()
  readonly #makers = new Map<number, Primitive<unknown>>()

  constructor(
    recording: Recording,
    readonly target: Target,
  ) {
    for (const slot of recording.slots) this.#source(slot)
    for (const act of wanted(recording)) this.#act(act)
  }

  #source(slot: Slot): void {
    const { source } = slot
    if (source.kind === 'result') return
    if (source.kind === 'constant' && slot.length > 0) {
      const [value] = source.data as unknown as [number]
      if (source.data.every(x => Object.is(x, value))) {
        this.#known.set(slot.id, { kind: 'number', value })
        return
      }
    }
    this.#known.set(slot.id, { kind: 'buffer', buffer: this.buffer(slot.dtype, slot.length, source) })
  }

  /** A new array; without a source it is for a node to make. */
  buffer(dtype: DType, length: number, source: Source | null = null): Buffer {
    const buffer = { id: this.#count++, dtype, length, source }
    if (source) this.sources.push(buffer)
    return buffer
  }

  /** The number that an operand is everywhere, if it is. */
  number(x: Use | number): number | null {
    if (typeof x === 'number') return x
    const known = this.#known.get(x.slot.id) as Known
    return known.kind === 'number' ? known.value : null
  }
  /** How an operand is read, in its own shape. */
  read(x: Use): Access {
    const known = this.#known.get(x.slot.id) as Known
    if (known.kind === 'view') {
      if (sameShape(known.shape, x.shape)) return known.access
      const strides = restrided(known.shape, known.access.strides, x.shape)
      if (strides) return { ...known.access, strides }
    }
    return { buffer: this.dense(x), offset: 0, strides: stridesOf(x.shape) }
  }
  /** How it is read when it is broadcast to a shape. */
  spread(x: Use, shape: Shape): Access {
    const { buffer, offset, strides } = this.read(x)
    const skip = shape.length - x.shape.length
    return {
      buffer,
      offset,
      strides: shape.map((_, d) => (d < skip || x.shape[d - skip] === 1 ? 0 : (strides[d - skip] as number))),
    }
  }
  /** It itself, dense: computed or copied if it was only known. */
  dense(x: Use): Buffer {
    const known = this.#known.get(x.slot.id) as Known
    if (known.kind === 'buffer') return known.buffer
    const { dtype, length } = x.slot
    const data = known.kind === 'number' ? allocate(dtype, length).fill(known.value) : null
    const out = this.buffer(dtype, length, data && { kind: 'constant', data })
    if (known.kind === 'view') this.#copy(known.shape, known.access, out)
    this.#known.set(x.slot.id, { kind: 'buffer', buffer: out })
    return out
  }
  /** Reading it as it lies, dense. */
  whole(x: Use): Access {
    return { buffer: this.dense(x), offset: 0, strides: stridesOf(x.shape) }
  }
  /** A buffer of its own that holds what x holds now: x itself, unless something else made it or it is taken. */
  final(x: Use, taken: ReadonlySet<Buffer>): Buffer {
    const buffer = this.dense(x)
    if (buffer.source === null && !taken.has(buffer)) return buffer
    const out = this.buffer(buffer.dtype, buffer.length)
    const access = { buffer, offset: 0, strides: [1] }
    this.#copy([buffer.length], access, out)
    return out
  }
  #copy(shape: Shape, from: Access, out: Buffer): void {
    const width = widthOf([from], out, out.length)
    this.nodes.push({ kind: 'map', name: 'copy', shape, width, expr: Expr.input(0), args: [from], out })
  }
  /** The primitive whose result this is; null when the array was there before. */
  maker(x: Use): Primitive<unknown> | null {
    return this.#makers.get(x.slot.id) ?? null
  }
  /** Says what the result of an act is. */
  define(act: Act, known: Known): void {
    this.#known.set(act.out.slot.id, known)
  }
  /** The buffer that a node is to write the result of an act into. */
  result(act: Act): Buffer {
    const { slot } = act.out
    const buffer = this.buffer(slot.dtype, slot.length)
    this.define(act, { kind: 'buffer', buffer })
    return buffer
  }

  #act(act: Act): void {
    this.#makers.set(act.out.slot.id, act.prim)
    if (!this.target.takes(act) || !rules.get(act.prim)?.(this, act)) this.#host(act)
  }

  /** An op that JavaScript runs as eagerly, on dense arrays. */
  #host(act: Act): void {
    const { prim, p, inputs } = act
    this.nodes.push({
      kind: 'host',
      name: nameOf(prim, p),
      inputs: inputs.map(x => (typeof x === 'number' ? x : this.whole(x))),
      shapes: inputs.map(x => (typeof x === 'number' ? [] : x.shape)),
      shape: act.out.shape,
      out: this.result(act),
      run: (out, xs) => prim.run(p, out, xs),
      fails: true,
      zero: true,
      generator: isDraw(prim) ? (p as { generator: unknown }).generator : null,
      flops: 0,
    })
  }

  /** A pointwise op; false when JavaScript is to run it. */
  map(act: Act, expr: Expr): boolean {
    const { out, inputs } = act
    const { dtype, length } = out.slot
    const numbers = inputs.map(x => this.number(x))
    const value = evaluate(expr, numbers)
    if (value !== null) {
      this.define(act, { kind: 'number', value: held(value, dtype) })
      return true
    }
    // whole numbers wrap around, which only JavaScript does as eagerly
    if (dtype === 'int32' || !this.target.runs(expr)) return false
    const args: Access[] = []
    const operands = inputs.map((x, k) => {
      const number = numbers[k] as number | null
      return number !== null ? Expr.const(number) : Expr.input(argument(args, this.spread(x as Use, out.shape)))
    })
    const whole = substituted(expr, operands)
    const same = whole.op === 'input' ? (args[whole.value] as Access) : null
    if (same?.buffer.dtype === dtype) {
      // one of its operands as it is
      this.define(act, { kind: 'view', access: same, shape: out.shape })
      return true
    }
    const truth = dtype === 'bool' ? asTruth(whole) : whole
    const { expr: small, args: needed } = length > 1 ? this.#hoisted(truth, args) : { expr: truth, args }
    const key = `${this.#number(small)} ${dtype} ${out.shape} ${needed.map(keyOf).join()}`
    const made = this.#made.get(key)
    if (made) this.define(act, { kind: 'buffer', buffer: made })
    else {
      const buffer = this.result(act)
      this.#made.set(key, buffer)
      const name = nameOf(act.prim, act.p)
      const width = widthOf(needed, buffer, length)
      this.nodes.push({ kind: 'map', name, shape: out.shape, width, expr: small, args: needed, out: buffer })
    }
    return true
  }
  #number(expr: Expr): number {
    const known = this.#numbers.get(expr) ?? this.#numbers.size
    this.#numbers.set(expr, known)
    return known
  }

  /**
   * What depends on single numbers alone is computed once, in float64, and not for each element: 1 - β^t of Adam, which
   * float32 could not hold anyway.
   */
  #hoisted(expr: Expr, args: readonly Access[]): { expr: Expr; args: Access[] } {
    const single = (k: number): boolean => (args[k] as Access).strides.every(s => s === 0)
    if (!args.some((_, k) => single(k))) return { expr, args: [...args] }
    const alone = new Map<Expr, boolean>()
    const kept: Access[] = []
    const depends = (x: Expr): boolean => {
      let known = alone.get(x)
      if (known === undefined) {
        known = x.op === 'const' || (x.op === 'input' ? single(x.value) : x.inputs.every(depends))
        alone.set(x, known)
      }
      return known
    }
    const made = new Map<Expr, Expr>()
    const walk = (x: Expr): Expr => {
      let known = made.get(x)
      if (known) return known
      if (x.op === 'const') known = x
      else if (x.op === 'input') known = Expr.input(argument(kept, args[x.value] as Access))
      else if (depends(x)) known = Expr.input(argument(kept, this.#single(x, args)))
      else known = x.apply(x.op as never, ...x.inputs.map(walk))
      made.set(x, known)
      return known
    }
    return { expr: walk(expr), args: kept }
  }
  #single(expr: Expr, all: readonly Access[]): Access {
    const args: Access[] = []
    const own = rewrite(expr, x =>
      x.op === 'input' ? Expr.input(argument(args, { ...(all[x.value] as Access), strides: [] })) : undefined,
    )
    const key = `${this.#number(own)} single ${args.map(keyOf).join()}`
    let buffer = this.#made.get(key)
    if (!buffer) {
      buffer = this.buffer('float64', 1)
      this.#made.set(key, buffer)
      this.nodes.push({ kind: 'map', name: own.op, shape: [], width: 8, expr: own, args, out: buffer })
    }
    const rank = (all.find(x => x.strides.length > 0) ?? { strides: [] }).strides.length
    return { buffer, offset: 0, strides: new Array<number>(rank).fill(0) }
  }
}

/** An expression whose value is an array's truth: 1 or 0. */
const asTruth = (x: Expr): Expr => (table.get(x.op as OpName)?.type === 'bool' ? x : x.ne(0))

/** The value of an expression of numbers; null when one of them is not known, or it is too much for constants. */
function evaluate(expr: Expr, numbers: readonly (number | null)[]): number | null {
  if (numbers.includes(null)) return null
  const out = rewrite(expr, x => (x.op === 'input' ? Expr.const(numbers[x.value] as number) : undefined))
  return out.op === 'const' ? out.value : null
}

/** The acts whose results somebody sees, and all draws: a generator goes on whoever looks. */
function wanted(recording: Recording): Act[] {
  const needed = new Set<number>()
  for (const [, slot] of recording.assigned) needed.add(slot.id)
  for (const [, slot] of recording.gradients) if (slot) needed.add(slot.id)
  for (const { slot } of recording.results) needed.add(slot.id)
  const kept: Act[] = []
  for (let i = recording.acts.length - 1; i >= 0; i--) {
    const act = recording.acts[i] as Act
    if (!needed.has(act.out.slot.id) && !isDraw(act.prim)) continue
    kept.push(act)
    for (const x of act.inputs) if (typeof x !== 'number') needed.add(x.slot.id)
  }
  return kept.reverse()
}
