// A trace as a graph in DOT, Graphviz's language: nodes are rows or folded modules, edges carry local partials and gradients.
import type { Spec } from '../engine/apply.ts'
import { integer, list, oneOf, options } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { Expr } from '../engine/expr.ts'
import { Tensor } from '../engine/tensor.ts'
import type { Active } from '../engine/tree.ts'
import { Value } from '../engine/value.ts'
import type { Module } from '../nn/module.ts'
import { formula, operation } from './formula.ts'
import { history } from './history.ts'
import { copies, locals, meanings, type Pattern, pattern } from './pattern.ts'
import { simplify } from './simplify.ts'
import { type Adjoint, sweep } from './sweep.ts'
import { isKnown, type Known, type Row, type Trace, traced } from './trace.ts'

export interface DotOptions {
  readonly title?: string
  /** Which way values flow: 'right' (default) or 'down'. */
  readonly direction?: 'right' | 'down'
  readonly theme?: 'light' | 'dark'
  /** The output whose gradients are drawn, by name: the only one. With several outputs and none named there are none. */
  readonly output?: string
  /** Arrows for the gradients on their way back, each with what it contributes (true). */
  readonly backward?: boolean
  /** Local partial derivatives on the edges (true). */
  readonly partials?: boolean
  /** What the colours mean, below the graph (true). */
  readonly legend?: boolean
  /** The modules that are drawn as one node, by path. */
  readonly collapse?: readonly string[]
  /** The most nodes (60): modules are drawn as one node each, the innermost first, and at last the middle is left out. */
  readonly limit?: number
  /** Of an output that is no trace: the model whose parameters give nodes their names and modules; see `history`. */
  readonly model?: Module
}

/** What can be drawn: a trace, or a value or tensor (several in a list) that carries its graph. */
export type Drawable = Trace<Some> | Active | readonly Active[]
/** A row's value, or what is known of it. */
type Some = Known | Spec

/** A node of the picture: a row; or a module, or the middle of a long graph, as one. */
interface Unit {
  readonly id: string
  /** The path of a module that is one node, '…' for the middle; null for a row. */
  readonly group: string | null
  readonly rows: Row<Some>[]
}

/** Okabe and Ito's colours, which colour-blind readers tell apart; as a border, and pale as the paper below letters. */
const hues: Readonly<Record<Pattern, string>> = {
  add: '#56b4e9',
  multiply: '#e69f00',
  max: '#d55e00',
  scale: '#009e73',
  gate: '#d8c400',
  block: '#8a8a8a',
  slope: '#cc79a7',
  linear: '#0072b2',
}
const inks = {
  light: { paper: '#ffffff', ink: '#1f2328', muted: '#59636e', line: '#8a949e', back: '#b3361b', cluster: '#f5f6f8' },
  dark: { paper: '#0d1117', ink: '#e6edf3', muted: '#9aa4b0', line: '#6b7683', back: '#ff9b7a', cluster: '#161c24' },
} as const
type Ink = (typeof inks)['light' | 'dark']

/** A colour between two, `share` of the way from the first. */
function mixed(from: string, to: string, share: number): string {
  const part = (hex: string, i: number): number => Number.parseInt(hex.slice(i, i + 2), 16)
  return `#${[1, 3, 5]
    .map(i => Math.round(part(from, i) * (1 - share) + part(to, i) * share))
    .map(x => x.toString(16).padStart(2, '0'))
    .join('')}`
}

/** Wide enough for whatever stands in for it. */
export const FONT = 'Verdana'

/** Without the signs that XML lacks, and Graphviz stops at. */
const legible = (text: string): string => text.replace(/[\p{Cc}\p{Cs}]/gu, mark => (/\s/.test(mark) ? ' ' : '\ufffd'))
/** Text as HTML and XML have it. */
export const escaped = (text: string): string =>
  legible(text).replace(/[&<>"]/g, letter => `&#${letter.charCodeAt(0)};`)
const quoted = (text: string): string =>
  `"${text.split('\n').map(legible).join('\n').replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`
/** What stands in the text as it is: all other texts are quoted, whatever they begin with. */
interface Markup {
  readonly markup: string
}
const attributes = (given: Readonly<Record<string, string | number | Markup | undefined>>): string =>
  `[${Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? value.markup : quoted(String(value))}`)
    .join(' ')}]`

function numeral(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf'
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return String(x)
  const size = Math.abs(x)
  return size >= 1e-3 && size < 1e6
    ? String(Number(x.toPrecision(4)))
    : String(Number(x.toPrecision(3)).toExponential())
}
/** A number; of a tensor its norm. */
function size(x: number | Tensor): string {
  if (!(x instanceof Tensor)) return numeral(x)
  if (x.numel === 1) return numeral(x.data[0] as number)
  return `norm ${numeral(Math.sqrt(Array.from(x.data).reduce((sum, y) => sum + y * y, 0)))}`
}
/** A number; of a tensor its shape and norm. */
function shown(x: Some): string {
  if (!isKnown(x)) return x.shape.length === 0 ? 'not kept' : `[${x.shape.join(', ')}], not kept`
  return x instanceof Tensor && x.numel !== 1 ? `[${x.shape.join(', ')}], ${size(x)}` : size(x)
}

/** Lines of a node: its heading, then what is to be said of it. */
function label(
  heading: string,
  lines: readonly { readonly text: string; readonly color?: string; readonly small?: boolean }[],
): Markup {
  const row = (inner: string): string => `<TR><TD ALIGN="LEFT">${inner}</TD></TR>`
  const line = ({ text, color, small }: (typeof lines)[number]): string => {
    const font = `${color ? ` COLOR="${color}"` : ''}${small ? ' POINT-SIZE="10"' : ''}`
    return row(font === '' ? escaped(text) : `<FONT${font}>${escaped(text)}</FONT>`)
  }
  return {
    markup: `<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">${row(heading)}${lines.map(line).join('')}</TABLE>>`,
  }
}

/** What a row computes, in its operands' names. */
function written({ op, expr, args }: Row<Some>): string {
  const names = args.map(x => (typeof x === 'number' ? x : x.name))
  if (!expr)
    return operation(
      op as string,
      args.map((x, i) => (typeof x === 'number' ? Number(x.toPrecision(6)) : (names[i] as string))),
    )
  return formula(expr, { name: x => (x.op === 'input' ? String(names[x.value]) : undefined) })
}

/** The partial derivative of a row by an argument: as a formula and, of numbers, what it comes to. */
function slope(row: Row<Some>, i: number, number: number | Tensor | null): string {
  const expr = row.partials[i]
  if (!expr) return ''
  const text = formula(simplify(expr), {
    name: x => {
      if (x === Expr.output) return row.name
      if (x.op !== 'input') return undefined
      const arg = row.args[x.value]
      return typeof arg === 'object' ? arg.name : String(arg)
    },
  })
  const value = typeof number === 'number' ? numeral(number) : ''
  return value === '' || value === text ? text : `${text} = ${value}`
}

const isWithin = (path: string | null, module: string): boolean =>
  path !== null && (path === module || path.startsWith(`${module}.`))
/** The parts of a path; an item of a list goes with its list: blocks, layers.0, norm. */
const steps = (path: string | null): readonly string[] => (path ? path.split(/\.(?!\d+(?:\.|$))/) : [])

/** The module that a row is drawn as a part of, when modules from a depth on are one node each; null: none. */
function home({ module }: Row<Some>, collapse: readonly string[], depth: number): string | null {
  const chosen = collapse.find(path => isWithin(module, path))
  if (chosen !== undefined) return chosen
  const path = steps(module)
  return path.length >= depth ? path.slice(0, depth).join('.') : null
}

/** The nodes of the picture: at most about `limit`. */
function units({ rows }: Trace<Some>, collapse: readonly string[], limit: number): Unit[] {
  const at = (depth: number): Unit[] => {
    const groups = new Map<string, Unit>()
    return rows.flatMap((row): Unit[] => {
      const group = home(row, collapse, depth)
      if (group === null) return [{ id: `r${row.index}`, group, rows: [row] }]
      const known = groups.get(group)
      if (known) {
        known.rows.push(row)
        return []
      }
      const made: Unit = { id: `m${row.index}`, group, rows: [row] }
      groups.set(group, made)
      return [made]
    })
  }
  let depth = 1 + Math.max(0, ...rows.map(({ module }) => steps(module).length))
  let found = at(depth)
  while (found.length > limit && depth > 1) found = at(--depth)
  if (found.length <= limit) return found
  const half = limit >> 1
  const middle = found.slice(half, found.length - half)
  const left: Unit = { id: 'middle', group: '…', rows: middle.flatMap(unit => unit.rows) }
  return [...found.slice(0, half), left, ...found.slice(found.length - half)]
}

/** What is drawn, as a trace. */
export function pictured(op: string, of: Drawable, model: Module | undefined): Trace<Some> {
  if (of instanceof Value || of instanceof Tensor || Array.isArray(of))
    return history(of as Active | readonly Active[], model && { model })
  if (model)
    throw new ArgumentError(`${op}: model is for an output that is no trace: give it to trace(f, inputs, { model })`)
  return traced(op, of as Trace<Some>)
}

/**
 * A trace, or the graph that a value or tensor carries, in DOT, which Graphviz lays out: `draw` does it, or any other
 * Graphviz. A node is a row, with its
 * formula, value and gradient (of tensors shape and norm), in the colour of its flow pattern; a frame is a module. Solid
 * arrows are values on their way forward, with the local partial derivative; dashed ones gradients on their way back,
 * with what each use contributes.
 *
 * @throws ArgumentError for an unknown option or module, or a limit below 4; and what `sweep` throws for `output`,
 * `history` for what is no trace
 * @example
 * const text = dot(trace((x: Value) => x.sin(), [0]))
 * text.startsWith('digraph') // true
 * text.includes('cos(x1) = 1') // true
 */
export function dot(drawn: Drawable, given: DotOptions = {}): string {
  const known = [
    'title',
    'direction',
    'theme',
    'output',
    'backward',
    'partials',
    'legend',
    'collapse',
    'limit',
    'model',
  ]
  const {
    title,
    direction = 'right',
    theme = 'light',
    output,
    backward = true,
    partials = true,
    legend = true,
    collapse = [],
    limit = 60,
    model,
  } = options('dot', given, known)
  const trace = pictured('dot', drawn, model)
  oneOf('dot', 'direction', direction, ['right', 'down'])
  const ink: Ink = inks[oneOf('dot', 'theme', theme, ['light', 'dark'])]
  integer('dot', 'limit', limit, 4)
  for (const path of list('dot', 'collapse', collapse))
    if (!trace.rows.some(({ module }) => isWithin(module, path))) {
      const paths = [...new Set(trace.rows.flatMap(({ module }) => (module ? [module] : [])))]
      throw new ArgumentError(`dot: no module '${path}' was running; there are ${paths.join(', ') || 'none'}`)
    }
  const all = units(trace, collapse, limit)
  const differentiable = output !== undefined || (trace.outputs.length === 1 && trace.outputs[0]?.node)
  const adjoints = new Map<Row<Some>, Adjoint<Some>>(
    differentiable ? sweep(trace, output === undefined ? {} : { output }).adjoints.map(x => [x.row, x]) : [],
  )
  const of = new Map(all.flatMap(unit => unit.rows.map(row => [row, unit] as const)))
  const uses = copies(trace)
  const seen = new Set<Pattern>()

  const node = (unit: Unit): string => {
    const { id, group, rows } = unit
    const outputs = rows.some(row => trace.outputs.includes(row))
    if (group !== null) {
      const last = rows.filter(({ op }) => op !== null).at(-1) ?? rows.at(-1)
      const count = rows.filter(({ op }) => op !== null).length
      const weights = rows.reduce((n, { kind, value }) => n + (kind === 'parameter' ? sizeOf(value) : 0), 0)
      const g = last && adjoints.get(last)
      const lines = [
        { text: `${count} ops${weights > 0 ? `, ${weights} parameters` : ''}` },
        ...(last && group !== '…' ? [{ text: shown(last.value) }] : []),
        ...(g && group !== '…' ? [{ text: `gradient ${size(g.value)}`, color: ink.back }] : []),
      ]
      return `${id} ${attributes({ label: label(`<B>${escaped(group)}</B>`, lines), shape: 'box3d', fillcolor: ink.cluster, color: ink.muted, penwidth: outputs ? 3 : 1 })}`
    }
    const row = rows[0] as Row<Some>
    const flow = pattern(row)
    if (flow) seen.add(flow)
    const g = adjoints.get(row)
    const copied = uses.get(row)
    const heading = `<B>${escaped(row.name)}</B>${row.op === null ? '' : `&#160;= ${escaped(written(row))}`}`
    const words = [...(flow ? [meanings[flow]] : []), ...(copied && g ? [`${copied} uses, summed`] : [])]
    const lines = [
      { text: shown(row.value) },
      ...(g ? [{ text: `gradient ${size(g.value)}`, color: ink.back }] : []),
      ...(words.length > 0 ? [{ text: words.join('; '), color: ink.muted, small: true }] : []),
    ]
    const hue = flow ? hues[flow] : ink.line
    return `${id} ${attributes({
      label: label(heading, lines),
      shape: row.op === null ? 'box' : undefined,
      style: row.op === null ? 'filled' : undefined,
      fillcolor: flow ? mixed(ink.paper, hue, 0.22) : row.kind === 'input' ? ink.paper : ink.cluster,
      color: hue,
      penwidth: outputs ? 3.5 : flow ? 2 : 1,
    })}`
  }

  const edges = new Map<string, string>()
  for (const row of trace.rows) {
    const to = of.get(row) as Unit
    const numbers = partials && to.group === null ? locals(row) : []
    row.args.forEach((x, i) => {
      if (typeof x !== 'object') return
      const from = of.get(x) as Unit
      if (from === to) return
      const single = from.group === null && to.group === null
      // of folded nodes one arrow is enough
      const key = single ? `${from.id} ${to.id} ${i}` : `${from.id} ${to.id}`
      if (edges.has(key)) return
      const text = single && partials ? slope(row, i, numbers[i] ?? null) : ''
      const term = adjoints.get(x)?.terms.find(term => term.user === row && term.argument === i)
      const there = `${from.id} -> ${to.id} ${attributes({ label: text || undefined, color: ink.line })}`
      const back =
        backward && term
          ? `\n  ${to.id} -> ${from.id} ${attributes({ label: single ? size(term.value) : undefined, style: 'dashed', color: ink.back, fontcolor: ink.back, constraint: 'false' })}`
          : ''
      edges.set(key, there + back)
    })
  }

  const nodes = clustered(all, node, ink)
  const explained =
    legend && seen.size > 0
      ? [`legend ${attributes({ label: legendOf([...seen], ink, direction), shape: 'plain', style: 'solid' })}`]
      : []
  return [
    'digraph {',
    `graph ${attributes({ rankdir: direction === 'right' ? 'LR' : 'TB', bgcolor: ink.paper, fontname: FONT, fontcolor: ink.ink, fontsize: 16, label: title, labelloc: title && 't', nodesep: 0.35, ranksep: 0.6, pad: 0.2 })}`,
    `node ${attributes({ shape: 'box', style: 'rounded,filled', fontname: FONT, fontsize: 12, fontcolor: ink.ink, margin: '0.1,0.05' })}`,
    `edge ${attributes({ fontname: FONT, fontsize: 10, fontcolor: ink.muted, arrowsize: 0.7 })}`,
    ...nodes,
    ...edges.values(),
    ...explained,
    '}',
  ]
    .join('\n  ')
    .replace(/\n {2}\}$/, '\n}')
}

const sizeOf = (x: Some): number => (typeof x === 'number' ? 1 : x.shape.reduce((n, size) => n * size, 1))

/** The nodes, those of a module in a frame with its path; modules in modules. */
function clustered(all: readonly Unit[], node: (unit: Unit) => string, ink: Ink): string[] {
  const pathOf = ({ group, rows }: Unit): string =>
    group === null ? (rows[0]?.module ?? '') : group === '…' ? '' : steps(group).slice(0, -1).join('.')
  const paths = new Set(all.map(pathOf))
  /** The frame that a path is drawn in: the longest known path around it. */
  const parent = (path: string): string => {
    const names = steps(path)
    for (let n = names.length - 1; n > 0; n--) {
      const around = names.slice(0, n).join('.')
      if (paths.has(around)) return around
    }
    return ''
  }
  let count = 0
  const inside = (path: string): string[] => [
    ...all.filter(unit => pathOf(unit) === path).map(node),
    ...[...paths]
      .filter(other => other !== '' && other !== path && parent(other) === path)
      .flatMap(other => [
        `subgraph cluster_${count++} {`,
        `graph ${attributes({ label: other, style: 'rounded,filled', color: ink.line, fillcolor: ink.cluster, fontsize: 12 })}`,
        ...inside(other),
        '}',
      ]),
  ]
  return inside('')
}

/** What the colours mean. */
function legendOf(patterns: readonly Pattern[], ink: Ink, direction: 'right' | 'down'): Markup {
  const cells = patterns.map(
    name =>
      `<TD BGCOLOR="${mixed(ink.paper, hues[name], 0.22)}" COLOR="${hues[name]}" BORDER="2"><FONT POINT-SIZE="10">${name}: ${meanings[name]}</FONT></TD>`,
  )
  // beside a tall graph, above a wide one
  const lines = direction === 'down' ? cells : [cells.join('')]
  return {
    markup: `<<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="4" CELLPADDING="4">${lines.map(line => `<TR>${line}</TR>`).join('')}</TABLE>>`,
  }
}
