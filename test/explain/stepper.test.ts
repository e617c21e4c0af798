// The stepper in forward mode: one step for each contribution to a tangent, as the engine's own rules make it.
import { describe, expect, test } from 'vitest'
import { Stepper, type StepperOptions, type TangentStep } from '../../src/explain/stepper.ts'
import { type Trace, trace } from '../../src/explain/trace.ts'
import { ArgumentError, checkpoint, custom, type Tensor, tensor, type Value } from '../../src/index.ts'

const lecture = (x1: Value, x2: Value): Value => x1.mul(x2).add(x1.sin())
const numbers = (x: unknown): number[] =>
  typeof x === 'number' ? [x] : Array.from((x as Tensor).data, y => Number(y.toFixed(5)))
const stepper = (found: Trace, options: StepperOptions = {}): Stepper =>
  new Stepper(found, { tangents: true, phase: 'forward', ...options })
const tangents = ({ steps }: Stepper): TangentStep[] => steps.filter(step => step.phase === 'tangent')

test('the lecture: node, incoming tangent, partial, contribution, sum so far', () => {
  const steps = stepper(trace(lecture, [2, 3], { wrt: ['x1'] }))
  expect(tangents(steps).map(({ formula }) => formula.text)).toEqual([
    'x1-dot = 1',
    'w1-dot = cos(x1)*x1-dot',
    'w2-dot = x1-dot*x2',
    'w3-dot = w1-dot',
    'w3-dot += w2-dot',
  ])
  expect(tangents(steps).at(-1)).toMatchObject({
    row: { name: 'w3' },
    by: { name: 'x1' },
    from: { name: 'w2' },
    argument: 1,
    upstream: 3,
    local: 1,
    contribution: 3,
    accumulated: 3 + Math.cos(2),
  })
  expect(steps.steps.map(({ phase }) => phase)).toEqual(
    'forward tangent forward forward tangent forward tangent forward tangent tangent'.split(' '),
  )
})

test('goes forth and back, and knows the tangents that are summed up by now', () => {
  const found = trace(lecture, [2, 3], { wrt: ['x1', 'x2'] })
  const [x1, x2] = found.inputs
  const steps = stepper(found, { phase: 'both' })
  const last = found.outputs[0]!
  steps.jump(steps.steps.findIndex(step => step.phase === 'tangent' && step.row === last) + 1)
  expect(steps.tangents(x1!).get(last)).toBe(Math.cos(2))
  expect(steps.tangents(x2!).get(last)).toBeUndefined()
  steps.jump(steps.length)
  expect([x1, x2].map(x => steps.tangents(x!).get(last))).toEqual([3 + Math.cos(2), 2])
  expect([x1, x2].map(x => steps.adjoints.get(x!))).toEqual([3 + Math.cos(2), 2])
  steps.rewind()
  expect(steps.tangents(x1!).size).toBe(0)
})

describe('ends with the tangents of the trace, each the sum of its contributions', () => {
  const point = (): Tensor => tensor([[1, 2, -3]], { dtype: 'float64' })
  const fixed = tensor([2, 3, 4], { dtype: 'float64' })
  const twice = custom({ forward: (x: Value) => x.mul(2), vjp: g => [g.mul(2)], jvp: ([dx]) => dx!.mul(2) })
  test.each<[string, () => Trace]>([
    ['a square', () => trace((x: Value) => x.mul(x), [3], { wrt: ['x1'] })],
    [
      'an operand that stands behind',
      () => trace((x: Value, y: Value) => y.sub(x).mul(x), [2, 5], { wrt: ['x2', 'x1'] }),
    ],
    ['as evaluated', () => trace((x: Value, y: Value) => y.mul(x).pow(y), [2, 5], { wrt: ['x2'], order: 'evaluated' })],
    ['conditions', () => trace('where(x > y, x*y, x) + floor(x)', { x: 2.5, y: 1 }, { wrt: ['x', 'y'] })],
    ['rules of its own', () => trace((x: Value) => twice(x.sin()), [1], { wrt: ['x1'] })],
    [
      'a checkpoint',
      () =>
        trace(
          checkpoint((x: Value) => x.sin().mul(x)),
          [1],
          { wrt: ['x1'] },
        ),
    ],
    [
      'tensors',
      () =>
        trace(
          (x: Tensor) =>
            x
              .softmax(-1)
              .mul(fixed)
              .matmul(x.reshape([3, 1]))
              .sum(),
          [point()],
          { wrt: ['x1'] },
        ),
    ],
    ['a broadcast', () => trace((x: Tensor, y: Tensor) => x.mul(y).add(y).amax(), [point(), fixed], { wrt: ['x2'] })],
  ])('%s', (_, make) => {
    const found = make()
    const steps = stepper(found)
    steps.jump(steps.length)
    found.wrt.forEach((by, k) => {
      const at = steps.tangents(by)
      for (const row of found.rows) {
        const own = row.tangents[k]
        if (own === null || own === undefined) expect(at.has(row)).toBe(false)
        else expect(numbers(at.get(row)), row.name).toEqual(numbers(own).map(x => expect.closeTo(x, 5)))
      }
    })
    for (const { local, upstream, contribution } of tangents(steps))
      if (typeof local === 'number') expect(contribution).toBeCloseTo(local * (upstream as number), 12)
  })
})

test.each<[() => unknown, RegExp]>([
  [() => stepper(trace(lecture, [2, 3])), /Stepper: the trace has no tangents: name inputs by its option 'wrt'/],
  [() => stepper(trace(lecture, [2, 3]), { tangent: true } as never), /unknown option 'tangent'/],
])('error %#', (run, message) => {
  expect(run).toThrow(ArgumentError)
  expect(run).toThrow(message)
})
