// Fields over the plane as pixels: one word a pixel, in the order of ImageData's bytes.

export type Rgb = readonly [red: number, green: number, blue: number]

/** A colour of the style sheet, '#rrggbb' or, as builds shorten it, '#rgb'. */
export function rgb(hex: string): Rgb {
  const [r, g, b] = hex.length === 4 ? [...hex.slice(1)].map(x => x + x) : [1, 3, 5].map(i => hex.slice(i, i + 2))
  return [Number.parseInt(r, 16), Number.parseInt(g, 16), Number.parseInt(b, 16)]
}
/** From a (t = 0) to b (t = 1). */
export const mix = (a: Rgb, b: Rgb, t: number): Rgb => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
]
export const css = ([red, green, blue]: Rgb): string => `rgb(${red.toFixed(0)} ${green.toFixed(0)} ${blue.toFixed(0)})`

const pixel = ([red, green, blue]: Rgb): number =>
  ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0

/** 256 colours for numbers from -1 by 0 to 1. */
export type Ramp = Uint32Array
export const ramp = (minus: Rgb, zero: Rgb, plus: Rgb): Ramp =>
  Uint32Array.from({ length: 256 }, (_, i) => {
    const t = i / 127.5 - 1
    return pixel(t < 0 ? mix(zero, minus, -t) : mix(zero, plus, t))
  })
const shade = (colours: Ramp, t: number): number => colours[Math.max(0, Math.min(255, Math.round((t + 1) * 127.5)))]

/** The largest absolute value of a part of a field. */
export function extent(field: Float32Array, from: number, count: number): number {
  let most = 0
  for (let i = from; i < from + count; i++) {
    const size = Math.abs(field[i])
    if (size > most) most = size
  }
  return most
}

/** A unit's activation: from -most to most, at least from -1 to 1. */
export function shadeUnit(pixels: Uint32Array, field: Float32Array, from: number, colours: Ramp): void {
  const most = Math.max(1, extent(field, from, pixels.length))
  for (let i = 0; i < pixels.length; i++) pixels[i] = shade(colours, field[from + i] / most)
}

/** A square field on a finer grid, between the middles of its cells linearly, at its rim as the last cell. */
export function finer(field: Float32Array, from: number, side: number, fine: number): Float32Array {
  const out = new Float32Array(fine * fine)
  const low = new Int32Array(fine)
  const part = new Float32Array(fine)
  for (let i = 0; i < fine; i++) {
    const at = Math.max(0, Math.min(side - 1, ((i + 0.5) * side) / fine - 0.5))
    low[i] = Math.min(Math.floor(at), Math.max(0, side - 2))
    part[i] = at - low[i]
  }
  const next = side > 1 ? 1 : 0
  for (let row = 0; row < fine; row++) {
    const above = from + low[row] * side
    const below = above + next * side
    const down = part[row]
    for (let column = 0; column < fine; column++) {
      const i = low[column]
      const right = part[column]
      const upper = field[above + i] * (1 - right) + field[above + i + next] * right
      const lower = field[below + i] * (1 - right) + field[below + i + next] * right
      out[row * fine + column] = upper * (1 - down) + lower * down
    }
  }
  return out
}

/** Numbers from low to high over the whole ramp; `steps` bands instead of all shades, if given. */
export function shadeRange(field: Float32Array, colours: Ramp, low: number, high: number, steps?: number): Uint32Array {
  const out = new Uint32Array(field.length)
  const scale = high > low ? 2 / (high - low) : 0
  for (let i = 0; i < out.length; i++) {
    let t = (field[i] - low) * scale - 1
    if (steps !== undefined) {
      const band = Math.max(0, Math.min(steps - 1, Math.floor(((t + 1) / 2) * steps)))
      t = (band / (steps - 1)) * 2 - 1
    }
    out[i] = shade(colours, t)
  }
  return out
}

/** The likeliest of several classes: its colour, the paler the less sure it is; or the colour alone. */
export function shadeClasses(
  fields: readonly Float32Array[],
  colours: readonly Rgb[],
  zero: Rgb,
  discrete: boolean,
  strength = 1,
): Uint32Array {
  const ramps = colours.map(colour => ramp(zero, zero, colour))
  const even = 1 / fields.length
  const out = new Uint32Array(fields[0].length)
  for (let i = 0; i < out.length; i++) {
    let best = 0
    for (let k = 1; k < fields.length; k++) if (fields[k][i] > fields[best][i]) best = k
    out[i] = shade(ramps[best], (discrete ? 1 : (fields[best][i] - even) / (1 - even)) * strength)
  }
  return out
}
