// The optimizers of the library that are compared, each with its constants: PyTorch's, but for the learning rates.
import { optim, type Value } from '../../src/index.ts'

/** A number that an optimizer takes. */
export interface Constant {
  readonly title: string
  readonly initial: number
  readonly min: number
  readonly max: number
  /** In decades where it is a logarithm. */
  readonly step: number
  readonly log?: boolean
  readonly integer?: boolean
}
/** What all optimizers of the library have in common, L-BFGS too. */
export interface Stepping {
  step(closure: () => Value): Value
  zeroGrad(): void
}
export type Constants = Readonly<Record<string, number>>

export interface Kind {
  readonly title: string
  readonly constants: Readonly<Record<string, Constant>>
  readonly make: (params: readonly Value[], constants: Constants) => Stepping
}

const lr = (initial: number): Constant => ({
  title: 'learning rate',
  initial,
  min: 1e-5,
  max: 10,
  step: 0.05,
  log: true,
})
const share = (title: string, initial: number): Constant => ({ title, initial, min: 0, max: 0.999, step: 0.001 })
const momentum = share('momentum', 0.9)
const [beta1, beta2] = [share('β₁', 0.9), { ...share('β₂', 0.999), max: 0.9999, step: 0.0001 }]
const eps = (initial: number): Constant => ({ title: 'ε', initial, min: 1e-10, max: 1, step: 0.25, log: true })
const weightDecay = (initial: number): Constant => ({ title: 'weight decay', initial, min: 0, max: 1, step: 0.005 })
const adam = { lr: lr(0.1), beta1, beta2, eps: eps(1e-8) }
const betas = ({ beta1, beta2 }: Constants): [number, number] => [beta1, beta2]

export const kinds = {
  sgd: {
    title: 'SGD',
    constants: { lr: lr(0.05), weightDecay: weightDecay(0) },
    make: (params, { lr, weightDecay }) => new optim.SGD(params, { lr, weightDecay }),
  },
  momentum: {
    title: 'Momentum',
    constants: { lr: lr(0.05), momentum, dampening: share('dampening', 0) },
    make: (params, { lr, momentum, dampening }) => new optim.SGD(params, { lr, momentum, dampening }),
  },
  nesterov: {
    title: 'Nesterov',
    constants: { lr: lr(0.05), momentum: { ...momentum, min: 0.001 } },
    make: (params, { lr, momentum }) => new optim.SGD(params, { lr, momentum, nesterov: true }),
  },
  adagrad: {
    title: 'Adagrad',
    constants: {
      lr: lr(0.5),
      lrDecay: { title: 'decay of the rate', initial: 0, min: 0, max: 1, step: 0.005 },
      eps: eps(1e-10),
    },
    make: (params, { lr, lrDecay, eps }) => new optim.Adagrad(params, { lr, lrDecay, eps }),
  },
  rmsprop: {
    title: 'RMSprop',
    constants: { lr: lr(0.05), alpha: { ...share('α', 0.99) }, momentum: { ...momentum, initial: 0 }, eps: eps(1e-8) },
    make: (params, { lr, alpha, momentum, eps }) => new optim.RMSprop(params, { lr, alpha, momentum, eps }),
  },
  adam: {
    title: 'Adam',
    constants: adam,
    make: (params, all) => new optim.Adam(params, { lr: all.lr, betas: betas(all), eps: all.eps }),
  },
  adadelta: {
    title: 'Adadelta',
    constants: { lr: lr(1), rho: share('ρ', 0.9), eps: eps(1e-6) },
    make: (params, { lr, rho, eps }) => new optim.Adadelta(params, { lr, rho, eps }),
  },
  adamw: {
    title: 'AdamW',
    constants: { ...adam, weightDecay: weightDecay(0.01) },
    make: (params, all) =>
      new optim.AdamW(params, { lr: all.lr, betas: betas(all), eps: all.eps, weightDecay: all.weightDecay }),
  },
  nadam: {
    title: 'NAdam',
    constants: { ...adam, momentumDecay: { title: 'momentum decay', initial: 0.004, min: 0, max: 0.1, step: 0.001 } },
    make: (params, all) =>
      new optim.NAdam(params, { lr: all.lr, betas: betas(all), eps: all.eps, momentumDecay: all.momentumDecay }),
  },
  lion: {
    title: 'Lion',
    constants: { lr: lr(0.05), beta1, beta2: { ...beta2, initial: 0.99 }, weightDecay: weightDecay(0) },
    make: (params, all) => new optim.Lion(params, { lr: all.lr, betas: betas(all), weightDecay: all.weightDecay }),
  },
  lbfgs: {
    title: 'L-BFGS',
    constants: { lr: lr(1), historySize: { title: 'history', initial: 10, min: 1, max: 20, step: 1, integer: true } },
    make: (params, { lr, historySize }) =>
      new optim.LBFGS(params, { lr, historySize, maxIter: 1, lineSearchFn: 'strong_wolfe' }),
  },
} satisfies Readonly<Record<string, Kind>>
export type KindName = keyof typeof kinds
export const kindNames = Object.keys(kinds) as KindName[]
/** The kinds whose learning rate multiplies the gradient itself, so that it must suit the surface. */
export const plain: readonly KindName[] = ['sgd', 'momentum', 'nesterov']

/** As the sliders of all stand in the beginning. */
export const initials = (of: KindName): Constants =>
  Object.fromEntries(Object.entries<Constant>(kinds[of].constants).map(([name, { initial }]) => [name, initial]))
