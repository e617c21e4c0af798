// The tab Explain without its view: what is arranged of the library's results, in words, in places and in the address.
import { describe, expect, test } from 'vitest'
import { examples } from '../../playground/explain/examples.ts'
import { amounts, taken } from '../../playground/explain/fields.ts'
import { curve, layout } from '../../playground/explain/layout.ts'
import { same } from '../../playground/explain/picked.ts'
import { sentence } from '../../playground/explain/sentence.ts'
import { beyond } from '../../playground/explain/shown.ts'
import {
  explained,
  isProblem,
  moment,
  numbers,
  reach,
  read,
  type Shape,
  shape,
  start,
  tangents,
} from '../../playground/explain/study.ts'
import { type Expression, explain, parse } from '../../src/explain/explain.ts'
import { grad, type Value } from '../../src/index.ts'

function good(text: string): Expression {
  const found = read(text)
  if (isProblem(found)) throw new Error(found.message)
  return found
}
function study(text: string, at: Readonly<Record<string, number>>, wrt: readonly string[] = []) {
  const expression = good(text)
  const found = explained(expression, at, wrt)
  return { found, form: shape(expression, found), counted: numbers(found), dots: tangents(found) }
}
const lecture = () => study('x1*x2 + sin(x1)', { x1: 2, x2: 3 }, ['x1'])
/** An expression with so many rows, or a few more. */
const large = (rows: number): string =>
  Array.from({ length: Math.ceil((rows - 3) / 6) }, (_, k) => `tanh(w*x + b*${k + 2})*sin(x/${k + 3})`).join(' + ')

describe('what is read', () => {
  test('every example can be explained, and has a number for each input', () => {
    for (const { text, at } of examples) {
      const expression = good(text)
      expect(Object.keys(at).sort(), text).toEqual([...expression.names].sort())
      const { counted } = study(text, at)
      expect(counted.values.every(Number.isFinite), text).toBe(true)
    }
  })

  test('mistakes are told in the library’s words, with the column', () => {
    expect(read('x1*x2 + sine(x1)')).toEqual({ message: "unknown function 'sine'. Did you mean sin?", column: 9 })
    expect(read('')).toEqual({ message: 'the text is empty', column: 1 })
    expect(read('1 + 2')).toEqual({ message: 'there is no input to differentiate by', column: null })
  })

  test('numbers that nobody has said are different, and not special', () => {
    expect(Array.from({ length: 8 }, (_, k) => start(k))).toEqual([...new Set([1, 2, 0.5, -1, 1.5, -0.5, 3, 0.8])])
    expect(start(9)).toBe(start(1))
  })
})

describe('the shape', () => {
  test('has the lecture’s rows, uses, patterns and formulas', () => {
    const { form, dots, found } = lecture()
    expect(form.nodes.map(({ formula }) => formula.text)).toEqual([
      'x1',
      'x2',
      'w1 = sin(x1)',
      'w2 = x1*x2',
      'w3 = w1 + w2',
    ])
    expect(form.nodes.map(({ pattern, uses, isOutput }) => [pattern, uses, isOutput])).toEqual([
      [null, 2, false],
      [null, 1, false],
      ['slope', 1, false],
      ['multiply', 1, false],
      ['add', 0, true],
    ])
    expect(form.edges.map(({ from, to, partial }) => [from, to, partial?.text])).toEqual([
      [0, 2, 'cos(x1)'],
      [0, 3, 'x2'],
      [1, 3, 'x1'],
      [2, 4, '1'],
      [3, 4, '1'],
    ])
    expect(form.visits.map(({ formula }) => formula.text)).toEqual(found.equations.reverse)
    expect(dots.formulas.map(formula => formula?.text)).toEqual(found.equations.forward)
    expect(dots.titles.map(({ text }) => text)).toEqual(['d/d(x1)'])
  })

  test('is the same for other numbers', () => {
    const texts = (form: Shape) => JSON.stringify(form)
    for (const text of ['x1*x2 + sin(x1)', 'relu(x) + 0.5*x', 'x > y ? x^2 : x*y', 'max(x, y)*x']) {
      const { names } = good(text)
      const at = (x: number) => Object.fromEntries(names.map((name, k) => [name, x + k]))
      expect(texts(study(text, at(-3)).form), text).toBe(texts(study(text, at(0)).form))
    }
  })

  test('a row that is used twice by the same op has two uses', () => {
    const { form } = study('x*x', { x: 3 })
    expect(form.edges.map(({ id }) => id)).toEqual(['1.0', '1.1'])
    expect(form.visits[1]?.terms.map(({ edge }) => edge)).toEqual(['1.0', '1.1'])
  })

  test('of many uses the table has the first, and the ledger all', () => {
    const { form } = study(large(60), { w: 1, x: 2, b: 0.5 })
    const x = form.visits.find(({ node }) => form.nodes[node]?.name === 'x')
    expect(x?.terms.length).toBe(20)
    expect(x?.formula.text).toContain('(15 more)')
  })

  test('a use that hands nothing back is none of those that are summed', () => {
    const { form, counted } = study('x*sign(x)', { x: -2 })
    const end = moment(counted, counted.steps.length)
    expect(form.nodes.map(({ pattern, uses }) => [pattern, uses])).toEqual([
      [null, 1],
      ['block', 0],
      ['multiply', 0],
    ])
    expect([end.arrived.get(0), end.adjoints.get(0)]).toEqual([1, -1])
  })

  test('of what no gradient flows through there is the way forward only', () => {
    const { form, counted } = study('floor(x)', { x: 2.5 })
    const end = moment(counted, counted.steps.length)
    expect(counted.values.at(-1)).toBe(2)
    expect([form.visits, [...end.adjoints], counted.steps.length]).toEqual([[], [], 2])
    expect(form.edges[0]?.partial).toBeNull()
    expect(sentence(form, counted, end, counted.steps.length)).toEqual([
      'The value is w1 = 2; no gradient flows back from it.',
    ])
  })
})

describe('numbers', () => {
  test('are the library’s', () => {
    const { counted } = lecture()
    expect(counted.values).toEqual([2, 3, Math.sin(2), 6, 6 + Math.sin(2)])
    expect(counted.tangents.flat()).toEqual([1, 0, Math.cos(2), 3, 3 + Math.cos(2)])
    expect([...counted.locals]).toEqual([
      ['2.0', Math.cos(2)],
      ['3.0', 3],
      ['3.1', 2],
      ['4.0', 1],
      ['4.1', 1],
    ])
  })

  test('at the end the adjoints are the gradient, for every example', () => {
    for (const { text, at } of examples) {
      const { form, counted } = study(text, at)
      const { names, f } = parse(text)
      const { adjoints } = moment(counted, counted.steps.length)
      const wanted = grad((...xs: Value[]) => f(...xs) as Value, { argnums: names.map((_, k) => k) })(
        ...names.map(name => at[name] as number),
      ) as unknown as readonly number[]
      names.forEach((name, k) => {
        const index = form.nodes.find(node => node.name === name)?.index ?? -1
        expect(adjoints.get(index) ?? 0, `${text} by ${name}`).toBeCloseTo(Number(wanted[k]), 12)
      })
    }
  })

  test('tangents by all inputs stand side by side', () => {
    const { counted, dots } = study('x1*x2 + sin(x1)', { x1: 2, x2: 3 }, ['x1', 'x2'])
    expect(counted.tangents.at(-1)).toEqual([3 + Math.cos(2), 2])
    expect(dots.titles.map(({ text }) => text)).toEqual(['d/d(x1)', 'd/d(x2)'])
  })
})

describe('moments', () => {
  test('grow by one row forward, then by one use backward', () => {
    const { counted } = lecture()
    expect(counted.steps).toHaveLength(11)
    const all = Array.from({ length: 12 }, (_, k) => moment(counted, k))
    expect(all.map(({ known }) => known)).toEqual([0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5])
    expect(all.map(({ row }) => row)).toEqual([null, 0, 1, 2, 3, 4, 4, 2, 3, 0, 0, null])
    expect(all.map(({ edge }) => edge)).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
      null,
      '4.0',
      '4.1',
      '2.0',
      '3.0',
      null,
    ])
    expect(all.map(({ adjoints }) => adjoints.get(0))).toEqual([
      ...Array(9),
      Math.cos(2),
      3 + Math.cos(2),
      3 + Math.cos(2),
    ])
    expect(all.map(({ arrived }) => arrived.get(0))).toEqual([...Array(9), 1, 2, 2])
    expect([...(all[11]?.handed ?? [])]).toEqual([
      ['4.0', 1],
      ['4.1', 1],
      ['2.0', Math.cos(2)],
      ['3.0', 3],
      ['3.1', 2],
    ])
  })

  test('are told in sentences', () => {
    const { form, counted } = lecture()
    const said = (k: number) =>
      sentence(form, counted, moment(counted, k), k)
        .map(word => (typeof word === 'string' ? word : word.text))
        .join('')
    expect(said(0)).toBe('Nothing is computed yet. Forward, each row gets its value; then gradients flow back.')
    expect(said(1)).toBe('Forward: the input x1 is 2; its tangent is 1 by x1.')
    expect(said(3)).toBe('Forward: w1 = sin(x1) is 0.9093; its tangent is −0.4161 by x1.')
    expect(said(6)).toBe('Now backward. The output changes as fast as itself: w3-bar = 1.')
    expect(said(7)).toBe('Backward: w3 = w1 + w2 distributes: w1 gets w3-bar = 1 × 1 = 1.')
    expect(said(9)).toBe(
      'Backward: w1 = sin(x1) has a local slope: x1 gets w1-bar*cos(x1) = 1 × (−0.4161) = −0.4161. That is use 1 of 2, together −0.4161 so far.',
    )
    expect(said(10)).toBe(
      'Backward: w2 = x1*x2 switches: x1 gets w2-bar*x2 = 1 × 3 = 3. That is use 2 of 2, together 2.584.',
    )
    expect(said(11)).toBe('All done: w3 = 6.909, and its derivatives are 2.584 by x1, 2 by x2.')
  })
})

describe('the layout', () => {
  test.each(['right', 'down'] as const)('to the %s has a place for all and no node on another', direction => {
    for (const text of [...examples.map(({ text }) => text), large(60)]) {
      const { form } = study(text, Object.fromEntries(good(text).names.map((name, k) => [name, start(k)])))
      const { boxes, ways, width, height } = layout(form, direction)
      expect(ways.size).toBe(form.edges.length)
      boxes.forEach((a, i) => {
        expect(a.x - a.width / 2).toBeGreaterThanOrEqual(0)
        expect(a.x + a.width / 2).toBeLessThanOrEqual(width)
        expect(a.y + a.height / 2).toBeLessThanOrEqual(height)
        for (const b of boxes.slice(i + 1))
          expect(
            Math.abs(a.x - b.x) >= (a.width + b.width) / 2 || Math.abs(a.y - b.y) >= (a.height + b.height) / 2,
          ).toBe(true)
      })
      for (const { from, to } of form.edges) {
        const along = direction === 'right' ? 'x' : 'y'
        expect(boxes[from]?.[along]).toBeLessThan(boxes[to]?.[along] as number)
      }
    }
  })

  test('a curve goes from the first point to the last', () => {
    expect(
      curve([
        { x: 0, y: 0 },
        { x: 6, y: 12 },
      ]),
    ).toBe('M0,0L6,12')
    const path = curve([
      { x: 0, y: 0 },
      { x: 6, y: 6 },
      { x: 12, y: 0 },
    ])
    expect(path.startsWith('M0,0L1,1C')).toBe(true)
    expect(path.endsWith('11,1L12,0')).toBe(true)
  })

  test('what is lit is brought into view, and no further', () => {
    expect(beyond(10, 20, 0, 100)).toBe(0)
    expect(beyond(-30, -20, 0, 100)).toBe(-38)
    expect(beyond(110, 120, 0, 100)).toBe(28)
    // what is larger than its pane is shown from its beginning on
    expect(beyond(20, 400, 0, 100)).toBe(20)
  })
})

test('what is picked is the same when its parts are, and what is in its lists', () => {
  const picked = { known: true, value: Number.NaN, tangents: [1, 2] }
  expect(same(picked, { known: true, value: Number.NaN, tangents: [1, 2] })).toBe(true)
  expect(same(picked, { known: false, value: Number.NaN, tangents: [1, 2] })).toBe(false)
  expect(same(picked, { known: true, value: 0, tangents: [1, 2] })).toBe(false)
  expect(same(picked, { known: true, value: Number.NaN, tangents: [1, 3] })).toBe(false)
  expect(same(picked, { known: true, value: Number.NaN, tangents: [1] })).toBe(false)
})

describe('the address', () => {
  test('has a number for each input', () => {
    const field = amounts({ x1: 2, x2: 3 })
    expect(field.write({ x1: 2.5, x2: -1e-7 })).toBe('x1:2.5,x2:-1e-7')
    expect(field.read('x1:2.5,x2:-1e-7')).toEqual({ x1: 2.5, x2: -1e-7 })
    expect(field.read('')).toEqual({})
    for (const text of ['x1', 'x1:', 'x1:two', ':2', 'x1:Infinity'])
      expect(() => field.read(text), text).toThrow('a number for each input')
  })

  test('has the steps that are taken', () => {
    expect(taken.read('end')).toBe(Infinity)
    expect(taken.read('0')).toBe(0)
    expect(taken.write(taken.read('12'))).toBe('12')
    expect(taken.write(Infinity)).toBe('end')
    for (const text of ['', '-1', '1.5', 'last'])
      expect(() => taken.read(text), text).toThrow('a whole number of steps')
  })

  test('a slider’s range widens in steps of 1, 2 and 5', () => {
    expect([0, 5, -5, 5.1, 37, 100, 101, -2e6].map(reach)).toEqual([5, 5, 5, 10, 50, 100, 200, 2e6])
  })
})

describe('the cost of a move', () => {
  const cost = (text: string): { rows: number; ms: number } => {
    const expression = good(text)
    const move = (k: number) => {
      const at = Object.fromEntries(expression.names.map((name, i) => [name, start(i) + k / 100]))
      const counted = numbers(explained(expression, at, expression.names.slice(0, 1)))
      moment(counted, counted.steps.length)
      return counted.values.length
    }
    const times: number[] = []
    let rows = 0
    for (let k = 0; k < 60; k++) {
      const before = performance.now()
      rows = move(k)
      times.push(performance.now() - before)
    }
    // others use the machine too: what the work needs shows when they do not
    return { rows, ms: Math.min(...times) }
  }
  test('is a few milliseconds', () => {
    const [small, big] = [cost('x1*x2 + sin(x1)'), cost(large(60))]
    console.log(`a move: ${small.ms.toFixed(2)} ms of ${small.rows} rows, ${big.ms.toFixed(2)} ms of ${big.rows} rows`)
    expect(small.ms).toBeLessThan(8)
    expect(big.rows).toBeGreaterThanOrEqual(60)
    expect(big.ms).toBeLessThan(16)
  })
})

test('the tables are the explanation’s own', () => {
  const { found } = lecture()
  expect(found.render()).toBe(explain('x1*x2 + sin(x1)', { x1: 2, x2: 3 }, { fold: false }).render())
})
