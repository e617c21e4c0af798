// A stream that remembers what is written to it: a log, or a terminal of so many columns.
import { Writable } from 'node:stream'

export function fake(columns?: number) {
  const writes: string[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      writes.push(String(chunk))
      done()
    },
  })
  if (columns) Object.assign(stream, { isTTY: true, columns })
  return { stream, writes, text: () => writes.join('') }
}
