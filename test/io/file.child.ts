// Writes one file again and again until it is killed; each time other contents, which can be told to be whole.
import { replaceFile } from '../../src/io/file.ts'

const [path, seed] = process.argv.slice(2) as [string, string]
for (let i = Number(seed); ; i = (i + 1) % 256) {
  replaceFile('test', path, new Uint8Array(1_000_000 + 1000 * i).fill(i))
  process.stdout.write('.')
}
