// Text: vocabularies, blocks, names; and what is refused.
import { describe, expect, test } from 'vitest'
import { ArgumentError, DtypeError, data, Generator, IndexError, ShapeError, tensor, zeros } from '../../src/index.ts'
import { values } from '../fixture.ts'

const { BlockDataset, CharVocabulary, charBlocks, nextCharacters } = data
const ints = (xs: number[]) => tensor(xs, { dtype: 'int32' })

describe('CharVocabulary', () => {
  test('sorted characters, there and back', () => {
    const text = 'To be, or\nnot to be?'
    const vocabulary = CharVocabulary.of(text)
    expect(vocabulary.characters).toEqual([...'\n ,?Tbenort'])
    expect(vocabulary.size).toBe(11)
    const codes = vocabulary.encode(text)
    expect([codes.dtype, codes.shape]).toEqual(['int32', [20]])
    expect(vocabulary.decode(codes)).toBe(text)
    expect(vocabulary.decode([4, 6])).toBe('Te')
    expect([vocabulary.has('T'), vocabulary.has('t!')]).toEqual([true, false])
    expect(vocabulary.encode('').shape).toEqual([0])
  })

  test('characters are code points, in their order, beyond 16 bits too', () => {
    // U+FF21 comes before U+1F600, though not by UTF-16 units
    const vocabulary = CharVocabulary.of('😀aＡ', 'é')
    expect(vocabulary.characters).toEqual(['a', 'é', 'Ａ', '😀'])
    expect(values(vocabulary.encode('a😀'))).toEqual([0, 3])
    expect(vocabulary.decode([3, 3])).toBe('😀😀')
  })

  test('made again of its characters, also through JSON', () => {
    const vocabulary = CharVocabulary.of('hello')
    const again = new CharVocabulary(JSON.parse(JSON.stringify(vocabulary)).characters)
    expect(values(again.encode('hole'))).toEqual(values(vocabulary.encode('hole')))
    expect(new CharVocabulary('cab').decode([0, 1, 2])).toBe('cab')
  })

  test('refusals name character and position', () => {
    const vocabulary = CharVocabulary.of('abc')
    expect(() => vocabulary.encode('aböc')).toThrow(ArgumentError)
    expect(() => vocabulary.encode('aböc')).toThrow('"ö" (U+00F6) at position 2 is none of the 3 characters known')
    expect(() => vocabulary.encode('\u0007')).toThrow('"\\u0007" (U+0007) at position 0')
    expect(() => vocabulary.encode(3 as never)).toThrow(ArgumentError)
    expect(() => vocabulary.decode([0, 3])).toThrow(IndexError)
    expect(() => vocabulary.decode([0, 3])).toThrow('3 at position 1 is no character, they are 0 to 2')
    expect(() => vocabulary.decode([0.5])).toThrow(IndexError)
    expect(() => vocabulary.decode(zeros([1]))).toThrow(DtypeError)
    expect(() => vocabulary.decode(ints([1]).reshape(1, 1))).toThrow(ShapeError)
    expect(() => new CharVocabulary('')).toThrow(/no characters/)
    expect(() => new CharVocabulary('aba')).toThrow('"a" (U+0061) comes twice')
    expect(() => new CharVocabulary(['ab'])).toThrow(/single characters, not the string 'ab'/)
    expect(() => new CharVocabulary([3 as never])).toThrow(ArgumentError)
  })
})

describe('blocks', () => {
  const text = ints([...Array(11).keys()])

  test('one after the other, y one further; the rest is dropped', () => {
    const { x, y } = charBlocks(text, 3)
    expect(x.toArray()).toEqual([[0, 1, 2], [3, 4, 5], [6, 7, 8]]) // biome-ignore format: rows
    expect(y.toArray()).toEqual([[1, 2, 3], [4, 5, 6], [7, 8, 9]]) // biome-ignore format: rows
    expect([x.dtype, y.dtype]).toEqual(['int32', 'int32'])
    expect(charBlocks(text, 5).x.shape).toEqual([2, 5])
    expect(charBlocks(text, 10).y.shape).toEqual([1, 10])
    expect(charBlocks(text, 2, { stride: 4 }).x.toArray()).toEqual([[0, 1], [4, 5], [8, 9]]) // biome-ignore format: rows
  })

  test('as a data set: every place is a block, and so in a loader', () => {
    const set = new BlockDataset(text, 4)
    expect(set.length).toBe(7)
    expect(set.get(6).map(values)).toEqual([
      [6, 7, 8, 9],
      [7, 8, 9, 10],
    ])
    const starts: number[] = []
    for (const [x, y] of new data.DataLoader(set, { batchSize: 3, shuffle: true, generator: new Generator(0) })) {
      expect(values(y)).toEqual(values(x).map(code => code + 1))
      starts.push(...(x.toArray() as number[][]).map(([first]) => first))
    }
    expect(starts.sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  test('refusals', () => {
    expect(() => charBlocks(text, 11)).toThrow(ShapeError)
    expect(() => charBlocks(text, 11)).toThrow(/a block of 11 and the code after it need 12 codes, there are 11/)
    expect(() => charBlocks(text, 0)).toThrow(ArgumentError)
    expect(() => charBlocks(text, 2, { stride: 0 })).toThrow(ArgumentError)
    expect(() => charBlocks(text, 2, { step: 1 } as never)).toThrow(/unknown option 'step'/)
    expect(() => charBlocks(text.float(), 2)).toThrow(DtypeError)
    expect(() => charBlocks(text.reshape(11, 1), 2)).toThrow(ShapeError)
    const set = new BlockDataset(text, 4)
    for (const i of [-1, 7]) expect(() => set.get(i)).toThrow(IndexError)
  })
})

describe('names', () => {
  test('each character after what comes before it, as makemore has it', () => {
    const { x, y, vocabulary } = nextCharacters(['emma', 'a'], 3)
    expect(vocabulary.characters).toEqual(['.', 'a', 'e', 'm'])
    const lines = (x.toArray() as number[][]).map(
      (row, i) => `${vocabulary.decode(row)}>${vocabulary.decode([values(y)[i]])}`,
    )
    expect(lines).toEqual(['...>e', '..e>m', '.em>m', 'emm>a', 'mma>.', '...>a', '..a>.'])
    expect([x.dtype, y.dtype]).toEqual(['int32', 'int32'])
  })

  test('with the vocabulary of other names, and another boundary; an empty name only ends', () => {
    const { vocabulary } = nextCharacters(['abc'], 1)
    expect(nextCharacters(['cab'], 1, { vocabulary }).y.toArray()).toEqual([3, 1, 2, 0])
    expect(() => nextCharacters(['xa'], 1, { vocabulary })).toThrow(/"x" .* at position 0/)
    expect(nextCharacters(['a.b'], 1, { boundary: '\n' }).vocabulary.characters).toEqual(['\n', '.', 'a', 'b'])
    expect(nextCharacters([''], 2).y.toArray()).toEqual([0])
  })

  test('refusals', () => {
    expect(() => nextCharacters([], 2)).toThrow(/no names/)
    expect(() => nextCharacters(['ok', 'a.b'], 2)).toThrow(/name 1 \('a.b'\) holds the boundary '.'/)
    expect(() => nextCharacters(['a'], 0)).toThrow(ArgumentError)
    expect(() => nextCharacters(['a'], 1, { boundary: '' })).toThrow(ArgumentError)
    expect(() => nextCharacters(['a'], 1, { boundary: '--' })).toThrow(ArgumentError)
    expect(() => nextCharacters(['a'], 1, { end: '.' } as never)).toThrow(ArgumentError)
    expect(() => nextCharacters([3 as never], 1)).toThrow(ArgumentError)
  })
})
