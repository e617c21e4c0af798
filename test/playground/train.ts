// The tab Train: every control does what it says, and every number is the library's.
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { numeral } from '../../playground/numeral.ts'
import type { Place, Setup } from '../../playground/train/message.ts'
import { script } from '../../playground/train/script.ts'
import { Session } from '../../playground/train/session.ts'
import { setup as initial } from '../../playground/train/state.ts'
import { type Playground, shots, sizes } from './browser.ts'
import { barriers } from './frame.ts'

const base = initial.peek()
/** Asks until it is so: machines may be slow. */
const until = <T>(ask: () => T | Promise<T>) => expect.poll(ask, { timeout: 10_000, interval: 30 })
const path = (query: Record<string, string>): string => `#train?${new URLSearchParams(query)}`

/** The tab as somebody uses it. */
class Tab {
  constructor(readonly page: Page) {}

  button(name: string | RegExp) {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' })
  }
  list(name: string) {
    return this.page.getByRole('combobox', { name, exact: true })
  }
  radio(name: string) {
    return this.page.getByRole('radio', { name, exact: true })
  }
  box(name: string) {
    return this.page.getByRole('textbox', { name: `${name}, as a number` })
  }
  /** Progress (step, epoch), loss (train, test) or score (train, test). */
  async figure(which: 0 | 1 | 2): Promise<string[]> {
    return this.page.locator('.train-figure').nth(which).locator('b').allTextContents()
  }
  async steps(): Promise<number> {
    return Number((await this.figure(0))[0].replace(',', ''))
  }
  async stepped(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.button('Step (S)').click()
    await until(() => this.steps()).toBe(count)
  }
  /** Waits until the address has, or has not, these fields. */
  async says(fields: Record<string, string | null>): Promise<void> {
    const query = () => new URLSearchParams(new URL(this.page.url()).hash.split('?')[1] ?? '')
    await until(() => Object.fromEntries(Object.keys(fields).map(key => [key, query().get(key)]))).toEqual(fields)
  }
  /** Compares what is shown with the library's own run of so many steps. */
  async shows(setup: Setup, steps: number): Promise<Session> {
    const session = await Session.begin(setup)
    for (let i = 0; i < steps; i++) session.step()
    const { history, epoch } = session.frame()
    const now = history[history.length - 1]
    const score = (x: number): string =>
      Number.isNaN(x)
        ? '—'
        : session.ready.classes.length > 0
          ? `${(100 * x).toFixed(x === 1 ? 0 : 1)} %`
          : x.toFixed(3).replace('-', '−')
    const loss = (x: number): string => (Number.isNaN(x) ? '—' : numeral(x, 3))
    await until(() => this.figure(1)).toEqual([loss(now.train), loss(now.test)])
    expect(await this.figure(2)).toEqual([score(now.trainScore), score(now.testScore)])
    expect(await this.figure(0)).toEqual([String(steps), String(epoch)])
    expect(await this.page.locator('.train-edges path').count()).toBe(
      session.ready.widths.slice(1).reduce((all, units, i) => all + units * session.ready.widths[i], 0),
    )
    return session
  }
  /** Where the line of a weight is in the window, towards its end. */
  async line(number: number): Promise<{ x: number; y: number }> {
    const line = this.page.locator('.train-edges path').nth(number)
    await line.scrollIntoViewIfNeeded()
    return line.evaluate(element => {
      const shape = element as SVGPathElement
      const box = (shape.ownerSVGElement as SVGSVGElement).getBoundingClientRect()
      const { x, y } = shape.getPointAtLength(shape.getTotalLength() * 0.7)
      return { x: box.x + x, y: box.y + y }
    })
  }
  /** A fingerprint of a canvas. */
  ink(selector: string): Promise<string> {
    return this.page
      .locator(selector)
      .first()
      .evaluate(canvas => (canvas as HTMLCanvasElement).toDataURL())
  }
  async changes(selector: string, act: () => Promise<unknown>): Promise<void> {
    const before = await this.ink(selector)
    await act()
    await until(async () => (await this.ink(selector)) !== before).toBe(true)
  }
}

export function train(playground: () => Playground): void {
  const opened = async (place: string, options = {}) => {
    const { page, wrong, close } = await playground().open(place, options)
    await page.locator('.train-edges').waitFor()
    return { tab: new Tab(page), page, wrong, close }
  }

  describe('train', () => {
    test('plays, pauses, steps and begins again, as fast as it is told', async () => {
      const { tab, page, wrong, close } = await opened('#train')
      await tab.button('Play (P)').click()
      await until(() => tab.steps()).toBeGreaterThan(30)
      await tab.radio('1').check()
      await tab.says({ speed: '1' })
      await page.waitForTimeout(300)
      const slow = await tab.steps()
      await page.waitForTimeout(1200)
      expect((await tab.steps()) - slow).toBeLessThanOrEqual(3)
      await tab.button('Pause (P)').click()
      await page.waitForTimeout(300)
      const rest = await tab.steps()
      const said = async () => page.getByRole('status').first().textContent()
      await until(said).toBe(`Paused at step ${rest}, loss ${(await tab.figure(1))[0]}.`)
      await page.waitForTimeout(1200)
      expect(await tab.steps()).toBe(rest)
      await tab.button('Step (S)').click()
      await until(() => tab.steps()).toBe(rest + 1)
      // at full speed too, it says where it is, and not where it was when somebody pressed
      await tab.button('Play (P)').click()
      await tab.radio('full').check()
      await page.waitForTimeout(500)
      await tab.button('Pause (P)').click()
      await page.waitForTimeout(300)
      await until(said).toBe(`Paused at step ${await tab.steps()}, loss ${(await tab.figure(1))[0]}.`)
      await tab.radio('1').check()
      await tab.button('Reset (R)').click()
      await tab.stepped(1)
      // another tab in between leaves it as it is
      const picture = await tab.ink('.train-heat')
      await tab.button('Play (P)').click()
      await page.getByRole('link', { name: 'Modes' }).click()
      await page.locator('main[data-tab=modes]').waitFor()
      await page.goBack()
      await tab.button('Play (P)').waitFor()
      await page.waitForTimeout(300)
      expect(await tab.steps()).toBeGreaterThan(1)
      expect(await tab.ink('.train-heat')).not.toBe(picture)
      await tab.button('Reset (R)').click()
      await tab.shows(base, 0)
      await tab.button('Measure both engines').click()
      await page.getByText(/^measured: tensor [\d,]+, scalar [\d,]+ steps\/s$/).waitFor()
      expect(wrong).toEqual([])
      await close()
    })

    test('shows the numbers of the library’s own run, and the ledger of a weight', async () => {
      const { tab, page, wrong, close } = await opened(
        path({
          data: 'circles',
          features: 'x1,x2,x1^2',
          hidden: '3',
          optimizer: 'SGD',
          lr: '0.5',
          regularization: 'L2',
        }),
      )
      const setup: Setup = {
        ...base,
        data: 'circles',
        features: ['x1', 'x2', 'x1^2'],
        hidden: [3],
        optimizer: 'SGD',
        lr: 0.5,
        regularization: 'L2',
      }
      await tab.shows(setup, 0)
      // nothing has a gradient yet
      await tab.radio('gradients').check()
      await page.getByText('all gradients are 0 now').waitFor()
      await tab.radio('weights').check()
      await tab.stepped(3)
      const session = await tab.shows(setup, 3)
      // a click on its line opens a weight
      const line = await tab.line(4)
      await page.mouse.move(line.x, line.y)
      const place: Place = { layer: 0, unit: 1, input: 1 }
      const frame = session.frame(0, place)
      await until(() => page.locator('.train-tip').textContent()).toBe(
        `weight from x2 to unit 2 of layer 1: ${numeral(frame.layers[0].weight[4])}`,
      )
      await page.mouse.click(line.x, line.y)
      await tab.says({ weight: '1.2.2' })
      const ledger = session.ledger(place)
      if (!ledger) throw new Error('no ledger after three steps')
      const table = page.getByRole('region', { name: 'Ledger of the gradient' })
      await table.waitFor()
      const cell = (row: string) => table.locator('tr', { hasText: row }).locator('td').nth(1).textContent()
      await until(() => cell('sum of')).toBe(numeral(ledger.terms.reduce((sum, { term }) => sum + term, 0)))
      expect(await cell('regularisation')).toBe(numeral(ledger.regularization))
      expect(await cell('gradient')).toBe(numeral(ledger.gradient))
      await tab.button(/^All \d+ terms$/).click()
      const largest = [...ledger.terms].sort((a, b) => Math.abs(b.term) - Math.abs(a.term))
      expect(await table.locator('tbody tr').allTextContents()).toEqual(
        largest.map(({ example, upstream, local, term }) =>
          [String(example + 1), ...[upstream, local, term].map(x => numeral(x, 3))].join(''),
        ),
      )
      // its value is changed by hand
      await tab.box('Weight from x2 to unit 2 of layer 1').fill('-7.5')
      await page.keyboard.press('Enter')
      session.assign(place, -7.5)
      const { history } = session.frame()
      await until(async () => (await tab.figure(1))[0]).toBe(numeral(history[history.length - 1].train, 3))
      // a bias has a square
      await page.locator('.train-edges rect').nth(2).click()
      await tab.says({ weight: '1.3.bias' })
      await tab.button('Close').click()
      await tab.says({ weight: 'none' })
      // lines show gradients too
      await tab.radio('gradients').check()
      await tab.says({ edges: 'gradients' })
      const again = await tab.line(4)
      await page.mouse.move(again.x, again.y)
      await until(() => page.locator('.train-tip').textContent()).toContain('gradient of the weight from x2')
      expect(wrong).toEqual([])
      await close()
    })

    test('the bars of a ledger are as long as its terms while their order changes', async () => {
      const { tab, page, wrong, close } = await opened(
        path({ samples: '30', hidden: '8,8,8', batch: '1000', engine: 'scalar', weight: '1.1.1' }),
      )
      await tab.button('Play (P)').click()
      const rows = page.locator('.train-ledger tbody tr')
      await rows.first().waitFor()
      for (let i = 0; i < 20; i++) {
        await page.waitForTimeout(60)
        const bars = await rows.evaluateAll(all =>
          all.map(row => {
            const bar = row.querySelector('span') as HTMLElement
            const room = (bar.parentElement as HTMLElement).clientWidth
            return [bar.getBoundingClientRect().width, (Number.parseFloat(bar.style.width) / 100) * room]
          }),
        )
        expect(bars).toHaveLength(8)
        for (const [drawn, meant] of bars) expect(Math.abs(drawn - meant)).toBeLessThan(1)
      }
      expect(wrong).toEqual([])
      await close()
    })

    test('every control of the setup is trained with, and stands in the address', async () => {
      const { tab, page, wrong, close } = await opened('#train')
      await tab.stepped(2)
      // what goes on
      await tab.list('Optimizer').selectOption('nesterov')
      await tab.box('Momentum').fill('0.5')
      await tab.box('Learning rate').fill('0.2')
      await tab.list('Schedule').selectOption('cosine')
      await tab.radio('L1').check()
      await tab.box('Regularisation rate').fill('0.002')
      await tab.box('Batch size').fill('8')
      await page.keyboard.press('Enter')
      await tab.says({
        optimizer: 'nesterov',
        momentum: '0.5',
        lr: '0.2',
        regularization: 'L1',
        rate: '0.002',
        batch: '8',
      })
      await until(() => page.getByRole('status').first().textContent()).toMatch(
        /^Goes on with .*the batch size changed\.$/,
      )
      expect(await tab.steps()).toBe(2)
      await page.getByRole('img', { name: /^Learning rate over 2 steps: now 0.2/ }).waitFor()
      await page.getByText('Falls to a hundredth within 1,000 steps, and stays there.').waitFor()
      // what starts anew
      await tab.list('Activation').selectOption('gelu')
      await until(() => page.getByRole('status').first().textContent()).toBe('Started anew: the activation changed.')
      await until(() => tab.steps()).toBe(0)
      await tab.list('Initialisation').selectOption('xavierNormal')
      await tab.box('Dropout').fill('0.1')
      await tab.radio('Spirals').check()
      await tab.box('Examples').fill('120')
      await tab.box('Noise').fill('0.05')
      await tab.box('Kept for testing').fill('0.25')
      await tab.button('Draw again').click()
      await page.getByRole('spinbutton', { name: 'Seed' }).fill('7')
      await page.getByRole('checkbox', { name: 'x1*x2' }).check()
      await page.getByRole('checkbox', { name: 'x2', exact: true }).uncheck()
      await tab.button('Add a layer').click()
      await tab.button('A unit more in layer 1').click()
      await tab.button('A unit less in layer 3').click()
      await tab.radio('scalar').check()
      const setup: Setup = {
        ...base,
        data: 'spirals',
        samples: 120,
        noise: 0.05,
        testShare: 0.25,
        seed: 7,
        features: ['x1', 'x1*x2'],
        hidden: [5, 2, 1],
        activation: 'gelu',
        init: 'xavierNormal',
        optimizer: 'nesterov',
        lr: 0.2,
        momentum: 0.5,
        schedule: 'cosine',
        regularization: 'L1',
        rate: 0.002,
        dropout: 0.1,
        batch: 8,
        engine: 'scalar',
      }
      await tab.says({
        data: 'spirals',
        samples: '120',
        seed: '7',
        features: 'x1,x1*x2',
        hidden: '5,2,1',
        engine: 'scalar',
      })
      await tab.shows(setup, 0)
      await tab.stepped(2)
      await tab.shows(setup, 2)
      await tab.button('Remove a layer').click()
      await tab.shows({ ...setup, hidden: [5, 2] }, 0)

      // the same address opens the same run
      await tab.says({ hidden: '5,2' })
      const again = await opened(new URL(page.url()).hash)
      await again.tab.shows({ ...setup, hidden: [5, 2] }, 0)
      expect(await again.tab.list('Optimizer').inputValue()).toBe('nesterov')
      expect(await again.tab.box('Noise').inputValue()).toBe('0.05')
      await again.close()

      // and so does the script
      await tab.button('Export as script').click()
      const dialog = page.getByRole('dialog')
      const code = await script({ ...setup, hidden: [5, 2] })
      await until(() => dialog.locator('pre').textContent()).toBe(code)
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        dialog.getByRole('button', { name: 'Download' }).click(),
      ])
      expect(download.suggestedFilename()).toBe('train.ts')
      expect(await barriers(page)).toEqual([])
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
      await dialog.getByRole('button', { name: 'Copy' }).click()
      await until(() => page.evaluate(() => navigator.clipboard.readText())).toBe(code)
      await dialog.getByRole('button', { name: 'Close' }).click()
      await tab.button('Copy link').click()
      await until(() => page.evaluate(() => navigator.clipboard.readText())).toBe(page.url())
      expect(wrong).toEqual([])
      await close()
    })

    test('the plane: what is shown, discretely, with the test examples, and each example’s values', async () => {
      const { tab, page, wrong, close } = await opened('#train?seed=3')
      const session = await Session.begin({ ...base, seed: 3 })
      const { train: examples, test: tests } = session.ready
      await page.waitForTimeout(200)
      await tab.changes('.train-heat', () => page.getByRole('checkbox', { name: 'Discretize' }).check())
      await tab.changes('.train-heat', () => tab.list('Shows').selectOption('unit 3 of layer 1'))
      await tab.says({ show: '1.3', discrete: 'on' })
      await tab.changes('.train-heat', () => tab.list('Shows').selectOption('the output'))
      await tab.changes('.train-points', () => page.getByRole('checkbox', { name: 'Test examples' }).uncheck())
      await tab.says({ tested: 'off', show: null })
      await page.getByRole('checkbox', { name: 'Test examples' }).check()
      const look = page.locator('.train-look p')
      await page.getByRole('spinbutton', { name: 'Example' }).fill(String(examples.length + 2))
      const one = tests[1]
      await until(() => look.textContent()).toContain(
        `test · x1 ${numeral(one.x1, 3)}, x2 ${numeral(one.x2, 3)} · is ${session.ready.classes[one.y]}`,
      )
      await tab.says({ example: String(examples.length + 2) })
      // the same by pointing at it
      const box = await page.locator('.train-points').boundingBox()
      if (!box) throw new Error('no plane')
      const first = examples[0]
      const { bound } = session.ready
      await page.mouse.move(
        box.x + ((first.x1 + bound) / (2 * bound)) * box.width,
        box.y + ((bound - first.x2) / (2 * bound)) * box.height,
      )
      await until(() => page.getByRole('spinbutton', { name: 'Example' }).inputValue()).not.toBe(
        String(examples.length + 2),
      )
      // and a unit by pointing at it, or for longer by a click
      const unit = page.locator('.train-over canvas').nth(3)
      await tab.changes('.train-heat', () => unit.hover())
      await page.locator('.train-output .train-legend', { hasText: 'unit 2 of layer 1: −' }).waitFor()
      await unit.click()
      await tab.says({ show: '1.2' })
      await page.getByRole('checkbox', { name: 'Logarithmic loss' }).check()
      await tab.says({ log: 'on' })
      for (const width of [1920, 1000, 800, 390]) {
        await page.setViewportSize({ width, height: 800 })
        await until(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      }
      expect(wrong).toEqual([])
      await close()
    })

    test('the reader’s own table: pasted, refused in words, and from a file', async () => {
      const { tab, page, wrong, close } = await opened('#train')
      await tab.button('Your own data …').click()
      const field = page.getByRole('textbox', { name: /^One example a line/ })
      await field.fill('1,2')
      await tab.button('Use this data').click()
      const words = await Session.begin({ ...base, data: 'csv', csv: '1,2' }).catch(error => (error as Error).message)
      await until(() => page.getByRole('alert').textContent()).toBe(words)
      expect(await tab.button('Play (P)').isDisabled()).toBe(true)
      expect(await barriers(page)).toEqual([])
      // too long for a link: said, and nothing else is another
      await page
        .getByLabel('A file with your data')
        .setInputFiles({ name: 'long.csv', mimeType: 'text/csv', buffer: Buffer.from('1,2,a\n3,4,b\n'.repeat(20_000)) })
      await page.getByText('The table has 240,000 characters, but at most 200,000 fit into a link').waitFor()
      await tab.says({ csv: '1,2' })
      const csv = Array.from(
        { length: 24 },
        (_, i) => `${i % 5},${(i * 7) % 11},${i % 3 === 0 ? 'oak' : i % 3 === 1 ? 'ash' : 'elm'}`,
      ).join('\n')
      await page
        .getByLabel('A file with your data')
        .setInputFiles({ name: 'trees.csv', mimeType: 'text/csv', buffer: Buffer.from(`height,width,kind\n${csv}`) })
      await tab.says({ data: 'csv', csv: `height,width,kind\n${csv}` })
      await tab.shows({ ...base, data: 'csv', csv: `height,width,kind\n${csv}` }, 0)
      expect(await page.getByRole('alert').count()).toBe(0)
      expect(await page.locator('.train-output .train-legend').textContent()).toContain('ash')
      expect(await page.locator('.train-axis.up').textContent()).toBe('width')
      expect(wrong).toEqual([])
      await close()
    })

    test('a loss that is no number stops the run and says why', async () => {
      const { tab, page, close } = await opened(path({ data: 'plane', activation: 'relu', optimizer: 'SGD', lr: '10' }))
      await tab.button('Play (P)').click()
      await page.getByRole('alert').waitFor()
      expect(await page.getByRole('alert').textContent()).toContain('learning rate')
      expect(await tab.button('Play (P)').isDisabled()).toBe(true)
      await tab.button('Reset (R)').click()
      await until(() => tab.button('Play (P)').isDisabled()).toBe(false)
      await close()
    })

    test('by the keyboard alone', async () => {
      const { tab, page, wrong, close } = await opened('#train')
      const focus = async (name: string): Promise<void> => {
        for (let i = 0; i < 80; i++) {
          await page.keyboard.press('Tab')
          const found = await page.evaluate(() => {
            const { activeElement: element } = document
            return (
              element?.getAttribute('aria-label') ?? element?.closest('.control')?.querySelector('label')?.textContent
            )
          })
          if (found === name) return
        }
        throw new Error(`the keyboard does not reach '${name}'`)
      }
      await focus('Play (P)')
      await page.keyboard.press('Enter')
      await until(() => tab.steps()).toBeGreaterThan(5)
      await page.keyboard.press('p')
      await until(() => tab.button('Play (P)').count()).toBe(1)
      await focus('Layer')
      await page.keyboard.press('ArrowDown')
      await tab.says({ weight: '2.1.1' })
      await focus('From')
      await page.keyboard.press('End')
      await tab.says({ weight: '2.1.bias' })
      await page.getByText('bias of unit 1 of layer 2', { exact: false }).first().waitFor()
      await page.keyboard.press('s')
      // a list takes letters for itself
      await focus('Bias of unit 1 of layer 2')
      const before = await tab.steps()
      await page.keyboard.press('s')
      await until(() => tab.steps()).toBe(before + 1)
      await page.keyboard.press('r')
      await until(() => tab.steps()).toBe(0)
      // what is ticked takes no letters
      await tab.radio('10').focus()
      await page.keyboard.press('s')
      await until(() => tab.steps()).toBe(1)
      expect(wrong).toEqual([])
      await close()
    })

    test('on a phone: one column, the largest network within it', async () => {
      const { tab, page, wrong, close } = await opened(
        path({
          data: 'three',
          hidden: '8,8,8,8,8,8',
          features: 'x1,x2,x1^2,x2^2,x1*x2,sin(x1),sin(x2)',
          weight: '1.1.1',
        }),
        { size: 'phone' },
      )
      await tab.button('Play (P)').tap()
      await until(() => tab.steps()).toBeGreaterThan(5)
      await tab.button('Pause (P)').tap()
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(sizes.phone.width)
      const within = await page.locator('.train-stage').evaluate(stage => {
        const box = stage.getBoundingClientRect()
        return [...stage.querySelectorAll('button, canvas')].every(element => {
          const { left, right } = element.getBoundingClientRect()
          return left >= box.left - 8 && right <= box.right + 8
        })
      })
      expect(within).toBe(true)
      await page.screenshot({ path: join(shots, 'train-phone-large.png'), fullPage: true })
      expect(wrong).toEqual([])
      await close()
    })

    // by the processor's time of each task: what else the machine does meanwhile is not ours
    test('no task of the page takes 50 ms while it trains at full speed', async () => {
      const { tab, page, close } = await opened('#train?hidden=8,8,4&weight=1.2.1&schedule=cosine&edges=gradients')
      const browser = page.context().browser()
      if (!browser) throw new Error('no browser')
      await page.waitForTimeout(1000)
      await browser.startTracing(page, {
        categories: ['toplevel', '__metadata', 'disabled-by-default-devtools.timeline'],
      })
      await tab.button('Play (P)').click()
      await page.waitForTimeout(3000)
      const trace = JSON.parse(String(await browser.stopTracing())) as {
        traceEvents: { name: string; pid: number; tid: number; tdur?: number; args: { name?: string } }[]
      }
      const main = new Set(
        trace.traceEvents
          .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
          .map(({ pid, tid }) => `${pid} ${tid}`),
      )
      const tasks = trace.traceEvents
        .filter(({ pid, tid, tdur }) => tdur !== undefined && main.has(`${pid} ${tid}`))
        .map(({ tdur = 0 }) => tdur / 1000)
      expect(tasks.length).toBeGreaterThan(200)
      expect(await tab.steps()).toBeGreaterThan(20)
      expect(Math.max(...tasks)).toBeLessThan(50)
      await close()
    })
  })
}
