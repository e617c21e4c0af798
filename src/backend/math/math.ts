// The table's functions over registers: `math.exp(a, x)` writes the instructions with the arithmetic `a`.
export * from './erf.ts'
export * from './exponential.ts'
export * from './logarithm.ts'
export * from './power.ts'
export * from './remainder.ts'
export * from './trigonometry.ts'
