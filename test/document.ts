// A document as a test reads it: its blocks of code, what they print and what they say that they print, its links and formulas.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatWithOptions } from 'node:util'
import { afterAll, vi } from 'vitest'
import config from '../tsdown.config.ts'

export const root = join(import.meta.dirname, '..')
/** The sources of the package's entries. */
const entries = config.entry as Record<string, string>

/** A fenced block: what stands behind the fence, and what is in it. */
export interface Block {
  readonly language: string
  /** The rest of the fence's line. */
  readonly title: string
  readonly code: string
}

/** The fenced blocks of a document, in their order. */
export function blocks(text: string): Block[] {
  return [...text.matchAll(/^```(\w*) ?(.*)\n([\s\S]*?)^```$/gm)].map(([, language, title, code]) => ({
    language: language as string,
    title: title as string,
    code: code as string,
  }))
}

/** The document without its fenced blocks and its code in backticks, where dollars and brackets mean themselves. */
export const prose = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '').replace(/(`+)[^`]+\1/g, '')

/** Formulas between dollars: on a line of text, and displayed. */
export function formulas(text: string): string[] {
  return [...prose(text).matchAll(/\$\$([\s\S]+?)\$\$|\$(\S(?:[^$\n]*\S)?)\$/g)].map(
    match => (match[1] ?? match[2]) as string,
  )
}

/** Where the links and pictures of a document lead that stay in this repository: path and, behind #, heading. */
export function links(text: string): { readonly path: string; readonly heading: string | null }[] {
  const all = [...prose(text).matchAll(/\]\(([^)\s]+)\)|\bsrc="([^"]+)"/g)].map(
    match => (match[1] ?? match[2]) as string,
  )
  return all
    .filter(target => !/^\w+:/.test(target))
    .map(target => {
      const [path, heading] = target.split('#') as [string, string?]
      return { path, heading: heading ?? null }
    })
}

/** A block's expected output: the comment behind a console.log, and the lines of comment under it. */
export function expected(code: string): string[] {
  const lines: string[] = []
  let printing = false
  for (const line of code.split('\n')) {
    const comment = /^\s*\/\/ ?(.*)$/.exec(line)
    if (comment) {
      if (printing) lines.push(comment[1] as string)
      continue
    }
    printing = line.includes('console.log(')
    const behind = printing && / \/\/ (.*)$/.exec(line)
    if (behind) lines.push(behind[1] as string)
  }
  return lines
}

/** Runs blocks as modules of their own, in a folder that goes when the tests have run, and gives what they print, line by line. */
export function printer(): (code: string, name: string) => Promise<string[]> {
  mkdirSync(join(root, 'out'), { recursive: true })
  const folder = mkdtempSync(join(root, 'out/document-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return async (code, name) => {
    const path = join(folder, `${name}.ts`)
    writeFileSync(
      path,
      code.replace(/from 'gradus(?:\/(\w+))?'/g, (_, entry = 'index') => `from '../../${entries[entry]}'`),
    )
    const lines: string[] = []
    const log = vi.spyOn(console, 'log').mockImplementation((...args) => {
      lines.push(...formatWithOptions({ colors: false }, ...args).split('\n'))
    })
    try {
      await import(/* @vite-ignore */ path)
    } finally {
      log.mockRestore()
    }
    return lines.map(line => line.trimEnd())
  }
}
