// Which kernel becomes which shaders. What is not here is run by JavaScript.
import { stridesOf } from '../../backend/array.ts'
import type { Stream } from '../../backend/stream.ts'
import { convInputKernel, convKernel, convWeightKernel } from '../../backend/webgpu/convolution.ts'
import type { Dispatch } from '../../backend/webgpu/device.ts'
import { foldKernel } from '../../backend/webgpu/fold.ts'
import { gemmKernel } from '../../backend/webgpu/gemm.ts'
import { type Kernel, OPERANDS } from '../../backend/webgpu/kernel.ts'
import { clearKernel, copyKernel, mapKernel } from '../../backend/webgpu/loop.ts'
import { argKernel, cumsumKernel, logSoftmaxKernel, logsumexpKernel, softmaxKernel } from '../../backend/webgpu/rows.ts'
import {
  averagesAddKernel,
  averagesKernel,
  maximaKernel,
  selectAddKernels,
  selectKernel,
} from '../../backend/webgpu/selection.ts'
import type { Primitive } from '../../engine/apply.ts'
import { CompileError } from '../../engine/errors.ts'
import { programs } from '../../engine/expr.ts'
import { convInputPrim, convPrim, convWeightPrim } from '../../engine/ops/convolution.ts'
import { averagesAddPrim, averagesPrim, maximaPrim } from '../../engine/ops/pool.ts'
import { argPrim, cumsumPrim, logSoftmaxPrim, logsumexpPrim, softmaxPrim } from '../../engine/ops/reduce.ts'
import { selectAddPrim, selectPrim } from '../../engine/ops/selection.ts'
import { split3 } from '../../engine/shape.ts'
import type { Kernel as Planned } from '../fuse.ts'
import type { Access, Buffer } from '../ir.ts'
import type { Act, Use } from '../record.ts'

/** Kernels one after the other, each of the op's output and then its inputs. */
type Rule<P> = (act: Act & { readonly p: P }) => Kernel | readonly Kernel[]
const rules = new Map<Primitive<unknown>, Rule<unknown>>()
function rule<P>(prim: Primitive<P>, f: Rule<P>): void {
  rules.set(prim as Primitive<unknown>, f as Rule<unknown>)
}
const input = ({ inputs }: Act, k = 0): Use => inputs[k] as Use

rule(selectPrim, act => {
  const [outer, n, inner] = split3(input(act).shape, act.p.dim)
  return selectKernel(outer, n, inner, input(act, 1).slot.length)
})
rule(selectAddPrim, act => {
  const [outer, n, inner] = split3(act.out.shape, act.p.dim)
  return selectAddKernels(outer, n, inner, input(act, 1).slot.length)
})
rule(maximaPrim, act => maximaKernel(act.p, input(act).slot.length / (act.p.size[0] * act.p.size[1])))
rule(averagesPrim, act => averagesKernel(act.p.spans, ...split3(input(act).shape, act.p.dim)))
rule(averagesAddPrim, act => averagesAddKernel(act.p.spans, ...split3(act.out.shape, act.p.dim)))
rule(convPrim, ({ p }) => convKernel(p))
rule(convInputPrim, ({ p }) => convInputKernel(p))
rule(convWeightPrim, ({ p }) => convWeightKernel(p))
for (const [prim, kernel] of [
  [softmaxPrim, softmaxKernel],
  [logSoftmaxPrim, logSoftmaxKernel],
  [logsumexpPrim, logsumexpKernel],
] as const) {
  rule(prim, act => kernel(...split3(input(act).shape, act.p.dim)))
}
rule(argPrim, act => argKernel(...split3(input(act).shape, act.p.dim), act.p.sign))
rule(cumsumPrim, act => cumsumKernel(...split3(input(act).shape, act.p.dim), act.p.reverse))

/** Spans that a shader can list: each thread looks its own up. */
const SPANS = 512
/** Can shaders do this op? */
export function takes({ prim, p, inputs, out }: Act): boolean {
  if (prim !== averagesPrim && prim !== averagesAddPrim) return true
  const { dim } = p as { readonly dim: number }
  return [inputs[0] as Use, out].every(({ shape }) => (shape[dim] as number) <= SPANS)
}

/** What a GPU runs of a program. */
export type Shaded = Exclude<Planned, { readonly kind: 'host' | 'check' }>

const streamOf = ({ buffer: { dtype }, strides }: Access): Stream => ({ dtype, strides })

/** The shaders of a kernel, over the addresses of its arrays. */
export function dispatches(kernel: Shaded, address: (access: Pick<Access, 'buffer' | 'offset'>) => number): Dispatch[] {
  const whole = (buffer: Buffer): number => address({ buffer, offset: 0 })
  switch (kernel.kind) {
    case 'group': {
      const { shape, args, outputs } = kernel
      if (outputs.length === 0) return []
      if (args.length + outputs.length >= OPERANDS)
        throw new CompileError(`webgpu: a loop over ${args.length + outputs.length} arrays is beyond ${OPERANDS - 1}`)
      const { steps, at } = programs(outputs.map(({ expr }) => expr))
      const results = outputs.map(({ out }, k) => ({
        dtype: out.dtype,
        strides: stridesOf(shape),
        step: at[k] as number,
      }))
      const made = mapKernel({ sizes: shape, inputs: args.map(streamOf), outputs: results, program: steps })
      return [{ kernel: made, addresses: [...args.map(address), ...outputs.map(({ out }) => whole(out))] }]
    }
    case 'fold': {
      const { shape, folded, fold, expr, args, out } = kernel
      const loop = { sizes: shape, folded, fold, inputs: args.map(streamOf), program: programs([expr]).steps }
      const dtype = out.dtype as 'float32' | 'float64' | 'int32'
      return [{ kernel: foldKernel({ ...loop, dtype }), addresses: [...args.map(address), whole(out)] }]
    }
    case 'place': {
      const { parts, zero, out } = kernel
      const list = parts.map(({ from, shape, offset, strides }) => ({
        kernel: copyKernel(shape, streamOf(from), { dtype: out.dtype, strides }),
        addresses: [address(from), address({ buffer: out, offset })],
      }))
      return zero ? [{ kernel: clearKernel(out.length), addresses: [whole(out)] }, ...list] : list
    }
    default: {
      const { act, product, inputs, out } = kernel
      const made = product ? gemmKernel(product) : (rules.get(act.prim) as Rule<unknown>)(act)
      const addresses = [whole(out), ...inputs.map(address)]
      return [made].flat().map(kernel => ({ kernel, addresses }))
    }
  }
}
/** An array copied to another place. */
export function copied({ dtype, length }: Buffer, from: number, to: number): Dispatch {
  const stream = { dtype, strides: [1] }
  return { kernel: copyKernel([length], stream, stream), addresses: [from, to] }
}
