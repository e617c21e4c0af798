// Checkpoints: storage traded for a second run.
import { type Applied, CONSTANT, during, mode, TensorNode } from './apply.ts'
import { ArgumentError, GradError } from './errors.ts'
import { type Node, postorder, pullback } from './graph.ts'
import { replayed, watched } from './random.ts'
import { show } from './shape.ts'
import { Tensor } from './tensor.ts'
import { type Active, isLeaf, node, sum } from './tree.ts'
import { Value } from './value.ts'

/** A node, and the depth of the lowest leaf below it. */
type Graphed = Node<Active> & { readonly low: number }

/**
 * `f` without what it would store: only its inputs are kept, and the backward runs it once more (drawing the same
 * random numbers). Trades one more forward for memory. `f` returns one tensor or value; what it closes over gets
 * gradients too.
 *
 * @throws GradError in the backward, when a tensor that `f` read was assigned in between
 */
export function checkpoint<A extends unknown[], R extends Active>(f: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    // a compiled step plans its memory as a whole, and must not draw twice
    if (mode.recorder) return f(...args)
    const { depth, nesting } = mode
    // numbers and nodes made inside: weak, for what they store is what is not to be kept
    const inside = new WeakSet<object>()
    const read = new Map<Tensor, unknown>()
    const outside = mode.observer
    const observer = (event: Applied): void => {
      const { out } = event
      for (const x of event.inputs) if (x instanceof Tensor && !inside.has(x.array)) read.set(x, x.array)
      inside.add(out instanceof Tensor ? out.array : out)
      if (out instanceof Tensor && out.node) inside.add(out.node)
      outside?.(event)
    }
    const [out, draws] = watched(() => during({ observer }, () => f(...args)))
    if (!isLeaf(out) || typeof out === 'number')
      throw new ArgumentError('checkpoint: the function must return one tensor or value')
    const root = node(out)
    if (!root || !inside.has(root)) return out
    const border = new Set<Graphed>()
    for (const x of postorder(root)) {
      if (inside.has(x))
        for (const y of x.inputs) if (typeof y === 'object' && y !== null && !inside.has(y)) border.add(y as Graphed)
    }
    const inputs = [...border].filter(x => x.low !== CONSTANT)

    const pull = (g: Active, wanted: readonly boolean[]): readonly (Active | null)[] => {
      for (const [x, data] of read)
        if (x.array !== data)
          throw new GradError(
            `checkpoint: a tensor of shape ${show(x.shape)} that the function reads was assigned before the backward, which would compute with another value`,
          )
      const again = replayed(draws, () => during({ depth, nesting }, () => f(...args)))
      const found = pullback(node(again) as Node<Active>, g, {
        add: sum,
        targets: new Set(inputs.filter((_, i) => wanted[i])),
        ends: new Set(inputs),
      })
      return inputs.map((x, i) => (wanted[i] ? (found.get(x) ?? null) : null))
    }
    const low = inputs.reduce((least, x) => Math.min(least, x.low), CONSTANT)
    if (out instanceof Tensor) {
      const again = {
        name: 'checkpoint',
        vjp: (_: unknown, g: Tensor, wanted: readonly boolean[]) => pull(g, wanted) as (Tensor | null)[],
      }
      out.node = new TensorNode(
        again,
        null,
        inputs as unknown as TensorNode[],
        low,
        out.shape,
        out.dtype,
        [...read.keys()],
        null,
        null,
      )
      outside?.({ name: 'checkpoint', inputs: [out], out, flops: 0, params: null, jvp: ([dx]) => dx })
      return out
    }
    const made = new Value(
      out.data,
      { name: 'checkpoint', pull: pull as Value['pull'] },
      low,
      null,
      null,
      inputs as unknown as Value[],
    )
    for (const level of mode.levels) {
      const tangent = level.get(out)
      if (tangent) level.set(made, tangent)
    }
    outside?.({ name: 'checkpoint', inputs: [out], out: made, flops: 0, params: null, jvp: ([dx]) => dx })
    return made as R
  }
}
