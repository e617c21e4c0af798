// Pooling in WebAssembly: where each window's largest lies, and means of windows along one dimension.
import type { Span, Windows } from '../windows.ts'
import type { Module } from './assembler.ts'
import { type V, Vector, type Width } from './vector.ts'

/** (index, x): the flat index, int32, in x [planes, size] of the largest in each window; see the reference in pool.ts. */
export function maxima(module: Module, width: Width, p: Windows, planes: number): number {
  const { size, kernel, out, stride, padding, dilation } = p
  const key = ['maxima', width, planes, size, kernel, out, stride, padding, dilation].join()
  return module.shared(key, ['i32', 'i32'], [], code => {
    const v = new Vector(module, code, width, false)
    const tiled =
      [...kernel, ...stride].every(n => n === 2) &&
      padding.every(n => n === 0) &&
      dilation.every(n => n === 1) &&
      out.every((n, d) => 2 * n <= size[d])
    if (tiled && out[1] >= v.count) quarters(v, p, planes)
    else windows(v, p, planes)
  })
}

/** Is a candidate better than the best so far: larger, or the first NaN? */
const better = (v: Vector, candidate: V, best: V): V => v.andnot(v.eq(best, best), v.le(candidate, best))

/** Windows of 2x2 that tile the planes: as many at once as there are lanes. */
function quarters(v: Vector, { size: [h, w], out: [oh, ow] }: Windows, planes: number): void {
  const { code, width, count } = v
  const [INDEX, X] = [0, 1]
  const at = code.local('i32')
  // of two registers the lanes 0, 2, … and 1, 3, …
  const [even, odd] = [0, width].map(first =>
    Array.from({ length: 16 }, (_, i) => 2 * width * Math.floor(i / width) + first + (i % width)),
  )
  const pick = (x: V, y: V, picks: readonly number[]): V => {
    code.get(x.local).get(y.local).shuffle(picks)
    return v.take()
  }
  // indices count up from `at` in int32, wherever the floats are
  const places = { local: code.constant(new Uint8Array(Int32Array.of(0, 2, 4, 6).buffer)) }
  const next = { local: code.local('v128') }
  const moves = [
    [INDEX, 4],
    [X, 2 * width],
    [at, 2],
  ] as const
  code.repeat(planes, () => {
    code.sweep(
      oh,
      1,
      [
        [INDEX, 4 * ow],
        [X, 2 * w * width],
        [at, 2 * w],
      ],
      () =>
        code.sweep(ow, count, moves, () => {
          code.get(at).op('i32x4.splat').get(places.local).op('i32x4.add').set(next.local)
          const rows = [0, w].flatMap(from => {
            const [x, y] = [v.load(X, from * width), v.load(X, from * width + 16)]
            return [pick(x, y, even), pick(x, y, odd)]
          })
          let best = rows[0]
          // in lanes as wide as the floats
          let offset = v.bits(0)
          for (const [i, steps] of [1, w, w + 1].entries()) {
            const mask = better(v, rows[i + 1], best)
            best = v.where(mask, rows[i + 1], best)
            offset = v.where(mask, v.bits(steps), offset)
          }
          if (width === 8) offset = pick(offset, offset, [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11])
          code.get(next.local).get(offset.local).op('i32x4.add')
          const index = v.take()
          if (width === 4) v.store(INDEX, index)
          else code.get(INDEX).get(index.local).lane('v128.store64_lane', 0)
        }),
    )
    code
      .advance(INDEX, 4 * oh * ow)
      .advance(X, h * w * width)
      .advance(at, h * w)
  })
}

/** Any windows, element by element. */
function windows(v: Vector, p: Windows, planes: number): void {
  const { code, width } = v
  const { size, kernel, out, stride, padding, dilation } = p
  const [INDEX, X] = [0, 1]
  const type = width === 4 ? 'f32' : 'f64'
  const [best, plane, here] = [code.local('i32'), code.local('i32'), code.local('i32')]
  const [value, other] = [code.local(type), code.local(type)]
  const infinity = (): unknown => (width === 4 ? code.f32(-Infinity) : code.f64(-Infinity))
  /** Loops over windows and over what they hold along one dimension, each given where it is. */
  const along = (
    d: 0 | 1,
    begin: number,
  ): { windows: (f: () => void) => void; elements: (f: (at: number) => void) => void } => {
    const at = code.local('i32')
    const leaves = padding[d] > 0 || (out[d] - 1) * stride[d] + (kernel[d] - 1) * dilation[d] >= size[d]
    return {
      windows(f) {
        code.i32(-padding[d]).set(begin)
        code.repeat(out[d], () => {
          f()
          code.advance(begin, stride[d])
        })
      },
      elements(f) {
        code.get(begin).set(at)
        code.repeat(kernel[d], () => {
          if (leaves)
            code
              .get(at)
              .i32(size[d])
              .op('i32.lt_u')
              .when(() => f(at))
          else f(at)
          code.advance(at, dilation[d])
        })
      },
    }
  }
  const rows = along(0, code.local('i32'))
  const columns = along(1, code.local('i32'))
  code.repeat(planes, () => {
    rows.windows(() =>
      columns.windows(() => {
        code.i32(-1).set(best)
        infinity()
        code.set(value)
        rows.elements(row =>
          columns.elements(column => {
            code.get(row).i32(size[1]).op('i32.mul').get(plane).op('i32.add').get(column).op('i32.add').tee(here)
            code.i32(width).op('i32.mul').get(X).op('i32.add').memory(`${type}.load`).tee(other)
            // the first that is there, a larger one, or the first NaN
            code.get(value).op(`${type}.le`).op('i32.eqz').get(value).get(value).op(`${type}.eq`).op('i32.and')
            code
              .get(best)
              .i32(0)
              .op('i32.lt_s')
              .op('i32.or')
              .when(() => {
                code.get(here).set(best).get(other).set(value)
              })
          }),
        )
        code.get(INDEX).get(best).memory('i32.store').advance(INDEX, 4)
      }),
    )
    code.advance(plane, size[0] * size[1])
  })
}

/** Neighbouring spans of one length and divisor, equally far apart. */
interface Run extends Span {
  readonly count: number
  readonly step: number
}
function runs(spans: readonly Span[]): Run[] {
  const out: Run[] = []
  for (const span of spans) {
    const last = out.at(-1)
    const step = last ? span.start - last.start - (last.count - 1) * last.step : 0
    const alike = last && last.divisor === span.divisor && last.stop - last.start === span.stop - span.start
    if (alike && (last.count === 1 || step === last.step))
      out[out.length - 1] = { ...last, count: last.count + 1, step }
    else out.push({ ...span, count: 1, step: 0 })
  }
  return out
}

/** A function of two arrays: one holds [outer, n, inner], the other [outer, spans, inner]; the body meets each span. */
function spanned(
  name: string,
  module: Module,
  width: Width,
  spans: readonly Span[],
  [outer, n, inner]: readonly [number, number, number],
  /** Which parameter is the array that the spans are in. */
  whole: 0 | 1,
  before: (v: Vector) => void,
  body: (v: Vector, span: Run) => void,
): number {
  const key = [name, width, outer, n, inner, ...spans.flatMap(s => [s.start, s.stop, s.divisor])].join()
  return module.shared(key, ['i32', 'i32'], [], code => {
    const v = new Vector(module, code, width, false)
    const row = inner * width
    before(v)
    code.repeat(outer, () => {
      let at = 0
      for (const run of runs(spans)) {
        code.advance(whole, (run.start - at) * row)
        code.repeat(run.count, () => {
          body(v, run)
          code.advance(whole, run.step * row).advance(1 - whole, row)
        })
        at = run.start + run.count * run.step
      }
      code.advance(whole, (n - at) * row)
    })
  })
}

/** Float32 terms that are added up as such; more of them are added in float64. */
const TERMS = 16

/** (out, x): out[o, j, i] = the sum of x[o, k, i] over k in span j, divided. */
export function averages(
  module: Module,
  width: Width,
  spans: readonly Span[],
  outer: number,
  n: number,
  inner: number,
): number {
  const [OUT, X] = [0, 1] as const
  return spanned(
    'averages',
    module,
    width,
    spans,
    [outer, n, inner],
    X,
    () => {},
    (v, { start, stop, divisor }) => {
      if (inner === 1) mean(v, OUT, X, stop - start, divisor)
      else
        v.each(
          inner,
          [
            [OUT, width],
            [X, width],
          ],
          (count, at) => {
            const x = column(v, X, 16 * at, stop - start, inner * width, count)
            v.storePart(OUT, v.div(x, v.const(divisor)), count, 16 * at)
          },
        )
    },
  )
}

/** The mean of neighbouring numbers, in float64. */
function mean(v: Vector, to: number, from: number, length: number, divisor: number): void {
  const { code, width, count } = v
  const type = width === 4 ? 'f32' : 'f64'
  const total = code.local('f64')
  const at = code.local('i32')
  const vectors = length >= 4 * count ? Math.floor(length / count) : 0
  code.get(from).set(at)
  if (vectors) {
    const sum = v.variable()
    v.assign(sum, v.const(0))
    code.repeat(vectors, () => {
      const x = v.load(at)
      code
        .get(sum.local)
        .get((width === 8 ? x : v.pair(x)).local)
        .op('f64x2.add')
        .set(sum.local)
      code.advance(at, 16)
    })
    code.get(sum.local).extract('f64x2.extract_lane', 0).get(sum.local).extract('f64x2.extract_lane', 1)
    code.op('f64.add').set(total)
  } else code.f64(0).set(total)
  const one = (offset: number): void => {
    code.get(total).get(at).memory(`${type}.load`, offset)
    if (width === 4) code.op('f64.promote_f32')
    code.op('f64.add').set(total)
  }
  for (let i = 0; i < length - vectors * count; i++) one(i * width)
  code.get(to).get(total).f64(divisor).op('f64.div')
  if (width === 4) code.op('f32.demote_f64')
  code.memory(`${type}.store`)
}

/** The sum of `length` registers, or parts of them, that lie `step` bytes apart. */
function column(v: Vector, from: number, offset: number, length: number, step: number, count: number): V {
  const { code, width } = v
  if (length <= TERMS) {
    let sum = length ? v.loadPart(from, count, offset) : v.const(0)
    for (let k = 1; k < length; k++) sum = v.add(sum, v.loadPart(from, count, offset + k * step))
    return sum
  }
  const at = code.local('i32')
  code.get(from).set(at)
  const sums = Array.from({ length: width === 4 ? 2 : 1 }, () => v.variable())
  for (const sum of sums) v.assign(sum, v.const(0))
  code.repeat(length, () => {
    const x = v.loadPart(at, count, offset)
    for (const [i, half] of (width === 4 ? v.halves(x) : [x]).entries())
      code.get(sums[i].local).get(half.local).op('f64x2.add').set(sums[i].local)
    code.advance(at, step)
  })
  return width === 4 ? v.narrow(sums[0], sums[1]) : sums[0]
}

/** (out, y): out [outer, n, inner] = 0, then out[o, k, i] += y[o, j, i] / divisor for k in span j. */
export function averagesAdd(
  module: Module,
  width: Width,
  spans: readonly Span[],
  outer: number,
  n: number,
  inner: number,
): number {
  const [OUT, Y] = [0, 1] as const
  const type = width === 4 ? 'f32' : 'f64'
  const clear = (v: Vector): void => v.clear(OUT, outer * n * inner * width)
  return spanned('averagesAdd', module, width, spans, [outer, n, inner], OUT, clear, (v, { start, stop, divisor }) => {
    const { code } = v
    const [to, share] = [code.local('i32'), code.local(type)]
    if (inner > 1) {
      v.each(
        inner,
        [
          [OUT, width],
          [Y, width],
        ],
        (count, at) => {
          const y = v.div(v.loadPart(Y, count, 16 * at), v.const(divisor))
          code.get(OUT).set(to)
          code.repeat(stop - start, () => {
            v.storePart(to, v.add(v.loadPart(to, count, 16 * at), y), count, 16 * at)
            code.advance(to, inner * width)
          })
        },
      )
      return
    }
    code.get(Y).memory(`${type}.load`)
    if (width === 4) code.f32(divisor)
    else code.f64(divisor)
    code.op(`${type}.div`).set(share).get(OUT).set(to)
    code.repeat(stop - start, () => {
      code
        .get(to)
        .get(to)
        .memory(`${type}.load`)
        .get(share)
        .op(`${type}.add`)
        .memory(`${type}.store`)
        .advance(to, width)
    })
  })
}
