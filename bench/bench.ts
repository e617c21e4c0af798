// `npm run bench` measures everything into results/latest.*; `npm run bench -- W2 W6.exp --peers pytorch,jax-js --reps 3
// --seconds 1` a part of it into results/partial.*. A whole run also renews the tables of docs/PERFORMANCE.md.
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chart } from './chart.ts'
import { contestants } from './contestant.ts'
import { PERFORMANCE, paste } from './document.ts'
import { bundle } from './process.ts'
import { describe, markdown, summary } from './report.ts'
import { run } from './runner.ts'
import { groups } from './workload.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'string' },
    reps: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    out: { type: 'string', default: `${import.meta.dirname}/results` },
  },
})
const peers = values.peers?.split(',')
const stranger = peers?.find(peer => !contestants.some(({ id }) => id === peer))
if (stranger) throw new Error(`no contestant ${stranger}; there are ${contestants.map(({ id }) => id).join(', ')}`)

const options = {
  reps: Number(values.reps),
  seconds: Number(values.seconds),
  ...(peers && { peers }),
  log: (line: string) => console.log(line),
}
await bundle()
const report = describe(await run(positionals.length > 0 ? positionals : [...groups, 'W7'], options), options)
mkdirSync(values.out, { recursive: true })
const whole = !peers && positionals.length === 0
const name = `${values.out}/${whole ? 'latest' : 'partial'}`
writeFileSync(`${name}.json`, `${JSON.stringify(report, null, 2)}\n`)
writeFileSync(`${name}.md`, markdown(report))
await chart(report, `${name}.png`)
if (whole) paste(PERFORMANCE, 'bench', summary(report))
console.log(`${name}.md`)
