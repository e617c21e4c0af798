// What a program says of its kernels.
import { numel } from '../backend/array.ts'
import { operations } from '../engine/expr.ts'
import type { Kernel } from './fuse.ts'

/** What a kernel is called. */
export const nameOf = (kernel: Kernel): string => (kernel.kind === 'group' ? kernel.names.join(' + ') : kernel.name)

/** Floating-point operations of a kernel: those of products and convolutions, one for each op of a loop and element. */
export function flopsOf(kernel: Kernel): number {
  switch (kernel.kind) {
    case 'call':
    case 'host':
      return kernel.flops
    case 'group':
      return operations(kernel.outputs.map(({ expr }) => expr)) * numel(kernel.shape)
    case 'fold':
      return (operations([kernel.expr]) + 1) * numel(kernel.shape)
    default:
      return 0
  }
}
