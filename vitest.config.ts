// Tests mirror src/ and run in plain Node. With REPORT set to a file name, the counts are written there as JSON too.
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const { REPORT } = process.env

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    maxConcurrency: 2,
    // some tests wait for a browser or for processes of their own: two at a time also on two cores
    maxWorkers: Math.max(2, availableParallelism() - 1),
    ...(REPORT && { reporters: ['default', 'json'], outputFile: REPORT }),
  },
})
