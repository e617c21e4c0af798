// gradus/csv: fields, lines, types, gaps, files, a browser; and what is refused.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { build } from 'vite'
import { afterAll, describe, expect, test } from 'vitest'
import { ArgumentError, data, FileFormatError } from '../../src/index.ts'
import { parseCsv, readCsv, type Table } from '../../src/io/csv.ts'

const folder = mkdtempSync(join(tmpdir(), 'gradus-csv-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const types = (table: Table): Record<string, string> =>
  Object.fromEntries(table.columns.map(({ name, type }) => [name, type]))
const cells = (table: Table): unknown[][] => table.columns.map(({ values }) => [...values])

describe('a table out of text', () => {
  test('the example', async () => {
    const table = await parseCsv('size,kind\n1.5,cat\n,"dog, large"\n')
    expect(table.columns[1].values).toEqual(['cat', 'dog, large'])
    expect(table.missing()).toEqual([{ row: 1, column: 'size' }])
    expect(table).toBeInstanceOf(data.Table)
  })

  test('types are those of all fields of a column', async () => {
    const table = await parseCsv('a,b,c,d,e,f\n1,true,x,1,-.5e3,\n 2 ,FALSE,true,x,+7.,NA\n')
    expect(types(table)).toEqual({ a: 'number', b: 'boolean', c: 'text', d: 'text', e: 'number', f: 'number' })
    expect(cells(table)).toEqual([
      [1, 2],
      [true, false],
      ['x', 'true'],
      ['1', 'x'],
      [-500, 7],
      [null, null],
    ])
    for (const text of ['0x10', 'Infinity', '1 2', '1,5', '--1', '1e', '.', 'e5'])
      expect((await parseCsv(`a\n"${text}"\n`)).columns[0].type).toBe('text')
  })

  test('types can be told: zeros in front, classes as text, all-missing text', async () => {
    const table = await parseCsv('zip,n\n007,1\n,2', { types: { zip: 'text', n: 'text' } })
    expect(cells(table)).toEqual([
      ['007', null],
      ['1', '2'],
    ])
    expect(types(await parseCsv('a,b\n,1', { types: { a: 'text' } }))).toEqual({ a: 'text', b: 'number' })
  })

  test('quotes: commas, quotes and line breaks within; spaces of text are kept', async () => {
    const table = await parseCsv('a,b\n"x ""y"" z","1\n2"\n  p ,q,\n'.replace('q,', 'q'))
    expect(cells(table)).toEqual([
      ['x "y" z', '  p '],
      ['1\n2', 'q'],
    ])
  })

  test('line ends of all systems, mixed too; empty lines and a byte order mark do not count', async () => {
    const plain = cells(await parseCsv('a,b\n1,2\n3,4'))
    expect(plain).toEqual([
      [1, 3],
      [2, 4],
    ])
    for (const text of [
      'a,b\r\n1,2\r\n3,4\r\n',
      'a,b\r1,2\r3,4',
      'a,b\n1,2\r\n3,4\n\n',
      '\n\na,b\n\n1,2\n  \n3,4',
      '\uFEFFa,b\n1,2\n3,4',
    ]) {
      const table = await parseCsv(text)
      expect([table.names, cells(table)]).toEqual([['a', 'b'], plain])
    }
  })

  test('headers: none, given, with gaps', async () => {
    expect((await parseCsv('1,2\n3,4', { header: false })).names).toEqual(['column 0', 'column 1'])
    const given = await parseCsv('1,2\n3,4', { header: ['u', 'v'] })
    expect([given.names, given.length]).toEqual([['u', 'v'], 2])
    expect((await parseCsv(' ,x y , z\n1,2,3')).names).toEqual(['column 0', 'x y', 'z'])
    expect((await parseCsv('a,b\n')).length).toBe(0)
  })

  test('other delimiters, other gaps', async () => {
    expect(cells(await parseCsv('a;b\n1;2,5', { delimiter: ';' }))).toEqual([[1], ['2,5']])
    expect(cells(await parseCsv('a\tb\n1\t?', { delimiter: '\t', missing: ['?'] }))).toEqual([[1], [null]])
    expect(cells(await parseCsv('a\nNA\nNaN\n1\nnull'))).toEqual([[null, null, 1, null]])
    expect(cells(await parseCsv('a,b\nNA,', { missing: [] }))).toEqual([['NA'], ['']])
  })

  test('the whole way: text, table, tensors, batches', async () => {
    const table = await parseCsv('length,wild,species\n1.5,true,cat\n2.5,false,dog\n,true,cat\n')
    const { x, y, encoders } = table.dropMissing().toTensors(['length', 'wild'], 'species')
    const [batch] = new data.DataLoader(new data.TensorDataset(x, y), { batchSize: 2 })
    expect(batch.map(t => t.toArray())).toEqual([[[1.5, 1], [2.5, 0]], [0, 1]]) // biome-ignore format: rows
    expect(encoders.species.inverseTransform(y)).toEqual(['cat', 'dog'])
  })
})

describe('files', () => {
  test('from a path, and errors name it', async () => {
    const [good, bad] = ['good.csv', 'bad.csv'].map(name => join(folder, name))
    writeFileSync(good, 'a,b\n1,ä\n')
    writeFileSync(bad, 'a,b\n1\n')
    expect(cells(await readCsv(good))).toEqual([[1], ['ä']])
    await expect(readCsv(bad)).rejects.toThrow(`${bad}: line 2 has 1 fields, the header (line 1) 2`)
    await expect(readCsv(join(folder, 'none.csv'))).rejects.toThrow('ENOENT')
    await expect(readCsv(3 as never)).rejects.toThrow(ArgumentError)
  })
})

describe('refusals', () => {
  test.each<[string, RegExp]>([
    ['a,b\n1,2\n3\n', /^csv: line 3 has 1 fields, the header \(line 1\) 2\. A field that holds ',' needs quotes/],
    ['a,b\n1,2,3\n', /line 2 has 3 fields/],
    // lines, not rows: a field over three lines, and an empty line, come before
    ['a,b\n"x\ny\nz",2\n\n1,2,3\n', /line 6 has 3 fields/],
    ['a,b\r\n"x\r\ny",2\r\n1\r\n', /line 4 has 1 fields/],
    ['\n\na,b\n1', /line 4 has 1 fields, the header \(line 3\) 2/],
    ['a,b\n1,2\n"x,2\n', /line 3: Quoted field unterminated/],
    ['a,b\n1,2\n"x"y,2\n', /line 3: Trailing quote on quoted field is malformed/],
    ['a,b,a\n1,2,3', /two columns are called 'a'/],
    ['', /there are no lines/],
    ['\n \n', /there are no lines/],
  ])('%j', async (text, message) => {
    await expect(parseCsv(text)).rejects.toThrow(FileFormatError)
    await expect(parseCsv(text)).rejects.toThrow(message)
  })

  test('a field that is not of the type given', async () => {
    const read = parseCsv('a,b\n1,yes\n', { types: { b: 'boolean' } })
    await expect(read).rejects.toThrow("csv: line 2 has 'yes' in column 'b', which is no boolean")
    await expect(parseCsv('a\n"x\ny"\n1z', { types: { a: 'number' } })).rejects.toThrow(/line 2 has 'x\ny'/)
  })

  test('columns may be named like what every object has', async () => {
    const table = await parseCsv('constructor,__proto__,points\nferrari,1,3\nlotus,2,4\n')
    expect(table.columns.map(({ type }) => type)).toEqual(['text', 'number', 'number'])
    const { x, encoders } = table.toTensors(['constructor', '__proto__'], 'points')
    expect(x.toArray()).toEqual([[0, 1], [1, 2]]) // biome-ignore format: rows
    expect(Object.keys(encoders)).toEqual(['constructor'])
  })

  test('arguments', async () => {
    const refused = async (text: unknown, given?: object) => {
      await expect(parseCsv(text as string, given)).rejects.toThrow(ArgumentError)
    }
    await refused(3)
    await refused('a', { separator: ';' })
    for (const delimiter of ['', ';;', '"', '\n', 3]) await refused('a', { delimiter })
    await refused('a\n1', { types: { b: 'text' } })
    await refused('a\n1', { types: { a: 'integer' } })
    await refused('a', { missing: 'NA' })
    await refused('a', { header: 'a' })
    await expect(parseCsv('1,2', { header: ['a'] })).rejects.toThrow(/line 1 has 2 fields, the header given 1/)
    await expect(parseCsv('1,2\n3', { header: false })).rejects.toThrow(/line 2 has 1 fields, the first line 2/)
  })
})

test('runs where there is nothing but the language, as in a browser', async () => {
  const entry = join(folder, 'entry.ts')
  writeFileSync(
    entry,
    `import { parseCsv } from ${JSON.stringify(join(import.meta.dirname, '../../src/io/csv.ts'))}
globalThis.result = parseCsv('a,b\\n1,"x,y"\\n').then(table => JSON.stringify(table.columns))`,
  )
  await build({
    configFile: false,
    logLevel: 'silent',
    root: join(import.meta.dirname, '../..'),
    build: {
      lib: { entry, formats: ['iife'], name: 'csv', fileName: 'csv' },
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      write: true,
    },
  })
  const [name] = readdirSync(folder).filter(file => /^csv.*js$/.test(file))
  const bundle = readFileSync(join(folder, name), 'utf8')
  const context = createContext({ setTimeout }) as { result: Promise<string> }
  runInContext(bundle, context)
  expect(JSON.parse(await context.result)).toEqual([
    { name: 'a', type: 'number', values: [1] },
    { name: 'b', type: 'text', values: ['x,y'] },
  ])
})
