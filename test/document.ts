// A document as tests and the site read it: its blocks of code and what they say that they print, its links and formulas.

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
