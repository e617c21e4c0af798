// gradus/io: files. Models and checkpoints, logs, and runs that can be interrupted. Node only.
export { pack, unpack } from '../train/pack.ts'
export { type Best, type CheckpointOptions, checkpoint } from './checkpoint.ts'
export { type InterruptibleOptions, interruptible } from './interrupt.ts'
export { csvLog, jsonLog, type LogOptions } from './log.ts'
export { load, loadCheckpoint, save, saveCheckpoint } from './store.ts'
export { type TensorBoardOptions, tensorBoard } from './tensorboard.ts'
