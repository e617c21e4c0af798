// Has Gradus become slower? Its steps against plain JavaScript in the same process, so that the machine cancels out.
//
// `npm run bench:regress` compares with regress.json and fails when a step is over 20 % slower; `--record` rewrites it.
// It needs no peer: nothing of bench/package.json.
import { readFileSync, writeFileSync } from 'node:fs'
import * as library from '../src/index.ts'
import { contestants } from './contestant.ts'
import { gemm } from './peers/hand.ts'
import { load, SEED, type Setup, type Step } from './workload.ts'

const PATH = `${import.meta.dirname}/regress.json`
/** Who is measured: no native library, which would stay plugged in for all that follow. */
const OURS = ['gradus-compiled', 'gradus']
const IDS = [
  ...['W1', 'W2', 'W3', 'W4', 'W5'],
  ...['sgemm64', 'sgemm256', 'exp', 'tanh', 'softmax', 'small'].map(kernel => `W6.${kernel}`),
]
const ROUNDS = 12
const WARM_UP = 4
/** A step shorter than this is repeated, in milliseconds. */
const LEAST = 5
const SLOWER = 1.2

/** What training costs in small, without Gradus: a product, a transcendental function, short-lived objects. */
function yardstick(): number {
  const [n, size] = [128, 1 << 15]
  const a = Float32Array.from({ length: n * n }, (_, i) => (i % 7) + 1)
  const b = new Float32Array(n * n)
  gemm(b, a, a, n, n, n)
  let sum = b[n]
  for (let i = 0; i < size; i++) sum += Math.exp(-i / size)
  let chain: { value: number; next: unknown } | null = null
  for (let i = 0; i < size; i++) chain = { value: i, next: i % 100 ? chain : null }
  return sum + (chain?.value ?? 0)
}

async function time(step: Step): Promise<number> {
  const start = performance.now()
  let count = 0
  do {
    const out = step()
    if (typeof out !== 'number') await out
    count++
  } while (performance.now() - start < LEAST)
  return (performance.now() - start) / count
}

/** Each step's time as a multiple of the yardstick's: the least of many rounds, because noise only ever adds. */
async function measure(): Promise<Record<string, number>> {
  const steps: [string, Step, number][] = [['yardstick', yardstick, 1]]
  for (const contestant of contestants) {
    if (!('library' in contestant) || !OURS.includes(contestant.id)) continue
    const opened = await contestant.open()
    for (const id of IDS) {
      const [{ setups, data, inner = 1 }] = await load(id)
      const setup = setups.gradus as Setup<unknown>
      const step = await setup(opened, data(new library.Generator(SEED), library))
      if (step) steps.push([`${contestant.id} ${id}`, step, inner])
    }
  }
  const least = steps.map(() => Number.POSITIVE_INFINITY)
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const [i, [, step, inner]] of steps.entries()) {
      const taken = (await time(step)) / inner
      if (round >= 0) least[i] = Math.min(least[i], taken)
    }
  }
  return Object.fromEntries(steps.slice(1).map(([name], i) => [name, Number((least[i + 1] / least[0]).toPrecision(3))]))
}

const now = await measure()
if (process.argv.includes('--record')) {
  writeFileSync(PATH, `${JSON.stringify(now, null, 2)}\n`)
  console.log(now)
} else {
  const recorded = JSON.parse(readFileSync(PATH, 'utf8')) as Record<string, number>
  const slow = (): string[] => Object.keys(recorded).filter(name => !(now[name] <= SLOWER * recorded[name]))
  // a busy minute of the machine is not a slower Gradus: look twice before saying so
  for (let again = 0; again < 2 && slow().length > 0; again++) {
    const other = await measure()
    for (const name of Object.keys(now)) now[name] = Math.min(now[name], other[name])
  }
  const names = slow()
  for (const [name, ratio] of Object.entries(recorded)) {
    const change = `${((now[name] / ratio - 1) * 100).toFixed(0)} %`
    console.log(
      `${name.padEnd(28)} ${ratio} -> ${now[name]} yardsticks (${change})${names.includes(name) ? ' SLOWER' : ''}`,
    )
  }
  for (const name of Object.keys(now)) if (!(name in recorded)) console.log(`${name} is new: record it with --record`)
  if (names.length > 0) process.exitCode = 1
}
