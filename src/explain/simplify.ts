// Derivatives made readable: sums and products in a normal form, equal to the original but for rounding, NaN and infinities.
import { Expr, rewrite } from '../engine/expr.ts'
import { postorder } from '../engine/graph.ts'
import type { OpName } from '../engine/prims.ts'

/** A product: top/bottom times factors, each to a whole power. */
interface Product {
  top: number
  bottom: number
  readonly factors: Map<Expr, number>
}

const isConst = (x: Expr): boolean => x.op === 'const'
const isWhole = (x: Expr): boolean => isConst(x) && Number.isInteger(x.value) && Math.abs(x.value) < 100
const ZERO = Expr.const(0)
const ONE = Expr.const(1)

/** Multiplies a product by x; x is simple. */
function gather(root: Expr, product: Product): void {
  const left: [Expr, number][] = [[root, 1]]
  for (let next = left.pop(); next; next = left.pop()) {
    const [x, power] = next
    const [a, b] = x.inputs
    if (isConst(x)) {
      if (power > 0) product.top *= x.value ** power
      else product.bottom *= x.value ** -power
    } else if (x.op === 'neg') {
      if (power % 2 !== 0) product.top = -product.top
      left.push([a, power])
    } else if (x.op === 'mul') left.push([b, power], [a, power])
    else if (x.op === 'div') left.push([b, -power], [a, power])
    else if (x.op === 'reciprocal') left.push([a, -power])
    else if (x.op === 'pow' && isWhole(b)) left.push([a, power * b.value])
    else product.factors.set(x, (product.factors.get(x) ?? 0) + power)
  }
}

/** A number's power as it is written: x, x*x, x^3, … */
const raised = (x: Expr, power: number): Expr => (power === 1 ? x : power === 2 ? x.mul(x) : x.pow(power))

/** The factors in order: inputs by number, the rest as they were met. */
function multiplied(factors: ReadonlyMap<Expr, number>, sign: 1 | -1, place: (x: Expr) => number): Expr | null {
  return [...factors]
    .filter(([, power]) => power * sign > 0)
    .sort(([a], [b]) => place(a) - place(b))
    .map(([x, power]) => raised(x, power * sign))
    .reduce<Expr | null>((all, x) => (all ? all.mul(x) : x), null)
}

/** The product as one expression, its sign outside. */
function built({ top, bottom, factors }: Product, place: (x: Expr) => number): Expr {
  if (top === 0) return ZERO
  const ratio = Math.abs(top / bottom)
  // 2/4 is 0.5, but 1/3 stays a quotient
  const [up, down] = String(ratio).length <= 6 ? [ratio, 1] : [Math.abs(top), Math.abs(bottom)]
  const scaled = (scale: number, x: Expr | null): Expr =>
    scale === 1 && x ? x : x ? Expr.const(scale).mul(x) : Expr.const(scale)
  const above = multiplied(factors, 1, place)
  const below = multiplied(factors, -1, place)
  const size =
    below || down !== 1
      ? up === 1 && !above
        ? scaled(down, below).reciprocal()
        : scaled(up, above).div(scaled(down, below))
      : scaled(up, above)
  if (top / bottom > 0 || Number.isNaN(ratio)) return size
  return isConst(size) ? Expr.const(-size.value) : size.neg()
}

/** A term of a sum: a coefficient times the rest; `x` is the whole, until another is added to it. */
interface Terms {
  constant: number
  readonly all: Map<Expr, { coefficient: number; whole: Expr | null }>
}

/** Adds x to a sum; x is simple. */
function collect(root: Expr, sum: Terms, place: (x: Expr) => number): void {
  const left: [Expr, number][] = [[root, 1]]
  for (let next = left.pop(); next; next = left.pop()) {
    const [x, sign] = next
    const [a, b] = x.inputs
    if (isConst(x)) sum.constant += sign * x.value
    else if (x.op === 'neg') left.push([a, -sign])
    else if (x.op === 'add' || x.op === 'sub') left.push([b, x.op === 'add' ? sign : -sign], [a, sign])
    else {
      const product: Product = { top: 1, bottom: 1, factors: new Map() }
      gather(x, product)
      const coefficient = (sign * product.top) / product.bottom
      const rest = built({ ...product, top: 1, bottom: 1 }, place)
      const known = sum.all.get(rest)
      if (known) {
        known.coefficient += coefficient
        known.whole = null
      } else sum.all.set(rest, { coefficient, whole: x })
    }
  }
}

/** Choices by the same condition become one. */
function chosen(sum: Terms, again: (x: Expr, y: Expr) => Expr, times: (scale: number, x: Expr) => Expr): void {
  const first = new Map<Expr, Expr>()
  for (const [x, { coefficient }] of [...sum.all]) {
    if (x.op !== 'where') continue
    const [condition, yes, no] = x.inputs
    const other = first.get(condition)
    if (!other) {
      first.set(condition, x)
      continue
    }
    const before = (sum.all.get(other) as { coefficient: number }).coefficient
    const branch = (k: number, y: Expr): Expr => again(times(before, other.inputs[k]), times(coefficient, y))
    const merged = condition.where(branch(1, yes), branch(2, no))
    sum.all.delete(other)
    sum.all.delete(x)
    sum.all.set(merged, { coefficient: 1, whole: merged })
    first.set(condition, merged)
  }
}

/**
 * The expression with fewer ops: numbers are multiplied out, like terms added, equal factors counted, signs taken outwards,
 * choices by a constant made. As in all derivative code 0*x is 0, and x/x is 1. Only sums and products change their order;
 * nothing is expanded.
 *
 * @example
 * const x = Expr.input(0)
 * formula(simplify(x.mul(3).add(x.neg()).mul(x.pow(1)))) // '2*x0^2'
 */
export function simplify(root: Expr): Expr {
  const places = new Map<Expr, number>()
  const place = (x: Expr): number => {
    if (x.op === 'input') return x.value - 1e9
    const known = places.get(x) ?? places.size
    places.set(x, known)
    return known
  }
  for (const x of postorder(root)) place(x)

  const product = (x: Expr): Expr => {
    const made: Product = { top: 1, bottom: 1, factors: new Map() }
    gather(x, made)
    return built(made, place)
  }
  const times = (scale: number, x: Expr): Expr => product(Expr.const(scale).mul(x))
  const total = (x: Expr): Expr => {
    const made: Terms = { constant: 0, all: new Map() }
    collect(x, made, place)
    chosen(made, (a, b) => total(a.add(b)), times)
    const terms = [...made.all].flatMap(([rest, { coefficient, whole }]) => {
      if (coefficient === 0) return []
      const made = whole ?? times(Math.abs(coefficient), rest)
      return [{ negative: coefficient < 0, x: made.op === 'neg' ? made.inputs[0] : made }]
    })
    const { constant } = made
    if (constant !== 0)
      terms.splice(startsWithConst(x) ? 0 : terms.length, 0, {
        negative: constant < 0,
        x: Expr.const(Math.abs(constant)),
      })
    // a difference begins with what it is taken from
    const positive = terms.findIndex(({ negative }) => !negative)
    if (positive > 0) terms.unshift(...terms.splice(positive, 1))
    const sum = terms.reduce<Expr | null>(
      (all, { negative, x }) => (all ? (negative ? all.sub(x) : all.add(x)) : negative ? product(x.neg()) : x),
      null,
    )
    return sum ?? ZERO
  }

  const inner = inside(root)
  const simple = new Map<Expr, Expr>()
  return rewrite(root, x => {
    if (x.inputs.length === 0) return undefined
    const again = x.apply(x.op as OpName, ...x.inputs.map(y => simple.get(y) ?? y))
    const made = inner.has(x) ? again : tidy(again)
    simple.set(x, made)
    return made
  })

  function tidy(x: Expr): Expr {
    const [a, b, c] = x.inputs
    switch (x.op) {
      case 'add':
      case 'sub':
        return total(x)
      case 'neg':
        return a.op === 'add' || a.op === 'sub' ? total(x) : product(x)
      case 'pow':
        return isConst(b) && b.value === 0 ? ONE : isWhole(b) ? product(x) : x
      case 'mul':
      case 'div':
      case 'reciprocal':
        return product(x)
      case 'where':
        return b === c ? b : isConst(a) ? (a.value ? b : c) : x
      default:
        return x
    }
  }
}

/** The sums that are terms of sums alone, and the products within products: they are seen to with the whole, once. */
function inside(root: Expr): ReadonlySet<Expr> {
  const isWithin = (x: Expr, whole: Expr): boolean =>
    [x, whole].every(({ op }) => op === 'add' || op === 'sub') ||
    [x, whole].every(({ op }) => op === 'mul' || op === 'div')
  const found = new Set<Expr>()
  const others = new Set<Expr>([root])
  for (const whole of postorder(root)) for (const x of whole.inputs) (isWithin(x, whole) ? found : others).add(x)
  for (const x of others) found.delete(x)
  return found
}

/** Was the first term a number? */
function startsWithConst(x: Expr): boolean {
  let first = x
  while (first.op === 'add' || first.op === 'sub') first = first.inputs[0]
  return isConst(first)
}
