// What is kept for the walk back, by name.
import { expect, test } from 'vitest'
import { cost } from '../../src/explain/cost.ts'
import { keptTable, storage } from '../../src/explain/storage.ts'
import { formats, render } from '../../src/explain/table.ts'
import { trace } from '../../src/explain/trace.ts'
import { nn, randn, type Tensor, type Value } from '../../src/index.ts'

const shown = (kept: ReturnType<typeof storage>): string[] =>
  kept.map(({ row, readers, computed, bytes }) => {
    const names = readers.map(({ name }) => name).join(' ')
    return `${row.name} for ${names}: ${bytes}${computed ? '' : ' anyway'}`
  })

test('values are kept that a derivative reads, operands or results, once', () => {
  expect(shown(storage(trace('x1*x2 + sin(x1)', { x1: 2, x2: 3 })))).toEqual([
    'x1 for w1 w2: 8 anyway',
    'x2 for w2: 8 anyway',
  ])
  // tanh and exp read their results, square its operand; a sum reads nothing
  const f = (x: Value): Value => x.tanh().exp().add(1).square()
  expect(shown(storage(trace(f, [1])))).toEqual(['w1 for w1: 8', 'w2 for w2: 8', 'w3 for w4: 8'])
})

test('an array that rows share is kept once, under its first name', () => {
  const f = (x: Tensor): Tensor => x.exp().reshape([6]).sin().sum()
  const kept = storage(trace(f, [randn([2, 3])]))
  expect(shown(kept)).toEqual(['w1 for w1 w3: 24'])
})

test('of a model: as much as its cost says', () => {
  const model = new nn.Sequential(new nn.Linear(3, 5), new nn.Tanh(), new nn.Linear(5, 2))
  const x = randn([4, 3])
  const kept = storage(trace(model, [x]))
  expect(kept.filter(({ computed }) => !computed).map(({ row }) => row.name)).toEqual(['x1', '0.weight', '2.weight'])
  const bytes = kept.filter(({ computed }) => computed).reduce((sum, { bytes }) => sum + bytes, 0)
  expect(bytes).toBe(cost(model, [x], { repeats: 0 }).modes[1]!.kept.bytes)
})

test('as a table', () => {
  const table = keptTable(storage(trace('exp(x1*x2) + sin(x1)', { x1: 2, x2: 3 })))
  expect(render(table)).toMatch(/^w3 +exp +w3 \(exp\) +1 +8$/m)
  expect(render(table)).toContain('1 of these values (8 bytes) were computed')
  for (const format of formats) expect(render(table, format)).toContain('x2')
})
