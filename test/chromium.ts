// What npm's @sparticuz/chromium brings along, unpacked: a browser and a GPU in software, for Linux on x64.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'

const require = createRequire(import.meta.url)

/** Does what is in the package run here? */
export const runsHere = process.platform === 'linux' && process.arch === 'x64'

/** A folder, for the caller to remove, with some of the package's archives in it. */
export function unpacked(...names: readonly ('chromium' | 'swiftshader.tar' | 'al2023.tar')[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'gradus-chromium-'))
  const packed = join(dirname(require.resolve('@sparticuz/chromium')), '../../bin')
  for (const name of names) {
    const data = brotliDecompressSync(readFileSync(join(packed, `${name}.br`)))
    if (name.endsWith('.tar')) execFileSync('tar', ['x', '-C', folder], { input: data, maxBuffer: data.length })
    else {
      writeFileSync(join(folder, name), data)
      chmodSync(join(folder, name), 0o755)
    }
  }
  return folder
}
