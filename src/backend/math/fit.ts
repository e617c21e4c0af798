// What functions over registers are made of: polynomials fitted for each width, whole numbers and powers of 2 in bits.
import type { Registers, V } from './registers.ts'

/** Something for float32 and for float64. */
export type Pair<T = number> = readonly [single: T, double: T]
export const pick = <T>(a: Registers, [single, double]: Pair<T>): T => (a.width === 4 ? single : double)

/**
 * Coefficients, lowest first, for float32 and float64. All are minimax fits (Remez's exchange in 60-digit arithmetic)
 * of the function's series without its first terms, which are written out where the fit is used.
 */
export type Fit = Pair<readonly number[]>

/** c[0] + c[1] x + c[2] x^2 + … (Horner). */
export function poly(a: Registers, x: V, fit: Fit): V {
  const c = pick(a, fit)
  let out = a.const(c[c.length - 1])
  for (let i = c.length - 2; i >= 0; i--) out = a.madd(out, x, a.const(c[i]))
  return out
}

/** Bits of the fraction, and the shift that brings the lowest bit to the sign. */
export const FRACTION: Pair = [23, 52]
export const TO_SIGN: Pair = [31, 63]
/** The smallest normal number. */
export const NORMAL: Pair = [2 ** -126, 2 ** -1022]

/** -0: the sign bit alone. */
export const signOf = (a: Registers, x: V): V => a.and(x, a.const(-0))
/** |x| of `size`, which is not negative, with the sign of x. */
export const signed = (a: Registers, size: V, x: V): V => a.or(size, signOf(a, x))
/** Brings x into [low, high]; NaN stays. */
export const bound = (a: Registers, x: V, low: number, high: number): V =>
  a.pmin(a.pmax(x, a.const(low)), a.const(high))

/** 2^n times `unit`, a power of 2; right where that is a normal number. */
export const power2 = (a: Registers, bits: V, unit = 1): V => a.iadd(a.shl(bits, pick(a, FRACTION)), a.const(unit))
/** x * 2^n * unit, in two steps, of which only the last one may leave the normal numbers. */
export function scale(a: Registers, x: V, bits: V, unit = 1): V {
  const half = a.ushr(bits, 1)
  return a.mul(a.mul(x, power2(a, half)), power2(a, a.isub(bits, half), unit))
}

/** The upper half of a number's digits: the product of two such is exact. */
export const upper = (a: Registers, x: V): V => a.and(x, a.width === 4 ? a.bits(0xfffff000) : a.bits(0xf8000000, -1))
