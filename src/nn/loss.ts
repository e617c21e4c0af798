// Losses: how far from right, as one number to descend.
export * from './loss/classes.ts'
export * from './loss/comparison.ts'
export * from './loss/labels.ts'
export * from './loss/likelihood.ts'
export { known, type LossOptions } from './loss/reduction.ts'
export * from './loss/regression.ts'
