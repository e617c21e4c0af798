// Convolution in WebAssembly: images laid into zero-padded planes, then sums over channels and taps that stay in registers.
import type { Convolution } from '../windows.ts'
import type { Code, Module } from './assembler.ts'
import { type V, Vector, type Width } from './vector.ts'

/** Where an image lies in a plane of zeros. What a tap reads for neighbouring outputs lies next to each other there. */
interface Plane {
  readonly size: readonly [number, number]
  readonly rows: number
  /** A row is `phases` runs of so many columns: column j of the image, counted with its zeros, is in run j % phases. */
  readonly columns: number
  readonly phases: number
  /** Zeros before the image; if negative, what of it is left out. */
  readonly top: number
  readonly left: number
  /** Bytes from one to the next. */
  readonly row: number
  readonly plane: number
}

function plane(width: Width, p: Omit<Plane, 'row' | 'plane'>): Plane {
  const row = p.phases * p.columns * width
  const bytes = p.rows * row
  // planes at multiples of a large power of two would share the same few lines of the cache
  return { ...p, row, plane: bytes % 1024 === 0 && !bare(p) ? bytes + 64 : bytes }
}
/** Is a plane just the image? */
const bare = ({ size: [h, w], rows, columns, phases, top, left }: Omit<Plane, 'row' | 'plane'>): boolean =>
  rows === h && columns === w && phases === 1 && top === 0 && left === 0
/** Bytes of so many planes, and behind them what is reached over at the last row's end. */
const room = (p: Plane, channels: number, behind = 16): number => (p.plane * channels + behind + 15) & -16

/** How far a variable moves for each element, in bytes. */
const by = (local: number, bytes: number) => [local, bytes] as const
/** local = base + offset */
const place = (code: Code, local: number, base: number, offset: number): Code =>
  code.get(base).i32(offset).op('i32.add').set(local)

/** Lays the next `channels` images at `from` into the planes at `to`, whose zeros are there already. */
function lay(v: Vector, p: Plane, channels: number, to: number, from: number): void {
  const { code } = v
  const [h, w] = p.size
  const first = Math.max(0, p.top)
  const rows = Math.min(p.rows, p.top + h) - first
  if (rows <= 0) return
  const [source, target] = range(2, () => code.local('i32'))
  for (let phase = 0; phase < p.phases; phase++) {
    const begin = Math.max(0, Math.ceil((p.left - phase) / p.phases))
    const n = Math.min(p.columns, Math.ceil((p.left + w - phase) / p.phases)) - begin
    if (n <= 0) continue
    place(code, source, from, ((first - p.top) * w + begin * p.phases + phase - p.left) * v.width)
    place(code, target, to, first * p.row + (phase * p.columns + begin) * v.width)
    code.repeat(channels, () => {
      code.repeat(rows, () => {
        copy(v, target, source, n, p.phases)
        code.advance(source, w * v.width).advance(target, p.row)
      })
      code.advance(source, (h - rows) * w * v.width).advance(target, p.plane - rows * p.row)
    })
  }
}
/** Copies every `step`-th of n numbers. */
function copy(v: Vector, to: number, from: number, n: number, step: number): void {
  const { code, width } = v
  const tile = step > 1 ? 1 : Math.min(n, v.count)
  code.sweep(n, tile, [by(to, width), by(from, step * width)], () => v.storePart(to, v.loadPart(from, tile), tile))
}

/** A step of a tap in the planes and in the weights, in bytes. */
type Tap = Readonly<Record<'x' | 'w', number>>
/** Sums over channels and taps of what lies in planes: outputs that lie in rows next to each other. */
interface Sums {
  readonly inputs: number
  readonly outputs: number
  /** A tap for each row and each column of these; rows are equally far apart. */
  readonly rows: readonly Tap[]
  readonly columns: readonly Tap[]
  /** Bytes from one to the next: rows of outputs and channels in the planes, input and output channels in the weights. */
  readonly step: Readonly<Record<'row' | 'plane' | 'input' | 'output', number>>
  /** How many rows and columns of outputs, where they begin, and how far rows, columns and channels lie apart. */
  readonly out: Readonly<Record<'start' | 'row' | 'column' | 'channel', number>> & Pick<Plane, 'size'>
}
/** What a block in registers covers: output channels, rows, and vectors along a row. */
type Tile = Readonly<Record<'outputs' | 'rows' | 'vectors', number>>

/** Registers for a block's sums and one step's operands, of the 16 that there are: a product takes one more. */
const registers = ({ fused }: Vector): number => (fused ? 15 : 14)
/** Taps that are written out; more of them are a loop. */
const TAPS = 36

/** The block that takes the least time by a simple model: arithmetic, loads and instructions of one tap's step. */
function tileOf(v: Vector, { outputs, out: { size } }: Sums): Tile {
  let best: Tile = { outputs: 1, rows: 1, vectors: 1 }
  let least = Infinity
  for (let o = 1; o <= Math.min(12, outputs); o++) {
    for (let r = 1; r <= Math.min(4, size[0]); r++) {
      for (let n = 1; n === 1 || (n <= 7 && n * v.count <= size[1]); n++) {
        const held = o * r * n
        if (held + o + r * n > registers(v)) continue
        const arithmetic = held * (v.fused ? 1 : 2)
        // one vector in four lies across two lines of the cache
        const loads = o + 1.5 * r * n
        const step = Math.max(4, arithmetic / 2, loads / 2, (arithmetic + loads) / 3)
        const blocks = Math.ceil(outputs / o) * Math.ceil(size[0] / r) * Math.ceil(size[1] / (n * v.count))
        if (blocks * step < least) {
          least = blocks * step
          best = { outputs: o, rows: r, vectors: n }
        }
      }
    }
  }
  return best
}

/** All sums of `outputs` channels, from planes at x and weights at w. */
function sums(v: Vector, s: Sums, y: number, x: number, w: number): void {
  const { code, width } = v
  const { out, step } = s
  const tile = tileOf(v, s)
  const columns = Math.min(out.size[1], tile.vectors * v.count)
  code.sweep(out.size[0], tile.rows, [by(x, step.row), by(y, out.row)], () => {
    code.sweep(s.outputs, tile.outputs, [by(w, step.output), by(y, out.channel)], () => {
      code.sweep(out.size[1], columns, [by(x, width), by(y, out.column)], () => block(v, s, tile, y, x, w))
    })
  })
}

/**
 * Runs the body with what cuts the code in two: a jump that is never taken, since no address is that large. In one
 * piece Node 20 puts all loads before all arithmetic, and those of two steps do not fit the registers.
 */
function pieces(code: Code, address: number, body: (cut: () => void) => void): void {
  code.block(leave => {
    let n = 0
    body(() => {
      code.get(address).i32(--n).op('i32.eq')
      leave()
    })
  })
}

/** The sums of a block, a row for each output channel: 0 at first. */
function held(v: Vector, rows: number, columns: number): V[][] {
  const all = range(rows, () => range(columns, () => v.variable()))
  for (const sum of all.flat()) v.assign(sum, v.const(0))
  return all
}
/** Adds the product of a factor for each row and one for each column. */
function multiply(v: Vector, sums: readonly V[][], columns: readonly V[], factor: (row: number) => V): void {
  for (const [i, row] of sums.entries()) {
    const y = factor(i)
    for (const [j, sum] of row.entries()) v.assign(sum, v.madd(columns[j], y, sum))
  }
}

/** One block: its sums begin at 0, take in every channel and tap, and are stored. */
function block(v: Vector, s: Sums, tile: Tile, y: number, x: number, w: number): void {
  const { code } = v
  const { out, step } = s
  const pixels = range(tile.rows, r => range(tile.vectors, n => [r, n] as const)).flat()
  const totals = held(v, tile.outputs, pixels.length)
  const [from, weight] = [code.local('i32'), code.local('i32')]
  code.get(x).set(from).get(w).set(weight)
  // two channels a round where a channel has few taps
  const unroll = s.rows.length * s.columns.length <= 4 && s.inputs % 2 === 0 ? 2 : 1
  pieces(code, x, cut => {
    const each = taps(code, s, { x: from, w: weight }, (at, tap) => {
      const xs = pixels.map(([row, n]) => v.load(at.x, tap.x + row * step.row + 16 * n))
      multiply(v, totals, xs, o => v.splat(at.w, tap.w + o * step.output))
      cut()
    })
    code.repeat(s.inputs / unroll, () => {
      for (let i = 0; i < unroll; i++) each({ x: i * step.plane, w: i * step.input })
      code.advance(from, unroll * step.plane).advance(weight, unroll * step.input)
    })
  })
  for (const [o, row] of totals.entries()) {
    for (const [i, sum] of row.entries()) {
      const [r, n] = pixels[i]
      put(v, sum, y, out.start + o * out.channel + r * out.row + n * v.count * out.column, out.column, out.size[1])
    }
  }
}

/** Gives what writes one channel's taps: written out, or as a loop over rows, or over single taps. */
function taps(code: Code, { rows, columns }: Sums, at: Tap, take: (at: Tap, tap: Tap) => void): (base: Tap) => void {
  const sum = (a: Tap, b: Tap): Tap => ({ x: a.x + b.x, w: a.w + b.w })
  if (rows.length * columns.length <= TAPS)
    return base => {
      for (const row of rows) for (const column of columns) take(at, sum(base, sum(row, column)))
    }
  /** Runs the body for each of equally distant taps. */
  const along = (list: readonly Tap[], from: Tap, body: (here: Tap) => void): void => {
    const here = { x: code.local('i32'), w: code.local('i32') }
    place(code, here.x, from.x, list[0].x)
    place(code, here.w, from.w, list[0].w)
    code.repeat(list.length, () => {
      body(here)
      if (list.length > 1) code.advance(here.x, list[1].x - list[0].x).advance(here.w, list[1].w - list[0].w)
    })
  }
  const even = columns.every((tap, i) => i === 0 || tap.x - columns[i - 1].x === columns[1].x - columns[0].x)
  return base =>
    along(rows, at, row => {
      if (even && columns.length > TAPS) along(columns, row, here => take(here, base))
      else for (const column of columns) take(row, sum(base, column))
    })
}

/** Stores a vector of `columns` outputs at most, `step` bytes apart. */
function put(v: Vector, x: V, at: number, offset: number, step: number, columns: number): void {
  const n = Math.min(columns, v.count)
  if (step === v.width) v.storePart(at, x, n, offset)
  else for (let i = 0; i < n; i++) v.storeLane(at, x, i, offset + i * step)
}

const range = <T>(n: number, f: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => f(i))
const keyOf = (name: string, width: Width, fused: boolean, c: Convolution): string =>
  [name, width, fused, c.batch, c.groups, c.inputs, c.outputs]
    .concat(...[c.size, c.kernel, c.out, c.stride, c.padding, c.dilation])
    .join()

/** Planes of x, as `conv` and `convWeight` read them. */
const planeOfX = (width: Width, { size, kernel, out, stride, padding, dilation }: Convolution): Plane =>
  plane(width, {
    size,
    rows: (out[0] - 1) * stride[0] + (kernel[0] - 1) * dilation[0] + 1,
    columns: out[1] + Math.floor(((kernel[1] - 1) * dilation[1]) / stride[1]),
    phases: stride[1],
    top: padding[0],
    left: padding[1],
  })
/** How far what is `q` columns further in the image is in planes of x. */
const columnOf = (width: Width, { phases, columns }: Plane, q: number): number =>
  ((q % phases) * columns + Math.floor(q / phases)) * width

/** Of a function (out, from, w, scratch): runs the body for each image and group, with planes of `from` laid or as it is. */
function images(v: Vector, c: Convolution, p: Plane, channels: number, body: (planes: number) => void): void {
  const { code } = v
  const [from, w, scratch] = [1, 2, 3]
  const weights = c.outputs * c.inputs * c.kernel[0] * c.kernel[1] * v.width
  const asIs = bare(p)
  if (!asIs) v.clear(scratch, room(p, channels))
  code.repeat(c.batch, () => {
    code.repeat(c.groups, () => {
      if (!asIs) lay(v, p, channels, scratch, from)
      body(asIs ? from : scratch)
      code.advance(from, channels * p.size[0] * p.size[1] * v.width).advance(w, weights)
    })
    code.advance(w, -c.groups * weights)
  })
}

/** (y, x, w, scratch): y = x * w. */
export function conv(module: Module, width: Width, fused: boolean, c: Convolution): number {
  const [Y, W] = [0, 2]
  return module.shared(keyOf('conv', width, fused, c), ['i32', 'i32', 'i32', 'i32'], [], code => {
    const v = new Vector(module, code, width, fused)
    const p = planeOfX(width, c)
    const [kh, kw] = c.kernel
    const image = c.out[0] * c.out[1] * width
    const s: Sums = {
      inputs: c.inputs,
      outputs: c.outputs,
      rows: range(kh, i => ({ x: i * c.dilation[0] * p.row, w: i * kw * width })),
      columns: range(kw, q => ({ x: columnOf(width, p, q * c.dilation[1]), w: q * width })),
      step: {
        row: c.stride[0] * p.row,
        plane: p.plane,
        input: kh * kw * width,
        output: c.inputs * kh * kw * width,
      },
      out: { size: c.out, start: 0, row: c.out[1] * width, column: width, channel: image },
    }
    images(v, c, p, c.inputs, planes => {
      sums(v, s, Y, planes, W)
      code.advance(Y, c.outputs * image)
    })
  })
}

/** Planes of y, as `convInput` reads them: every row and column that a tap asks for. */
function planeOfY(width: Width, { size, kernel, out, stride, padding, dilation }: Convolution): Plane {
  const first = (d: 0 | 1): number => Math.floor((padding[d] - (kernel[d] - 1) * dilation[d]) / stride[d])
  const last = (d: 0 | 1): number => Math.floor((size[d] - 1 + padding[d]) / stride[d])
  return plane(width, {
    size: out,
    rows: last(0) - first(0) + 1,
    columns: last(1) - first(1) + 1,
    phases: 1,
    top: -first(0),
    left: -first(1),
  })
}
/** The taps of dimension d that reach the pixels phase, phase + stride, …, and the row or column each reads for the first. */
const reaching = ({ kernel, stride, padding, dilation }: Convolution, d: 0 | 1, phase: number) =>
  range(kernel[d], k => ({ k, y: (phase + padding[d] - k * dilation[d]) / stride[d] })).filter(t => t.y % 1 === 0)

/** (x, y, w, scratch): x = the transpose of `conv` in x, at y and w. */
export function convInput(module: Module, width: Width, fused: boolean, c: Convolution): number {
  const [X, W] = [0, 2]
  return module.shared(keyOf('convInput', width, fused, c), ['i32', 'i32', 'i32', 'i32'], [], code => {
    const v = new Vector(module, code, width, fused)
    const p = planeOfY(width, c)
    const [kh, kw] = c.kernel
    const [h, w] = c.size
    // pixels as far apart as the stride are met by the same taps: for each such phase a convolution of y by itself
    const phases = range(c.stride[0], a => range(c.stride[1], b => [a, b] as const))
      .flat()
      .filter(([a, b]) => a < h && b < w)
      .map(
        ([a, b]): Sums => ({
          inputs: c.outputs,
          outputs: c.inputs,
          rows: reaching(c, 0, a).map(({ k, y }) => ({ x: (y + p.top) * p.row, w: k * kw * width })),
          columns: reaching(c, 1, b).map(({ k, y }) => ({ x: (y + p.left) * width, w: k * width })),
          step: {
            row: p.row,
            plane: p.plane,
            input: c.inputs * kh * kw * width,
            output: kh * kw * width,
          },
          out: {
            size: [Math.ceil((h - a) / c.stride[0]), Math.ceil((w - b) / c.stride[1])],
            start: (a * w + b) * width,
            row: c.stride[0] * w * width,
            column: c.stride[1] * width,
            channel: h * w * width,
          },
        }),
      )
    images(v, c, p, c.outputs, planes => {
      for (const s of phases) sums(v, s, X, planes, W)
      code.advance(X, c.inputs * h * w * width)
    })
  })
}

/** How `convWeight` reads y: rows of whole vectors, with zeros behind each, or y itself where it is so. */
interface Rows {
  readonly p: Plane
  /** Vectors in a row, rows, and rows of which a partial sum is made. */
  readonly vectors: number
  readonly count: number
  readonly together: number
  /** Bytes from one row to the next in y and in the planes of x. */
  readonly y: number
  readonly x: number
}
/** Vectors whose products are summed in float32 before they go into a sum in float64. */
const PARTIAL = 512

function rowsOfY(width: Width, c: Convolution, inX: Plane): Rows {
  const [oh, ow] = c.out
  const lanes = 16 / width
  // a single row that is very long is taken in parts, as rows that follow each other
  const parts = oh === 1 && ow > PARTIAL * lanes ? Math.ceil(ow / (PARTIAL * lanes)) : 1
  const vectors = parts > 1 ? PARTIAL : Math.ceil(ow / lanes)
  const p = plane(width, { size: c.out, rows: oh, columns: parts * vectors * lanes, phases: 1, top: 0, left: 0 })
  const count = oh * parts
  const together = Math.min(count, Math.max(1, Math.floor(PARTIAL / vectors)))
  return { p, vectors, count, together, y: 16 * vectors, x: parts > 1 ? 16 * vectors : c.stride[0] * inX.row }
}

/** Bytes of the parts of `convWeight`'s scratch: the sums, 16 for each weight, and the planes of x and y. */
function parts(width: Width, c: Convolution): Readonly<Record<'sums' | 'x' | 'y', number>> {
  const inX = planeOfX(width, c)
  const inY = rowsOfY(width, c, inX)
  return {
    sums: c.groups * c.outputs * c.inputs * c.kernel[0] * c.kernel[1] * 16,
    x: room(inX, c.inputs, inY.y),
    y: bare(inY.p) ? 0 : room(inY.p, c.outputs),
  }
}

/** (w, x, y, scratch): w = the transpose of `conv` in w, at x and y. */
export function convWeight(module: Module, width: Width, fused: boolean, c: Convolution): number {
  const [W, X, Y, SCRATCH] = [0, 1, 2, 3]
  return module.shared(keyOf('convWeight', width, fused, c), ['i32', 'i32', 'i32', 'i32'], [], code => {
    const v = new Vector(module, code, width, fused)
    const inX = planeOfX(width, c)
    const inY = rowsOfY(width, c, inX)
    const part = parts(width, c)
    const [xs, ys, total, rows, left] = range(5, () => code.local('i32'))
    place(place(code, xs, SCRATCH, part.sums), ys, xs, part.x)
    v.clear(SCRATCH, part.sums + part.x + part.y)
    code.repeat(c.batch, () => {
      code.get(SCRATCH).set(total)
      code.repeat(c.groups, () => {
        lay(v, inX, c.inputs, xs, X)
        if (bare(inY.p)) code.get(Y).set(ys)
        else lay(v, inY.p, c.outputs, ys, Y)
        const { together } = inY
        const move = (n: number): Code => code.advance(xs, n * inY.x).advance(ys, n * inY.y)
        const chunks = Math.ceil(inY.count / together)
        code.i32(inY.count).set(left)
        code.repeat(chunks, () => {
          code.get(left).i32(together).get(left).i32(together).op('i32.lt_s').op('select').set(rows)
          products(v, c, inX, inY, { total, xs, ys, rows })
          code.advance(left, -together)
          move(together)
        })
        move(-chunks * together)
        code.advance(X, c.inputs * c.size[0] * c.size[1] * width).advance(Y, c.outputs * c.out[0] * c.out[1] * width)
        code.advance(total, c.outputs * c.inputs * c.kernel[0] * c.kernel[1] * 16)
      })
    })
    narrow(v, W, SCRATCH, part.sums / 16)
  })
}

/** Addresses of sums and of the planes of x and y, and how many rows to take: all in variables. */
type Places = Readonly<Record<'total' | 'xs' | 'ys' | 'rows', number>>

/** Adds the products of some rows of x and y to the sums of one group's weights. */
function products(v: Vector, c: Convolution, inX: Plane, inY: Rows, { total, xs, ys, rows }: Places): void {
  const { code, width } = v
  const [kh, kw] = c.kernel
  const patch = c.inputs * kh * kw * 16
  const [x, y, at] = range(3, () => code.local('i32'))
  // few taps in a row: those of several channels
  const channels = [4, 3, 2].find(n => n * kw <= 4 && c.inputs % n === 0) ?? 1
  const list = range(channels, i =>
    range(kw, q => ({ x: i * inX.plane + columnOf(width, inX, q * c.dilation[1]), w: (i * kh * kw + q) * 16 })),
  ).flat()
  const most = list.length > 4 ? Math.ceil(list.length / Math.ceil(list.length / 4)) : list.length
  const tiles = range(Math.ceil(list.length / most), i => list.slice(i * most, (i + 1) * most))
  const tall = Math.min(c.outputs, Math.floor((registers(v) - most) / (most + 1)))
  /** Every tap of so many output channels. */
  const channelsOf = (outputs: number): void => {
    code.get(xs).set(x)
    code.repeat(c.inputs / channels, () => {
      code.repeat(kh, () => {
        for (const taps of tiles) accumulate(v, c, inY, outputs, taps, { total: at, xs: x, ys: y, rows })
        code.advance(x, c.dilation[0] * inX.row).advance(at, kw * 16)
      })
      code.advance(x, channels * inX.plane - kh * c.dilation[0] * inX.row)
      code.advance(at, (channels - 1) * kh * kw * 16)
    })
    code.advance(at, (outputs - 1) * patch).advance(y, outputs * inY.p.plane)
  }
  if (c.outputs === 0) return
  code.get(total).set(at).get(ys).set(y)
  code.repeat(Math.floor(c.outputs / tall), () => channelsOf(tall))
  if (c.outputs % tall) channelsOf(c.outputs % tall)
}

/** Some output channels by some taps, over some rows: partial sums in registers, which are then added to the sums in float64. */
function accumulate(v: Vector, c: Convolution, inY: Rows, outputs: number, taps: readonly Tap[], at: Places): void {
  const { code } = v
  const step = inY.p.plane
  const patch = c.inputs * c.kernel[0] * c.kernel[1] * 16
  const totals = held(v, outputs, taps.length)
  const [x, y, left] = range(3, () => code.local('i32'))
  code.get(at.xs).set(x).get(at.ys).set(y).get(at.rows).set(left)
  const some = (n: number, cut: () => void): void => {
    for (let j = 0; j < n; j++) {
      const xs = taps.map(tap => v.load(x, tap.x + 16 * j))
      multiply(v, totals, xs, o => v.load(y, o * step + 16 * j))
      cut()
    }
  }
  const unroll = inY.vectors <= 8 ? inY.vectors : 4
  const rest = inY.vectors % unroll
  const moved = (inY.vectors - rest) * 16
  pieces(code, at.xs, cut =>
    code.times(left, () => {
      code.repeat(Math.floor(inY.vectors / unroll), () => {
        some(unroll, cut)
        code.advance(x, 16 * unroll).advance(y, 16 * unroll)
      })
      some(rest, cut)
      code.advance(x, inY.x - moved).advance(y, inY.y - moved)
    }),
  )
  for (const [o, row] of totals.entries()) {
    for (const [t, sum] of row.entries()) {
      const offset = o * patch + taps[t].w
      code.get(at.total).get((v.width === 8 ? sum : v.pair(sum)).local)
      code.get(at.total).memory('v128.load', offset).op('f64x2.add').memory('v128.store', offset)
    }
  }
}

/** Each of n numbers at `to` is the sum of two in float64. */
function narrow({ code, width }: Vector, to: number, from: number, n: number): void {
  code.repeat(n, () => {
    code.get(to).get(from).memory('f64.load').get(from).memory('f64.load', 8).op('f64.add')
    if (width === 8) code.memory('f64.store')
    else code.op('f32.demote_f64').memory('f32.store')
    code.advance(to, width).advance(from, 16)
  })
}

/** Bytes of scratch that each of the three needs, at most. */
export function convScratch(width: Width, c: Convolution): number {
  const { sums, x, y } = parts(width, c)
  return Math.max(room(planeOfX(width, c), c.inputs), room(planeOfY(width, c), c.outputs), sums + x + y)
}
