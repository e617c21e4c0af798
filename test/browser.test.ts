// In a browser: eager, compiled, on two threads where the page is isolated, and on a GPU where the browser has one.
import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build, type Rolldown } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runsHere, unpacked } from './chromium.ts'
import type { Report } from './page.ts'

if (!runsHere) console.warn('skipped: the browser that npm brings along is for Linux on x64')

describe.skipIf(!runsHere)('in a browser', () => {
  let folder = ''
  let script = ''
  let server: Server
  let done: (report: Report) => void = () => {}

  beforeAll(async () => {
    folder = unpacked('chromium', 'swiftshader.tar', 'al2023.tar')
    const entry = join(import.meta.dirname, 'page.ts')
    const options = { lib: { entry, formats: ['es' as const] }, write: false, target: 'es2022' }
    const [made] = (await build({ configFile: false, logLevel: 'error', build: options })) as Rolldown.RolldownOutput[]
    script = made!.output[0].code
    server = createServer((request, response) => {
      if (request.method === 'POST') {
        let body = ''
        request.on('data', part => {
          body += part
        })
        request.on('end', () => {
          response.end()
          done(JSON.parse(body))
        })
        return
      }
      const isolated = request.url === '/isolated' && {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      }
      response.writeHead(200, { 'content-type': 'text/html', ...isolated })
      response.end(`<!doctype html><title>Gradus</title><script type="module">${script}</script>`)
    })
    await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
  }, 60_000)
  afterAll(async () => {
    server?.closeAllConnections()
    server?.close()
    // the browser's own processes may be writing for a while
    if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  })

  /** Opens a page, and waits for what it reports. */
  async function visited(path: string): Promise<Report> {
    const { port } = server.address() as AddressInfo
    const args = ['--headless', '--no-sandbox', '--disable-gpu-sandbox', '--remote-debugging-port=0']
    const flags = [
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      `--user-data-dir=${join(folder, path === '/' ? 'open' : 'isolated')}`,
    ]
    const child = spawn(join(folder, 'chromium'), [...args, ...flags, `http://localhost:${port}${path}`], {
      env: { ...process.env, LD_LIBRARY_PATH: join(folder, 'lib') },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', part => {
      said += part
    })
    try {
      return await new Promise<Report>((resolve, reject) => {
        done = resolve
        child.on('exit', code => reject(new Error(`the browser ended with ${code}:\n${said}`)))
      })
    } finally {
      child.kill('SIGKILL')
    }
  }
  function near(losses: readonly number[], eager: readonly number[]): void {
    expect(losses.length).toBe(eager.length)
    losses.forEach((loss, i) => {
      expect(Math.abs(loss - eager[i]!)).toBeLessThan(1e-3)
    })
    expect(eager.at(-1)!).toBeLessThan(0.8 * eager[0]!)
  }

  test('two threads where the page is isolated, one elsewhere, said once; and a GPU', async () => {
    const together = await visited('/isolated')
    const alone = await visited('/')
    for (const report of [together, alone]) {
      expect(report.error).toBeUndefined()
      near(report.compiled, report.eager)
      near(report.gpu as number[], report.eager)
    }
    expect(together).toMatchObject({ isolated: true, threads: 2, ranOn: 2, warnings: [] })
    expect(alone).toMatchObject({ isolated: false, threads: 1, ranOn: 1 })
    expect(alone.warnings).toEqual([expect.stringMatching(/cross-origin isolated/)])
    expect(together.compiled, 'to the bit').toEqual(alone.compiled)
  }, 90_000)
})
