// Padding as modules: what is added around the last one or two dimensions.
import { integer, list, number } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import type { PadOptions } from '../engine/ops/arrange.ts'
import { pad } from './functional.ts'
import { stateless } from './stateless.ts'

/** One number for all sides, or one for each: left, right, above, below. */
export type Sides = number | readonly number[]

function sides(op: string, rank: 1 | 2, padding: Sides, least: number): readonly number[] {
  const all =
    typeof padding === 'number' ? Array.from({ length: 2 * rank }, () => padding) : list(op, 'padding', padding)
  if (all.length !== 2 * rank)
    throw new ArgumentError(`${op}: padding is one number, or one for each of ${2 * rank} sides, not ${all.length}`)
  return all.map(n => integer(op, 'padding', n, least))
}
const padded = (rank: 1 | 2, mode: NonNullable<PadOptions['mode']>) =>
  stateless(pad, (op, padding: Sides): [readonly number[], PadOptions] => [
    sides(op, rank, padding, mode === 'constant' ? -Infinity : 0),
    { mode },
  ])
const filled = (rank: 1 | 2) =>
  stateless(pad, (op, padding: Sides, value: number): [readonly number[], PadOptions] => [
    sides(op, rank, padding, -Infinity),
    { value: number(op, 'value', value) },
  ])

/** [..., l] -> [..., l']: zeros before and after; negative numbers cut off */
export class ZeroPad1d extends padded(1, 'constant') {}
/** [..., h, w] -> [..., h', w']: zeros around it; negative numbers cut off */
export class ZeroPad2d extends padded(2, 'constant') {}
/** [..., l] -> [..., l']: a value before and after; negative numbers cut off */
export class ConstantPad1d extends filled(1) {}
/** [..., h, w] -> [..., h', w']: a value around it; negative numbers cut off */
export class ConstantPad2d extends filled(2) {}
/** [..., l] -> [..., l']: what is mirrored at the first and last element */
export class ReflectionPad1d extends padded(1, 'reflect') {}
/** [..., h, w] -> [..., h', w']: what is mirrored at the outermost pixels */
export class ReflectionPad2d extends padded(2, 'reflect') {}
/** [..., l] -> [..., l']: the first element before, the last one after */
export class ReplicationPad1d extends padded(1, 'replicate') {}
/** [..., h, w] -> [..., h', w']: the outermost pixels around it */
export class ReplicationPad2d extends padded(2, 'replicate') {}
/** [..., l] -> [..., l']: the end before, the beginning after */
export class CircularPad1d extends padded(1, 'circular') {}
/** [..., h, w] -> [..., h', w']: at each side what is at the other */
export class CircularPad2d extends padded(2, 'circular') {}
