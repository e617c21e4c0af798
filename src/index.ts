// The whole public surface of the root entry. Re-exports only; runs unchanged in Node and in the browser.
export type { DType, Shape, TypedArray } from './backend/array.ts'
export { codegen } from './backend/program.ts'
export { fma } from './backend/wasm/support.ts'
export { type Compiled, type CompileOptions, compile, live } from './compile/compile.ts'
export type { DeviceDescription, Processor } from './compile/processor.ts'
export type { TensorDescription } from './compile/program.ts'
export type { ScalarDescription } from './compile/tape/program.ts'
export { threads } from './compile/threads/threads.ts'
export type { Description } from './compile/version.ts'
export * as data from './data/data.ts'
export { type Applied, detectAnomaly, fixed, noGrad, observe } from './engine/apply.ts'
export { type CheckOptions, type CheckReport, type Comparison, compareGradients, gradcheck } from './engine/check.ts'
export { checkpoint } from './engine/checkpoint.ts'
export { type CustomRules, custom } from './engine/custom.ts'
export * from './engine/errors.ts'
export { Expr, partials } from './engine/expr.ts'
export * from './engine/functions.ts'
export type { Order } from './engine/graph.ts'
export { hessian, hvp, jacfwd, jacrev } from './engine/jacobian.ts'
export { Num } from './engine/num.ts'
export {
  broadcastTensors,
  broadcastTo,
  chunk,
  diag,
  flatten,
  hstack,
  meshgrid,
  movedim,
  narrow,
  type PadOptions,
  pad,
  repeat,
  repeatInterleave,
  roll,
  rot90,
  select,
  split,
  squeeze,
  stack,
  swapaxes,
  t,
  tensorSplit,
  tile,
  transpose,
  unbind,
  unflatten,
  unsqueeze,
  vstack,
} from './engine/ops/arrange.ts'
export { cdist, cross, einsum, kron, tensordot } from './engine/ops/contract.ts'
export {
  arange,
  type CreateOptions,
  eye,
  full,
  fullLike,
  linspace,
  type Nested,
  ones,
  onesLike,
  tensor,
  zeros,
  zerosLike,
} from './engine/ops/create.ts'
export {
  gather,
  indexAdd,
  indexCopy,
  indexFill,
  indexSelect,
  scatter,
  scatterAdd,
  take,
  takeAlongDim,
} from './engine/ops/gather.ts'
export { cholesky, det, inv, solve, type TriangularOptions, triangularSolve } from './engine/ops/linalg.ts'
export {
  cat,
  type DiagonalOptions,
  type Dims,
  diagEmbed,
  diagonal,
  expand,
  flip,
  type KeepDim,
  permute,
  reshape,
  sum,
  tril,
  triu,
  unfold,
} from './engine/ops/linear.ts'
export { oneHot, searchsorted } from './engine/ops/lookup.ts'
export {
  argsort,
  cummax,
  cummin,
  kthvalue,
  max,
  median,
  min,
  type Ordered,
  type SortOptions,
  sort,
  type TopkOptions,
  topk,
  type Unique,
  type UniqueOptions,
  unique,
} from './engine/ops/order.ts'
export { type AddOptions, addmm, addmv, baddbmm, bmm, dot, matmul, mm, mv, outer } from './engine/ops/product.ts'
export {
  all,
  allclose,
  amax,
  amin,
  aminmax,
  any,
  argmax,
  argmin,
  countNonzero,
  cumprod,
  cumsum,
  diff,
  dist,
  equal,
  logcumsumexp,
  logSoftmax,
  logsumexp,
  mean,
  nanmean,
  nansum,
  norm,
  prod,
  softmax,
  std,
  stdMean,
  trace,
  type VarOptions,
  variance as var,
  varMean,
} from './engine/ops/reduce.ts'
export { type Index, indexPut, maskedSelect, nonzero, type Span, slice } from './engine/ops/subscript.ts'
export { define, type Op, type OpName, table } from './engine/prims.ts'
export {
  bernoulli,
  type DrawOptions,
  defaultGenerator,
  Generator,
  type GeneratorState,
  manualSeed,
  rand,
  randint,
  randLike,
  randn,
  randnLike,
  randperm,
} from './engine/random.ts'
export { type BackwardOptions, type NestedArray, Tensor } from './engine/tensor.ts'
export { type GradOptions, grad, jvp, valueAndGrad, vjp } from './engine/transforms.ts'
export type { Leaf, Tree } from './engine/tree.ts'
export { Value } from './engine/value.ts'
export * as F from './nn/functional.ts'
export * as nn from './nn/nn.ts'
export * as optim from './optim/optim.ts'
export {
  type DiagnoseOptions,
  type Diagnosis,
  diagnose,
  type Steps,
  type Symptom,
  type Trainable,
} from './train/diagnose.ts'
