// A setup of the playground's tab Train to vary.
import type { Setup } from '../../playground/train/message.ts'
import { Session } from '../../playground/train/session.ts'

export const plain: Setup = {
  data: 'moons',
  csv: '',
  samples: 200,
  noise: 0.1,
  testShare: 0.3,
  seed: 1,
  features: ['x1', 'x2'],
  hidden: [4, 2],
  activation: 'tanh',
  init: 'default',
  optimizer: 'Adam',
  lr: 0.03,
  momentum: 0.9,
  schedule: 'constant',
  regularization: 'none',
  rate: 0.01,
  dropout: 0,
  batch: 10,
  engine: 'tensor',
}

export const begin = (over: Partial<Setup> = {}): Promise<Session> => Session.begin({ ...plain, ...over })
/** The losses of so many steps. */
export const losses = (session: Session, steps: number): number[] => Array.from({ length: steps }, () => session.step())
/** A session after so many steps. */
export async function trained(steps: number, over: Partial<Setup> = {}): Promise<Session> {
  const session = await begin(over)
  losses(session, steps)
  return session
}
