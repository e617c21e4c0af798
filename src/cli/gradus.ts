#!/usr/bin/env node
// The command `gradus`: explains, checks and derives an expression in the terminal.
import { run } from './command.ts'

// whoever reads may have had enough: gradus … | head
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    process.exitCode = 2
    if (stream === process.stdout) process.stderr.write(`gradus: could not write its output (${error.message})\n`)
  })

const { code, out, err } = await run(process.argv.slice(2), { width: process.stdout.columns })
process.exitCode = code
if (out !== '') process.stdout.write(`${out}\n`)
if (err !== '') process.stderr.write(`${err}\n`)
