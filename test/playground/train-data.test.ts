// The data of the tab Train: made sets as the library makes them, the reader's own tables, and what is wrong with these.
import { describe, expect, test } from 'vitest'
import { own } from '../../playground/train/csv.ts'
import { dataNames } from '../../playground/train/message.ts'
import { begin, trained } from './setup.ts'

const moments = (xs: readonly number[]): [mean: number, deviation: number] => {
  const mean = xs.reduce((a, b) => a + b) / xs.length
  return [mean, Math.sqrt(xs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / xs.length)]
}

describe('made', () => {
  test.each(dataNames.filter(name => name !== 'csv'))('%s: standardised by what is trained with', async name => {
    const { train, test, classes, range, bound, axes } = (await begin({ data: name, samples: 100 })).ready
    expect([train.length, test.length, axes]).toEqual([70, 30, ['x1', 'x2']])
    for (const axis of ['x1', 'x2'] as const) {
      const [mean, deviation] = moments(train.map(example => example[axis]))
      expect(mean).toBeCloseTo(0, 10)
      expect(deviation).toBeCloseTo(1, 10)
      for (const example of [...train, ...test]) expect(Math.abs(example[axis])).toBeLessThan(bound)
    }
    const targets = [...train, ...test].map(({ y }) => y)
    if (classes.length > 0) {
      expect([...new Set(targets)].sort()).toEqual(Array.from(classes, (_, k) => k))
      expect(new Set(classes).size).toBe(classes.length)
    } else {
      expect(moments(train.map(({ y }) => y))[1]).toBeCloseTo(1, 10)
      expect(range).toEqual([Math.min(...targets), Math.max(...targets)])
    }
  })

  test('noise spreads, and 0 is none', async () => {
    const radii = async (noise: number) => {
      const { train } = (await begin({ data: 'circles', noise, samples: 400 })).ready
      return moments(train.filter(({ y }) => y === 0).map(({ x1, x2 }) => Math.hypot(x1, x2)))[1]
    }
    expect(await radii(0)).toBeLessThan(0.02)
    expect(await radii(0.1)).toBeGreaterThan(0.05)
    // clusters have a width of their own
    expect((await begin({ data: 'clusters', noise: 0 })).ready.bound).toBeGreaterThan(1.5)
  })
})

describe("the reader's own table", () => {
  const csv = 'width, height, kind\n1, 2, cat\n3, 1,"dog, large"\n2.5, -1e1, cat\n0, 4, cat\n'

  test('a header, words for classes', async () => {
    expect(await own(csv)).toEqual({
      names: ['width', 'height'],
      rows: [
        [1, 2],
        [3, 1],
        [2.5, -10],
        [0, 4],
      ],
      labels: [0, 1, 0, 0],
      classes: ['cat', 'dog, large'],
    })
  })
  test('no header; semicolons, tabs; line ends of all systems, empty lines', async () => {
    for (const text of ['1;2;a\n3;4;b', '1\t2\ta\r\n3\t4\tb\r\n', '\n\n1,2,a\r\r3,4,b\n\n'])
      expect(await own(text)).toMatchObject({
        names: ['x1', 'x2'],
        rows: [
          [1, 2],
          [3, 4],
        ],
        classes: ['a', 'b'],
      })
  })
  test('whole numbers are classes up to ten, others and more are quantities', async () => {
    const table = (labels: readonly (number | string)[]) => own(labels.map((y, i) => `${i},${i * i},${y}`).join('\n'))
    expect(await table([10, 2, 10, 7])).toMatchObject({ labels: [2, 0, 2, 1], classes: ['2', '7', '10'] })
    expect(await table([0.5, 2, 10, 7])).toMatchObject({ labels: [0.5, 2, 10, 7], classes: [] })
    expect(await table([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])).toMatchObject({ classes: { length: 10 } })
    expect(await table([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).toMatchObject({ classes: [] })
    expect(await table(['true', 'false', 'true'])).toMatchObject({ labels: [1, 0, 1], classes: ['false', 'true'] })
  })

  test.each([
    ['', 'The table is empty'],
    [' \n\n', 'The table is empty'],
    ['1,2\n3,4', 'Line 1 has 2 columns, but at least three are needed'],
    ['\nhello', 'Line 2 has 1 column, but'],
    ['1,2,a\n3,4\n', 'Line 2 has 2 fields, the first line 3'],
    ['x,y,z\n1,2,a\n3,4,5,b\n', 'Line 3 has 4 fields, the header (line 1) 3'],
    ['x,y,z\n1,2,a\n3,oops,b\n', "Line 3 has 'oops' in column 'y', which is no number"],
    ['x,y,z\n1,2,a\n,4,b\n', "Line 3 has '' in column 'x', which is no number"],
    ['1,2,a\n\n3,NA,b\n', "Line 3 has 'NA' in column 2, which is no number"],
    ['x,x,z\n1,2,a\n', "Two columns are called 'x'. Give them different names"],
    ['1,2,"a\n3,4,b\n', 'Line 1: '],
    [Array.from({ length: 30 }, (_, i) => `1,2,${i === 17 ? '1o' : i / 4}`).join('\n'), "Line 18 has '1o' in column 3"],
    ['x,y,z\n1,2,"a\n3,4,b\n', 'Line 2: '],
    ['x,y,z\n', 'The table has 0 examples, but at least 2'],
    ['1,2,a\n', 'The table has 1 example, but at least 2'],
    ['1,2,a\n3,4,\n', 'Example 2 has no label in column 3'],
    ['1,2,a\n3,4,a\n', "All examples have the label 'a', so there is nothing to tell apart"],
    ['1,2,0.5\n3,4,0.5\n', "All examples have the label '0.5', so there is nothing to tell apart"],
    [
      Array.from('abcdefghijk', x => `1,2,${x}`).join('\n'),
      'Column 3 has 11 different words, but there can be at most 10',
    ],
    [
      Array.from({ length: 3 }, (_, i) => [...Array(21).keys(), `c${i}`].join(',')).join('\n'),
      'The table has 22 columns, but at most 20 and a label fit',
    ],
    ['1,2,a\n1e400,4,b\n', 'Example 2 has Infinity in column 1, but numbers may be 1e+100 at most'],
    ['1,2,1.5\n3,4,-1e101\n', 'Example 2 has -1e+101 in column 3, but'],
  ])('%j: %s', async (text, message) => {
    await expect(own(text)).rejects.toThrow(message)
    await expect(begin({ data: 'csv', csv: text })).rejects.toThrow(message)
  })

  test('as long as a link can be', async () => {
    const rows = (count: number) => Array.from({ length: count }, (_, i) => `${i},${i % 7},${i % 2}`).join('\n')
    expect((await own(rows(10_000))).labels).toHaveLength(10_000)
    await expect(own(rows(100_000))).rejects.toThrow(
      /^The table has 988,\d+ characters, but at most 200,000 fit into a link/,
    )
  })

  const numbers = '1,2,0.5\n2,3,1.5\n3,3,2.5'
  // two classes that the third column tells apart, which the plane does not show
  const rows = Array.from({ length: 60 }, (_, i) => [Math.sin(i), Math.cos(7 * i), i % 2 === 0 ? 5 + i / 60 : i / 60])
  const wide = `a,b,c,kind\n${rows.map((row, i) => `${row},${['even', 'odd'][i % 2]}`).join('\n')}`

  test('columns after the second are inputs too; the plane is shown at their mean', async () => {
    const session = await trained(150, { data: 'csv', csv: wide, features: ['x1', 'x1*x2'] })
    expect(session.ready).toMatchObject({ axes: ['a', 'b'], inputs: ['x1', 'x1*x2', 'c'], classes: ['even', 'odd'] })
    const { units, resolution, history } = session.frame()
    const cells = resolution ** 2
    expect(units[0].subarray(2 * cells).every(x => x === 0)).toBe(true)
    expect(history[history.length - 1].testScore).toBeGreaterThan(0.9)
    // the features may be left out then
    expect((await begin({ data: 'csv', csv: wide, features: [] })).ready.widths[0]).toBe(1)
  })
  test('examples at one place, and very few of them', async () => {
    const [same, few] = [
      await trained(5, { data: 'csv', csv: '1,1,a\n1,1,b' }),
      await trained(5, { data: 'csv', csv: numbers }),
    ]
    expect(same.ready).toMatchObject({ bound: 1, train: { length: 1 }, test: { length: 1 } })
    expect(same.frame().outputs.every(Number.isFinite)).toBe(true)
    expect(few.frame().history.at(-1)).toMatchObject({ trainScore: expect.any(Number), testScore: Number.NaN })
  })
  test('three classes; a quantity, standardised', async () => {
    const of = (y: (i: number) => string | number) =>
      trained(300, { data: 'csv', csv: rows.map(([a, b], i) => `${a},${b},${y(i)}`).join('\n'), hidden: [8] })
    const three = await of(i => ['low', 'middle', 'high'][Math.floor(1.5 * (1 + rows[i][0]))])
    expect(three.ready.widths.at(-1)).toBe(3)
    expect(three.frame().history.at(-1)?.trainScore).toBeGreaterThan(0.9)
    const quantity = await of(i => 5000 + 300 * rows[i][0])
    expect(moments(quantity.ready.train.map(({ y }) => y))).toEqual([expect.closeTo(0, 8), expect.closeTo(1, 8)])
    expect(quantity.frame().history.at(-1)?.testScore).toBeGreaterThan(0.9)
  })
})
