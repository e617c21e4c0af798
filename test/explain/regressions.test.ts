// What once went wrong in gradus/explain.
import { describe, expect, test } from 'vitest'
import { copies, explain, trace } from '../../src/explain/explain.ts'
import { nn, type Tensor, tensor, type Value } from '../../src/index.ts'

describe('explain', () => {
  test('uses that hand no gradient back are not counted, and adjoints have as many terms', () => {
    const f = (x: Value) => x.gt(2).where(x.mul(x), x.sin())
    const found = explain(f, [3])
    expect([...copies(found.trace)].map(([{ name }, n]) => `${name} ${n}`)).toEqual(['x1 3'])
    expect(found.sweeps[0]?.adjoints.at(-1)?.terms).toHaveLength(3)
    const of = trace((x: Tensor, y: Tensor) => x.gt(y).where(x, y).mul(x.detach()), [tensor([1]), tensor([2])])
    expect(copies(of).size).toBe(0)
  })

  test('a model that reads integers has adjoints of its parameters', () => {
    const model = new nn.Sequential(new nn.Embedding(5, 3), new nn.Linear(3, 2))
    const ids = tensor([0, 4, 4], { dtype: 'int32' })
    for (const mode of ['reverse', 'both'] as const) {
      const { trace, sweeps, forward, equations } = explain(model, [ids], { mode })
      expect(trace.wrt).toEqual([])
      expect(forward.title).toBe('Values')
      expect(equations.forward).toEqual([])
      expect(sweeps[0]?.adjoints.map(({ row }) => row.name)).toContain('0.weight')
    }
    expect(() => explain(model, [ids], { mode: 'forward' })).toThrow(
      'explain: there is no input to differentiate by: they are integers or bools',
    )
    expect(() => explain((x: Tensor) => x.mul(2), [ids])).toThrow(/no input to differentiate by/)
    expect(() => explain('2 + 3', {}, { mode: 'reverse' })).toThrow(/no input to differentiate by/)
  })
})
