// The tab Modes: every control, and numbers that are the library's.
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { measure } from '../../playground/modes/function.ts'
import { numeral } from '../../playground/numeral.ts'
import { eliminate, sweeps } from '../../src/explain/explain.ts'
import type { Playground } from './browser.ts'

/** Waits for what the worker and the page make of it, on a busy machine too. */
const poll = <X>(of: () => X | Promise<X>) => expect.poll(of, { timeout: 12_000 })
const costs = (page: Page) => page.getByRole('region', { name: 'The whole Jacobian, in each mode' })
const cells = async (page: Page, region: string, row: string | RegExp): Promise<string[]> =>
  (
    await page
      .getByRole('region', { name: region })
      .getByRole('row', { name: typeof row === 'string' ? new RegExp(`^${row}`) : row })
      .getByRole('cell')
      .allTextContents()
  ).map(text => text.replaceAll('\u202f', ''))
const cost = (page: Page, row: string) => cells(page, 'The whole Jacobian, in each mode', row)
async function enter(page: Page, name: string, x: number): Promise<void> {
  const box = page.getByLabel(`${name}, as a number`, { exact: true })
  await box.fill(String(x))
  await box.blur()
}

export function modes(playground: () => Playground): void {
  describe('modes', () => {
    test('what is counted is what the library counts, and sliders ask anew', async () => {
      const { page, wrong, close } = await playground().open('#modes?n=5&m=3&depth=7')
      const expected = async (n: number, m: number, depth: number): Promise<void> => {
        const { modes, why } = measure({ shape: 'layers', engine: 'tensor', n, m, depth, repeats: 0 })
        await poll(() => cost(page, 'Arithmetic')).toEqual(modes.map(({ flops }) => String(flops)))
        expect(await cost(page, 'Passes')).toEqual(modes.map(({ passes }) => String(passes)))
        expect(await cost(page, 'Ops')).toEqual(modes.map(({ ops }) => String(ops)))
        expect(await cost(page, 'Values stored')).toEqual(modes.map(({ kept }) => String(kept.values)))
        expect(await cost(page, 'Bytes stored')).toEqual(modes.map(({ kept }) => String(kept.bytes)))
        expect(await cost(page, 'Peak bytes')).toEqual(modes.map(({ peak }) => String(peak.bytes)))
        expect(await costs(page).textContent()).toContain(why.slice(1))
        for (const time of await cost(page, 'Time')) expect(Number(time)).toBeGreaterThan(0)
      }
      await expected(5, 3, 7)
      await enter(page, 'Inputs n', 2)
      await enter(page, 'Outputs m', 12)
      await enter(page, 'Depth', 4)
      await expected(2, 12, 4)
      expect(await costs(page).textContent()).toContain('forward mode is preferable')
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('another function, another engine; what is stored by op', async () => {
      const { page, wrong, close } = await playground().open('#modes?n=4&m=2&depth=6')
      await poll(() => cells(page, 'What waits for the walk back', 'tanh')).toEqual(['6', '22', '176'])
      await page.getByRole('radio', { name: 'a chain of sines' }).check()
      await poll(() => cells(page, 'What waits for the walk back', 'sin')).toEqual(['6', '20', '160'])
      await page.getByRole('radio', { name: 'scalar' }).check()
      const { modes } = measure({ shape: 'chain', engine: 'scalar', n: 4, m: 2, depth: 6, repeats: 0 })
      await poll(() => cost(page, 'Ops')).toEqual(modes.map(({ ops }) => String(ops)))
      expect(await costs(page).textContent()).toContain('measured on the tensor engine')
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('charts against depth, inputs and outputs say what they show', async () => {
      const { page, wrong, close } = await playground().open('#modes?n=4&m=4&depth=4')
      await poll(() => page.getByRole('status').textContent()).toBe('Measured.')
      const at = (sizes: object) =>
        measure({ shape: 'layers', engine: 'tensor', n: 4, m: 4, depth: 4, repeats: 0, ...sizes }).modes
      const [one, most] = [at({ depth: 1 }), at({ depth: 40 })]
      const deep = page.getByRole('img', { name: /^The most live bytes/ })
      expect(await deep.getAttribute('aria-label')).toContain(
        `reverse from ${numeral(one[1].peak.bytes, 3)} to ${numeral(most[1].peak.bytes, 3)} bytes`,
      )
      await page.getByText('as a table').click()
      const row = await cells(page, 'Live bytes against depth', '40')
      expect(row).toEqual(most.map(({ kept, peak }) => `${kept.bytes}, ${peak.bytes}`))
      const inputs = page.getByRole('img', { name: /^Against inputs/ })
      expect(await inputs.getAttribute('aria-label')).toContain(
        `forward from ${numeral(at({ n: 1 })[0].flops, 3)} to ${numeral(at({ n: 32 })[0].flops, 3)} additions`,
      )
      await page.getByRole('radio', { name: 'time' }).check()
      await poll(() => inputs.getAttribute('aria-label')).toMatch(/forward from [\d.e−]+ to [\d.]+ ms/)
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('orders of evaluation, and the recursion that fails', async () => {
      const { page, wrong, close } = await playground().open('#modes')
      const region = 'Order of evaluation'
      const expected = sweeps('exp(sin(x)*cos(y)) * tanh(x*y)', { x: 0.5, y: 1 })
      await page.getByLabel('One output, and what it is made of').fill('exp(sin(x)*cos(y)) * tanh(x*y)')
      await page.getByLabel('x =').fill('0.5')
      await page.getByLabel('x =').blur()
      const row = (k: number) => [
        String(expected[k].waiting.bytes),
        String(expected[k].peak.bytes),
        ...expected[k].gradients.map(g => numeral(g as number)),
        expected[k].visited.join(' '),
      ]
      await poll(() => cells(page, region, 'depth-first')).toEqual(row(0))
      expect(await cells(page, region, 'breadth-first')).toEqual(row(1))
      const random = async () => (await cells(page, region, 'random')).at(-1)
      const seen = new Set([await random()])
      for (let i = 0; i < 6 && seen.size === 1; i++) {
        const url = page.url()
        await page.getByRole('button', { name: 'Another random order' }).click()
        await poll(() => page.url()).not.toBe(url)
        await page.waitForTimeout(200)
        seen.add(await random())
      }
      expect(seen.size).toBeGreaterThan(1)
      const text = await page.getByRole('region', { name: region }).textContent()
      expect(text).toContain('1 (wrong)')
      expect(text).toContain('w1 came too early: 1 of the 2 terms')
      await page.getByLabel('One output, and what it is made of').fill('sin(x); cos(x)')
      await poll(() => page.getByText('A sweep begins at one output; this has 2.').count()).toBe(1)
      await page.getByLabel('One output, and what it is made of').fill('sin(x')
      await poll(() => page.getByRole('alert').textContent()).toContain('(column 6)')
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('elimination of what is typed', async () => {
      const { page, wrong, close } = await playground().open('#modes')
      const region = 'Between forward and reverse: elimination'
      await poll(() => cells(page, region, 'forward')).toEqual(['35', '10', expect.any(String)])
      await page.getByLabel('Outputs, and what they are made of').fill('exp(sin(x*y)); x*y')
      const expected = eliminate(
        (x: { mul(y: unknown): { sin(): { exp(): unknown } } }, y: unknown) => [x.mul(y).sin().exp(), x.mul(y)],
        { x: 1, y: 1 },
      )
      await poll(() => cells(page, region, 'reverse')).toEqual([
        `${expected[1].multiplications} (fewest)`,
        String(expected[1].additions),
        expected[1].steps.map(({ vertex, multiplications }) => `${vertex} (${multiplications})`).join(' '),
      ])
      expect(await cells(page, region, 'the best')).toHaveLength(3)
      await page.getByLabel('Outputs, and what they are made of').fill('foo(x)')
      await poll(() => page.getByRole('alert').textContent()).toContain('(column 1)')
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('the page has time while the worker measures: no measurement takes its thread 50 ms', async () => {
      const { page, close } = await playground().open('#modes?n=3')
      await poll(() => page.getByRole('status').textContent()).toBe('Measured.')
      // the thread's own time: on a busy machine tasks are long because others run
      const session = await page.context().newCDPSession(page)
      await session.send('Performance.enable', { timeDomain: 'threadTicks' })
      const spent = async (): Promise<number> => {
        const { metrics } = await session.send('Performance.getMetrics')
        return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN)
      }
      const before = await spent()
      await enter(page, 'Depth', 8)
      await poll(() => page.getByRole('status').textContent()).toBe('Measuring …')
      await poll(() => page.getByRole('status').textContent()).toBe('Measured.')
      // each of 21 answers draws one chart
      expect(((await spent()) - before) / 21).toBeLessThan(50)
      await close()
    }, 30_000)

    test('a slider in motion is answered once, and the address holds the state', async () => {
      const { page, close } = await playground().open('#modes?n=3&seed=7&f=x*y&at=2%2C3')
      await poll(() => page.getByRole('status').textContent()).toBe('Measured.')
      expect(await page.getByLabel('y =').inputValue()).toBe('3')
      const slider = page.getByRole('slider', { name: 'Depth' })
      await slider.focus()
      for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight')
      await poll(() => page.getByRole('status').textContent()).toBe('Measuring …')
      const { modes } = measure({ shape: 'layers', engine: 'tensor', n: 3, m: 2, depth: 21, repeats: 0 })
      await poll(() => cost(page, 'Ops')).toEqual(modes.map(({ ops }) => String(ops)))
      await poll(() => page.url()).toContain('depth=21')
      await page.goto(page.url().replace('n=3', 'n=33'))
      await poll(() => page.getByRole('alert').textContent()).toContain('n is a whole number from 1 to 32')
      await close()
    }, 30_000)
  })
}
