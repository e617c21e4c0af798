// One contestant in a process of its own, at one workload: sets up, checks, then times steps whenever it is told to.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { contestants, type InNode } from './contestant.ts'
import { read } from './fields.ts'
import type { Reply } from './process.ts'
import { load, type Setup } from './workload.ts'

const say = (reply: Reply): void => {
  process.stdout.write(`${JSON.stringify(reply)}\n`)
}

/** The peak of this process alone; what `resourceUsage` says includes the process that started it. */
function peak(): number {
  try {
    return 1024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
  } catch {
    return 1024 * process.resourceUsage().maxRSS
  }
}

async function main(
  id: string,
  workloadId: string,
  path: string,
  check: number,
  inner: number,
  once: boolean,
): Promise<void> {
  const contestant = contestants.find(entry => entry.id === id) as InNode
  const [{ setups }] = await load(workloadId)
  const setup = setups[contestant.library] as Setup<unknown> | undefined
  if (!setup) return say({ absent: true })
  const step = await setup(await contestant.open(), read(path))
  if (!step) return say({ absent: true })
  let loss = Number.NaN
  for (let i = 0; i < check; i++) loss = await step()
  if (once) return say({ loss, peak: peak() })
  const { node } = contestant
  say({
    loss,
    versions: { ...(node && { 'newer Node': process.versions.node }), ...(await contestant.versions?.()) },
  })

  for await (const line of createInterface({ input: process.stdin })) {
    const times: number[] = []
    const end = performance.now() + 1000 * Number(line)
    do {
      const start = performance.now()
      const out = step()
      // a number is not awaited: a turn of the event loop would be counted in
      if (typeof out !== 'number') await out
      times.push((performance.now() - start) / inner)
    } while (performance.now() < end && times.length < 20_000)
    say({ times })
  }
}

const [id, workload, path, check, inner, mode] = process.argv.slice(2)
main(id, workload, path, Number(check), Number(inner), mode === 'once')
  .catch(error => {
    const reason = String(error instanceof Error ? error.message : error).split('\n')[0]
    say(error instanceof Error && error.name === 'DependencyError' ? { missing: reason } : { failed: reason })
  })
  .finally(() => process.exit())
