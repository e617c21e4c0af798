// Rows made orthonormal, each less its part along the ones before: Gram & Schmidt.

/**
 * Changes `rows` rows of `size` numbers, rows <= size, into an orthonormal basis of what they span, as the triangular
 * factor with a positive diagonal has it. Each row is projected twice, after which nothing of the others is left to
 * rounding (Giraud et al. 2005).
 */
export function orthonormal(data: Float64Array, rows: number, size: number): void {
  for (let i = 0; i < rows; i++) {
    const own = data.subarray(i * size, (i + 1) * size)
    for (let round = 0; round < 2; round++) {
      for (let j = 0; j < i; j++) {
        const other = data.subarray(j * size, (j + 1) * size)
        let along = 0
        for (let k = 0; k < size; k++) along += own[k] * other[k]
        for (let k = 0; k < size; k++) own[k] -= along * other[k]
      }
      let square = 0
      for (let k = 0; k < size; k++) square += own[k] ** 2
      const length = Math.sqrt(square)
      for (let k = 0; k < size; k++) own[k] /= length
    }
  }
}
