// JSON as formats of files need it: an object that names a thing twice is an error, where JSON.parse takes the last.

/** How deep objects and arrays may lie in one another: what walks the value has a stack. */
const DEEPEST = 1000

/**
 * The value of a JSON text. A key `__proto__` is a key like others.
 *
 * @throws SyntaxError when this is no JSON, an object has a key twice, or it is nested deeper than 1000
 */
export function parseJson(text: string): unknown {
  // what follows may rely on the grammar
  const value: unknown = JSON.parse(text)
  // the keys of the objects that are open; null for an array
  const open: (Set<string> | null)[] = []
  let isKey = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '"') {
      const begin = i
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++
      if (isKey) add(open.at(-1) as Set<string>, text.slice(begin, i + 1))
      isKey = false
    } else if (c === '{' || c === '[') {
      if (open.push(c === '{' ? new Set() : null) > DEEPEST) throw new SyntaxError(`nested deeper than ${DEEPEST}`)
      isKey = c === '{'
    } else if (c === '}' || c === ']') {
      open.pop()
    } else if (c === ',') {
      isKey = open.at(-1) !== null
    }
  }
  return value
}

function add(keys: Set<string>, literal: string): void {
  const key = JSON.parse(literal) as string
  if (keys.has(key)) throw new SyntaxError(`the key ${literal} stands twice in one object`)
  keys.add(key)
}
