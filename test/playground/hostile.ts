// Addresses, names and numbers that nobody expects: the page says what it makes of them, and goes on.
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { Playground } from './browser.ts'

const poll = <X>(of: () => X | Promise<X>) => expect.poll(of, { timeout: 12_000 })
const hash = (page: Page): Promise<string> => page.evaluate(() => decodeURIComponent(location.hash))
async function enter(page: Page, name: string, x: string): Promise<void> {
  const box = page.getByLabel(name, { exact: true })
  await box.fill(x)
  await box.press('Enter')
  await box.blur()
}

export function hostile(playground: () => Playground): void {
  describe('hostile', () => {
    test('inputs that are named as what every object has', async () => {
      const f = 'constructor*toString + __proto__'
      const { page, wrong, close } = await playground().open(`#explain?f=${encodeURIComponent(f)}&by=valueOf`)
      const names = page.getByRole('region', { name: 'Table of values and tangents' }).getByRole('row')
      await poll(() => names.count()).toBe(6)
      expect(await names.nth(1).getByRole('cell').first().textContent()).toBe('1')
      await enter(page, '__proto__, as a number', '7')
      await poll(() => hash(page)).toContain('__proto__:7')
      expect(wrong).toEqual([])
      await close()
    })

    test('whole numbers stay whole when others are typed, and the address can be opened again', async () => {
      const { page, wrong, close } = await playground().open('#optimizers?on=lbfgs')
      await page.getByText('more constants').click()
      await enter(page, 'history, as a number', '3.6')
      await enter(page, 'Steps in all, as a number', '20.4')
      await poll(() => hash(page)).toBe('#optimizers?on=lbfgs&steps=20&lbfgs.historySize=4')
      await page.getByRole('link', { name: 'Modes' }).click()
      await enter(page, 'Inputs n, as a number', '3.5')
      await enter(page, 'Outputs m, as a number', '1.2')
      await enter(page, 'Depth, as a number', '4.4')
      await enter(page, 'x =', '1e9')
      await poll(() => hash(page)).toBe('#modes?n=4&m=1&depth=4&at=1000000,1')
      await page.reload()
      await poll(() => page.getByLabel('Depth, as a number').inputValue()).toBe('4')
      expect(await page.getByRole('alert').count()).toBe(0)
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('a surface that is named alone, one that is not of its formula, and no number at the start', async () => {
      const { page, wrong, close } = await playground().open('#optimizers?surface=beale')
      await poll(() => page.getByLabel('f(x, y) =').inputValue()).toContain('2.625')
      await poll(() => hash(page)).toContain('x=1&y=1.5')
      const { address } = playground()
      await page.goto(`${address}#optimizers?surface=beale&f=log(x)`)
      await poll(() => page.getByRole('combobox', { name: 'Surface' }).inputValue()).toBe('own')
      await poll(() => page.getByText('f is no finite number at the start').count()).toBe(1)
      await poll(() => page.getByText('no number at the start', { exact: true }).count()).toBe(4)
      await page.goto(`${address}#optimizers`)
      await poll(() => page.getByRole('combobox', { name: 'Surface' }).inputValue()).toBe('bowl')
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('a program of as many inputs as there may be keeps their values in the address', async () => {
      const f = Array.from({ length: 12 }, (_, i) => `v${i}`).join('+')
      const { page, close } = await playground().open(`#modes?f=${encodeURIComponent(f)}`)
      await enter(page, 'v11 =', '5')
      await poll(() => hash(page)).toContain('at=1,1,1,1,1,1,1,1,1,1,1,5')
      await page.reload()
      await poll(() => page.getByLabel('v11 =', { exact: true }).inputValue()).toBe('5')
      expect(await page.getByRole('alert').count()).toBe(0)
      await close()
    })

    test('what was changed a moment before another tab was opened is there on the way back', async () => {
      const { page, close } = await playground().open('#explain?speed=3')
      await poll(() => page.getByRole('alert').textContent()).toContain('speed is one of 0.5, 1, 2, 5, 10, 20')
      await page.getByRole('textbox', { name: /^f, in/ }).fill('x1*x2*x1')
      await page.getByRole('link', { name: 'Modes' }).click()
      await page.locator('main[data-tab=modes]').waitFor()
      await page.goBack()
      await poll(() => page.getByRole('textbox', { name: /^f, in/ }).inputValue()).toBe('x1*x2*x1')
      await close()
    })

    test('what has no derivative says so where it was typed', async () => {
      const { page, wrong, close } = await playground().open('#modes?f=floor(x)&n=2&depth=2')
      const panel = page.getByRole('region', { name: 'Order of evaluation' })
      await poll(() => panel.getByRole('alert').textContent()).toContain('depends on none of the inputs')
      // what goes well elsewhere does not hide it
      await page.getByText('Measured.').waitFor()
      expect(await panel.getByRole('alert').count()).toBe(1)
      await panel.getByRole('textbox', { name: 'One output' }).fill('x^2')
      await poll(() => panel.getByRole('alert').count()).toBe(0)
      await poll(() => panel.getByRole('region', { name: 'Orders' }).count()).toBe(1)
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('two hundred rows are laid out beside the page, and ten thousand are refused', async () => {
      const { page, wrong, close } = await playground().open('#explain')
      const f = page.getByLabel('f, in its inputs’ names')
      await f.fill(`${'x+'.repeat(5000)}x`)
      await poll(() => page.getByRole('alert').textContent()).toContain('this page shows at most 300')
      await f.fill(Array.from({ length: 50 }, (_, k) => `sin(a*${k + 2}+b)`).join('*'))
      await poll(() => page.getByText('Laying out 201 rows').count()).toBe(1)
      // who types on does not wait for it
      await f.fill('a*b + sin(a)')
      await poll(() => page.locator('.explain-graph .node').count()).toBe(5)
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('the focus stays where it was when there is no further step, and each tab has its title', async () => {
      const { page, wrong, close } = await playground().open('#explain?step=10')
      const focused = () =>
        page.evaluate(() => document.activeElement?.textContent || document.activeElement?.ariaLabel)
      await page.getByRole('button', { name: 'Step', exact: true }).press('Enter')
      await poll(() => page.getByRole('slider', { name: 'Steps taken' }).inputValue()).toBe('11')
      await page.keyboard.press('Enter')
      expect(await focused()).toBe('Step')
      expect(await page.getByRole('button', { name: 'Step', exact: true }).isDisabled()).toBe(true)
      await page.getByRole('button', { name: 'Larger' }).press('Enter')
      await page.getByRole('button', { name: 'Fit' }).press('Enter')
      expect(await focused()).toBe('Fit')
      await page.getByRole('button', { name: 'w1 = sin(x1)' }).first().press('Enter')
      await page.getByRole('button', { name: 'Let go' }).press('Enter')
      expect(await page.evaluate(() => document.activeElement?.ariaLabel)).toContain('Terms of the gradient of')
      expect(await page.title()).toBe('Explain · Gradus playground')
      for (const name of ['Optimizers', 'Modes', 'Train']) {
        await page.getByRole('link', { name }).click()
        await page.getByRole('heading', { level: 1, name }).waitFor()
        expect(await page.title()).toBe(`${name} · Gradus playground`)
      }
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('no tab goes sideways on the narrowest screens', async () => {
      const { page, wrong, close } = await playground().open('#optimizers')
      await page.setViewportSize({ width: 320, height: 700 })
      for (const name of ['Optimizers', 'Modes', 'Explain']) {
        await page.getByRole('link', { name }).click()
        await page.getByRole('table').first().waitFor()
        await poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
      }
      await page.getByLabel('Examples').selectOption({ label: 'Six sigmoids: the gradient vanishes' })
      // formulas are set in pieces, until all are
      await poll(() =>
        page.evaluate(() => [...document.querySelectorAll('.tex')].filter(x => !x.firstChild).length),
      ).toBe(0)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('a tab that fails says so, and the others work', async () => {
      const { page, close } = await playground().open('#modes')
      await page.evaluate(() => {
        const { ResizeObserver } = window
        window.ResizeObserver = class {
          constructor() {
            window.ResizeObserver = ResizeObserver
            throw new Error('none here')
          }
        } as never
      })
      await page.getByRole('link', { name: 'Explain' }).click()
      await poll(() => page.getByRole('alert').textContent()).toContain('has failed: Error: none here')
      await page.getByRole('link', { name: 'Modes' }).click()
      await page.getByRole('heading', { name: 'Function' }).waitFor()
      expect(await page.getByRole('alert').count()).toBe(0)
      await page.getByRole('link', { name: 'Explain' }).click()
      await page.getByRole('heading', { name: 'Graph' }).waitFor()
      expect(await page.getByRole('alert').count()).toBe(0)
      await close()
    })
  })
}
