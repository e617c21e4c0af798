// The table's functions in SIMD code: `math.exp(a, x)` writes the instructions with the arithmetic `a`.
export * from './erf.ts'
export * from './exponential.ts'
export * from './logarithm.ts'
export * from './power.ts'
export * from './remainder.ts'
export * from './trigonometry.ts'
