// One run of a function, watched at the door: every op as a draft of a row.
import { type Applied, CONSTANT, during } from '../engine/apply.ts'
import type { Node } from '../engine/graph.ts'
import { isFloat } from '../engine/ops/kind.ts'
import { Pointwise } from '../engine/pointwise.ts'
import { Tensor } from '../engine/tensor.ts'
import { type Active, type Leaf, leaves, node, one } from '../engine/tree.ts'
import { Value } from '../engine/value.ts'
import type { Module } from '../nn/module.ts'
import type { Known, Row } from './trace.ts'

/** A row in the making. */
export interface Draft<V = Known> {
  readonly kind: Row['kind']
  readonly op: string | null
  readonly pointwise: Pointwise | null
  readonly applied: Applied | null
  readonly args: readonly (Draft<V> | number)[]
  readonly value: V
  readonly tangents: readonly (Active | null)[]
  readonly depth: number
  readonly module: string | null
  readonly node: Node<Active> | null
  /** Called, when the run is over, for the name that somebody gave it. */
  readonly label: () => string
  /** When it came. */
  readonly number: number
}

/** One run, watched at the door. */
export class Run {
  /** By value or tensor, and by their nodes. */
  readonly drafts = new Map<object, Draft>()
  readonly inputs: Draft[]
  readonly wrt: Draft[]
  readonly #variables: Active[]
  readonly #parameters = new Map<Tensor, string>()
  readonly #running: string[] = []
  #count = 0

  constructor(
    named: readonly [string, Leaf][],
    wrt: readonly number[],
    private readonly model: Module | null,
  ) {
    for (const [name, x] of [...(model?.namedParameters() ?? []), ...(model?.namedBuffers() ?? [])])
      this.#parameters.set(x, name)
    this.#variables = named.map(([, x]) => variable(x))
    this.inputs = named.map(([name], i) => {
      const x = this.#variables[i] as Active
      const tangents = wrt.map(j => (j === i ? one(x) : null))
      return this.#leaf('input', x, () => name, tangents)
    })
    this.wrt = wrt.map(i => this.inputs[i] as Draft)
  }

  /** Calls the function; the drafts of what it returns. */
  outputs(f: (...xs: never[]) => unknown): Draft[] {
    const modules = this.model?.namedModules() ?? []
    const handles = modules.flatMap(([path, module]) => [
      module.registerForwardPreHook(() => void this.#running.push(path)),
      module.registerForwardHook(() => void this.#running.pop()),
    ])
    try {
      const observer = (event: Applied): void => this.#applied(event)
      const result = during({ observer, depth: 0 }, () => f(...(this.#variables as never[])))
      return leaves('trace', result).map(x => {
        const out = typeof x === 'number' ? Value.constant(x) : x
        return this.drafts.get(out) ?? this.#unknown(out)
      })
    } finally {
      for (const handle of handles) handle.remove()
    }
  }

  #leaf(
    kind: Row['kind'],
    x: Active,
    label: () => string = () => this.#parameters.get(x as Tensor) ?? x.label,
    tangents: readonly (Active | null)[] = this.wrt.map(() => null),
  ): Draft {
    return this.#put(x, { kind, op: null, pointwise: null, applied: null, args: [], tangents, label, node: node(x) })
  }

  #put(x: Active, draft: Omit<Draft, 'value' | 'depth' | 'number' | 'module'>): Draft {
    const depths = draft.args.map(y => (typeof y === 'number' ? 0 : y.depth))
    const made: Draft = {
      ...draft,
      // a leaf may be assigned another value later
      value: x instanceof Value ? x.data : x.isLeaf ? x.detach() : x,
      depth: draft.op === null ? 0 : 1 + Math.max(0, ...depths),
      module: this.#running.at(-1) ?? null,
      number: this.#count++,
    }
    this.drafts.set(x, made)
    if (made.node) this.drafts.set(made.node, made)
    return made
  }

  /** What no op made while we looked: a leaf; or a value whose history is known from the graph alone. */
  #unknown(x: Active): Draft {
    if (x instanceof Value && x.op instanceof Pointwise) return this.#result(x, x.op.name, x.op, x.inputs)
    const parameter = x instanceof Value ? x.low !== CONSTANT : x.node !== null || this.#parameters.has(x)
    return this.#leaf(parameter ? 'parameter' : 'constant', x)
  }

  #result(
    out: Active,
    name: string,
    pointwise: Pointwise | null,
    inputs: readonly unknown[],
    applied: Applied | null = null,
  ): Draft {
    const xs = inputs as readonly (Active | number)[]
    const args = xs.map(x => (typeof x === 'number' ? x : (this.drafts.get(x) ?? this.#unknown(x))))
    const tangents = this.wrt.map((_, k) => {
      const dx = args.map(y => (typeof y === 'number' ? null : y.tangents[k]))
      if (!dx.some(t => t !== null)) return null
      // without history of its own such a value is the one that it was made of
      return during({ observer: null, depth: -1 }, () => (applied ? applied.jvp(dx) : dx[0])) as Active | null
    })
    return this.#put(out, {
      kind: 'result',
      op: name,
      pointwise,
      applied,
      args,
      tangents,
      node: node(out),
      label: () => out.label,
    })
  }

  #applied(event: Applied): void {
    const { name, inputs, out, params } = event
    if (name === 'checkpoint') {
      // another node for what is known already: explained is the inside
      const inside = this.drafts.get(inputs[0] as object)
      if (inside) this.drafts.set(out, inside)
      const behind = node(out as Active)
      if (inside && behind) this.drafts.set(behind, inside)
      return
    }
    this.#result(out as Active, name, params instanceof Pointwise ? params : null, inputs, event)
  }
}

/** A fresh leaf of the same value. */
function variable(x: Leaf): Active {
  if (!(x instanceof Tensor)) return new Value(typeof x === 'number' ? x : x.data)
  const out = x.detach()
  return isFloat(out.dtype) ? out.requiresGrad_() : out
}
