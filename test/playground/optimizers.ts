// The tab Optimizers: every control, numbers that are the library's, the address, and short tasks.
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { numeral } from '../../playground/numeral.ts'
import { initials, type KindName } from '../../playground/optimizers/kind.ts'
import { read, surfaces } from '../../playground/optimizers/surface.ts'
import { anatomies, walk } from '../../playground/optimizers/walk.ts'
import { optim, Value } from '../../src/index.ts'
import type { Playground } from './browser.ts'

/** The row of an optimizer in the table of results. */
const row = (page: Page, name: string) =>
  page
    .getByRole('region', { name: /^After all/ })
    .getByRole('row')
    .filter({ has: page.getByRole('button', { name, exact: true }) })
const cells = async (page: Page, name: string): Promise<string[]> => row(page, name).getByRole('cell').allTextContents()
const functionOf = (text: string) => {
  const found = read(text)
  if ('error' in found) throw new Error(found.error)
  return found.f
}
/** Waits for what the worker and the page make of it, on a busy machine too. */
const poll = <X>(of: () => X | Promise<X>) => expect.poll(of, { timeout: 12_000 })
const number = (page: Page, name: string) => page.getByLabel(`${name}, as a number`, { exact: true })
async function enter(page: Page, name: string, x: number | string): Promise<void> {
  await number(page, name).fill(String(x))
  await number(page, name).press('Enter')
  await number(page, name).blur()
}

export function optimizers(playground: () => Playground): void {
  describe('optimizers', () => {
    test('heights, distances and outcomes are those of the library', async () => {
      const { page, wrong, close } = await playground().open('#optimizers?on=sgd,adam,lbfgs&steps=60')
      await poll(() => cells(page, 'Adam')).toHaveLength(3)
      const [x, y] = [new Value(-2.5), new Value(2)]
      const optimizer = new optim.Adam([x, y], { lr: 0.1 })
      let reached = 0
      for (let t = 1; t <= 60; t++) {
        optimizer.zeroGrad()
        x.square().add(y.square().mul(10)).div(2).backward()
        optimizer.step()
        if (!reached && Math.hypot(x.data, y.data) <= 0.01) reached = t
      }
      const z = (x.data ** 2 + 10 * y.data ** 2) / 2
      await poll(() => cells(page, 'Adam')).toEqual([
        numeral(z, 3),
        numeral(Math.hypot(x.data, y.data), 3),
        'not reached',
      ])
      expect((await cells(page, 'L-BFGS'))[2]).toMatch(/^reached after \d+ steps$/)
      // a wider tolerance is reached
      await enter(page, 'Reached: nearer to the minimum than', 0.5)
      await poll(async () => (await cells(page, 'Adam'))[2]).toMatch(/^reached after \d+ steps$/)
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('choosing, constants, divergence', async () => {
      const { page, wrong, close } = await playground().open('#optimizers')
      await poll(() => row(page, 'SGD').count()).toBe(1)
      await page.getByRole('checkbox', { name: 'Nesterov' }).check()
      await poll(() => row(page, 'Nesterov').count()).toBe(1)
      await page.getByRole('checkbox', { name: 'RMSprop' }).uncheck()
      await poll(() => row(page, 'RMSprop').count()).toBe(0)
      const group = page.getByRole('group', { name: 'SGD', exact: true })
      await group.getByLabel('learning rate, as a number').fill('1')
      await group.getByLabel('learning rate, as a number').blur()
      await poll(async () => (await cells(page, 'SGD'))[2]).toMatch(/^diverged in step \d+$/)
      await poll(() => page.getByText('SGD diverged').count()).toBe(1)
      const path = walk(
        functionOf(surfaces.bowl.text),
        10,
        { kind: 'sgd', constants: { ...initials('sgd'), lr: 1 } },
        surfaces.bowl.start,
        200,
      )
      expect((await cells(page, 'SGD'))[2]).toBe(`diverged in step ${path.diverged}`)
      await group.getByText('more constants').click()
      await group.getByRole('button', { name: 'As in the beginning' }).click()
      await poll(async () => (await cells(page, 'SGD'))[2]).not.toContain('diverged')
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('surfaces, a formula of one’s own, and what is wrong with it', async () => {
      const { page, wrong, close } = await playground().open('#optimizers?on=adam')
      await page.getByRole('combobox', { name: 'Surface' }).selectOption('Himmelblau')
      await poll(() => page.getByText('4 minima in this picture').count()).toBe(1)
      const group = page.getByRole('group', { name: /^The surface from above/ })
      expect(await group.getAttribute('aria-label')).toContain('Minimum at (3, 2)')
      const formula = page.getByLabel('f(x, y) =')
      await formula.fill('(x - k)^2 + y^2 +')
      await poll(() => page.getByRole('alert').textContent()).toContain('(column ')
      await formula.fill('(x - k)^2 + y^2')
      await poll(() => page.getByRole('alert').count()).toBe(0)
      await poll(() => page.getByRole('combobox', { name: 'Surface' }).inputValue()).toBe('own')
      await enter(page, 'k', 1.5)
      await poll(() => group.getAttribute('aria-label')).toContain('Minimum at (1.5, 0)')
      await enter(page, 'Zoom', 0.5)
      await poll(() => group.getAttribute('aria-label')).toContain('x from −6 to 6')
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('the start by pointer, by keys, by slider and by click', async () => {
      const { page, wrong, close } = await playground().open('#optimizers?on=adam&at=0')
      const start = page.getByRole('slider', { name: /^Start; arrow/ })
      expect(await start.getAttribute('aria-valuetext')).toBe('x −2.5, y 2')
      await start.focus()
      await page.keyboard.press('ArrowRight')
      await page.keyboard.press('Shift+ArrowDown')
      await poll(() => start.getAttribute('aria-valuetext')).toBe('x −2.44, y 1.4')
      const map = page.locator('.map')
      const box = await map.boundingBox()
      if (!box) throw new Error('no map')
      const at = (x: number, y: number) =>
        [box.x + ((x + 3) / 6) * box.width, box.y + ((3 - y) / 6) * box.height] as const
      await page.mouse.move(...at(-2.44, 1.4))
      await page.mouse.down()
      await page.mouse.move(...at(0, 0), { steps: 3 })
      await page.mouse.move(...at(2, -2), { steps: 3 })
      await page.mouse.up()
      const away = async (x: number, y: number): Promise<number> => {
        const [a, b] = await Promise.all(['Start x', 'Start y'].map(name => number(page, name).inputValue()))
        return Math.hypot(Number(a.replace('−', '-')) - x, Number(b.replace('−', '-')) - y)
      }
      await poll(() => away(2, -2)).toBeLessThan(0.05)
      await page.mouse.click(...at(-1, -2.5))
      await poll(() => away(-1, -2.5)).toBeLessThan(0.05)
      await enter(page, 'Start x', 1.25)
      await poll(() => start.getAttribute('aria-valuetext')).toContain('x 1.25')
      // the table follows
      const path = walk(
        functionOf(surfaces.bowl.text),
        10,
        { kind: 'adam', constants: initials('adam') },
        { x: 1.25, y: Number((await number(page, 'Start y').inputValue()).replace('−', '-')) },
        200,
      )
      await poll(async () => (await cells(page, 'Adam'))[0]).toBe(numeral(path.f[200], 3))
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('steps, and the anatomy of one', async () => {
      const { page, wrong, close } = await playground().open('#optimizers?on=sgd,momentum,adamw&of=momentum&at=3')
      const region = page.getByRole('region', { name: 'Anatomy of a step' })
      const parts = (kind: KindName, step: number) =>
        anatomies(functionOf(surfaces.bowl.text), 10, { kind, constants: initials(kind) }, surfaces.bowl.start, step)
      const shown = async (name: string): Promise<string[]> =>
        region
          .getByRole('row', { name: new RegExp(`^${name}`) })
          .getByRole('cell')
          .allTextContents()
      const expected = (kind: KindName, step: number, i: number) =>
        parts(kind, step)?.map(({ parts }) => numeral(parts[i].step as number))
      await poll(() => shown('momentum')).toEqual(expected('momentum', 3, 2))
      await page.getByRole('button', { name: 'Step', exact: true }).click()
      await poll(() => shown('momentum')).toEqual(expected('momentum', 4, 2))
      await page.getByRole('button', { name: 'Rewind' }).click()
      await poll(() => shown('gradient')).toEqual(expected('momentum', 0, 0))
      await region.getByLabel('Optimizer').selectOption('AdamW')
      await poll(() => shown('decay')).toEqual(expected('adamw', 0, 3))
      expect(await region.locator('.katex').count()).toBeGreaterThan(2)
      await row(page, 'SGD').getByRole('button').click()
      await poll(() => region.getByLabel('Optimizer').inputValue()).toBe('sgd')
      // a click on a way chooses it, and the step
      const path = walk(
        functionOf(surfaces.bowl.text),
        10,
        { kind: 'momentum', constants: initials('momentum') },
        surfaces.bowl.start,
        200,
      )
      await page.getByRole('button', { name: 'To the end' }).click()
      const box = await page.locator('.map').boundingBox()
      if (!box) throw new Error('no map')
      await page.mouse.click(box.x + ((path.x[4] + 3) / 6) * box.width, box.y + ((3 - path.y[4]) / 6) * box.height)
      await poll(() => region.getByLabel('Optimizer').inputValue()).toBe('momentum')
      expect(await page.getByRole('slider', { name: 'Steps taken' }).inputValue()).toBe('4')
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('the page answers while the worker works: no change of the start takes its thread 50 ms', async () => {
      const { page, close } = await playground().open(
        '#optimizers?on=sgd,momentum,nesterov,adagrad,rmsprop,adam&steps=500&at=250',
      )
      await poll(() => row(page, 'Adam').count()).toBe(1)
      await page.waitForTimeout(1500)
      // the thread's own time: on a busy machine tasks are long because others run
      const session = await page.context().newCDPSession(page)
      await session.send('Performance.enable', { timeDomain: 'threadTicks' })
      const spent = async (): Promise<number> => {
        const { metrics } = await session.send('Performance.getMetrics')
        return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN)
      }
      await page.getByRole('slider', { name: /^Start; arrow/ }).focus()
      const times: number[] = []
      for (let i = 0; i < 8; i++) {
        const before = await spent()
        await page.keyboard.press('ArrowRight')
        await page.waitForTimeout(150)
        times.push((await spent()) - before)
      }
      // all tasks of a change together: input, rendering, the worker's answers, the chart
      expect(Math.max(...times)).toBeLessThan(50)
      await close()
    }, 30_000)

    test('play goes to the end', async () => {
      const { page, wrong, close } = await playground().open('#optimizers?steps=40&at=0&speed=50')
      await poll(() => row(page, 'SGD').count()).toBe(1)
      await page.getByRole('button', { name: 'Play' }).click()
      await poll(() => page.getByRole('button', { name: 'Pause' }).count()).toBe(1)
      await page.getByRole('button', { name: 'Pause' }).click()
      expect(await page.getByRole('button', { name: 'Play' }).count()).toBe(1)
      await page.getByRole('button', { name: 'Play' }).click()
      await poll(() => page.getByRole('slider', { name: 'Steps taken' }).inputValue()).toBe('40')
      expect(wrong).toEqual([])
      await close()
    }, 30_000)

    test('an address that names a surface alone has its settings; with another formula it is one’s own', async () => {
      const { page, close } = await playground().open('#optimizers?surface=beale')
      await poll(() => page.getByLabel('f(x, y) =').inputValue()).toBe(surfaces.beale.text)
      expect(await number(page, 'Start x').inputValue()).toBe(numeral(surfaces.beale.start.x))
      await close()
      const other = await playground().open('#optimizers?surface=beale&f=x%5E2%2By%5E4')
      await poll(() => other.page.getByRole('combobox', { name: 'Surface' }).inputValue()).toBe('own')
      await other.close()
    }, 30_000)

    test('the address holds everything', async () => {
      const { page, close } = await playground().open(
        '#optimizers?surface=ravine&f=x%5E2%2F16+%2B+k*(y+-+sin(x))%5E2&k=30&x=1&y=-1&on=lion,lbfgs&lion.lr=0.2&of=lion&steps=30&at=7',
      )
      await poll(() => row(page, 'Lion').count()).toBe(1)
      expect(await number(page, 'k').inputValue()).toBe('30')
      expect(
        await page.getByRole('group', { name: 'Lion' }).getByLabel('learning rate, as a number').inputValue(),
      ).toBe('0.2')
      expect(await page.getByRole('checkbox', { checked: true }).count()).toBe(2)
      await page.getByRole('checkbox', { name: 'NAdam' }).check()
      await page.getByRole('button', { name: 'Step', exact: true }).click()
      await page.getByRole('button', { name: 'Step', exact: true }).click()
      await poll(() => page.url()).toContain('at=9')
      const { page: again, close: closeAgain } = await playground().open(new URL(page.url()).hash)
      await poll(() => row(again, 'NAdam').count()).toBe(1)
      await poll(() => cells(again, 'Lion')).toEqual(await cells(page, 'Lion'))
      await closeAgain()
      await page.goto(page.url().replace('steps=30', 'steps=0'))
      await poll(() => page.getByRole('alert').textContent()).toContain('steps is a whole number from 1 to 1000')
      await close()
    }, 30_000)
  })
}
