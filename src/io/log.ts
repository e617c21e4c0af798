// Logs of a run's numbers, a row at a time, which goes on where a resumed run does.
import fs from 'node:fs'
import { described, oneOf, options } from '../engine/argument.ts'
import { ArgumentError, FileFormatError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import type { Callback, Metrics, Run } from '../train/callback.ts'
import { attempt, fixedPath, readWhole, replaceFile, writeAll } from './file.ts'

export interface LogOptions {
  /** Whether there is a row for each 'epoch' (the default) or each 'step'. */
  readonly each?: 'epoch' | 'step'
}

/** How rows are written. */
interface Notation {
  readonly op: string
  /** How each such file begins. */
  readonly begins: RegExp
  /** The first line, of names, and the names in one; null where each row has names of its own. */
  readonly header: { write(names: readonly string[]): string; read(line: string): string[] } | null
  row(names: readonly string[], epoch: number, step: number, metrics: Metrics): string
  /** The step of a row; undefined when it is none. */
  step(row: string): number | undefined
}

const OWN = ['epoch', 'step']

/**
 * A callback of `fit` that writes a CSV file (RFC 4180): a line of names, `epoch,step,loss,…`, and a line for each epoch
 * or step. Numbers are written so that they read back as they were; NaN is `NaN`, infinity `Infinity`, and what there is
 * no number for is empty. A metric that turns up later gets a column of its own.
 *
 * Each line is in the file when the next step begins, and on the disk at the end of an epoch. A resumed run cuts
 * what lies beyond the step at which it goes on and appends; a run that begins anew replaces what another one wrote.
 *
 * @throws ArgumentError for an unknown option; in the run, for a metric named epoch or step, or with a line break
 * @throws FileError, in the run, when the file cannot be written; FileFormatError when another file is in its place
 * @example
 * await fit(model, { ...options, callbacks: [csvLog('runs/digits.csv'), checkpoint('runs/digits')] })
 * // epoch,step,loss,validation.loss
 * // 1,100,0.4137,0.3876
 */
export function csvLog(path: string, given: LogOptions = {}): Callback {
  return log(path, given, {
    op: 'csvLog',
    begins: /^epoch,step(?![^,\r\n])/,
    header: {
      write: names => [...OWN, ...names].map(cell).join(','),
      read: line => cells(line).slice(OWN.length),
    },
    row: (names, epoch, step, metrics) =>
      [epoch, step, ...names.map(name => (Object.hasOwn(metrics, name) ? written(metrics[name]) : ''))].join(','),
    step: row => counted(row.split(',')[1]),
  })
}

/**
 * A callback of `fit` that writes JSON Lines: `{"epoch":1,"step":100,"loss":0.4137}`, one object for each epoch or step.
 * Numbers read back as they were. JSON has no NaN and no infinity: NaN is written as null, infinity as 1e999, which
 * JavaScript and Python read as infinity. Flushed and resumed as `csvLog` is.
 *
 * @throws ArgumentError for an unknown option; in the run, for a metric named epoch or step, or with a line break
 * @throws FileError, in the run, when the file cannot be written; FileFormatError when another file is in its place
 * @example
 * await fit(model, { ...options, callbacks: [jsonLog('runs/digits.jsonl', { each: 'step' })] })
 */
export function jsonLog(path: string, given: LogOptions = {}): Callback {
  return log(path, given, {
    op: 'jsonLog',
    begins: /^\{"epoch":/,
    header: null,
    row(_, epoch, step, metrics) {
      const entries = Object.entries({ epoch, step, ...metrics })
      return `{${entries.map(([name, x]) => `${JSON.stringify(name)}:${literal(x)}`).join(',')}}`
    },
    step: row => counted(/^\{"epoch":\d+,"step":(\d+)/.exec(row)?.[1]),
  })
}

function log(name: string, given: LogOptions, { op, begins, header, row, step: stepOf }: Notation): Callback {
  const { each = 'epoch' } = options(op, given, ['each'])
  oneOf(op, 'each', each, ['epoch', 'step'])
  const path = fixedPath(op, 'the file', name)
  /** The file, open behind its last row. */
  let fd: number | null = null
  /** The columns; null before the first row. */
  let names: readonly string[] | null = null

  function read(): { text: string; rows: string[] } {
    const text = fs.existsSync(path) ? new TextDecoder().decode(readWhole(op, path)) : ''
    // what has no end was being written when the process was killed
    const lines = text.split(/\r?\n/).slice(0, -1)
    const rows = header ? lines.slice(1) : lines
    const odd = rows.findIndex(line => stepOf(line) === undefined)
    const begun = text === '' || begins.test(text)
    if (!begun || odd >= 0)
      throw new FileFormatError(
        `${op}: '${path}' is no log of this kind (line ${begun ? lines.length - rows.length + odd + 1 : 1}). It is left as it is; take another file`,
      )
    names = lines.length > 0 ? (header?.read(lines[0]) ?? []) : null
    return { text, rows }
  }
  function replace(rows: readonly string[], before: string): void {
    const lines = header && names ? [header.write(names), ...rows] : rows
    const text = lines.map(line => `${line}\n`).join('')
    if (text !== before) replaceFile(op, path, new TextEncoder().encode(text))
    fd = attempt(op, 'open', path, () => fs.openSync(path, 'a'))
  }
  function close(): void {
    const open = fd
    fd = null
    if (open !== null) attempt(op, 'close', path, () => fs.closeSync(open))
  }

  /** Opens the file, without the rows from `step` on. */
  function open(step: number): void {
    if (fd !== null) return
    const { text, rows } = read()
    const kept = rows.filter(line => (stepOf(line) as number) < step)
    if (kept.length === 0) names = null
    replace(kept, text)
  }
  /** Gives the file a column for each of the names that it has none for. */
  function widen(metrics: Metrics): void {
    const added = Object.keys(metrics).filter(name => !names?.includes(name))
    if (names !== null && (header === null || added.length === 0)) return
    close()
    const { text, rows } = read()
    names = [...(names ?? []), ...added]
    replace(header ? rows.map(line => line + ','.repeat(added.length)) : rows, text)
  }
  function write({ epoch, step, metrics }: Run): void {
    numbers(op, metrics)
    for (const name of Object.keys(metrics))
      if (OWN.includes(name) || /[\r\n]/.test(name))
        throw new ArgumentError(`${op}: a metric cannot be named ${JSON.stringify(name)}`)
    widen(metrics)
    const line = new TextEncoder().encode(`${row(names ?? [], epoch, step, metrics)}\n`)
    attempt(op, 'write', path, () => writeAll(fd as number, line))
  }

  return {
    step(run) {
      open(run.step)
      if (each === 'step') write(run)
    },
    epoch(run) {
      // where a run was stopped after the last step of an epoch, that step's row is there, and this comes first
      open(each === 'epoch' ? run.step : run.step + 1)
      if (each === 'epoch') write(run)
      attempt(op, 'flush', path, () => fs.fsyncSync(fd as number))
    },
    end(run, error) {
      try {
        // a run that goes on and ends at once: what lies beyond is of no run any more
        if (error === undefined && fs.existsSync(path)) open(run.step + 1)
      } finally {
        close()
      }
    },
  }
}

/** @throws ArgumentError when one of the metrics is no number */
export function numbers(op: string, metrics: Metrics): void {
  for (const [name, x] of Object.entries(metrics))
    if (typeof x !== 'number')
      throw new ArgumentError(
        `${op}: the metric '${name}' is a number, not ${described(x)}${(x as unknown) instanceof Tensor ? '. Did you mean x.item()?' : ''}`,
      )
}

/** A step of a row; undefined when it is none. */
const counted = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined

const written = (x: number): string => (Object.is(x, -0) ? '-0' : String(x))
const literal = (x: number): string =>
  Number.isNaN(x) ? 'null' : Number.isFinite(x) ? written(x) : x > 0 ? '1e999' : '-1e999'

const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
const cells = (line: string): string[] =>
  Array.from(line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g), ([, quoted, plain]) =>
    quoted === undefined ? (plain as string) : quoted.replaceAll('""', '"'),
  )
