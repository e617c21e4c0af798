// The data of a run: made or the reader's own, split, standardised, and seen through the features that were chosen.
import { data, type Generator, stack, type Tensor, tensor } from '../../src/index.ts'
import { own } from './csv.ts'
import type { DataName, FeatureName, Setup } from './message.ts'

/** What is to be found out: one class of two, one of several, or a number. */
export type Task = 'binary' | 'classes' | 'regression'

/** How data is made, and the same as code; regressions have no classes. */
interface Recipe {
  readonly classes: readonly string[]
  make(given: { n: number; noise: number; generator: Generator }): data.Made
  code(given: { n: number; noise: number }): string
}
const arms = ['first arm', 'second arm', 'third arm']
const made: Readonly<Record<Exclude<DataName, 'csv'>, Recipe>> = {
  moons: {
    classes: ['upper moon', 'lower moon'],
    make: data.makeMoons,
    code: ({ n, noise }) => `data.makeMoons({ n: ${n}, noise: ${noise}, generator })`,
  },
  circles: {
    classes: ['outer circle', 'inner circle'],
    make: given => data.makeCircles({ ...given, factor: 0.5 }),
    code: ({ n, noise }) => `data.makeCircles({ n: ${n}, noise: ${noise}, factor: 0.5, generator })`,
  },
  spirals: {
    classes: arms.slice(0, 2),
    make: data.makeSpirals,
    code: ({ n, noise }) => `data.makeSpirals({ n: ${n}, noise: ${noise}, generator })`,
  },
  xor: {
    classes: ['same signs', 'different signs'],
    make: data.makeXor,
    code: ({ n, noise }) => `data.makeXor({ n: ${n}, noise: ${noise}, generator })`,
  },
  // clusters have a width of their own: without noise they would be two points
  clusters: {
    classes: ['upper right', 'lower left'],
    make: ({ noise, ...given }) => data.makeTwoGaussians({ ...given, noise: 0.5 + noise }),
    code: ({ n, noise }) => `data.makeTwoGaussians({ n: ${n}, noise: ${0.5 + noise}, generator })`,
  },
  three: {
    classes: arms,
    make: given => data.makeSpirals({ ...given, arms: 3, turns: 0.5 }),
    code: ({ n, noise }) => `data.makeSpirals({ n: ${n}, noise: ${noise}, arms: 3, turns: 0.5, generator })`,
  },
  plane: {
    classes: [],
    make: given => data.makeSurface((x1, x2) => x1 + x2, given),
    code: ({ n, noise }) => `data.makeSurface((x1, x2) => x1 + x2, { n: ${n}, noise: ${noise}, generator })`,
  },
  waves: {
    classes: [],
    make: given => data.makeSurface((x1, x2) => Math.sin(3 * x1) * Math.cos(2 * x2), given),
    code: ({ n, noise }) =>
      `data.makeSurface((x1, x2) => Math.sin(3 * x1) * Math.cos(2 * x2), { n: ${n}, noise: ${noise}, generator })`,
  },
}

/** Each feature of the standardised coordinates, and the same as code. */
const features: Readonly<Record<FeatureName, { of(x1: Tensor, x2: Tensor): Tensor; readonly code: string }>> = {
  x1: { of: x1 => x1, code: 'x1' },
  x2: { of: (_, x2) => x2, code: 'x2' },
  'x1^2': { of: x1 => x1.square(), code: 'x1.square()' },
  'x2^2': { of: (_, x2) => x2.square(), code: 'x2.square()' },
  'x1*x2': { of: (x1, x2) => x1.mul(x2), code: 'x1.mul(x2)' },
  'sin(x1)': { of: x1 => x1.sin(), code: 'x1.sin()' },
  'sin(x2)': { of: (_, x2) => x2.sin(), code: 'x2.sin()' },
}

/** Examples before they are split: `x [n, columns]`, `y [n]` classes or `[n, 1]` numbers. */
export interface Source {
  readonly x: Tensor
  readonly y: Tensor
  readonly columns: readonly string[]
  readonly classes: readonly string[]
  /** The code that makes `{ x, y }`; without `const` and an end of line. */
  readonly code: string
}

const float64 = { dtype: 'float64' } as const
const literal = (rows: readonly unknown[]): string =>
  `[\n${rows.map(row => `    ${JSON.stringify(row).replaceAll(',', ', ')},\n`).join('')}  ]`
/** Numbers as text, some to a line. */
const lines = (xs: readonly number[]): string =>
  `[\n${Array.from({ length: Math.ceil(xs.length / 20) }, (_, k) => `    ${xs.slice(20 * k, 20 * k + 20).join(', ')},\n`).join('')}  ]`

/** @throws Error in the reader's words when the own table cannot be read */
export async function source(setup: Setup, generator: Generator): Promise<Source> {
  const given = { n: setup.samples, noise: setup.noise }
  if (setup.data !== 'csv') {
    const { classes, make, code } = made[setup.data]
    return { ...make({ ...given, generator }), columns: ['x1', 'x2'], classes, code: code(given) }
  }
  const { names, rows, labels, classes } = await own(setup.csv)
  const y = tensor(labels, classes.length > 0 ? { dtype: 'int32' } : float64)
  const [type, column] = classes.length > 0 ? ["{ dtype: 'int32' }", ''] : ["{ dtype: 'float64' }", '.reshape(-1, 1)']
  return {
    x: tensor(rows, float64),
    y: classes.length > 0 ? y : y.reshape(-1, 1),
    columns: names,
    classes,
    code: `{\n  x: tensor(${literal(rows)}, { dtype: 'float64' }),\n  y: tensor(${lines(labels)}, ${type})${column},\n}`,
  }
}

export const taskOf = ({ classes }: Pick<Source, 'classes'>): Task =>
  classes.length === 0 ? 'regression' : classes.length === 2 ? 'binary' : 'classes'

/** Some of the examples: where they are on the (standardised) plane, what the network sees of them, and the targets. */
export interface Part {
  readonly points: Tensor
  readonly inputs: Tensor
  /** [n, 1] 0 or 1, or numbers; [n] int32 for several classes. */
  readonly y: Tensor
}
export interface Data {
  readonly task: Task
  readonly train: Part
  readonly test: Part | null
  readonly classes: readonly string[]
  readonly axes: readonly [string, string]
  /** What the inputs of the network are called. */
  readonly names: readonly string[]
  /** [n, 2] on the plane -> [n, inputs]; what the plane does not show is as the mean of the training examples. */
  at(points: Tensor): Tensor
}

/** What of a table's columns the network sees: the features of the first two, then the other columns as they are. */
export function chosen(setup: Setup, columns: readonly string[]) {
  const others = columns.slice(2)
  if (setup.features.length + others.length === 0)
    throw new Error('The network has no inputs. Choose at least one feature')
  return {
    names: [...setup.features, ...others],
    /** [n, columns] -> [n, inputs] */
    of(x: Tensor): Tensor {
      const [x1, x2, ...more] = x.unbind(1)
      return stack([...setup.features.map(name => features[name].of(x1, x2)), ...more], 1)
    },
    code: [...setup.features.map(name => features[name].code), ...(others.length > 0 ? ['...others'] : [])],
  }
}

/** Makes or reads the examples, splits them, and standardises by those to train with. */
export async function prepare(setup: Setup, generator: Generator): Promise<Data> {
  const { x, y, columns, classes } = await source(setup, generator)
  const task = taskOf({ classes })
  const { names, of } = chosen(setup, columns)
  const set = new data.TensorDataset(x, y)
  const [train, test] =
    setup.testShare > 0 ? data.trainTestSplit(set, { testSize: setup.testShare, generator }) : [set, null]
  const [trainX, trainY] = train.all()
  const scaler = new data.StandardScaler().fit(trainX.double())
  const targets = task === 'regression' ? new data.StandardScaler().fit(trainY.double()) : null
  const part = ([x, y]: readonly Tensor[]): Part => {
    const points = scaler.transform(x.double())
    const target = targets ? targets.transform(y.double()) : task === 'binary' ? y.double().reshape(-1, 1) : y
    return { points, inputs: of(points), y: target }
  }
  const padding = new Array<number>(columns.length - 2).fill(0)
  return {
    task,
    train: part([trainX, trainY]),
    test: test && part(test.all()),
    classes,
    axes: [columns[0], columns[1]],
    names,
    at: points => of(padding.length === 0 ? points : points.pad([0, padding.length])),
  }
}
