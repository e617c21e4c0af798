// How plots look: two themes, colours that colour-blind eyes tell apart, and sizes that grow with the picture.

export type Theme = 'light' | 'dark'
export type Rgb = [number, number, number]

export type Look = {
  paper: string
  ink: string
  muted: string
  grid: string
  /** Series and classes, in this order: Okabe and Ito's palette, shifted for contrast with the paper. */
  series: string[]
  right: string
  wrong: string
}

export const looks: Record<Theme, Look> = {
  light: {
    paper: '#ffffff',
    ink: '#1f2328',
    muted: '#59636e',
    grid: '#e6e8eb',
    series: ['#0072b2', '#d55e00', '#009e73', '#b5558f', '#9a7400', '#3f9ad1'],
    right: '#0072b2',
    wrong: '#d55e00',
  },
  dark: {
    paper: '#0d1117',
    ink: '#e6edf3',
    muted: '#9aa4b0',
    grid: '#252b33',
    series: ['#56b4e9', '#f5a623', '#2bc59b', '#e48fbf', '#f0e442', '#ff7f5c'],
    right: '#56b4e9',
    wrong: '#ff8a5c',
  },
}

export function rgb(hex: string): Rgb {
  return [1, 3, 5].map(i => Number.parseInt(hex.slice(i, i + 2), 16)) as Rgb
}

/** `share` of `over` on `under`, both opaque: 0 is `under`, 1 is `over`. */
export function mix(under: Rgb, over: Rgb, share: number): Rgb {
  const part = (i: number) => Math.round(under[i] + (over[i] - under[i]) * share)
  return [part(0), part(1), part(2)]
}

/** The colour of series or class `k`: beyond the palette from its beginning again, each time nearer to the ink. */
export function colourOf({ series, ink }: Look, k: number): Rgb {
  const round = Math.floor(k / series.length)
  return mix(rgb(series[k % series.length]), rgb(ink), 1 - 0.55 ** round)
}

export function css([r, g, b]: Rgb, alpha = 1): string {
  return `rgba(${r}, ${g}, ${b}, ${alpha})`
}

/** WCAG 2's relative luminance, 0 (black) to 1 (white). */
function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map(c => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** Near-black or white, whichever stands out more from `ground`. */
export function readable(ground: Rgb): string {
  const l = luminance(ground)
  return 1.05 / (l + 0.05) > (l + 0.05) / 0.06 ? '#ffffff' : '#0d1117'
}
