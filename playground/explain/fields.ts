// The parts of this tab's address that no other tab has.
import type { Field } from '../place.ts'

export type Amounts = Readonly<Record<string, number>>

/** A number for each name: x1:2,x2:3. */
export const amounts = (initial: Amounts): Field<Amounts> => ({
  initial,
  read(text) {
    if (text === '') return {}
    const entries = text.split(',').map((part): [string, number] => {
      const [, name = '', digits = ''] = /^([^:]+):(.+)$/.exec(part) ?? []
      const x = Number(digits)
      if (name === '' || !Number.isFinite(x)) throw new Error('a number for each input, such as x1:2,x2:3')
      return [name, x]
    })
    return Object.fromEntries(entries)
  },
  write: xs =>
    Object.entries(xs)
      .map(([name, x]) => `${name}:${x}`)
      .join(','),
})

/** How many steps are taken: a number, or to the end, however far that is. */
export const taken: Field<number> = {
  initial: Infinity,
  read(text) {
    const x = text === 'end' ? Infinity : Number(text)
    if (text === '' || !(x >= 0) || (x !== Infinity && !Number.isInteger(x)))
      throw new Error("a whole number of steps, or 'end'")
    return x
  },
  write: x => (x === Infinity ? 'end' : String(x)),
}
