// Expressions to begin with, each for something that it shows.

export interface Example {
  readonly title: string
  readonly text: string
  readonly at: Readonly<Record<string, number>>
}

const chain = Array.from({ length: 6 }).reduce<string>(inner => `sigmoid(${inner})`, 'x')

export const examples: readonly Example[] = [
  { title: 'The lecture’s F: a shared input', text: 'x1*x2 + sin(x1)', at: { x1: 2, x2: 3 } },
  { title: 'A neuron', text: 'tanh(w*x + b)', at: { w: 0.8, x: 1.5, b: -0.4 } },
  { title: 'One input, used three times', text: 'x*x*x', at: { x: 2 } },
  { title: 'A maximum routes the gradient', text: 'max(x, y)*x', at: { x: 3, y: 1 } },
  { title: 'Softplus, a smooth ramp', text: 'log(1 + exp(x))', at: { x: 0.5 } },
  { title: 'Six sigmoids: the gradient vanishes', text: chain, at: { x: 1 } },
  { title: 'A kink: relu at zero', text: 'relu(x) + 0.5*x', at: { x: 0 } },
  {
    title: 'Logistic loss of one example',
    text: '-(y*log(sigmoid(w*x + b)) + (1 - y)*log(1 - sigmoid(w*x + b)))',
    at: { y: 1, w: 0.5, x: 2, b: -1 },
  },
  { title: 'Squared error of a line', text: '(w*x + b - y)^2', at: { w: 1, x: 2, b: 0.5, y: 1 } },
  {
    title: 'Two neurons and their squared error',
    text: '(u*tanh(w1*x + b1) + v*tanh(w2*x + b2) - y)^2',
    at: { u: 0.7, w1: 0.9, x: 1.2, b1: 0.1, v: -1.1, w2: -0.6, b2: 0.3, y: 1 },
  },
  { title: 'A bell curve', text: 'exp(-(x - m)^2/(2*s^2))', at: { x: 1, m: 0, s: 0.8 } },
  { title: 'A choice', text: 'x > y ? x^2 : x*y', at: { x: 2, y: 1 } },
]
