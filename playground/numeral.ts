// Numbers as the page writes them: short, with a true minus sign.

/** A number in at most about `digits` significant digits; `-` is the typographic minus. */
export function numeral(x: number, digits = 4): string {
  if (Number.isNaN(x)) return 'NaN'
  if (!Number.isFinite(x)) return x > 0 ? '∞' : '−∞'
  const size = Math.abs(x)
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e6)
      ? Number(x.toPrecision(Math.min(3, digits))).toExponential()
      : String(Number(x.toPrecision(digits)))
  return text.replaceAll('-', '−')
}

/** The number that somebody typed; NaN when it is none. */
export const numberOf = (text: string): number => Number(text.trim().replaceAll('−', '-') || Number.NaN)
