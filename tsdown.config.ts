// Ten entries: the root one, explain, draw, train, csv and webgpu run anywhere (tsconfig.browser.json sees to that); the
// others are Node's. And the command.
import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    draw: 'src/explain/draw.ts',
    explain: 'src/explain/explain.ts',
    train: 'src/train/train.ts',
    plot: 'src/plot/plot.ts',
    progress: 'src/train/progress.ts',
    io: 'src/io/io.ts',
    blas: 'src/io/blas.ts',
    csv: 'src/io/csv.ts',
    webgpu: 'src/compile/webgpu/webgpu.ts',
    gradus: 'src/cli/gradus.ts',
  },
  format: 'esm',
  platform: 'node',
  target: 'es2022',
  fixedExtension: false,
  dts: true,
})
