// A line search for the strong Wolfe conditions: bracket a minimum, then zoom in by cubic interpolation.

/** A point of the line: how far, the loss there, its slope along the line, and what comes with it (the gradient). */
export interface Point<G> {
  readonly t: number
  readonly f: number
  readonly slope: number
  readonly g: G
}

/** The minimum, within bounds, of the cubic through two points with these slopes. */
function cubic(a: Point<unknown>, b: Point<unknown>, bounds?: readonly [number, number]): number {
  const [low, high] = bounds ?? (a.t <= b.t ? [a.t, b.t] : [b.t, a.t])
  const d1 = a.slope + b.slope - (3 * (a.f - b.f)) / (a.t - b.t)
  const square = d1 ** 2 - a.slope * b.slope
  if (!(square >= 0)) return (low + high) / 2
  const d2 = Math.sqrt(square)
  const at =
    a.t <= b.t
      ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
      : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2))
  return Math.min(Math.max(at, low), high)
}

const [DECREASE, CURVATURE, ITERATIONS] = [1e-4, 0.9, 25]

/**
 * A point with f <= f₀ + 1e-4 t s₀ and |s| <= 0.9 |s₀|, or the best that 25 evaluations find; first tried is `t`.
 * `length`: the largest element of the direction; intervals shorter than `tolerance` are not divided.
 *
 * J. Nocedal and S. J. Wright, "Numerical optimization", 2006, section 3.5; by M. Schmidt's minFunc, as PyTorch.
 */
export function strongWolfe<G>(
  start: Point<G>,
  t: number,
  evaluate: (t: number) => Point<G>,
  length: number,
  tolerance: number,
): Point<G> {
  const decreased = ({ t, f }: Point<G>): boolean => f <= start.f + DECREASE * t * start.slope
  const flat = ({ slope }: Point<G>): boolean => Math.abs(slope) <= -CURVATURE * start.slope
  let [before, now] = [start, evaluate(t)]
  let k = 0
  let bracket: [Point<G>, Point<G>] | null = null
  for (; k < ITERATIONS && !bracket; ) {
    if (!decreased(now) || (k > 1 && now.f >= before.f)) bracket = [before, now]
    else if (flat(now)) return now
    else if (now.slope >= 0) bracket = [before, now]
    else {
      const next = cubic(before, now, [now.t + 0.01 * (now.t - before.t), now.t * 10])
      before = now
      now = evaluate(next)
      k++
    }
  }
  bracket ??= [start, now]
  let stuck = false
  const sorted = ([a, b]: [Point<G>, Point<G>]): [number, number] => (a.f <= b.f ? [0, 1] : [1, 0])
  let [low, high] = sorted(bracket)
  while (k < ITERATIONS) {
    const [left, right] = [Math.min(bracket[0].t, bracket[1].t), Math.max(bracket[0].t, bracket[1].t)]
    if ((right - left) * length < tolerance) break
    let at = cubic(bracket[0], bracket[1])
    // close to the interval's end twice, or on it: a tenth of the interval away from there
    const margin = 0.1 * (right - left)
    if (Math.min(right - at, at - left) < margin) {
      if (stuck || at >= right || at <= left) {
        at = Math.abs(at - right) < Math.abs(at - left) ? right - margin : left + margin
        stuck = false
      } else stuck = true
    } else stuck = false
    const point = evaluate(at)
    k++
    if (!decreased(point) || point.f >= bracket[low].f) {
      bracket[high] = point
      ;[low, high] = sorted(bracket)
    } else {
      if (flat(point)) return point
      if (point.slope * (bracket[high].t - bracket[low].t) >= 0) bracket[high] = bracket[low]
      bracket[low] = point
    }
  }
  return bracket[low]
}
