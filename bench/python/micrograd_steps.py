"""W1 as micrograd's demo notebook writes it."""
from importlib.metadata import version as version_of

from micrograd.engine import Value
from micrograd.nn import MLP

name = 'micrograd'
version = version_of('micrograd')


def missing(variant):
    return None


def moons(inputs, params, variant, inner):
    model = MLP(2, [16, 16, 1])
    parameters = model.parameters()
    for p, value in zip(parameters, params['neurons'].tolist()):
        p.data = value
    x, y = inputs['x'].tolist(), inputs['y'].tolist()
    k = 0

    def step():
        nonlocal k
        points = [list(map(Value, row)) for row in x]
        scores = list(map(model, points))
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores)]
        margin = sum(losses) * (1.0 / len(losses))
        decay = 1e-4 * sum((p * p for p in parameters))
        loss = margin + decay
        model.zero_grad()
        loss.backward()
        rate = max(0.1, 1.0 - 0.9 * k / 100)
        k += 1
        for p in parameters:
            p.data -= rate * p.grad
        return loss.data

    return step


setups = {'W1': moons}
