// The entry `gradus/explain`: how a function's value and derivatives came about.

export { type Anatomy, type AnatomyOptions, anatomy, anatomyTable, type Part } from './anatomy.ts'
export {
  type Cost,
  type Costed,
  type CostOptions,
  cost,
  costTable,
  type Growth,
  growth,
  growthTable,
  type ModeCost,
  storageTable,
} from './cost.ts'
export type { Cause, Finding } from './culprit.ts'
export { Derivation, type DeriveOptions, derive, type Symbolic } from './derive.ts'
export { type DotOptions, type Drawable, dot } from './dot.ts'
export {
  type Elimination,
  type EliminationOptions,
  type EliminationStep,
  eliminate,
  eliminationTable,
} from './elimination.ts'
export { type ExplainOptions, Explanation, explain } from './explanation.ts'
export { type Expression, type ParseOptions, parse } from './expression.ts'
export type { FoldOptions } from './fold.ts'
export { type FormulaOptions, formula, type Notation, operation, symbol } from './formula.ts'
export { type Answer, type Mark, Marking, type MarkOptions, mark } from './hand.ts'
export { type HistoryOptions, history } from './history.ts'
export { type LedgerOptions, ledger } from './ledger.ts'
export type { Amount, Stored } from './meter.ts'
export {
  type Early,
  type NaiveSweep,
  naiveSweep,
  naiveTable,
  type OrderedSweep,
  type OrderOptions,
  sweeps,
  sweepTable,
} from './order.ts'
export { copies, locals, meanings, type Pattern, pattern, patternTable } from './pattern.ts'
export { simplify } from './simplify.ts'
export {
  type BackwardStep,
  type ForwardStep,
  type SeedStep,
  type Step,
  Stepper,
  type StepperOptions,
  type TangentStep,
} from './stepper.ts'
export { type Kept, keptTable, storage } from './storage.ts'
export { type Adjoint, type Sweep, type SweepOptions, sweep, type Term } from './sweep.ts'
export {
  type Cell,
  type Column,
  type Format,
  type Formula,
  formats,
  type RenderOptions,
  render,
  type Table,
} from './table.ts'
export { type Inputs, type Known, type Row, type Trace, type Traceable, type TraceOptions, trace } from './trace.ts'
export { type Judgement, Verdict, type VerdictOptions, verdict } from './verdict.ts'
