// Who computes what: the GPU arrays, JavaScript what is one number or has no shader; and in which turns.
import { numel } from '../../backend/array.ts'
import { CompileError } from '../../engine/errors.ts'
import type { Build, Place } from '../build.ts'
import type { Group, Kernel } from '../fuse.ts'
import type { Buffer, CheckNode, HostNode } from '../ir.ts'
import { inputsOf, outputsOf } from '../plan.ts'
import type { Shaded } from './kernel.ts'

/** What JavaScript does: an op, a check, or a loop over one number, which it computes in float64. */
export type Script = HostNode | CheckNode | Group
/** A turn: what JavaScript does with what the turns before have made, and then the GPU. */
export interface Phase {
  readonly scripts: readonly Script[]
  readonly shaded: readonly Shaded[]
  /** Arrays of the GPU that the scripts read, and of theirs that it reads, now or later. */
  readonly down: readonly Buffer[]
  readonly up: readonly Buffer[]
}
export interface Phases {
  readonly phases: readonly Phase[]
  /** All kernels in the order of the turns. */
  readonly kernels: readonly Kernel[]
  /** Arrays that JavaScript makes, or is given. */
  readonly here: ReadonlySet<Buffer>
}

const isHosted = (kernel: Kernel): kernel is HostNode | CheckNode => kernel.kind === 'host' || kernel.kind === 'check'
const isSingle = (kernel: Kernel): kernel is Group => kernel.kind === 'group' && numel(kernel.shape) === 1

/** Which arrays are JavaScript's. */
function hereOf({ kernels, sources, targets }: Build): Set<Buffer> {
  const scripted = new Set(
    kernels
      .filter(isHosted)
      .flatMap(inputsOf)
      .map(({ buffer }) => buffer),
  )
  const changed = new Set(targets.map(({ before }) => before))
  // of leaves, the numbers, a step counter for one, if only numbers are made of them; and what the program does not
  // change and JavaScript reads
  const given = new Set(
    sources.filter(buffer => {
      const { source, length } = buffer
      if (source?.kind !== 'leaf') return source?.kind !== 'gradient'
      return (length === 1 && source.tensor.remote === null) || (scripted.has(buffer) && !changed.has(buffer))
    }),
  )
  for (;;) {
    const here = new Set(given)
    for (const kernel of kernels) {
      if (isHosted(kernel) || (isSingle(kernel) && inputsOf(kernel).every(({ buffer }) => here.has(buffer))))
        for (const out of outputsOf(kernel)) here.add(out)
    }
    const moved = targets.filter(({ buffer, before }: Place) => before && given.has(before) && !here.has(buffer))
    if (moved.length === 0) return here
    for (const { before } of moved) given.delete(before as Buffer)
  }
}

/**
 * The turns of a program.
 * @throws CompileError for arrays of float64, which a GPU does not have
 */
export function phased(build: Build): Phases {
  const here = hereOf(build)
  const phase = new Map<Buffer, number>()
  const phaseOf = (buffer: Buffer): number => phase.get(buffer) ?? 0
  /** Generators go on in order. */
  const drawn = new Map<unknown, number>()
  const turns: { scripts: Script[]; shaded: Shaded[]; down: Set<Buffer>; up: Set<Buffer> }[] = []
  const turn = (t: number) => {
    while (turns.length <= t) turns.push({ scripts: [], shaded: [], down: new Set(), up: new Set() })
    return turns[t] as (typeof turns)[number]
  }
  turn(0)
  for (const kernel of build.kernels) {
    const reads = inputsOf(kernel).map(({ buffer }) => buffer)
    const outs = outputsOf(kernel)
    const scripted = isHosted(kernel) || (isSingle(kernel) && outs.every(out => here.has(out)))
    let t = 0
    // what the GPU has made is there for JavaScript a turn later
    for (const buffer of reads)
      t = Math.max(t, phaseOf(buffer) + (scripted && isMade(buffer) && !here.has(buffer) ? 1 : 0))
    if (scripted) {
      const generator = kernel.kind === 'host' ? kernel.generator : null
      if (generator !== null) {
        t = Math.max(t, drawn.get(generator) ?? 0)
        drawn.set(generator, t)
      }
      turn(t).scripts.push(kernel as Script)
      for (const buffer of reads) if (!here.has(buffer)) turn(t).down.add(buffer)
    } else {
      for (const buffer of [...reads, ...outs]) refuseDoubles(buffer, build.kept)
      turn(t).shaded.push(kernel as Shaded)
      for (const buffer of reads) if (here.has(buffer) && isMade(buffer)) turn(phaseOf(buffer)).up.add(buffer)
    }
    for (const out of outs) phase.set(out, t)
  }
  const phases = turns.map(({ scripts, shaded, down, up }) => ({ scripts, shaded, down: [...down], up: [...up] }))
  return { phases, here, kernels: phases.flatMap(({ scripts, shaded }) => [...scripts, ...shaded]) }
}
const isMade = ({ source }: Buffer): boolean => source === null

/** Float64 that comes from outside or goes there is wanted; what a float32 op uses in between is computed in float32. */
function refuseDoubles(buffer: Buffer, kept: ReadonlySet<Buffer>): void {
  const { dtype, length, source } = buffer
  if (dtype !== 'float64' || length <= 1 || (source === null && !kept.has(buffer))) return
  const kinds: Readonly<Record<string, string>> = {
    gradient: 'a gradient',
    argument: 'an argument',
    result: 'a result',
  }
  throw new CompileError(
    `compile: the step computes with ${kinds[source?.kind ?? 'result'] ?? 'a tensor'} of ${length} elements of float64, and WebGPU has float32 alone. Make it with { dtype: 'float32' }, or x.float(); or compile without a device`,
  )
}
