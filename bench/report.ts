// The results as JSON and as Markdown: who was how fast, on which machine, and who could not take part and why.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { contestants } from './contestant.ts'
import { core, pinned } from './process.ts'
import type { Result, RunOptions, Table } from './runner.ts'

export interface Report {
  readonly date: string
  readonly commit: string
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly method: { readonly reps: number; readonly seconds: number; readonly pinned: boolean }
  readonly tables: readonly Table[]
}

const here = import.meta.dirname

function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: here, encoding: 'utf8' }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', '../src') ? ' with changes' : '')
  } catch {
    return 'unknown'
  }
}

const versionOf = (path: string): string => (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version

export function describe(tables: readonly Table[], { reps, seconds }: RunOptions): Report {
  const versions: Record<string, string> = { Node: process.versions.node, Gradus: versionOf(`${here}/../package.json`) }
  const present = new Set(tables.flatMap(({ results }) => results.filter(r => r.state === 'ok').map(r => r.id)))
  for (const contestant of contestants) {
    if (!('library' in contestant)) continue
    const { id, package: name } = contestant
    if (name && present.has(id)) versions[name] = versionOf(`${here}/node_modules/${name}/package.json`)
  }
  for (const { results } of tables)
    for (const { label, version } of results) if (version) versions[label.split(',')[0]] = version
  const [{ model, speed }] = cpus()
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    machine: `${model.trim()}${speed ? `, ${speed} MHz` : ''}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}`,
    versions,
    method: { reps, seconds, pinned },
    tables,
  }
}

/** Milliseconds to three digits, in the unit that suits them. */
export function duration(ms: number): string {
  const [value, unit] = ms < 1 ? [1000 * ms, 'µs'] : ms < 1000 ? [ms, 'ms'] : [ms / 1000, 's']
  return `${digits(value)} ${unit}`
}
const digits = (x: number): string => (x >= 100 ? x.toFixed(0) : x.toPrecision(3))
const times = (x: number): string => `${x >= 100 ? x.toFixed(0) : x.toPrecision(2)}x`

/** A table's time that ranks; null without. */
export const ranked = ({ rank }: Table, result: Result | undefined): number | null => result?.times?.[rank] ?? null
/** The time of the first contestant, which all others are compared with. */
export const reference = (table: Table): number | null =>
  ranked(
    table,
    table.results.find(({ id }) => id === contestants[0].id),
  )

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const grid = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map((_, i) => (i ? '--:' : '---'))), ...rows.map(row)].join('\n')

/** One row for each contestant that takes part in any of the tables, one column for each table. */
function matrix(tables: readonly Table[], cell: (table: Table, result: Result) => string): string {
  const rows = contestants
    .map(({ id, label }) => [
      label,
      ...tables.map(table => {
        const result = table.results.find(entry => entry.id === id)
        if (!result || result.state === 'absent') return ''
        return result.state === 'ok' ? cell(table, result) : result.state
      }),
    ])
    .filter(([, ...cells]) => cells.some(text => text !== ''))
  return grid(['', ...tables.map(({ id }) => id.replace('W6.', ''))], rows)
}

/** Why somebody has no number, once each. */
function notes(tables: readonly Table[]): string {
  const reasons = new Map<string, string[]>()
  for (const { id, results } of tables) {
    for (const { label, state, note } of results) {
      if (state === 'ok' || state === 'absent') continue
      const reason = `${label}, ${state}: ${note}`
      reasons.set(reason, [...(reasons.get(reason) ?? []), id])
    }
  }
  return [...reasons].map(([reason, ids]) => `- ${reason} (${ids.join(', ')})`).join('\n')
}

export function markdown({ date, commit, machine, versions, method, tables }: Report): string {
  const training = tables.filter(({ id }) => /^W[1-5]$/.test(id))
  const kernels = tables.filter(({ id }) => id.startsWith('W6'))
  const cold = tables.find(({ id }) => id === 'W7')
  const ratio = (table: Table, result: Result): string => {
    const [own, base] = [ranked(table, result), reference(table)]
    return own === null || base === null ? '' : ` (${times(own / base)})`
  }
  const sections = [
    '# Benchmark',
    [
      `${date}, Gradus at ${commit}. ${machine}.`,
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
      `Float32 (W1: float64), ${method.pinned ? `one core (number ${core})` : 'cores not pinned'}, one thread, each contestant in a process of its own; ${method.reps} repetitions of ${method.seconds} s each, in turns. The same data and first weights for all; every result is read back; losses are compared first. In brackets the time as a multiple of that of ${contestants[0].label}: below 1 is faster.`,
    ].join('\n\n'),
    training.length &&
      `## Training steps\n\n${matrix(training, (table, result) => `${duration(ranked(table, result) as number)}${ratio(table, result)}`)}\n\n${training
        .map(({ id, title, rank }) => `- ${id}: ${title}; ${rank}`)
        .join('\n')}`,
    kernels.length &&
      `## W6: kernels\n\n${matrix(kernels, (table, result) => {
        const time = ranked(table, result) as number
        return `${table.rate ? `${((table.rate.amount / time) * 1000).toPrecision(3)} ${table.rate.unit}` : duration(time)}${ratio(table, result)}`
      })}\n\n${kernels.map(({ id, title }) => `- ${id.replace('W6.', '')}: ${title}; median`).join('\n')}`,
    cold &&
      `## W7: ${cold.title}\n\n${grid(
        ['', 'time', 'peak memory'],
        cold.results
          .filter(({ state }) => state !== 'absent')
          .map(({ label, state, times, peak = 0 }) =>
            times ? [label, duration(times.median), `${(peak / 2 ** 20).toFixed(0)} MiB`] : [label, state, ''],
          ),
      )}`,
    notes(tables) && `## Without a number\n\n${notes(tables)}`,
    `## All statistics\n\n${grid(
      ['', 'contestant', 'min', 'median', 'mean', 'steps', 'loss'],
      tables.flatMap(({ id, results }) =>
        results.flatMap(({ label, times, loss }) =>
          times
            ? [
                [
                  id,
                  label,
                  duration(times.min),
                  duration(times.median),
                  duration(times.mean),
                  String(times.count),
                  loss?.toPrecision(7) ?? '',
                ],
              ]
            : [],
        ),
      ),
    )}`,
  ]
  return `${sections.filter(Boolean).join('\n\n')}\n`
}
