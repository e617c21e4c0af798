// Modules made of modules, or of parameters: in a row, or by name.
import { fixed } from '../engine/apply.ts'
import { described, integer, list, operand, record } from '../engine/argument.ts'
import { ArgumentError, IndexError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import { isParameter, Module, type TensorModule } from './module.ts'
import { parameter } from './parameter.ts'

/** A module, or what was given instead is named. */
const asModule = <M extends Module>(op: string, name: string, x: M): M => {
  if (!(x instanceof Module)) throw new ArgumentError(`${op}: ${name} is no module, but ${described(x)}`)
  return x
}
/** The tensor itself if it is a parameter, otherwise one with its values. */
const asParameter = (op: string, name: string, x: Tensor): Tensor => {
  if (!(x instanceof Tensor)) throw new ArgumentError(`${op}: ${name} is no tensor, but ${described(x)}`)
  return isParameter(operand(op, x)) ? x : parameter(x)
}

/** Members in a row, each a field named by its number. A compiled step asks again who is in it. */
abstract class Row<T extends Module | Tensor> extends Module {
  [index: number]: T

  /** x as a member, or an error. */
  protected abstract member(name: string, x: T): T

  /** How many members there are. */
  get length(): number {
    let n = 0
    while (Object.hasOwn(this, n)) n++
    return n
  }
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let i = 0; ; i++) {
      const x = fixed<T | undefined>(() => this[i])
      if (x === undefined) return
      yield x
    }
  }

  /**
   * Member i, counted from the end if it is negative.
   * @throws IndexError when there is none
   */
  at(i: number): T {
    const index = this.place('at', i, this.length)
    return fixed(() => this[index] as T)
  }
  /** Adds a member behind the others. */
  append(x: T): this {
    return this.extend([x])
  }
  /** Adds members behind the others. */
  extend(xs: Iterable<T>): this {
    const before = [...this]
    return this.become([...before, ...this.checked(xs, before.length)])
  }
  /**
   * Adds a member before member i, counted from the end if it is negative; at i = length behind the others.
   * @throws IndexError when there is no such place
   */
  insert(i: number, x: T): this {
    const all = [...this]
    all.splice(this.place('insert', i, all.length + 1, all.length), 0, this.member(`member ${i}`, x))
    return this.become(all)
  }
  /**
   * Takes member i out, by default the last.
   * @throws IndexError when there is none
   */
  pop(i = -1): T {
    const all = [...this]
    const [x] = all.splice(this.place('pop', i, all.length), 1)
    this.become(all)
    return x as T
  }

  private place(method: string, i: number, end: number, length = end): number {
    const op = `${this.constructor.name}.${method}`
    const index = integer(op, 'the index', i) < 0 ? i + length : i
    if (index < 0 || index >= end)
      throw new IndexError(`${op}: index ${i} is out of range for ${length} member${length === 1 ? '' : 's'}`)
    return index
  }
  private checked(xs: Iterable<T>, from: number): T[] {
    if (typeof xs?.[Symbol.iterator] !== 'function')
      throw new ArgumentError(`${this.constructor.name}: needs a list of members, not ${described(xs)}`)
    return Array.from(xs, (x, i) => this.member(`member ${from + i}`, x))
  }
  private become(all: readonly T[]): this {
    for (let i = this.length - 1; i >= all.length; i--) delete this[i]
    all.forEach((x, i) => {
      this[i] = x
    })
    return this
  }
}

/**
 * Layers one after another, each a field named by its number: `model[0]`, and '0.weight' in the state dict.
 *
 * @throws ArgumentError when a layer is not a module
 * @example
 * const model = new nn.Sequential(new nn.Linear(2, 16), new nn.Tanh(), new nn.Linear(16, 1))
 * model.forward(zeros([5, 2])).shape // [5, 1]
 */
export class Sequential extends Row<TensorModule> {
  constructor(...layers: TensorModule[]) {
    super()
    this.extend(layers)
  }

  protected member(name: string, x: TensorModule): TensorModule {
    if (!(x instanceof Module))
      throw new ArgumentError(
        `Sequential: ${name.replace('member', 'layer')} is not a module. Did you mean new nn.ReLU() for F.relu?`,
      )
    return x
  }

  forward(x: Tensor): Tensor {
    let out = x
    for (const layer of this) out = layer.forward(out)
    return out
  }
}

/**
 * Modules in a row, each a field named by its number: `blocks[0]`, and 'blocks.0.weight' in the state dict. It has no
 * forward: whoever holds it calls those of its members.
 *
 * @throws ArgumentError when a member is not a module
 * @example
 * const blocks = new nn.ModuleList([new nn.Linear(2, 3)])
 * blocks.append(new nn.Linear(3, 1))
 * let x = zeros([5, 2])
 * for (const block of blocks) x = block.forward(x)
 * x.shape // [5, 1]
 */
export class ModuleList<M extends Module = Module> extends Row<M> {
  constructor(modules: Iterable<M> = []) {
    super()
    this.extend(modules)
  }
  protected member(name: string, x: M): M {
    return asModule('ModuleList', name, x)
  }
  forward(): never {
    throw new ArgumentError('ModuleList: has no forward; call those of its modules, or use nn.Sequential')
  }
}

/**
 * Parameters in a row, each a field named by its number: `weights[0]`. A tensor that is none becomes one.
 *
 * @throws ArgumentError when a member is not a tensor, DtypeError when it is not of floats
 * @example
 * new nn.ParameterList([zeros([2]), ones([3])]).namedParameters().map(([name]) => name) // ['0', '1']
 */
export class ParameterList extends Row<Tensor> {
  constructor(parameters: Iterable<Tensor> = []) {
    super()
    this.extend(parameters)
  }
  protected member(name: string, x: Tensor): Tensor {
    return asParameter('ParameterList', name, x)
  }
  forward(): never {
    throw new ArgumentError('ParameterList: has no forward; use its parameters')
  }
}

/** Members by name: what `Object.entries` gives, a `Map`, or a plain object. */
export type Named<T> = Iterable<readonly [string, T]> | Readonly<Record<string, T>>

/** Members by name, each a field. A compiled step asks again for those that it got. */
abstract class Dictionary<T extends Module | Tensor> extends Module {
  /** x as a member, or an error. */
  protected abstract member(name: string, x: T): T

  private get held(): Record<string, T> {
    return this as unknown as Record<string, T>
  }
  get size(): number {
    return this.keys().length
  }
  keys(): string[] {
    return Object.keys(this)
  }
  values(): T[] {
    return this.entries().map(([, x]) => x)
  }
  /** The members that there are; a compiled step asks again. */
  entries(): [string, T][] {
    const names = fixed(() => Object.keys(this).join('.'))
    return names === '' ? [] : names.split('.').map(name => [name, this.get(name)])
  }
  [Symbol.iterator](): Iterator<[string, T]> {
    return this.entries()[Symbol.iterator]()
  }
  has(name: string): boolean {
    return fixed(() => Object.hasOwn(this, name))
  }
  /** @throws ArgumentError when there is none of this name */
  get(name: string): T {
    if (!Object.hasOwn(this, name))
      throw new ArgumentError(
        `${this.constructor.name}: has no '${name}'. It has ${this.keys().join(', ') || 'no members'}`,
      )
    return fixed(() => this.held[name] as T)
  }
  /** @throws ArgumentError for a name that cannot be one: empty, with a dot, or that of a method */
  set(name: string, x: T): this {
    return this.update({ [name]: x })
  }
  /** Sets several members: all, or after an error none. */
  update(members: Named<T>): this {
    const op = this.constructor.name
    const given = record(op, 'members by name', members)
    const pairs = Symbol.iterator in given ? [...(given as Iterable<[string, T]>)] : Object.entries<T>(given)
    const checked = pairs.map(pair => {
      const [name, x] = list<unknown>(op, 'a member with its name', pair) as [string, T]
      if (typeof name !== 'string' || name === '' || name.includes('.') || (name in this && !Object.hasOwn(this, name)))
        throw new ArgumentError(`${op}: ${described(name)} cannot be the name of a member`)
      return [name, this.member(`'${name}'`, x)] as const
    })
    Object.assign(this, Object.fromEntries(checked))
    return this
  }
  /** Takes a member out. @throws ArgumentError when there is none of this name */
  pop(name: string): T {
    const x = this.get(name)
    delete this.held[name]
    return x
  }
  clear(): void {
    for (const name of this.keys()) delete this.held[name]
  }
}

/**
 * Modules by name, each a field of that name: 'heads.value.weight' in the state dict of whoever holds it as `heads`.
 * Names that are whole numbers come first, in their order. It has no forward.
 *
 * @throws ArgumentError when a member is not a module, or a name cannot be one
 * @example
 * const heads = new nn.ModuleDict({ value: new nn.Linear(4, 1), policy: new nn.Linear(4, 3) })
 * heads.get('policy').forward(zeros([5, 4])).shape // [5, 3]
 */
export class ModuleDict<M extends Module = Module> extends Dictionary<M> {
  constructor(modules: Named<M> = {}) {
    super()
    this.update(modules)
  }
  protected member(name: string, x: M): M {
    return asModule('ModuleDict', name, x)
  }
  forward(): never {
    throw new ArgumentError('ModuleDict: has no forward; call those of its modules')
  }
}

/**
 * Parameters by name, each a field of that name. A tensor that is none becomes one. Names that are whole numbers come
 * first, in their order.
 *
 * @throws ArgumentError when a member is not a tensor, or a name cannot be one, DtypeError when it is not of floats
 * @example
 * new nn.ParameterDict({ scale: ones([1]) }).get('scale').requiresGrad // true
 */
export class ParameterDict extends Dictionary<Tensor> {
  constructor(parameters: Named<Tensor> = {}) {
    super()
    this.update(parameters)
  }
  protected member(name: string, x: Tensor): Tensor {
    return asParameter('ParameterDict', name, x)
  }
  forward(): never {
    throw new ArgumentError('ParameterDict: has no forward; use its parameters')
  }
}
