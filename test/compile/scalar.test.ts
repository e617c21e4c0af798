// Scalar programs: whatever a step on values does, its program does again, to the bit.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, test } from 'vitest'
import { type ScalarProgram, ScalarRecorder, scalarProgram } from '../../src/compile/tape/program.ts'
import type { Recording } from '../../src/compile/tape/tape.ts'
import { during, mode, type Recorder } from '../../src/engine/apply.ts'
import {
  codegen,
  custom,
  data,
  Generator,
  GradError,
  GradusError,
  grad,
  nn,
  noGrad,
  type OpName,
  table,
  tensor,
  Value,
} from '../../src/index.ts'

afterEach(() => {
  codegen(true)
})

const recorded = (step: () => unknown, before?: Recording): Recording => {
  const recorder = new ScalarRecorder(before)
  return recorder.finish(during({ recorder: recorder as unknown as Recorder }, step))
}

/** Eager and recorded twice, then compiled. */
function compiled<R>(step: () => R): ScalarProgram<R> {
  const before = recorded(step)
  const recording = recorded(step, before)
  const difference = recording.differs(before)
  if (difference) throw new GradError(difference)
  return scalarProgram<R>(recording, before)
}

// what an optimizer does: the same on values while a step is recorded
const gradient = (x: Value): Value => mode.recorder?.gradient(x) ?? Value.constant(x.grad)
const live = (read: () => number): Value =>
  (mode.recorder?.live(read, true) as Value | undefined) ?? Value.constant(read())
const descend = (params: readonly Value[], lr: Value | number): void =>
  noGrad(() => {
    for (const p of params) p.assign(p.sub(gradient(p).mul(lr)))
  })

const numbers = (xs: readonly Value[]): number[] => xs.flatMap(x => [x.data, x.grad])

interface Made {
  readonly step: () => unknown
  readonly leaves: readonly Value[]
}
const seen = (result: unknown): string =>
  JSON.stringify(result, (_, x) => {
    if (x instanceof Value) return [x.data, x.grad]
    return typeof x !== 'number' ? x : Object.is(x, -0) ? '-0' : String(x)
  })

/** The same step eagerly and compiled: its leaves and results must be the same bits, run after run. */
function expectSame(make: () => Made, times = 3): ScalarProgram {
  const [eager, replayed] = [make(), make()]
  eager.step()
  eager.step()
  const program = compiled(replayed.step)
  expect(numbers(replayed.leaves)).toEqual(numbers(eager.leaves))
  for (let k = 0; k < times; k++) {
    const want = seen(eager.step())
    expect(seen(program.replay())).toBe(want)
    expect(numbers(replayed.leaves)).toEqual(numbers(eager.leaves))
  }
  return program
}

/** micrograd's demo: an MLP on two moons, hinge loss and decay, a learning rate that falls. */
function moons(nonlinearity: 'relu' | 'tanh', n = 20): Made {
  const made = data.makeMoons({ n, noise: 0.1, generator: new Generator(3) })
  const [points, labels] = [made.x.toArray() as number[][], made.y.data]
  const model = new nn.MLP(2, [8, 8, 1], { nonlinearity, generator: new Generator(7) })
  const leaves = model.parameters()
  let k = 0
  const step = () => {
    const lr = live(() => 1 - (0.9 * k++) / 100)
    const scores = points.map(point => model.forward(point)[0])
    const margins = scores.map((score, i) => score.mul(1 - 2 * labels[i]).add(1))
    const losses = margins.map(margin => margin.relu()).reduce((sum, loss) => sum.add(loss))
    const decay = leaves.map(p => p.mul(p)).reduce((sum, square) => sum.add(square))
    const loss = losses.mul(1 / n).add(decay.mul(1e-4))
    model.zeroGrad()
    loss.backward()
    descend(leaves, lr)
    return { loss, scores }
  }
  return { step, leaves }
}

describe('a training step', () => {
  test.each(['relu', 'tanh'] as const)('100 steps of the moons with %s', nonlinearity => {
    const program = expectSame(() => moons(nonlinearity), 100)
    const { ops, terms, levels, kernels, generated } = program.describe()
    expect(generated).toBe(true)
    // products are computed where they are summed, and additions hand gradients on for nothing
    expect(terms).toBeLessThan(2 * ops)
    expect(levels).toBeLessThan(30)
    expect(kernels).toBeLessThan(20)
  })

  test('without generated code', () => {
    codegen(false)
    expect(expectSame(() => moons('tanh', 5), 10).describe().generated).toBe(false)
  })

  test('what is written between steps is read', () => {
    const made = moons('relu', 5)
    const other = moons('relu', 5)
    const program = compiled(made.step)
    other.step()
    other.step()
    for (const leaves of [made.leaves, other.leaves]) {
      leaves[3].data = 0.25
      leaves[5].grad = 9
    }
    expect(seen(program.replay())).toBe(seen(other.step()))
    expect(numbers(made.leaves)).toEqual(numbers(other.leaves))
  })
})

describe('every op of the table', () => {
  const names = [...table.keys()] as OpName[]
  test.each([true, false])('forward and backward, code generated: %s', generated => {
    codegen(generated)
    for (const name of names) {
      const row = table.get(name) as NonNullable<ReturnType<typeof table.get>>
      for (const at of [0.3, 0.71]) {
        const make = (): Made => {
          const leaves = row.domain.map(([low, high]) => new Value(low + at * (high - low)))
          const given = row.domain.map(([low, high]) => low + (1 - at) * (high - low))
          const step = () => {
            for (const x of leaves) x.zeroGrad()
            const [x, ...rest] = leaves
            const out = x.apply(name, x, ...rest)
            // numbers as operands, one by one
            const mixed = given.map((number, i) => x.apply(name, ...leaves.map((y, j) => (i === j ? number : y))))
            const sum = [out, ...mixed].reduce((sum, y) => sum.add(y.mul(3)))
            if (sum.low === 0) sum.backward()
            return [out, mixed]
          }
          return { step, leaves }
        }
        expectSame(make, 2)
      }
    }
  })

  test('where the numbers are special', () => {
    const special = [0, -0, 1, -1, Infinity, -Infinity, NaN, 0.5]
    const ops = 'maximum minimum relu abs sqrt reciprocal where eq le clamp fmod'.split(' ') as OpName[]
    for (const name of ops) {
      const { arity } = table.get(name) as NonNullable<ReturnType<typeof table.get>>
      const make = (): Made => {
        const leaves = special.map(x => new Value(x))
        // a comparison alone has nothing to go back from
        const beside = new Value(0)
        const step = () =>
          leaves.flatMap((x, i) =>
            leaves.map((y, j) => {
              const out = x.apply(name, ...[x, y, leaves[(i + j) % 8]].slice(0, arity))
              out.add(beside).backward()
              return out
            }),
          )
        return { step, leaves }
      }
      expectSame(make, 2)
    }
  })
})

describe('gradients', () => {
  const from = (data: number[], f: (xs: readonly Value[]) => unknown) => (): Made => {
    const leaves = data.map(x => new Value(x))
    return { leaves, step: () => f(leaves) }
  }

  test('a value used twice', () => {
    expectSame(from([3], ([x]) => x.mul(x).add(x).mul(x.sin()).backward()))
    expectSame(from([3], ([x]) => x.add(x).add(x).backward()))
  })

  test('of leaves add up over steps, unless cleared', () => {
    expectSame(from([2, 5], ([x, y]) => x.mul(y).exp().backward()))
    expectSame(
      from([2, 5], ([x, y]) => {
        x.zeroGrad()
        x.mul(y).tanh().backward()
      }),
    )
  })

  test('a condition counts as it was, whatever becomes of it before the backward', () => {
    expectSame(
      from([1, 2, 5], ([c, x, y]) => {
        const out = c.where(x.mul(x), y.mul(3))
        c.assign(c.neg().add(1).detach())
        out.backward()
      }),
      4,
    )
  })

  test('two backwards, of one result and of two', () => {
    expectSame(
      from([2, -3], ([x, y]) => {
        const shared = x.mul(y)
        const out = shared.mul(shared)
        out.backward()
        out.backward()
        shared.backward()
        x.backward()
        return [shared, out, gradient(shared), gradient(x)]
      }),
    )
  })

  test('the sign of a gradient that is 0', () => {
    expectSame(
      from([2], ([x]) => {
        const y = x.mul(3)
        y.add(1).mul(-0).backward()
        return [y, gradient(y), gradient(x), y.mul(-0)]
      }),
    )
  })

  test('cleared between two backwards, and changed by a rule', () => {
    expectSame(
      from([2, -3], ([x, y]) => {
        x.mul(y).backward()
        x.zeroGrad()
        x.mul(y.exp()).backward()
        const clipped = noGrad(() => gradient(x).clamp(-1, 1))
        x.grad = clipped.data
        mode.recorder?.graded(x, clipped)
        descend([x, y], 0.01)
      }),
    )
  })

  test('where and maximum route by the numbers of each run', () => {
    const make = from([-2, 1], ([x, y]) => {
      for (const z of [x, y]) z.zeroGrad()
      x.gt(0).where(x.mul(3), y.mul(x)).add(x.maximum(y)).backward()
      noGrad(() => x.assign(x.add(0.7)))
    })
    expectSame(make, 6)
  })

  test('what is assigned before the backward is what the backward reads', () => {
    expectSame(
      from([2, 3], ([x, y]) => {
        const out = x.mul(y)
        x.assign(noGrad(() => x.add(1)))
        out.backward()
      }),
    )
  })

  test('gradients of gradients, detached values and constants', () => {
    expectSame(
      from([0.5], ([x]) => {
        const slope = grad((z: Value) => z.pow(3).sin())
        const out = (slope(x) as unknown as Value).mul(x.detach()).add(Value.constant(4)).mul(new Value(2))
        out.backward()
        return out
      }),
    )
  })

  test('values computed before the step go with it', () => {
    const make = (): Made => {
      const leaves = [new Value(2), new Value(3)]
      const before = leaves[0].mul(leaves[1]).exp()
      const fixed = Value.constant(0.5)
      const step = () => {
        const out = before.mul(fixed).mul(leaves[0])
        out.backward()
        return out
      }
      return { step, leaves: [...leaves, before, fixed] }
    }
    expectSame(make)
  })
})

describe('shapes of graphs', () => {
  test('a chain of 200,000', () => {
    const make = (): Made => {
      const leaves = [new Value(1.00001), new Value(1e-6)]
      const step = () => {
        let out = leaves[0]
        for (let i = 0; i < 100_000; i++) out = out.mul(leaves[0]).add(leaves[1])
        for (const x of leaves) x.zeroGrad()
        out.backward()
        return out
      }
      return { step, leaves }
    }
    expectSame(make, 1)
  })

  test('sums of any length, in lanes and without', () => {
    for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 33]) {
      const make = (): Made => {
        const leaves = Array.from({ length: n }, (_, i) => new Value(Math.sin(i + 1)))
        const step = () => {
          // n sums of n products, of i copies, and of products and copies in turn
          const sums = leaves.flatMap((x, i) => [
            leaves.map((y, j) => y.mul(leaves[(i * j) % n])).reduce((sum, y) => sum.add(y)),
            leaves.slice(0, i).reduce((sum, y) => y.add(sum), x),
            leaves.reduce((sum, y, j) => sum.add(j % 2 ? y : y.mul(x)), x.exp()),
          ])
          const out = sums.reduce((sum, y) => sum.add(y.tanh()))
          out.backward()
          return [out, sums]
        }
        return { step, leaves }
      }
      expectSame(make, 2)
    }
  })

  test.each(Array.from({ length: 60 }, (_, k) => k))('steps drawn at random, %i', run => {
    const make = (): Made => {
      const leaves = Array.from({ length: 4 }, (_, i) => new Value(Math.cos(i + run)))
      const step = () => {
        // the same draws in each step
        const generator = new Generator(run)
        const pool: Value[] = [...leaves, live(() => leaves[0].data / 2)]
        const draw = (n: number): number => Math.floor(n * generator.uniform())
        const pick = (): Value => pool[draw(pool.length)] as Value
        const actions: (() => unknown)[] = [
          () => pool.push(pick().add(pick())),
          () => pool.push(pick().add(pick())),
          () => pool.push(pick().add(draw(3) - 1)),
          () => pool.push(pick().mul(pick()).tanh()),
          () => pool.push(pick().mul(leaves[draw(4)])),
          () => pool.push(pick().sub(pick())),
          () => pool.push(pick().relu()),
          () => pool.push(pick().maximum(pick())),
          () => pool.push(pick().gt(0).where(pick(), pick().neg())),
          () => pool.push(noGrad(() => pick().mul(pick()))),
          () => pool.push(pick().detach()),
          () => pool.push(gradient(pick())),
          () => pick().zeroGrad(),
          () => leaves[draw(4)].assign(pick().tanh()),
          () => {
            const root = pick()
            if (root.low === 0) root.backward()
          },
        ]
        for (let k = 0; k < 60; k++) actions[draw(actions.length)]()
        return pool.slice(4)
      }
      return { step, leaves }
    }
    expectSame(make, 3)
  })

  test('nothing at all', () => {
    const x = new Value(3)
    const program = compiled(() => x)
    x.data = 4
    expect(program.replay()).toBe(x)
    expect(compiled(() => {}).replay()).toBeUndefined()
    expect(compiled(() => 'done').replay()).toBe('done')
  })
})

describe('results', () => {
  test('are new values in the same structure, and never change', () => {
    const x = new Value(2)
    const program = compiled(() => {
      const out = x.mul(x)
      return { out, list: [x, out.add(1)], text: 'a', number: 3, none: null }
    })
    const first = program.replay()
    x.data = 5
    const second = program.replay()
    expect([first.out.data, second.out.data]).toEqual([4, 25])
    expect([first.list[1].data, second.list[1].data]).toEqual([5, 26])
    expect(second.list[0]).toBe(x)
    expect({ ...second, out: 0, list: 0 }).toEqual({ out: 0, list: 0, text: 'a', number: 3, none: null })
    expect(second.out.inputs).toEqual([])
  })

  test('a replay leaves no garbage, and a program not its recording', async () => {
    const x = new Value(2)
    let held: WeakRef<Value> | null = null
    const program = compiled(() => {
      const out = x.mul(x)
      held = new WeakRef(out)
      x.zeroGrad()
      out.backward()
      descend([x], 1e-6)
    })
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const heap = (times: number): number => {
      for (let k = 0; k < times; k++) program.replay()
      return process.memoryUsage().heapUsed
    }
    await new Promise(resolve => setTimeout(resolve, 10))
    heap(10_000)
    collect()
    expect((held as WeakRef<Value> | null)?.deref()).toBeUndefined()
    // the engine may put something of its own on the heap meanwhile
    const growths = [1, 2, 3].map(() => {
      const before = heap(0)
      return (heap(100_000) - before) / 100_000
    })
    // newer engines put each number that is written into a field into a box of 16 bytes: one of data, one of grad, twice
    const boxes = Number(process.versions.node.split('.')[0]) > 20 ? 16 * 6 : 0
    expect(Math.min(...growths.map(Math.abs))).toBeLessThan(1 + boxes)
  })
})

describe('refused', () => {
  const refusal = (step: () => unknown): string => {
    try {
      compiled(step)
    } catch (error) {
      expect(error).toBeInstanceOf(GradusError)
      return (error as Error).message
    }
    return ''
  }
  const x = new Value(2)
  x.label = 'x'

  test('numbers that change', () => {
    let k = 0
    expect(refusal(() => x.mul(k++))).toContain("the number 1 given to 'mul' was 0 the step before")
    expect(refusal(() => x.mul(k++))).toContain('live(() => …, Value)')
    expect(refusal(() => x.mul(new Value(k++)))).toContain('a Value made inside the step held')
    expect(refusal(() => x.mul(2).data + k++)).toContain('return the Value')
    expect(refusal(() => ({ a: [k++] }))).toContain('the step returned the number')
  })

  test('ops that change', () => {
    let k = 0
    expect(refusal(() => (k++ % 2 ? x.mul(2) : x.add(2)))).toContain("applied 'mul' where it applied 'add'")
    expect(refusal(() => (k++ % 2 ? x.mul(2) : x.mul(2).add(1)))).toMatch(/did more or less|other operands/)
    const [a, b] = [new Value(1), new Value(2)]
    expect(refusal(() => a.mul(k++ % 2 ? a : b))).toContain('other operands')
    let kept = new Value(0).add(1)
    expect(
      refusal(() => {
        kept = kept.add(x)
      }),
    ).toContain('make a Value outside and assign')
  })

  test('data and gradients changed by hand', () => {
    const p = new Value(3)
    p.label = 'p'
    const byHand = refusal(() => {
      p.zeroGrad()
      p.mul(p).backward()
      p.data -= 0.1 * p.grad
    })
    expect(byHand).toContain("the data of 'p' was changed by hand")
    expect(byHand).toContain('optimizer')
    // at the beginning, in between, and at the end
    for (const where of [0, 1, 2, 3]) {
      const message = refusal(() => {
        if (where === 0) p.grad = 0
        const out = p.mul(p)
        if (where === 1) p.grad = 0
        out.backward()
        if (where === 2) p.grad *= 2
        out.backward()
        if (where === 3) p.grad = 0
      })
      expect(message).toContain("the gradient of 'p' was changed by hand")
      expect(message).toContain('zeroGrad()')
    }
    let k = 0
    expect(
      refusal(() => {
        p.data = k++
        return p.mul(2)
      }),
    ).toContain('set it before the step')
  })

  test('hooks, custom functions, tensors', () => {
    const remove = x.registerHook(() => {})
    expect(refusal(() => x.mul(2).backward())).toContain("'x' has a hook")
    remove()
    const program = compiled(() => x.mul(2).backward())
    const removeAgain = x.registerHook(() => {})
    const before = x.grad
    expect(() => program.replay()).toThrow("'x' has a hook")
    expect(x.grad).toBe(before)
    removeAgain()
    expect(refusal(() => x.mul(2).backward())).toBe('')
    const own = custom({ name: 'mine', forward: (y: Value) => y.mul(2), vjp: g => [g.mul(2)] })
    expect(refusal(() => own(x))).toContain("'mine'")
    const t = tensor([1, 2])
    expect(refusal(() => t.mul(2))).toContain('either with Values or with tensors')
  })
})
