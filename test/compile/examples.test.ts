// The step of every example: a hundred of them, compiled, are a hundred eager ones to rounding; and two runs are equal to the bit.
import { describe, expect, test } from 'vitest'
import { compile, type Tensor, Value } from '../../src/index.ts'
import { type Step, steps } from './examples.ts'

const numbers = (x: Tensor | Value): number[] => (x instanceof Value ? [x.data] : Array.from(x.data))
/** Losses and last parameters of a hundred steps. */
function trained(make: () => Step, how: (run: Step['run']) => Step['run']): { losses: number[]; last: number[] } {
  const { run, parameters } = make()
  const step = how(run)
  const losses = Array.from({ length: 100 }, () => numbers(step())[0] as number)
  return { losses, last: parameters.flatMap(numbers) }
}

describe.each(Object.entries(steps))('%s', (_, make) => {
  const compiled = trained(make, run => compile(run))

  test('as eager', () => {
    const eager = trained(make, run => run)
    // rounding, which training amplifies: float32 to a thousandth, float64 to a billionth
    const tolerance = make().parameters.some(p => p instanceof Value || p.dtype === 'float64') ? 1e-9 : 1e-3
    compiled.losses.forEach((loss, i) => {
      expect(Math.abs(loss - eager.losses[i]!)).toBeLessThan(tolerance * Math.max(1e-2, Math.abs(eager.losses[i]!)))
    })
    const scale = Math.max(...eager.last.map(Math.abs))
    compiled.last.forEach((x, i) => {
      expect(Math.abs(x - eager.last[i]!)).toBeLessThan(tolerance * scale)
    })
    expect(eager.losses[99]!).toBeLessThan(eager.losses[0]!)
  })

  test('again the same, to the bit', () => {
    expect(trained(make, run => compile(run))).toEqual(compiled)
  })
})
