// Steps that are compiled in several ways and compared with themselves as they are.
import { expect } from 'vitest'
import {
  arange,
  cat,
  checkpoint,
  custom,
  F,
  Generator,
  grad,
  nn,
  ones,
  optim,
  randn,
  stack,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts'

export function close(a: Tensor, b: Tensor, tolerance = 2e-5): void {
  expect(a.shape).toEqual(b.shape)
  expect(a.dtype).toBe(b.dtype)
  const scale = Math.max(1e-30, ...Array.from(b.data, Math.abs).filter(Number.isFinite))
  a.data.forEach((x, i) => {
    const y = b.data[i] as number
    if (Object.is(x, y)) return
    expect(Math.abs(x - y) / scale).toBeLessThan(tolerance)
  })
}

/** A step with a state of its own, and what of that is to be compared. */
export type Make = (generator: Generator) => { step: () => unknown; watch: () => Tensor[] }
export const network = (generator: Generator, sizes = [3, 8, 5]): nn.Sequential =>
  new nn.Sequential(
    ...sizes.slice(1).flatMap((n, i) => [...(i ? [new nn.Tanh()] : []), new nn.Linear(sizes[i]!, n, { generator })]),
  )

export type Optimizer = { zeroGrad(): void; step(): void }
/** A step that trains a small network. */
export const trained =
  (optimizer: (p: Tensor[]) => Optimizer, before: (p: Tensor[]) => void = () => {}): Make =>
  generator => {
    const model = network(generator)
    const parameters = model.parameters()
    const x = randn([9, 3], { generator })
    const y = randn([9, 5], { generator })
    const o = optimizer(parameters)
    return {
      step() {
        const loss = F.mseLoss(model.forward(x), y)
        o.zeroGrad()
        loss.backward()
        before(parameters)
        o.step()
        return loss
      },
      watch: () => [...parameters, ...parameters.map(p => p.grad as Tensor)],
    }
  }

export const optimizers: readonly [string, (p: Tensor[]) => Optimizer][] = [
  ['SGD', p => new optim.SGD(p, { lr: 0.1 })],
  [
    'SGD, momentum, dampening, decay',
    p => new optim.SGD(p, { lr: 0.1, momentum: 0.9, dampening: 0.3, weightDecay: 0.01 }),
  ],
  ['SGD, Nesterov, maximize', p => new optim.SGD(p, { lr: 0.01, momentum: 0.9, nesterov: true, maximize: true })],
  ['Adam', p => new optim.Adam(p, { lr: 0.01 })],
  ['Adam, amsgrad, decay', p => new optim.Adam(p, { lr: 0.01, amsgrad: true, weightDecay: 0.1 })],
  ['AdamW', p => new optim.AdamW(p, { lr: 0.01, betas: [0.8, 0.99] })],
  ['groups', p => new optim.SGD([{ params: p.slice(0, 2), lr: 0.2 }, { params: p.slice(2) }], { lr: 0.1 })],
]

const g = new Generator(5)
const classes = tensor([0, 2, 1, 4, 3, 3], { dtype: 'int32' })
/** What ops make of a tensor [6, 5]. */
export const cases: Record<string, (x: Tensor) => Tensor> = {
  'a convolution and pools': x =>
    F.avgPool2d(
      F.maxPool2d(F.conv2d(x.reshape(1, 1, 6, 5), ones([2, 1, 3, 3]), zeros([2]), { padding: 1 }).relu(), 2),
      2,
    ),
  'strided and dilated convolutions': x =>
    F.conv2d(x.reshape(1, 1, 6, 5), ones([1, 1, 2, 2]), null, { stride: 2, dilation: 2, padding: 1 }),
  'a transposed convolution': x => F.convTranspose2d(x.reshape(1, 1, 6, 5), ones([1, 2, 3, 3]), null, { stride: 2 }),
  softmax: x => x.softmax(0).mul(x.logSoftmax(1)),
  logsumexp: x => x.logsumexp([0, 1]),
  'cross entropy': x => F.crossEntropy(x, classes, { labelSmoothing: 0.1 }),
  'an ignored class': x => F.crossEntropy(x, classes, { ignoreIndex: 3 }),
  'binary cross entropy': x => F.binaryCrossEntropyWithLogits(x, x.detach().gt(0).float()),
  embedding: x =>
    F.embedding(
      tensor(
        [
          [0, 5],
          [3, 3],
        ],
        { dtype: 'int32' },
      ),
      x,
    ),
  views: x =>
    cat([
      x.transpose(0, 1).slice(0, 1, 4),
      x.flip([0, 1]).reshape(5, 6).slice(0, 0, 3),
      x.permute(1, 0).unsqueeze(0).expand(2, 5, 6).select(0, 1),
    ]),
  'views of views': x =>
    x
      .transpose(0, 1)
      .reshape(3, 10)
      .slice(1, 1, 9, 2)
      .transpose(0, 1)
      .add(x.diagonal().slice(0, 0, 3)),
  'stack and pad': x =>
    stack([x, x.mul(2)])
      .pad([1, 2])
      .square(),
  'split and joined again': x => {
    const [a, b] = x.split([2, 3], 1) as [Tensor, Tensor]
    return cat([b.mul(2), a.sin()], 1)
  },
  'a variance': x => x.sub(x.mean(1, { keepdim: true })).div(x.var(1, { keepdim: true }).add(1e-5).sqrt()),
  'broadcast sums': x =>
    x
      .sum(0)
      .mul(x.sum(1, { keepdim: true }))
      .sum([0, 1]),
  'the largest': x => x.amax(1).add(x.max(1).values).add(x.max()),
  sorting: x => x.sort(1).values.mul(arange(5)),
  'a choice': x => x.gt(0).where(x.exp(), x.mul(0.1)),
  'special functions': x => x.abs().add(0.5).lgamma().add(x.erf()).add(x.abs().add(0.5).digamma()),
  'a product and a scan': x => x.prod(1).add(x.cumsum(0).cumprod(1).sum(1)),
  matmuls: x =>
    x.matmul(x.transpose(0, 1)).add(
      x
        .reshape(2, 3, 5)
        .matmul(x.reshape(2, 5, 3))
        .sum(),
    ),
  einsum: x => x.reshape(2, 3, 5).mul(1).sum().add(x.matmul(x.t()).trace()),
  norms: x => x.norm().add(x.norm(1, 0).sum()).add(x.std()),
  triangles: x =>
    x
      .slice(1, 0, 5)
      .slice(0, 0, 5)
      .tril()
      .add(x.slice(0, 1, 6).triu(1)),
  'linear algebra': x =>
    x
      .t()
      .matmul(x)
      .add(ones([5]).mul(3).diag())
      .inv(),
  indexing: x =>
    x.at(tensor([1, -1], { dtype: 'int32' }), ':').mul(x.indexSelect(0, tensor([0, 2], { dtype: 'int32' }))),
  'scatter and gather': x =>
    x.scatterAdd(1, tensor([[1], [2]], { dtype: 'int32' }), x.gather(1, tensor([[4], [0]], { dtype: 'int32' }))),
  'a custom function': x => custom({ forward: (y: Tensor) => y.round(), vjp: (dy: Tensor) => [dy.mul(3)] })(x.mul(4)),
  checkpoint: x => checkpoint((y: Tensor) => y.tanh().mul(y))(x),
  'a gradient within': x => x.mul(grad((y: Tensor) => y.tanh().sum())(x)),
  'cast back and forth': x => x.double().exp().float().add(x.gt(0).float()).add(x.mul(3).int().float()),
  'an empty tensor': x => x.slice(0, 3, 3).sum().add(x.sum()),
}

/** A step that trains what one of the cases is given. */
export const stepOf = (f: (x: Tensor) => Tensor): Make => {
  const data = randn([6, 5], { generator: g })
  return () => {
    const x = data.clone().detach().requiresGrad_()
    const weights = randn(f(x).shape, { generator: new Generator(8) })
    const o = new optim.SGD([x], { lr: 0.001 })
    return {
      step() {
        const out = f(x)
        const loss = out.mul(weights).sum()
        o.zeroGrad()
        loss.backward()
        o.step()
        return out
      },
      watch: () => [x, x.grad as Tensor],
    }
  }
}
