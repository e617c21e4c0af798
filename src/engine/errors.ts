// Every error the framework throws on purpose: typed, so that a caller can tell them apart, and worded as a help.

/** Base of all errors that Gradus throws on purpose. `message` names the op, the mismatch and the likely fix. */
export abstract class GradusError extends Error {
  constructor(message: string) {
    super(message)
    this.name = new.target.name
  }
}

/** Shapes, dimensions or sizes that do not fit an op. */
export class ShapeError extends GradusError {}
/** An operand of the wrong dtype, or a value that its dtype cannot hold. */
export class DtypeError extends GradusError {}
/** A gradient that cannot be taken: freed graph, no graph, a missing rule. */
export class GradError extends GradusError {}
/** An argument outside what it may be: an unknown option, a probability of 2, a class that does not exist. */
export class ArgumentError extends GradusError {}
/** An index outside its dimension. */
export class IndexError extends GradusError {}
/** A linear system without a solution: a singular matrix, one that is not positive definite. */
export class LinalgError extends GradusError {}
/** A NaN found by anomaly mode: names the op that made it and the line that called the op. */
export class AnomalyError extends GradusError {}
/** A step that cannot be compiled: what it does depends on numbers that only exist when it runs. */
export class CompileError extends GradusError {}
/** A file that is not what its name promises. */
export class FileFormatError extends GradusError {}
/** A file that could not be read or written: which, by what operation, and the system's error as `cause`. */
export class FileError extends GradusError {
  constructor(
    message: string,
    readonly path: string,
    readonly operation: string,
    cause: unknown,
  ) {
    super(message)
    this.cause = cause
  }
}
/** A library that is needed here and not installed; the message says what to install. */
export class DependencyError extends GradusError {}
/** A formula in text that cannot be read: what is wrong, and the column (from 1) where; the message has a caret under it. */
export class ExpressionError extends GradusError {
  constructor(
    readonly reason: string,
    readonly text: string,
    readonly column: number,
  ) {
    super(`${reason} (column ${column})\n  ${text.replace(/\s/g, ' ')}\n  ${' '.repeat(column - 1)}^`)
  }
}
