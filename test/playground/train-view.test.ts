// What the tab Train's pictures are made of: places, colours, changes, pace.
import { signal } from '@preact/signals'
import { describe, expect, it, vi } from 'vitest'
import { change } from '../../playground/train/change.ts'
import { nearest, path, plan } from '../../playground/train/geometry.ts'
import { extent, finer, mix, ramp, rgb, shadeClasses, shadeRange, shadeUnit } from '../../playground/train/image.ts'
import type { Setup } from '../../playground/train/message.ts'
import { along, cell, nearestExample, ticks } from '../../playground/train/plane.ts'
import { numberAt, scaleOf, widest } from '../../playground/train/reading.ts'
import { Session } from '../../playground/train/session.ts'
import { slowly } from '../../playground/train/slowly.ts'
import { setup } from '../../playground/train/state.ts'

const base = setup.peek()

describe('change', () => {
  it('is none between equal setups, and where text is changed that is not the data', () => {
    expect(change(base, { ...base, hidden: [4, 2] })).toEqual({ kind: 'none', what: '' })
    expect(change(base, { ...base, csv: 'a,b,c' }).kind).toBe('none')
  })
  it('tunes the pace and starts anew for the rest, and says what it was', () => {
    expect(change(base, { ...base, lr: 0.1, batch: 8 })).toEqual({
      kind: 'tune',
      what: 'the learning rate and the batch size',
    })
    expect(change(base, { ...base, lr: 0.1, noise: 0, seed: 2 })).toEqual({
      kind: 'setup',
      what: 'the noise, the seed and the learning rate',
    })
    const own: Setup = { ...base, data: 'csv', csv: '1,2,a' }
    expect(change(base, own)).toEqual({ kind: 'setup', what: 'the data' })
    expect(change(own, { ...own, csv: '1,2,b' })).toEqual({ kind: 'setup', what: 'the data' })
  })
  it('tunes only what a session lets be tuned', async () => {
    const other: Partial<Setup> = { lr: 0.1, schedule: 'cosine', regularization: 'L2', rate: 0.1, batch: 8 }
    const others: Partial<Setup> = { optimizer: 'SGD', momentum: 0.5, seed: 2, dropout: 0.5, hidden: [3], noise: 0.2 }
    for (const [key, value] of Object.entries({ ...other, ...others })) {
      const next = { ...base, [key]: value }
      const session = await Session.begin(base)
      const tune = () => session.tune(next)
      if (change(base, next).kind === 'tune') expect(tune, key).not.toThrow()
      else expect(tune, key).toThrow()
    }
  })
})

describe('the plan of a network', () => {
  const layout = plan([2, 3, 1], 500, { left: 50, right: 10 })
  it('has all units within its frame, no two in one place, and an edge for every weight', () => {
    expect(layout.layers.map(units => units.length)).toEqual([2, 3, 1])
    for (const { x, y } of layout.layers.flat()) {
      expect(x - layout.size / 2).toBeGreaterThanOrEqual(50)
      expect(x + layout.size / 2).toBeLessThanOrEqual(490)
      expect(y - layout.size / 2).toBeGreaterThanOrEqual(0)
      expect(y + layout.size / 2).toBeLessThanOrEqual(layout.height)
    }
    expect(new Set(layout.layers.flat().map(({ x, y }) => `${x} ${y}`)).size).toBe(6)
    expect(layout.edges.length).toBe(9)
    expect(layout.biases.length).toBe(4)
    const widest = plan([7, 8, 8, 8, 8, 8, 8, 1], 340, { left: 38, right: 4 })
    expect(widest.size).toBeLessThan((340 - 42) / 8)
  })
  it('finds the weight or bias at a point', () => {
    const fan = plan([1, 3, 1], 500, { left: 50, right: 10 })
    for (const { place, from, to } of fan.edges)
      expect(nearest(fan, (from.x + to.x) / 2, (from.y + to.y) / 2)).toEqual(place)
    for (const { place, at } of layout.biases) expect(nearest(layout, at.x, at.y)).toEqual(place)
    expect(nearest(layout, 1, 1)).toBeNull()
    expect(path(layout.edges[0])).toMatch(/^M[\d.]+ [\d.]+C([\d.]+ ){5}[\d.]+$/)
  })
  it('reads the number of each place from a frame', async () => {
    const session = await Session.begin(base)
    session.step()
    const place = { layer: 1, unit: 1, input: 2 }
    const frame = session.frame(0, place)
    expect(numberAt(frame, place, false)).toBe(frame.layers[1].weight[1 * 4 + 2])
    expect(numberAt(frame, place, true)).toBeCloseTo(frame.ledger?.gradient ?? Number.NaN, 6)
    expect(numberAt(frame, { layer: 0, unit: 3, input: 'bias' }, false)).toBe(frame.layers[0].bias[3])
    expect(scaleOf(frame, false)).toBe(widest)
    const gradients = frame.layers.flatMap(({ weightGrad, biasGrad }) => [...weightGrad, ...biasGrad].map(Math.abs))
    expect(scaleOf(frame, true)).toBe(Math.max(...gradients))
    expect(numberAt(frame, { layer: 7, unit: 0, input: 0 }, false)).toBeUndefined()
  })
})

describe('images', () => {
  const [minus, zero, plus] = ['#ff0000', '#fff', '#0000ff'].map(rgb)
  const colours = ramp(minus, zero, plus)
  const word = (r: number, g: number, b: number) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0
  it('read colours in both forms and mix them', () => {
    expect(rgb('#0b62a8')).toEqual([11, 98, 168])
    expect(zero).toEqual([255, 255, 255])
    expect(mix(minus, plus, 0.5)).toEqual([127.5, 0, 127.5])
    expect([colours[0], colours[255]]).toEqual([word(255, 0, 0), word(0, 0, 255)])
  })
  it('shade a unit by its largest size, at least one', () => {
    const pixels = new Uint32Array(4)
    shadeUnit(pixels, Float32Array.of(9, 9, -2, 2, 0, Number.NaN), 2, colours)
    expect([pixels[0], pixels[1]]).toEqual([colours[0], colours[255]])
    shadeUnit(pixels, Float32Array.of(0.5, 0, 0, 0), 0, colours)
    expect(pixels[0]).toBe(colours[Math.round(1.5 * 127.5)])
    expect(extent(Float32Array.of(5, -3, 2), 1, 2)).toBe(3)
  })
  it('are finer without being other', () => {
    const field = Float32Array.of(7, 0, 1, 2, 3)
    const same = finer(field, 1, 2, 2)
    expect([...same]).toEqual([0, 1, 2, 3])
    const fine = finer(field, 1, 2, 4)
    expect([fine[0], fine[3], fine[12], fine[15]]).toEqual([0, 1, 2, 3])
    expect(fine[5]).toBeCloseTo(0.75)
    expect([...finer(Float32Array.of(4), 0, 1, 2)]).toEqual([4, 4, 4, 4])
  })
  it('shade ranges, in bands too, and a flat one', () => {
    const field = Float32Array.of(10, 15, 19.9, 20)
    expect([...shadeRange(field, colours, 10, 20)].map(x => colours.indexOf(x))).toEqual([0, 128, 252, 255])
    expect([...shadeRange(field, colours, 10, 20, 2)].map(x => colours.indexOf(x))).toEqual([0, 255, 255, 255])
    expect(shadeRange(field, colours, 1, 1)[0]).toBe(colours[0])
  })
  it('shade the likeliest class', () => {
    const fields = [Float32Array.of(1, 1 / 3), Float32Array.of(0, 1 / 3), Float32Array.of(0, 1 / 3)]
    const shades = shadeClasses(fields, [minus, plus, [0, 255, 0]], zero, false)
    expect(shades[0]).toBe(word(255, 0, 0))
    // as good as none of it: half a step of 256
    expect(shades[1] & 0xff).toBe(255)
    expect((shades[1] >> 8) & 0xff).toBeGreaterThan(250)
    expect(shadeClasses(fields, [minus, plus, [0, 255, 0]], zero, true)[1]).toBe(word(255, 0, 0))
  })
})

describe('the plane', () => {
  it('has round numbers, as many as fit', () => {
    expect(ticks(2.5)).toEqual([-2, -1, 0, 1, 2])
    expect(ticks(3)).toEqual([-3, -2, -1, 0, 1, 2, 3])
    expect(ticks(0.7)).toEqual([-0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6])
    for (const bound of [0.013, 1, 7, 12.5, 999]) {
      expect(ticks(bound).length).toBeGreaterThanOrEqual(3)
      expect(ticks(bound).length).toBeLessThanOrEqual(8)
    }
  })
  it('knows what is where', () => {
    expect(along(-2, 2)).toBe(0)
    expect(along(1, 2)).toBe(0.75)
    const examples = [
      { x1: 0, x2: 0, y: 0 },
      { x1: 1, x2: 1, y: 1 },
    ]
    expect(nearestExample(examples, 0.9, 1, 0.5)).toBe(1)
    expect(nearestExample(examples, 3, 3, 0.5)).toBeNull()
    const field = Float32Array.of(99, 1, 2, 3, 4)
    expect(cell(field, 1, 2, 1, -0.5, 0.5)).toBe(1)
    expect(cell(field, 1, 2, 1, 0.5, -0.5)).toBe(4)
    expect(cell(field, 1, 2, 1, 5, 5)).toBe(2)
  })
})

describe('slowly', () => {
  it('takes some of the values, and the last', () => {
    vi.useFakeTimers()
    try {
      const source = signal(0)
      const slow = slowly(source, 100)
      const seen: number[] = []
      slow.subscribe(x => seen.push(x))
      for (let i = 1; i <= 25; i++) {
        source.value = i
        vi.advanceTimersByTime(10)
      }
      vi.advanceTimersByTime(1000)
      expect(seen.length).toBeLessThanOrEqual(5)
      expect(seen.at(-1)).toBe(25)
    } finally {
      vi.useRealTimers()
    }
  })
})
