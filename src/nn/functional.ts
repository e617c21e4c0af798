// Functions of neural networks: activations, convolutions, losses.
export * from '../engine/functions.ts'
export { conv1d, conv2d, convTranspose2d } from '../engine/ops/convolution.ts'
export { embedding, oneHot } from '../engine/ops/gather.ts'
export { pad } from '../engine/ops/arrange.ts'
export { adaptiveAvgPool2d, avgPool1d, avgPool2d, maxPool1d, maxPool2d } from '../engine/ops/pool.ts'
export { logSoftmax, softmax } from '../engine/ops/reduce.ts'
