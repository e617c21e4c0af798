// The playground, built and served as plain files, in a real browser that tells what went wrong.
import { rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import sirv from 'sirv'
import { build } from 'vite'
import { policy } from '../../playground/vite.config.ts'
import { unpacked } from '../chromium.ts'

const root = join(import.meta.dirname, '../..')
/** Where pictures for review go. */
export const shots = join(root, 'out/playground')

export interface OpenOptions {
  readonly theme?: 'light' | 'dark'
  readonly size?: 'desktop' | 'phone'
  readonly reducedMotion?: boolean
}
export const sizes = { desktop: { width: 1360, height: 900 }, phone: { width: 390, height: 844 } } as const

/** A page, and what it complained of: errors, refusals of the policy, requests that failed or went elsewhere. */
export interface Opened {
  readonly page: Page
  readonly wrong: readonly string[]
  close(): Promise<void>
}

export class Playground {
  private constructor(
    private readonly folder: string,
    private readonly server: Server,
    private readonly browser: Browser,
    readonly address: string,
  ) {}

  static async start(): Promise<Playground> {
    const folder = unpacked('chromium', 'swiftshader.tar', 'al2023.tar')
    const site = join(folder, 'site')
    await build({
      root: join(root, 'playground'),
      logLevel: 'error',
      build: { outDir: site, emptyOutDir: true },
    })
    const files = sirv(site, {
      setHeaders: response => response.setHeader('content-security-policy', policy),
    })
    const server = createServer((request, response) =>
      files(request, response, () => {
        response.statusCode = 404
        response.end()
      }),
    )
    await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
    const browser = await chromium.launch({
      executablePath: join(folder, 'chromium'),
      args: ['--no-sandbox', '--disable-gpu'],
      env: { ...process.env, LD_LIBRARY_PATH: join(folder, 'lib') } as Record<string, string>,
    })
    return new Playground(folder, server, browser, `http://localhost:${(server.address() as AddressInfo).port}/`)
  }

  async stop(): Promise<void> {
    await this.browser.close()
    this.server.closeAllConnections()
    this.server.close()
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }

  /** Opens a place such as '#train?lr=0.1' in a window of its own, for the caller to close. */
  async open(
    place: string,
    { theme = 'light', size = 'desktop', reducedMotion = false }: OpenOptions = {},
  ): Promise<Opened> {
    const context = await this.browser.newContext({
      viewport: sizes[size],
      colorScheme: theme,
      reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
      hasTouch: size === 'phone',
      isMobile: size === 'phone',
    })
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    const wrong: string[] = []
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') wrong.push(message.text())
    })
    page.on('pageerror', error => wrong.push(String(error)))
    page.on('requestfailed', request => wrong.push(`failed: ${request.url()}`))
    page.on('request', request => {
      if (!/^(data:|blob:)/.test(request.url()) && !request.url().startsWith(this.address))
        wrong.push(`elsewhere: ${request.url()}`)
    })
    await page.goto(`${this.address}${place}`)
    await page.locator('main > :not(.waiting)').first().waitFor()
    return { page, wrong, close: () => context.close() }
  }
}
