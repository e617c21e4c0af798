// What an optimizer does, printed as TeX.
import { expect, test } from 'vitest'
import { tex } from '../../src/engine/tex.ts'
import { ArgumentError, Expr, optim, tensor } from '../../src/index.ts'

const w = () => tensor([[3, 4]], { requiresGrad: true })

test('SGD and Adam', () => {
  expect(new optim.SGD([w()]).formulas()).toEqual({ p: '\\theta_t = \\theta_{t-1} - g_t \\cdot \\gamma' })
  expect(new optim.SGD([w()], { momentum: 0.9, nesterov: true, weightDecay: 0.1 }).formulas()).toEqual({
    momentumBuffer:
      'b_t = b_{t-1} \\cdot \\mu + \\left(g_t + \\theta_{t-1} \\cdot \\lambda\\right) \\cdot \\left(1 - \\tau\\right)',
    p: '\\theta_t = \\theta_{t-1} - \\left(g_t + \\theta_{t-1} \\cdot \\lambda + b_t \\cdot \\mu\\right) \\cdot \\gamma',
  })
  expect(new optim.Adam([w()]).formulas()).toEqual({
    expAvg: 'm_t = m_{t-1} \\cdot \\beta_1 + g_t \\cdot \\left(1 - \\beta_1\\right)',
    expAvgSq: 'v_t = v_{t-1} \\cdot \\beta_2 + {g_t}^2 \\cdot \\left(1 - \\beta_2\\right)',
    p: '\\theta_t = \\theta_{t-1} - \\frac{m_t \\cdot \\frac{\\gamma}{1 - {\\beta_1}^{t}}}{\\sqrt{v_t} \\cdot \\frac{1}{\\sqrt{1 - {\\beta_2}^{t}}} + \\epsilon}',
  })
})

test('names of quantities on the way; whole tensors by name; groups', () => {
  const { rho, most } = new optim.RAdam([w()]).formulas()
  expect([most, rho]).toEqual([
    '\\rho_{\\infty} = \\frac{1}{1 - \\beta_2} \\cdot 2 - 1',
    '\\rho_t = \\rho_{\\infty} - \\frac{{\\beta_2}^{t} \\cdot t \\cdot 2}{1 - {\\beta_2}^{t}}',
  ])
  expect(new optim.Muon([w()], { weightDecay: 0, nesterov: false }).formulas().p).toBe(
    '\\theta_t = \\theta_{t-1} - \\operatorname{NewtonSchulz}_{5}\\left(b_t\\right) \\cdot \\gamma \\cdot \\alpha',
  )
  const groups = new optim.SGD([{ params: [w()] }, { params: [w()], maximize: true }])
  expect(groups.formulas(1).p).toBe('\\theta_t = \\theta_{t-1} - \\left(-g_t\\right) \\cdot \\gamma')
  expect(() => groups.formulas(2)).toThrow(ArgumentError)
})

const [x, y, z] = [0, 1, 2].map(k => Expr.input(k)) as [Expr, Expr, Expr]
test.each<[Expr, string]>([
  [x.add(y).mul(z), '\\left(x_0 + x_1\\right) \\cdot x_2'],
  [x.mul(y).add(z), 'x_0 \\cdot x_1 + x_2'],
  [x.sub(y.sub(z)), 'x_0 - \\left(x_1 - x_2\\right)'],
  [x.sub(y).sub(z), 'x_0 - x_1 - x_2'],
  [x.add(y.neg()), 'x_0 - x_1'],
  [x.neg().add(y), 'x_1 - x_0'],
  [x.neg().add(y.neg()), '-x_0 - x_1'],
  [x.add(y.neg().sub(z)), 'x_0 + \\left(-x_1 - x_2\\right)'],
  [x.neg().mul(y), '\\left(-x_0\\right) \\cdot x_1'],
  [x.mul(-2), 'x_0 \\cdot \\left(-2\\right)'],
  [x.add(y).neg(), '-\\left(x_0 + x_1\\right)'],
  [x.add(y).square(), '{\\left(x_0 + x_1\\right)}^2'],
  [x.exp().square(), '{\\left(e^{x_0}\\right)}^2'],
  [x.add(y).pow(z.add(1)), '{\\left(x_0 + x_1\\right)}^{x_2 + 1}'],
  [x.add(y).div(z.mul(x)), '\\frac{x_0 + x_1}{x_2 \\cdot x_0}'],
  [x.add(y).abs().sqrt(), '\\sqrt{\\left|x_0 + x_1\\right|}'],
  [x.add(y).log1p(), '\\ln\\left(1 + \\left(x_0 + x_1\\right)\\right)'],
  [x.add(y).floor(), '\\left\\lfloor x_0 + x_1 \\right\\rfloor'],
  [x.xlogy(y.add(1)).mul(z), '\\left(x_0 \\ln \\left(x_1 + 1\\right)\\right) \\cdot x_2'],
  [x.maximum(y.add(1)), '\\operatorname{max}\\left(x_0, x_1 + 1\\right)'],
  [
    x.gt(0).where(x, y.neg()).mul(2),
    '\\left(\\begin{cases} x_0 & \\text{if } x_0 > 0 \\\\ -x_1 & \\text{else} \\end{cases}\\right) \\cdot 2',
  ],
  [x.mul(1e-8).add(2.5e-7), 'x_0 \\cdot 10^{-8} + 2.5 \\cdot 10^{-7}'],
  [x.mul(2.5e-7).pow(1e21), '{\\left(x_0 \\cdot 2.5 \\cdot 10^{-7}\\right)}^{10^{21}}'],
  [x.add(Infinity), 'x_0 + \\infty'],
  [Expr.input(12).hypot(Expr.output), '\\sqrt{{x_{12}}^2 + {\\mathrm{out}}^2}'],
])('%s', (expr, expected) => {
  expect(tex(expr)).toBe(expected)
})

test('names, and a chain of a thousand terms', () => {
  let long = x
  for (let k = 0; k < 1000; k++) long = long.add(y)
  expect(tex(long, e => (e === x ? 'a' : e === y ? 'b' : undefined))).toBe(`a${' + b'.repeat(1000)}`)
})
