// Whatever is explained is a table, and every table is text, Markdown, LaTeX, HTML and JSON; large ones are folded.
import katex from 'katex'
import { describe, expect, test } from 'vitest'
import {
  anatomy,
  anatomyTable,
  cost,
  costTable,
  derive,
  eliminate,
  eliminationTable,
  explain,
  growth,
  growthTable,
  history,
  keptTable,
  ledger,
  mark,
  naiveSweep,
  naiveTable,
  patternTable,
  render,
  Stepper,
  storage,
  storageTable,
  sweep,
  sweeps,
  sweepTable,
  type Table,
  trace,
  verdict,
} from '../../src/explain/explain.ts'
import { F, manualSeed, nn, optim, randn, Tensor, tensor, type Value } from '../../src/index.ts'

const text = 'x1*x2 + sin(x1)'
const at = { x1: 2, x2: 1 / 3 }
const odd = { 'a|b_#%': 2, 'θ^{$}': 1 / 3 }
const oddly = (x: Value, y: Value): Value => x.mul(y).add(x.abs().sin())
const softmax = (x: Tensor): Tensor => x.softmax(-1).square().sum()
const point = (): Tensor => tensor([[0.1, -2, 1 / 3]], { dtype: 'float64' })

/** Two blocks of a transformer, a head and a loss. */
class GPT extends nn.Module {
  readonly blocks = new nn.TransformerEncoder(
    new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, dropout: 0, batchFirst: true, normFirst: true }),
    2,
    { norm: new nn.LayerNorm(8) },
  )
  readonly head = new nn.Linear(8, 10)
  forward(x: Tensor, y: Tensor): Tensor {
    const out = this.head.forward(this.blocks.forward(x, { mask: nn.causalMask(4) }))
    return F.crossEntropy(out.reshape([-1, 10]), y.reshape([-1]))
  }
}
manualSeed(0)
const gpt = new GPT()
const embedded = randn([1, 4, 8])
const next = tensor([[1, 2, 3, 4]], { dtype: 'int32' })
const loss = (x: Tensor): Tensor => gpt.forward(x, next)
const whole = (steps: Stepper): Table => {
  steps.jump(steps.length)
  return steps.table
}
function step(): Table {
  const p = tensor([1, -2], { requiresGrad: true })
  const optimizer = new optim.AdamW([p], { lr: 0.1 })
  p.square().sum().backward()
  return anatomyTable(anatomy(optimizer, p))
}
const chain = (x: Value): Value => Array.from({ length: 200 }).reduce<Value>(y => y.sin(), x)
/** One value used 200 times. */
const fan = (x: Value, y: Value): Value => Array.from({ length: 200 }).reduce<Value>(z => z.mul(x).sin(), y)

const tables: [string, () => readonly Table[]][] = [
  ['trace', () => explain(text, at, { wrt: ['x1', 'x2'] }).tables],
  ['trace of odd names', () => explain(oddly, odd).tables],
  ['trace of tensors', () => explain(softmax, [point()]).tables],
  ['trace of a GPT', () => explain(loss, [embedded], { model: gpt }).tables],
  ['ledger', () => [ledger(sweep(trace(oddly, odd)))]],
  ['ledger of tensors', () => [ledger(sweep(trace(softmax, [point()])))]],
  ['ledger of a GPT', () => [ledger(sweep(trace(loss, [embedded], { model: gpt })))]],
  ['ledger of 200 uses', () => [ledger(sweep(trace(fan, [0.5, 0.3])))]],
  ['patterns', () => [patternTable(trace(oddly, odd)), patternTable(trace(chain, [1]))]],
  ['patterns of a GPT', () => [patternTable(trace(loss, [embedded], { model: gpt }))]],
  ['patterns of what was computed', () => [patternTable(history(loss(embedded), { model: gpt }))]],
  ['cost', () => [costTable(cost(text, at)), ...cost(text, at).modes.map(storageTable)]],
  ['cost of tensors', () => [costTable(cost([softmax, (x: Tensor) => x.exp()], [point()]))]],
  ['growth', () => [growthTable(growth((x: Value) => x.sin(), [0.5], [1, 10, 100]))]],
  ['storage', () => [keptTable(storage(trace(oddly, odd)))]],
  ['storage of a GPT', () => [keptTable(storage(trace(loss, [embedded], { model: gpt })))]],
  ['sweeps', () => [sweepTable(sweeps(oddly, odd)), sweepTable(sweeps(softmax, [point()]))]],
  ['sweeps of a GPT', () => [sweepTable(sweeps(loss, [embedded]))]],
  ['naive', () => [naiveTable(naiveSweep(oddly, odd)), naiveTable(naiveSweep(loss, [embedded]))]],
  ['elimination', () => [eliminationTable(eliminate(oddly, odd)), eliminationTable(eliminate(chain, [1]))]],
  ['stepper', () => [whole(new Stepper(trace(oddly, odd))), whole(new Stepper(trace(softmax, [point()])))]],
  ['stepper of tangents', () => [whole(new Stepper(trace(oddly, odd, { wrt: Object.keys(odd) }), { tangents: true }))]],
  ['stepper of a GPT', () => [whole(new Stepper(trace(loss, [embedded], { model: gpt })))]],
  ['stepper of a chain', () => [whole(new Stepper(trace(chain, [1])))]],
  ['verdict', () => [...verdict(text, at).tables, ...verdict('max(x, y)', { x: 1, y: 1 }).tables]],
  ['verdict of tensors', () => verdict(softmax, [point()]).tables],
  ['mark', () => [mark(text, at, { w1: 1, x1: 1 / 3, x2: 'w2_bar*x1' }).table]],
  ['mark of tensors', () => [mark(softmax, [point()], { w1: [[0.5, 1, 2]] }).table]],
  ['derive', () => [derive(text).table, derive('exp(-x^2)', { order: 2 }).table]],
  ['anatomy', () => [step()]],
]

/** All numbers of what JSON holds, those that it lacks as their names. */
const numbers = (x: unknown): unknown[] =>
  typeof x === 'number' || /^(NaN|-?Infinity)$/.test(String(x))
    ? [x]
    : typeof x === 'object' && x !== null
      ? Object.values(x).flatMap(numbers)
      : []
const inside = (table: Table): unknown[] =>
  table.rows.flatMap(row =>
    row.flatMap((cell): unknown[] =>
      typeof cell === 'number' ? [cell] : cell instanceof Tensor ? Array.from(cell.data) : [],
    ),
  )

/** Is every tag closed in its turn, every attribute quoted, every mark of HTML in the text escaped? */
function wellFormed(html: string): void {
  const open: string[] = []
  const rest = html.replace(/<(\/?)([a-z]+)((?: [a-z-]+="[^"<>]*")*)>/g, (_, closing: string, name: string) => {
    if (closing) expect(open.pop()).toBe(name)
    else open.push(name)
    return ''
  })
  expect(open).toEqual([])
  expect(rest).not.toMatch(/[<>]/)
  expect(rest.replace(/&(?:[a-z]+|#\d+);/g, '')).not.toContain('&')
}

describe.each(tables)('%s', (_, make) => {
  const made = make()

  test('text is no wider than asked', () => {
    for (const table of made)
      for (const width of [20, 40, 80, 132])
        for (const line of render(table, 'text', { width }).split('\n'))
          expect(line.length, line).toBeLessThanOrEqual(width)
  })

  test('Markdown has a cell for each column, and formulas that KaTeX reads', () => {
    for (const table of made) {
      const lines = render(table, 'markdown')
        .split('\n')
        .filter(line => line.startsWith('|'))
      expect(lines).toHaveLength(table.rows.length + 2)
      for (const line of lines) {
        expect(line.match(/(?<!\\)\|/g), line).toHaveLength(table.columns.length + 1)
        for (const [, formula] of line.matchAll(/(?<!\\)\$(.*?)(?<!\\)\$/g))
          katex.renderToString(formula as string, { throwOnError: true, strict: 'error' })
      }
    }
  })

  test('KaTeX reads LaTeX', () => {
    for (const table of made)
      expect(
        katex.renderToString(render(table, 'latex'), { displayMode: true, throwOnError: true, strict: 'error' }),
      ).toContain('katex')
  })

  test('HTML is well-formed', () => {
    for (const table of made) {
      const html = render(table, 'html')
      wellFormed(html)
      expect(html.match(/<tr>/g)).toHaveLength(table.rows.length + 1)
      expect(html.match(/<td/g) ?? []).toHaveLength(table.rows.length * table.columns.length)
    }
  })

  test('JSON has all digits', () => {
    for (const table of made) {
      const json = JSON.parse(render(table, 'json')) as { rows: unknown[]; title: string }
      expect(json.rows).toHaveLength(table.rows.length)
      const found = json.rows.flatMap(numbers)
      for (const x of inside(table)) {
        const written = Number.isFinite(x) ? x : String(x)
        expect(found.some(y => y === written || (y === 0 && x === 0))).toBe(true)
      }
    }
  })

  test('is no wall: folded', () => {
    for (const table of made) expect(table.rows.length).toBeLessThan(100)
  })
})

describe('folding', () => {
  const found = trace(loss, [embedded], { model: gpt })
  const sum = (table: Table, column: number): number =>
    table.rows.reduce((sum, row) => sum + (row[column] as number), 0)
  const first = (table: Table): string[] => table.rows.map(([cell]) => String(cell))

  test('by module, loses no byte of what is kept', () => {
    const [short, long] = [keptTable(storage(found), { fold: 10 }), keptTable(storage(found), { fold: false })]
    expect(found.rows.length).toBeGreaterThan(150)
    expect(long.rows.length).toBeGreaterThan(40)
    expect(short.rows.length).toBeLessThan(15)
    expect(sum(short, 4)).toBe(sum(long, 4))
    expect(first(short).join()).toMatch(/w\d+ to w\d+: module blocks/)
  })

  test('by module, counts the uses and has the value of the last row', () => {
    const all = sweep(found)
    const [short, long] = [ledger(all, { fold: 20 }), ledger(all, { fold: false })]
    expect(long.rows.length).toBeGreaterThan(40)
    expect(short.rows.length).toBeLessThan(30)
    const line = short.rows.find(([cell]) => String(cell).includes('module blocks'))
    expect(line?.[1]).toMatch(/^\d+ uses$/)
    const shown = /to (\S+):/.exec(String(line?.[0]))?.[1]
    expect(line?.[5]).toBe(all.adjoints.find(({ row }) => row.name === shown)?.value)
  })

  test('of one row that is used 200 times', () => {
    const all = sweep(trace(fan, { x: 0.5, y: 0.3 }))
    const short = ledger(all)
    expect(short.rows).toHaveLength(7)
    expect(short.rows[4]?.[1]).toBe('(195 more)')
    expect(JSON.stringify(short.rows.at(-1)?.[4])).toMatch(/x-bar = .*\(195 more\).*/)
    expect(short.rows.at(-1)?.[5]).toBe(all.adjoints.find(({ row }) => row.name === 'x')?.value)
    expect(ledger(all, { rows: ['x'] }).rows).toHaveLength(201)
  })

  test('of steps, by repetition, says which', () => {
    const steps = new Stepper(trace(chain, [1]), { fold: 20 })
    expect(steps.length).toBe(402)
    steps.jump(50)
    expect(steps.table.rows.map(([n, phase, what]) => [n, phase, String(what)])).toContainEqual([
      '3 to 50',
      'forward',
      'w2 to w49: the line above, 48 times more, 48 steps',
    ])
    expect(whole(new Stepper(trace(chain, [1]), { fold: false })).rows).toHaveLength(402)
    expect(whole(new Stepper(found)).rows.length).toBeLessThan(90)
  })

  test.each([
    [() => keptTable(storage(found), { fold: 2 }), /keptTable: fold is an integer of at least 5, not 2/],
    [() => ledger(sweep(found), { fold: 2 }), /ledger: fold is an integer of at least 5/],
    [() => new Stepper(found, { fold: 0 }), /Stepper: fold is an integer of at least 5/],
    [() => keptTable([], { lines: 2 } as never), /keptTable: unknown option 'lines'/],
    [() => patternTable('x' as never), /patternTable: needs a trace/],
  ])('error %#', (run, message) => {
    expect(run).toThrow(message)
  })
})

test('patterns as a table', () => {
  expect(render(patternTable(trace('max(x, y)*relu(x) + floor(y)/2', { x: 1, y: 3 })))).toBe(
    `Flow patterns: what becomes of a gradient on its way back

pattern   what it does     rows  which
--------  ---------------  ----  -----
add       distributes         1  w6
multiply  switches            1  w4
max       routes              1  w2
scale     scales              1  w5
gate      gates               1  w1
block     blocks              1  w3
copy      sums its copies     1  x (2)`,
  )
})
