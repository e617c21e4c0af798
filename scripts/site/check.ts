// What must be true of a built site: every link leads somewhere, nothing is loaded from elsewhere, nothing is missing.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface Expected {
  /** Pages that are there, from the site's folder. */
  readonly pages: readonly string[]
  /** How many formulas a page has. */
  readonly formulas: Readonly<Record<string, number>>
}

/** Attributes that load what they name, and what styles load. */
const loads = [
  /<(?:script|img|iframe|source|video|audio|use)\b[^>]*?\b(?:src|href)="([^"]+)"/g,
  /<link\b[^>]*?\bhref="([^"]+)"/g,
]
const styleLoads = [/url\(["']?([^"')]+)["']?\)/g, /@import\s+["']([^"']+)["']/g]
const isElsewhere = (target: string): boolean => /^(?:\w+:)?\/\//.test(target)
const isInline = (target: string): boolean => /^(?:data|mailto|javascript):/.test(target)

const found = (text: string, patterns: readonly RegExp[]): string[] =>
  patterns.flatMap(pattern => [...text.matchAll(pattern)].map(([, target]) => target as string))

/** What is wrong with the site in a folder, a line each; empty when nothing is. */
export function problems(folder: string, expected: Expected): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const wrong: string[] = []
  const texts = new Map<string, string>()
  const text = (path: string): string => {
    const known = texts.get(path) ?? readFileSync(path, 'utf8')
    texts.set(path, known)
    return known
  }
  const anchors = new Map<string, Set<string>>()
  const hasAnchor = (path: string, name: string): boolean => {
    let all = anchors.get(path)
    if (!all) {
      all = new Set([...text(path).matchAll(/\b(?:id|name)="([^"]+)"/g)].map(([, id]) => id as string))
      anchors.set(path, all)
    }
    return all.has(name)
  }
  /** The file that an address names, null when there is none. */
  const reached = (from: string, address: string): string | null => {
    const path = address === '' ? from : join(dirname(from), decodeURIComponent(address))
    const at = existsSync(path) && statSync(path).isDirectory() ? join(path, 'index.html') : path
    return existsSync(at) ? at : null
  }

  for (const file of files.filter(file => file.endsWith('.html'))) {
    const path = join(folder, file)
    const html = text(path)
    for (const target of found(html, loads)) if (isElsewhere(target)) wrong.push(`${file} loads ${target}`)
    const targets = found(html, [/<(?!base\b)[a-z]+\b[^>]*?\b(?:href|src)="([^"]*)"/g])
    for (const target of new Set(targets)) {
      if (isElsewhere(target) || isInline(target)) continue
      const [address, anchor] = target.split('#') as [string, string?]
      const to = reached(path, address.replace(/\?.*$/, ''))
      if (to === null) wrong.push(`${file} links to ${target}, which is not there`)
      else if (anchor && to.endsWith('.html') && !hasAnchor(to, decodeURIComponent(anchor)))
        wrong.push(`${file} links to ${target}, where nothing has that name`)
    }
    if (html.includes('katex-error')) wrong.push(`${file} has a formula that cannot be read`)
  }
  for (const file of files.filter(file => file.endsWith('.css')))
    for (const target of found(text(join(folder, file)), styleLoads)) {
      if (isElsewhere(target)) wrong.push(`${file} loads ${target}`)
      else if (
        !isInline(target) &&
        !target.startsWith('#') &&
        reached(join(folder, file), target.split('#')[0] as string) === null
      )
        wrong.push(`${file} loads ${target}, which is not there`)
    }

  for (const page of expected.pages) if (!existsSync(join(folder, page))) wrong.push(`${page} is not there`)
  for (const [page, count] of Object.entries(expected.formulas)) {
    if (!existsSync(join(folder, page))) continue
    const rendered = text(join(folder, page)).split('<span class="katex">').length - 1
    if (rendered !== count) wrong.push(`${page} has ${rendered} formulas, its text ${count}`)
  }
  return wrong
}
