// Tests mirror src/ and run in plain Node. With REPORT set to a file name, the counts are written there as JSON too.
import { defineConfig } from 'vitest/config'

const { REPORT } = process.env

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    maxConcurrency: 2,
    ...(REPORT && { reporters: ['default', 'json'], outputFile: REPORT }),
  },
})
