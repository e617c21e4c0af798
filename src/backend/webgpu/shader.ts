// Registers of WGSL: the table's code as the text of a shader, one number in each variable.
import type { Registers, V } from '../math/registers.ts'
import type { Program } from '../stream.ts'
import { builtins } from './builtin.ts'

/** What a variable holds. Bits are float32's, but for truth and for elements of int32. */
export type Kind = 'f32' | 'u32' | 'i32' | 'bool'

/** What has no code for WebGPU: a row of the table without `simd`, or one that calls JavaScript. */
export class Unsupported extends Error {}

interface Variable {
  readonly text: string
  readonly kind: Kind
  /** The number, when it is known. */
  readonly value?: number
}

/** Could it be written as a number? WGSL has no text for NaN and infinities, and -0 and the smallest may get lost. */
const isPlain = (x: number): boolean => (x === 0 ? !Object.is(x, -0) : Number.isFinite(x) && Math.abs(x) >= 2 ** -126)
/** A word of the uniform that is always 0. */
export const NOTHING = 'nothing'
/** The least int32, which has no text of its own. */
const LOWEST = -(2 ** 31)
const view = new DataView(new ArrayBuffer(4))
const bitsOf = (x: number): string => {
  view.setFloat32(0, x)
  return `0x${view.getUint32(0).toString(16)}u`
}

/** Writes the statements of one function, and keeps the builtins that they call. */
export class Shader implements Registers {
  readonly width = 4
  readonly doubles = false
  readonly #lines: string[] = []
  readonly #variables: Variable[] = []
  #indent = '  '

  /** `builtins` collects the names of the functions that the code calls. */
  constructor(readonly builtins: Set<string>) {}

  /** The statements so far. */
  get text(): string { return this.#lines.join('\n') }

  /** Adds a statement as it is. */
  line(text: string): void { this.#lines.push(this.#indent + text) }
  /** Statements within `head { … }`. */
  block(head: string, body: () => void): void {
    this.line(`${head} {`)
    this.#indent += '  '
    body()
    this.#indent = this.#indent.slice(2)
    this.line('}')
  }
  /** A text as a register, computed where it is read. */
  as(kind: Kind, text: string, value?: number): V {
    const local = this.#variables.push({ kind, text, ...(value !== undefined && { value }) }) - 1
    return kind === 'bool' ? { local, mask: true } : { local }
  }
  /** A text as a variable, computed once. */
  let(kind: Kind, text: string, value?: number): V {
    const name = `v${this.#variables.length}`
    this.line(`let ${name} = ${text};`)
    return this.as(kind, name, value)
  }
  /** A variable that statements may change. */
  var(kind: Kind, text: string): V {
    const name = `v${this.#variables.length}`
    this.line(`var ${name} = ${text};`)
    return this.as(kind, name)
  }
  #variable(x: V): Variable { return this.#variables[x.local] as Variable }

  /** The register's text as a number, as bits, as truth. */
  f(x: V): string {
    const { kind, text } = this.#variable(x)
    return kind === 'f32' ? text : kind === 'i32' ? `f32(${text})` : `bitcast<f32>(${this.u(x)})`
  }
  u(x: V): string {
    const { kind, text } = this.#variable(x)
    if (kind === 'u32') return text
    return kind === 'bool' ? `select(0u, 0xffffffffu, ${text})` : `bitcast<u32>(${this.f(x)})`
  }
  b(x: V): string { return this.#variable(this.mask(x)).text }
  /** The register's text as an element of int32. */
  i(x: V): string {
    const { kind, text } = this.#variable(x)
    return kind === 'i32' ? text : `i32(${this.f(this.number(x))})`
  }

  const(x: number): V {
    const value = Math.fround(x)
    if (isPlain(value)) return this.as('f32', value < 0 ? `(${value}f)` : `${value}f`, x)
    // in a variable, since WGSL forbids constants that are no finite numbers
    return this.let('u32', bitsOf(value), x)
  }
  /** A number that no compiler knows. */
  #given(x: number): V { return this.let('u32', `${bitsOf(Math.fround(x))} ^ ${NOTHING}`, x) }
  bits(low: number): V { return this.as('u32', `${low >>> 0}u`) }

  #number(text: string): V { return this.let('f32', text) }
  #infix(sign: string, x: V, y: V): V { return this.#number(`${this.f(x)} ${sign} ${this.f(y)}`) }
  #call(name: string, ...xs: V[]): V { return this.#number(`${name}(${xs.map(x => this.f(x)).join(', ')})`) }
  #help(name: string, ...xs: V[]): V {
    this.builtins.add(name)
    return this.#call(name, ...xs)
  }
  add(x: V, y: V): V { return this.#infix('+', x, y) }
  sub(x: V, y: V): V { return this.#infix('-', x, y) }
  mul(x: V, y: V): V { return this.#infix('*', x, y) }
  div(x: V, y: V): V { return this.#infix('/', x, y) }
  neg(x: V): V { return this.#number(`-${this.f(x)}`) }
  abs(x: V): V { return this.#call('abs', x) }
  sqrt(x: V): V { return this.#call('sqrt', x) }
  floor(x: V): V { return this.#call('floor', x) }
  ceil(x: V): V { return this.#call('ceil', x) }
  trunc(x: V): V { return this.#call('trunc', x) }
  nearest(x: V): V { return this.#call('round', x) }
  min(x: V, y: V): V { return this.#help('lesser', x, y) }
  max(x: V, y: V): V { return this.#help('greater', x, y) }
  pmin(x: V, y: V): V { return this.#number(`select(${this.f(x)}, ${this.f(y)}, ${this.f(y)} < ${this.f(x)})`) }
  pmax(x: V, y: V): V { return this.#number(`select(${this.f(x)}, ${this.f(y)}, ${this.f(y)} > ${this.f(x)})`) }
  // through an integer that no compiler knows to be 0: it might simplify (x + 1) - 1 otherwise
  rounded(x: V): V { return this.let('u32', `${this.u(x)} ^ ${NOTHING}`) }
  madd(x: V, y: V, z: V): V { return this.#number(`${this.f(x)} * ${this.f(y)} + ${this.f(z)}`) }
  nmadd(x: V, y: V, z: V): V { return this.#number(`${this.f(z)} - ${this.f(x)} * ${this.f(y)}`) }
  // not by adding a large number and taking it off again, which a driver's fast mathematics may leave out
  whole(x: V, factor?: V): { n: V; bits: V } {
    const n = this.nearest(factor ? this.mul(x, factor) : x)
    return { n, bits: this.let('u32', `bitcast<u32>(i32(${this.f(n)}))`) }
  }

  #compare(sign: string, x: V, y: V): V {
    const [p, q] = [this.#variable(x), this.#variable(y)]
    // elements of int32, which float32 could not tell apart
    const isWhole = ({ kind, value }: Variable): boolean =>
      kind === 'i32' || (value !== undefined && value === (value | 0))
    if ((p.kind === 'i32' || q.kind === 'i32') && isWhole(p) && isWhole(q)) {
      const whole = (x: V, { value }: Variable): string =>
        value === undefined ? this.i(x) : value === LOWEST ? 'bitcast<i32>(0x80000000u)' : `${value}i`
      return this.let('bool', `${whole(x, p)} ${sign} ${whole(y, q)}`)
    }
    return this.let('bool', `${this.f(x)} ${sign} ${this.f(y)}`)
  }
  /** The question for NaN, by its bits: a driver's fast mathematics may take for granted that there is none. */
  #isNaN(x: V): string { return `(${this.u(x)} & 0x7fffffffu) > 0x7f800000u` }
  #isSame(x: V, y: V): boolean { return x.local === y.local && this.#variable(x).kind !== 'i32' }
  // `!=` does not hold for NaN
  eq(x: V, y: V): V { return this.#isSame(x, y) ? this.let('bool', `!(${this.#isNaN(x)})`) : this.#compare('==', x, y) }
  ne(x: V, y: V): V { return this.#isSame(x, y) ? this.let('bool', this.#isNaN(x)) : this.not(this.eq(x, y)) }
  lt(x: V, y: V): V { return this.#compare('<', x, y) }
  le(x: V, y: V): V { return this.#compare('<=', x, y) }
  gt(x: V, y: V): V { return this.#compare('>', x, y) }
  ge(x: V, y: V): V { return this.#compare('>=', x, y) }

  #bitwise(sign: string, x: V, y: V): V {
    if (x.mask && y.mask)
      return this.let('bool', sign === '^' ? `${this.b(x)} != ${this.b(y)}` : `${this.b(x)} ${sign} ${this.b(y)}`)
    return this.let('u32', `${this.u(x)} ${sign} ${this.u(y)}`)
  }
  and(x: V, y: V): V { return this.#bitwise('&', x, y) }
  or(x: V, y: V): V { return this.#bitwise('|', x, y) }
  xor(x: V, y: V): V { return this.#bitwise('^', x, y) }
  andnot(x: V, y: V): V { return this.and(x, this.not(y)) }
  not(x: V): V { return x.mask ? this.let('bool', `!${this.b(x)}`) : this.let('u32', `~${this.u(x)}`) }

  iadd(x: V, y: V): V { return this.let('u32', `${this.u(x)} + ${this.u(y)}`) }
  isub(x: V, y: V): V { return this.let('u32', `${this.u(x)} - ${this.u(y)}`) }
  ilt(x: V, y: V): V { return this.let('bool', `bitcast<i32>(${this.u(x)}) < bitcast<i32>(${this.u(y)})`) }
  shl(x: V, n: number): V { return this.let('u32', `${this.u(x)} << ${n}u`) }
  ushr(x: V, n: number): V { return this.let('u32', `${this.u(x)} >> ${n}u`) }

  where(condition: V, x: V, y: V): V {
    const [p, q] = [this.#variable(x).kind, this.#variable(y).kind]
    const kind = p === q ? p : p === 'i32' || q === 'i32' ? 'f32' : 'u32'
    const text = (z: V): string => (kind === 'f32' ? this.f(z) : kind === 'u32' ? this.u(z) : this.#variable(z).text)
    return this.let(kind, `select(${text(y)}, ${text(x)}, ${this.b(condition)})`)
  }
  mask(x: V): V {
    if (x.mask) return x
    return this.#variable(x).kind === 'i32'
      ? this.let('bool', `${this.i(x)} != 0i`)
      : this.let('bool', `!(${this.f(x)} == 0f)`)
  }
  number(x: V): V { return x.mask ? this.#number(`select(0f, 1f, ${this.b(x)})`) : x }

  host(name: string, _: unknown, ...xs: V[]): V {
    if (!builtins[name]) throw new Unsupported(name)
    return this.#help(name, ...xs)
  }
  rare(mask: V, x: V, f: () => V): V {
    const out = this.var('u32', this.u(x))
    this.block(`if (${this.b(mask)})`, () => {
      const value = this.u(f())
      this.line(`${this.#variable(out).text} = ${value};`)
    })
    return this.#number(this.f(out))
  }
  wide(): never {
    throw new Unsupported('float64')
  }

  /** Runs a program: the values of all its steps. */
  run(program: Program, input: (k: number) => V): V[] {
    const values: V[] = []
    for (const step of program) {
      if (step.kind === 'input') values.push(input(step.input))
      // a compiler that knew it would take 0 * x for 0, and refuse what overflows
      else if (step.kind === 'const') values.push(this.#given(step.value))
      else {
        const { simd, name, conditions = 0 } = step
        const args = step.args.map((j, k) => (k < conditions ? (values[j] as V) : this.number(values[j] as V)))
        if (!simd) throw new Unsupported(name)
        values.push(simd(this, ...args))
      }
    }
    return values
  }
}

/** Can a shader run this program? */
export function supports(program: Program): boolean {
  const shader = new Shader(new Set())
  try {
    shader.run(program, () => shader.as('f32', 'x'))
    return true
  } catch (error) {
    if (error instanceof Unsupported) return false
    throw error
  }
}
