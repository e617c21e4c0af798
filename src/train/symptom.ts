// The training doctor's list: what each symptom looks like in what was seen, and the line to change.
import type { Tensor } from '../engine/tensor.ts'

/** An op that ran: in the model, or in the loss. */
export interface Seen {
  readonly name: string
  readonly inputs: readonly unknown[]
  readonly out: Tensor
  readonly where: 'model' | 'loss'
}
/** A parameter, its gradient on this batch, and what one step of the optimizer changed. */
export interface Watched {
  readonly name: string
  readonly x: Tensor
  /** Root mean squares of its elements, of its gradient (null: the loss does not reach it), and of the update. */
  readonly size: number
  readonly gradient: number | null
  readonly update: number
  /** That of the gradient it had before. */
  readonly leftover: number | null
  readonly optimized: boolean
}
/** What one look at a model, a batch, a loss and an optimizer gives. */
export interface Examination {
  readonly input: Tensor
  readonly ops: readonly Seen[]
  readonly parameters: readonly Watched[]
  /** Tensors that require gradients, are reached by the loss, and are in no field of the model. */
  readonly strangers: readonly Tensor[]
  /** Names of the modules that are in evaluation mode. */
  readonly evaluating: readonly string[]
  readonly loss: number
  /** The loss on the same batch after one step, and after `steps` of them. */
  readonly next: number
  readonly last: number
  readonly steps: number
}
export interface Symptom {
  readonly name: string
  /** What was seen, with its numbers. */
  readonly message: string
  /** The line to change. */
  readonly fix: string
}

const percent = (x: number): string => `${Math.round(100 * x)} %`
const short = (x: number): string => (x === 0 ? '0' : x.toPrecision(2))
const names = (list: readonly { readonly name: string }[]): string => {
  const shown = list.slice(0, 4).map(({ name }) => `'${name}'`)
  return shown.join(', ') + (list.length > shown.length ? ` and ${list.length - shown.length} more` : '')
}
/** The share of elements for which f holds. */
const share = ({ data }: Tensor, f: (x: number) => boolean): number => data.filter(f).length / Math.max(1, data.length)
/** Did an op make this tensor? */
const madeBy = ({ ops }: Examination, x: unknown, name: string): boolean =>
  ops.some(({ name: other, out }) => other === name && x === out)

/** In units of a layer: how many of them are 0 for the whole batch. */
function silent(out: Tensor): { readonly dead: number; readonly all: number } {
  const [batch = 1, ...rest] = out.shape
  const units = rest.reduce((n, size) => n * size, 1)
  let dead = 0
  for (let unit = 0; unit < units; unit++) {
    let alive = false
    for (let i = 0; i < batch && !alive; i++) alive = out.data[i * units + unit] !== 0
    if (!alive) dead++
  }
  return { dead, all: units }
}

type Check = (e: Examination) => { readonly message: string; readonly fix: string } | null

/** Thresholds, each where it is usual to begin to worry. */
const HALF = 0.5
const SATURATED = 0.97
const RATIO = [1e-4, 1e-2] as const
const SPREAD = 1e4
const HUGE = 1e3
const TINY = 1e-7

export const checks: Readonly<Record<string, Check>> = {
  'gradients that add up': ({ parameters }) => {
    // a loop that clears them leaves those of one batch
    const piled = parameters.filter(
      ({ leftover, gradient }) => leftover !== null && gradient !== null && gradient > 0 && leftover > 4 * gradient,
    )
    return piled.length > parameters.length / 2
      ? {
          message: `the gradients that were there are several times those of one batch (${names(piled)}): backward adds to what it finds`,
          fix: 'optimizer.zeroGrad() before loss.backward()',
        }
      : null
  },
  'softmax twice': e => {
    const twice = e.ops.find(({ name, inputs }) => name === 'logSoftmax' && madeBy(e, inputs[0], 'softmax'))
    const logged = e.ops.find(
      ({ name, inputs, where }) => name === 'logSoftmax' && where === 'loss' && madeBy(e, inputs[0], 'logSoftmax'),
    )
    if (!twice && !logged) return null
    return {
      message: `the loss takes the softmax of what is a ${twice ? 'softmax' : 'logSoftmax'} already, which flattens its gradients`,
      fix: 'crossEntropy wants logits: leave the softmax out of the model (or use nllLoss after logSoftmax)',
    }
  },
  'sigmoid twice': e => {
    const twice = e.ops.some(
      ({ name, inputs, where }) =>
        where === 'loss' &&
        name === 'softplus' &&
        inputs.some(
          x =>
            madeBy(e, x, 'sigmoid') ||
            e.ops.some(op => op.out === x && op.name === 'neg' && madeBy(e, op.inputs[0], 'sigmoid')),
        ),
    )
    return twice
      ? {
          message: 'the loss takes the sigmoid of what is a sigmoid already',
          fix: 'binaryCrossEntropyWithLogits wants logits: leave the sigmoid out of the model',
        }
      : null
  },
  'a loss that broadcasts': ({ ops }) => {
    const shapes = (op: Seen): (readonly number[])[] =>
      op.inputs.flatMap(x => (typeof x === 'object' && x !== null && 'shape' in x ? [(x as Tensor).shape] : []))
    const found = ops.find(op => {
      const [a, b] = shapes(op)
      if (op.where !== 'loss' || !a || !b || a.length === b.length) return false
      const [long, flat] = a.length > b.length ? [a, b] : [b, a]
      const n = flat[0] as number
      // [n, 1] against [n] makes [n, n]
      return flat.length === 1 && long.length === 2 && n > 1 && long[0] === n && long[1] === 1
    })
    if (!found) return null
    const [a, b] = shapes(found)
    return {
      message: `'${found.name}' in the loss compares [${a}] with [${b}] and makes [${found.out.shape}]: every output with every target`,
      fix: `give both one shape: target.unsqueeze(1), or output.squeeze(1)`,
    }
  },
  'parameters of no module': ({ strangers }) =>
    strangers.length > 0
      ? {
          message: `the loss depends on ${strangers.length > 1 ? `${strangers.length} tensors that require gradients and are` : 'a tensor that requires a gradient and is'} in no field of the model: ${strangers.map(({ label, shape }) => `${label || 'one'} of shape [${shape}]`).join(', ')}`,
          fix: 'keep them in fields of the model (also in arrays, Maps or objects), not in #private fields or variables',
        }
      : null,
  'parameters without gradients': ({ parameters }) => {
    const unused = parameters.filter(({ x, gradient }) => x.requiresGrad && gradient === null)
    return unused.length > 0
      ? {
          message: `the loss does not depend on ${names(unused)}`,
          fix: 'use them in forward, or remove them; a detach() or item() on the way cuts the graph too',
        }
      : null
  },
  'frozen parameters': ({ parameters }) => {
    const frozen = parameters.filter(({ x }) => !x.requiresGrad)
    return frozen.length > 0
      ? { message: `${names(frozen)} require no gradient`, fix: 'if they are to learn: model.requiresGrad_(true)' }
      : null
  },
  'parameters the optimizer does not know': ({ parameters }) => {
    const left = parameters.filter(({ x, optimized }) => x.requiresGrad && !optimized)
    return left.length > 0
      ? {
          message: `${names(left)} have gradients, and the optimizer does not train them`,
          fix: 'make the optimizer with model.parameters(), after the model is whole',
        }
      : null
  },
  'evaluation mode': ({ evaluating }) =>
    evaluating.length > 0
      ? {
          message: `${names(evaluating.map(name => ({ name: name || 'the model' })))} is in evaluation mode: dropout and batch statistics rest`,
          fix: 'model.train() before training, after every model.eval()',
        }
      : null,
  'dead units': ({ ops }) => {
    const layers = ops.filter(({ name, where, out }) => where === 'model' && name === 'relu' && out.ndim > 1)
    const worst = layers.map(({ out }) => silent(out)).sort((a, b) => b.dead / b.all - a.dead / a.all)[0]
    return worst && worst.dead / worst.all > HALF
      ? {
          message: `${worst.dead} of ${worst.all} units of a relu are 0 for the whole batch: they have no gradient`,
          fix: 'a smaller learning rate, leakyRelu or gelu, kaiming initialisation, or biases that are not so negative',
        }
      : null
  },
  'saturated units': ({ ops }) => {
    const edges: Record<string, (y: number) => boolean> = {
      tanh: y => Math.abs(y) > SATURATED,
      sigmoid: y => y > SATURATED || y < 1 - SATURATED,
    }
    const worst = ops
      .flatMap(({ name, where, out }) => {
        const edge = edges[name]
        return where === 'model' && edge ? [{ name, part: share(out, edge) }] : []
      })
      .sort((a, b) => b.part - a.part)[0]
    return worst && worst.part > HALF
      ? {
          message: `${percent(worst.part)} of the outputs of a ${worst.name} are at its ends, where it is flat`,
          fix: 'normalise the inputs, smaller initial weights (xavier), or a norm layer before it',
        }
      : null
  },
  'gradients that explode': ({ parameters }) => {
    const large = parameters.filter(({ gradient }) => gradient !== null && !(gradient < HUGE))
    return large.length > 0
      ? {
          message: `the gradient of ${names(large)} is ${short(large[0]?.gradient as number)} on the average`,
          fix: 'optim.clipGradNorm(model.parameters(), 1) before optimizer.step(), and smaller initial weights',
        }
      : null
  },
  'gradients that vanish': ({ parameters }) => {
    const weights = parameters.filter((p): p is Watched & { gradient: number } => p.gradient !== null && p.x.ndim > 1)
    if (weights.length === 0) return null
    const sorted = [...weights].sort((a, b) => a.gradient - b.gradient)
    const [least, most] = [sorted[0] as (typeof sorted)[0], sorted.at(-1) as (typeof sorted)[0]]
    if (!(least.gradient < TINY || least.gradient * SPREAD < most.gradient)) return null
    return {
      message: `the gradient of '${least.name}' is ${short(least.gradient)} on the average, that of '${most.name}' ${short(most.gradient)}`,
      fix: 'relu or gelu instead of tanh and sigmoid, residual connections, norm layers, kaiming or xavier initialisation',
    }
  },
  'updates out of proportion': ({ parameters }) => {
    const ratios = parameters
      .filter(({ x, size, update }) => x.ndim > 1 && size > 0 && update > 0)
      .map(({ name, size, update }) => ({ name, ratio: update / size }))
      .sort((a, b) => a.ratio - b.ratio)
    const middle = ratios[ratios.length >> 1]
    if (!middle || (middle.ratio >= RATIO[0] && middle.ratio <= RATIO[1])) return null
    const much = middle.ratio > RATIO[1]
    return {
      message: `one step changes the weights of '${middle.name}' by ${short(middle.ratio)} of their size; usual is ${RATIO[0]} to ${RATIO[1]}`,
      fix: `a ${much ? 'smaller' : 'larger'} learning rate, by a factor of about ${short(much ? middle.ratio / 1e-3 : 1e-3 / middle.ratio)}`,
    }
  },
  'a learning rate too high': ({ loss, next }) =>
    next > loss || Number.isNaN(next)
      ? {
          message: `one step makes the loss on the same batch worse: ${short(loss)} to ${short(next)}`,
          fix: 'a smaller learning rate, by a factor of 3 to 10',
        }
      : null,
  'inputs not normalised': ({ input }) => {
    if (input.dtype !== 'float32' && input.dtype !== 'float64') return null
    const values = Float64Array.from(input.data)
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length
    const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length)
    if (deviation <= 10 && deviation >= 0.05 && Math.abs(mean) <= 3 * deviation) return null
    return {
      message: `the inputs have a mean of ${short(mean)} and a deviation of ${short(deviation)}`,
      fix: 'subtract the mean of the training set and divide by its deviation: new data.StandardScaler()',
    }
  },
  'a loss far from chance': e => {
    const logs = e.ops.find(({ name, where }) => where === 'loss' && name === 'logSoftmax')
    if (!logs) return null
    const classes = logs.out.shape[logs.out.ndim > 1 ? 1 : 0] as number
    const chance = Math.log(classes)
    if (e.loss <= 1.5 * chance + 0.5) return null
    return {
      message: `the loss is ${short(e.loss)}; guessing among ${classes} classes gives ln ${classes} = ${short(chance)}`,
      fix: 'a smaller last layer (multiply its initial weights by 0.1, bias 0); in the middle of training, look at the labels',
    }
  },
  'a batch that is not learned': ({ loss, last, steps }) =>
    !(last < HALF * loss)
      ? {
          message: `${steps} steps on this one batch bring the loss from ${short(loss)} to ${short(last)}; a model that can learn it halves it`,
          fix: 'if nothing else is listed: a larger learning rate or model, or labels that do not belong to these inputs',
        }
      : null,
}
