// Which pointwise ops run in one loop: an op joins the loop that made what it reads, unless somebody else waits for that.
import type { Shape } from '../backend/array.ts'
import { numel, sameShape, stridesOf } from '../backend/array.ts'
import type { Width } from '../backend/wasm/vector.ts'
import { Expr } from '../engine/expr.ts'
import { type Access, argument, type Buffer, type FoldNode, type MapNode, type Node, reads, substituted } from './ir.ts'

/** Ops in one loop: an expression for each result that is read outside. */
export interface Group {
  readonly kind: 'group'
  readonly names: readonly string[]
  readonly shape: Shape
  readonly width: Width
  readonly args: readonly Access[]
  readonly outputs: readonly { readonly expr: Expr; readonly out: Buffer }[]
}
/** A fold with what it folds worked into it. */
export type Kernel = Group | Exclude<Node, MapNode>

/** Inputs and results of a loop; a function of more than this many addresses gains nothing. */
const MOST = 24

interface Open {
  readonly members: MapNode[]
  readonly shape: Shape
  readonly width: Width
}

const isDense = ({ offset, strides }: Access, shape: Shape): boolean => {
  const own = stridesOf(shape)
  return offset === 0 && shape.every((n, d) => n === 1 || strides[d] === own[d])
}

/** Does a register hold an array's elements as the array would: can a value be used without being stored? */
const isKept = ({ dtype }: Buffer, width: Width): boolean => dtype === 'bool' || (dtype === 'float64') === (width === 8)

/**
 * The nodes as kernels, in an order in which each comes after what it reads. `kept` buffers are read from outside;
 * `numbers` says whether ops on one number are joined too.
 */
export function grouped(nodes: readonly Node[], kept: ReadonlySet<Buffer>, numbers = true): Kernel[] {
  const uses = new Map<Buffer, number>()
  for (const node of nodes) for (const { buffer } of reads(node)) uses.set(buffer, (uses.get(buffer) ?? 0) + 1)
  const out: Kernel[] = []
  const maker = new Map<Buffer, Open>()
  const open = new Set<Open>()

  const close = (group: Open): void => {
    if (!open.delete(group)) return
    for (const { out: buffer } of group.members) maker.delete(buffer)
    if (group.members.length > 0) out.push(combined(group, kept, uses))
  }
  const closeMakers = (node: Node, except?: Open): void => {
    for (const { buffer } of reads(node)) {
      const group = maker.get(buffer)
      if (group && group !== except) close(group)
    }
  }

  for (const node of nodes) {
    if (node.kind === 'map') {
      const alone = !numbers && numel(node.shape) === 1
      // groups that can take it: same shape, and what they make is read element by element
      const joinable = (access: Access): Open | null => {
        const group = maker.get(access.buffer)
        const fits = group && group.width === node.width && sameShape(group.shape, node.shape)
        return fits && !alone && isKept(access.buffer, node.width) && isDense(access, node.shape) ? group : null
      }
      for (const access of node.args) {
        const group = maker.get(access.buffer)
        if (group && joinable(access) === null) close(group)
      }
      const groups = [...new Set(node.args.flatMap(access => joinable(access) ?? []))]
      if (groups.length === 0 && node.shape.length === 0 && !alone) {
        const scalars = [...open].find(({ shape, width }) => shape.length === 0 && width === node.width)
        if (scalars) groups.push(scalars)
      }
      // groups are open as long as nobody outside waits for them, so that none of these reads another
      const [first, ...others] = groups
      const group: Open = first ?? { members: [], shape: node.shape, width: node.width }
      for (const other of others) {
        open.delete(other)
        for (const member of other.members) {
          group.members.push(member)
          maker.set(member.out, group)
        }
      }
      group.members.push(node)
      maker.set(node.out, group)
      open.add(group)
      if (alone || group.members.length >= MOST) close(group)
    } else if (node.kind === 'fold') {
      const absorbed = absorb(node, maker, kept, uses)
      closeMakers(absorbed)
      out.push(absorbed)
    } else {
      closeMakers(node)
      out.push(node)
    }
  }
  for (const group of [...open]) close(group)
  return out
}

/** The fold computing itself what only it reads. */
function absorb(
  node: FoldNode,
  maker: ReadonlyMap<Buffer, Open>,
  kept: ReadonlySet<Buffer>,
  uses: ReadonlyMap<Buffer, number>,
): FoldNode {
  const args: Access[] = []
  const inline = (access: Access): Expr => {
    const group = maker.get(access.buffer)
    const member = group?.members.find(({ out }) => out === access.buffer)
    const alone = member && !kept.has(access.buffer) && uses.get(access.buffer) === 1
    if (!group || !member || !alone || numel(member.shape) !== numel(node.shape))
      return Expr.input(argument(args, access))
    // the member's own dimensions, seen as those of the fold
    const same = sameShape(member.shape, node.shape) && isDense(access, node.shape)
    if (!same || member.width !== node.width || !isKept(member.out, node.width))
      return Expr.input(argument(args, access))
    group.members.splice(group.members.indexOf(member), 1)
    return substituted(member.expr, member.args.map(inline))
  }
  const expr = substituted(node.expr, node.args.map(inline))
  return { ...node, expr, args }
}

/** A closed group as one kernel. */
function combined(
  { members, shape, width }: Open,
  kept: ReadonlySet<Buffer>,
  uses: ReadonlyMap<Buffer, number>,
): Group {
  const args: Access[] = []
  const made = new Map<Buffer, Expr>()
  const inside = new Map<Buffer, number>()
  for (const member of members) {
    const operands = member.args.map(access => {
      const own = made.get(access.buffer)
      if (!own) return Expr.input(argument(args, access))
      inside.set(access.buffer, (inside.get(access.buffer) ?? 0) + 1)
      return own
    })
    made.set(member.out, substituted(member.expr, operands))
  }
  const outputs = members
    .filter(({ out }) => kept.has(out) || (uses.get(out) ?? 0) > (inside.get(out) ?? 0))
    .map(({ out }) => ({ out, expr: made.get(out) as Expr }))
  return { kind: 'group', names: members.map(({ name }) => name), shape, width, args, outputs }
}
