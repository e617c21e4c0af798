// What calls of compiled steps leave on the heap, in a process of its own, as a training script is.
import { compile, noGrad, ones, optim, type Tensor, zeros } from '../../src/index.ts'

/** Bytes a call over 100,000 calls, the least of several tries: the engine may put something of its own on the heap meanwhile. */
function growth(f: () => unknown): number {
  for (let i = 0; i < 200_000; i++) f()
  const tries = [1, 2, 3, 4, 5].map(() => {
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 100_000; i++) f()
    return Math.abs(process.memoryUsage().heapUsed - before) / 100_000
  })
  return Math.min(...tries)
}

const weight = (): Tensor => ones([8]).requiresGrad_()
const steps: Record<string, () => () => unknown> = {
  nothing() {
    const w = weight()
    return compile(() => {
      w.grad = null
      w.square().sum().backward()
      const g = w.grad as unknown as Tensor
      noGrad(() => w.assign(w.sub(g.mul(1e-5))))
    })
  },
  options() {
    const w = weight()
    const o = new optim.Adam([w], { lr: 1e-4 })
    return compile(() => {
      o.zeroGrad()
      w.square().sum().backward()
      o.step()
    })
  },
  arguments() {
    const w = weight()
    const f = compile((x: Tensor) => {
      noGrad(() => w.assign(w.add(x)))
    })
    const [x, y] = [ones([8]), zeros([8])]
    let turn = false
    return () => {
      turn = !turn
      f(turn ? x : y)
    }
  },
}
console.log(JSON.stringify(Object.fromEntries(Object.entries(steps).map(([name, make]) => [name, growth(make())]))))
