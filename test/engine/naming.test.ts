// What ops are called on nodes; how many operands they take; what int32 holds.
import { expect, test } from 'vitest'
import {
  arange,
  cat,
  cholesky,
  DtypeError,
  eye,
  F,
  full,
  inv,
  ones,
  solve,
  stack,
  type Tensor,
  tensor,
  triangularSolve,
} from '../../src/index.ts'

const index = tensor([[0], [1]], { dtype: 'int32' })
const named: Record<string, (x: Tensor) => Tensor> = {
  amin: x => x.amin(0),
  amax: x => x.amax(0),
  sum: x => x.sum(),
  cholesky,
  inv,
  solve: x => solve(x, x),
  triangularSolve: x => triangularSolve(x, x),
  tril: x => x.tril(),
  triu: x => x.triu(),
  diagonal: x => x.diagonal(),
  diagEmbed: x => x.diagEmbed(),
  unfold: x => x.unfold(0, 1, 1),
  flip: x => x.flip(0),
  slice: x => x.slice(0, 1),
  at: x => x.at(1),
  gather: x => x.gather(1, index),
  take: x => x.take(index),
  takeAlongDim: x => x.takeAlongDim(index, 1),
  embedding: x => F.embedding(index, x),
  sort: x => x.sort(0).values,
  max: x => x.max(0, { keepdim: true }).values,
  pad: x => F.pad(x, [1, 1]),
  cat: x => cat([x, x]),
  stack: x => stack([x, x]),
  mm: x => x.mm(x),
  matmul: x => x.matmul(x),
  conv2d: x => F.conv2d(ones([1, 1, 2, 2]), x.reshape(1, 1, 2, 2)),
  maxPool2d: x => F.maxPool2d(x.reshape(1, 1, 2, 2), 2),
  avgPool2d: x => F.avgPool2d(x.reshape(1, 1, 2, 2), 2),
}
test.each(Object.entries(named))('%s', (name, f) => {
  expect(f(eye(2).requiresGrad_()).node?.name).toBe(name)
})

test('more tensors than a call takes arguments', () => {
  const xs = Array.from({ length: 200_000 }, (_, i) => tensor(i).requiresGrad_())
  const out = stack(xs)
  expect([
    out.shape,
    out.at(150_000).item(),
    cat(xs.map(x => x.reshape(1)))
      .at(-1)
      .item(),
  ]).toEqual([[200_000], 150_000, 199_999])
  out.square().sum().backward()
  expect(xs[150_000]?.grad?.item()).toBe(300_000)
})

test.each<[string, () => Tensor]>([
  ['3000000000', () => tensor([1, 3e9], { dtype: 'int32' })],
  ['NaN', () => tensor([Number.NaN], { dtype: 'int32' })],
  ['4000000000', () => tensor(Uint32Array.of(4e9) as unknown as Int32Array)],
  ['-3000000000', () => full([2], -3e9, { dtype: 'int32' })],
  ['3000000001', () => arange(3e9, 3e9 + 2)],
])('int32 does not hold %s', (value, f) => {
  expect(f).toThrow(DtypeError)
  expect(f).toThrow(`not ${value}`)
})
