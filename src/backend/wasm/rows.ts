// Lines in WebAssembly: softmax and its logarithms, the best's place and running sums along the middle of [outer, n, inner].

import * as math from '../math/math.ts'
import type { Module } from './assembler.ts'
import { type V, Vector, type Width } from './vector.ts'

/** Registers that are taken at once along a row. */
const GROUP = 4

/**
 * Runs the body for the registers of n neighbouring numbers, `GROUP` at once while there are as many: it is given how
 * many numbers are in each. Variables move by so many bytes a number, and back at the end.
 */
function groups(
  { code, count }: Vector,
  n: number,
  moves: readonly (readonly [local: number, bytes: number])[],
  body: (counts: readonly number[]) => void,
): void {
  const move = (elements: number): void => {
    for (const [local, bytes] of moves) code.advance(local, elements * bytes)
  }
  const some = (times: number, registers: number): void => {
    code.repeat(times, () => {
      body(new Array<number>(registers).fill(count))
      move(registers * count)
    })
  }
  const whole = Math.floor(n / count)
  some(Math.floor(whole / GROUP), GROUP)
  some(whole % GROUP, 1)
  if (n % count) body([n % count])
  move(-whole * count)
}
/** Registers reduced to one, in pairs. */
function tree(f: (x: V, y: V) => V, xs: readonly V[]): V {
  if (xs.length === 1) return xs[0]
  const half = xs.length >> 1
  return f(tree(f, xs.slice(0, half)), tree(f, xs.slice(half)))
}
/** The lanes of a register reduced to one, which is in all of them. */
function across(v: Vector, f: (x: V, y: V) => V, x: V, width: number): V {
  let all = x
  for (let bytes = 8; bytes >= width; bytes /= 2) {
    v.code
      .get(all.local)
      .get(all.local)
      .shuffle(Array.from({ length: 16 }, (_, i) => (i + bytes) % 16))
    all = f(all, v.take())
  }
  return all
}

/** Arithmetic in float64, on what is wide. */
const wide = ({ module, code, fused }: Vector): Vector => new Vector(module, code, 8, fused)
/** Sums in float64 as a register of floats. */
const narrow = (v: Vector, sums: readonly V[]): V => (v.width === 4 ? v.narrow(sums[0], sums[1]) : sums[0])

/**
 * A line in registers, its numbers along them or across: how one walks over it. A walk gives to its body registers of
 * numbers, where they are, and how many count.
 */
interface Line {
  /** The largest in all lanes or, across, of each lane. A NaN may be passed over: it shows in what is computed next. */
  readonly max: () => V
  /** Sums in float64 of what the body gives for each register, and how often its mask, if any, is true. */
  readonly sum: (body: (x: V, at: number, offset: number, count: number) => Term) => Totals
  /** Visits each register. */
  readonly each: (from: number, body: (x: V, offset: number, count: number) => void) => void
}
interface Term {
  readonly x: V
  readonly mask?: V
}
interface Totals {
  readonly sums: readonly V[]
  readonly counts: readonly V[]
}

/** How many times a lane's mask was true, as float64. */
function counted(v: Vector, count: V): V[] {
  const picks = (firsts: readonly number[]): V => {
    v.code.get(count.local).get(count.local)
    v.code.shuffle(firsts.flatMap(first => Array.from({ length: 4 }, (_, i) => first + i)))
    v.code.op('f64x2.convert_low_i32x4_s')
    return v.take()
  }
  return v.width === 4 ? [picks([0, 4, 0, 4]), picks([8, 12, 8, 12])] : [picks([0, 8, 0, 8])]
}

/** A line whose numbers are neighbours, from the addresses in `from` and `to`, which are moved along together. */
function row(v: Vector, n: number, from: number, to: number): Line {
  const { width } = v
  const moves = [
    [from, width],
    [to, width],
  ] as const
  const load = (at: number, i: number, count: number, otherwise: number): V => {
    const x = v.loadPart(at, count, 16 * i)
    return count === v.count ? x : v.where(v.first(count), x, v.const(otherwise))
  }
  return {
    max() {
      const top = v.variable()
      v.assign(top, v.const(-Infinity))
      groups(v, n, moves, counts => {
        const xs = counts.map((count, i) => load(from, i, count, -Infinity))
        v.assign(
          top,
          v.pmax(
            top,
            tree((x, y) => v.pmax(x, y), xs),
          ),
        )
      })
      return across(v, (x, y) => v.pmax(x, y), top, width)
    },
    sum(body) {
      const [total, hits] = [v.variable(), v.variable()]
      for (const x of [total, hits]) v.assign(x, v.const(0))
      let masked = false
      groups(v, n, moves, counts => {
        const terms = counts.map((count, i) => {
          const { x, mask } = body(v.loadPart(from, count, 16 * i), from, 16 * i, count)
          const here = count === v.count ? null : v.first(count)
          if (mask) {
            masked = true
            v.assign(hits, v.isub(hits, here ? v.and(mask, here) : mask))
          }
          return here ? v.and(x, here) : x
        })
        const sum = tree((x, y) => v.add(x, y), terms)
        v.assign(total, wide(v).add(total, width === 4 ? v.pair(sum) : sum))
      })
      const whole = (xs: readonly V[]): V[] => {
        const w = wide(v)
        const all = across(
          v,
          (x, y) => w.add(x, y),
          tree((x, y) => w.add(x, y), xs),
          8,
        )
        return width === 4 ? [all, all] : [all]
      }
      return { sums: whole([total]), counts: masked ? whole(counted(v, hits)) : [] }
    },
    each(at, body) {
      groups(v, n, moves, counts => {
        for (const [i, count] of counts.entries()) body(v.loadPart(at, count, 16 * i), 16 * i, count)
      })
    },
  }
}

/** As many lines as `count`, neighbours of each other, whose numbers lie `step` bytes apart. */
function columns(v: Vector, n: number, step: number, count: number, from: number, to: number): Line {
  const { code } = v
  const walk = (body: () => void): void => {
    code.repeat(n, () => {
      body()
      if (n > 1) code.advance(from, step).advance(to, step)
    })
    if (n > 1) code.advance(from, -n * step).advance(to, -n * step)
  }
  return {
    max() {
      const top = v.variable()
      v.assign(top, v.const(-Infinity))
      walk(() => v.assign(top, v.pmax(top, v.loadPart(from, count))))
      return top
    },
    sum(body) {
      const sums = (v.width === 4 ? [0, 1] : [0]).map(() => v.variable())
      const hits = v.variable()
      for (const x of [...sums, hits]) v.assign(x, v.const(0))
      let masked = false
      walk(() => {
        const { x, mask } = body(v.loadPart(from, count), from, 0, count)
        if (mask) {
          masked = true
          v.assign(hits, v.isub(hits, mask))
        }
        for (const [i, half] of (v.width === 4 ? v.halves(x) : [x]).entries())
          v.assign(sums[i], wide(v).add(sums[i], half))
      })
      return { sums, counts: masked ? counted(v, hits) : [] }
    },
    each(at, body) {
      walk(() => body(v.loadPart(at, count), 0, count))
    },
  }
}

/**
 * A function (out, x) over the lines of [outer, n, inner]. Where the result has one number for a line, `out` stays
 * where it is along a line.
 */
function lines(
  name: string,
  module: Module,
  width: Width,
  fused: boolean,
  [outer, n, inner]: readonly [number, number, number],
  body: (v: Vector, line: Line, to: number, from: number, count: number) => void,
  one = false,
): number {
  const [OUT, X] = [0, 1]
  return module.shared([name, width, fused, outer, n, inner].join(), ['i32', 'i32'], [], code => {
    const v = new Vector(module, code, width, fused)
    // what is moved in the place of `out`
    const to = one ? code.local('i32') : OUT
    code.repeat(outer, () => {
      if (inner === 1) {
        body(v, row(v, n, X, to), OUT, X, 1)
        code.advance(X, n * width).advance(OUT, (one ? 1 : n) * width)
        return
      }
      const strip = (count: number): void => {
        body(v, columns(v, n, inner * width, count, X, to), OUT, X, count)
        code.advance(X, count * width).advance(OUT, count * width)
      }
      code.repeat(Math.floor(inner / v.count), () => strip(v.count))
      if (inner % v.count) strip(inner % v.count)
      code.advance(X, (n - 1) * inner * width).advance(OUT, one ? 0 : (n - 1) * inner * width)
    })
  })
}

/** (out, x): exp(x) / sum(exp(x)) along the middle of [outer, n, inner]. */
export function softmax(module: Module, width: Width, fused: boolean, outer: number, n: number, inner: number): number {
  return lines('softmax', module, width, fused, [outer, n, inner], (v, line, to) => {
    const top = line.max()
    const { sums } = line.sum((x, _, offset, count) => {
      const e = math.exp(v, v.sub(x, top))
      v.storePart(to, e, count, offset)
      return { x: e }
    })
    const w = wide(v)
    const factor = narrow(
      v,
      sums.map(sum => w.div(w.const(1), sum)),
    )
    line.each(to, (e, offset, count) => v.storePart(to, v.mul(e, factor), count, offset))
  })
}

/**
 * The largest and log(sum(exp(x - max))) of a line. One of the largest is left to log1p, which keeps the digits of the
 * rest: they are summed without those equal to it, which are counted.
 */
function logSum(v: Vector, line: Line): readonly [max: V, log: readonly V[]] {
  const top = line.max()
  const { sums, counts } = line.sum(x => {
    const mask = v.eq(x, top)
    return { x: v.andnot(math.exp(v, v.sub(x, top)), mask), mask }
  })
  const w = wide(v)
  const logs = sums.map((sum, i) =>
    i > 0 && sum === sums[0] ? null : math.log1p(w, w.add(sum, w.sub(counts[i], w.const(1)))),
  )
  return [top, logs.map(log => log ?? (logs[0] as V))]
}

/** (out, x): x - log(sum(exp(x))) along the middle of [outer, n, inner]. */
export function logSoftmax(
  module: Module,
  width: Width,
  fused: boolean,
  outer: number,
  n: number,
  inner: number,
): number {
  return lines('logSoftmax', module, width, fused, [outer, n, inner], (v, line, to, from) => {
    const [top, logs] = logSum(v, line)
    // of an infinite maximum, softmax and its logarithm are NaN
    const log = v.add(narrow(v, logs), v.sub(top, top))
    line.each(from, (x, offset, count) => v.storePart(to, v.sub(v.sub(x, top), log), count, offset))
  })
}

/** (out, x): log(sum(exp(x))) of each line along the middle of [outer, n, inner]. */
export function logsumexp(
  module: Module,
  width: Width,
  fused: boolean,
  outer: number,
  n: number,
  inner: number,
): number {
  const one = true
  return lines(
    'logsumexp',
    module,
    width,
    fused,
    [outer, n, inner],
    (v, line, to, _, count) => {
      const [top, logs] = logSum(v, line)
      const w = wide(v)
      const tops = v.width === 4 ? v.halves(top) : [top]
      v.storePart(
        to,
        narrow(
          v,
          logs.map((log, i) => w.add(tops[i], log)),
        ),
        count,
      )
    },
    one,
  )
}

/** (out int32, x): the place of the largest (sign 1) or smallest (-1) of each line; the first of equals, NaN wins. */
export function argbest(module: Module, width: Width, outer: number, n: number, inner: number, sign: 1 | -1): number {
  const [OUT, X] = [0, 1]
  return module.shared(['argbest', width, outer, n, inner, sign].join(), ['i32', 'i32'], [], code => {
    const v = new Vector(module, code, width, false)
    const better = (x: V, best: V): V => v.andnot(v.eq(best, best), sign > 0 ? v.le(x, best) : v.ge(x, best))
    const [best, place, now] = [v.variable(), v.variable(), v.variable()]
    /** Starts with `x` at the places in `first`; then each one taken in lies `by` places further. */
    const begin = (x: V, first: V): void => {
      for (const [to, y] of [
        [best, x],
        [place, first],
        [now, first],
      ])
        v.assign(to, y)
    }
    const take = (x: V, by: number, here?: V): void => {
      v.assign(now, v.iadd(now, v.bits(by)))
      const mask = here ? v.and(better(x, best), here) : better(x, best)
      v.assign(best, v.where(mask, x, best))
      v.assign(place, v.where(mask, now, place))
    }
    const first = (): V => {
      const bytes = new Uint8Array(16)
      for (let i = 0; i < v.count; i++) bytes[i * width] = i
      return { local: code.constant(bytes) }
    }
    const at = code.local('i32')
    const along = (): void => {
      const [whole, part] = [Math.floor(n / v.count), n % v.count]
      begin(v.load(X), first())
      code.get(X).set(at)
      code.repeat(whole - 1, () => {
        code.advance(at, 16)
        take(v.load(at), v.count)
      })
      if (part) take(v.loadPart(at, part, 16), v.count, v.first(part))
      code.get(OUT)
      winner(v, best, place, sign)
      code
        .memory('i32.store')
        .advance(OUT, 4)
        .advance(X, n * width)
    }
    const across = (count: number): void => {
      begin(v.loadPart(X, count), v.bits(0))
      code.get(X).set(at)
      code.repeat(n - 1, () => {
        code.advance(at, inner * width)
        take(v.loadPart(at, count), 1)
      })
      for (let i = 0; i < count; i++)
        code
          .get(OUT)
          .get(place.local)
          .lane('v128.store32_lane', (i * width) / 4, 4 * i)
      code.advance(OUT, 4 * count).advance(X, count * width)
    }
    if (n === 0) return
    code.repeat(outer, () => {
      if (inner === 1 && n >= v.count) along()
      else {
        code.repeat(Math.floor(inner / v.count), () => across(v.count))
        if (inner % v.count) across(inner % v.count)
        code.advance(X, (n - 1) * inner * width)
      }
    })
  })
}

/** Of lanes with a number and its place each: the place of the best, the first of equals. */
function winner(v: Vector, best: V, place: V, sign: 1 | -1): void {
  const { code, width } = v
  const [type, lanes] = width === 4 ? (['f32', 'f32x4'] as const) : (['f64', 'f64x2'] as const)
  const [value, other] = [code.local(type), code.local(type)]
  const [at, there] = [code.local('i32'), code.local('i32')]
  const read = (lane: number, x: number, place32: number): void => {
    code.get(best.local).extract(`${lanes}.extract_lane`, lane).set(x)
    code
      .get(place.local)
      .extract('i32x4.extract_lane', (lane * width) / 4)
      .set(place32)
  }
  read(0, value, at)
  for (let lane = 1; lane < v.count; lane++) {
    read(lane, other, there)
    // better, or as good and earlier; two NaN are as good
    code
      .get(other)
      .get(value)
      .op(sign > 0 ? `${type}.le` : `${type}.ge`)
      .op('i32.eqz')
    code.get(value).get(value).op(`${type}.eq`).op('i32.and')
    code.get(other).get(value).op(`${type}.eq`)
    code.get(other).get(other).op(`${type}.ne`).get(value).get(value).op(`${type}.ne`).op('i32.and').op('i32.or')
    code
      .get(there)
      .get(at)
      .op('i32.lt_s')
      .op('i32.and')
      .op('i32.or')
      .when(() => {
        code.get(other).set(value).get(there).set(at)
      })
  }
  code.get(at)
}

/** (out, x): running sums of each line, from the front or from the back, in float64. */
export function cumsum(
  module: Module,
  width: Width,
  outer: number,
  n: number,
  inner: number,
  reverse: boolean,
): number {
  const [OUT, X] = [0, 1]
  return module.shared(['cumsum', width, outer, n, inner, reverse].join(), ['i32', 'i32'], [], code => {
    const v = new Vector(module, code, width, false)
    const type = width === 4 ? 'f32' : 'f64'
    const step = (reverse ? -1 : 1) * inner * width
    const move = (bytes: number): void => {
      code.advance(X, bytes).advance(OUT, bytes)
    }
    const sum = code.local('f64')
    const along = (): void => {
      code.f64(0).set(sum)
      code.repeat(n, () => {
        code.get(sum).get(X).memory(`${type}.load`)
        if (width === 4) code.op('f64.promote_f32')
        code.op('f64.add').set(sum).get(OUT).get(sum)
        if (width === 4) code.op('f32.demote_f64')
        code.memory(`${type}.store`)
        move(step)
      })
    }
    const sums = (width === 4 ? [0, 1] : [0]).map(() => v.variable())
    const across = (count: number): void => {
      for (const x of sums) v.assign(x, v.const(0))
      code.repeat(n, () => {
        const x = v.loadPart(X, count)
        for (const [i, half] of (width === 4 ? v.halves(x) : [x]).entries())
          v.assign(sums[i], wide(v).add(sums[i], half))
        v.storePart(OUT, narrow(v, sums), count)
        move(step)
      })
      move(count * width - n * step)
    }
    const last = reverse ? (n - 1) * inner * width : 0
    move(last)
    code.repeat(outer, () => {
      if (inner === 1) {
        along()
        move(n * width - n * step)
      } else {
        code.repeat(Math.floor(inner / v.count), () => across(v.count))
        if (inner % v.count) across(inner % v.count)
        move((n - 1) * inner * width)
      }
    })
  })
}
