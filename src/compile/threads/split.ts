// A kernel for several threads: whole lines, rows or images for each, so that every number is computed as by one thread.
import { numel } from '../../backend/array.ts'
import { type Batch, batches } from '../../backend/batch.ts'
import { batched } from '../../backend/wasm/batch.ts'
import type { Width } from '../../backend/wasm/vector.ts'
import { type Expr, programs } from '../../engine/expr.ts'
import type { Kernel } from '../fuse.ts'
import type { Access, CallNode, Extent, Part } from '../ir.ts'

/** [0, n) in so many ranges of whole units, the last with what is left; in fewer where there are not as many units. */
export function ranges(n: number, parts: number, unit = 1): (readonly [from: number, to: number])[] {
  const count = Math.max(1, Math.min(parts, Math.floor(n / unit)))
  const at = Array.from({ length: count }, (_, i) => Math.floor((n * i) / count / unit) * unit)
  return at.map((from, i) => [from, at[i + 1] ?? n])
}

/** Between which elements, seen from the first, all of a strided array lie. */
export function extent(sizes: readonly number[], strides: readonly number[], at = 0): Extent {
  let [from, to] = [at, at + 1]
  sizes.forEach((n, d) => {
    const reach = (n - 1) * (strides[d] as number)
    if (reach < 0) from += reach
    else to += reach
  })
  return { at, from, to }
}

/** A product in parts: some of the batch, or some rows, or some columns of each. */
export function product(width: Width, p: Batch): NonNullable<CallNode['split']> {
  const { m, n, k } = p
  const { sizes, streams } = batches(p)
  const [left, right] = streams as [number[], number[]]
  const steps = sizes.map((_, d) => numel(sizes.slice(d + 1)) * m * n)
  /** Some matrices, rows and columns, each from a first one on. */
  const part = (
    own: readonly number[],
    from: { batch?: number; row?: number; column?: number },
    rows: number,
    columns: number,
  ): Part => {
    const { batch = 0, row = 0, column = 0 } = from
    const spec: Batch = {
      sizes: own,
      m: rows,
      n: columns,
      k,
      a: { ...p.a, batch: left },
      b: { ...p.b, batch: right },
      c: { matrix: m * n, row: n },
    }
    const { a, b } = p
    return {
      emit: (module, fused) => batched(module, width, fused, spec),
      extents: [
        extent([...own, rows, columns], [...steps, n, 1], batch * (steps[0] ?? 0) + row * n + column),
        extent([...own, rows, k], [...left, a.row, a.step], batch * (left[0] ?? 0) + row * a.row),
        extent([...own, k, columns], [...right, b.step, b.column], batch * (right[0] ?? 0) + column * b.column),
      ],
    }
  }
  return parts => {
    const [first = 1, ...rest] = sizes
    // each thread packs all of the factor that is not divided; blocks of 4 rows and 2 vectors stay whole, and neither one
    // row nor one column is left, for which the kernel has other ways
    const [rows, columns] = [ranges(m, parts, n === 1 ? 16 : 4), ranges(n, parts, 16)]
    const most = Math.max(rows.length, columns.length)
    if (first >= 2 * parts || first % parts === 0 || Math.min(first, parts) > most)
      return ranges(first, parts).map(([from, to]) => part([to - from, ...rest], { batch: from }, m, n))
    return rows.length === most && (columns.length < most || m >= n)
      ? rows.map(([from, to]) => part(sizes, { row: from }, to - from, n))
      : columns.map(([from, to]) => part(sizes, { column: from }, m, to - from))
  }
}

/**
 * A kernel that does the same for each of `outer` lines, images or planes: `lengths` are the elements of the output and
 * the inputs, which lie line by line, those in `shared` excepted. Bounds are at whole units.
 */
export function lines(
  outer: number,
  lengths: readonly number[],
  emit: (outer: number) => CallNode['emit'],
  { shared = [], unit = 1 }: { readonly shared?: readonly number[]; readonly unit?: number } = {},
): NonNullable<CallNode['split']> {
  return parts =>
    ranges(outer, parts, unit).map(([from, to]) => ({
      emit: emit(to - from),
      extents: lengths.map((length, k) => {
        if (shared.includes(k)) return { at: 0, from: 0, to: length }
        const line = length / outer
        return { at: from * line, from: from * line, to: to * line }
      }),
    }))
}

/** From how many nanoseconds of work on, by a rough estimate, a kernel is divided. Tests set it to 0. */
export const tuning = { least: 15_000 }

const heavy = new Set<string>([
  'exp',
  'log',
  'log1p',
  'expm1',
  'pow',
  'sin',
  'cos',
  'tan',
  'tanh',
  'sigmoid',
  'softplus',
  'erf',
  'erfc',
])
/** Nanoseconds of an element's ops. */
const ops = (exprs: readonly Expr[]): number =>
  programs(exprs).steps.reduce((sum, step) => sum + (step.kind !== 'op' ? 0 : heavy.has(step.name) ? 1.2 : 0.12), 0)
const reading = (args: readonly Access[]): number =>
  args.reduce((sum, { strides }) => sum + (strides.every(s => s === 0) ? 0 : (strides.at(-1) ?? 0) > 1 ? 1 : 0.2), 0)

/** About how many nanoseconds a kernel takes on one thread. */
export function cost(kernel: Kernel): number {
  switch (kernel.kind) {
    case 'group':
      return (
        numel(kernel.shape) *
        (reading(kernel.args) + 0.2 * kernel.outputs.length + ops(kernel.outputs.map(({ expr }) => expr)))
      )
    case 'fold':
      return numel(kernel.shape) * (reading(kernel.args) + 0.12 + ops([kernel.expr]))
    case 'place':
      return 0.5 * kernel.out.length
    case 'call':
      return kernel.flops > 0
        ? 0.03 * kernel.flops * (kernel.width / 4)
        : 1.5 * Math.max(kernel.out.length, ...kernel.inputs.map(({ buffer }) => buffer.length))
    default:
      return 0
  }
}
