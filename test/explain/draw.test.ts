// Pictures of graphs: what stands in the DOT, that Graphviz draws it, that large graphs stay small.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type DotOptions, dot } from '../../src/explain/dot.ts'
import { draw } from '../../src/explain/draw.ts'
import { history } from '../../src/explain/history.ts'
import { ledger } from '../../src/explain/ledger.ts'
import { Stepper } from '../../src/explain/stepper.ts'
import { storage } from '../../src/explain/storage.ts'
import { sweep } from '../../src/explain/sweep.ts'
import { trace } from '../../src/explain/trace.ts'
import {
  ArgumentError,
  checkpoint,
  custom,
  F,
  GradusError,
  manualSeed,
  type Num,
  nn,
  randn,
  type Tensor,
  tensor,
  Value,
} from '../../src/index.ts'
import { rasterize } from '../../src/plot/raster.ts'
import { decode } from '../plot/picture.ts'

const lecture = trace((x1: Value, x2: Value) => x1.mul(x2).add(x1.sin()), [2, 3])
/** The lines that begin so: of a node, or an edge. */
const lines = (text: string, begins: string): string[] =>
  text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line.startsWith(begins))
/** The words of a node's label. */
const words = (text: string, id: string): string[] =>
  (lines(text, `${id} [`)[0] ?? '')
    .replace(/&#160;/g, ' ')
    .split(/<\/TD><\/TR>/)
    .map(part => part.replace(/^.*label=</, '').replace(/<[^>]*>/g, ''))
    .slice(0, -1)
const countOf = (text: string, pattern: RegExp): number => (text.match(pattern) ?? []).length

describe('a graph', () => {
  const text = dot(lecture, { title: 'the "lecture"' })

  test('has each row with its formula, value, gradient and pattern', () => {
    expect(words(text, 'r0')).toEqual(['x1', '2', 'gradient 2.584', '2 uses, summed'])
    expect(words(text, 'r1')).toEqual(['x2', '3', 'gradient 2'])
    expect(words(text, 'r2')).toEqual(['w1 = sin(x1)', '0.9093', 'gradient 1', 'local slope'])
    expect(words(text, 'r3')).toEqual(['w2 = x1*x2', '6', 'gradient 1', 'switches'])
    expect(words(text, 'r4')).toEqual(['w3 = w1 + w2', '6.909', 'gradient 1', 'distributes'])
    expect(text).toContain('label="the \\"lecture\\""')
  })

  test('has local partials on arrows forward, contributions on arrows back', () => {
    expect(lines(text, 'r0 -> r2')[0]).toContain('label="cos(x1) = -0.4161"')
    expect(lines(text, 'r0 -> r3')[0]).toContain('label="x2 = 3"')
    expect(lines(text, 'r2 -> r4')[0]).toContain('label="1"')
    expect(lines(text, 'r3 -> r1')[0]).toMatch(/label="2" style="dashed"/)
    expect(lines(text, 'r2 -> r0')[0]).toMatch(/label="-0.4161" style="dashed"/)
  })

  test('has what is asked for', () => {
    expect(countOf(text, / -> /g)).toBe(10)
    expect(countOf(dot(lecture, { backward: false }), / -> /g)).toBe(5)
    expect(dot(lecture, { partials: false })).not.toContain('cos(x1)')
    expect(dot(lecture, { legend: false })).not.toContain('legend')
    expect(dot(lecture, { direction: 'down' })).toContain('rankdir="TB"')
    expect(dot(lecture, { theme: 'dark' })).toContain('bgcolor="#0d1117"')
  })

  test('explains the colours that it has, no others', () => {
    const legend = lines(text, 'legend')[0] as string
    for (const name of ['slope: local slope', 'multiply: switches', 'add: distributes']) expect(legend).toContain(name)
    expect(legend).not.toContain('routes')
  })

  test('draws an operand that is used twice with an arrow each', () => {
    const square = dot(trace((x: Value) => x.mul(x), [3]))
    expect(lines(square, 'r0 -> r1')).toHaveLength(2)
    expect(lines(square, 'r1 -> r0')).toHaveLength(2)
  })

  test('escapes what people call things', () => {
    const odd = dot(trace((x: Value) => x.exp(), { 'a<b> & "c"': 1 }))
    expect(words(odd, 'r0')[0]).toBe('a&#60;b&#62; &#38; &#34;c&#34;')
  })

  test('has gradients of several outputs when one is named', () => {
    const two = trace((x: Value) => [x.exp(), x.sin()], [0])
    expect(dot(two)).not.toContain('gradient')
    expect(words(dot(two, { output: 'w2' }), 'r0')).toEqual(['x1', '0', 'gradient 1', expect.anything()])
  })

  test('of tensors has shapes and norms', () => {
    const found = dot(trace((x: Tensor) => x.tanh().sum(), [tensor([[3, 4]])]))
    expect(words(found, 'r0').slice(0, 2)).toEqual(['x1', '[1, 2], norm 5'])
    expect(words(found, 'r2')[0]).toBe('w2 = sum(w1)')
    expect(lines(found, 'r1 -> r0')[0]).toMatch(/label="norm /)
  })

  test('shortens numbers', () => {
    const found = dot(
      trace(
        (x: Value, y: Value) =>
          x
            .mul(1 / 3)
            .add(y.mul(1e-9))
            .add(x.div(0)),
        [1e7 / 3, 2.5e-5],
      ),
    )
    expect(found).toContain('3.33e+6')
    expect(found).toContain('2.5e-5')
    expect(found).toContain('x1*0.333333')
    expect(found).toContain('>inf<')
  })
})

/** Two blocks of a transformer between embeddings and a head. */
class GPT extends nn.Module {
  readonly tokens = new nn.Embedding(20, 16)
  readonly blocks = new nn.TransformerEncoder(
    new nn.TransformerEncoderLayer(16, 2, { dimFeedforward: 32, dropout: 0, batchFirst: true, normFirst: true }),
    2,
    { norm: new nn.LayerNorm(16) },
  )
  readonly head = new nn.Linear(16, 20)
  forward(x: Tensor, y: Tensor): Tensor {
    const out = this.head.forward(this.blocks.forward(this.tokens.forward(x), { mask: nn.causalMask(6) }))
    return F.crossEntropy(out.reshape([-1, 20]), y.reshape([-1]))
  }
}

describe('large graphs', () => {
  manualSeed(0)
  const ids = (): Tensor => tensor([[1, 2, 3, 4, 5, 6]], { dtype: 'int32' })
  const gpt = trace(new GPT(), [ids(), ids()])
  const nodes = (text: string): number => countOf(text, /^ *[rm]\w* \[/gm)

  test('fold modules, the innermost first, until they are small enough', () => {
    expect(gpt.rows.length).toBeGreaterThan(150)
    expect(nodes(dot(gpt, { limit: 1000 }))).toBe(gpt.rows.length)
    const inner = dot(gpt, { limit: 100 })
    const outer = dot(gpt, { limit: 40 })
    expect(nodes(inner)).toBeLessThanOrEqual(100)
    expect(nodes(outer)).toBeLessThanOrEqual(40)
    expect(inner).toContain('<B>blocks.layers.0.self_attn</B>')
    expect(outer).toContain('<B>blocks.layers.0</B>')
    expect(outer).toMatch(/<B>blocks\.layers\.1<\/B>.*65 ops, 2224 parameters.*\[1, 6, 16\], norm .*gradient norm /)
    expect(outer).toContain('shape="box3d"')
  })

  test('fold the modules that are named', () => {
    const found = dot(gpt, { limit: 1000, collapse: ['blocks.layers.0', 'head'] })
    expect(found).toContain('<B>blocks.layers.0</B>')
    expect(found).toContain('<B>head</B>')
    expect(found).not.toContain('<B>blocks.layers.1</B>')
  })

  test('frame modules within modules', () => {
    const found = dot(gpt, { limit: 1000 })
    const at = (label: string): number => found.indexOf(`label="${label}"`)
    expect(at('blocks.layers.0')).toBeGreaterThan(0)
    expect(at('blocks.layers.0.self_attn.out_proj')).toBeGreaterThan(at('blocks.layers.0.self_attn'))
    expect(countOf(found, /\{$/gm)).toBe(countOf(found, /^ *\}$/gm))
  })

  test('leave out their middle where there are no modules', () => {
    const found = dot(
      trace((x: Value) => Array.from({ length: 200 }).reduce<Value>(y => y.sin(), x), [1]),
      { limit: 10 },
    )
    expect(countOf(found, /^ *r\d+ \[/gm)).toBe(10)
    expect(found).toMatch(/middle \[.*191 ops/)
    expect(countOf(found, /middle -> /g)).toBe(2)
  })

  test('are drawn', async () => {
    const svg = await draw(gpt, { direction: 'down', limit: 40 })
    expect(svg).toContain('blocks.layers.0')
    expect(countOf(svg, /class="cluster"/g)).toBeGreaterThanOrEqual(2)
    expect(countOf(svg, /class="node"/g)).toBeLessThanOrEqual(42)
  })
})

describe('draw', () => {
  test('gives an SVG with a group for each node and edge', async () => {
    const svg = await draw(lecture)
    expect(svg).toMatch(/^<svg role="img" aria-label="A graph from x1, x2 to w3" [^>]*viewBox=/)
    expect(await draw(lecture, { title: '"a" < b' })).toContain('aria-label="&#34;a&#34; &#60; b"')
    expect(svg.trimEnd()).toMatch(/<\/svg>$/)
    expect(countOf(svg, /class="node"/g)).toBe(6)
    expect(countOf(svg, /class="edge"/g)).toBe(10)
    expect(svg).toContain('>cos(x1) = &#45;0.4161<')
    expect(await draw(lecture)).toBe(svg)
  })

  test('of a model, in both themes', async () => {
    const model = new nn.Sequential(new nn.Linear(2, 8), new nn.Tanh(), new nn.Linear(8, 1))
    const found = trace((x: Tensor) => model.forward(x).square().mean(), [randn([4, 2])], { model })
    for (const theme of ['light', 'dark'] as const) {
      const svg = await draw(found, { theme })
      expect(countOf(svg, /class="cluster"/g)).toBe(3)
      expect(svg).toContain('0.weight')
    }
  })
})

describe('rasterize', () => {
  test('gives the picture in pixels, and writes it', async () => {
    const svg = await draw(lecture)
    const [, width, height] = /width="(\d+)pt" height="(\d+)pt"/.exec(svg)!.map(Number)
    const path = join(import.meta.dirname, '../../out/test/graph.png')
    rmSync(path, { force: true })
    const bytes = await rasterize(svg, { path, scale: 1.5 })
    expect(existsSync(path) && readFileSync(path).equals(bytes)).toBe(true)
    const picture = await decode(bytes)
    // a point is 4/3 pixels
    expect(picture.width).toBeCloseTo(width! * 2, -1)
    expect(picture.height).toBeCloseTo(height! * 2, -1)
    // letters are there: the ink and the colour of gradients
    expect(picture.colours.has(0x1f2328)).toBe(true)
    expect(picture.colours.has(0xb3361b)).toBe(true)
  })

  test.each<[() => Promise<unknown>, RegExp]>([
    [() => rasterize('graph'), /needs the text of an SVG/],
    [() => rasterize('<svg/>', { scale: 0 }), /scale is a number > 0/],
    [
      () => rasterize('<svg width="10" height="10"/>', { scale: 1e4 }),
      /more than 32767 of a side. Try a scale below 3\.3e\+3/,
    ],
    [() => rasterize('<svg/>', { size: 3 } as never), /unknown option 'size'/],
  ])('error %#', async (run, message) => {
    await expect(run()).rejects.toThrow(ArgumentError)
    await expect(run()).rejects.toThrow(message)
  })
})

test.each([
  [{ direction: 'left' }, /direction is 'right' or 'down'/],
  [{ theme: 'blue' }, /theme is 'light' or 'dark'/],
  [{ limit: 3 }, /limit is an integer of at least 4/],
  [{ collapse: ['head'] }, /no module 'head' was running; there are none/],
  [{ collapse: 'head' }, /collapse is a list/],
  [{ colour: 'red' }, /unknown option 'colour'/],
  [{ output: 'w9' }, /w9/],
])('error %#', (given, message) => {
  expect(() => dot(lecture, given as never)).toThrow(ArgumentError)
  expect(() => dot(lecture, given as never)).toThrow(message)
})

test.each(['<b>', '<<i>>', 'a"b\\', 'a|b', 'a\nb'])('a name %j is text, not markup', async name => {
  const f = (x: Value, y: Value) => x.mul(y).add(x.sin())
  const svg = await draw(trace(f, { [name]: 2, y: 3 }), { title: name })
  expect(svg).toContain('<svg')
  expect(svg).not.toMatch(/<[bi]>/)
})

describe('an output that carries its graph', () => {
  const f = <N extends Num>(x1: N, x2: N): N => x1.mul(x2).add(x1.sin()) as N

  test('is drawn as its trace: of values', async () => {
    const [a, b] = [new Value(2), new Value(3)]
    expect(dot(f(a, b))).toBe(dot(lecture))
    expect(await draw(f(a, b))).toBe(await draw(lecture))
    a.label = 'speed'
    const out = f(a, b)
    out.label = 'way'
    out.backward()
    expect(words(dot(out), 'r0').slice(0, 3)).toEqual(['speed', '2', `gradient ${Number(a.grad.toPrecision(4))}`])
    expect(words(dot(out), 'r4')[0]).toBe('way = w1 + w2')
  })

  test('of tensors, with what the graph keeps, and gradients', () => {
    const [a, b] = [tensor([2, 1], { requiresGrad: true }), tensor([3, 5], { requiresGrad: true })]
    const text = dot(f(a, b))
    const of = dot(trace(f<Tensor>, [tensor([2, 1]), tensor([3, 5])]))
    const arrows = (of: string): string[] => of.split('\n').filter(line => line.includes(' -> '))
    expect(arrows(text)).toEqual(arrows(of))
    expect(words(text, 'r2')).toEqual(['w1 = sin(x1)', '[2], not kept', 'gradient norm 1.414', 'local slope'])
    expect(words(text, 'r4')).toEqual(words(of, 'r4'))
    expect(words(text, 'r0')).toEqual(words(of, 'r0'))
  })

  test('of a model: parameters by their paths, in frames, which collapse', async () => {
    manualSeed(1)
    const model = new nn.Sequential(new nn.Linear(2, 8), new nn.Tanh(), new nn.Linear(8, 1))
    const loss = F.mseLoss(model.forward(randn([4, 2])), randn([4, 1]))
    const text = dot(loss, { model })
    expect(text).toContain('<B>0.weight</B>')
    expect(text).toContain('label="2"')
    expect(dot(loss, { model, collapse: ['0'] })).toMatch(/<B>0<\/B>.*2 ops, 24 parameters.*\[4, 8\], not kept/)
    expect(await draw(loss, { model })).toContain('2.bias')
    // twice: drawing frees nothing
    expect(dot(loss, { model })).toBe(text)
    loss.backward()
    expect(() => dot(loss)).toThrow(/history: the graph below '.*' was freed by an earlier backward/)
  })

  test('several outputs, a leaf alone, a graph that is shared', () => {
    const x = new Value(1)
    expect(countOf(dot([x.exp(), x.sin()]), / -> /g)).toBe(2)
    expect(countOf(dot(x), /^ *r\d+ \[/gm)).toBe(1)
    expect(words(dot([x.exp(), x.sin()], { output: 'w2' }), 'r0')).toContain('gradient 0.5403')
  })

  test('with checkpoints and rules of its own', () => {
    const inner = checkpoint((x: Tensor) => x.sin().exp())
    const twice = custom({ name: 'twice', forward: (x: Tensor) => x.mul(2), vjp: g => [g.mul(2)] })
    const x = tensor([1, 2], { requiresGrad: true })
    const text = dot(twice(inner(x)).sum())
    expect(text).toContain('checkpoint(x1)')
    expect(text).toContain('twice(w1)')
    const v = new Value(1)
    expect(dot(custom({ name: 'twice', forward: (x: Value) => x.mul(2), vjp: g => [g.mul(2)] })(v))).toContain(
      'twice(x1)',
    )
  })

  test('a condition and what no gradient flows to are constants', () => {
    const x = new Value(3)
    const text = dot(x.gt(2).where(x.mul(2), 1))
    expect(words(text, 'r2')[0]).toBe('w2 = where(1, w1, 1)')
  })

  test.each<[unknown, DotOptions, RegExp]>([
    [Value.constant(1), {}, /history: this value has no graph: it was made under noGrad/],
    [tensor([1]), {}, /history: this tensor has no graph.*requiresGrad: true/],
    [[new Value(1), 2], {}, /history: needs a value or a tensor, or several in a list, not 2/],
    [3, {}, /dot: needs a trace/],
    [lecture, { model: new nn.Linear(1, 1) }, /dot: model is for an output that is no trace/],
    [new Value(1), { model: {} as nn.Module }, /history: model is a module, not an object/],
  ])('error %#', (given, options, message) => {
    expect(() => dot(given as Value, options)).toThrow(message)
    expect(() => dot(given as Value, options)).toThrow(GradusError)
  })
})

describe('a history', () => {
  test('of values is a trace: for ledgers, steppers, storage', () => {
    const [a, b] = [new Value(2), new Value(3)]
    const found = history(a.mul(b).add(a.sin()))
    expect(found.rows.map(({ name }) => name)).toEqual(lecture.rows.map(({ name }) => name))
    expect(ledger(sweep(found))).toEqual(ledger(sweep(lecture)))
    expect(new Stepper(found, { phase: 'backward' }).steps.map(({ formula }) => formula.text)).toEqual(
      new Stepper(lecture, { phase: 'backward' }).steps.map(({ formula }) => formula.text),
    )
    expect(storage(found).map(({ row }) => row.name)).toEqual(storage(lecture).map(({ row }) => row.name))
  })

  test('is of any depth', () => {
    let x = new Value(1)
    for (let k = 0; k < 20_000; k++) x = x.sin()
    expect(history(x).rows).toHaveLength(20_001)
  })
})
