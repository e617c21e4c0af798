// A module: a plain class whose fields are its parameters, its buffers and the modules it is made of.
import { mode, noGrad } from '../engine/apply.ts'
import { options, record } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { sameShape, show } from '../engine/shape.ts'
import { Tensor } from '../engine/tensor.ts'
import { attach, type ForwardHook, type ForwardPreHook, type FullBackwardHook, type HookHandle } from './hook.ts'
import { Parameter } from './parameter.ts'

/** Tensors by name, as `stateDict` gives and `loadStateDict` takes them. */
export type StateDict = Record<string, Tensor>

/** A module that maps one tensor to one tensor: what `Sequential` chains. */
export interface TensorModule extends Module {
  forward(x: Tensor): Tensor
}

/**
 * Base of all models and layers. Write a class with fields and a `forward`; there is nothing to register: every
 * method here walks the fields in the order of their definition, through arrays, Maps, Sets and plain objects, and
 * names what it finds by its path (`blocks.0.weight`), as PyTorch does. What is reached twice counts once, under its
 * first name; states have it under all of its names. Not seen are `#private` fields and objects of other classes.
 *
 * A field is a parameter when it is a `Parameter` or a leaf that requires a gradient, a buffer when it is any other
 * tensor without history. A computed tensor that still has its graph is neither.
 *
 * @example
 * class Residual extends nn.Module {
 *   inner = new nn.Linear(4, 4)
 *   scale = nn.parameter(ones([1]))
 *   forward(x: Tensor): Tensor {
 *     return x.add(this.inner.forward(x).mul(this.scale))
 *   }
 * }
 * new Residual().namedParameters().map(([name]) => name) // ['inner.weight', 'inner.bias', 'scale']
 */
export abstract class Module {
  #training = true
  /** Whether layers such as dropout act as in training. Set by `train` and `eval`. */
  get training(): boolean {
    this.#asked()
    return this.#training
  }
  set training(yes: boolean) {
    this.#asked()
    this.#training = yes
  }
  /** A compiled step asks again, before it begins. */
  #asked(): void {
    mode.recorder?.fixed(() => this.#training, this.#training, this)
  }

  abstract forward(...args: never[]): unknown

  /** The modules in the fields, not those within them. */
  children(): Module[] {
    return this.namedChildren().map(([, module]) => module)
  }
  namedChildren(): [string, Module][] {
    const seen = new Set<Module>()
    return [...fields(this, '')].filter(
      (field): field is [string, Module] => field[1] instanceof Module && seen.size < seen.add(field[1]).size,
    )
  }
  /** This module, under the name '', and all modules below it. */
  namedModules(): [string, Module][] {
    return [...walk(this, '')].filter((entry): entry is [string, Module] => entry[1] instanceof Module)
  }

  parameters(): Tensor[] {
    return this.namedParameters().map(([, x]) => x)
  }
  namedParameters(): [string, Tensor][] {
    return tensors(this).filter(([, x]) => isParameter(x))
  }
  buffers(): Tensor[] {
    return this.namedBuffers().map(([, x]) => x)
  }
  namedBuffers(): [string, Tensor][] {
    return tensors(this).filter(([, x]) => isBuffer(x))
  }

  /**
   * Copies of all parameters and buffers by name, off the graph: what happens to the module later leaves them alone. A
   * tensor that has several names (tied weights) is there under each, as in PyTorch: one copy.
   *
   * @throws ArgumentError when two have the same name, as the fields `'a.b'` and `a: { b }` would
   */
  stateDict(): StateDict {
    const held = state(this)
    const copies = new Map([...held.values()].map(x => [x, new Tensor(x.shape, x.dtype, x.data.slice())]))
    return Object.fromEntries([...held].map(([name, x]) => [name, copies.get(x) as Tensor]))
  }

  /**
   * Gives parameters and buffers the values of a state, dtypes converted. Everything is checked first: after an error
   * nothing has changed. Without `strict`, names that only one side knows are left alone; they are returned. Of a tensor
   * that has several names (tied weights) one is enough.
   *
   * @throws ArgumentError listing what is missing and what is unexpected, or when `from` is no state, or has different
   * values under two names of one tensor, ShapeError when only shapes differ
   * @example
   * new nn.Linear(1, 1).loadStateDict({ weight: ones([1, 1]) }, { strict: false }).missing // ['bias']
   */
  loadStateDict(from: StateDict, given: { strict?: boolean } = {}): { missing: string[]; unexpected: string[] } {
    if (record('loadStateDict', 'a state, as stateDict gives it', from) instanceof Module)
      throw new ArgumentError('loadStateDict: needs a state, not a module. Did you mean other.stateDict()?')
    const { strict = true } = options('loadStateDict', given, ['strict'])
    const own = state(this)
    const filled = new Set([...own].flatMap(([name, x]) => (Object.hasOwn(from, name) ? [x] : [])))
    const missing = [...own].flatMap(([name, x]) => (filled.has(x) ? [] : [name]))
    const unexpected = Object.keys(from).filter(name => !own.has(name))
    const pairs = [...own].flatMap(([name, x]) => (Object.hasOwn(from, name) ? [{ name, x, y: from[name] }] : []))
    const misfits = pairs.flatMap(({ name, x, y }) => {
      if (!(y instanceof Tensor)) return [`${name} is no tensor`]
      return sameShape(x.shape, y.shape) ? [] : [`${name} is ${show(y.shape)}, the module has ${show(x.shape)}`]
    })
    const names = strict && missing.length + unexpected.length > 0
    if (names || misfits.length > 0) {
      const problems = Object.entries({ ...(strict && { missing, unexpected }), 'of another shape': misfits })
      const text = problems.map(([what, list]) => (list.length > 0 ? `\n  ${what}: ${list.join(', ')}` : '')).join('')
      const hint =
        names && misfits.length === 0 ? '\nTo load only what both have: loadStateDict(state, { strict: false })' : ''
      throw new (names ? ArgumentError : ShapeError)(
        `loadStateDict: the state does not fit ${this.constructor.name}:${text}${hint}`,
      )
    }
    const first = new Map<Tensor, { name: string; y: Tensor }>()
    for (const { name, x, y } of pairs) {
      const other = first.get(x)
      if (other && !same(other.y, y, x))
        throw new ArgumentError(
          `loadStateDict: '${other.name}' and '${name}' are one tensor of ${this.constructor.name}, and differ in the state`,
        )
      if (!other) first.set(x, { name, y })
    }
    for (const [x, { y }] of first) x.assign(y)
    return { missing, unexpected }
  }

  /** Sets `training` here and in all modules below. */
  train(mode = true): this {
    for (const [, module] of this.namedModules()) module.training = mode
    return this
  }
  eval(): this {
    return this.train(false)
  }

  /** Lets all parameters collect gradients, or freezes them. */
  requiresGrad_(yes = true): this {
    for (const x of this.parameters()) x.requiresGrad_(yes)
    return this
  }
  /** Drops the gradients of all parameters. */
  zeroGrad(): void {
    for (const x of this.parameters()) x.grad = null
  }

  /** Calls `f` once with every module below this one, children before their parents, and last with this one. */
  apply(f: (module: Module) => void): this {
    for (const module of upward(this)) f(module)
    return this
  }

  /**
   * Calls `hook(module, inputs)` before each forward; if it returns a list, these are the inputs instead, and anything
   * else but null and undefined is the only one. Hooks of a module are called in the order in which they came. They are
   * part of no state and of no copy. A compiled step calls hooks while it is recorded, and is recorded again when there
   * are others.
   *
   * @throws ArgumentError when the hook is no function
   * @example
   * const layer = new nn.ReLU()
   * const handle = layer.registerForwardPreHook((_, [x]) => (x as Tensor).neg())
   * const negated = layer.forward(tensor([1, -2])).toArray()
   * negated // [0, 2]
   * handle.remove()
   * layer.forward(tensor([1, -2])) // [1, 0]
   */
  registerForwardPreHook(hook: ForwardPreHook<this>): HookHandle {
    return attach('registerForwardPreHook', this, x => x.before, hook as ForwardPreHook<Module>)
  }
  /**
   * Calls `hook(module, inputs, output)` after each forward; what it returns, if it is not null or undefined, is the
   * output instead.
   *
   * @throws ArgumentError when the hook is no function
   * @example
   * const model = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU())
   * const shapes: unknown[] = []
   * for (const layer of model) layer.registerForwardHook((_, __, out) => void shapes.push((out as Tensor).shape))
   * model.forward(zeros([5, 2]))
   * shapes // [[5, 3], [5, 3]]
   */
  registerForwardHook(hook: ForwardHook<this>): HookHandle {
    return attach('registerForwardHook', this, x => x.after, hook as ForwardHook<Module>)
  }
  /**
   * Calls `hook(module, gradInput, gradOutput)` in each backward, when the gradients by all arguments of forward are
   * there: lists, null for what has none. A list that it returns goes on instead of gradInput. When no argument requires
   * a gradient it is called as soon as gradOutput is there.
   *
   * @throws ArgumentError when the hook is no function; backward: when it gives other gradients than there are
   * @example
   * const layer = new nn.Tanh()
   * layer.registerFullBackwardHook((_, [g]) => [g!.mul(2)])
   * const x = tensor([0], { requiresGrad: true })
   * layer.forward(x).sum().backward()
   * x.grad // [2]
   */
  registerFullBackwardHook(hook: FullBackwardHook<this>): HookHandle {
    return attach('registerFullBackwardHook', this, x => x.backward, hook as FullBackwardHook<Module>)
  }
}

export const isParameter = (x: Tensor): boolean => x instanceof Parameter || (x.requiresGrad && x.isLeaf)
const isBuffer = (x: Tensor): boolean => !isParameter(x) && !x.requiresGrad
const join = (path: string, key: unknown): string => (path ? `${path}.${String(key)}` : String(key))
const isContainer = (x: object): boolean =>
  Array.isArray(x) ||
  x instanceof Map ||
  x instanceof Set ||
  [Object.prototype, null].includes(Object.getPrototypeOf(x))
const entries = (x: object): Iterable<[unknown, unknown]> =>
  x instanceof Map ? x : Object.entries(x instanceof Set ? [...x] : x)

type Entry = [name: string, x: Tensor | Module]

/** The tensors and modules that x holds, itself or in plain containers. */
function* fields(x: object, path: string, within: readonly object[] = []): Generator<Entry> {
  for (const [key, y] of entries(x)) {
    const name = join(path, key)
    if (y instanceof Tensor || y instanceof Module) yield [name, y]
    // a container that holds itself ends here
    else if (typeof y === 'object' && y !== null && isContainer(y) && !within.includes(y))
      yield* fields(y, name, [...within, y])
  }
}

/** The module and everything below it, each once. */
function* walk(module: Module, path: string, seen = new Set<object>([module])): Generator<Entry> {
  yield [path, module]
  for (const [name, x] of fields(module, path)) {
    if (seen.has(x)) continue
    seen.add(x)
    if (x instanceof Module) yield* walk(x, name, seen)
    else yield [name, x]
  }
}

/** The module and all modules below it, each once, children before their parents. */
function* upward(module: Module, seen = new Set<Module>()): Generator<Module> {
  seen.add(module)
  for (const child of module.children()) if (!seen.has(child)) yield* upward(child, seen)
  yield module
}

const tensors = (module: Module): [string, Tensor][] =>
  [...walk(module, '')].filter((entry): entry is [string, Tensor] => entry[1] instanceof Tensor)

/** All tensors under all of their names: what is reached in several ways has several. */
function* named(module: Module, path: string, within: readonly Module[] = [module]): Generator<[string, Tensor]> {
  for (const [name, x] of fields(module, path)) {
    if (x instanceof Tensor) yield [name, x]
    // a module that holds itself ends here
    else if (!within.includes(x)) yield* named(x, name, [...within, x])
  }
}

/**
 * What a state dict holds.
 * @throws ArgumentError when two tensors have the same name
 */
function state(module: Module): Map<string, Tensor> {
  const held = new Map<string, Tensor>()
  for (const [name, x] of named(module, '')) {
    if (!isParameter(x) && !isBuffer(x)) continue
    if ((held.get(name) ?? x) !== x)
      throw new ArgumentError(`${module.constructor.name}: two of its tensors have the name '${name}'`)
    held.set(name, x)
  }
  return held
}

/** Do two tensors have the same values, as x would hold them? */
function same(a: Tensor, b: Tensor, { dtype }: Tensor): boolean {
  if (a === b) return true
  const [left, right] = noGrad(() => [a.to(dtype).data, b.to(dtype).data] as const)
  return left.every((value, i) => value === right[i] || (Number.isNaN(value) && Number.isNaN(right[i])))
}
