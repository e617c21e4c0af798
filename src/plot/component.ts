// Principal components: the directions in which points are spread most.

/**
 * The first two principal components of points: `[n, d]`, d > 2, to coordinates `[n, 2]` and the shares of the variance
 * that they hold. By orthogonal iteration with more columns than wanted, then Rayleigh and Ritz (Golub and Van Loan,
 * Matrix Computations, 8.2.4). Each direction's greatest component is positive, so that pictures do not flip.
 */
export function principal(points: readonly (readonly number[])[]): { at: number[][]; shares: [number, number] } {
  const [n, d] = [points.length, points[0].length]
  const mean = Array.from({ length: d }, (_, j) => points.reduce((sum, point) => sum + point[j], 0) / n)
  const x = points.map(point => point.map((value, j) => value - mean[j]))
  const total = x.reduce((sum, row) => sum + dot(row, row), 0)
  // Any start will do that is not by chance at right angles to the answer.
  const size = Math.min(d, 8)
  let basis = orthonormal(
    Array.from({ length: size }, (_, k) => Array.from({ length: d }, (_, j) => Math.sin(1 + j * (k + 1.3) + k))),
  )
  let before = [-1, -1]
  for (let i = 0; i < 500; i++) {
    const across = basis.map(direction => x.map(row => dot(row, direction)))
    const gram = across.map(a => across.map(b => dot(a, b)))
    const { values, vectors } = eigen(gram)
    // The basis turned to the best within its span.
    basis = vectors.map(vector => combined(basis, vector))
    const done = [0, 1].every(k => Math.abs(values[k] - before[k]) <= 1e-14 * total)
    before = values
    if (done) break
    basis = orthonormal(
      basis.map(direction =>
        combined(
          x,
          x.map(row => dot(row, direction)),
        ),
      ),
    )
  }
  const directions = [0, 1].map(k => {
    const direction = basis[k] ?? Array<number>(d).fill(0)
    const greatest = direction.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0)
    return greatest < 0 ? direction.map(value => -value) : direction
  })
  const share = (k: number) => (total > 0 ? Math.max(0, before[k] ?? 0) / total : 0)
  return { at: x.map(row => directions.map(direction => dot(row, direction))), shares: [share(0), share(1)] }
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/** The sum of vectors, each times its weight. */
function combined(vectors: readonly (readonly number[])[], weights: readonly number[]): number[] {
  const sum = Array<number>(vectors[0].length).fill(0)
  vectors.forEach((vector, k) => {
    for (let j = 0; j < sum.length; j++) sum[j] += weights[k] * vector[j]
  })
  return sum
}

/** Gram and Schmidt, twice for accuracy; what depends on those before it becomes 0. */
function orthonormal(vectors: readonly (readonly number[])[]): number[][] {
  const done: number[][] = []
  for (const vector of vectors) {
    const length = Math.sqrt(dot(vector, vector))
    let rest = [...vector]
    for (let pass = 0; pass < 2; pass++) {
      for (const other of done) {
        const along = dot(rest, other)
        rest = rest.map((value, j) => value - along * other[j])
      }
    }
    const left = Math.sqrt(dot(rest, rest))
    done.push(rest.map(value => (left > 1e-12 * length ? value / left : 0)))
  }
  return done
}

/** Eigenvalues, greatest first, and eigenvectors of a small symmetric matrix, by Jacobi's rotations. */
function eigen(matrix: readonly (readonly number[])[]): { values: number[]; vectors: number[][] } {
  const n = matrix.length
  const a = matrix.map(row => [...row])
  const v = a.map((_, i) => a.map((_, j) => Number(i === j)))
  const scale = a.reduce((most, row, i) => Math.max(most, Math.abs(row[i])), 0)
  for (let sweep = 0; sweep < 50; sweep++) {
    let rest = 0
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        rest = Math.max(rest, Math.abs(a[p][q]))
        if (a[p][q] === 0) continue
        const theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1))
        const c = 1 / Math.hypot(t, 1)
        const turn = (row: number[]) => {
          const [x, y] = [row[p], row[q]]
          row[p] = c * x - t * c * y
          row[q] = t * c * x + c * y
        }
        a.forEach(turn)
        v.forEach(turn)
        const [x, y] = [a[p], a[q]]
        a[p] = x.map((value, j) => c * value - t * c * y[j])
        a[q] = x.map((value, j) => t * c * value + c * y[j])
      }
    }
    if (rest <= 1e-15 * scale) break
  }
  const order = a.map((_, i) => i).sort((i, j) => a[j][j] - a[i][i])
  return { values: order.map(i => a[i][i]), vectors: order.map(i => v.map(row => row[i])) }
}
