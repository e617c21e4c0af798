// Runs a workload: everybody sets up and is checked, then all take turns, so that a slow minute of the machine hits all alike.
import * as library from '../src/index.ts'
import { type Contestant, contestants } from './contestant.ts'
import { write } from './fields.ts'
import { Child, cache, command, type Reply, slowing } from './process.ts'
import { load, SEED, type Workload } from './workload.ts'

/** Statistics of milliseconds. */
export interface Times {
  readonly min: number
  readonly median: number
  readonly mean: number
  readonly count: number
}
/** How one contestant did at one workload. */
export interface Result {
  readonly id: string
  readonly label: string
  /**
   * Why there are no times: 'absent' when there is no such program for the library, 'missing' when the library is not
   * on the machine, 'void' when the loss is not what the others have.
   */
  readonly state: 'ok' | 'absent' | 'missing' | 'failed' | 'void'
  readonly note?: string
  readonly loss?: number
  readonly times?: Times
  /** Bytes at most, of a cold start. */
  readonly peak?: number
  readonly versions?: Readonly<Record<string, string>>
  /** It was wrong without the variables that are slowing it, so it ran with them. */
  readonly slowed?: true
}
export interface Table {
  readonly id: string
  readonly title: string
  readonly rank: Workload['rank']
  readonly rate?: Workload['rate']
  /** After how many steps the losses were compared. */
  readonly check: number
  readonly results: readonly Result[]
}
export interface RunOptions {
  readonly reps: number
  /** Of each contestant in each repetition. */
  readonly seconds: number
  /** Ids of contestants; all when not said. */
  readonly peers?: readonly string[]
  log(line: string): void
}

/** No library may take longer than this for one answer: some compile, some are slow. */
const LIMIT = 180

export const median = (xs: readonly number[]): number => {
  const sorted = [...xs].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}
export const statistics = (times: readonly number[]): Times => ({
  min: times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  median: median(times),
  mean: times.reduce((a, b) => a + b, 0) / times.length,
  count: times.length,
})

const entrants = (workload: string, peers?: readonly string[]): readonly Contestant[] =>
  contestants.filter(
    ({ id, only }, i) =>
      (i === 0 || (peers?.includes(id) ?? true)) && (only?.some(prefix => workload.startsWith(prefix)) ?? true),
  )

function store({ id, data }: Workload): string {
  const path = `${cache}/${id}.bin`
  write(path, data(new library.Generator(SEED), library))
  return path
}

/** A reply without numbers, as a result's state. */
function without(reply: Reply): Pick<Result, 'state' | 'note'> {
  if ('absent' in reply) return { state: 'absent' }
  if ('missing' in reply) return { state: 'missing', note: reply.missing }
  return { state: 'failed', note: 'failed' in reply ? reply.failed : 'an unexpected reply' }
}

interface Seat {
  readonly contestant: Contestant
  readonly times: number[]
  child?: Child
  result: Pick<Result, 'state' | 'note' | 'loss' | 'versions' | 'slowed'>
}

/** Starts a contestant and has it set up and take its first steps. */
async function seated(contestant: Contestant, workload: Workload, path: string, slowed = false): Promise<Seat> {
  const how = command(contestant, workload, path, workload.check)
  if ('missing' in how) return { contestant, times: [], result: { state: 'missing', note: how.missing } }
  const child = new Child(how, slowed)
  const reply = await child.reply(LIMIT)
  if ('loss' in reply)
    return { contestant, times: [], child, result: { state: 'ok', ...reply, ...(slowed && { slowed }) } }
  child.kill()
  return { contestant, times: [], result: without(reply) }
}
const isRunning = ({ result }: Seat): boolean => result.state === 'ok'

async function compete(workload: Workload, { reps, seconds, peers, log }: RunOptions): Promise<Table> {
  const { id, title, rank, rate, check, tolerance } = workload
  log(`${id}  ${title}`)
  const path = store(workload)
  const seats: Seat[] = []
  try {
    for (const contestant of entrants(id, peers)) seats.push(await seated(contestant, workload, path))
    // one vote for each library, however many ways there are to run it
    const votes = new Map<string, number>()
    for (const { contestant, result } of seats.filter(isRunning)) {
      const library = 'library' in contestant ? contestant.library : contestant.module
      if (!contestant.bound && !votes.has(library)) votes.set(library, result.loss as number)
    }
    const agreed = median([...votes.values()])
    const isWrong = ({ contestant, result }: Seat): boolean =>
      !contestant.bound && !(Math.abs((result.loss as number) - agreed) <= tolerance * Math.abs(agreed))
    for (const [i, seat] of seats.entries()) {
      if (slowing.length === 0 || seat.result.state === 'missing' || seat.result.state === 'absent' || !isWrong(seat))
        continue
      seat.child?.kill()
      seats[i] = await seated(seat.contestant, workload, path, true)
    }
    for (const seat of seats.filter(isRunning).filter(isWrong)) {
      const { loss } = seat.result
      seat.result = { state: 'void', loss, note: `loss ${loss} after ${check} steps; the others have ${agreed}` }
      seat.child?.kill()
    }
    // the first turn warms up
    for (let rep = -1; rep < reps; rep++) {
      for (const seat of seats.filter(isRunning)) {
        const reply = await (seat.child as Child).run(seconds, LIMIT)
        if (!('times' in reply)) seat.result = without(reply)
        else if (rep >= 0) seat.times.push(...reply.times)
      }
    }
  } finally {
    for (const { child } of seats) child?.kill()
  }
  const results = seats.map(({ contestant: { id, label }, result, times }) => ({
    id,
    label,
    ...result,
    ...(result.state === 'ok' && { times: statistics(times) }),
  }))
  for (const { label, state, note, times } of results.filter(({ state }) => state !== 'absent'))
    log(`    ${label.padEnd(34)}${state === 'ok' ? `${times?.[rank].toPrecision(4)} ms` : `${state}: ${note}`}`)
  return { id, title, rank, check, ...(rate && { rate }), results }
}

/** W7: from the start of the process to its end, with one step of W2 between. */
async function coldStart({ reps, peers, log }: RunOptions): Promise<Table> {
  const title = 'cold start: process start, import, one step of W2, exit; peak memory'
  log(`W7  ${title}`)
  const [workload] = await load('W2')
  const path = store(workload)
  const bare: Contestant = { ...contestants[0], id: 'node', label: 'node -e 0', open: () => Promise.reject() }
  const script = "const m = /VmHWM:\\s*(\\d+)/.exec(require('fs').readFileSync('/proc/self/status', 'utf8'))[1];"
  const nothing = [process.execPath, '-e', `${script}console.log(JSON.stringify({ loss: 0, peak: 1024 * m }))`]
  const seats = [bare, ...entrants('W7', peers)].map(contestant => ({
    contestant,
    how: contestant === bare ? nothing : command(contestant, workload, path, 1),
    times: [] as number[],
    peaks: [] as number[],
    result: { state: 'ok' } as Pick<Result, 'state' | 'note'>,
  }))
  // the first turn brings the files into the system's cache
  for (let rep = -1; rep < Math.max(3, reps); rep++) {
    for (const seat of seats) {
      if ('missing' in seat.how) seat.result = { state: 'missing', note: seat.how.missing }
      if (seat.result.state !== 'ok') continue
      const start = performance.now()
      const child = new Child([...(seat.how as string[]), 'once'])
      const reply = await child.reply(LIMIT)
      await child.ended()
      const time = performance.now() - start
      if (!('peak' in reply)) seat.result = without(reply)
      else if (rep >= 0) {
        seat.times.push(time)
        seat.peaks.push(reply.peak as number)
      }
    }
  }
  const results = seats.map(({ contestant: { id, label }, result, times, peaks }) => ({
    id,
    label,
    ...result,
    ...(result.state === 'ok' && { times: statistics(times), peak: median(peaks) }),
  }))
  for (const { label, state, note, times, peak = 0 } of results)
    log(
      `    ${label.padEnd(34)}${state === 'ok' ? `${times?.median.toFixed(0)} ms, ${(peak / 2 ** 20).toFixed(0)} MiB` : `${state}: ${note}`}`,
    )
  return { id: 'W7', title, rank: 'median', check: 1, results }
}

/** Runs what the ids name: `W2`, `W6` (all kernels), `W6.exp`, `W7`. */
export async function run(ids: readonly string[], options: RunOptions): Promise<Table[]> {
  const tables: Table[] = []
  for (const id of ids) {
    if (id === 'W7') tables.push(await coldStart(options))
    else for (const workload of await load(id)) tables.push(await compete(workload, options))
  }
  return tables
}
