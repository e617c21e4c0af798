// The course is true: its blocks print what they say, its quotations stand in the source, its formulas and links hold.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import katex from 'katex'
import { describe, expect, test } from 'vitest'
import { blocks, expected, formulas, links } from './document.ts'
import { printer, root } from './printer.ts'

const folder = join(root, 'docs/course')
const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
const chapters = readdirSync(folder).filter(file => /^\d\d-[\w-]+\.md$/.test(file))
const titled = (text: string): string => /^# (.+)\n/.exec(text)?.[1] ?? ''
const printed = printer()

/** The anchors of a document's headings, as GitHub and TypeDoc make them. */
const anchors = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    (title as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s-]/gu, '')
      .replace(/\s/g, '-'),
  )

/** Do the links of a file lead somewhere, and to a heading that is there? */
function broken(path: string): string[] {
  const text = readFileSync(path, 'utf8')
  return links(text)
    .filter(({ path: to, heading }) => {
      const target = to === '' ? path : join(dirname(path), to)
      if (!existsSync(target)) return true
      return heading !== null && !anchors(readFileSync(target, 'utf8')).includes(heading)
    })
    .map(({ path: to, heading }) => (heading === null ? to : `${to}#${heading}`))
}

/** The least indented line's indentation, taken from all. */
function dedented(lines: readonly string[]): string[] {
  const least = Math.min(...lines.filter(line => line !== '').map(line => line.search(/\S/)))
  return lines.map(line => line.slice(least))
}

/** The first line of a quotation that does not stand in the source where it should; undefined when all do. */
function misquoted(code: string, source: string): string | undefined {
  const lines = source.split('\n')
  let at = 0
  // between two omissions the lines stand together
  for (const part of code.trimEnd().split(/^\s*…\n/m)) {
    const quoted = dedented(part.trimEnd().split('\n'))
    const found = lines.findIndex(
      (_, i) =>
        i >= at && dedented(lines.slice(i, i + quoted.length)).every((line, k) => line === (quoted[k] as string)),
    )
    if (found < 0) return quoted.find(line => !lines.some(other => other.trim() === line.trim())) ?? quoted[0]
    at = found + quoted.length
  }
  return undefined
}

test('the contents page lists the chapters by their numbers and titles', () => {
  const contents = read('README.md')
  expect(chapters.map(file => Number(file.slice(0, 2)))).toEqual(chapters.map((_, i) => i + 1))
  const listed = [...contents.matchAll(/^\d+\. \[(.+?)\]\((\d\d-[\w-]+\.md)\)/gm)].map(([line, title, file]) => ({
    file,
    title: `${Number.parseInt(line, 10)}. ${title}`,
  }))
  expect(listed).toEqual(chapters.map(file => ({ file, title: titled(read(file)) })))
  expect(broken(join(folder, 'README.md'))).toEqual([])
})

describe.each(chapters)('%s', file => {
  const text = read(file)
  const all = blocks(text)
  const number = chapters.indexOf(file)
  const code = all.filter(({ language }) => language === 'ts')

  test.each(code.map((block, i) => [i + 1, block.code] as const))('block %i prints what it says', async (i, code) => {
    const says = expected(code)
    expect(says).not.toEqual([])
    expect(await printed(code, `chapter${number + 1}-${i}`)).toEqual(says)
  })

  test('quotes lines that stand in the source', () => {
    const quotations = all.filter(({ language }) => language === 'typescript')
    for (const { title, code } of quotations) {
      expect(title).toMatch(/^(src|examples)\/[\w/.-]+\.ts$/)
      expect(misquoted(code, readFileSync(join(root, title), 'utf8')), title).toBeUndefined()
    }
  })

  test('has formulas that KaTeX reads', () => {
    for (const tex of formulas(text))
      expect(() => katex.renderToString(tex, { throwOnError: true, strict: 'error' }), tex).not.toThrow()
  })

  test('has links that lead somewhere', () => expect(broken(join(folder, file))).toEqual([]))

  test('ends with exercises that are marked and solved, and leads back and on', () => {
    const [before, exercises, ...more] = text.split('\n## Exercises\n') as [string, string]
    expect(more).toEqual([])
    expect(before).not.toBe('')
    const each = exercises.split('</details>')
    const rest = each.pop() as string
    expect(each.length).toBeGreaterThanOrEqual(2)
    for (const exercise of each) {
      const [question, solution, ...others] = exercise.split('<details><summary>Solution</summary>\n') as [
        string,
        string,
      ]
      expect(others).toEqual([])
      const [asked, solved] = [question, solution].map(part => blocks(part)[0]?.code ?? '') as [string, string]
      for (const code of [asked, solved]) expect(code).toContain('mark(')
      // the reader's attempt has a mistake in it, which the marking finds
      expect(expected(asked).join('\n')).toContain('wrong')
      expect(expected(solved).join('\n')).toContain('All is right')
    }
    for (const neighbour of [chapters[number - 1], chapters[number + 1]])
      if (neighbour) expect(rest).toContain(`](${neighbour})`)
  })
})

describe('the checks find what is wrong', () => {
  const source = 'const a = 1\nfunction f() {\n  // why\n  return a\n}\n'
  test.each([
    ['the whole', source, undefined],
    ['indented otherwise', '// why\nreturn a\n', undefined],
    ['with an omission', 'const a = 1\n…\n}\n', undefined],
    ['a line that is not there', 'return b\n', 'return b'],
    ['a line left out unsaid', 'function f() {\n  return a\n', 'function f() {'],
    ['the wrong order', 'return a\n…\nconst a = 1\n', 'const a = 1'],
  ])('in a quotation: %s', (_, code, line) => expect(misquoted(code, source)).toBe(line))

  test('in formulas: only those in prose', () => {
    expect(formulas('a $x^2$, `$5`\n```text\n$y$\n```\n$$\nz\n$$\ncosts $5 or $6')).toEqual(['x^2', '\nz\n'])
  })
})
