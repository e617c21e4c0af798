// What a command line asks for: its commands, their options, what they print, and their exit codes.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { version } from '../../package.json' with { type: 'json' }
import { ArgumentError, ExpressionError, FileError, GradusError } from '../engine/errors.ts'
import { derive } from '../explain/derive.ts'
import { draw } from '../explain/draw.ts'
import { explain } from '../explain/explanation.ts'
import { parse } from '../explain/expression.ts'
import { Stepper } from '../explain/stepper.ts'
import { type Format, formats, render, type Table } from '../explain/table.ts'
import { trace } from '../explain/trace.ts'
import { verdict } from '../explain/verdict.ts'
import { rasterize } from '../plot/raster.ts'
import { serve } from './serve.ts'

/** What a command was called with: the expression, the inputs' values, and the options that were given. */
interface Call {
  readonly expression: string
  readonly inputs: Readonly<Record<string, number>>
  readonly options: Readonly<Record<string, string | boolean | undefined>>
  readonly width: number
}
interface Option {
  readonly flag: boolean
  /** What stands behind it in the help. */
  readonly value: string
  readonly help: string
}
interface Printed {
  readonly out: string
  /** Is all well? */
  readonly ok: boolean
  /** Ends what goes on after it was printed. */
  readonly stop?: () => Promise<void>
}
interface Command {
  readonly usage: string
  readonly summary: string
  readonly examples: readonly string[]
  readonly options: Readonly<Record<string, Option>>
  /** What stands before the options: an expression, alone or with its inputs' values, or nothing. */
  readonly takes: 'values' | 'expression' | 'nothing'
  readonly run: (call: Call) => Printed | Promise<Printed>
}

const valued = (value: string, help: string): Option => ({ flag: false, value, help })
const format = valued(formats.join('|'), 'how to print it (text)')
const width = valued('N', "the most letters of a line of text (the terminal's)")

function chosen<T extends string>(
  name: string,
  given: string | boolean | undefined,
  choices: readonly T[],
  otherwise: T,
): T {
  if (given === undefined) return otherwise
  const found = choices.find(choice => choice === given)
  if (!found) throw new ArgumentError(`--${name} is ${choices.join(', ')}, not '${given}'`)
  return found
}
function whole(name: string, given: string | boolean | undefined, otherwise: number): number {
  if (given === undefined) return otherwise
  if (!/^\d+$/.test(String(given))) throw new ArgumentError(`--${name} is a whole number, not '${given}'`)
  return Number(given)
}
const names = (given: string | boolean | undefined): string[] | undefined =>
  given === undefined
    ? undefined
    : String(given)
        .split(',')
        .map(name => name.trim())

/** How a table is to be printed. */
const printed = ({ options, width }: Call): [Format, { width: number }] => [
  chosen('format', options.format, formats, 'text'),
  { width: whole('width', options.width, width) },
]

export const commands: Readonly<Record<string, Command>> = {
  explain: {
    usage: 'gradus explain EXPRESSION NAME=VALUE … [options]',
    summary: 'every intermediate of an expression with its value, tangent and adjoint',
    examples: ['gradus explain "x1*x2 + sin(x1)" x1=2 x2=3', 'gradus explain "sigmoid(w*x + b)" w=1 x=2 b=-1 --steps'],
    options: {
      mode: valued('forward|reverse|both', 'which derivatives (both)'),
      wrt: valued('NAMES', 'the inputs to propagate tangents from, with commas between (the first)'),
      steps: {
        flag: true,
        value: '',
        help: 'one step after another, forward and back, in place of the tables; with --wrt tangents too',
      },
      draw: valued(
        'FILE',
        'writes the graph as a picture: .svg (needs @viz-js/viz) or .png (chartjs-node-canvas, dejavu-fonts-ttf too)',
      ),
      format,
      width,
    },
    takes: 'values',
    async run(call) {
      const { expression, inputs, options } = call
      const mode = chosen('mode', options.mode, ['forward', 'reverse', 'both'], 'both')
      const [as, fit] = printed(call)
      const wrt = names(options.wrt)
      const phase = mode === 'reverse' ? 'backward' : mode
      const steps = (): Stepper => {
        const found = trace(expression, inputs, { wrt: wrt ?? [] })
        return new Stepper(found, {
          phase,
          tangents: wrt !== undefined && phase !== 'backward',
          fold: as === 'json' ? false : 40,
        })
      }
      const out =
        options.steps === true
          ? render(stepped(steps()), as, fit)
          : explain(expression, inputs, { mode, ...(wrt && { wrt }) }).render(as, fit)
      // last: an error leaves no file behind
      if (typeof options.draw === 'string') await picture(options.draw, expression, inputs)
      return { ok: true, out }
    },
  },
  check: {
    usage: 'gradus check EXPRESSION NAME=VALUE … [options]',
    summary: 'its derivatives by forward and reverse mode, differences and the complex step, side by side',
    examples: ['gradus check "max(x, y)*x" x=1 y=1'],
    options: {
      tolerance: valued('NUMBER', 'how far apart derivatives may be, relative to their size (1e-6)'),
      format,
      width,
    },
    takes: 'values',
    run(call) {
      const { expression, inputs, options } = call
      const tolerance = options.tolerance === undefined ? undefined : constant('--tolerance', String(options.tolerance))
      const found = verdict(expression, inputs, tolerance === undefined ? {} : { tolerance })
      return { ok: found.ok, out: found.render(...printed(call)) }
    },
  },
  derive: {
    usage: 'gradus derive EXPRESSION [options]',
    summary: 'its derivative of any order as a formula, as TypeScript that runs by itself, or as LaTeX',
    examples: ['gradus derive "x1*x2 + sin(x1)" --wrt x1', 'gradus derive "exp(-x^2)" --order 2 --lang latex'],
    options: {
      wrt: valued('NAMES', 'by which inputs, with commas between (all)'),
      order: valued('N', 'how often (1)'),
      lang: valued('text|ts|latex', 'the language (text)'),
      format: valued(formats.join('|'), 'as a table, printed so, in place of a language'),
      width,
    },
    takes: 'expression',
    run(call) {
      const { expression, options } = call
      const wrt = names(options.wrt)
      if (options.lang !== undefined && options.format !== undefined)
        throw new ArgumentError('--lang and --format are two ways to print the same: choose one')
      const found = derive(expression, {
        order: whole('order', options.order, 1),
        ...(wrt && { wrt: wrt.length === 1 ? wrt[0] : wrt }),
      })
      const lang = chosen('lang', options.lang, ['text', 'ts', 'latex'], 'text')
      if (options.format !== undefined) return { ok: true, out: found.render(...printed(call)) }
      return { ok: true, out: lang === 'ts' ? found.typescript() : lang === 'latex' ? found.latex() : found.text() }
    },
  },
  playground: {
    usage: 'gradus playground [options]',
    summary: 'all of it to play with, and networks that train, as a page in the browser',
    examples: ['gradus playground', 'gradus playground --port 8080'],
    options: { port: valued('N', 'where this machine serves it (4173; 0 for any that is free)') },
    takes: 'nothing',
    async run({ options }) {
      const port = whole('port', options.port, 4173)
      if (port > 65535) throw new ArgumentError(`--port is at most 65535, not ${port}`)
      const { address, stop } = await serve(port)
      return { ok: true, out: `The playground is at ${address} until you press Ctrl-C`, stop }
    },
  },
}

/** Writes the graph of an expression as SVG or PNG. */
async function picture(path: string, expression: string, inputs: Call['inputs']): Promise<void> {
  if (!/\.(svg|png)$/i.test(path))
    throw new ArgumentError(`--draw writes SVG or PNG: name a file that ends in .svg or .png, not '${path}'`)
  const svg = await draw(trace(expression, inputs), { title: expression })
  const picture = /\.png$/i.test(path) ? await rasterize(svg) : svg
  try {
    writeFileSync(path, picture)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new FileError(`could not write ${path} (${reason})`, path, 'write', cause)
  }
}

/** All steps as a table. */
function stepped(stepper: Stepper): Table {
  stepper.jump(stepper.length)
  return stepper.table
}

/** A number, or an expression of numbers alone. */
function constant(name: string, text: string): number {
  try {
    const value = parse(text, { names: [] }).f()
    if (typeof value === 'number') return value
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
  }
  throw new ArgumentError(`${name} is a number, not '${text}'`)
}

function inputsOf(given: readonly string[]): Record<string, number> {
  const inputs = new Map<string, number>()
  for (const text of given) {
    const [, name, value] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(text) ?? []
    if (name === undefined || value === undefined)
      throw new ArgumentError(`'${text}' is no input: give NAME=VALUE, and put the expression in quotes`)
    if (inputs.has(name)) throw new ArgumentError(`the input '${name}' is given twice`)
    inputs.set(name, constant(name, value))
  }
  return Object.fromEntries(inputs)
}

/** What is printed, and the exit code: 0 for all well, 1 for derivatives that disagree, 2 for a command that cannot be run. */
export interface Outcome {
  readonly code: 0 | 1 | 2
  readonly out: string
  readonly err: string
  /** Ends what goes on: the playground is served until then. */
  readonly stop?: () => Promise<void>
}

/** Runs a command line (without `node` and the script). */
export async function run(
  args: readonly string[],
  { width = 80 }: { readonly width?: number | undefined } = {},
): Promise<Outcome> {
  const [first, ...rest] = args
  if (first === undefined) return { code: 2, out: '', err: overview() }
  if (first === '--help' || first === '-h' || first === 'help') {
    const [about] = rest
    if (about === undefined) return { code: 0, out: overview(), err: '' }
    return Object.hasOwn(commands, about) ? { code: 0, out: help(commands[about]), err: '' } : unknown(about)
  }
  if (first === '--version') return { code: 0, out: version, err: '' }
  if (!Object.hasOwn(commands, first)) return unknown(first)
  const command = commands[first]
  try {
    const { positionals, values } = read(command, rest)
    if (values.help === true) return { code: 0, out: help(command), err: '' }
    const [expression = '', ...given] = positionals
    if (command.takes === 'nothing' && positionals.length > 0)
      throw new ArgumentError(`'${expression}' is too much: ${command.usage}`)
    if (command.takes !== 'nothing' && positionals.length === 0)
      throw new ArgumentError(`an expression is missing: ${command.usage}`)
    if (command.takes === 'expression' && given.length > 0)
      throw new ArgumentError(`'${given[0]}' is too much: ${command.usage}. Put the expression in quotes`)
    const inputs = inputsOf(given)
    if (command.takes === 'values') parse(expression, { names: Object.keys(inputs) })
    const { ok, ...printed } = await command.run({ expression, inputs, options: values, width: Math.max(20, width) })
    return { code: ok ? 0 : 1, err: '', ...printed }
  } catch (error) {
    if (!(error instanceof GradusError)) throw error
    return { code: 2, out: '', err: `gradus ${first}: ${oneLine(error)}` }
  }
}

function unknown(name: string): Outcome {
  const known = Object.keys(commands).join(', ')
  return { code: 2, out: '', err: `gradus: unknown command '${name}'. There are ${known}; see gradus --help` }
}

/** The options and the rest. What begins with one minus is an expression. */
function read(command: Command, args: readonly string[]) {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
  }
  for (const [name, { flag }] of Object.entries(command.options)) options[name] = { type: flag ? 'boolean' : 'string' }
  // behind a space a minus is no option's
  const minus = args.map(arg => (/^-[^-]/.test(arg) && arg !== '-h' ? ` ${arg}` : arg))
  const asGiven = (arg: string): string => arg.replace(/^ -/, '-')
  try {
    const { positionals, values } = parseArgs({ args: minus, options, allowPositionals: true, strict: true })
    return {
      positionals: positionals.map(asGiven),
      values: Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? asGiven(value) : value]),
      ),
    }
  } catch (error) {
    const message = error instanceof Error ? error.message.split(/\.? To specify|\n/)[0] : String(error)
    const known = Object.keys(command.options).map(name => `--${name}`)
    throw new ArgumentError(
      `${message[0].toLowerCase()}${message.slice(1)}. The options are ${known.join(', ')}, --help`,
    )
  }
}

/** An error on one line, which says at which column. */
function oneLine(error: GradusError): string {
  // which function of the library refused is nothing to the reader of a command line
  if (!(error instanceof ExpressionError)) return error.message.replace(/\s*\n\s*/g, ' ').replace(/^\w+: /, '')
  const { reason, text, column } = error
  const [, missing] = /unknown name '(.*?)'/.exec(reason) ?? []
  const rest = clipped(text.slice(column - 1).trim())
  return [
    `column ${column}: ${reason.replace(/^expression: /, '')}`,
    missing === undefined ? '' : `${reason.endsWith('?') ? '' : '.'} For an input give its value: ${missing}=NUMBER`,
    ` (at ${rest === '' ? 'the end' : `'${rest}'`})`,
  ].join('')
}

/** Long texts by their beginning. */
const clipped = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text)

const list = (lines: readonly (readonly [string, string])[]): string => {
  const most = Math.max(...lines.map(([left]) => left.length))
  return lines.map(([left, right]) => `  ${left.padEnd(most)}  ${right}`).join('\n')
}
const overview = (): string =>
  [
    'Usage: gradus COMMAND [EXPRESSION] [NAME=VALUE …] [options]',
    list(Object.entries(commands).map(([name, { summary }]) => [name, summary])),
    'An expression has numbers, names, + - * / ^, comparisons, c ? x : y, pi, e, and functions by their PyTorch names: "x1*x2 + sin(x1)".',
    list([
      ['--help', 'this, or behind a command its options'],
      ['--version', 'the version'],
    ]),
    'Exit codes: 0 all is well, 1 derivatives disagree, 2 the command could not be run.',
  ].join('\n\n')
const help = ({ usage, summary, options, examples }: Command): string =>
  [
    `Usage: ${usage}`,
    `${summary[0].toUpperCase()}${summary.slice(1)}.`,
    list([
      ...Object.entries(options).map(([name, { value, help }]): [string, string] => [
        `--${name}${value === '' ? '' : ` ${value}`}`,
        help,
      ]),
      ['--help', 'this'],
    ]),
    `Examples:\n${examples.map(line => `  ${line}`).join('\n')}`,
  ].join('\n\n')
