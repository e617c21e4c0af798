// A fold over arrays: a pointwise program for every element, summed (or the largest, the smallest) over some dimensions.

import { type FoldLoop, type Loop, merged } from '../stream.ts'
import type { Module } from './assembler.ts'
import { keyOf, LOW_HALVES, Nest, pointers } from './nest.ts'
import { type V, Vector, type Width } from './vector.ts'

/** Float32 terms that are added up as such before the sum goes on in float64. */
const CHUNK = 16
/** Registers of results that a fold over leading dimensions takes at once: a cache line. */
const BLOCK = 4

/** A function of addresses (inputs, then the output): folds the program's result over some dimensions. */
export function foldLoop(module: Module, width: Width, fused: boolean, loop: FoldLoop): number {
  const { sizes, streams, flags } = merged(
    loop.sizes,
    loop.inputs.map(({ strides }) => strides),
    loop.folded,
  )
  const lastKept = flags.length > 0 && flags.at(-1) === false
  const kept = sizes.flatMap((_, d) => (flags[d] ? [] : [d]))
  const folded = sizes.flatMap((_, d) => (flags[d] ? [d] : []))
  // loops: what is kept, what is folded; along the last dimension go the registers
  const order = lastKept ? [...kept.slice(0, -1), ...folded, kept.at(-1) as number] : [...kept, ...folded]
  const dims = order.map(d => sizes[d] as number)
  const strides = (s: readonly number[]): number[] => order.map(d => s[d] as number)
  let step = 1
  const dense = new Array<number>(order.length).fill(0)
  for (let i = kept.length - 1; i >= 0; i--) {
    dense[order.indexOf(kept[i] as number)] = step
    step *= sizes[kept[i] as number] as number
  }
  if (dims.length === 0 || (!lastKept && folded.length === 0)) {
    dims.push(1)
    dense.push(0)
  }
  const pad = (s: number[]): number[] => (s.length < dims.length ? [...s, 0] : s)
  const inputs = loop.inputs.map(({ dtype }, k) => ({ dtype, strides: pad(strides(streams[k] as number[])) }))
  const out = { dtype: loop.dtype, strides: dense }
  const small: Loop = { sizes: dims, inputs, program: loop.program }
  const result = loop.program.length - 1
  const outer = lastKept ? kept.length - 1 : kept.length
  const rank = dims.length
  const signature = [loop.fold, out, outer, lastKept]
  return module.shared(keyOf('fold', width, fused, small, signature), pointers(inputs.length + 1), [], code => {
    const a = new Vector(module, code, width, fused)
    const e = new Nest(a, dims, loop.program, inputs, [out])
    const start = loop.fold === 'sum' ? 0 : loop.fold === 'amax' ? -Infinity : Infinity
    const join = (x: V, y: V): V =>
      loop.fold === 'sum' ? a.add(x, y) : loop.fold === 'amax' ? a.max(x, y) : a.min(x, y)
    const terms = folded.reduce((n, d) => n * (sizes[d] as number), 1)
    const exact = loop.fold === 'sum' && width === 4 && terms > CHUNK * (lastKept ? 1 : a.count)
    const n = dims[rank - 1] as number
    const value = (ahead: number, count: number): V => {
      const values = e.vector(ahead, count)
      const x = a.number((e.depths[result] === rank ? values[result] : e.value(result)) as V)
      return x
    }

    /** Sums in progress: float32 for a while, and in float64 what that came to. */
    const accumulators = (count: number) => {
      const near = Array.from({ length: count }, () => a.variable())
      const far = exact ? Array.from({ length: count }, () => [a.variable(), a.variable()] as const) : []
      const zero = { local: a.bits(0).local }
      return {
        near,
        reset(): void {
          for (const x of near) a.assign(x, a.const(start))
          for (const pair of far) for (const x of pair) a.assign(x, zero)
        },
        flush(): void {
          if (!exact) return
          near.forEach((x, i) => {
            const [low, high] = far[i] as readonly [V, V]
            code.get(low.local).get(x.local).op('f64x2.promote_low_f32x4').op('f64x2.add').set(low.local)
            code
              .get(high.local)
              .get(x.local)
              .get(x.local)
              .shuffle(HIGH_HALF)
              .op('f64x2.promote_low_f32x4')
              .op('f64x2.add')
              .set(high.local)
            a.assign(x, zero)
          })
        },
        /** The sums themselves. */
        finish(): V[] {
          if (exact)
            near.forEach((x, i) => {
              const [low, high] = far[i] as readonly [V, V]
              code
                .get(low.local)
                .op('f32x4.demote_f64x2_zero')
                .get(high.local)
                .op('f32x4.demote_f64x2_zero')
                .shuffle(LOW_HALVES)
                .set(x.local)
            })
          return near
        },
        /** All lanes of the first in one number, stored. */
        total(): void {
          const place = e.place(inputs.length)
          code.get(place)
          if (exact) {
            const [low, high] = far[0] as readonly [V, V]
            const sum = code.local('v128')
            code.get(low.local).get(high.local).op('f64x2.add').set(sum)
            code.get(sum).extract('f64x2.extract_lane', 0).get(sum).extract('f64x2.extract_lane', 1).op('f64.add')
            code.op('f32.demote_f64').memory('f32.store')
            return
          }
          const [x] = near as [V]
          const extract = width === 4 ? 'f32x4.extract_lane' : 'f64x2.extract_lane'
          const both =
            `${width === 4 ? 'f32' : 'f64'}.${loop.fold === 'sum' ? 'add' : loop.fold === 'amax' ? 'max' : 'min'}` as const
          code.get(x.local).extract(extract, 0)
          for (let i = 1; i < a.count; i++) code.get(x.local).extract(extract, i).op(both)
          if (loop.dtype === 'int32') {
            code
              .op(`${width === 4 ? 'f32x4' : 'f64x2'}.splat`)
              .op(width === 4 ? 'i32x4.trunc_sat_f32x4_s' : 'i32x4.trunc_sat_f64x2_s_zero')
            code.extract('i32x4.extract_lane', 0).memory('i32.store')
          } else if (loop.dtype === 'float32') {
            if (width === 8) code.op('f32.demote_f64')
            code.memory('f32.store')
          } else {
            if (width === 4) code.op('f64.promote_f32')
            code.memory('f64.store')
          }
        },
      }
    }
    type Accumulators = ReturnType<typeof accumulators>
    /** Runs the body `count` times, float32 sums handed on often enough. */
    const chunked = (count: number, sums: Accumulators, body: () => void): void => {
      if (!exact) {
        code.repeat(count, body)
        return
      }
      const full = Math.floor(count / CHUNK)
      code.repeat(full, () => {
        code.repeat(CHUNK, body)
        sums.flush()
      })
      code.repeat(count % CHUNK, body)
      if (count % CHUNK) sums.flush()
    }

    /** Folds everything from dimension `dim` on. The last dimension is folded too. */
    const lines = (dim: number, sums: Accumulators): void => {
      e.steps(dim)
      if (dim < rank - 1) {
        e.along(dim, () => lines(dim + 1, sums))
        return
      }
      const [sum] = sums.near as [V]
      const whole = Math.floor(n / a.count)
      const rest = n % a.count
      e.line(move => {
        chunked(whole, sums, () => {
          a.assign(sum, join(sum, value(0, a.count)))
          move(a.count)
        })
        if (rest > 0) {
          const x = a.where(a.first(rest), value(0, rest), a.const(start))
          a.assign(sum, join(sum, x))
          sums.flush()
        }
      })
    }

    /** Folds the dimensions [dim, rank - 1) for some registers along the last one, which is kept. */
    const columns = (dim: number, sums: Accumulators, counts: readonly number[]): void => {
      const take = (): void => {
        e.steps(rank - 1)
        let ahead = 0
        counts.forEach((count, i) => {
          a.assign(sums.near[i] as V, join(sums.near[i] as V, value(ahead, count)))
          ahead += a.count
        })
      }
      e.steps(dim)
      if (dim === rank - 1) take()
      else if (dim === rank - 2) e.along(dim, take, exact ? CHUNK : 0, () => sums.flush())
      else e.along(dim, () => columns(dim + 1, sums, counts))
    }

    const nest = (dim: number): void => {
      if (dim < outer) {
        e.steps(dim)
        e.along(dim, () => nest(dim + 1))
        return
      }
      if (!lastKept) {
        const sums = accumulators(1)
        sums.reset()
        lines(dim, sums)
        sums.total()
        return
      }
      const block = (counts: readonly number[]): void => {
        const sums = accumulators(counts.length)
        sums.reset()
        columns(dim, sums, counts)
        let ahead = 0
        sums.finish().forEach((x, i) => {
          e.store(inputs.length, ahead, counts[i] as number, x)
          ahead += a.count
        })
      }
      const registers = Math.floor(n / a.count)
      const rest = n % a.count
      e.line(move => {
        code.repeat(Math.floor(registers / BLOCK), () => {
          block(new Array<number>(BLOCK).fill(a.count))
          move(BLOCK * a.count)
        })
        const last = [...new Array<number>(registers % BLOCK).fill(a.count), ...(rest > 0 ? [rest] : [])]
        if (last.length > 0) block(last)
      })
    }
    nest(0)
  })
}
const HIGH_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]
