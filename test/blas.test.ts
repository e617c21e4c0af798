// Products by a native library: where there is one they are the same to rounding; where there is none, an error says what to do.
import { afterEach, describe, expect, test } from 'vitest'
import { blas } from '../src/backend/blas.ts'
import { compile, DependencyError, F, Generator, nn, optim, randn, type Tensor } from '../src/index.ts'
import { type BlasInfo, dropBlas, useBlas } from '../src/io/blas.ts'

afterEach(dropBlas)

let found: BlasInfo | null = null
try {
  found = useBlas()
  dropBlas()
} catch (error) {
  // no library on this machine: what is left to test is this error
  if (!(error instanceof DependencyError)) throw error
}

test('a library that is not there', () => {
  expect(() => useBlas({ path: '/nowhere/libopenblas.so' })).toThrow(DependencyError)
  expect(() => useBlas({ path: '/nowhere/libopenblas.so' })).toThrow(/nowhere.*install/)
  expect(blas()).toBeNull()
})

describe.skipIf(found === null)('with a library', () => {
  const close = (a: Tensor, b: Tensor, tolerance: number): void => {
    expect(a.shape).toEqual(b.shape)
    const scale = Math.max(...Array.from(b.data, Math.abs))
    for (const [i, x] of a.data.entries()) expect(Math.abs(x - b.data[i]!)).toBeLessThan(tolerance * scale)
  }
  const generator = new Generator(1)

  test.each([
    ['float32', 1e-5],
    ['float64', 1e-13],
  ] as const)('%s: as they lie, transposed, in batches, broadcast', (dtype, tolerance) => {
    const cases: ((a: Tensor, b: Tensor) => Tensor)[] = [
      (a, b) => a.matmul(b),
      (a, b) => a.transpose(-1, -2).matmul(b.transpose(-1, -2)),
      (a, b) => F.linear(a, b.transpose(-1, -2)),
      (a, b) => a.reshape(3, 16, 48).matmul(b),
      (a, b) => a.slice(0, 8, 40).matmul(b.slice(1, 1, 44)),
    ]
    for (const f of cases) {
      const [a, b] = [randn([48, 48], { dtype, generator }), randn([48, 48], { dtype, generator })]
      const expected = f(a, b)
      useBlas()
      close(f(a, b), expected, tolerance)
      const compiled = compile((x: Tensor, y: Tensor) => f(x, y))
      for (let i = 0; i < 4; i++) close(compiled(a, b), expected, tolerance)
      expect(compiled.describe()[0]).toMatchObject({ host: [expect.stringContaining(found!.name)] })
      dropBlas()
    }
  })

  test('a training step, convolutions included', () => {
    const run = (): number[] => {
      const g = new Generator(2)
      const w = randn([8, 1, 3, 3], { generator: g }).mul(0.3).detach().requiresGrad_()
      const model = new nn.Linear(8 * 144, 10, { generator: g })
      const parameters = [w, ...model.parameters()]
      const optimizer = new optim.SGD(parameters, { lr: 0.01 })
      const x = randn([32, 1, 12, 12], { generator: g })
      const y = randn([32, 10], { generator: g })
      const step = compile(() => {
        const loss = F.mseLoss(model.forward(F.conv2d(x, w, null, { padding: 1 }).relu().flatten(1)), y)
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
        return loss
      })
      return Array.from({ length: 6 }, () => step().item())
    }
    const expected = run()
    useBlas()
    run().forEach((loss, i) => {
      expect(loss / expected[i]!).toBeCloseTo(1, 4)
    })
  })

  test('arrays of two types never meet in it', () => {
    useBlas()
    const x = randn([1, 4, 20, 20], { generator })
    const w = randn([4, 4, 3, 3], { generator }).requiresGrad_()
    F.conv2d(x, w).sum().backward()
    const native = w.grad as Tensor
    dropBlas()
    w.grad = null
    F.conv2d(x, w).sum().backward()
    close(native, w.grad!, 1e-5)
  })
})
