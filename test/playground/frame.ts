// The frame: tabs, theme, address, and what holds for every tab: no error, no refusal, nothing sideways, no barrier.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { type Playground, shots, sizes } from './browser.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds against the WCAG's levels A and AA, a line each. */
export async function barriers(page: Page): Promise<string[]> {
  // through the debugger: the page's own policy would refuse the script
  await page.evaluate(axe)
  return page.evaluate(async () => {
    interface Axe {
      run(options: object): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }>
    }
    const { axe } = window as unknown as { axe: Axe }
    const { violations } = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })
    return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html.slice(0, 200)}`))
  })
}

const tabs = ['explain', 'train', 'optimizers', 'modes']

export function frame(playground: () => Playground): void {
  describe('every tab', () => {
    for (const tab of tabs)
      for (const theme of ['light', 'dark'] as const)
        for (const size of ['desktop', 'phone'] as const)
          test(`${tab}, ${theme}, ${size}`, async () => {
            const { page, wrong, close } = await playground().open(`#${tab}`, { theme, size })
            await page.waitForTimeout(300)
            await page.screenshot({ path: join(shots, `${tab}-${theme}-${size}.png`), fullPage: true })
            expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
              sizes[size].width,
            )
            expect(await barriers(page)).toEqual([])
            expect(wrong).toEqual([])
            await close()
          })
  })

  describe('the frame', () => {
    test('the address opens a tab, and says what it does not know', async () => {
      const { page, close } = await playground().open('#nowhere')
      expect(await page.getByRole('alert').textContent()).toContain("there is no 'nowhere' here")
      await page.getByRole('button', { name: 'Close' }).click()
      expect(await page.getByRole('alert').count()).toBe(0)
      await page.getByRole('link', { name: 'Modes' }).click()
      await page.locator('main[data-tab=modes]').waitFor()
      await page.goBack()
      await page.locator('main[data-tab=explain]').waitFor()
      await close()
    })

    test('the theme is the system’s until one is chosen, which is remembered', async () => {
      const { page, close } = await playground().open('#modes', { theme: 'dark' })
      const theme = () => page.evaluate(() => document.documentElement.dataset.theme)
      expect(await theme()).toBe('dark')
      await page.getByRole('radio', { name: 'light' }).check()
      expect(await theme()).toBe('light')
      await page.reload()
      await page.locator('main > section, main > div').first().waitFor()
      expect(await theme()).toBe('light')
      await close()
    })

    test('the keyboard reaches the content past the tabs', async () => {
      const { page, close } = await playground().open('#modes')
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
      await close()
    })
  })
}
