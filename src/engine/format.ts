// Tensors as text, laid out as PyTorch prints them.
import type { NDArray } from '../backend/array.ts'
import { show } from './shape.ts'

type Printable = NDArray & { readonly node?: { readonly name: string; readonly inputs: readonly unknown[] } | null }

const OPEN = 'tensor('
const LINE = 80
/** Above this many elements only the edges of long dimensions are shown, EDGE at either end. */
const THRESHOLD = 1000
const EDGE = 3

/**
 * x [...] as text: values to 4 decimals, whole floats as `1.`, all in scientific notation when their range demands
 * it; then shape, dtype and history. One format for all values, so columns align, `-inf` and `-0.`
 * included.
 *
 * Layout and thresholds are those of PyTorch's `torch/_tensor_str.py`.
 *
 * @example
 * format(tensor([[1, 2], [3, 4.5]]))
 * // tensor([[1.0000, 2.0000],
 * //         [3.0000, 4.5000]], shape: [2, 2], float32)
 */
export function format({ shape, dtype, data, node }: Printable): string {
  const facts = [`shape: ${show(shape)}`, dtype]
  if (node) facts.push(node.inputs.length > 0 ? `from: ${node.name}` : 'requiresGrad')
  const tail = `${facts.join(', ')})`
  const body = OPEN + values({ shape, dtype, data })
  const lastLine = body.length - body.lastIndexOf('\n') - 1
  const space = lastLine + 2 + tail.length > LINE ? `\n${' '.repeat(OPEN.length)}` : ' '
  return `${body},${space}${tail}`
}

/** The elements in nested brackets. */
function values({ shape, dtype, data }: NDArray): string {
  if (data.length === 0) return '[]'
  const cut = (size: number): boolean => data.length > THRESHOLD && size > 2 * EDGE
  const positions = shape.map(size =>
    Array.from({ length: cut(size) ? 2 * EDGE : size }, (_, i) => (cut(size) && i >= EDGE ? size - 2 * EDGE + i : i)),
  )
  const shown = positions.reduce((at, row, dim) => at.flatMap(k => row.map(i => k * shape[dim] + i)), [0])
  const numbers = shown.map(k => data[k])
  const texts = numbers.map(writer(numbers, dtype))
  const width = Math.max(...texts.map(text => text.length))

  let next = 0
  const nest = (dim: number): string => {
    if (dim === shape.length) return texts[next++].padStart(width)
    const row = dim === shape.length - 1
    const indent = OPEN.length + dim
    const items = (positions[dim] as number[]).map(() => nest(dim + 1))
    if (cut(shape[dim])) items.splice(EDGE, 0, row ? ' ...' : '...')
    const perLine = row ? Math.max(1, Math.floor((LINE - indent) / (width + 2))) : 1
    const lines: string[] = []
    for (let i = 0; i < items.length; i += perLine) lines.push(items.slice(i, i + perLine).join(', '))
    // matrices are set apart by an empty line, stacks of them by two, …
    const breaks = '\n'.repeat(Math.max(1, shape.length - 1 - dim))
    return `[${lines.join(`,${breaks}${' '.repeat(indent + 1)}`)}]`
  }
  return nest(0)
}

/** How each of these numbers is written, which depends on all of them. */
function writer(numbers: readonly number[], dtype: NDArray['dtype']): (x: number) => string {
  if (dtype === 'bool') return x => String(x !== 0)
  if (dtype === 'int32') return String
  let low = Infinity
  let high = 0
  let whole = true
  for (const x of numbers) {
    const size = Math.abs(x)
    if (size === 0 || !Number.isFinite(size)) continue
    low = Math.min(low, size)
    high = Math.max(high, size)
    whole &&= Number.isInteger(x)
  }
  const wide = high > 1e8 || high / low > 1000 || (!whole && low < 1e-4)
  const write = wide ? scientific : whole ? (x: number) => `${x.toFixed(0)}.` : (x: number) => decimals(x, 'toFixed')
  return x => {
    if (!Number.isFinite(x)) return Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf'
    return Object.is(x, -0) ? `-${write(0)}` : write(x)
  }
}

/** At least two digits in the exponent. */
const scientific = (x: number): string => decimals(x, 'toExponential').replace(/(?<=e[+-])(?=\d$)/, '0')

/** Four decimals; a tie goes to the even digit (0.03125 is 0.0312), where JavaScript's own rounding goes up. */
function decimals(x: number, form: 'toFixed' | 'toExponential'): string {
  const tie = /^(.*\.\d{3}[02468])50*(e.*)?$/.exec(x[form](100))
  return tie ? `${tie[1]}${tie[2] ?? ''}` : x[form](4)
}
