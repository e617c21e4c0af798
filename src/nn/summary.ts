// What a model is made of and what it costs, as a table.
import type { DType, Shape } from '../backend/array.ts'
import { type Applied, noGrad, observe } from '../engine/apply.ts'
import { described, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { zeros } from '../engine/ops/create.ts'
import { show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import { Module } from './module.ts'

export interface SummaryOptions {
  /** dtype of the input that is tried; that of the first parameter. */
  readonly dtype?: DType
}

/**
 * Every module with its type and its own parameters, and what they add up to. With the shape of an input, also the
 * shapes of each module's last output, and what its forward costs beside that of modules within, so that the columns
 * add up: floating-point operations, and bytes of activations, the arrays that ops make. Every op counts, whoever calls
 * it: a multiplication and an addition as two operations, an element of a pointwise op as one for each function in it;
 * what moves, compares or draws, and matrix decompositions, as none. Zeros of that shape are sent through the model
 * once, in evaluation mode, which draws nothing and records nothing. Shared parameters count once.
 *
 * @throws ArgumentError for another option, or when the model is no module, and whatever the model throws on such an input; it is left as it was
 * @example
 * const model = new nn.Sequential(new nn.Linear(2, 16), new nn.ReLU(), new nn.Linear(16, 1))
 * const text = nn.summary(model, [1, 2])
 * // module  type        output   parameters  FLOPs  activations
 * //         Sequential  [1, 1]            0      0            0
 * // 0       Linear      [1, 16]          48     80          128
 * // 1       ReLU        [1, 16]           0     16           64
 * // 2       Linear      [1, 1]           17     33            8
 * // 65 parameters (65 trainable, 0 frozen), 260 bytes with 0 buffers
 * // 129 FLOPs forward for an input of [1, 2], 200 bytes of activations
 * text.includes('65 parameters (65 trainable, 0 frozen), 260 bytes') // true
 */
export function summary(model: Module, inputShape?: Shape, given: SummaryOptions = {}): string {
  const { dtype } = options('summary', given, ['dtype'])
  if (!(model instanceof Module)) throw new ArgumentError(`summary: needs a module, not ${described(model)}`)
  if (inputShape instanceof Tensor)
    throw new ArgumentError('summary: needs the shape of an input, not a tensor. Did you mean x.shape?')
  const run = inputShape && tried(model, inputShape, dtype)
  const counted = new Set<Tensor>()
  const rows = model.namedModules().map(([name, module]) => {
    const below = new Set(module.children().flatMap(child => child.parameters()))
    const own = module.parameters().filter(x => !below.has(x) && !counted.has(x))
    for (const x of own) counted.add(x)
    const type = module.constructor.name
    if (!run) return [name, type, thousands(count(own))]
    const { flops, bytes } = run.costs.get(module) ?? FREE
    return [name, type, run.outputs.get(module) ?? '-', ...[count(own), flops, bytes].map(thousands)]
  })
  const parameters = model.parameters()
  const buffers = model.buffers()
  const trainable = count(parameters.filter(x => x.requiresGrad))
  const total = count(parameters)
  const bytes = [...parameters, ...buffers].reduce((sum, x) => sum + x.nbytes, 0)
  const head = ['module', 'type', ...(run ? ['output', 'parameters', 'FLOPs', 'activations'] : ['parameters'])]
  const lines = [
    ...table([head, ...rows], run ? 3 : 1),
    `${thousands(total)} parameters (${thousands(trainable)} trainable, ${thousands(total - trainable)} frozen), ` +
      `${thousands(bytes)} bytes with ${buffers.length} buffer${buffers.length === 1 ? '' : 's'}`,
  ]
  if (run) {
    const { flops, bytes } = [...run.costs.values()].reduce(sum, FREE)
    lines.push(
      `${thousands(flops)} FLOPs forward for an input of ${show(inputShape)}, ${thousands(bytes)} bytes of activations`,
    )
  }
  return lines.join('\n')
}

interface Cost {
  readonly flops: number
  /** Of arrays that ops made. */
  readonly bytes: number
}
const FREE: Cost = { flops: 0, bytes: 0 }
const sum = (a: Cost, b: Cost): Cost => ({ flops: a.flops + b.flops, bytes: a.bytes + b.bytes })

/** What a forward pass was seen to do. */
interface Run {
  /** The shapes of each module's last output. */
  readonly outputs: ReadonlyMap<Module, string>
  /** What was spent while a module was the innermost that was running. */
  readonly costs: ReadonlyMap<Module, Cost>
}
function tried(model: Module, inputShape: Shape, dtype?: DType): Run {
  const outputs = new Map<Module, string>()
  const costs = new Map<Module, Cost>()
  const running: Module[] = []
  const modules = model.namedModules().map(([, module]) => ({ module, training: module.training }))
  const x = zeros(inputShape, { dtype: dtype ?? model.parameters()[0]?.dtype ?? 'float32' })
  const arrays = new Set<unknown>([...model.parameters(), ...model.buffers(), x].map(({ array }) => array))
  const seen = ({ out, flops }: Applied): void => {
    const at = running.at(-1) ?? model
    // a reshape makes no array of its own
    const bytes = out instanceof Tensor && !arrays.has(out.array) ? out.nbytes : 0
    if (out instanceof Tensor) arrays.add(out.array)
    costs.set(at, sum(costs.get(at) ?? FREE, { flops, bytes }))
  }
  const handles = modules.flatMap(({ module }) => [
    module.registerForwardPreHook(() => void running.push(module)),
    module.registerForwardHook((_, __, out) => {
      running.pop()
      const shapes = shapesOf(out)
      if (shapes !== '') outputs.set(module, shapes)
    }),
  ])
  try {
    model.eval()
    observe(seen, () => noGrad(() => (model.forward as (x: Tensor) => unknown)(x)))
  } finally {
    for (const handle of handles) handle.remove()
    for (const { module, training } of modules) module.training = training
  }
  return { outputs, costs }
}

/** The shapes of an output: of one tensor, or of those in a list. */
const shapesOf = (out: unknown): string =>
  out instanceof Tensor
    ? show(out.shape)
    : Array.isArray(out)
      ? out
          .map(shapesOf)
          .filter(text => text !== '')
          .join(' ')
      : ''
const count = (xs: readonly Tensor[]): number => xs.reduce((sum, x) => sum + x.numel, 0)
const thousands = (n: number): string => n.toLocaleString('en-US')

/** Columns to the left, but the last ones, of numbers, to the right. */
function table(rows: readonly (readonly string[])[], numbers: number): string[] {
  const widths = (rows[0] as readonly string[]).map((_, k) => Math.max(...rows.map(row => row[k].length)))
  return rows.map(row =>
    row.map((cell, k) => (k >= row.length - numbers ? cell.padStart(widths[k]) : cell.padEnd(widths[k]))).join('  '),
  )
}
