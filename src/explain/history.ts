// A history: what a value or a tensor was computed from, as rows, read off the graph that it carries.
import { type Spec, TensorNode } from '../engine/apply.ts'
import { options as checked, described } from '../engine/argument.ts'
import { ArgumentError, GradError } from '../engine/errors.ts'
import type { Node } from '../engine/graph.ts'
import { Pointwise } from '../engine/pointwise.ts'
import { Tensor } from '../engine/tensor.ts'
import { type Active, node as nodeOf } from '../engine/tree.ts'
import { Value } from '../engine/value.ts'
import { Module } from '../nn/module.ts'
import { below, opOf } from './meter.ts'
import type { Draft } from './run.ts'
import { arranged, type Known, type Row, type Trace, uncompiled } from './trace.ts'

export interface HistoryOptions {
  /** The model whose parameters give rows their names; ops that read those of one module alone are taken to be in it. */
  readonly model?: Module
}

/**
 * The trace of what was computed already, without running anything again: all that the outputs were computed from, as far
 * as gradients flow. Leaves have the name that is their `label`, or x1, x2, …; a model's parameters have their paths. On values
 * all numbers are there. A graph of tensors keeps what its derivatives read and no more: of all else a row has shape and
 * dtype in place of a value.
 *
 * @throws ArgumentError for what is no value or tensor, or an unknown option
 * @throws GradError for an output without a graph, or one that an earlier backward freed
 * @example
 * const [a, b] = [new Value(2), new Value(3)]
 * history(a.mul(b).add(a.sin())).rows.map(({ name, op, value }) => `${name} ${op} ${value}`).join(', ')
 * // x1 null 2, x2 null 3, w1 sin 0.9092974268256817, w2 mul 6, w3 add 6.909297426825682
 */
export function history(of: Value | readonly Value[], given?: HistoryOptions): Trace
export function history(of: Active | readonly Active[], given?: HistoryOptions): Trace<Known | Spec>
export function history(of: Active | readonly Active[], given: HistoryOptions = {}): Trace<Known | Spec> {
  const { model } = checked('history', given, ['model'])
  uncompiled('history')
  if (model !== undefined && !(model instanceof Module))
    throw new ArgumentError(`history: model is a module, not ${described(model)}`)
  const outputs: readonly Active[] = of instanceof Value || of instanceof Tensor ? [of] : of
  const roots = outputs.map(root)
  const found = new History(outputs, roots, model)
  return arranged(
    found,
    roots.map(node => found.drafts.get(node) as Drafted),
    'layers',
  )
}
type Drafted = Draft<Known | Spec>

/** @throws GradError when there is none */
function root(x: Active): Node<Active> {
  if (!(x instanceof Value || x instanceof Tensor))
    throw new ArgumentError(`history: needs a value or a tensor, or several in a list, not ${described(x)}`)
  const node = nodeOf(x)
  if (node) return node
  const fix =
    x instanceof Value
      ? 'it was made under noGrad, from constants only, or by an op without a derivative'
      : 'it depends on nothing that requires a gradient. Create a leaf with { requiresGrad: true }, and compute outside noGrad'
  throw new GradError(`history: this ${x instanceof Value ? 'value' : 'tensor'} has no graph: ${fix}`)
}

class History {
  readonly drafts = new Map<object, Drafted>()
  readonly inputs: Drafted[] = []
  readonly wrt = []
  readonly #parameters: ReadonlyMap<Tensor, string>
  /** What is known of the tensors at nodes: whoever reads one keeps it. */
  readonly #known = new Map<object, Tensor>()
  /** The module whose parameters alone a draft was computed from. */
  readonly #owners = new Map<Drafted, string>()
  #count = 0

  constructor(outputs: readonly Active[], roots: readonly Node<Active>[], model: Module | undefined) {
    this.#parameters = new Map(
      [...(model?.namedParameters() ?? []), ...(model?.namedBuffers() ?? [])].map(([path, x]) => [x, path]),
    )
    const nodes = below(roots)
    for (const x of outputs) if (x instanceof Tensor && x.node) this.#known.set(x.node, x)
    for (const node of nodes)
      if (node instanceof TensorNode)
        for (const x of [...node.applied('history').operands, ...node.saved])
          if (x instanceof Tensor && x.node && !this.#known.has(x.node)) this.#known.set(x.node, x)
    for (const node of nodes) this.#add(node)
  }

  #add(node: Node<Active>): void {
    const op = opOf(node)
    if (node instanceof Value) {
      const { data, label } = node
      if (op === null) this.#leaf(node, nodeOf(node), nodeOf(node) ? 'input' : 'constant', data, () => label)
      else this.#result(node, op, node.op, node.inputs, data, () => label)
    } else if (node instanceof TensorNode) {
      const { owner, shape, dtype } = node
      const known = this.#known.get(node)
      const path = owner ? this.#parameters.get(owner) : undefined
      const value = known?.detach() ?? owner?.detach() ?? { shape, dtype }
      const label = (): string => path ?? (owner?.label || known?.label || '')
      if (op === null) this.#leaf(node, node, path === undefined ? 'input' : 'parameter', value, label, path)
      else {
        const { params, operands } = node.applied('history')
        const args = node.inputs.map((input, i) => input ?? (operands[i] as Tensor | Spec | number))
        this.#result(node, op, params, args, value, label)
      }
    }
  }

  #leaf(
    at: object,
    node: Node<Active> | null,
    kind: Row['kind'],
    value: Known | Spec,
    label: () => string,
    path?: string,
  ): Drafted {
    const module = path === undefined ? null : path.slice(0, Math.max(0, path.lastIndexOf('.')))
    const made = this.#put(at, { kind, op: null, pointwise: null, args: [], value, depth: 0, module, node, label })
    if (kind === 'input') this.inputs.push(made)
    if (module !== null) this.#owners.set(made, module)
    return made
  }

  #result(
    node: Node<Active>,
    op: string,
    rule: unknown,
    inputs: readonly unknown[],
    value: Known | Spec,
    label: () => string,
  ): void {
    const args = inputs.map(x => (typeof x === 'number' ? x : this.#operand(x as object)))
    const drafts = args.filter(x => typeof x !== 'number')
    const owners = new Set(drafts.flatMap(x => this.#owners.get(x) ?? []))
    const [module = null] = owners.size === 1 ? owners : []
    const depth = 1 + Math.max(0, ...drafts.map(x => x.depth))
    const pointwise = rule instanceof Pointwise ? rule : null
    const made = this.#put(node, { kind: 'result', op, pointwise, args, value, depth, module, node, label })
    // a weight turned round is the module's still
    if (module !== null && drafts.every(x => this.#owners.has(x))) this.#owners.set(made, module)
  }

  /** An operand that no gradient flows to is a constant. */
  #operand(x: object): Drafted {
    const known = this.drafts.get(x)
    if (known) return known
    if (!(x instanceof Tensor)) return this.#leaf(x, null, 'constant', x as Spec, () => '')
    const path = this.#parameters.get(x)
    return this.#leaf(x, null, path === undefined ? 'constant' : 'parameter', x.detach(), () => path ?? x.label, path)
  }

  #put(at: object, draft: Omit<Drafted, 'applied' | 'tangents' | 'number'>): Drafted {
    const made: Drafted = { ...draft, applied: null, tangents: [], number: this.#count++ }
    this.drafts.set(at, made)
    return made
  }
}
