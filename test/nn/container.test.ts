// Containers: names, order, growth, what they refuse, and compiled steps that notice who is in them.
import { describe, expect, test } from 'vitest'
import {
  ArgumentError,
  compile,
  DtypeError,
  IndexError,
  nn,
  ones,
  randn,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts'
import { copy } from '../../src/nn/copy.ts'
import { close } from '../compile/steps.ts'
import { values } from '../fixture.ts'

const line = (): nn.Linear => new nn.Linear(2, 2, { bias: false })
const names = (module: nn.Module): string[] => Object.keys(module.stateDict())

describe.each([
  ['ModuleList', (members: nn.Linear[]) => new nn.ModuleList<nn.TensorModule>(members)],
  ['Sequential', (members: nn.Linear[]) => new nn.Sequential(...members)],
] as const)('%s', (name, make) => {
  test('grows, shrinks, and is gone through', () => {
    const [a, b, c, d] = [line(), line(), line(), line()] as const
    const row = make([a])
    expect(row.append(b)).toBe(row)
    expect([...row.extend(new Set([c]))]).toEqual([a, b, c])
    row.insert(1, d)
    expect([row.length, row[1], row.at(-1), row.at(0)]).toEqual([4, d, c, a])
    expect(names(row)).toEqual(['0.weight', '1.weight', '2.weight', '3.weight'])
    expect([row.pop(), row.pop(0)]).toEqual([c, a])
    row.insert(2, a).insert(-1, c)
    expect([...row]).toEqual([d, b, c, a])
    expect(row.parameters()).toEqual([d, b, c, a].map(x => x.weight))
    row.extend(row)
    expect([row.length, row.parameters().length]).toEqual([8, 4])
    expect(make([]).length).toBe(0)
  })

  test('keeps the order of more than ten, and is copied', () => {
    const row = make(Array.from({ length: 12 }, line))
    expect(names(row)).toEqual(Array.from({ length: 12 }, (_, i) => `${i}.weight`))
    const again = copy<typeof row>(row)
    again.append(line())
    expect([again.length, row.length]).toEqual([13, 12])
    expect(again[11]).not.toBe(row[11])
  })

  test('refuses, and is as it was', () => {
    const row = make([line()])
    const wrong: [() => unknown, typeof ArgumentError, RegExp][] = [
      [
        () => row.append(zeros([1]) as never),
        ArgumentError,
        new RegExp(`${name}: (member|layer) 1 is (no|not a) module`),
      ],
      [() => row.extend([line(), null as never]), ArgumentError, /(member|layer) 2 /],
      [() => row.extend(3 as never), ArgumentError, /needs a list of members, not 3/],
      [() => row.at(1), IndexError, new RegExp(`${name}.at: index 1 is out of range for 1 member$`)],
      [() => row.at(-2), IndexError, /index -2/],
      [() => row.at(0.5), ArgumentError, /the index is an integer/],
      [() => row.insert(2, line()), IndexError, /insert: index 2/],
      [() => make([]).pop(), IndexError, /pop: index -1 is out of range for 0 members/],
    ]
    for (const [f, error, text] of wrong) {
      expect(f).toThrow(error)
      expect(f).toThrow(text)
    }
    expect(row.length).toBe(1)
  })

  test('a compiled step notices members that come, go or change', () => {
    const row = make([line(), line()])
    const step = compile((x: Tensor) => {
      let out = x
      for (const layer of row) out = layer.forward(out)
      return out
    })
    const x = randn([3, 2])
    const eager = (): Tensor => [...row].reduce((y, layer) => layer.forward(y), x)
    for (const change of [
      () => {},
      () => row.append(line()),
      () => row.pop(0),
      () => Object.assign(row, { 0: line() }),
    ]) {
      change()
      for (let i = 0; i < 3; i++) close(step(x), eager())
    }
    expect(step.describe().length).toBe(4)
  })
})

test('a ParameterList makes parameters of tensors', () => {
  const mine = nn.parameter(ones([2]))
  const leaf = ones([1], { requiresGrad: true })
  const list = new nn.ParameterList([mine, leaf])
  list.append(tensor([3, 4]))
  expect([list[0], list[1]]).toEqual([mine, leaf])
  expect(list[0]).toBe(mine)
  expect([list[2]!.requiresGrad, values(list[2]!)]).toEqual([true, [3, 4]])
  expect(list.parameters()).toHaveLength(3)
  expect(() => list.append([1] as never)).toThrow(/ParameterList: member 3 is no tensor, but an array/)
  expect(() => list.append(tensor([1], { dtype: 'int32' }))).toThrow(DtypeError)
  expect(() => (list as nn.Module & { forward(): void }).forward()).toThrow(ArgumentError)
})

describe('dictionaries', () => {
  class Heads extends nn.Module {
    heads = new nn.ModuleDict<nn.Linear>({ value: line(), policy: line() })
    scales = new nn.ParameterDict(new Map([['a', ones([1])]]))
    forward(x: Tensor): Tensor {
      return this.heads.get('policy').forward(x).mul(this.scales.get('a'))
    }
  }

  test('are walked under their names', () => {
    const model = new Heads()
    expect(names(model)).toEqual(['heads.value.weight', 'heads.policy.weight', 'scales.a'])
    const { heads } = model
    expect([heads.size, heads.keys(), heads.has('value'), heads.has('get')]).toEqual([
      2,
      ['value', 'policy'],
      true,
      false,
    ])
    const extra = line()
    expect(heads.set('extra', extra).get('extra')).toBe(extra)
    expect([...heads].map(([name]) => name)).toEqual(['value', 'policy', 'extra'])
    expect(heads.pop('extra')).toBe(extra)
    expect(heads.values()).toEqual([heads.get('value'), heads.get('policy')])
    const again = copy(model)
    expect(names(again)).toEqual(names(model))
    expect(again.heads.get('value')).not.toBe(heads.get('value'))
    heads.clear()
    expect([heads.size, heads.entries()]).toEqual([0, []])
    model.scales.update({ b: zeros([2]) })
    expect(model.scales.get('b').requiresGrad).toBe(true)
  })

  test('refuse names that cannot be, and are as they were', () => {
    const { heads } = new Heads()
    for (const name of ['', 'a.b', 'forward', 'get', 'training', '__proto__', 'constructor']) {
      expect(
        () =>
          heads.update([
            ['new', line()],
            [name, line()],
          ]),
        name,
      ).toThrow(ArgumentError)
      expect(() => heads.set(name, line())).toThrow(/cannot be the name of a member|needs/)
    }
    expect(() => heads.set('x', null as never)).toThrow(/ModuleDict: 'x' is no module/)
    expect(() => heads.get('x')).toThrow(/ModuleDict: has no 'x'. It has value, policy/)
    expect(() => heads.pop('x')).toThrow(ArgumentError)
    expect(() => new nn.ParameterDict(3 as never)).toThrow(/needs members by name, not 3/)
    expect(heads.keys()).toEqual(['value', 'policy'])
  })

  test('a compiled step notices another member', () => {
    const model = new Heads()
    const step = compile((x: Tensor) => model.forward(x))
    const x = randn([3, 2])
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 3; i++) close(step(x), model.forward(x))
      model.heads.set('policy', line())
    }
  })
})
