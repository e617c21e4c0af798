// A loop over arrays: a pointwise program for every element.

import { type MapLoop, merged } from '../stream.ts'
import type { Module } from './assembler.ts'
import { keyOf, Nest, pointers } from './nest.ts'
import { type V, Vector, type Width } from './vector.ts'

/** A function of addresses (inputs, then outputs): computes the program for every element. */
export function mapLoop(module: Module, width: Width, fused: boolean, loop: MapLoop): number {
  const { sizes, streams } = merged(
    loop.sizes,
    [...loop.inputs, ...loop.outputs].map(({ strides }) => strides),
  )
  if (sizes.length === 0) {
    sizes.push(1)
    for (const s of streams) s.push(0)
  }
  const inputs = loop.inputs.map(({ dtype }, k) => ({ dtype, strides: streams[k] as number[] }))
  const outputs = loop.outputs.map(({ dtype, step }, k) => ({
    dtype,
    step,
    strides: streams[loop.inputs.length + k] as number[],
  }))
  const small: MapLoop = { sizes, inputs, outputs, program: loop.program }
  return module.shared(
    keyOf('map', width, fused, small, outputs),
    pointers(inputs.length + outputs.length),
    [],
    code => {
      const a = new Vector(module, code, width, fused)
      const e = new Nest(a, sizes, loop.program, inputs, outputs)
      const rank = sizes.length
      const heavy = loop.program.filter((step, i) => step.kind === 'op' && e.depths[i] === rank).length
      const unroll = heavy <= 3 ? 4 : heavy <= 8 ? 2 : 1
      const element = (ahead: number, count: number): void => {
        const values = e.vector(ahead, count)
        // all results before any is written: a result may lie where an input was
        outputs.forEach(({ step }, k) => {
          e.store(inputs.length + k, ahead, count, values[step] as V)
        })
      }
      const nest = (dim: number): void => {
        e.steps(dim)
        if (dim < rank - 1) {
          e.along(dim, () => nest(dim + 1))
          return
        }
        const n = sizes[dim] as number
        const whole = Math.floor(n / a.count)
        const rest = n % a.count
        e.line(move => {
          const rounds = Math.floor(whole / unroll)
          code.repeat(rounds, () => {
            for (let u = 0; u < unroll; u++) element(u * a.count, a.count)
            move(unroll * a.count)
          })
          const left = whole % unroll
          for (let u = 0; u < left; u++) element(u * a.count, a.count)
          if (rest > 0) element(left * a.count, rest)
        })
      }
      nest(0)
    },
  )
}
