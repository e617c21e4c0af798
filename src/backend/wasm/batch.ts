// A product of matrices for each of a batch: loops around the product, the factors wherever they lie.

import { type Batch, batches } from '../batch.ts'
import type { Module } from './assembler.ts'
import { gemm } from './gemm.ts'
import type { Width } from './vector.ts'

/** A function of the addresses (c, a, b, scratch). */
export function batched(module: Module, width: Width, fused: boolean, p: Batch): number {
  const { m, n, k, a, b, c = { matrix: m * n, row: n } } = p
  const { sizes, streams } = batches(p)
  const product = gemm(module, width, fused)
  const name = `batched ${JSON.stringify([width, fused, p])}`
  return module.shared(name, ['i32', 'i32', 'i32', 'i32'], [], code => {
    const nest = (dim: number, left: number, right: number): void => {
      if (dim === sizes.length) {
        code
          .get(0)
          .get(left)
          .get(right)
          .i32(m)
          .i32(n)
          .i32(k)
          .i32(c.row * width)
        code
          .i32(a.row * width)
          .i32(a.step * width)
          .i32(b.step * width)
          .i32(b.column * width)
        code
          .get(3)
          .i32(0)
          .call(product)
          .advance(0, c.matrix * width)
        return
      }
      const [own, other] = [code.local('i32'), code.local('i32')]
      code.get(left).set(own).get(right).set(other)
      code.repeat(sizes[dim] as number, () => {
        nest(dim + 1, own, other)
        code.advance(own, (streams[0]?.[dim] as number) * width).advance(other, (streams[1]?.[dim] as number) * width)
      })
    }
    nest(0, 1, 2)
  })
}
