// The TypeScript blocks of all documents are well typed, as strictly as the source.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { blocks } from './document.ts'
import { resolved, root } from './printer.ts'

const course = readdirSync(join(root, 'docs/course')).map(file => `docs/course/${file}`)

test('no block has a type error', { timeout: 120_000 }, () => {
  mkdirSync(join(root, 'out'), { recursive: true })
  const folder = mkdtempSync(join(root, 'out/blocks-'))
  try {
    const paths = ['README.md', 'CONTRIBUTING.md', ...course].flatMap(document =>
      blocks(readFileSync(join(root, document), 'utf8')).flatMap(({ language, code }, i) => {
        if (language !== 'ts') return []
        const path = join(folder, `${basename(document, '.md')}-${i + 1}.ts`)
        // a module, also where nothing is imported
        writeFileSync(path, `${resolved(code)}export {}\n`)
        return [path]
      }),
    )
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root)
    const program = ts.createProgram(paths, options)
    const wrong = paths.flatMap(path => {
      const file = program.getSourceFile(path)
      return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
        ({ messageText }) => `${basename(path)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      )
    })
    expect(paths.length).toBeGreaterThan(60)
    expect(wrong).toEqual([])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
