// What a step does, in a sentence.
import { type Formula, meanings, type Step } from '../../src/explain/explain.ts'
import { numeral } from '../numeral.ts'
import type { Moment, Numbers, Shape } from './study.ts'

/** Words and formulas, in turn. */
type Sentence = readonly (string | Formula)[]

export function sentence(shape: Shape, numbers: Numbers, moment: Moment, position: number): Sentence {
  const { current } = moment
  if (position === 0) return ['Nothing is computed yet. Forward, each row gets its value; then gradients flow back.']
  if (!current) return ended(shape, numbers, moment)
  switch (current.phase) {
    case 'forward':
      return forward(shape, numbers, current)
    case 'seed':
      return ['Now backward. The output changes as fast as itself: ', current.formula, '.']
    case 'tangent':
      return ['Forward, beside the value: ', current.formula, '.']
    case 'backward':
      return backward(shape, moment, current)
  }
}

function ended({ nodes, names }: Shape, { values }: Numbers, { adjoints }: Moment): Sentence {
  const output = nodes.find(({ isOutput }) => isOutput)
  const value = `${output?.name} = ${numeral(values[output?.index ?? 0] as number)}`
  if (adjoints.size === 0) return [`The value is ${value}; no gradient flows back from it.`]
  const inputs = nodes.filter(({ kind }) => kind === 'input')
  const flowed = inputs.map(({ name, index }) => `${numeral(adjoints.get(index) ?? 0)} by ${name}`)
  return [
    `All done: ${value}, and ${names.length > 1 ? 'its derivatives are' : 'its derivative is'} ${flowed.join(', ')}.`,
  ]
}

function forward({ nodes }: Shape, numbers: Numbers, { row }: Extract<Step, { phase: 'forward' }>): Sentence {
  const what = row.op !== null ? '' : row.kind === 'input' ? 'the input ' : 'the constant '
  const value = numeral(numbers.values[row.index] as number)
  const by = numbers.wrt.map((name, k) => `${numeral(numbers.tangents[row.index]?.[k] as number)} by ${name}`)
  const changes = by.length === 0 ? '' : `; ${by.length === 1 ? 'its tangent is' : 'its tangents are'} ${by.join(', ')}`
  return [`Forward: ${what}`, nodes[row.index]?.formula ?? '', ` is ${value}${changes}.`]
}

function backward(
  { nodes, visits }: Shape,
  { arrived, edge }: Moment,
  step: Extract<Step, { phase: 'backward' }>,
): Sentence {
  const { row, to, upstream, local, contribution, accumulated } = step
  const [user, node] = [nodes[row.index], nodes[to.index]]
  const terms = visits.find(visit => visit.node === to.index)?.terms
  const term = terms?.find(term => term.edge === edge)?.formula
  const uses = node?.uses ?? 0
  const count = arrived.get(to.index) ?? 1
  const [whole, part, sum] = [upstream, contribution, accumulated].map(x => numeral(x as number))
  return [
    'Backward: ',
    user?.formula ?? '',
    ` ${user?.pattern ? verbs[user.pattern] : ''}: ${to.name} gets `,
    term ?? '',
    ` = ${whole} × ${factor(local as number)} = ${part}.`,
    ...(uses > 1 ? [` That is use ${count} of ${uses}, together ${sum}${count < uses ? ' so far' : ''}.`] : []),
  ]
}
/** A number behind a sign. */
export const factor = (x: number): string => (x < 0 ? `(${numeral(x)})` : numeral(x))
/** The meanings of the patterns as what somebody does. */
const verbs: Readonly<Record<keyof typeof meanings, string>> = {
  ...meanings,
  slope: 'has a local slope',
  linear: 'is linear',
}
