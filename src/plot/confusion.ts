// A confusion matrix: which class is taken for which, hits in one colour and errors in another.
import type { Chart } from 'chart.js'
import { list } from '../engine/argument.ts'
import { ArgumentError, ShapeError } from '../engine/errors.ts'
import { air, axisTitle, frame, known, type PlotOptions, render, title } from './canvas.ts'
import { numbers } from './points.ts'
import { css, mix, readable, rgb } from './theme.ts'

export type ConfusionOptions = PlotOptions & { xLabel?: string; yLabel?: string }

/**
 * Draws a confusion matrix: `[k, k] counts, k labels -> PNG or SVG bytes`; row = true class, column = predicted class.
 * A cell's shade is its share of its row, so that rare classes read as well as common ones; up to six classes the share
 * is written too.
 *
 * Throws `ShapeError` if the matrix is not square or the labels do not fit, `ArgumentError` for what are no counts,
 * `DependencyError` if the plot libraries are missing.
 *
 * @example
 * await confusionMatrix([[48, 2], [5, 45]], ['cat', 'dog'], { path: 'out/confusion.png', title: 'Cats and dogs' })
 * // out/confusion.png: 900 x 860 pixels
 */
export async function confusionMatrix(
  matrix: ArrayLike<number>[],
  labels: (string | number)[],
  options: ConfusionOptions = {},
): Promise<Buffer> {
  known('confusionMatrix', options, ['xLabel', 'yLabel'])
  const rows = list('confusionMatrix', 'the matrix', matrix).map((row, i) =>
    numbers('confusionMatrix', `row ${i}`, row),
  )
  list('confusionMatrix', 'labels, the second argument,', labels)
  const k = rows.length
  if (k === 0 || labels.length !== k || rows.some(row => row.length !== k)) {
    const shape = [k, rows[0]?.length ?? 0].join(', ')
    throw new ShapeError(
      `confusionMatrix: needs a matrix [k, k] and k labels, got [${shape}] and ${labels.length} labels`,
    )
  }
  const wrong = rows.flatMap(row => Array.from(row)).find(count => !(count >= 0 && count < Infinity))
  if (wrong !== undefined) throw new ArgumentError(`confusionMatrix: counts are numbers of at least 0, not ${wrong}`)
  const view = frame(options, 900, 860)
  const { unit, look, font } = view
  const paper = rgb(look.paper)
  const cells = {
    id: 'cells',
    beforeDatasetsDraw({ ctx, chartArea, scales }: Chart) {
      const edge = (axis: 'x' | 'y', i: number) => Math.round(scales[axis].getPixelForValue(i - 0.5))
      const side = Math.min(chartArea.width, chartArea.height) / k
      const gap = Math.min(3 * unit, side / 12)
      ctx.save()
      ctx.textAlign = 'center'
      ctx.textBaseline = 'middle'
      for (let i = 0; i < k; i++) {
        const total = Array.from(rows[i]).reduce((a, b) => a + b, 0)
        for (let j = 0; j < k; j++) {
          const count = rows[i][j]
          const share = total > 0 ? count / total : 0
          const tint = rgb(i === j ? look.right : look.wrong)
          // Errors are few: the square root lets even a hundredth be seen.
          const ground = count > 0 ? mix(paper, tint, 0.1 + 0.9 * Math.sqrt(share)) : mix(paper, rgb(look.grid), 0.45)
          const [left, top] = [edge('x', j) + gap / 2, edge('y', i) + gap / 2]
          const [width, height] = [edge('x', j + 1) - left - gap / 2, edge('y', i + 1) - top - gap / 2]
          ctx.fillStyle = css(ground)
          ctx.fillRect(left, top, width, height)
          const text = String(count)
          const size = Math.min(30 * unit, height * 0.42, (width * 0.86) / (0.68 * Math.max(2, text.length)))
          const shares = k <= 6 && count > 0
          ctx.fillStyle = count > 0 ? readable(ground) : look.muted
          ctx.font = `${count > 0 ? 'bold ' : ''}${size}px "${font}"`
          ctx.fillText(text, left + width / 2, top + height / 2 - (shares ? size * 0.45 : 0))
          if (shares) {
            ctx.font = `${size * 0.62}px "${font}"`
            ctx.fillText(percent(share), left + width / 2, top + height / 2 + size * 0.6)
          }
        }
      }
      ctx.restore()
    },
  }
  const axis = {
    type: 'linear' as const,
    min: -0.5,
    max: k - 0.5,
    grid: { display: false },
    border: { display: false },
    // The axis runs from -0.5, its ticks stand at the classes.
    afterBuildTicks: (scale: { ticks: { value: number }[] }) => {
      scale.ticks = labels.map((_, value) => ({ value }))
    },
  }
  const ticks = {
    autoSkip: false,
    color: look.ink,
    maxRotation: 45,
    font: { size: Math.min(20 * unit, (view.height * 0.5) / k) },
    callback: (value: string | number) => String(labels[Number(value)]),
  }
  return render(
    {
      type: 'scatter',
      data: { datasets: [] },
      options: {
        layout: { padding: { top: 26 * unit, right: 30 * unit, bottom: 18 * unit, left: 18 * unit } },
        plugins: { title: title(view, options.title), legend: { display: false } },
        scales: {
          x: { ...axis, ticks, title: axisTitle(view, options.xLabel ?? 'predicted class', view.width * 0.7) },
          y: {
            ...axis,
            ticks,
            reverse: true,
            title: axisTitle(view, options.yLabel ?? 'true class', view.height * 0.65),
          },
          // Last, as data goes by the first x axis.
          top: air(view),
        },
      },
      plugins: [cells],
    },
    view,
    options,
  )
}

/** 98.2%, but never 100% or 0% for what is not. */
function percent(share: number): string {
  const text = (share * 100).toFixed(1)
  if (share < 1 && text === '100.0') return '>99.9%'
  if (share > 0 && text === '0.0') return '<0.1%'
  return `${Number(text)}%`
}
