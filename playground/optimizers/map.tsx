// The surface from above, the ways over it, and the start, which can be dragged.
import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { numeral } from '../numeral.ts'
import { useWidth } from '../size.ts'
import { color, dark } from '../theme.ts'
import { type KindName, kinds } from './kind.ts'
import { look, Mark } from './mark.tsx'
import { at, chosen, minima, of, paths, picture, shown, view, x, y } from './state.ts'
import type { Point, View } from './surface.ts'
import type { Path } from './walk.ts'
import type { Picture } from './worker.ts'

/** From numbers to pixels of a square picture, and back. */
class Scale {
  constructor(
    readonly view: View,
    readonly size: number,
  ) {}
  /** Far outside is as good as farther: browsers draw no lines of a million pixels. */
  x(x: number): number {
    const { left, right } = this.view
    return this.#near(((x - left) / (right - left)) * this.size)
  }
  y(y: number): number {
    const { bottom, top } = this.view
    return this.#near(((top - y) / (top - bottom)) * this.size)
  }
  #near(pixel: number): number {
    const far = 20 * this.size
    return Math.round(10 * Math.min(far, Math.max(-far, pixel))) / 10
  }
  point(px: number, py: number): Point {
    const { left, right, bottom, top } = this.view
    const round = (x: number, range: number): number => Number(x.toFixed(Math.max(0, 3 - Math.ceil(Math.log10(range)))))
    return {
      x: round(left + (px / this.size) * (right - left), right - left),
      y: round(top - (py / this.size) * (top - bottom), top - bottom),
    }
  }
}

/** Round numbers within a range, about as many as wanted. */
function ticks(low: number, high: number, wanted = 6): number[] {
  const rough = (high - low) / wanted
  const unit = 10 ** Math.floor(Math.log10(rough))
  const step = unit * ([1, 2, 5, 10].find(m => m * unit >= rough) ?? 10)
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  )
}

/** Heights as shades, the lowest strongest, with lines of equal height. */
function Ground({ picture, size }: { readonly picture: Picture; readonly size: number }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const isDark = dark.value
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    const { columns, rows, ranks, lines } = picture
    const ratio = Math.min(2, devicePixelRatio)
    const [width, ink] = [Math.round(size * ratio), color('--ink')]
    context.canvas.width = width
    context.canvas.height = width
    const [r, g, b] = [1, 3, 5].map(i => Number.parseInt(ink.slice(i, i + 2), 16))
    const shades = new ImageData(columns, rows)
    ranks.forEach((rank, i) => {
      const to = ((rows - 1 - Math.floor(i / columns)) * columns + (i % columns)) * 4
      const alpha = Number.isNaN(rank) ? 0 : Math.round(255 * (0.02 + (isDark ? 0.3 : 0.26) * (1 - rank) ** 1.3))
      shades.data.set([r, g, b, alpha], to)
    })
    const small = new OffscreenCanvas(columns, rows)
    small.getContext('2d')?.putImageData(shades, 0, 0)
    context.imageSmoothingQuality = 'high'
    // the points of the grid are the middles of the small picture's pixels
    context.drawImage(small, 0.5, 0.5, columns - 1, rows - 1, 0, 0, width, width)
    const [sx, sy] = [width / (columns - 1), width / (rows - 1)]
    context.strokeStyle = ink
    context.lineWidth = 0.75 * ratio
    context.globalAlpha = 0.3
    context.beginPath()
    for (const line of lines)
      for (let i = 0; i < line.length; i += 4) {
        context.moveTo(line[i] * sx, width - line[i + 1] * sy)
        context.lineTo(line[i + 2] * sx, width - line[i + 3] * sy)
      }
    context.stroke()
  }, [picture, size, isDark])
  return <canvas ref={canvas} />
}

function Axes({ scale }: { readonly scale: Scale }) {
  const { view, size } = scale
  const clear = (pixel: number): boolean => pixel > 26 && pixel < size - 26
  return (
    <g class="axes">
      {ticks(view.left, view.right)
        .filter(tick => clear(scale.x(tick)))
        .map(tick => (
          <g key={`x${tick}`}>
            <line x1={scale.x(tick)} x2={scale.x(tick)} y1={size} y2={size - 5} />
            <text x={scale.x(tick)} y={size - 9} text-anchor="middle">
              {numeral(tick)}
            </text>
          </g>
        ))}
      {ticks(view.bottom, view.top)
        .filter(tick => clear(scale.y(tick)))
        .map(tick => (
          <g key={`y${tick}`}>
            <line x1={0} x2={5} y1={scale.y(tick)} y2={scale.y(tick)} />
            <text x={9} y={scale.y(tick) + 4}>
              {numeral(tick)}
            </text>
          </g>
        ))}
      <text class="name" x={size - 9} y={size - 9} text-anchor="end">
        x
      </text>
      <text class="name" x={9} y={17}>
        y
      </text>
    </g>
  )
}

function Way({ path, scale, main }: { readonly path: Path; readonly scale: Scale; readonly main: boolean }) {
  const last = shown(path)
  if (last < 0) return null
  const all = Array.from(path.f, (_, t) => `${scale.x(path.x[t])} ${scale.y(path.y[t])}`)
  const points = all.slice(0, last + 1)
  const { color, dashed } = look(path.kind)
  return (
    <g class={main ? 'chosen' : undefined} style={{ '--color': `var(${color})` }}>
      <path class={`way rest ${dashed ? 'dashed' : ''}`} d={`M${all.slice(last).join('L')}`} />
      <path class="edge" d={`M${points.join('L')}`} />
      <path class={`way ${dashed ? 'dashed' : ''}`} d={`M${points.join('L')}`} />
      <path class="steps" d={points.map(point => `M${point}h0`).join('')} />
    </g>
  )
}

/** A star with five points. */
const star = (x: number, y: number, r: number): string =>
  Array.from({ length: 10 }, (_, i) => {
    const [angle, radius] = [(i * Math.PI) / 5 - Math.PI / 2, i % 2 ? 0.42 * r : r]
    return `${x + radius * Math.cos(angle)},${y + radius * Math.sin(angle)}`
  }).join(' ')

function Start({ scale }: { readonly scale: Scale }) {
  const held = useSignal(false)
  const { view } = scale
  const move = (to: Point): void => {
    x.value = Math.min(view.right, Math.max(view.left, to.x))
    y.value = Math.min(view.top, Math.max(view.bottom, to.y))
  }
  const place = `x ${numeral(x.value)}, y ${numeral(y.value)}`
  return (
    <g
      class="start"
      role="slider"
      tabindex={0}
      aria-label="Start; arrow keys move it, with Shift faster"
      aria-valuetext={place}
      aria-valuenow={x.value}
      aria-valuemin={view.left}
      aria-valuemax={view.right}
      transform={`translate(${scale.x(x.value)} ${scale.y(y.value)})`}
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId)
        held.value = true
      }}
      onPointerMove={event => {
        const box = event.currentTarget.ownerSVGElement?.getBoundingClientRect()
        if (held.value && box) move(scale.point(event.clientX - box.left, event.clientY - box.top))
      }}
      onPointerUp={() => {
        held.value = false
      }}
      onPointerCancel={() => {
        held.value = false
      }}
      onClick={event => event.stopPropagation()}
      onKeyDown={event => {
        const directions: Readonly<Record<string, readonly [number, number]>> = {
          ArrowLeft: [-1, 0],
          ArrowRight: [1, 0],
          ArrowUp: [0, 1],
          ArrowDown: [0, -1],
        }
        const direction = directions[event.key]
        if (!direction) return
        event.preventDefault()
        const by = ((view.right - view.left) / 100) * (event.shiftKey ? 10 : 1)
        const near = (z: number): number => Number(z.toPrecision(6))
        move({ x: near(x.value + direction[0] * by), y: near(y.value + direction[1] * by) })
      }}
    >
      <circle class="reach" r={18} />
      <circle class="ring" r={7.5} />
      <circle class="dot" r={2} />
    </g>
  )
}

/** The step of a way that is drawn nearest to a place, if it is near. */
function nearest(scale: Scale, px: number, py: number): { readonly kind: KindName; readonly t: number } | null {
  let found: { kind: KindName; t: number } | null = null
  let least = 12
  for (const path of paths.value)
    for (let t = shown(path); t >= 0; t--) {
      const far = Math.hypot(scale.x(path.x[t]) - px, scale.y(path.y[t]) - py)
      if (far < least) [least, found] = [far, { kind: path.kind, t }]
    }
  return found
}

/** What is to be seen, in a sentence. */
function sentence(): string {
  const { left, right, bottom, top } = view.value
  const place = ({ x, y }: Point): string => `(${numeral(x, 3)}, ${numeral(y, 3)})`
  const lowest = minima.value?.minima.filter(minimum => minimum.lowest) ?? []
  const ends = paths.value
    .filter(({ f }) => f.length > 0)
    .map(path => {
      const t = shown(path)
      return `${kinds[path.kind].title} is at ${place({ x: path.x[t], y: path.y[t] })}`
    })
  return `The surface from above, x from ${numeral(left)} to ${numeral(right)}, y from ${numeral(bottom)} to ${numeral(top)}. ${
    lowest.length > 0 ? `Minimum at ${lowest.map(place).join(', ')}.` : 'No minimum in the picture.'
  } After ${at.value} steps ${ends.join(', ')}.`
}

export function Above() {
  const { ref, width } = useWidth<HTMLDivElement>()
  const size = width.value
  const scale = new Scale(view.value, size)
  const found = picture.value
  return (
    <div class="map" ref={ref}>
      {size > 0 && found && <Ground picture={found} size={size} />}
      {size > 0 && (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the start is a slider, and the anatomy chooses steps
        // biome-ignore lint/a11y/useSemanticElements: it is an svg
        <svg
          width={size}
          height={size}
          viewBox={`0 0 ${size} ${size}`}
          role="group"
          aria-label={sentence()}
          onClick={event => {
            const box = event.currentTarget.getBoundingClientRect()
            const [px, py] = [event.clientX - box.left, event.clientY - box.top]
            const near = nearest(scale, px, py)
            if (near) {
              of.value = near.kind
              at.value = near.t
              return
            }
            const to = scale.point(px, py)
            x.value = to.x
            y.value = to.y
          }}
        >
          <Axes scale={scale} />
          {paths.value.map(path => (
            <Way key={path.kind} path={path} scale={scale} main={path === chosen.value} />
          ))}
          {minima.value?.minima.map(minimum =>
            minimum.lowest ? (
              <polygon
                key={`${minimum.x},${minimum.y}`}
                class="minimum"
                points={star(scale.x(minimum.x), scale.y(minimum.y), 9)}
              />
            ) : (
              <circle
                key={`${minimum.x},${minimum.y}`}
                class="dent"
                cx={scale.x(minimum.x)}
                cy={scale.y(minimum.y)}
                r={2.5}
              />
            ),
          )}
          {paths.value
            .filter(({ f }) => f.length > 0)
            .map(path => (
              <Mark
                key={path.kind}
                kind={path.kind}
                x={scale.x(path.x[shown(path)])}
                y={scale.y(path.y[shown(path)])}
                size={path === chosen.value ? 8 : 6.5}
              />
            ))}
          <Start scale={scale} />
        </svg>
      )}
    </div>
  )
}
