// What the engine at hand can do, and what it is allowed to.
import { codegen } from '../codegen.ts'
import { Module } from './assembler.ts'
import { Vector } from './vector.ts'

/** Is a module with SIMD code, and with fused multiply-add, valid here? */
const probed = new Map<boolean, boolean>()
function valid(fused: boolean): boolean {
  let known = probed.get(fused)
  if (known === undefined) {
    const module = new Module()
    module.function([], [], code => {
      const a = new Vector(module, code, 4, fused)
      a.madd(a.const(1), a.const(1), a.const(1))
    })
    known = WebAssembly.validate(module.bytes())
    probed.set(fused, known)
  }
  return known
}

/** Can kernels run here: may code be generated, and has the engine SIMD? */
export const simd = (): boolean => codegen() && typeof WebAssembly === 'object' && valid(false)

let allowed = true
/**
 * Forbids (false) or allows fused multiply-add in WebAssembly kernels: where the engine has it, products are faster
 * and rounded once less, so that their last bit may differ from an engine without. Without an argument, only asks.
 */
export function fma(enabled?: boolean): boolean {
  if (enabled !== undefined) allowed = enabled
  return allowed
}
/** Do kernels fuse multiply and add? */
export const fuses = (): boolean => allowed && simd() && valid(true)
