// Writes src/explain/source.ts: the special functions as text, for derived code that brings along what it calls.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const root = join(import.meta.dirname, '..')

/** The top-level declarations of special.ts: each one's text, and which of the others it uses. */
export function declarations(): string {
  const file = ts.createSourceFile(
    'special.ts',
    readFileSync(join(root, 'src/engine/special.ts'), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  )
  const nodes = new Map<string, ts.Statement>()
  for (const node of file.statements) {
    if (ts.isFunctionDeclaration(node) && node.name) nodes.set(node.name.text, node)
    else if (ts.isVariableStatement(node)) nodes.set(node.declarationList.declarations[0].name.getText(), node)
    else throw new Error(`special.ts: a statement that is neither a function nor a constant: ${node.getText()}`)
  }
  const entries = Array.from(nodes, ([name, node]) => {
    const uses = new Set<string>()
    const visit = (x: ts.Node): void => {
      if (ts.isIdentifier(x) && x.text !== name && nodes.has(x.text)) uses.add(x.text)
      ts.forEachChild(x, visit)
    }
    visit(node)
    const text = node.getText().replace(/^export /, '')
    return `  ${name}: {\n    uses: [${Array.from(uses, x => `'${x}'`).join(', ')}],\n    text: ${literal(text)},\n  },\n`
  })
  return `// The special functions of src/engine/special.ts as text. Written by scripts/source.ts, not by hand.\n
// biome-ignore-all format: as it was written\n
export const source: Readonly<Record<string, { readonly uses: readonly string[]; readonly text: string }>> = {\n${entries.join('')}}\n`
}

const literal = (text: string): string => `\`${text.replace(/[\\`]|\$\{/g, '\\$&')}\``

if (process.argv[1] === import.meta.filename) writeFileSync(join(root, 'src/explain/source.ts'), declarations())
