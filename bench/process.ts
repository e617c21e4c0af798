// Contestants as child processes on one core with one thread, speaking lines of JSON: JavaScript and Python alike.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism, homedir } from 'node:os'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import type { Contestant, InNode, InPython } from './contestant.ts'
import type { Workload } from './workload.ts'

/** What a contestant says. Times are milliseconds of one operation each, the peak is in bytes. */
export type Reply =
  /** There is no such program for this library. */
  | { readonly absent: true }
  | { readonly missing: string }
  | { readonly failed: string }
  | { readonly loss: number; readonly peak?: number; readonly versions?: Readonly<Record<string, string>> }
  | { readonly times: readonly number[] }

const here = import.meta.dirname
export const cache = `${here}/.cache`

const ONE_THREAD = {
  OMP_NUM_THREADS: '1',
  OPENBLAS_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  NUMEXPR_NUM_THREADS: '1',
  XLA_FLAGS: '--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1',
  JAX_PLATFORMS: 'cpu',
}

/**
 * Variables that keep OpenBLAS from choosing the fastest kernels, where this machine sets them: some builds compute
 * wrongly on some processors without them. Contestants run without, and with them only if that goes wrong.
 */
export const slowing = ['OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE'].filter(name => process.env[name] !== undefined)

const has = (command: string, ...args: string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 60_000 })
    return true
  } catch {
    return false
  }
}

export const pinned = has('taskset', '--version')
export const core = availableParallelism() - 1
/** The same command on one core. */
export const onOneCore = (command: readonly string[]): readonly string[] =>
  pinned ? ['taskset', '-c', String(core), ...command] : command

/** The worker as plain JavaScript, as a package would ship it, so that no compiler runs in a measured process. */
export async function bundle(): Promise<void> {
  await build({
    entryPoints: [`${here}/worker.ts`],
    outdir: cache,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  })
}

const venv = process.env.GRADUS_BENCH_VENV ?? `${homedir()}/.cache/gradus-bench/venv`
const pythons = [`${venv}/bin/python`, '/usr/bin/python3'].filter(path => existsSync(path))
const found = new Map<string, string | null>()
/** The first Python on the machine that has the module. */
function pythonWith({ module }: InPython): string | null {
  let python = found.get(module)
  if (python === undefined) {
    python = pythons.find(path => has(path, '-c', `import ${module}`)) ?? null
    found.set(module, python)
  }
  return python
}

const nodes = new Map<number, string | null>()
/** The Node that runs a contestant; null when there is none of that version, here or in the registry. */
function nodeOf({ node }: InNode): string | null {
  if (node === undefined || Number.parseInt(process.versions.node, 10) === node) return process.execPath
  let path = nodes.get(node)
  if (path === undefined) {
    try {
      path = execFileSync('npx', ['-y', `node@${node}`, '-p', 'process.execPath'], {
        encoding: 'utf8',
        timeout: 120_000,
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim()
    } catch {
      path = null
    }
    nodes.set(node, path)
  }
  return path
}

/** The command that runs a contestant at a workload; or why there is none. */
export function command(
  contestant: Contestant,
  { id, inner = 1 }: Workload,
  data: string,
  check: number,
): string[] | { missing: string } {
  const about = [id, data, String(check), String(inner)]
  if ('library' in contestant) {
    if (contestant.package && !existsSync(`${here}/node_modules/${contestant.package}`))
      return { missing: 'not installed: npm ci --prefix bench' }
    const node = nodeOf(contestant)
    if (!node) return { missing: `no Node ${contestant.node}: npx -y node@${contestant.node}` }
    return [node, `${cache}/worker.mjs`, contestant.id, ...about]
  }
  const python = pythonWith(contestant)
  if (!python) return { missing: `no Python with ${contestant.module}: bench/python/setup.sh` }
  return [python, `${here}/python/worker.py`, contestant.module, contestant.variant, ...about]
}

/** A running contestant: ask it one thing at a time. */
export class Child {
  readonly #process: ChildProcess
  readonly #replies: AsyncIterator<string>
  #errors = ''

  /** `slowed`: with the variables that are slowing it. */
  constructor(command: readonly string[], slowed = false) {
    const [file, ...args] = onOneCore(command)
    const env: NodeJS.ProcessEnv = { ...process.env, ...ONE_THREAD }
    if (!slowed) for (const name of slowing) delete env[name]
    this.#process = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process.stderr?.on('data', chunk => {
      this.#errors = `${this.#errors}${chunk}`.slice(-2000)
    })
    this.#process.stdin?.on('error', () => {})
    const { stdout } = this.#process
    if (!stdout) throw new Error('no output')
    this.#replies = createInterface({ input: stdout })[Symbol.asyncIterator]()
  }

  /** The next reply, within `seconds`. What is not JSON is the library talking to itself. */
  async reply(seconds: number): Promise<Reply> {
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 1000 * seconds)
    const start = performance.now()
    try {
      for (;;) {
        const { value, done } = await this.#replies.next()
        if (done) {
          const late = performance.now() - start >= 1000 * seconds
          const last = this.#errors.trim().split('\n').at(-1) || 'ended without a word'
          return { failed: late ? `no answer in ${seconds} s` : last }
        }
        if (value.startsWith('{')) return JSON.parse(value) as Reply
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Times steps for so many seconds, at least one step. */
  async run(seconds: number, limit: number): Promise<Reply> {
    this.#process.stdin?.write(`${seconds}\n`)
    return this.reply(limit)
  }

  /** When the process has ended. */
  ended(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return Promise.resolve()
    return new Promise(resolve => this.#process.once('exit', () => resolve()))
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }
}
