// Questions to a worker: which are answered, and what becomes of the others.
import { describe, expect, test } from 'vitest'
import { Desk } from '../../playground/desk.ts'

type Jobs = { readonly double: (x: number) => number; readonly name: (x: number) => string }

/** A worker whose answers the test gives. */
class Hired extends EventTarget {
  readonly asked: { readonly kind: string; readonly question: unknown }[] = []
  ended = false
  postMessage(question: { kind: string; question: unknown }): void {
    this.asked.push(question)
  }
  terminate(): void {
    this.ended = true
  }
  reply(data: object): void {
    this.dispatchEvent(new MessageEvent('message', { data }))
  }
}
function office() {
  const hired: Hired[] = []
  const desk = new Desk<Jobs>(() => {
    const worker = new Hired()
    hired.push(worker)
    return worker as unknown as Worker
  })
  const told: unknown[] = []
  const tell = (x: unknown): void => {
    told.push(x)
  }
  return { desk, hired, told, tell }
}

describe('a desk', () => {
  test('answers the newest question of each kind', () => {
    const { desk, hired, told, tell } = office()
    expect(hired).toHaveLength(0)
    for (const x of [1, 2, 3]) desk.ask('double', x, tell)
    desk.ask('name', 4, tell)
    expect(desk.awaits('double') && desk.awaits('name') && desk.busy.value).toBe(true)
    hired[0]?.reply({ answer: 2 })
    hired[0]?.reply({ answer: 6 })
    hired[0]?.reply({ answer: 'four' })
    expect(told).toEqual([6, 'four'])
    expect(hired[0]?.asked.map(({ question }) => question)).toEqual([1, 3, 4])
    expect(desk.awaits('double') || desk.awaits('name') || desk.busy.value).toBe(false)
  })

  test('a failure is said until its kind is answered or dropped, whatever goes well elsewhere', () => {
    const { desk, hired, told, tell } = office()
    desk.ask('double', 1, tell)
    hired[0]?.reply({ error: 'too odd' })
    desk.ask('name', 1, tell)
    hired[0]?.reply({ answer: 'one' })
    expect([desk.failure.value, desk.failed('double'), desk.failed('name')]).toEqual(['too odd', 'too odd', ''])
    desk.drop('double')
    expect(desk.failure.value).toBe('')
    expect(told).toEqual(['one'])
  })

  test('a worker that fails is followed by another', () => {
    const { desk, hired, told, tell } = office()
    desk.ask('double', 1, tell)
    hired[0]?.dispatchEvent(Object.assign(new Event('error'), { message: '' }))
    expect(desk.failed('double')).toBe('the worker could not be started')
    expect(hired[0]?.ended).toBe(true)
    desk.ask('double', 2, tell)
    hired[0]?.reply({ answer: 2 })
    hired[1]?.reply({ answer: 4 })
    expect(told).toEqual([4])
    expect(desk.failure.value).toBe('')
  })

  test('what nobody waits for is stopped: by patience, or by whoever closes', () => {
    const { desk, hired, told, tell } = office()
    desk.ask('double', 1, tell)
    desk.ask('name', 1, tell)
    desk.ask('double', 2, tell, -1)
    expect(hired.map(({ ended }) => ended)).toEqual([true, false])
    hired[1]?.reply({ answer: 'one' })
    hired[1]?.reply({ answer: 4 })
    expect(told).toEqual(['one', 4])
    desk.ask('double', 3, tell)
    desk.close()
    hired[1]?.reply({ answer: 6 })
    expect(told).toHaveLength(2)
    expect(desk.busy.value || desk.awaits('double')).toBe(false)
    expect(hired).toHaveLength(2)
  })
})
