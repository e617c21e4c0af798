// The site's own check finds what is wrong with a site. (`npm run docs` builds the real one, and checks it by this.)
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { problems } from '../scripts/site/check.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A site of these files. */
function site(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'gradus-site-'))
  folders.push(folder)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}
const nothing = { pages: [], formulas: {} }

test('a site without mistakes', () => {
  const folder = site({
    'index.html':
      '<link rel="stylesheet" href="assets/a.css"/><a href="course/">1</a><a href="course/index.html#top">2</a>',
    'course/index.html':
      '<h1 id="top">x</h1><a href="../index.html">home</a><a href="https://example.org">out</a><a href="#top">top</a>',
    'assets/a.css': '@import url("b.css"); a { background: url(data:image/png;base64,AA==) }',
    'assets/b.css': '',
  })
  expect(problems(folder, { pages: ['course/index.html'], formulas: { 'index.html': 0 } })).toEqual([])
})

test.each([
  [
    'a link to nothing',
    { 'a/index.html': '<a href="../b.html">b</a>' },
    'a/index.html links to ../b.html, which is not there',
  ],
  [
    'a picture that is not there',
    { 'index.html': '<img alt="" src="x.png">' },
    'index.html links to x.png, which is not there',
  ],
  [
    'a heading that is not there',
    { 'index.html': '<a href="#x">x</a>' },
    'index.html links to #x, where nothing has that name',
  ],
  [
    'a script from elsewhere',
    { 'index.html': '<script src="https://cdn.example/x.js"></script>' },
    'index.html loads https://cdn.example/x.js',
  ],
  [
    'a style from elsewhere',
    { 'index.html': '<link rel="stylesheet" href="//cdn.example/x.css">' },
    'index.html loads //cdn.example/x.css',
  ],
  [
    'a font from elsewhere',
    { 'a.css': '@font-face { src: url(https://cdn.example/f.woff2) }' },
    'a.css loads https://cdn.example/f.woff2',
  ],
  [
    'a font that is not there',
    { 'a.css': '@font-face { src: url("f.woff2") }' },
    'a.css loads f.woff2, which is not there',
  ],
  [
    'a formula that cannot be read',
    { 'index.html': '<span class="katex-error">x</span>' },
    'index.html has a formula that cannot be read',
  ],
] as const)('%s', (_, files, message) => expect(problems(site(files), nothing)).toEqual([message]))

test('what is missing', () => {
  const folder = site({ 'index.html': '<span class="katex">x</span>' })
  expect(problems(folder, { pages: ['course/01.html'], formulas: { 'index.html': 2 } })).toEqual([
    'course/01.html is not there',
    'index.html has 1 formulas, its text 2',
  ])
})
