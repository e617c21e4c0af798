// A program that trains and can be killed, interrupted, and started again.
import { checkpoint, csvLog, interruptible } from '../../src/io/io.ts'
import { SmallRun } from './run.ts'

const [folder, pause] = process.argv.slice(2) as [string, string]
const tell = { step: (run: { step: number }) => void process.stdout.write(`${run.step}\n`) }
const callbacks = [
  csvLog(`${folder}/log.csv`, { each: 'step' }),
  checkpoint(folder, { every: { steps: 3 }, best: { metric: 'loss', mode: 'max' } }),
  interruptible(),
  tell,
]
const run = await new SmallRun(3, callbacks).go({ pause: Number(pause) })
const listening = process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')
process.stdout.write(`end ${run.reason} ${run.step} ${run.weight} ${listening}\n`)
