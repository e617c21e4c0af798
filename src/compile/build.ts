// From a recording to kernels: what programs for any processor begin with.
import type { Tensor } from '../engine/tensor.ts'
import { grouped, type Kernel } from './fuse.ts'
import type { Access, Buffer, Node } from './ir.ts'
import { Lowering, type Target } from './lower.ts'
import type { Recording, Use } from './record.ts'

/** Does an op lie before everything else: computed by JavaScript from what is there at the beginning? */
function early(nodes: readonly Node[]): { first: Node[]; rest: Node[] } {
  const made = new Set<Buffer>()
  const late = new Set<unknown>()
  const first: Node[] = []
  const rest: Node[] = []
  for (const node of nodes) {
    const there = (x: Access | number): boolean =>
      typeof x === 'number' || x.buffer.source !== null || made.has(x.buffer)
    if (node.kind === 'check' && node.inputs.every(there)) first.push(node)
    else if (node.kind === 'host' && node.inputs.every(there) && !late.has(node.generator)) {
      first.push(node)
      made.add(node.out)
    } else {
      // draws of one generator stay in order
      if (node.kind === 'host' && node.generator !== null) late.add(node.generator)
      rest.push(node)
    }
  }
  return { first, rest }
}

/** Where a result is to be at the end: in a leaf, or as its gradient. */
export interface Place {
  readonly buffer: Buffer
  readonly kind: 'leaf' | 'gradient'
  readonly tensor: Tensor
  /** The array that lies there before, if the program reads it. */
  readonly before: Buffer | null
}
/** A step as kernels, each after what it reads. */
export interface Build {
  readonly kernels: readonly Kernel[]
  /** The arrays that no kernel makes. */
  readonly sources: readonly Buffer[]
  readonly targets: readonly Place[]
  readonly results: readonly { readonly use: Use; readonly buffer: Buffer }[]
  /** What is read from outside after the program. */
  readonly kept: ReadonlySet<Buffer>
}

export function built(recording: Recording, target: Target): Build {
  const lowering = new Lowering(recording, target)
  const taken = new Set<Buffer>()
  const final = (use: Use): Buffer => {
    const buffer = lowering.final(use, taken)
    taken.add(buffer)
    return buffer
  }
  const { sources } = lowering
  const place = (kind: 'leaf' | 'gradient', tensor: Tensor, use: Use): Place => ({
    buffer: final(use),
    kind,
    tensor,
    before: sources.find(({ source }) => source?.kind === kind && source.tensor === tensor) ?? null,
  })
  const targets = [
    ...recording.assigned.map(([tensor, slot]) => place('leaf', tensor, { slot, shape: tensor.shape })),
    ...recording.gradients.flatMap(([tensor, slot]) =>
      slot ? [place('gradient', tensor, { slot, shape: tensor.shape })] : [],
    ),
  ]
  const results = recording.results.map(use => ({ use, buffer: final(use) }))
  const kept = new Set([...targets, ...results].map(({ buffer }) => buffer))
  const { first, rest } = early(lowering.nodes)
  return { kernels: [...(first as Kernel[]), ...grouped(rest, kept, target.numbers)], sources, targets, results, kept }
}
