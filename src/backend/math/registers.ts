// What the table's code is written with: registers of numbers, whatever they are made of. WebAssembly has one inhabitant
// (`Vector`), WGSL another (`Shader`).

/** A register's worth of numbers, in a variable. A mask has all bits of a lane set where it is true. */
export interface V {
  readonly local: number
  readonly mask?: true
}

/** Which floats: float32 or float64, by their bytes. */
export type Width = 4 | 8

/** What is done with registers: `a.add(x, y)` writes the code and gives the variable that will hold the result. */
export interface Registers {
  readonly width: Width
  /** Is there float64 to go to from float32, for what needs more digits? */
  readonly doubles: boolean

  /** The same number in all lanes. */
  const(x: number): V
  /** The same bits in all lanes: `low` in lanes of 32 bits, `high` and `low` in those of 64. */
  bits(low: number, high?: number): V

  add(x: V, y: V): V
  sub(x: V, y: V): V
  mul(x: V, y: V): V
  div(x: V, y: V): V
  neg(x: V): V
  abs(x: V): V
  sqrt(x: V): V
  floor(x: V): V
  ceil(x: V): V
  trunc(x: V): V
  /** To the nearest whole number, halves to the even one. */
  nearest(x: V): V
  /** NaN wins, -0 is below 0: as Math.min and Math.max. */
  min(x: V, y: V): V
  max(x: V, y: V): V
  /** y where y < x, else x: one instruction where `min` is several. NaN as x stays, as y it does not. */
  pmin(x: V, y: V): V
  /** y where y > x, else x. */
  pmax(x: V, y: V): V
  /** x itself, and no more than it: what was lost when it was rounded stays lost to those who compute with it. */
  rounded(x: V): V
  /** x*y + z, rounded once where that is cheap. */
  madd(x: V, y: V, z: V): V
  /** z - x*y, rounded once where that is cheap. */
  nmadd(x: V, y: V, z: V): V
  /** x, or x*factor, rounded to a whole number n (|n| < 2^21): as a float, and in the low bits of `bits`. */
  whole(x: V, factor?: V): { readonly n: V; readonly bits: V }

  eq(x: V, y: V): V
  ne(x: V, y: V): V
  lt(x: V, y: V): V
  le(x: V, y: V): V
  gt(x: V, y: V): V
  ge(x: V, y: V): V

  // bits; the result of two masks is a mask
  and(x: V, y: V): V
  or(x: V, y: V): V
  xor(x: V, y: V): V
  /** x and not y */
  andnot(x: V, y: V): V
  not(x: V): V

  // whole numbers in lanes of the same size: 32 bits beside float32, 64 beside float64
  iadd(x: V, y: V): V
  isub(x: V, y: V): V
  ilt(x: V, y: V): V
  shl(x: V, n: number): V
  /** Shifts to the right, filling with zeros. */
  ushr(x: V, n: number): V

  /** x where the condition holds, else y. The condition is a mask, or a number that is not 0. */
  where(condition: V, x: V, y: V): V
  /** Truth as a mask. */
  mask(x: V): V
  /** Truth as 1 and 0; a number as it is. */
  number(x: V): V

  /** A function of JavaScript, lane by lane, or what stands for it elsewhere: for what is too rare to be written here. */
  host(name: string, f: (...x: number[]) => number, ...xs: V[]): V
  /** x, but what `f` gives in the lanes of the mask: code that is jumped over when it has none. */
  rare(mask: V, x: V, f: () => V): V
  /** What `f` gives in float64 arithmetic, of registers of float32; only where there are `doubles`. */
  wide(f: (a: Registers, ...x: V[]) => V, ...xs: V[]): V
}
