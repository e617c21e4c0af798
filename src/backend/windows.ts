// Windows over images, before anything is computed: sizes, and what lies in each.

/** Windows over planes of `size`: what pooling and convolution share. */
export interface Windows {
  readonly size: readonly [number, number]
  readonly kernel: readonly [number, number]
  readonly out: readonly [number, number]
  readonly stride: readonly [number, number]
  /** Elements outside above and to the left; those below and to the right follow from `out`. */
  readonly padding: readonly [number, number]
  readonly dilation: readonly [number, number]
}

/** The sizes of a 2-d convolution: x [batch, groups*inputs, size], w [groups*outputs, inputs, kernel], y [batch, groups*outputs, out]. */
export interface Convolution extends Windows {
  readonly batch: number
  readonly groups: number
  /** Channels per group. */
  readonly inputs: number
  readonly outputs: number
}

/** The elements [start, stop) of a dimension, and what their sum is divided by. */
export interface Span {
  readonly start: number
  readonly stop: number
  readonly divisor: number
}
