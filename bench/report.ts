// The results as JSON and as Markdown: who was how fast, on which machine, and who could not take part and why.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { contestants } from './contestant.ts'
import { duration, grid, times } from './document.ts'
import { core, pinned, slowing } from './process.ts'
import { promises } from './promise.ts'
import type { Result, RunOptions, Table } from './runner.ts'
import { ranked, reference, timeOf } from './table.ts'

export interface Report {
  readonly date: string
  readonly commit: string
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly method: {
    readonly reps: number
    readonly seconds: number
    readonly pinned: boolean
    readonly slowing: readonly string[]
  }
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
  for (const { results } of tables) for (const result of results) Object.assign(versions, result.versions)
  const [{ model, speed }] = cpus()
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    machine: `${model.trim()}${speed ? `, ${speed} MHz` : ''}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}`,
    versions,
    method: { reps, seconds, pinned, slowing },
    tables,
  }
}

/** What the processor can do at most, as the Node of a contestant lets it. */
const limitOf = ({ id }: Result): string => (id.endsWith('-node24') ? 'limit-node24' : 'limit')
/** Gradus' own products as shares of the limit; those of a native library have another. */
function shares(tables: readonly Table[]): string {
  const products = tables.filter(table => timeOf(table, 'limit') !== null)
  const own = contestants.filter(c => 'library' in c && c.library === 'gradus' && !c.id.startsWith('gradus-blas'))
  const rows = own.map(({ id, label }) => [
    label,
    ...products.map(table => {
      const result = table.results.find(entry => entry.id === id)
      const [time, limit] = [ranked(table, result), result ? timeOf(table, limitOf(result)) : null]
      return time === null || limit === null ? '' : `${((100 * limit) / time).toFixed(0)} %`
    }),
  ])
  const measured = rows.filter(([, ...cells]) => cells.some(Boolean))
  if (measured.length === 0) return ''
  return [
    '### Products as a share of the port limit',
    grid(['', ...products.map(({ id }) => id.replace('W6.', ''))], measured),
    'The limit is measured in the same run: multiplications and additions on registers alone, none waiting for another; with Node 24 both in one instruction.',
  ].join('\n\n')
}

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

/** What was done about variables that keep OpenBLAS from its fastest kernels. */
function machineSettings(tables: readonly Table[], slowing: readonly string[]): string[] {
  if (slowing.length === 0) return []
  const slowed = tables.flatMap(({ id, results }) =>
    results.filter(r => r.slowed).map(({ label }) => `${label} (${id})`),
  )
  const except = slowed.length > 0 ? ` except where results were wrong without: ${slowed.join(', ')}` : ''
  return [`The machine sets ${slowing.join(' and ')}; contestants ran without${except}.`]
}

/** The parts of a report but for its title and its longest table. */
function parts({ date, commit, machine, versions, method, tables }: Report): readonly unknown[] {
  const training = tables.filter(({ id }) => /^W[1-5]$/.test(id))
  const kernels = tables.filter(({ id }) => id.startsWith('W6'))
  const cold = tables.find(({ id }) => id === 'W7')
  const ratio = (table: Table, result: Result): string => {
    const [own, base] = [ranked(table, result), reference(table)]
    return own === null || base === null ? '' : ` (${times(own / base)})`
  }
  return [
    [
      `${date}, Gradus at ${commit}. ${machine}.`,
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
      ...machineSettings(tables, method.slowing),
      `Float32 (W1: float64), ${method.pinned ? `one core (number ${core})` : 'cores not pinned'}, one thread, each contestant in a process of its own; ${method.reps} repetitions of ${method.seconds} s each, in turns. The same data and first weights for all; every result is read back; losses are compared first. In brackets the time as a multiple of that of ${contestants[0].label}: below 1 is faster.`,
    ].join('\n\n'),
    training.length &&
      `## Training steps\n\n${matrix(training, (table, result) => `${duration(ranked(table, result) as number)}${ratio(table, result)}`)}\n\n${training
        .map(({ id, title, rank }) => `- ${id}: ${title}; ${rank}`)
        .join('\n')}`,
    promises(tables),
    kernels.length &&
      `## W6: kernels\n\n${matrix(kernels, (table, result) => {
        const time = ranked(table, result) as number
        return `${table.rate ? `${((table.rate.amount / time) * 1000).toPrecision(3)} ${table.rate.unit}` : duration(time)}${ratio(table, result)}`
      })}\n\n${kernels.map(({ id, title }) => `- ${id.replace('W6.', '')}: ${title}; median`).join('\n')}`,
    shares(kernels),
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
  ]
}

const statistics = (tables: readonly Table[]): string =>
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
  )}`

const joined = (sections: readonly unknown[]): string => `${sections.filter(Boolean).join('\n\n')}\n`
export const markdown = (report: Report): string => joined(['# Benchmark', ...parts(report), statistics(report.tables)])
/** The same as a part of another document, a level deeper. */
export const summary = (report: Report): string => joined(parts(report)).replaceAll(/^##/gm, '###')
