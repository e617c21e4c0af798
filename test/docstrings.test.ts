// Every example in a docstring runs and gives what the comment behind it says.
import { readdirSync, readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { webgpu } from '../src/compile/webgpu/webgpu.ts'
import * as explain from '../src/explain/explain.ts'
import * as gradus from '../src/index.ts'
import * as train from '../src/train/train.ts'
import { here } from './swiftshader.ts'

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))

interface Example {
  readonly name: string
  readonly lines: readonly string[]
}

/** The examples of a file, each named by the line it begins at. */
function examples(file: string): Example[] {
  const lines = readFileSync(`src/${file}`, 'utf8').split('\n')
  return lines.flatMap((line, i) => {
    const begins = /^\s*\* @example ?(.*)$/.exec(line)
    if (!begins) return []
    const end = lines.findIndex((other, j) => j > i && /^\s*(\*\/|\* @)/.test(other))
    const rest = lines.slice(i + 1, end).map(other => other.replace(/^\s*\* ?/, ''))
    return [{ name: `${file}:${i + 1}`, lines: [begins[1] as string, ...rest] }]
  })
}

/** All numbers in a result: of tensors their elements, of values their data, of trees those of their leaves. */
function numbers(x: unknown): number[] {
  if (typeof x === 'number') return [x]
  if (typeof x === 'boolean') return [+x]
  if (x instanceof gradus.Tensor) return Array.from(x.data)
  if (x instanceof gradus.Value) return [x.data]
  if (Array.isArray(x)) return x.flatMap(numbers)
  return typeof x === 'object' && x !== null ? Object.values(x).flatMap(numbers) : []
}

/** What a comment promises, behind its last `=`: numbers, to the digits that are written, or a text. */
function promised(actual: unknown, comment: string): unknown {
  const text = comment.split(/ = /).at(-1) as string
  const written = text.match(/-?(?:Infinity|\d+(?:\.\d+)?(?:e[+-]?\d+)?)/g) ?? []
  if (Array.isArray(actual) && typeof actual[0] === 'string')
    return expect(actual).toEqual(JSON.parse(text.replaceAll("'", '"')))
  if (written.length === 0) return expect(String(actual)).toBe(text.replace(/^'(.*)'$/, '$1'))
  if (typeof actual === 'string') return expect(actual).toBe(text.replace(/^'(.*)'$/, '$1'))
  const found = numbers(actual)
  expect(found.length, `${text} against ${String(actual)}`).toBe(written.length)
  return written.forEach((digits, i) => {
    const decimals = /e/.test(digits) ? 15 : (digits.split('.')[1]?.length ?? 0)
    if (digits.includes('Infinity')) expect(found[i]).toBe(Number(digits))
    else
      expect(Math.abs((found[i] as number) - Number(digits)), `${text} against ${String(actual)}`).toBeLessThanOrEqual(
        1.01 * 10 ** -decimals * (decimals ? 1 : 0) + 1e-6,
      )
  })
}

/** An example that ends in comment lines: what is printed. */
const printed = (actual: unknown, lines: readonly string[]): void =>
  expect((typeof actual === 'string' ? actual : inspect(actual)).split('\n').map(line => line.trimEnd())).toEqual(lines)

async function run(file: string, { lines }: Example): Promise<number> {
  let promises = 0
  const comments = lines.findIndex((_, i) => i > 0 && lines.slice(i).every(other => other.startsWith('// ')))
  const marked = lines.map((line, i) => {
    if (i === comments - 1) {
      promises++
      return `__printed(${line}, ${JSON.stringify(lines.slice(comments).map(other => other.slice(3).trimEnd()))})`
    }
    const found = /^(?!\s*(?:const|let|class|function|import|\/\/|}|\)))(\s*)(.*\S)\s+\/\/ (.*)$/.exec(line)
    if (!found) return line
    promises++
    return `${found[1]}__promised(${found[2]}, ${JSON.stringify(found[3])})`
  })
  const code = ts.transpileModule(marked.join('\n'), { compilerOptions: { target: ts.ScriptTarget.ES2022 } }).outputText
  const own = await import(`../src/${file}`)
  // the special functions take numbers where the root's functions of the same names take tensors
  const { var: _, ...names } = {
    ...own,
    ...gradus.nn,
    ...gradus.data,
    ...train,
    ...gradus,
    ...(file.endsWith('special.ts') && own),
    // and tracing a function is not the trace of a matrix
    ...(file.startsWith('explain/') && { ...explain, ...own }),
  }
  const scope = {
    ...names,
    __promised: promised,
    __printed: printed,
    ...(here && { webgpu: webgpu.bind(null, { gpu: here.gpu }) }),
  }
  await new Function(...Object.keys(scope), `return (async () => { ${code} })()`)(...Object.values(scope))
  return promises
}

describe('examples in docstrings', () => {
  for (const file of sources) {
    for (const example of examples(file)) {
      if (/^(plot|io)\/|^train\/progress/.test(file)) continue // these need Node and files; their own tests run them
      const needsGpu = example.lines.some(line => line.includes('webgpu()'))
      it.skipIf(needsGpu && !here)(example.name, async () => expect(await run(file, example)).toBeGreaterThan(0))
    }
  }
})
