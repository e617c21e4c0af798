#!/usr/bin/env node
// The command `gradus`: explains, checks and derives an expression in the terminal.
import { run } from './command.ts'

const { code, out, err } = await run(process.argv.slice(2), { width: process.stdout.columns })
if (out !== '') process.stdout.write(`${out}\n`)
if (err !== '') process.stderr.write(`${err}\n`)
process.exitCode = code
