// A small run: a classifier of three clouds, with dropout, in batches that are shuffled anew in each epoch.
import { F, Generator, nn, noGrad, optim, randn, type Tensor, tensor, zeros } from '../../src/index.ts'

/** Batches [x, y] of clouds around three points, 7 in all: 6 of `size`, and one of 3 samples. */
export function clouds(size = 8, dtype: 'float32' | 'float64' = 'float32'): [Tensor, Tensor][] {
  const generator = new Generator('clouds')
  const batch = (n: number): [Tensor, Tensor] => {
    const labels = Array.from({ length: n }, () => generator.integer(0, 3))
    const centres = tensor(
      labels.map(k => [Math.cos(2 * k), Math.sin(2 * k)]),
      { dtype },
    )
    return [randn([n, 2], { generator, dtype }).mul(0.3).add(centres), tensor(labels, { dtype: 'int32' })]
  }
  return [...Array.from({ length: 6 }, () => batch(size)), batch(3)]
}

/** The same batches in another order each time. */
export const shuffled = <B>(
  batches: readonly B[],
  generator: Generator,
): Iterable<B> & { readonly length: number } => ({
  length: batches.length,
  *[Symbol.iterator]() {
    for (const i of generator.permutation(batches.length)) yield batches[i]
  },
})

/** Takes the mean of a batch away, in evaluation the running one. */
class Centred extends nn.Module {
  readonly mean: Tensor
  constructor(size: number) {
    super()
    this.mean = zeros([size])
  }
  forward(x: Tensor): Tensor {
    if (!this.training) return x.sub(this.mean)
    const mean = x.mean(0)
    this.mean.assign(noGrad(() => this.mean.mul(0.9).add(mean.detach().mul(0.1))))
    return x.sub(mean)
  }
}

export interface Made {
  readonly model: nn.Sequential
  readonly optimizer: optim.Adam
  readonly loss: typeof F.crossEntropy
}
/** A model with dropout and running statistics, the same for the same seed. */
export function made(seed: number | string = 1, lr = 0.02): Made {
  const generator = new Generator(seed)
  const model = new nn.Sequential(
    new nn.Linear(2, 12, { generator }),
    new Centred(12),
    new nn.Tanh(),
    new nn.Dropout(0.2, { generator }),
    new nn.Linear(12, 3, { generator }),
  )
  return { model, optimizer: new optim.Adam(model.parameters(), { lr }), loss: F.crossEntropy }
}

/** All numbers of a model, parameters and buffers. */
export const numbersOf = (model: nn.Module): number[][] => Object.values(model.stateDict()).map(x => Array.from(x.data))
