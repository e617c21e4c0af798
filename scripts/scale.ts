// How far it goes: a chain of a million ops backward on both engines, and what forward mode keeps of it.
// npx tsx --expose-gc scripts/scale.ts
import { cpus } from 'node:os'
import { jvp, type Num, type Tensor, tensor, Value } from '../src/index.ts'

const N = 1_000_000
const gc = (globalThis as { gc?: () => void }).gc
if (!gc) throw new Error('scale: run with --expose-gc, so that memory can be measured')

/** x -> sin(x) + 0.1 -> …, N ops in all. */
function chain<T extends Num>(x: T, step?: (done: number) => void): T {
  let out = x
  for (let i = 0; i < N / 2; i++) {
    out = out.sin().add(0.1)
    step?.(2 * i)
  }
  return out
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(2)} s`
const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`
/** Bytes alive on the heap, after two collections: weak entries need the second. */
function alive(): number {
  gc?.()
  gc?.()
  return process.memoryUsage().heapUsed
}

function reverse(name: string, x: Value | Tensor): void {
  const before = alive()
  let start = performance.now()
  const out = chain(x as Value)
  const built = seconds(start)
  const held = alive() - before
  start = performance.now()
  out.backward()
  console.log(`reverse mode, ${name}: built in ${built}, holds ${megabytes(held)}, backward in ${seconds(start)}`)
}

function forward(name: string, x: number | Tensor, one: number | Tensor): void {
  const before = alive()
  let most = 0
  let measuring = 0
  const start = performance.now()
  jvp(
    (y: Value) =>
      chain(y, done => {
        if (done % (N / 4) !== 0) return
        const from = performance.now()
        most = Math.max(most, alive() - before)
        measuring += performance.now() - from
      }),
    [x],
    [one],
  )
  console.log(
    `forward mode, ${name}: value and tangent in ${seconds(start + measuring)}, holds at most ${megabytes(most)}`,
  )
}

console.log(`${N} ops, Node ${process.version}, ${cpus()[0]?.model}`)
reverse('scalar', new Value(0.5))
reverse('tensor', tensor(0.5, { requiresGrad: true }))
forward('scalar', 0.5, 1)
forward('tensor', tensor(0.5), tensor(1))
