// Drawing: where whatever is random about data comes from.
import { described } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { defaultGenerator, Generator } from '../engine/random.ts'

/** @throws ArgumentError when it is no generator; without one, the default generator */
export function drawing(op: string, generator: Generator = defaultGenerator()): Generator {
  if (!(generator instanceof Generator))
    throw new ArgumentError(`${op}: generator is a Generator, not ${described(generator)}`)
  return generator
}
