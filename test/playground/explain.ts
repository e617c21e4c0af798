// The tab Explain in a browser: every control does what it says, and the numbers are the library's.
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { numeral } from '../../playground/numeral.ts'
import { derive, explain, verdict } from '../../src/explain/explain.ts'
import { type Playground, shots } from './browser.ts'
import { barriers } from './frame.ts'

const encoded = (f: string, rest = ''): string => `#explain?f=${encodeURIComponent(f)}${rest}`
const cells = (table: Locator): Promise<string[][]> =>
  table
    .locator('tbody tr')
    .evaluateAll(rows => rows.map(row => [...row.querySelectorAll('td.number')].map(cell => cell.textContent ?? '')))
const forward = (page: Page): Locator => page.getByRole('region', { name: 'Table of values and tangents' })
const reverse = (page: Page): Locator => page.getByRole('region', { name: 'Table of adjoints' })
const steps = (page: Page): Locator => page.getByRole('slider', { name: 'Steps taken' })
/** A picture for review, of a state that the tab is not in when it is opened. */
const shot = (page: Page, name: string): Promise<unknown> =>
  page.screenshot({ path: join(shots, `explain-${name}.png`), fullPage: true })
const hash = (page: Page): Promise<string> =>
  page.evaluate(() => decodeURIComponent(location.hash).replaceAll('+', ' '))

/** The page's numbers beside the library's. */
async function agree(
  page: Page,
  f: string,
  at: Readonly<Record<string, number>>,
  wrt: readonly string[],
): Promise<void> {
  const { trace, sweeps } = explain(f, at, { wrt })
  const six = (x: unknown): string => numeral(x as number, 6)
  await expect
    .poll(() => cells(forward(page)))
    .toEqual(trace.rows.map(({ value, tangents }) => [value, ...tangents.map(x => x ?? 0)].map(six)))
  expect(await cells(reverse(page))).toEqual((sweeps[0]?.adjoints ?? []).map(({ value }) => [six(value)]))
}

/** How long the page works when a slider is moved, in ms; the least of many times: others use the machine too. */
const moves = (page: Page, of: '.slider' | '.player', from: number, by: number): Promise<number> =>
  page.evaluate(
    async ({ of, from, by }) => {
      const [slider] = document.querySelectorAll<HTMLInputElement>(`${of} input[type=range]`)
      if (!slider) throw new Error('there is no slider')
      const { port1, port2 } = new MessageChannel()
      let least = Infinity
      for (let k = 0; k < 30; k++) {
        const before = performance.now()
        slider.value = String(from + k * by)
        slider.dispatchEvent(new Event('input', { bubbles: true }))
        // what follows from it is done in microtasks, before any other task
        await new Promise(done => {
          port1.onmessage = done
          port2.postMessage(null)
        })
        least = Math.min(least, performance.now() - before)
        await new Promise(requestAnimationFrame)
      }
      return least
    },
    { of, from, by },
  )

export function explainTab(playground: () => Playground): void {
  describe('explain', () => {
    test('the lecture’s numbers, by slider, by box, by other inputs', async () => {
      const { page, wrong, close } = await playground().open('#explain')
      const f = 'x1*x2 + sin(x1)'
      await agree(page, f, { x1: 2, x2: 3 }, ['x1'])
      await page.getByRole('slider', { name: 'x1', exact: true }).fill('-1.5')
      await agree(page, f, { x1: -1.5, x2: 3 }, ['x1'])
      await page.getByRole('textbox', { name: 'x2, as a number' }).fill('37')
      await page.getByRole('textbox', { name: 'x2, as a number' }).press('Enter')
      await agree(page, f, { x1: -1.5, x2: 37 }, ['x1'])
      // the range has widened
      expect(await page.getByRole('slider', { name: 'x2', exact: true }).getAttribute('max')).toBe('50')
      await page.getByLabel('tangents by').selectOption('x2')
      await agree(page, f, { x1: -1.5, x2: 37 }, ['x2'])
      await page.getByLabel('tangents by').selectOption('*')
      await agree(page, f, { x1: -1.5, x2: 37 }, ['x1', 'x2'])
      await expect.poll(() => hash(page)).toBe('#explain?at=x1:-1.5,x2:37&wrt=*')
      expect(await page.getByRole('button', { name: 'w2 = x1*x2, value −55.5, gradient 1, switches' }).count()).toBe(1)
      expect(wrong).toEqual([])
      await close()
    })

    test('an expression is typed, refused with its column, and corrected', async () => {
      const { page, wrong, close } = await playground().open('#explain')
      const field = page.getByLabel('f, in its inputs’ names')
      await field.fill('a*exp(-b)')
      await agree(page, 'a*exp(-b)', { a: 1, b: 2 }, ['a'])
      await field.fill('a*exp(-b) + sine(a)')
      const alert = page.getByRole('alert')
      await alert.waitFor()
      expect(await alert.textContent()).toBe(
        "unknown function 'sine'. Did you mean sin? (column 13). What follows is of a*exp(-b).",
      )
      expect(await field.getAttribute('aria-invalid')).toBe('true')
      const mark = await page.locator('.explain-input .column span').boundingBox()
      const box = await field.boundingBox()
      const letter = await page.locator('.explain-input .column').evaluate(column => {
        const probe = document.createElement('span')
        probe.textContent = '0'.repeat(100)
        column.append(probe)
        const { width } = probe.getBoundingClientRect()
        probe.remove()
        return width / 100
      })
      // below the thirteenth letter
      expect(((mark?.x ?? 0) - (box?.x ?? 0) - 9) / letter).toBeCloseTo(12, 1)
      await agree(page, 'a*exp(-b)', { a: 1, b: 2 }, ['a'])
      expect(await barriers(page)).toEqual([])
      await shot(page, 'error')
      await field.fill('a*exp(-b) + sin(a)')
      await agree(page, 'a*exp(-b) + sin(a)', { a: 1, b: 2 }, ['a'])
      expect(await alert.count()).toBe(0)
      await page.getByLabel('Examples').selectOption({ label: 'One input, used three times' })
      await agree(page, 'x*x*x', { x: 2 }, ['x'])
      await expect.poll(() => hash(page)).toBe('#explain?f=x*x*x&at=x:2')
      expect(wrong).toEqual([])
      await close()
    })

    test('the player goes forth and back, and says what happens', async () => {
      const { page, wrong, close } = await playground().open('#explain?speed=20')
      const said = page.locator('.explain-steps .status')
      const { steps: all } = explain('x1*x2 + sin(x1)', { x1: 2, x2: 3 }).steps()
      expect(await steps(page).getAttribute('max')).toBe(String(all.length))
      await page.getByRole('button', { name: 'Rewind' }).click()
      expect(await said.textContent()).toContain('Nothing is computed yet')
      expect((await cells(forward(page))).flat().join('')).toBe('')
      await page.getByRole('button', { name: 'Step', exact: true }).click()
      expect(await said.textContent()).toContain('is 2; its tangent is 1 by x1.')
      expect((await cells(forward(page))).map(([value]) => value)).toEqual(['2', '', '', '', ''])
      await steps(page).fill('9')
      // x1 has one of its two terms
      expect(await said.textContent()).toContain('use 1 of 2, together −0.4161 so far')
      expect((await cells(reverse(page))).flat()).toEqual(['1', '1', '1', '−0.416147', ''])
      expect(
        await page.getByRole('row', { selected: undefined }).and(page.locator('[aria-current=step]')).count(),
      ).toBe(1)
      expect(await page.getByRole('button', { name: /^x1, value 2, gradient −0.4161, 1 of 2 uses/ }).count()).toBe(1)
      expect(await page.locator('.edge.now').count()).toBe(1)
      expect(await barriers(page)).toEqual([])
      await shot(page, 'step')
      await page.getByRole('button', { name: 'Step back' }).click()
      expect((await cells(reverse(page))).flat()).toEqual(['1', '1', '1', '', ''])
      await expect.poll(() => hash(page)).toBe('#explain?step=8&speed=20')
      await page.getByRole('button', { name: 'Play' }).click()
      await expect.poll(() => steps(page).inputValue()).toBe('11')
      await page.getByRole('button', { name: 'Play' }).waitFor()
      expect(await said.textContent()).toBe('All done: w3 = 6.909, and its derivatives are 2.584 by x1, 2 by x2.')
      // once more from the beginning, and held
      await page.getByLabel('Steps a second').selectOption('0.5')
      await page.getByRole('button', { name: 'Play' }).click()
      await page.getByRole('button', { name: 'Pause' }).click()
      expect(await steps(page).inputValue()).toBe('0')
      await page.getByRole('button', { name: 'To the end' }).click()
      expect(await steps(page).inputValue()).toBe('11')
      expect(wrong).toEqual([])
      await close()
    })

    test('graph, tables and ledger are linked, by pointer and by keyboard', async () => {
      const { page, wrong, close } = await playground().open('#explain')
      const lit = () =>
        page.locator('.explain .hot').evaluateAll(all => all.map(x => x.getAttribute('data-row') ?? x.tagName))
      await forward(page).locator('tr[data-row="3"]').hover()
      // the node with its three edges, and both rows
      await expect.poll(lit).toEqual(['g', 'g', 'g', 'g', '3', '3'])
      await page.getByRole('button', { name: /^w1 = sin\(x1\), value/ }).hover()
      await expect.poll(lit).toEqual(['g', 'g', 'g', '2', '2'])
      await page.getByRole('button', { name: /^x1, value/ }).focus()
      await page.keyboard.press('Enter')
      const ledger = page.getByRole('region', { name: 'Ledger of x1' })
      await ledger.waitFor()
      expect(await cells(ledger)).toEqual([
        ['1 × (−0.4161)', '−0.416147'],
        ['1 × 3', '3'],
      ])
      expect(await ledger.locator('tfoot').textContent()).toBe('sum2.58385')
      await expect.poll(() => hash(page)).toBe('#explain?pin=x1')
      await reverse(page).getByRole('button', { name: 'w2-bar = w3-bar' }).press('Space')
      await page.getByRole('region', { name: 'Ledger of w2' }).waitFor()
      await page.getByRole('button', { name: 'Let go' }).click()
      await expect.poll(() => hash(page)).toBe('#explain')
      expect(wrong).toEqual([])
      await close()
    })

    test('the derivative as code, of any order and by any input, and the verdict', async () => {
      const { page, wrong, close } = await playground().open(encoded('x*y^3', '&at=x:2,y:1.5'))
      expect(await page.getByLabel('TypeScript').count()).toBe(0)
      await page.getByText('The derivative as code').click()
      await expect
        .poll(() => page.getByLabel('TypeScript', { exact: true }).textContent())
        .toBe(derive('x*y^3').typescript())
      await page.getByLabel('Order').selectOption('2')
      await page.getByLabel('By', { exact: true }).selectOption('y')
      const wanted = derive('x*y^3', { wrt: 'y', order: 2 })
      await expect.poll(() => page.getByLabel('TypeScript', { exact: true }).textContent()).toBe(wanted.typescript())
      expect(await page.getByLabel('LaTeX', { exact: true }).textContent()).toBe(wanted.latex())
      await page.getByText('The verdict of four methods').click()
      const panel = page.locator('details', { hasText: 'The verdict of four methods' })
      const { tables } = verdict('x*y^3', { x: 2, y: 1.5 })
      const numbers = tables[0]?.rows.map(row => row.slice(1, 6).map(x => numeral(x as number, 8)))
      await expect.poll(() => cells(panel)).toEqual(numbers)
      expect(await panel.getByRole('img').getAttribute('aria-label')).toContain('x, difference is least off at h =')
      await page.getByRole('slider', { name: 'y', exact: true }).fill('2')
      const other = verdict('x*y^3', { x: 2, y: 2 }).tables[0]?.rows.map(row =>
        row.slice(1, 6).map(x => numeral(x as number, 8)),
      )
      await expect.poll(() => cells(panel)).toEqual(other)
      await expect.poll(() => hash(page)).toBe('#explain?f=x*y^3&at=x:2,y:2&derive=on&order=2&by=y&verdict=on')
      expect(await barriers(page)).toEqual([])
      await shot(page, 'open')
      expect(wrong).toEqual([])
      await close()
    })

    test('a kink is named, and the address brings all back', async () => {
      const { page, wrong, close } = await playground().open(
        encoded('relu(x) + 0.5*x', '&at=x:0&step=7&pin=w1&verdict=on&speed=5'),
      )
      const { tables } = verdict('relu(x) + 0.5*x', { x: 0 })
      const panel = page.locator('details', { hasText: 'The verdict of four methods' })
      await expect.poll(() => panel.textContent()).toContain(tables[0]?.notes[0])
      expect(await steps(page).inputValue()).toBe('7')
      expect(await page.getByLabel('Steps a second').inputValue()).toBe('5')
      await page.evaluate(() => {
        location.hash = location.hash.replace('x%3A0', 'x%3A0,z%3A3')
      })
      await page.getByText('The address speaks of z, which is no input here.').waitFor()
      expect(await page.getByRole('region', { name: 'Ledger of w1' }).count()).toBe(1)
      expect(wrong).toEqual([])
      await close()
    })

    test('a link and the tables are copied', async () => {
      const { page, wrong, close } = await playground().open(encoded('max(x, y)*x', '&at=x:3,y:1'))
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
      const copied = () => page.evaluate(() => navigator.clipboard.readText())
      await page.getByRole('button', { name: 'Copy link' }).click()
      await expect.poll(copied).toBe(await page.evaluate(() => location.href))
      const found = explain('max(x, y)*x', { x: 3, y: 1 })
      for (const format of ['markdown', 'latex', 'html', 'text', 'json'] as const) {
        await page.getByLabel('Format of the copied tables').selectOption(format)
        await page.getByRole('button', { name: 'Copy tables' }).click()
        await expect.poll(copied).toBe(found.render(format))
      }
      expect(await page.getByText('Copied.').count()).toBe(1)
      expect(wrong).toEqual([])
      await close()
    })

    test('sixty rows are laid out, scroll in their panes, and move at once', async () => {
      const f = Array.from({ length: 10 }, (_, k) => `tanh(w*x + b*${k + 2})*sin(x/${k + 3})`).join(' + ')
      const { page, wrong, close } = await playground().open(encoded(f, '&at=w:0.5,x:1,b:0.1&step=70'))
      const found = explain(f, { w: 0.5, x: 1, b: 0.1 })
      const known = found.trace.rows.map(({ value }, k) => (k < 70 ? numeral(value as number, 6) : ''))
      expect((await cells(forward(page))).map(([value]) => value)).toEqual(known)
      await expect
        .poll(() => page.locator('.explain-graph .node').count(), { timeout: 12_000 })
        .toBe(found.trace.rows.length)
      expect(found.trace.rows.length).toBeGreaterThanOrEqual(60)
      // the current row is in view
      const row = forward(page).locator('tr[aria-current=step]')
      const below = async (): Promise<number> => {
        const [inner, outer] = [await row.boundingBox(), await forward(page).boundingBox()]
        return (inner?.y ?? 0) + (inner?.height ?? 0) - (outer?.y ?? 0) - (outer?.height ?? 0)
      }
      await expect.poll(below).toBeLessThanOrEqual(1)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1360)
      await shot(page, 'large')
      await page.getByRole('button', { name: 'Larger' }).click()
      await page.getByRole('button', { name: 'Fit' }).click()
      const large = await moves(page, '.slider', -4, 0.2)
      const steps = await moves(page, '.player', 150, 1)
      await page.getByLabel('Examples').selectOption('0')
      await agree(page, 'x1*x2 + sin(x1)', { x1: 2, x2: 3 }, ['x1'])
      const small = await moves(page, '.slider', -4, 0.2)
      const told = [small, large, steps].map(ms => ms.toFixed(1))
      console.log(
        `a move in the browser: ${told[0]} ms of 5 rows, ${told[1]} ms of ${known.length}; a step: ${told[2]} ms`,
      )
      expect(small).toBeLessThan(16)
      expect(large).toBeLessThan(50)
      expect(steps).toBeLessThan(50)
      expect(wrong).toEqual([])
      await close()
    })
  })
}
