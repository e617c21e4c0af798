// Data sets: made, and read from files.
export { type IdxArray, readIdx } from './idx.ts'
export { type MoonsOptions, makeMoons } from './moons.ts'
