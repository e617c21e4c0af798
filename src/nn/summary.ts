// What a model is made of, as a table.
import type { DType, Shape } from '../backend/array.ts'
import { noGrad } from '../engine/apply.ts'
import { options } from '../engine/argument.ts'
import { zeros } from '../engine/ops/create.ts'
import { show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import type { Module } from './module.ts'

export interface SummaryOptions {
  /** dtype of the input that is tried; that of the first parameter. */
  readonly dtype?: DType
}

/**
 * Every module with its type and its own parameters, and what they add up to. With the shape of an input, also the
 * shape of each module's last output: zeros of that shape are sent through the model once, in evaluation mode, which
 * draws nothing and records nothing. Shared parameters count once.
 *
 * @throws ArgumentError for another option, and whatever the model throws on such an input; it is left as it was
 * @example
 * const model = new nn.Sequential(new nn.Linear(2, 16), new nn.ReLU(), new nn.Linear(16, 1))
 * const text = nn.summary(model, [1, 2])
 * // module  type        output   parameters
 * //         Sequential  [1, 1]            0
 * // 0       Linear      [1, 16]          48
 * // 1       ReLU        [1, 16]           0
 * // 2       Linear      [1, 1]           17
 * // 65 parameters (65 trainable, 0 frozen), 260 bytes with 0 buffers
 * text.includes('65 parameters (65 trainable, 0 frozen), 260 bytes') // true
 */
export function summary(model: Module, inputShape?: Shape, given: SummaryOptions = {}): string {
  const { dtype } = options('summary', given, ['dtype'])
  const outputs = inputShape && outputShapes(model, inputShape, dtype)
  const counted = new Set<Tensor>()
  const rows = model.namedModules().map(([name, module]) => {
    const below = new Set(module.children().flatMap(child => child.parameters()))
    const own = module.parameters().filter(x => !below.has(x) && !counted.has(x))
    for (const x of own) counted.add(x)
    return [name, module.constructor.name, ...(outputs ? [outputs.get(module) ?? '-'] : []), thousands(count(own))]
  })
  const parameters = model.parameters()
  const buffers = model.buffers()
  const trainable = count(parameters.filter(x => x.requiresGrad))
  const total = count(parameters)
  const bytes = [...parameters, ...buffers].reduce((sum, x) => sum + x.nbytes, 0)
  return [
    ...table([['module', 'type', ...(outputs ? ['output'] : []), 'parameters'], ...rows]),
    `${thousands(total)} parameters (${thousands(trainable)} trainable, ${thousands(total - trainable)} frozen), ` +
      `${thousands(bytes)} bytes with ${buffers.length} buffer${buffers.length === 1 ? '' : 's'}`,
  ].join('\n')
}

/** The shape of each module's last output. A forward is watched by a field that hides the class's for the time being. */
function outputShapes(model: Module, inputShape: Shape, dtype?: DType): Map<Module, string> {
  const shapes = new Map<Module, string>()
  const modules = model.namedModules().map(([, module]) => {
    return { module, training: module.training, own: Object.getOwnPropertyDescriptor(module, 'forward') }
  })
  const x = zeros(inputShape, { dtype: dtype ?? model.parameters()[0]?.dtype ?? 'float32' })
  try {
    for (const { module } of modules) {
      const forward = module.forward as (...args: unknown[]) => unknown
      const watched = (...args: unknown[]): unknown => {
        const out = forward.apply(module, args)
        if (out instanceof Tensor) shapes.set(module, show(out.shape))
        return out
      }
      Object.defineProperty(module, 'forward', { value: watched, configurable: true })
    }
    model.eval()
    noGrad(() => (model.forward as (x: Tensor) => unknown)(x))
  } finally {
    for (const { module, training, own } of modules) {
      module.training = training
      if (own) Object.defineProperty(module, 'forward', own)
      else Reflect.deleteProperty(module, 'forward')
    }
  }
  return shapes
}

const count = (xs: readonly Tensor[]): number => xs.reduce((sum, x) => sum + x.numel, 0)
const thousands = (n: number): string => n.toLocaleString('en-US')

/** Columns to the left, but the last, of numbers, to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] as readonly string[]).map((_, k) => Math.max(...rows.map(row => row[k].length)))
  return rows.map(row =>
    row.map((cell, k) => (k === row.length - 1 ? cell.padStart(widths[k]) : cell.padEnd(widths[k]))).join('  '),
  )
}
