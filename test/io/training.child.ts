// A program that trains with everything that has a state, and is killed after a step if it is told to be.
import { createHash } from 'node:crypto'
import { data, defaultGenerator, Generator, manualSeed, nn, optim, type Tensor } from '../../src/index.ts'
import { checkpoint, jsonLog } from '../../src/io/io.ts'
import { Accuracy, earlyStopping, fit } from '../../src/train/train.ts'

const [folder, compile, death] = process.argv.slice(2) as [string, string, string]
manualSeed(5)
const generator = new Generator(6)
const made = new Generator(7)
const { x, y } = data.makeBlobs({ n: 60, features: 64, generator: made })
const all = new data.TensorDataset(x.reshape(60, 1, 8, 8), y)
const [train, validation] = data.randomSplit(all, [45, 15], { generator: made }) as data.Subset<Tensor[], Tensor[]>[]
const turned = data.randomHorizontalFlip({ generator })
/** Turns its images as they are loaded, by draws of the generator that also shuffles. */
class Turned extends data.Subset<Tensor[], Tensor[]> {
  override batch(indices: readonly number[]): Tensor[] {
    const [x, y] = super.batch(indices) as [Tensor, Tensor]
    return [turned(x), y]
  }
}
const loader = new data.DataLoader(new Turned(train, [...Array(45).keys()]), {
  batchSize: 10,
  shuffle: true,
  generator,
})

const model = new nn.Sequential(
  new nn.Conv2d(1, 4, 3, { padding: 1, generator }),
  new nn.BatchNorm2d(4),
  new nn.ReLU(),
  new nn.MaxPool2d(2),
  new nn.Flatten(),
  new nn.Dropout(0.2),
  new nn.Linear(64, 3, { generator }),
)
const optimizer = new optim.AdamW(model.parameters(), { lr: 0.02 })
const ema = new optim.EMA(model, { decay: 0.9 })
await fit(model, {
  ...{ train: loader, validation: new data.DataLoader(validation, { batchSize: 15 }), optimizer, ema },
  loss: new nn.CrossEntropyLoss(),
  metrics: { accuracy: new Accuracy() },
  epochs: 4,
  scheduler: new optim.CosineAnnealingLR(optimizer, 20),
  scheduleBy: 'step',
  compile: compile === 'compiled',
  generators: [generator],
  callbacks: [
    earlyStopping({ metric: 'validation.loss', patience: 9, ema }),
    jsonLog(`${folder}/log.jsonl`),
    checkpoint(folder, { every: { steps: 1 }, best: { metric: 'validation.loss' } }),
    { step: run => void (run.step === Number(death) && process.kill(process.pid, 'SIGKILL')) },
  ],
})
const hash = createHash('sha256')
for (const [name, x] of Object.entries({ ...model.stateDict(), ...ema.averages() }))
  hash.update(name).update(typeof x === 'number' ? String(x) : new Uint8Array(x.data.slice().buffer))
hash.update(JSON.stringify([generator.getState(), defaultGenerator().getState(), optimizer.paramGroups[0]?.lr]))
process.stdout.write(hash.digest('hex'))
