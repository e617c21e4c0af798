// What flows through the layers of a network: how large it is, how spread, how much of it is dead or saturated.
import type { Chart } from 'chart.js'
import { noGrad } from '../engine/apply.ts'
import { list, number, options as optionsOf, record } from '../engine/argument.ts'
import { ArgumentError } from '../engine/errors.ts'
import { Tensor } from '../engine/tensor.ts'
import type { TensorModule } from '../nn/module.ts'
import { panels, yAxis } from './axis.ts'
import { axisTitle, frame, known, legend, lineChart, type PlotOptions } from './canvas.ts'
import { type Numbers, numbers, spanOf, widened } from './points.ts'

/** Of the outputs (or gradients, or weights) of one layer. */
export type LayerStatistics = {
  name: string
  mean: number
  /** Standard deviation. */
  std: number
  /** Share of values that are 0, from 0 to 1: after a ReLU, the units that are off. */
  zero?: number
  /** Share of values where the activation is flat, from 0 to 1. */
  saturated?: number
}

/**
 * Counts what `activationStatistics` draws: `any shape -> numbers`. The standard deviation divides by n. Values of a
 * size above `saturation`, if it is given (0.97 for a tanh), count as saturated.
 *
 * @throws ArgumentError when there are no values
 * @example
 * layerStatistics('relu', [0, 0, 1, 3]) // { name: 'relu', mean: 1, std: 1.2247, zero: 0.5 }
 */
export function layerStatistics(name: string, values: Numbers, given: { saturation?: number } = {}): LayerStatistics {
  const { saturation } = optionsOf('layerStatistics', given, ['saturation'])
  if (saturation !== undefined) number('layerStatistics', 'saturation', saturation)
  const all = numbers('layerStatistics', name, values)
  const n = all.length
  if (n === 0) throw new ArgumentError(`layerStatistics: ${name} has no values`)
  let [sum, zero, saturated] = [0, 0, 0]
  for (let i = 0; i < n; i++) {
    sum += all[i]
    if (all[i] === 0) zero++
    if (saturation !== undefined && Math.abs(all[i]) > saturation) saturated++
  }
  const mean = sum / n
  let squares = 0
  for (let i = 0; i < n; i++) squares += (all[i] - mean) ** 2
  const flat = saturation === undefined ? {} : { saturated: saturated / n }
  return { name, mean, std: Math.sqrt(squares / n), zero: zero / n, ...flat }
}

/**
 * What each layer of a model gives for an input, in the order in which they run, in the mode in which the model is:
 * `[n, ...] -> statistics of the k modules without modules within`. One that runs several times counts with its last
 * output; gradients are not recorded.
 *
 * @throws ArgumentError for an unknown option, and whatever the model throws; no hook stays behind
 * @example
 * const model = new nn.Sequential(new nn.Linear(2, 16), new nn.Tanh(), new nn.Linear(16, 1))
 * modelStatistics(model, randn([100, 2]), { saturation: 0.97 }).map(({ name }) => name)
 * // ['0 Linear', '1 Tanh', '2 Linear']
 */
export function modelStatistics(
  model: TensorModule,
  x: Tensor,
  given: { saturation?: number } = {},
): LayerStatistics[] {
  const outputs = new Map<string, Tensor>()
  const leaves = model.namedModules().filter(([, module]) => module.children().length === 0)
  const handles = leaves.map(([name, module]) =>
    module.registerForwardHook((_, __, out) => {
      const key = `${name} ${module.constructor.name}`.trim()
      outputs.delete(key)
      if (out instanceof Tensor && out.numel > 0) outputs.set(key, out)
    }),
  )
  try {
    noGrad(() => model.forward(x))
  } finally {
    for (const handle of handles) handle.remove()
  }
  return [...outputs].map(([name, out]) => layerStatistics(name, out, given))
}

export type ActivationOptions = PlotOptions & { yLabel?: string }

/**
 * Draws statistics of layers, first to last: `k layers -> PNG or SVG bytes`. Above, mean and standard deviation of
 * each; below, where any layer says so, the shares of zeros and of saturated values. What is not finite leaves a gap.
 *
 * Throws `ArgumentError` for no layers, a negative deviation or a share that is none, `DependencyError` if the plot
 * libraries are missing.
 *
 * @example
 * const layers = [layerStatistics('0 Linear', [-1, 0.5, 2]), layerStatistics('1 ReLU', [0, 0.5, 2])]
 * await activationStatistics(layers, { path: 'out/activations.png', title: 'Activations' })
 * // out/activations.png: 1200 x 900 pixels
 */
export async function activationStatistics(
  layers: readonly LayerStatistics[],
  options: ActivationOptions = {},
): Promise<Buffer> {
  const plot = 'activationStatistics'
  known(plot, options, ['yLabel'])
  if (list(plot, 'layers', layers).length === 0) throw new ArgumentError(`${plot}: no layers to draw`)
  for (const layer of layers) {
    const { name, mean, std, zero, saturated } = record(plot, 'layers { name, mean, std }', layer)
    number(plot, `mean of ${name}`, mean)
    if (number(plot, `std of ${name}`, std) < 0) throw new ArgumentError(`${plot}: std of ${name} is below 0: ${std}`)
    for (const [what, share] of Object.entries({ zero, saturated })) {
      if (share !== undefined && !(number(plot, `${what} of ${name}`, share) >= 0 && share <= 1)) {
        throw new ArgumentError(`${plot}: ${what} of ${name} is a share from 0 to 1, not ${share}`)
      }
    }
  }
  const kinds = (['zero', 'saturated'] as const).filter(kind => layers.some(layer => layer[kind] !== undefined))
  const view = frame(options, 1200, kinds.length > 0 ? 900 : 750)
  const { unit, look } = view
  const colours = { zero: look.series[1], saturated: look.series[2] }
  const { place, gaps, room } = panels(view, kinds.length > 0 ? 2 : 1)
  const span = widened(spanOf([0, ...layers.flatMap(({ mean, std }) => [mean - std, mean + std])]), 0.06)

  const names = shortened(layers.map(({ name }) => name))
  const shapes = {
    id: 'layers',
    afterDatasetsDraw({ ctx, scales }: Chart) {
      const at = (k: number) => scales.x.getPixelForValue(k)
      const wide = Math.min(60 * unit, (at(1) - at(0)) * 0.7)
      ctx.save()
      layers.forEach((layer, k) => {
        const { mean, std } = layer
        if (Number.isFinite(mean) && Number.isFinite(std)) {
          const [low, middle, high] = [mean - std, mean, mean + std].map(y => scales.y0.getPixelForValue(y))
          ctx.globalAlpha = 0.35
          ctx.fillStyle = look.series[0]
          ctx.fillRect(at(k) - wide / 2, high, wide, Math.max(low - high, 1))
          ctx.globalAlpha = 1
          ctx.fillRect(at(k) - wide / 2, middle - 2 * unit, wide, 4 * unit)
        }
        kinds.forEach((kind, i) => {
          const share = layer[kind]
          if (share === undefined) return
          const each = wide / kinds.length
          const [top, floor] = [scales.y1.getPixelForValue(100 * share), scales.y1.getPixelForValue(0)]
          ctx.fillStyle = colours[kind]
          // A line even for none: it was counted.
          ctx.fillRect(at(k) - wide / 2 + i * each + 1, Math.min(top, floor - 2), each - 2, Math.max(floor - top, 2))
        })
      })
      ctx.restore()
    },
  }
  const entry = (text: string, colour: string, alpha = '') => ({
    text,
    fontColor: look.ink,
    fillStyle: colour + alpha,
    strokeStyle: colour,
    lineWidth: alpha ? 2 * unit : 0,
    pointStyle: 'rect' as const,
  })
  const texts = { zero: 'zero', saturated: 'saturated' }
  const key = [
    entry('mean ± standard deviation', look.series[0], '59'),
    ...kinds.map(kind => entry(texts[kind], colours[kind])),
  ]
  const share = yAxis(view, { low: 0, high: 100 }, { label: 'share in %' }, room)
  const values = yAxis(view, span, { label: options.yLabel ?? 'activation' }, room)
  return lineChart(view, options, {
    datasets: [],
    legend: legend(view, true, key),
    scales: {
      x: {
        type: 'linear',
        min: -0.5,
        max: layers.length - 0.5,
        grid: { display: false },
        border: { color: look.muted },
        // The axis runs from -0.5, its ticks stand at the layers.
        afterBuildTicks: (scale: { ticks: { value: number }[] }) => {
          scale.ticks = layers.map((_, value) => ({ value }))
        },
        ticks: {
          color: look.ink,
          maxRotation: 60,
          font: { size: 17 * unit },
          callback: (value: string | number) => names[Number(value)] ?? '',
        },
        title: axisTitle(view, undefined, 0),
      },
      y0: {
        ...values,
        min: span.low,
        max: span.high,
        ticks: { ...values.ticks, includeBounds: false },
        ...place(0),
      },
      ...(kinds.length > 0 && { y1: { ...share, min: 0, max: 100, ...place(1) } }),
      ...gaps,
    },
    plugins: [shapes],
  })
}

/** Long names without what all of them begin and end with; of those still long both ends, which tell layers apart. */
function shortened(names: readonly string[]): string[] {
  if (names.every(name => name.length <= 24)) return [...names]
  const parts = names.map(name => name.split(/(?<=[./ ])/))
  const shared = (at: (list: readonly string[], i: number) => string | undefined) => {
    const most = Math.min(...parts.map(list => list.length)) - 1
    let n = 0
    while (names.length > 1 && n < most && parts.every(list => at(list, n) === at(parts[0], n))) n++
    return n
  }
  const before = shared((list, i) => list[i])
  const after = shared((list, i) => list[list.length - 1 - i])
  return parts.map(list => {
    const own = list
      .slice(before, Math.max(before + 1, list.length - after))
      .join('')
      .replace(/[./ ]$/, '')
    const name = `${before > 0 ? '…' : ''}${own}${after > 0 && before + after < list.length ? '…' : ''}`
    return name.length <= 24 ? name : `${name.slice(0, 11)}…${name.slice(-12)}`
  })
}
