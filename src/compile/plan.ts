// Where each array of a program lies: one line of bytes, places used again as soon as nobody reads them any more.
import { byteSize, stridesOf } from '../backend/array.ts'
import { Allocator } from '../backend/heap.ts'
import type { Kernel } from './fuse.ts'
import { type Access, type Buffer, reads } from './ir.ts'

/** What a kernel reads, and what it makes. */
export const inputsOf = (kernel: Kernel): readonly Access[] => (kernel.kind === 'group' ? kernel.args : reads(kernel))
export const outputsOf = (kernel: Kernel): readonly Buffer[] =>
  kernel.kind === 'group' ? kernel.outputs.map(({ out }) => out) : kernel.kind === 'check' ? [] : [kernel.out]

export const bytesOf = ({ dtype, length }: Buffer): number => byteSize(dtype) * length

export interface Plan {
  /** The address of every array: relative to the arena, unless it was fixed. */
  readonly places: ReadonlyMap<Buffer, number>
  readonly fixed: ReadonlySet<Buffer>
  /** The scratch of each kernel that wants some, relative to the arena. */
  readonly scratch: ReadonlyMap<Kernel, number>
  /** Bytes of the arena; what all arrays together would need. */
  readonly bytes: number
  readonly naive: number
  /** Results that could not be made where they are to be: to be copied at the end. */
  readonly copies: readonly (readonly [Buffer, number])[]
}

/** Does a loop read this array only at the element that it is about to write? */
function inStep(kernel: Kernel, buffer: Buffer): boolean {
  if (kernel.kind !== 'group') return false
  const own = stridesOf(kernel.shape)
  return kernel.args.every(
    ({ buffer: read, offset, strides }) =>
      read !== buffer || (offset === 0 && kernel.shape.every((n, d) => n === 1 || strides[d] === own[d])),
  )
}

/**
 * @param sources addresses of arrays that no kernel makes
 * @param targets where results are to be at the end, and the array that lies there before, if the program reads it
 * @param kept read from outside after the program
 * @param size the bytes of an array
 */
export function planned(
  kernels: readonly Kernel[],
  sources: ReadonlyMap<Buffer, number>,
  targets: ReadonlyMap<Buffer, { readonly address: number; readonly before: Buffer | null }>,
  kept: ReadonlySet<Buffer>,
  size: (buffer: Buffer) => number = bytesOf,
): Plan {
  const last = new Map<Buffer, number>()
  kernels.forEach((kernel, t) => {
    for (const { buffer } of inputsOf(kernel)) last.set(buffer, t)
  })
  for (const buffer of kept) last.set(buffer, Infinity)

  const places = new Map(sources)
  const fixed = new Set(sources.keys())
  const copies: [Buffer, number][] = []
  // what is seen from outside changes when nothing can fail any more
  let safe = -1
  kernels.forEach((kernel, t) => {
    if (kernel.kind === 'check' || (kernel.kind === 'host' && kernel.fails)) safe = t
  })
  kernels.forEach((kernel, t) => {
    for (const out of outputsOf(kernel)) {
      const target = targets.get(out)
      if (!target) continue
      const { before, address } = target
      const end = (before && last.get(before)) ?? -1
      if (
        t > safe &&
        (end < t || (end === t && before !== null && inStep(kernel, before) && before.length === out.length))
      ) {
        places.set(out, address)
        fixed.add(out)
      } else {
        copies.push([out, address])
        last.set(out, Infinity)
      }
    }
  })

  const arena = new Allocator()
  const scratch = new Map<Kernel, number>()
  let naive = 0
  kernels.forEach((kernel, t) => {
    const dying = new Set(
      inputsOf(kernel).flatMap(({ buffer }) => (last.get(buffer) === t && !fixed.has(buffer) ? [buffer] : [])),
    )
    for (const out of outputsOf(kernel)) {
      naive += size(out)
      if (fixed.has(out)) continue
      // a loop may write where it has just read
      const heir = [...dying].find(
        buffer => size(buffer) === size(out) && buffer.dtype === out.dtype && inStep(kernel, buffer),
      )
      if (heir) {
        dying.delete(heir)
        places.set(out, places.get(heir) as number)
      } else places.set(out, arena.place(size(out)))
    }
    if (kernel.kind === 'call' && kernel.scratch !== null) {
      const place = arena.place(kernel.scratch)
      scratch.set(kernel, place)
      arena.free(place)
    }
    for (const buffer of dying) arena.free(places.get(buffer) as number)
    // what nobody reads
    for (const out of outputsOf(kernel)) if (!last.has(out) && !fixed.has(out)) arena.free(places.get(out) as number)
  })
  return { places, fixed, scratch, bytes: arena.peak, naive, copies }
}
