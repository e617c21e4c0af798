// How close to the processor's limit are the matrix products? Both measured in one run: `npx tsx bench/port.ts`.
import { Module } from '../src/backend/wasm/assembler.ts'
import { gemm, gemmScratch } from '../src/backend/wasm/gemm.ts'
import { Vector, type Width } from '../src/backend/wasm/vector.ts'

type Run = (...x: number[]) => void

/** The function of a module and its memory; null where the engine lacks an instruction. */
function instance(module: Module, f: number, pages: number): { run: Run; memory: WebAssembly.Memory } | null {
  module.export('run', f)
  const bytes = module.bytes()
  if (!WebAssembly.validate(bytes)) return null
  const memory = new WebAssembly.Memory({ initial: pages })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  return { run: exports.run as Run, memory }
}

/** A workload: what it computes, and one call of it. */
interface Load {
  readonly name: string
  readonly flops: number
  readonly run: () => void
}

const TURNS = 20000
/** Half of the registers are sums, half products, and one is the operand: more would not fit. */
const CHAINS = 12
const UNROLL = 4

/** Additions and multiplications on registers alone, none waiting for the one before: no product can be faster. */
export function peak(width: Width, fused: boolean, turns = TURNS): Load | null {
  const module = new Module()
  const f = module.function(['i32'], [], code => {
    const v = new Vector(module, code, width, fused)
    const x = v.load(code.local('i32'))
    const chains = Array.from({ length: CHAINS }, () => v.variable())
    code.times(0, () => {
      for (let u = 0; u < UNROLL; u++) {
        chains.forEach((sum, i) => {
          v.assign(sum, fused ? v.madd(x, x, sum) : i % 2 === 0 ? v.add(sum, x) : v.mul(sum, x))
        })
      }
    })
    const end = code.local('i32')
    for (const sum of chains) v.store(end, sum, 64)
  })
  const made = instance(module, f, 1)
  const flops = turns * UNROLL * CHAINS * (16 / width) * (fused ? 2 : 1)
  return made && { name: 'limit', flops, run: () => made.run(turns) }
}

/** Square products in WebAssembly's memory. */
function product(width: Width, fused: boolean, n: number): Load | null {
  const module = new Module()
  const size = n * n * width
  const pages = Math.ceil((3 * size + gemmScratch(width, n, n, n)) / 65536) + 1
  const made = instance(module, gemm(module, width, fused), pages)
  if (!made) return null
  const { run, memory } = made
  const floats = width === 4 ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer)
  for (let i = 0; i < 2 * n * n; i++) floats[i] = (i % 7) - 3
  const row = n * width
  const repeats = Math.ceil(1e7 / n ** 3)
  return {
    name: `${n}`,
    flops: repeats * 2 * n ** 3,
    run: () => {
      for (let i = 0; i < repeats; i++)
        run(2 * size, 0, size, n, n, n, row, row, width, row, width, Math.ceil((3 * size) / 64) * 64, 0)
    },
  }
}

const SIZES = [64, 256, 512, 1024]
const MILLISECONDS = 4000

/** Takes turns and keeps the best rate of each, so that what else the machine does disturbs none in particular. */
function rates(loads: readonly Load[]): number[] {
  const best = loads.map(() => 0)
  const end = performance.now() + MILLISECONDS
  do {
    loads.forEach(({ flops, run }, i) => {
      const start = performance.now()
      run()
      best[i] = Math.max(best[i], flops / (performance.now() - start) / 1e6)
    })
  } while (performance.now() < end)
  return best
}

if (process.argv[1] === import.meta.filename) {
  console.log(`Node ${process.versions.node}, GFLOP/s of one core; in brackets the share of the limit`)
  for (const width of [4, 8] as const) {
    for (const fused of [false, true]) {
      const loads = [peak(width, fused), ...SIZES.map(n => product(width, fused, n))]
      if (!loads.every(load => load !== null)) continue
      const [limit, ...others] = rates(loads)
      const cells = others.map((rate, i) => `${SIZES[i]}: ${rate.toFixed(1)} (${Math.round((100 * rate) / limit)} %)`)
      console.log([`float${8 * width}${fused ? ' fused' : ''}`, `limit ${limit.toFixed(1)}`, ...cells].join('   '))
    }
  }
}
