// A run as a script that anybody can start: the same setup, the same numbers, nothing but gradus.
import { Generator } from '../../src/index.ts'
import { chosen, type Source, source, taskOf } from './data.ts'
import { descentCode } from './descent.ts'
import type { Setup } from './message.ts'
import { activations, networkCode, widthsOf } from './network.ts'
import { objectives, penaltyOf } from './objective.ts'

/** Names that a script may import. */
const names = ['data', 'F', 'Generator', 'nn', 'noGrad', 'ones', 'optim', 'stack', 'type Tensor', 'tensor', 'Value']

/** Lines, without those that are not needed. */
const joined = (lines: readonly (string | false)[]): string => lines.filter(line => line !== false).join('\n')
const indented = (text: string): string => text.replace(/^(?=.)/gm, '  ')

/**
 * TypeScript that imports from 'gradus' alone, trains as a session of this setup does and prints losses as it goes.
 *
 * @throws Error in the reader's words when the own table cannot be read
 */
export async function script(setup: Setup, steps = 1000): Promise<string> {
  const found = await source(setup, new Generator(setup.seed))
  const task = taskOf(found)
  const widths = widthsOf(setup, chosen(setup, found.columns).names.length, task, found.classes.length)
  const descent = descentCode(setup)
  const code = joined([
    dataCode(setup, found),
    '',
    networkCode(setup, widths),
    setup.engine === 'scalar'
      ? scalarCode(setup, objectives[task].code.scalar)
      : tensorCode(objectives[task].code.tensor),
    penaltyOf(setup) !== null && `${penaltyCode(setup)}`,
    '',
    `${descent.before}const loader = new data.DataLoader(new data.TensorDataset(trainX, trainY), {`,
    `  batchSize: ${setup.batch},`,
    '  shuffle: true,',
    '  generator,',
    '})',
    '',
    loopCode(setup, steps, descent.after),
  ])
  const used = names.filter(name => new RegExp(`(?<![.\\w'])${name.replace('type ', '')}\\b(?!:)`).test(code))
  return `import { ${used.join(', ')} } from 'gradus'\n\n${code}`
}

function dataCode(setup: Setup, { columns, classes, code }: Source): string {
  const split = setup.testShare > 0
  const task = taskOf({ classes })
  const regression = task === 'regression'
  const targets = { binary: 'y.double().reshape(-1, 1)', classes: 'y', regression: 'scalerY.transform(y.double())' }
  return joined([
    `const generator = new Generator(${setup.seed})`,
    '',
    '// data, standardised by what is trained with',
    `const { x, y } = ${code}`,
    'const set = new data.TensorDataset(x, y)',
    split
      ? `const [train, test] = data.trainTestSplit(set, { testSize: ${setup.testShare}, generator })`
      : 'const train = set',
    'const scaler = new data.StandardScaler().fit(train.all()[0].double())',
    regression && 'const scalerY = new data.StandardScaler().fit(train.all()[1].double())',
    'function prepared([x, y]: Tensor[]): [Tensor, Tensor] {',
    `  const [x1, x2${columns.length > 2 ? ', ...others' : ''}] = scaler.transform(x.double()).unbind(1)`,
    `  return [stack([${chosen(setup, columns).code.join(', ')}], 1), ${targets[task]}]`,
    '}',
    'const [trainX, trainY] = prepared(train.all())',
    split && 'const [testX, testY] = prepared(test.all())',
  ])
}

const linears = '[...model].filter(layer => layer instanceof nn.Linear)'

const tensorCode = (loss: string): string =>
  joined(['const params = model.parameters()', `const lossOf = (x: Tensor, y: Tensor) => ${loss}`])

function scalarCode(setup: Setup, loss: string): string {
  const { code } = activations[setup.activation]
  const drops = setup.dropout > 0
  const active = code === 'x' ? 'z' : `z.map(x => ${code})`
  return joined([
    '// the same network of single numbers, one example after the other',
    `const layers = ${linears}.map(({ weight, bias }) => {`,
    '  const [units, inputs] = weight.shape',
    "  const layer = new nn.Layer(inputs, units, { nonlinearity: 'linear' })",
    '  layer.neurons.forEach(({ w, b }, i) => {',
    '    w.forEach((value, j) => {',
    '      value.data = weight.data[i * inputs + j]',
    '    })',
    '    b.data = bias!.data[i]',
    '  })',
    '  return layer',
    '})',
    'const params = layers.flatMap(({ neurons }) => [...neurons.flatMap(({ w }) => w), ...neurons.map(({ b }) => b)])',
    'const total = (xs: Value[]) => xs.reduce((a, b) => a.add(b))',
    '',
    `function lossOf(x: Tensor, y: Tensor${drops ? ', training = false' : ''}): Value {`,
    '  const [n, inputs] = x.shape',
    drops && `  const p = training ? ${setup.dropout} : 0`,
    drops && '  const masks = layers.slice(0, -1).map(({ neurons }) =>',
    drops && "    F.dropout(ones([n, neurons.length], { dtype: 'float64' }), { p, generator }),",
    drops && '  )',
    '  const losses = Array.from(y.data, (y, i) => {',
    '    let out: Value[] = []',
    '    let h: (Value | number)[] = Array.from(x.data.subarray(i * inputs, (i + 1) * inputs))',
    drops ? '    for (const [k, layer] of layers.entries()) {' : '    for (const layer of layers) {',
    '      out = layer.forward(h)',
    '      const z = out',
    drops
      ? `      h = k < masks.length ? ${active}.map((x, j) => x.mul(masks[k].data[i * z.length + j])) : z`
      : `      h = ${active}`,
    '    }',
    `    return ${loss}`,
    '  })',
    '  return total(losses).div(n)',
    '}',
  ])
}

function penaltyCode(setup: Setup): string {
  const penalty = penaltyOf(setup)
  if (!penalty) return ''
  return setup.engine === 'scalar'
    ? joined([
        'const weights = layers.flatMap(({ neurons }) => neurons.flatMap(({ w }) => w))',
        `const penalty = () => total(weights.map(w => ${penalty.code})).mul(${penalty.rate}) // ${setup.regularization}`,
      ])
    : joined([
        `const weights = ${linears}.map(({ weight }) => weight)`,
        `const penalty = () => weights.map(w => ${penalty.code}.sum()).reduce((a, b) => a.add(b)).mul(${penalty.rate}) // ${setup.regularization}`,
      ])
}

function loopCode(setup: Setup, steps: number, after: string): string {
  const scalar = setup.engine === 'scalar'
  const test = setup.testShare > 0
  const drops = setup.dropout > 0
  const tested = test ? `, test loss \${shown(testX, testY)}` : ''
  const batchLoss = scalar && drops ? 'lossOf(x, y, true)' : 'lossOf(x, y)'
  return joined([
    `const shown = (x: Tensor, y: Tensor) => lossOf(x, y).${scalar ? 'data' : 'item()'}.toPrecision(6)`,
    'function report(step: number): void {',
    drops && !scalar && '  model.eval()',
    '  noGrad(() => {',
    `    console.log(\`step \${step}: training loss \${shown(trainX, trainY)}${tested}\`)`,
    '  })',
    drops && !scalar && '  model.train()',
    '}',
    '',
    'let step = 0',
    'report(step)',
    `for (const [x, y] of loader.take(${steps})) {`,
    `  const loss = ${penaltyOf(setup) ? `${batchLoss}.add(penalty())` : batchLoss}`,
    '  optimizer.zeroGrad()',
    '  loss.backward()',
    '  optimizer.step()',
    after !== '' && indented(after.trimEnd()),
    `  if (++step % ${Math.max(1, Math.round(steps / 10))} === 0) report(step)`,
    '}',
    '',
  ])
}
