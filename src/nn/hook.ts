// Hooks: functions around a module's forward, and where gradients enter and leave it.
import { wrappers } from '../engine/apply.ts'
import { described } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { cat } from '../engine/ops/linear.ts'
import { Tensor } from '../engine/tensor.ts'
import type { Module } from './module.ts'

/** Takes a hook off again. */
export interface HookHandle {
  remove(): void
}
/** Sees what forward is given; may return a list of other arguments, or one that is not a list. */
export type ForwardPreHook<M> = (module: M, inputs: readonly unknown[]) => unknown
/** Sees what forward was given and gave; may return another output. */
export type ForwardHook<M> = (module: M, inputs: readonly unknown[], output: unknown) => unknown
type Gradients = readonly (Tensor | null)[]
/** Sees the gradients by the arguments of forward and by its outputs; may return others by the arguments. */
export type FullBackwardHook<M> = (module: M, gradInput: Gradients, gradOutput: Gradients) => unknown

/** Hooks by their numbers, in the order in which they came. */
interface Lists {
  readonly before: Map<number, ForwardPreHook<Module>>
  readonly after: Map<number, ForwardHook<Module>>
  readonly backward: Map<number, FullBackwardHook<Module>>
}
interface Hooked extends Lists {
  /** What the hooks surround. */
  forward: Forward
  /** The field `forward` that the module has of its own, but for the hooks. */
  own: PropertyDescriptor | undefined
}

const hooked = new WeakMap<Module, Hooked>()
const numbers = new Set<number>()
let next = 0

/** Compiled steps are told apart by the hooks that there are, wherever these are. */
function counted(change: () => void): void {
  change()
  wrappers.key = [...numbers].join()
}

/**
 * Puts a hook on a module. While a module has hooks it has a field `forward` of its own, which hides that of its class
 * and cannot be enumerated; so whoever calls `module.forward(x)` calls the hooks, and a module without any pays nothing.
 */
export function attach<H>(op: string, module: Module, of: (lists: Lists) => Map<number, H>, hook: H): HookHandle {
  if (typeof hook !== 'function') throw new ArgumentError(`${op}: needs a function, not ${described(hook)}`)
  const number = next++
  let lists = hooked.get(module)
  if (!lists) {
    lists = surround(module)
    hooked.set(module, lists)
  }
  const { before, after, backward } = lists
  const held = lists
  const list = of(lists)
  counted(() => {
    list.set(number, hook)
    numbers.add(number)
  })
  return {
    remove() {
      if (!list.has(number)) return
      counted(() => {
        list.delete(number)
        numbers.delete(number)
      })
      if (before.size + after.size + backward.size > 0) return
      hooked.delete(module)
      if (held.own) Object.defineProperty(module, 'forward', held.own)
      else Reflect.deleteProperty(module, 'forward')
    },
  }
}

type Forward = (...args: readonly unknown[]) => unknown

function surround(module: Module): Hooked {
  const own = Object.getOwnPropertyDescriptor(module, 'forward')
  const forward = module.forward as unknown as Forward
  const lists: Hooked = { before: new Map(), after: new Map(), backward: new Map(), forward, own }
  const value = surrounded(module, lists)
  Object.defineProperty(module, 'forward', {
    get: () => value,
    // who gives the module another forward gives the hooks another to surround
    set(forward: Forward) {
      lists.forward = forward
      lists.own = { value: forward, writable: true, enumerable: true, configurable: true }
    },
    configurable: true,
  })
  return lists
}

const surrounded =
  (module: Module, lists: Hooked): Forward =>
  (...given) => {
    const { before, after, backward } = lists
    let args: readonly unknown[] = given
    for (const hook of [...before.values()]) {
      const other = hook(module, args)
      if (other !== undefined && other !== null) args = Array.isArray(other) ? other : [other]
    }
    const watch = backward.size > 0 ? watched(module, [...backward.values()]) : null
    if (watch) args = watch.entering(args)
    let out = lists.forward.apply(module, [...args])
    for (const hook of [...after.values()]) out = hook(module, args, out) ?? out
    return watch ? watch.leaving(out) : out
  }

/** Lets arguments and outputs through nodes whose gradients are the module's; the outputs' come first. */
function watched(module: Module, hooks: readonly FullBackwardHook<Module>[]) {
  const op = 'registerFullBackwardHook'
  let outer: Gradients = []
  /** Whatever calls the hooks when the outputs' gradients are there and no argument has one. */
  let alone = (): void => {}
  const called = (gradients: Gradients): Gradients =>
    hooks.reduce((before, hook) => {
      const other = hook(module, before, outer)
      if (other === undefined || other === null) return before
      if (!Array.isArray(other) || other.length !== before.length)
        throw new ArgumentError(`${op}: the hook gives a list of ${before.length} gradients, one for each argument`)
      if (before.some((g, i) => (g === null) !== (other[i] === null)))
        throw new ArgumentError(
          `${op}: the hook gives a gradient by an argument that has none, or none by one that has`,
        )
      return other
    }, gradients)
  return {
    entering(args: readonly unknown[]): readonly unknown[] {
      const through = joined(args, called)
      if (through === args) alone = () => void called(args.map(() => null))
      return through
    },
    leaving(out: unknown): unknown {
      const list = Array.isArray(out) ? out : [out]
      const through = joined(list, gradients => {
        outer = gradients
        alone()
        return gradients
      })
      return Array.isArray(out) ? through : through[0]
    },
  }
}

/**
 * The same list, its tensors that require gradients behind one node, so that all their gradients are there at once;
 * `see` is given them, null for what has none, and gives those that go on.
 */
function joined(list: readonly unknown[], see: (gradients: Gradients) => Gradients): readonly unknown[] {
  const at = list.flatMap((x, i) => (x instanceof Tensor && x.requiresGrad ? [i] : []))
  if (at.length === 0) return list
  const xs = at.map(i => list[i] as Tensor)
  const dtype = xs.some(x => x.dtype === 'float64') ? 'float64' : 'float32'
  const packed = (ys: readonly Tensor[]): Tensor =>
    ys.length === 1 ? ys[0].clone() : cat(ys.map(y => y.reshape(-1).to(dtype)))
  const parts = (all: Tensor): Tensor[] => {
    if (xs.length === 1) return [all]
    let from = 0
    return xs.map(x => {
      const start = from
      from += x.numel
      return all.slice(0, start, from).reshape(x.shape).to(x.dtype)
    })
  }
  const whole = packed(xs)
  // without recording there is no backward to see
  if (!whole.requiresGrad) return list
  whole.registerHook(g => {
    const gradients = list.map((): Tensor | null => null)
    for (const [k, y] of parts(g).entries()) gradients[at[k]] = y
    const seen = see(gradients)
    return seen === gradients ? undefined : packed(at.map(i => seen[i] as Tensor))
  })
  const through = [...list]
  for (const [k, y] of parts(whole).entries()) through[at[k]] = y
  return through
}
