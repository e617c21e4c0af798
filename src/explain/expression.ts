// Text -> function: an expression as jsep reads it, its names checked, run on values, tensors or symbols.
import jsep from 'jsep'
import { described, list, options } from '../engine/argument.ts'
import { ArgumentError, ExpressionError } from '../engine/errors.ts'
import { postorder } from '../engine/graph.ts'
import { Num } from '../engine/num.ts'
import { Pointwise } from '../engine/pointwise.ts'
import { type OpName, table } from '../engine/prims.ts'

/** An expression in text, as a function. */
export interface Expression {
  readonly text: string
  /** Its inputs, in the order in which `f` takes them. */
  readonly names: readonly string[]
  /** Runs it on numbers of one kind: values, tensors or symbols. A plain number when it depends on no input. */
  readonly f: <N extends Num>(...xs: N[]) => N | number
}

/** Where a node begins and where it ends, before the next character. */
interface Place {
  readonly start: number
  readonly end: number
}
interface Node extends jsep.Expression {
  start?: number
  end?: number
}

// ---------------------------------------------------------------- jsep, taught this grammar

const signs: Readonly<Record<string, 'add' | 'sub' | 'mul' | 'div' | 'pow' | 'lt' | 'le' | 'gt' | 'ge' | 'eq' | 'ne'>> =
  {
    '+': 'add',
    '-': 'sub',
    '*': 'mul',
    '/': 'div',
    '^': 'pow',
    '**': 'pow',
    '<': 'lt',
    '<=': 'le',
    '>': 'gt',
    '>=': 'ge',
    '==': 'eq',
    '!=': 'ne',
  }
const precedences: readonly (readonly string[])[] = [
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/'],
  ['^', '**'],
]
const isPower = (sign: string): boolean => signs[sign] === 'pow'

jsep.removeAllBinaryOps()
jsep.removeAllUnaryOps()
jsep.removeAllLiterals()
jsep.removeIdentifierChar('$')
jsep.this_str = ''
precedences.forEach((all, k) => {
  for (const sign of all) jsep.addBinaryOp(sign, k + 1, isPower(sign))
})
// is the next token to be read by jsep itself, and not by this hook once more?
let within = false
jsep.hooks.add('gobble-token', function token(env) {
  if (within) {
    within = false
    return
  }
  const start = this.index
  const found: Node | undefined = this.char === '-' || this.char === '+' ? signed(this) : plain(this)
  if (found) env.node = Object.assign(found, { start, end: this.index })
})

/** A token as jsep reads it. */
function plain(scope: jsep.HookScope): Node | undefined {
  within = true
  try {
    return scope.gobbleToken()
  } finally {
    within = false
  }
}

/** A sign binds less than a power, as in mathematics and in Python: -x^2 is -(x^2). */
function signed(scope: jsep.HookScope): Node {
  const operator = scope.char
  scope.index++
  return { type: 'UnaryExpression', operator, argument: power(scope), prefix: true }
}
function power(scope: jsep.HookScope): Node {
  const base: Node | undefined = scope.gobbleToken()
  if (!base) scope.throwError('Expected expression after a sign')
  const before = scope.index
  const sign = scope.gobbleBinaryOp() as string | false | undefined
  if (sign && isPower(sign))
    return { type: 'BinaryExpression', operator: sign, left: base as jsep.Expression, right: power(scope) }
  scope.index = before
  return base as Node
}

// ---------------------------------------------------------------- terms: what was read, as one more kind of number

/** An input, a number, or an op over others. */
class Term extends Num {
  mark = 0
  constructor(
    readonly op: OpName | null,
    readonly args: readonly Term[],
    /** The number of an input, the value of a constant. */
    readonly value: number,
    readonly isConstant: boolean,
  ) {
    super()
  }
  static constant(value: number): Term {
    return new Term(null, [], value, true)
  }
  input(i: number): Term | undefined {
    return this.args[i]
  }

  override apply(name: OpName, ...args: (Term | number | undefined)[]): this {
    const given = args.filter(x => x !== undefined).map(x => (typeof x === 'number' ? Term.constant(x) : x))
    const { arity } = table.get(name) ?? { arity: args.length }
    if (given.length < arity) throw new Missing()
    const made = given.every(x => x.isConstant)
      ? Term.constant(Pointwise.named(name).f(...given.map(x => x.value)))
      : new Term(name, given, 0, false)
    return made as this
  }
}
/** An op had too few operands. */
class Missing extends Error {}

function run<N extends Num>(root: Term, xs: readonly N[]): N | number {
  const results = new Map<Term, N | number>()
  for (const x of postorder(root)) {
    const args = x.args.map(y => results.get(y) as N | number)
    results.set(x, x.op ? (xs[0] as N).apply(x.op, ...args) : x.isConstant ? x.value : (xs[x.value] as N))
  }
  return results.get(root) as N | number
}

// ---------------------------------------------------------------- names

const constants: Readonly<Record<string, number>> = {
  pi: Math.PI,
  π: Math.PI,
  e: Math.E,
  inf: Infinity,
  nan: NaN,
  Infinity,
  NaN,
}
/** Names that PyTorch, or everybody, has beside those of the table. */
const aliases: Readonly<Record<string, OpName>> = {
  ln: 'log',
  max: 'maximum',
  min: 'minimum',
  absolute: 'abs',
  negative: 'neg',
  multiply: 'mul',
  divide: 'div',
  trueDivide: 'div',
  subtract: 'sub',
  arcsin: 'asin',
  arccos: 'acos',
  arctan: 'atan',
  arctan2: 'atan2',
  arcsinh: 'asinh',
  arccosh: 'acosh',
  arctanh: 'atanh',
  clip: 'clamp',
  fix: 'trunc',
  sgn: 'sign',
  expit: 'sigmoid',
}
function opNamed(name: string): OpName | undefined {
  const camel = name.replace(/_([a-z\d])/g, (_, letter: string) => letter.toUpperCase())
  if (Object.hasOwn(aliases, camel)) return aliases[camel]
  return table.has(camel) ? (camel as OpName) : undefined
}

/** How many letters must be changed, added or left out, or swapped with their neighbour, to get from one word to another. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = rows[i - 1][j - 1] + +(a[i - 1] !== b[j - 1])
      row[j] = Math.min(changed, rows[i - 1][j] + 1, row[j - 1] + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1)
    }
    rows.push(row)
  }
  return rows[a.length][b.length]
}
function meant(name: string, known: readonly string[]): string {
  const near = known
    .map(other => ({ other, far: distance(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ other, far }) => far <= Math.max(1, Math.min(name.length, other.length) / 3))
    .sort((a, b) => a.far - b.far)
  return near.length > 0 ? `. Did you mean ${near[0].other}?` : ''
}

// ---------------------------------------------------------------- the parser

export interface ParseOptions {
  /** The inputs, in the order in which the function takes them. Without them: all names that are no constants, as they come. */
  readonly names?: readonly string[]
}

/**
 * Reads an expression: numbers, names, + - * / ^ (or **), comparisons, `condition ? x : y`, brackets, and all functions of
 * the table by PyTorch's names (`leaky_relu` and `leakyRelu` alike; parameters may be left out where PyTorch has a
 * default). A power binds more than a sign and goes to the right: -x^2 is -(x^2), x^y^z is x^(y^z). `pi` (or `π`), `e`, `inf` and
 * `nan` (or `Infinity` and `NaN`) are constants, unless an input is called so. What depends on no input is computed once, here.
 *
 * The function takes values, tensors or symbols: whatever has the table's ops.
 *
 * @throws ExpressionError, with the column, for what cannot be read, and for names that are not known
 * @throws ArgumentError for names that could not be read back
 * @example
 * const { names, f } = parse('x1*x2 + sin(x1)')
 * names // ["x1","x2"]
 * f(new Value(2), new Value(3)) // 6.909297426825682
 */
export function parse(text: string, given: ParseOptions = {}): Expression {
  if (typeof text !== 'string') throw new ArgumentError(`expression: needs a string, not ${described(text)}`)
  const { names: fixed } = options('expression', given, ['names'])
  const names = fixed === undefined ? [] : [...unique('expression', fixed)]
  const root = read(text)
  const inputs = names.map((_, k) => new Term(null, [], k, false))
  const terms = new Map<Node, Term>()
  const of = (x: Node): Term => terms.get(x) as Term
  const named = (node: Node): Term => {
    const name = node.name as string
    const at = names.indexOf(name)
    if (at >= 0) return inputs[at]
    if (Object.hasOwn(constants, name)) return Term.constant(constants[name])
    if (!isName(name)) refuse(text, node, `unexpected '${name}'${looksLike(name)}`)
    if (fixed !== undefined || opNamed(name))
      refuse(
        text,
        node,
        opNamed(name)
          ? `'${name}' is a function: write ${name}(…)`
          : `unknown name '${name}'${meant(name, names) || `. ${names.length > 0 ? `The inputs are ${names.join(', ')}` : 'There are no inputs'}`}`,
      )
    names.push(name)
    inputs.push(new Term(null, [], names.length - 1, false))
    return inputs[inputs.length - 1]
  }
  for (const node of nodesOf(root)) terms.set(node, termOf(text, node, of, named))
  const term = of(root)
  return { text, names, f: (...xs) => run(term, xs) }
}

/** @throws ArgumentError when one of the names could not be read, or comes twice */
export function unique(op: string, names: readonly string[]): readonly string[] {
  for (const name of list(op, 'names', names)) {
    if (typeof name !== 'string' || !isName(name))
      throw new ArgumentError(`${op}: a name is letters, digits and _, not ${described(name)}`)
    if (names.indexOf(name) !== names.lastIndexOf(name))
      throw new ArgumentError(`${op}: the name '${name}' comes twice`)
  }
  return names
}
const isName = (name: string): boolean => /^[\p{L}_][\p{L}\p{M}\p{N}_]*$/u.test(name) && !/[⁰¹²³⁴-⁹]/.test(name)
/** Signs of mathematics that are not those of code. */
const hints: readonly (readonly [RegExp, string])[] = [
  [/[−–]/, '- for minus'],
  [/[×·⋅]/, '* for times'],
  [/÷/, '/ for a quotient'],
  [/[⁰¹²³⁴-⁹]/, '^ for a power: x^2'],
  [/√/, 'sqrt(x) for a root'],
  [/\|/, 'abs(x) for a size'],
  [/%/, 'remainder(x, y) for what a division leaves'],
  [/^=/, '== to compare'],
]
function looksLike(text: string): string {
  const hint = hints.find(([sign]) => sign.test(text))
  return hint ? `. Write ${hint[1]}` : ''
}

function refuse(text: string, { start = 0 }: Partial<Place>, reason: string): never {
  throw new ExpressionError(`expression: ${reason}`, text, start + 1)
}

function refuseMark(text: string, at: number): never {
  const [mark] = text.slice(at)
  refuse(text, { start: at }, `unexpected '${mark}'${looksLike(mark)}`)
}

/** The syntax tree, of one expression that is all of the text. */
function read(text: string): Node {
  if (text.trim() === '') refuse(text, {}, 'the text is empty')
  let root: Node
  try {
    within = false
    root = jsep(text)
  } catch (error) {
    if (error instanceof RangeError) refuse(text, {}, 'brackets are nested too deep')
    const { description, index } = error as { description?: string; index?: number }
    if (description === undefined) throw error
    refuse(text, { start: Math.min(index ?? 0, text.length) }, explained(description))
  }
  if (root.type === 'Compound') {
    const [first, second] = root.body as (Node | undefined)[]
    if (!first) {
      const start = text.search(/\S/)
      if (text[start] !== '(') refuseMark(text, start)
      refuse(text, { start }, 'there is nothing in the brackets')
    }
    const at = second === undefined ? 0 : placed(second).start
    // jsep reads over what separates two expressions
    const mark = text.slice(first ? placed(first).end : 0, at).search(/[,;]/)
    if (first && mark >= 0) refuseMark(text, placed(first).end + mark)
    // jsep takes every letter that is not ASCII for one of a name
    if (second?.type === 'Identifier' && !isName(second.name as string)) refuseMark(text, at)
    refuse(text, { start: at }, 'an operator is missing before this')
  }
  const { start, end } = placed(root)
  // brackets around the whole are part of it; separators are not
  const lead = /^\s*/.exec(text)?.[0].length ?? 0
  if (start > lead) refuseMark(text, lead)
  const rest = text.slice(end).search(/\S/)
  if (rest >= 0) refuseMark(text, end + rest)
  return root
}

/** jsep's words for what is wrong, with the way out. */
function explained(description: string): string {
  const reason = `${description[0].toLowerCase()}${description.slice(1)}`.replaceAll('"', "'")
  if (/variable names cannot start with a number/.test(reason)) return `${reason}. Write * between factors`
  const [, mark = ''] = /^unexpected '(.)'/u.exec(reason) ?? []
  return `${reason}${looksLike(mark)}`
}

/** From where to where: tokens know it, and what is made of them follows. */
function placed(node: Node): Place {
  const parts = childrenOf(node)
  let [first, last] = [node, node]
  while (first.start === undefined && childrenOf(first).length > 0) first = childrenOf(first)[0]
  while (last.end === undefined && childrenOf(last).length > 0) last = childrenOf(last).at(-1) as Node
  return { start: first.start ?? 0, end: last.end ?? (parts.length > 0 ? placed(parts.at(-1) as Node).end : 0) }
}

/** What a node is computed from. */
function childrenOf(node: Node): Node[] {
  if (node.type === 'BinaryExpression') return [node.left as Node, node.right as Node]
  if (node.type === 'UnaryExpression') return [node.argument as Node]
  if (node.type === 'ConditionalExpression') return [node.test as Node, node.consequent as Node, node.alternate as Node]
  return node.type === 'CallExpression' ? (node.arguments as Node[]) : []
}

/** All nodes below, each after those it is computed from and from left to right; of any depth. */
function nodesOf(root: Node): Node[] {
  const found: Node[] = []
  const path: { readonly node: Node; readonly children: Node[]; next: number }[] = [
    { node: root, children: childrenOf(root), next: 0 },
  ]
  while (path.length > 0) {
    const top = path[path.length - 1]
    if (top.next < top.children.length) {
      const node = top.children[top.next++]
      // an argument that is missing between two commas
      if (node) path.push({ node, children: childrenOf(node), next: 0 })
    } else {
      found.push(top.node)
      path.pop()
    }
  }
  return found
}

function termOf(text: string, node: Node, of: (x: Node) => Term, named: (node: Node) => Term): Term {
  switch (node.type) {
    case 'Literal':
      if (typeof node.value !== 'number') break
      return Term.constant(node.value)
    case 'Identifier':
      return named(node)
    case 'UnaryExpression':
      return node.operator === '-' ? of(node.argument as Node).neg() : of(node.argument as Node)
    case 'ConditionalExpression': {
      const [test, yes, no] = childrenOf(node).map(of)
      return test.where(operand(yes), operand(no))
    }
    case 'BinaryExpression': {
      const [left, right] = childrenOf(node).map(of)
      return left[signs[node.operator as string]](operand(right))
    }
    case 'CallExpression':
      return call(text, node, of)
    default:
  }
  return refuse(text, placed(node), 'only numbers, names, operators and calls of functions can be read here')
}
/** Methods look at numbers, not at terms that are constant: x^2 is a square. */
const operand = (x: Term): Term | number => (x.isConstant ? x.value : x)

function call(text: string, node: Node, of: (x: Node) => Term): Term {
  const callee = node.callee as Node
  const written = callee.type === 'Identifier' ? (callee.name as string) : ''
  const name = opNamed(written)
  if (!name)
    refuse(
      text,
      placed(node),
      written
        ? `unknown function '${written}'${meant(written, [...table.keys(), ...Object.keys(aliases)])}`
        : 'this is no function',
    )
  const nodes = node.arguments as (Node | null)[]
  if (nodes.some(x => !x)) refuse(text, placed(node), `an operand of ${written} is missing`)
  const given = (nodes as Node[]).map(of)
  const args = name === 'polygamma' ? [...given].reverse() : given
  const { arity } = table.get(name) as { arity: number }
  const wrong = (takes: string): never =>
    refuse(text, placed(node), `${written} takes ${takes} operand${takes === '1' ? '' : 's'}, not ${given.length}`)
  if (args.length > arity || args.length === 0) wrong(String(arity))
  if (args.length === arity) return args[0].apply(name, ...args)
  // the method knows the defaults of what is left out
  const probes = args.map((_, k) => new Term(null, [], k, false))
  const method: unknown = Reflect.get(probes[0], name)
  try {
    const full: unknown = typeof method === 'function' ? method.apply(probes[0], probes.slice(1)) : undefined
    if (full instanceof Term && full.op === name && probes.every((probe, k) => full.args[k] === probe))
      return args[0].apply(name, ...args, ...full.args.slice(args.length))
  } catch (error) {
    if (!(error instanceof Missing || error instanceof ArgumentError)) throw error
  }
  return wrong(String(arity))
}
