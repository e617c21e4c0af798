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

    test('a program of many inputs keeps their values in the address', async () => {
      const f = Array.from({ length: 14 }, (_, i) => `v${i}`).join('+')
      const { page, close } = await playground().open(`#modes?f=${encodeURIComponent(f)}`)
      await enter(page, 'v13 =', '5')
      await poll(() => hash(page)).toContain('at=1,1,1,1,1,1,1,1,1,1,1,1,1,5')
      await page.reload()
      await poll(() => page.getByLabel('v13 =', { exact: true }).inputValue()).toBe('5')
      expect(await page.getByRole('alert').count()).toBe(0)
      await close()
    })

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
