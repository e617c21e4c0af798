// How weights move: the optimizers and the schedules of their learning rates, and the same as code.
import { optim } from '../../src/index.ts'
import type { OptimizerName, ScheduleName, Setup } from './message.ts'

type Trained = ConstructorParameters<typeof optim.StepLR>[0]
/** An optimizer, as a run uses it. */
export interface Optimizer extends Trained {
  zeroGrad(): void
  step(): void
}
type Hyper = Pick<Setup, 'lr' | 'momentum'>

interface Method {
  make(params: readonly optim.Param[], hyper: Hyper): Optimizer
  code(hyper: Hyper): string
}
const optimizers: Readonly<Record<OptimizerName, Method>> = {
  SGD: {
    make: (params, { lr }) => new optim.SGD(params, { lr }),
    code: ({ lr }) => `optim.SGD(params, { lr: ${lr} })`,
  },
  momentum: {
    make: (params, { lr, momentum }) => new optim.SGD(params, { lr, momentum }),
    code: ({ lr, momentum }) => `optim.SGD(params, { lr: ${lr}, momentum: ${momentum} })`,
  },
  nesterov: {
    make: (params, { lr, momentum }) => new optim.SGD(params, { lr, momentum, nesterov: true }),
    code: ({ lr, momentum }) => `optim.SGD(params, { lr: ${lr}, momentum: ${momentum}, nesterov: true })`,
  },
  Adagrad: {
    make: (params, { lr }) => new optim.Adagrad(params, { lr }),
    code: ({ lr }) => `optim.Adagrad(params, { lr: ${lr} })`,
  },
  RMSprop: {
    make: (params, { lr }) => new optim.RMSprop(params, { lr }),
    code: ({ lr }) => `optim.RMSprop(params, { lr: ${lr} })`,
  },
  Adam: {
    make: (params, { lr }) => new optim.Adam(params, { lr }),
    code: ({ lr }) => `optim.Adam(params, { lr: ${lr} })`,
  },
  AdamW: {
    make: (params, { lr }) => new optim.AdamW(params, { lr }),
    code: ({ lr }) => `optim.AdamW(params, { lr: ${lr} })`,
  },
  Lion: {
    make: (params, { lr }) => new optim.Lion(params, { lr }),
    code: ({ lr }) => `optim.Lion(params, { lr: ${lr} })`,
  },
}

/** A scheduler takes a step after each of the optimizer, but no more than `last`: then the rate stays. */
interface Schedule {
  /** What it does to the rate, for the reader. */
  readonly words: string
  make(optimizer: Optimizer, lr: number): optim.LRScheduler
  code(lr: number): string
  readonly last: number
}
const schedules: Readonly<Record<Exclude<ScheduleName, 'constant'>, Schedule>> = {
  step: {
    words: 'Halved every 200 steps',
    make: optimizer => new optim.StepLR(optimizer, 200, { gamma: 0.5 }),
    code: () => 'optim.StepLR(optimizer, 200, { gamma: 0.5 })',
    last: Infinity,
  },
  exponential: {
    words: 'Times 0.998 after every step',
    make: optimizer => new optim.ExponentialLR(optimizer, 0.998),
    code: () => 'optim.ExponentialLR(optimizer, 0.998)',
    last: Infinity,
  },
  cosine: {
    words: 'Falls to a hundredth within 1,000 steps, and stays there',
    make: (optimizer, lr) => new optim.CosineAnnealingLR(optimizer, 1000, { etaMin: lr / 100 }),
    code: lr => `optim.CosineAnnealingLR(optimizer, 1000, { etaMin: ${lr / 100} })`,
    last: 1000,
  },
  warmup: {
    words: 'Rises from a hundredth within 100 steps, and stays there',
    make: optimizer => new optim.LinearLR(optimizer, { startFactor: 0.01, totalIters: 100 }),
    code: () => 'optim.LinearLR(optimizer, { startFactor: 0.01, totalIters: 100 })',
    last: 100,
  },
  oneCycle: {
    words: 'Rises from a 25th for 300 steps, falls to almost 0 until step 1,000, and stays there',
    make: (optimizer, lr) => new optim.OneCycleLR(optimizer, lr, { totalSteps: 1000, cycleMomentum: false }),
    code: lr => `optim.OneCycleLR(optimizer, ${lr}, { totalSteps: 1000, cycleMomentum: false })`,
    last: 999,
  },
}

/** What a schedule does, in a sentence; empty where the rate stays. */
export const scheduleWords = (name: ScheduleName): string =>
  name === 'constant' ? '' : `${schedules[name].words}. Counted from where it was chosen.`

/** An optimizer with its schedule. */
export class Descent {
  readonly optimizer: Optimizer
  #scheduler: optim.LRScheduler | null = null
  #last = 0

  constructor(params: readonly optim.Param[], setup: Setup) {
    this.optimizer = optimizers[setup.optimizer].make(params, setup)
    this.begin(setup)
  }
  /** Begins the schedule of this setup, at its rate; what the optimizer remembers stays. */
  begin({ schedule, lr }: Setup): void {
    for (const group of this.optimizer.paramGroups) {
      group.lr = lr
      delete group.initialLr
    }
    const found = schedule === 'constant' ? null : schedules[schedule]
    this.#scheduler = found?.make(this.optimizer, lr) ?? null
    this.#last = found?.last ?? 0
  }
  get lr(): number {
    return this.optimizer.paramGroups[0].lr
  }
  step(): void {
    this.optimizer.step()
    if (this.#scheduler && this.#scheduler.lastEpoch < this.#last) this.#scheduler.step()
  }
}

/** The code of a descent of `params`: what is made before the loop, and what follows `optimizer.step()` in it. */
export function descentCode(setup: Setup): { readonly before: string; readonly after: string } {
  const optimizer = `const optimizer = new ${optimizers[setup.optimizer].code(setup)}\n`
  if (setup.schedule === 'constant') return { before: optimizer, after: '' }
  const { code, last } = schedules[setup.schedule]
  return {
    before: `${optimizer}const scheduler = new ${code(setup.lr)}\n`,
    after: last === Infinity ? 'scheduler.step()\n' : `if (scheduler.lastEpoch < ${last}) scheduler.step()\n`,
  }
}
