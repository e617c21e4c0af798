"""What PyTorch answers, written down: values, gradients, tangents and second-order products of every op.

Run on Debian:  apt install python3-torch && /usr/bin/python3 scripts/torch-fixtures.py
Losses and functions of networks have their cases in scripts/fixtures/losses.py and functional.py, run likewise.
Writes test/fixtures/<family>.json, the same bytes each time (written with torch 1.13); test/parity.test.ts and
test/trajectories.test.ts read them.

A case:
  name    what the test is called
  call    'x.sum' (method of the first input), 'sum' (root function) or 'F.conv2d'
  inputs  [{shape, dtype, data}], data flat, bools as 0 and 1, non-finite numbers as strings
  args    what follows: {"$t": i} is input i, {"$u": 1} undefined, {"$slice": [...]} slice(...); options come last
  out     the outputs; v: one cotangent for each (null: not differentiable);
          u: one tangent for each float input but those in options
  grad    d<out, v>/d input;   jvp: tangents of the outputs;   hvp: d<grad, u>/d input;   null where there is none
  signed  zeros are compared with their sign

A row is written as the call would be in Gradus; the PyTorch function is found by the snake_case name unless `fn` gives
it. `upto` says how far to differentiate: 'value', 'grad', 'jvp' or 'hvp'. Inputs are drawn by the case's name, so a new
row moves no other. Drawn numbers are odd thousandths, distinct within a tensor: no ties and no kinks by accident.

Left out, or computed by another formula (`fn`), where torch 1.13 is not the reference we want:
- prod, cumprod, logcumsumexp, cdist, dist: composites; torch's second order is wrong at zeros, unstable, or missing.
- cross: linalg.cross (default dim -1, as newer PyTorch). nanmean, hingeLoss: composites (nanmean drops empty slices).
- derivatives at hypot(0,0), atan2(0,0), copysign(0,.), xlogy(0,0), and of fmax/fmin at ties: NaN or one-sided there.
- derivatives of hardswish at -3 and 3: newer PyTorch changed them.
- sign(nan): 0 in torch, NaN elsewhere. gelu, silu, mish, hardswish, softsign, sinc at infinities: inf * 0 by accident.
- digamma and lgamma at poles. Their derivatives and polygamma: by zeta; torch's trigamma is good to 1e-9 only.
- median, kthvalue, topk with ties: torch promises no index.
- cholesky: tangents are symmetric, since the input is (torch hands back the symmetric gradient).
- embedding with paddingIdx: no tangent; there torch's forward and reverse modes disagree on purpose.
- tangents at sinc(0), pow(0, .), std of a constant, 3-norm at 0: NaN in torch's second order; gradients alone stay.
- hardsigmoid, aminmax: composites; torch differentiates them once, or not at all.
- scatter and scatterAdd from a source larger than the index: torch's gradient has the wrong shape.
- float32 outputs are the float64 answer rounded once: right where torch's own float32 kernels lose bits.
- random draws: only where the answer is certain (probabilities 0 and 1, one-value ranges, empty shapes).
"""
import math
import random
import sys
from functools import reduce
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / 'fixtures'))
sys.dont_write_bytecode = True
import torch
import torch.nn.functional as F
from parity import (B, DTYPES, I, J, P, R, S, Slice, T, U, b8, case, data, draw, each, f32, f64, family, find, i32, i64, inf,
                    nan, plain, snake, write)

# ---- pointwise

family('pointwise')
ANY = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 30.0, -30.0, inf, -inf, nan]
FINITE = [x for x in ANY if math.isfinite(x)] + [nan]
# op: (low, high), then points for values, then kinks for first derivatives
UNARY = {
    'neg': ((-2, 2), ANY),
    'exp': ((-2, 2), ANY),
    'exp2': ((-2, 2), ANY),
    'expm1': ((-2, 2), ANY + [1e-12, -1e-12]),
    'log': ((0.1, 3), ANY),
    'log1p': ((-0.9, 2), ANY + [1e-12, -1e-12]),
    'log2': ((0.1, 3), ANY),
    'log10': ((0.1, 3), ANY),
    'sin': ((-4, 4), ANY),
    'cos': ((-4, 4), ANY),
    'tan': ((-1.4, 1.4), ANY),
    'asin': ((-0.95, 0.95), ANY),
    'acos': ((-0.95, 0.95), ANY),
    'atan': ((-3, 3), ANY),
    'sinh': ((-2, 2), ANY),
    'cosh': ((-2, 2), ANY),
    'tanh': ((-2, 2), ANY + [1e-12]),
    'asinh': ((-2, 2), ANY + [1e-12]),
    'acosh': ((1.1, 3), ANY),
    'atanh': ((-0.9, 0.9), ANY + [1e-12]),
    'sqrt': ((0.1, 3), ANY, [0.0]),
    'rsqrt': ((0.1, 3), ANY),
    'square': ((-2, 2), ANY, [0.0]),
    'reciprocal': ((0.2, 3), ANY),
    'abs': ((-2, 2), ANY, [0.0, -0.0]),
    'sign': ((-2, 2), [x for x in ANY if x == x], [0.0]),
    'floor': ((-3, 3), ANY, [1.0]),
    'ceil': ((-3, 3), ANY, [1.0]),
    'round': ((-3, 3), ANY + [3.5, -1.5, 0.3, -0.3], [0.5]),
    'trunc': ((-3, 3), ANY, [1.0]),
    'frac': ((-3, 3), FINITE, [1.0]),
    'sigmoid': ((-4, 4), ANY + [800.0, -800.0]),
    'softplus': ((-4, 4), ANY),
    'logsigmoid': ((-4, 4), ANY + [-800.0]),
    'relu': ((-2, 2), ANY, [0.0, -0.0]),
    'relu6': ((-3, 9), ANY, [0.0, 6.0]),
    'elu': ((-2, 2), ANY, [0.0]),
    'selu': ((-2, 2), ANY, [0.0]),
    'celu': ((-2, 2), ANY, [0.0]),
    'gelu': ((-3, 3), FINITE),
    'silu': ((-3, 3), FINITE),
    'mish': ((-3, 3), FINITE),
    'hardtanh': ((-2, 2), ANY, [-1.0, 1.0]),
    'hardswish': ((-5, 5), FINITE),
    'hardsigmoid': ((-5, 5), ANY, [-3.0, 3.0]),
    'hardshrink': ((-2, 2), ANY, [-0.5, 0.5]),
    # torch 1.13 makes 0 of NaN
    'softshrink': ((-2, 2), ANY[:-1], [-0.5, 0.5]),
    'tanhshrink': ((-2, 2), FINITE),
    'softsign': ((-2, 2), FINITE, [0.0]),
    'leakyRelu': ((-2, 2), ANY, [0.0]),
    'logit': ((0.05, 0.95), ANY),
    'sinc': ((-2, 2), FINITE, [0.0]),
    'erf': ((-2, 2), ANY + [1e-12]),
    'erfc': ((-2, 2), ANY + [5.0, 20.0]),
    'erfinv': ((-0.9, 0.9), ANY + [0.999]),
    'lgamma': ((0.2, 5), [0.5, 1.0, 2.0, -0.5, -2.5, 30.0, 170.5, inf, nan]),
    'digamma': ((0.2, 5), [0.5, 1.0, 2.0, -0.5, -2.5, 30.0, nan]),
}
SIGNED = {'neg', 'abs', 'sin', 'tan', 'asin', 'atan', 'sinh', 'tanh', 'asinh', 'atanh', 'expm1', 'log1p', 'sqrt',
          'floor', 'ceil', 'round', 'trunc', 'erf', 'reciprocal'}


def polygamma(n, x):
    """By the Hurwitz zeta function, x > 0: torch's own trigamma is good to 1e-9 only."""
    return Digamma.apply(x) if n == 0 else (-1) ** (n + 1) * math.factorial(n) * torch.special.zeta(T(n + 1), x)


class Digamma(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.digamma(x)

    @staticmethod
    def backward(ctx, g):
        return g * polygamma(1, ctx.saved_tensors[0])


class Lgamma(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.lgamma(x)

    @staticmethod
    def backward(ctx, g):
        return g * polygamma(0, ctx.saved_tensors[0])


# torch's hardsigmoid differentiates once only
OTHERWISE = {'hardsigmoid': lambda x: torch.where(x <= -3, x * 0, torch.where(x >= 3, x * 0 + 1, x / 6 + 0.5)),
             'lgamma': Lgamma.apply, 'digamma': Digamma.apply}
for op, ((lo, hi), points, *kinks) in UNARY.items():
    fn = OTHERWISE.get(op)
    each('x.' + op, [R(lo=lo, hi=hi)], [R(2, 3, lo=lo, hi=hi)], fn=fn)
    case('x.' + op, S(4, lo=lo, hi=hi))
    case('x.' + op, T(points), upto='value', note='edges', signed=op in SIGNED)
    for k in kinks:
        case('x.' + op, T(k), upto='jvp', note='kinks', fn=fn)
each('x.exp', [R(0)], [R(2, 0)], [I(3)], [B(3)])
for op in ['neg', 'abs', 'sign', 'square', 'relu', 'floor', 'sqrt', 'sigmoid', 'tanh', 'log', 'reciprocal', 'erf']:
    case('x.' + op, I(4, lo=1))
for op in ['sqrt', 'sin', 'sigmoid']:
    case('x.' + op, B(4))
each('x.elu', [R(4), 0.5], [T(0.0), 0.5, {'upto': 'jvp'}])
each('x.celu', [R(4), 0.5])
each('x.gelu', [R(4), {'approximate': 'tanh'}], [R(4), {'approximate': 'none'}])
each('x.hardtanh', [R(5), -0.5, 1.5])
each('x.leakyRelu', [R(5), 0.2], [T(0.0), 0.2, {'upto': 'jvp'}])
each('x.logit', [R(4, lo=0, hi=1), {'eps': 0.2}])
each('F.softplus', [R(4)], [R(4), {'beta': 2}], [T([-1.0, 0.5, 1.5, 5.0]), {'beta': 2, 'threshold': 2}])
for op in ['relu', 'leakyRelu', 'elu', 'gelu', 'silu', 'sigmoid', 'tanh', 'selu', 'mish', 'logsigmoid', 'hardtanh',
           'relu6']:
    case('F.' + op, R(3), fn=find('x.' + op))
for n in [0, 1, 2, 3]:
    case('x.polygamma', P(4), n, fn=lambda x, n: polygamma(n, x))
each('x.isnan', [T(ANY)], [I(2)])
each('x.isinf', [T(ANY)])
each('x.isfinite', [T(ANY)], [I(2)])
each('x.signbit', [T(ANY[:-1])], [I(3)])
each('x.nanToNum', [T([nan, inf, -inf, 1.5])], [T([nan, inf, -inf, 1.5]), 1], [T([nan, inf, -inf, 1.5]), 1, 2, -3],
     [S(3)], fn=torch.nan_to_num)
each('x.logicalNot', [T([0.0, -0.0, 2.0, nan])], [I(4, lo=-1, hi=2)], [B(4)])

# op: domains of x and y, pairs for values, pairs for first derivatives
PAIRS = [(0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (-0.0, 0.0), (0.0, -0.0), (2.5, 2.5), (inf, 1.0),
         (1.0, inf), (-inf, 2.0), (inf, inf), (inf, -inf), (nan, 1.0), (1.0, nan), (-7.5, 2.0), (7.5, -2.0),
         (-7.0, 7.0), (3.0, 0.5), (-3.0, 0.5)]
SOME = [p for p in PAIRS if all(map(math.isfinite, p)) and p[1] != 0] + [(nan, 1.0), (1.0, nan)]
REAL, POSITIVE, AWAY = (-2, 2), (0.2, 2), (0.3, 2)
BINARY = {
    'add': (REAL, REAL, PAIRS),
    'sub': (REAL, REAL, PAIRS),
    'mul': (REAL, REAL, PAIRS),
    'div': (REAL, AWAY, PAIRS),
    'pow': (POSITIVE, REAL,
            PAIRS + [(0.0, 2.0), (0.0, 0.5), (-2.0, 3.0), (-2.0, -1.0), (-8.0, 1 / 3), (-1.0, inf), (0.5, inf)]),
    'maximum': (REAL, REAL, PAIRS, [(1.0, 1.0), (0.0, 0.0)]),
    'minimum': (REAL, REAL, PAIRS, [(1.0, 1.0), (0.0, 0.0)]),
    'fmax': (REAL, REAL, PAIRS),
    'fmin': (REAL, REAL, PAIRS),
    'atan2': (REAL, REAL, PAIRS),
    'hypot': (REAL, REAL, PAIRS + [(3e200, 4e200)]),
    'remainder': (REAL, AWAY, SOME),
    'fmod': (REAL, AWAY, SOME),
    'xlogy': (REAL, POSITIVE, PAIRS, [(0.0, 2.0), (1.5, 1.0)]),
    'xlog1py': (REAL, POSITIVE, PAIRS, [(0.0, 2.0), (1.5, 0.0)]),
    'logaddexp': (REAL, REAL, PAIRS + [(-inf, -inf), (800.0, 799.0)]),
    'logaddexp2': (REAL, REAL, PAIRS + [(-inf, -inf), (3000.0, 2999.0)]),
    'copysign': (POSITIVE, REAL, PAIRS),
}
for op, (a, b, points, *ties) in BINARY.items():
    x, y = (lambda *s: R(*s, lo=a[0], hi=a[1])), (lambda *s: R(*s, lo=b[0], hi=b[1]))
    call = 'x.' + op
    each(call, [x(2, 3), y(2, 3)], [x(2, 1), y(3)], [x(), y(2)], [x(0), y(1)])
    if op not in ('maximum', 'minimum', 'fmax', 'fmin', 'atan2', 'hypot', 'logaddexp', 'logaddexp2', 'xlog1py'):
        case(call, x(3), 1.7)
    else:
        case(call, x(3), T(1.7))
    case(call, S(3, lo=a[0], hi=a[1]), S(3, lo=b[0], hi=b[1]))
    case(call, T([p for p, _ in points]), T([q for _, q in points]), upto='value', note='edges',
         signed=op in ('add', 'sub', 'mul', 'div', 'copysign'))
    for tie in ties:
        case(call, T([p for p, _ in tie]), T([q for _, q in tie]), upto='jvp', note='ties')
each('x.add', [R(2, 3), R(3), {'alpha': 2.5}], [R(3), 2, {'alpha': -1.5}])
each('x.sub', [R(2, 3), R(3), {'alpha': 2.5}], [R(3), 2, {'alpha': -1.5}])
for mode in ['floor', 'trunc']:
    case('x.div', R(4, lo=-6, hi=6), P(4), rounding_mode=mode)
    case('x.div', T([p for p, _ in SOME]), T([q for _, q in SOME]), rounding_mode=mode, upto='value', note='edges')
    case('x.div', T([-7, 7, -7, 7, 6], i32), T([2, -2, -2, 2, 3], i32), rounding_mode=mode)
# 0^0 = 1, and the derivative in the exponent is 0 at a zero base
case('x.pow', T([0.0, 0.0, 0.0, 2.0]), T([0.0, 1.0, 2.0, 0.0]), upto='jvp', note='corners')
for p in [0, 1, 2, 3]:
    case('x.pow', T([0.0, -1.5, 2.0]), p, note='corners')
each('x.pow', [P(3), -1], [P(3), 0.5], [R(3), -2], [I(3), 2], [I(3, lo=0), I(3, lo=0, hi=4)], [I(3, lo=1), 0.5])
case('pow', 2.5, R(3), fn=torch.pow, note='number base')
each('x.remainder', [T([-7, 7, -7, 7], i32), T([3, -3, -3, 3], i32)], [R(4, lo=-6, hi=6), 1.5],
     [R(3, lo=-6, hi=6), -1.5])
each('x.fmod', [T([-7, 7, -7, 7], i32), T([3, -3, -3, 3], i32)], [R(4, lo=-6, hi=6), 1.5])
each('x.floorDivide', [R(4, lo=-6, hi=6), P(4)], [T([-7, 7, -7, 7], i32), T([3, -3, -3, 3], i32)],
     [R(4, lo=-6, hi=6), 1.5], [T([p for p, _ in SOME]), T([q for _, q in SOME])], upto='value')
for op in ['eq', 'ne', 'lt', 'le', 'gt', 'ge']:
    each('x.' + op, [T([p for p, _ in PAIRS]), T([q for _, q in PAIRS])], [T([[1.0], [2.0]]), T([1.0, 2.0, 3.0])],
         [T([1.0, 2.0]), 2], [T([1, 2], i32), T([2.0, 2.0])], [B(3), B(3)])
for op in ['logicalAnd', 'logicalOr', 'logicalXor']:
    each('x.' + op, [T([True, True, False, False], b8), T([True, False, True, False], b8)],
         [T([0.0, 2.0, nan]), T([1.0, 0.0, 3.0])], [T([[0], [2]], i32), T([0, 1], i32)])
CLOSE = [T([1.0, 1.0, 0.0, nan, inf, 100.0]), T([1.0 + 1e-6, 1.1, 1e-9, nan, inf, 100.5])]
each('x.isclose', CLOSE, [*CLOSE, {'equal_nan': True}], [*CLOSE, {'rtol': 0.01}], [*CLOSE, {'atol': 1.0, 'rtol': 0}])
each('x.allclose', [T([1.0]), T([1.0 + 1e-9])], [T([1.0]), T([1.1])], [T([1.0]), T([1.1]), {'rtol': 0.2}])
each('x.equal', [T([1.0]), T([1.0])], [T([1.0]), T([1.1])], [T([1.0]), T([1.0, 1.0])])

each('where', [B(2, 3), R(2, 3), R(2, 3)], [B(3), R(2, 1), R()], [T(True, b8), R(2), R(2)])
case('x.where', B(2, 3), R(3), R(2, 1), fn=torch.where)
each('x.clamp', [R(6), -0.5, 1], [R(6), None, 1], [R(6), 0.5, None],
     [R(2, 3), R(3, lo=-2, hi=-0.5), R(3, lo=0.5, hi=2)], [I(5), -2, 3], [S(5), -0.5, 0.5], [R(4), 1, -1])
each('x.clamp', [T([-0.5, 1.0]), -0.5, 1, {'upto': 'jvp', 'note': 'ties'}],
     [T([nan, inf, -inf]), -1, 1, {'upto': 'value'}])
each('x.lerp', [R(2, 3), R(3), R(2, 1)], [R(3), R(3), 0.3], [R(3), R(3), 0.8])
each('x.addcmul', [R(2, 3), R(3), R(2, 1)], [R(3), R(3), R(3), {'value': -0.5}])
each('x.addcdiv', [R(2, 3), R(3), P(2, 1)], [R(3), R(3), P(3), {'value': -0.5}])
each('x.maskedFill', [R(2, 3), B(2, 3), 7], [R(2, 3), B(3), -inf, {'upto': 'value'}], [R(2, 3), B(3), R()],
     [I(4), B(4), 2])

# promotion: what two dtypes make together
KINDS = [lambda *s: B(*s), lambda *s: I(*s, lo=1), lambda *s: S(*s, lo=0.3), lambda *s: R(*s, lo=0.3)]
for op in ['add', 'sub', 'mul', 'div', 'maximum', 'remainder', 'pow', 'atan2']:
    for i, a in enumerate(KINDS):
        for j, b in enumerate(KINDS):
            if i == j and i > 1 or op != 'add' and i + j < 1:
                continue  # same floats stand above; torch refuses most of bool with bool
            if op == 'sub' and i * j == 0 or op == 'remainder' and j == 0:
                continue  # no bool in sub, no False to divide by
            case('x.' + op, a(2), b(2), upto='value', note='promotion')
each('x.add', [I(2), 2], [I(2), 1.5], [S(2), 1.5], [B(2), 2], [I(2), S(1)], [S(2), T(0.5)], [I(2), T(0.5, f32)],
     upto='value', note='promotion')
each('x.mul', [I(2), 2], [I(2), 0.5], [B(2), B(2)], [S(2), T(0.5)], [S(2), T([0.5])], upto='value', note='promotion')
each('x.div', [I(2), 2], [I(2), I(2, lo=1)], [B(2), 2], upto='value', note='promotion')
each('where', [B(2), I(2), S(2)], [B(2), S(2), R(2)], [B(2), B(2), I(2)], upto='value', note='promotion')
for to, given in [('float32', T([1.7, 0.1])), ('int32', T([1.7, -1.7, 0.0])), ('bool', T([1.7, 0.0, nan])),
                  ('float64', I(3)), ('float32', B(3)), ('float64', R(3)), ('int32', B(3))]:
    case('x.to', given, to, fn=lambda x, to: x.to({v: k for k, v in DTYPES.items() if k != i64}[to]), upto='hvp')
for name in ['float', 'double', 'int', 'bool', 'clone']:
    each('x.' + name, [T([1.5, -1.5, 0.0])])

# ---- reductions

family('reductions')


def along(x, dims, keepdim, one):
    """A reduction over `dims` (None: all) through `one`, which reduces the last dim."""
    dims = range(x.dim()) if dims is None else [dims] if isinstance(dims, int) else dims
    dims = [d % max(x.dim(), 1) for d in dims]
    kept = [d for d in range(x.dim()) if d not in dims]
    out = one(x.permute(kept + dims).reshape([x.shape[d] for d in kept] + [math.prod(x.shape[d] for d in dims)]))
    return out.reshape([1 if d in dims else s for d, s in enumerate(x.shape)]) if keepdim else out


def prod(x, dim=None, keepdim=False):
    if x.dtype != f64:
        return torch.prod(x) if dim is None else torch.prod(x, dim, keepdim=keepdim)
    return along(x, dim, keepdim, lambda y: reduce(torch.mul, y.unbind(-1)) if y.shape[-1] else y.sum(-1) + 1)


def cumprod(x, dim):
    out = [x.select(dim, 0)]
    for i in range(1, x.shape[dim]):
        out.append(out[-1] * x.select(dim, i))
    return torch.stack(out, dim)


def logcumsumexp(x, dim):
    return torch.stack([x.narrow(dim, 0, i + 1).logsumexp(dim) for i in range(x.shape[dim])], dim)


SHAPED = [[R()], [R(3)], [R(2, 3)], [R(2, 3), 0], [R(2, 3), -1, {'keepdim': True}], [R(2, 1, 3), 1], [R(2, 3, 2),
     [0, -1]],
          [R(2, 3, 2), [0, 2], {'keepdim': True}]]
EMPTY = [[R(0)], [R(0, 3), 0], [R(2, 0), 1], [R(0, 3), 1]]
each('x.sum', *SHAPED, *EMPTY, [I(2, 3)], [I(2, 3), 1], [B(5)], [S(2, 3), 0], [T([inf, -inf])], [R(), 0], [R(2, 3), []])
each('sum', [R(2, 3)], [R(2, 3), 1, {'keepdim': True}])
each('x.mean', *SHAPED, *EMPTY[:1], *EMPTY[3:], [S(2, 3), 0])
each('x.mean', [R(0, 3), 0], [R(2, 0), 1], upto='value')
each('x.prod', [R()], [R(4)], [R(2, 3), 0], [R(2, 3), -1, {'keepdim': True}], [R(2, 3)], *EMPTY, [I(4)], [I(2, 3), 1],
     [B(3)], [T([2.0, 0.0, 3.0, 1.5]), {'note': 'one zero'}], [T([2.0, 0.0, 0.0, 1.5]), {'note': 'two zeros'}],
     [T([0.0, 0.0, 0.0])], [T([[2.0, 0.0, 3.0], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]]), 1, {'note': 'zeros'}], fn=prod)
NANS = T([[1.5, nan, 2.0], [nan, nan, -1.0]])
each('x.nansum', [NANS], [NANS, 1], [NANS, 0, {'keepdim': True}], [R(2, 3), [0, 1]], [R(0)])


def nanmean(x, dim=None, keepdim=False):
    if dim is None:
        dim = list(range(x.dim()))
    return x.nansum(dim, keepdim) / (~x.isnan()).sum(dim, keepdim)


each('x.nanmean', [NANS], [NANS, 1], [NANS[:, ::2].clone(), 0, {'keepdim': True}], [R(2, 3), [0, 1]], fn=nanmean)
case('x.nanmean', T([nan, nan]), fn=nanmean, upto='value')
TIES = T([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
for op in ['amax', 'amin']:
    each('x.' + op, *SHAPED, [S(2, 3), 0], [I(2, 3), 1], [R(0, 3), 1])
    each('x.' + op, [TIES, {'note': 'ties'}], [TIES, 1, {'note': 'ties'}], [TIES, [0, 1], {'note': 'ties'}], upto='jvp')
    each('x.' + op, [T([1.0, nan, 2.0])], [T([-inf, inf])], [T([[1.0, nan], [2.0, 3.0]]), 1], upto='value')
for op in ['max', 'min']:
    each('x.' + op, [R()], [R(2, 3)], [R(2, 3), 0], [R(2, 3), -1, {'keepdim': True}], [R(2, 3, 2), 1], [I(5)],
         [S(2, 3), 0])
    each('x.' + op, [TIES, {'note': 'ties'}], [TIES, 1, {'note': 'ties, first index'}], [TIES, 0, {'note': 'ties'}],
         upto='jvp')
    each('x.' + op, [T([1.0, nan, 2.0])], [T([[1.0, nan], [nan, 3.0]]), 1], [T([[-inf, -inf], [inf, inf]]), 1],
         upto='value')
for op in ['argmax', 'argmin']:
    each('x.' + op, [R(2, 3)], [R(2, 3), 0], [R(2, 3), -1, {'keepdim': True}], [TIES], [TIES, 1],
         [T([1.0, nan, 5.0, nan])], [I(4)], [R()])
each('x.aminmax', [R(2, 3)], fn=lambda x: [x.amin(), x.amax()])
each('x.aminmax', [R(2, 3), 1], [R(2, 3), -2], fn=lambda x, dim: [x.amin(dim), x.amax(dim)])
for op in ['any', 'all']:
    each('x.' + op, [B(2, 3)], [T([[0.0, 2.0], [0.0, 0.0], [nan, 1.0]]), 1], [B(2, 3), 0, {'keepdim': True}], [B(0)],
         [B(2, 0), 1], [I(3)])
SPREAD = [[R(4)], [R(2, 3)], [R(2, 3), 1], [R(2, 3), -2, {'keepdim': True}], [R(2, 3, 2), [0, 2]], [R(2, 3),
     1, {'correction': 0}],
          [R(4), U, {'correction': 0}], [R(2, 4), 1, {'correction': 2}]]


def moments(f):
    return lambda x, dim=None, correction=1, keepdim=False: f(x, dim if dim is None or isinstance(dim, list) else [dim],
                                                              correction=correction, keepdim=keepdim)


for op, f in [('var', torch.var), ('std', torch.std), ('varMean', torch.var_mean), ('stdMean', torch.std_mean)]:
    each('x.' + op, *SPREAD, fn=moments(f))
for op, f in [('var', torch.var), ('std', torch.std)]:
    each('x.' + op, [S(5)], [R(1)], [R()], [R(0)], fn=moments(f), upto='value')
case('x.var', T([2.0, 2.0, 2.0]), fn=moments(torch.var), note='constant')
case('x.std', T([2.0, 2.0, 2.0]), fn=moments(torch.std), upto='jvp', note='constant')
case('x.var', T([1e8 + 1, 1e8 + 2, 1e8 + 3, 1e8 + 4]), upto='value', note='far from zero')
for p in [2, 1, 3, 0.5, 0, -1, inf, -inf, 'fro']:
    each('x.norm', [R(4), p], [R(2, 3), p, 1], [R(2, 3), p, 0, {'keepdim': True}])
each('x.norm', [R()], [R(2, 3)], [R(2, 3), 'fro', [0, 1]], [R(2, 3, 2), 2, [0, -1]], [R(0)], [S(3)])
each('x.norm', [T([0.0, 0.0])], [T([[0.0, 0.0], [3.0, 4.0]]), 2, 1], [T([0.0, -2.0]), 1], [T([0.0, 0.0]), 3],
     [T([3.0, -3.0, 1.0]), inf], [T(0.0)], upto='jvp', note='kinks')
each('x.norm', [T([nan, 1.0])], [T([inf, 1.0])], upto='value')
each('x.logsumexp', [R(3), 0], [R(2, 3), 1], [R(2, 3), 0, {'keepdim': True}], [R(2, 3, 2), [0, -1]], [S(2, 3), 1],
     [R(0, 3), 1], [T([800.0, 799.0, -800.0]), 0], [T([-inf, 0.5, 1.5]), 0, {'upto': 'jvp'}])
each('x.logsumexp', [T([[-inf, -inf], [inf, 1.0], [nan, 1.0]]), 1], [R(0), 0], upto='value')
each('x.median', [R()], [R(5)], [R(4), {'note': 'even count'}], [R(2, 3)], [R(2, 3), 1], [R(2, 4), -1], [R(4, 2), 0],
     [I(1)])
each('x.median', [T([1.0, nan, 3.0])], [T([2.0, 1.0, 2.0, 1.0])], [T([5, 1, 4, 2], i32)], upto='value')
each('x.kthvalue', [R(5), 2], [R(2, 4), 3, 1], [R(3, 2), 1, 0], [R(2, 3), 3])
each('x.countNonzero', [T([[0.0, 1.0, nan], [0.0, -0.0, 2.0]])], [T([[0.0, 1.0], [0.0, 2.0]]), 0], [B(2, 3), 1],
     [I(5, lo=-1, hi=2)], [B(0)])
RUNNING = [[R(3), 0], [R(2, 3), 0], [R(2, 3), -1], [R(2, 3, 2), 1], [R(1), 0]]
each('x.cumsum', *RUNNING, [R(0), 0], [R(), 0], [I(4), 0], [B(4), 0], [S(4), 0])
each('x.cumprod', *RUNNING, [T([2.0, 0.0, 3.0, 1.5]), 0, {'note': 'one zero'}],
     [T([2.0, 0.0, 3.0, 0.0, 1.5]), 0, {'note': 'two zeros'}], fn=cumprod)
each('x.cumprod', [I(4), 0], [S(4), 0])
for op in ['cummax', 'cummin']:
    each('x.' + op, *RUNNING, [I(5), 0])
    each('x.' + op, [T([1.0, 2.0, 2.0, 1.0, 1.0]), 0, {'note': 'ties, last index'}], [T([1.0, nan, 2.0]), 0],
         upto='value')
each('x.logcumsumexp', *RUNNING, [T([800.0, 799.0, 801.0]), 0], fn=logcumsumexp)
each('x.logcumsumexp', [T([-inf, -inf, 1.0]), 0], upto='value')
for op in ['softmax', 'logSoftmax']:
    each('x.' + op, *RUNNING, [R(0, 3), 1], [R(), 0], [S(2, 3), 1], [T([800.0, 799.0, -800.0]), 0])
    each('x.' + op, [T([[-inf, 0.5], [-inf, -inf], [nan, 1.0], [inf, 1.0]]), 1], upto='value')
    case('F.' + op, R(2, 3), 1)
each('x.diff', [R(4)], [R(2, 3)], [R(2, 3), {'dim': 0}], [R(5), {'n': 2}], [R(2, 4), {'n': 3, 'dim': -1}], [I(4)],
     [R(1)])
each('x.trace', [R(3, 3)], [R(2, 3)], [I(2, 2)])


def dist(x, y, p=2):
    return torch.norm(x - y, p)


def cdist(a, b, p=2):
    return torch.norm(a.unsqueeze(-2) - b.unsqueeze(-3), p, -1)


each('x.dist', [R(3), R(3)], [R(2, 3), R(3)], [R(3), R(3), 1], [R(3), R(3), inf], [R(3), R(3), 3], fn=dist)
case('x.dist', T([1.0, 2.0]), T([1.0, 2.0]), fn=dist, upto='jvp', note='kinks')
each('cdist', [R(2, 3), R(4, 3)], [R(2, 3), R(2, 3), {'p': 1}], [R(2, 3), R(2, 3), {'p': inf}], [R(2, 2, 3), R(3, 3)],
     [R(2, 3), R(0, 3)], fn=cdist)
case('cdist', T([[1.0, 2.0], [3.0, 4.0]]), T([[1.0, 2.0]]), fn=cdist, upto='jvp', note='kinks')

# ---- shapes

family('shapes')
each('x.reshape', [R(2, 3), 3, 2], [R(2, 3), [-1]], [R(2, 3), [3, -1]], [R(1), []], [R(), [1, 1]], [R(0, 3), [3, 0]],
     [I(2, 3), 6])
each('x.view', [R(2, 3), 3, 2], [R(2, 3), [-1, 2]])
each('x.flatten', [R(2, 3, 2)], [R(2, 3, 2), 1], [R(2, 3, 2), 0, 1], [R(2, 3, 2), -2, -1], [R()])
each('x.unflatten', [R(2, 6), 1, [2, 3]], [R(6, 2), 0, [3, -1]], [R(2, 6), -1, [3, 2]])
each('x.transpose', [R(2, 3), 0, 1], [R(2, 3, 2), -1, 1], [R(2, 3), 1, 1])
case('x.swapaxes', R(2, 3, 2), 0, 2)
each('x.t', [R(2, 3)], [R(3)], [R()])
each('x.permute', [R(2, 3, 4), 2, 0, 1], [R(2, 3, 4), [1, -1, 0]], [R(), []])
each('x.expand', [R(1, 3), 2, 3], [R(3), [2, 3]], [R(2, 1), [-1, 3]], [R(), [2, 2]], [R(1, 3), [0, 3]])
each('x.broadcastTo', [R(2, 1), [2, 3]], [R(3), [2, 3]], [R(), [0]])
case('broadcastTensors', R(2, 1), R(3), R())
each('x.squeeze', [R(1, 2, 1)], [R(1, 2, 1), 0], [R(1, 2, 1), 1], [R(1, 2, 1), -1], [R()])
each('x.unsqueeze', [R(2, 3), 0], [R(2, 3), -1], [R(2, 3), 1], [R(), 0])
each('x.flip', [R(2, 3), [0]], [R(2, 3), [0, -1]], [I(4), [0]], [R(0, 2), [0]])
each('x.roll', [R(5), 2], [R(2, 3), 1], [R(2, 3), -1, 1], [R(2, 3), [1, 2], [0, 1]], [R(2, 3), 7, -1])
each('x.rot90', [R(2, 3)], [R(2, 3), 2], [R(2, 3), -1], [R(2, 3, 2), 1, [1, 2]], [R(2, 3), 3, [1, 0]],
     fn=lambda x, k=1, dims=(0, 1): torch.rot90(x, k, dims))
each('x.movedim', [R(2, 3, 4), 0, 2], [R(2, 3, 4), -1, 0], [R(2, 3, 4), [0, 1], [2, 0]])
each('pad', [R(2, 3), [1, 2]], [R(2, 3), [1, 2, 0, 1]], [R(2, 3), [1, 1], {'value': 2.5}], [R(2, 3), [-1, 0]],
     [R(2, 4), [-1, 2, 1, -1]], [R(1, 2, 4), [2, 1], {'mode': 'reflect'}], [R(1, 2, 3), [2, 1], {'mode': 'replicate'}],
     [R(1, 2, 3), [2, 1], {'mode': 'circular'}], [R(1, 1, 3, 3), [1, 2, 2, 1], {'mode': 'reflect'}],
     [R(1, 1, 2, 3), [1, 2, 2, 1], {'mode': 'replicate'}], [R(1, 1, 2, 3), [1, 2, 1, 0], {'mode': 'circular'}],
     fn=lambda *a, **k: F.pad(*a, **k))
case('F.pad', R(2, 3), [1, 0], fn=lambda *a: F.pad(*a))
each('cat', [[R(2, 3), R(1, 3)]], [[R(2, 3), R(2, 1), R(2, 2)], 1], [[R(2), R(0), R(1)], -1], [[R(2)]], [[I(2), S(2)]],
     [[S(1), R(1)]], [[B(1), I(1)]])
each('stack', [[R(2), R(2)]], [[R(2, 3), R(2, 3)], 1], [[R(2), R(2)], -1], [[R(), R(), R()]])
each('hstack', [[R(2), R(3)]], [[R(2, 1), R(2, 2)]], [[R(), R()]])
each('vstack', [[R(3), R(3)]], [[R(1, 2), R(2, 2)]], [[R(2), R(1, 2)]])
each('x.split', [R(5), 2], [R(4, 2), [1, 3]], [R(2, 3), 1, 1], [R(2, 3), [2, 0, 1], -1])
each('x.chunk', [R(5), 2], [R(2, 3), 2, 1], [R(5), 4], [R(2), 3])
each('x.tensorSplit', [R(5), 2], [R(5), [1, 3]], [R(2, 3), 2, 1], [R(2), 3])
each('x.unbind', [R(3)], [R(2, 3)], [R(2, 3), 1], [R(2, 3), -1])
each('x.narrow', [R(5), 0, 1, 3], [R(2, 3), -1, 1, 2], [R(3), 0, 1, 0])
each('x.select', [R(2, 3), 0, 1], [R(2, 3), 1, -1], [R(3), -1, 0])
each('x.tile', [R(3), 2], [R(2, 3), 2, 1], [R(2), 2, 2], [R(2, 2), 2])
each('x.repeat', [R(3), 2], [R(2, 3), 2, 1], [R(2), 2, 2])
each('x.repeatInterleave', [R(3), 2], [R(2, 3), 2, 1], [R(2, 3), 2], [R(3), J([1, 0, 2]), 0], [R(2, 3), J([2, 1]), 0],
     [R(3), J([1, 0, 2])])
each('x.unfold', [R(5), 0, 2, 1], [R(5), 0, 3, 2], [R(2, 4), 1, 2, 2], [R(4, 2), -2, 3, 1])
each('x.diagonal', [R(3, 3)], [R(2, 3), {'offset': 1}], [R(3, 2), {'offset': -1}], [R(2, 3, 2), {'dim1': 0, 'dim2': 2}],
     [R(2, 3, 3), {'offset': 1, 'dim1': -2, 'dim2': -1}])
each('x.diag', [R(3)], [R(3, 3)], [R(2), 1], [R(2), -1], [R(3, 3), 1], [R(2, 3), -1])
each('x.diagEmbed', [R(3)], [R(2, 3)], [R(2), {'offset': 1}], [R(2, 2), {'offset': -1, 'dim1': 0, 'dim2': 2}])
for op in ['tril', 'triu']:
    each('x.' + op, [R(3, 3)], [R(2, 3), 1], [R(3, 2), -1], [R(2, 2, 2)], [I(2, 2)])
each('meshgrid', [[R(2), R(3)]], [[R(2), R(3), R(2)]], [[R(2), R(3)], {'indexing': 'xy'}],
     fn=lambda ts, indexing='ij': torch.meshgrid(*ts, indexing=indexing))


def made(f):
    """Creation: dtype by name, float32 unless said."""
    dtypes = {'float32': f32, 'float64': f64, 'int32': i32, 'bool': b8}
    return lambda *a, dtype='float32': f(*a, dtype=dtypes[dtype])


each('zeros', [[2, 3]], [[]], [[2], {'dtype': 'int32'}], fn=made(torch.zeros))
each('ones', [[2, 3]], [[0, 2]], [[2], {'dtype': 'bool'}], fn=made(torch.ones))
each('full', [[2, 2], 1.5], [[2], 3, {'dtype': 'int32'}], fn=made(torch.full))
each('eye', [3], [2, 3], fn=made(torch.eye))
# integer arange is int64 in PyTorch; ours says its dtype
each('arange', [5, {'dtype': 'int32'}], [1, 3, 0.5, {'dtype': 'float64'}], [5, 0, -2, {'dtype': 'float32'}],
     [2, 2, {'dtype': 'float32'}], [0, 1, 0.1, {'dtype': 'float64'}], fn=made(torch.arange))
each('linspace', [0, 1, 5], [1, -1, 4, {'dtype': 'float64'}], [2, 3, 1, {'dtype': 'float64'}], fn=made(torch.linspace))
each('zerosLike', [R(2, 3)], [I(2)], upto='value')
each('onesLike', [R(2, 3)], [B(2)], upto='value')
each('fullLike', [R(2, 3), 2.5], [I(2), 3], upto='value')
each('oneHot', [J([0, 2, 1]), 3], [J([[0], [2]]), 4], [J([0, 2])], fn=lambda i, n=-1: F.one_hot(i, n))
each('rand', [[0, 3]], fn=made(torch.rand))
each('randn', [[2, 0]], fn=made(torch.randn))
each('randint', [3, 4, [2, 2]], fn=lambda lo, hi, s: torch.randint(lo, hi, s))
each('randperm', [1], [0], fn=lambda n: torch.randperm(n))
each('randLike', [R(0, 2)], upto='value')
each('randnLike', [S(0)], upto='value')
case('bernoulli', T([0.0, 1.0, 1.0, 0.0]), upto='value')
case('x.bernoulli', T([0.0, 1.0], f32))
case('tensor', [[1.5, 2.5], [3.5, -0.0]], fn=made(torch.tensor), signed=True)
each('tensor', [[1, 2]], [[1, 0], {'dtype': 'bool'}], [2.5, {'dtype': 'float64'}], fn=made(torch.tensor))
each('x.detach', [R(2)], upto='value')

# ---- indexing

family('indexing')
each('x.slice', [R(5), 0, 1, 4], [R(5), 0, 1], [R(5), 0, U, -1], [R(5), 0, -3], [R(5), 0, 0, 5, 2],
     [R(2, 6), 1, 1, 6, 2], [R(2, 3), -1, 0, 2], [R(5), 0, 3, 1], [R(5), 0, 2, 99],
     fn=lambda x, dim, start=None, stop=None, step=1: x.movedim(dim, 0)[start:stop:step].movedim(0, dim))


def at(x, *index):
    return x[tuple(... if i == '...' else slice(None) if isinstance(i, str) else i for i in index)]


each('x.at', [R(3), 1], [R(3), -1], [R(2, 3), 1, 2], [R(2, 3), ':', 1], [R(2, 3, 2), '...', 0], [R(2, 3), None],
     [R(2, 3), ':', None, 1], [R(4), Slice(1, 3)], [R(5), Slice(None, None, 2)], [R(5), Slice(-2, None)],
     [R(2, 5), 0, Slice(1, None, 2)], [R(3, 2), Slice(0, 0)], [R(4), J([0, 2, 2, -1])], [R(3, 2), J([[0, 1], [2, 0]])],
     [R(3, 4), J([0, 2]), J([1, 3])], [R(3, 4), J([[0], [2]]), J([1, 3])], [R(3, 4), ':', J([3, 0])],
     [R(3, 4), J([1, 0]), Slice(1, 3)], [R(2, 3, 4), J([0, 1]), ':', J([1, 2])],
     [R(2, 3, 4), ':', J([0, 2]), J([1, 2])], [R(2, 3, 4), 1, ':', J([1, 2])], [R(2, 3, 4), ':', 1, J([1, 2])],
     [R(3, 4), None, J([0, 1])], [R(2, 3, 2), '...', J([1, 0])], [R(3), T([True, False, True], b8)],
     [R(2, 2), T([[True, False], [True, True]], b8)], [R(2, 3), T([False, True], b8)],
     [R(2, 3), ':', T([True, False, True], b8)], [R(2, 3), T([True, True], b8), J([0, 2])],
     [R(3), T([False, False, False], b8)], [R(3), J([])], [I(3), J([2, 0])], fn=at)
each('x.gather', [R(2, 3), 1, J([[0, 2], [1, 1]])], [R(2, 3), 0, J([[0, 1, 1]])], [R(4), -1, J([3, 3, 0])],
     [R(3), 0, J([])], [R(), 0, J(0)])
each('x.scatter', [R(2, 3), 1, J([[0, 2], [1, 0]]), R(2, 2)], [R(2, 3), 0, J([[1, 0, 1]]), R(1, 3)])
each('x.scatter', [R(2, 3), 1, J([[0], [2]]), 1.5], [I(3), 0, J([1]), 7])
each('x.scatterAdd', [R(2, 3), 1, J([[0, 0], [1, 0]]), R(2, 2)], [R(3), -1, J([2, 2, 2, 0]), R(4)])
# a source larger than the index: torch's own gradient has the wrong shape
each('x.scatter', [R(3), 0, J([2, 0]), R(3)], upto='value')
each('x.scatterAdd', [R(2, 3), 0, J([[1, 0, 1]]), R(2, 3)], upto='value')
each('x.indexSelect', [R(2, 3), 1, J([2, 0, 2])], [R(3, 2), -2, J([1])], [R(3), 0, J([])])
each('x.indexAdd', [R(3, 2), 0, J([2, 0, 2]), R(3, 2)], [R(2, 3), 1, J([1]), R(2, 1), {'alpha': -0.5}])
each('x.indexCopy', [R(3, 2), 0, J([2, 0]), R(2, 2)], [R(2, 3), -1, J([1]), R(2, 1)])
each('x.indexFill', [R(3, 2), 0, J([2, 0]), 1.5], [R(2, 3), -1, J([1]), -1])
each('x.indexPut', [R(4), [J([0, 2])], R(2)], [R(2, 3), [J([0, 1]), J([2, 2])], R(2)], [R(3, 2), [J([1])], R(2)],
     [R(3), [J([0, 2])], R()], [R(3), [J([1, 1, 0])], R(3), {'accumulate': True}],
     [R(3), [T([True, False, True], b8)], R(2)],
     fn=lambda x, index, values, accumulate=False: x.index_put(tuple(index), values, accumulate=accumulate))
each('x.take', [R(2, 3), J([0, 5, 5])], [R(2, 3), J([[1], [-1]])])
each('x.takeAlongDim', [R(2, 3), J([[2, 0], [1, 1]]), 1], [R(2, 3), J([[2], [0]]), -1], [R(2, 3), J([5, 0])])
each('x.maskedSelect', [R(2, 3), B(2, 3)], [R(2, 3), T([True, False, True], b8)], [R(3), T([False, False, False], b8)])
each('x.nonzero', [T([[0.0, 1.0], [2.0, nan]])], [B(4)], [I(2, 3, lo=-1, hi=2)], [T([0.0])], [T(3.0)])
DUPES = T([2.0, 1.0, 2.0, 1.0, 3.0])


def sort(x, dim=-1, descending=False, stable=True):
    return torch.sort(x, dim=dim, descending=descending, stable=True)


each('x.sort', [R(5)], [R(2, 3), 0], [R(2, 3), -1, {'descending': True}], [DUPES, 0, {'stable': True, 'note': 'ties'}],
     [DUPES, -1, {'stable': True, 'descending': True, 'note': 'ties'}], [I(5)], [S(4)], [R(0)], [R()], fn=sort)
each('x.sort', [T([nan, 1.0, -inf, inf, nan, 0.0])], [T([nan, 1.0, inf]), 0, {'descending': True}], fn=sort,
     upto='value')
each('x.argsort', [R(5)], [R(2, 3), 0], [R(2, 3), -1, {'descending': True}],
     fn=lambda x, dim=-1, descending=False: sort(x, dim, descending)[1])
each('x.topk', [R(5), 2], [R(2, 4), 3, 1], [R(4, 2), 2, 0, {'largest': False}], [R(4), 4], [I(1), 1], [R(3), 0])
UNIQ = T([3.0, 1.0, 3.0, 2.0, 1.0])
each('x.unique', [UNIQ], [UNIQ, {'return_inverse': True}], [UNIQ, {'return_counts': True}],
     [UNIQ, {'return_inverse': True, 'return_counts': True}], [T([[2, 1], [1, 2]], i32), {'return_inverse': True}],
     [B(6)], upto='value')
EDGES = T([1.0, 3.0, 3.0, 5.0])
each('searchsorted', [EDGES, T([0.0, 1.0, 3.0, 4.0, 9.0])], [EDGES, T([0.0, 1.0, 3.0, 4.0, 9.0]), {'right': True}],
     [EDGES, T(3.0)], [T([[1.0, 2.0], [3.0, 4.0]]), T([[1.5], [4.0]])], upto='value')
each('F.embedding', [J([0, 2, 2]), R(3, 2)], [J([[1], [0]]), R(2, 3)], [J([]), R(2, 3), {'upto': 'grad'}])
case('F.embedding', J([0, 2, 1, 2]), R(3, 2), padding_idx=2, upto='grad')

# ---- products

family('products')
each('x.matmul', [R(3), R(3)], [R(2, 3), R(3)], [R(3), R(3, 2)], [R(2, 3), R(3, 4)], [R(2, 2, 3), R(3, 2)],
     [R(2, 1, 2, 3), R(2, 3, 2)], [R(3), R(2, 3, 2)], [R(2, 2, 3), R(3)], [R(0, 3), R(3, 2)], [R(2, 0), R(0, 3)],
     [R(1, 1), R(1, 1)], [S(5, 7), S(7, 6)], [R(2, 9), R(9, 5)])
each('x.matmul', [T([[0.0, 1.0]]), T([[inf], [1.0]])], [T([[nan, 1.0]]), T([[0.0], [1.0]])], upto='value')
each('matmul', [R(2, 3), R(3, 2)])
each('x.mm', [R(2, 3), R(3, 4)])
each('x.mv', [R(2, 3), R(3)])
each('x.dot', [R(4), R(4)], [R(0), R(0)])
each('x.outer', [R(2), R(3)])
each('x.bmm', [R(2, 2, 3), R(2, 3, 2)])
each('x.addmm', [R(2, 4), R(2, 3), R(3, 4)], [R(4), R(2, 3), R(3, 4), {'beta': 0.5, 'alpha': -2}])
each('x.addmv', [R(2), R(2, 3), R(3)], [R(2), R(2, 3), R(3), {'beta': 0.5, 'alpha': -2}])
each('x.baddbmm', [R(2, 2, 2), R(2, 2, 3), R(2, 3, 2)],
     [R(2, 1, 2), R(2, 2, 3), R(2, 3, 2), {'beta': 0.5, 'alpha': -2}])
each('einsum', ['ij,jk->ik', R(2, 3), R(3, 2)], ['ij->ji', R(2, 3)], ['ij->', R(2, 3)], ['ij,ij->i', R(2, 3), R(2, 3)],
     ['ii->i', R(3, 3)], ['ii', R(3, 3)], ['i,j->ij', R(2), R(3)], ['bij,bjk->bik', R(2, 2, 3), R(2, 3, 2)],
     ['ij,jk', R(2, 3), R(3, 2)], ['bn,anm,bm->ba', R(2, 3), R(2, 3, 2), R(2, 2)],
     ['...ij,...jk->...ik', R(2, 2, 3), R(1, 3, 2)], ['ij,kl->', R(2, 2), R(2, 2)], ['i,i->', R(3), R(3)],
     ['bhqd,bhkd->bhqk', R(1, 2, 2, 3), R(1, 2, 2, 3)])
each('x.cross', [R(3), R(3)], [R(2, 3), R(2, 3)], [R(3, 2), R(3, 2), {'dim': 0}], [R(2, 3), R(1, 3)],
     fn=torch.linalg.cross)
each('x.kron', [R(2), R(3)], [R(2, 2), R(1, 3)], [R(2), R(2, 2)])
each('tensordot', [R(2, 3), R(3, 2), 1], [R(2, 3), R(2, 3), 2], [R(2), R(3), 0],
     [R(2, 3, 2), R(3, 2, 4), [[1, 0], [0, 1]]], [R(2, 3), R(4, 3), [[1], [-1]]],
     fn=lambda a, b, d: torch.tensordot(a, b, dims=d))
each('F.linear', [R(2, 3), R(4, 3)], [R(2, 3), R(4, 3), R(4)], [R(3), R(2, 3), R(2)], [R(2, 2, 3), R(2, 3), R(2)])

# ---- convolution and pooling

family('conv')
each('F.conv1d', [R(1, 1, 5), R(1, 1, 3)], [R(2, 2, 5), R(3, 2, 2), R(3)],
     [R(1, 2, 6), R(2, 2, 3), None, {'stride': 2, 'padding': 1}],
     [R(1, 2, 7), R(2, 1, 3), R(2), {'dilation': 2, 'groups': 2}])
each('F.conv2d', [R(1, 1, 4, 4), R(1, 1, 2, 2)], [R(2, 2, 4, 3), R(3, 2, 3, 2), R(3)],
     [R(1, 2, 5, 5), R(2, 2, 3, 3), None, {'stride': 2}], [R(1, 1, 4, 4), R(2, 1, 3, 3), R(2), {'padding': 1}],
     [R(1, 2, 5, 4), R(2, 2, 2, 2), None, {'stride': [2, 1], 'padding': [1, 0]}],
     [R(1, 1, 5, 5), R(1, 1, 2, 2), None, {'dilation': 2}], [R(1, 4, 3, 3), R(4, 2, 2, 2), R(4), {'groups': 2}],
     [R(1, 2, 3, 3), R(2, 1, 2, 2), None, {'groups': 2}],
     [R(1, 2, 6, 5), R(2, 1, 2, 2), R(2), {'stride': 2, 'padding': 1, 'dilation': [2, 1], 'groups': 2}],
     [R(2, 2, 3, 3), R(3, 2, 1, 1)], [R(1, 1, 4, 4), R(1, 1, 2, 2), None, {'stride': 3}],
     [S(1, 2, 4, 4), S(2, 2, 3, 3)])
each('F.convTranspose2d', [R(1, 1, 3, 3), R(1, 1, 2, 2)], [R(2, 2, 2, 3), R(2, 3, 2, 2), R(3)],
     [R(1, 2, 3, 3), R(2, 2, 3, 3), None, {'stride': 2}],
     [R(1, 1, 3, 3), R(1, 2, 3, 3), R(2), {'stride': 2, 'padding': 1, 'output_padding': 1}],
     [R(1, 2, 2, 2), R(2, 1, 2, 2), None, {'groups': 2}],
     [R(1, 1, 2, 3), R(1, 1, 2, 2), None, {'dilation': 2, 'stride': [1, 2], 'padding': [0, 1]}])
each('F.maxPool1d', [R(1, 2, 6), 2], [R(2, 1, 7), 3, {'stride': 2, 'padding': 1}],
     [R(1, 1, 7), 2, {'dilation': 2, 'ceil_mode': True}])
each('F.maxPool2d', [R(1, 2, 4, 4), 2], [R(1, 1, 5, 5), 3, {'stride': 1}],
     [R(1, 1, 5, 5), 3, {'stride': 2, 'padding': 1}], [R(1, 1, 5, 5), 2, {'ceil_mode': True}],
     [R(1, 1, 5, 5), 2, {'stride': 1, 'dilation': 2}], [R(1, 1, 4, 5), [2, 3], {'stride': [2, 1]}])
case('F.maxPool2d', T([[[[1.0, 1.0], [1.0, 1.0]]]]), 2, upto='jvp', note='ties, first index')
case('F.maxPool2d', T([[[[1.0, nan], [3.0, 2.0]]]]), 2, upto='value')
case('F.maxPool2d', T([[[[-inf, -inf], [-inf, -inf]]]]), 2, upto='value')
each('F.avgPool1d', [R(1, 2, 6), 2], [R(2, 1, 7), 3, {'stride': 2, 'padding': 1}], [R(1, 1, 7), 2, {'ceil_mode': True}],
     [R(1, 1, 5), 3, {'padding': 1, 'count_include_pad': False}])
each('F.avgPool2d', [R(1, 2, 4, 4), 2], [R(1, 1, 5, 5), 3, {'stride': 1}],
     [R(1, 1, 5, 5), 3, {'stride': 2, 'padding': 1}], [R(1, 1, 5, 5), 2, {'ceil_mode': True}],
     [R(1, 1, 4, 4), 3, {'padding': 1, 'count_include_pad': False}], [R(1, 1, 4, 5), [2, 3], {'stride': [2, 1]}],
     [R(1, 1, 5, 5), 2, {'padding': 1, 'ceil_mode': True}])
each('F.adaptiveAvgPool2d', [R(1, 2, 4, 4), 2], [R(1, 1, 5, 4), [2, 3]], [R(2, 1, 3, 3), 1], [R(1, 1, 2, 3), [3, 3]])

# ---- linear algebra

family('linalg')
WELL = T([[3.0, 0.5, -1.0], [0.25, 2.0, 0.75], [-0.5, 1.0, 4.0]])
UPPER = WELL.triu()
SPD = WELL @ WELL.t()


def triangular(a, b, upper=True, left=True, unitriangular=False):
    return torch.linalg.solve_triangular(a, b, upper=upper, left=left, unitriangular=unitriangular)


each('triangularSolve', [UPPER, R(3, 2)], [UPPER, R(3, 2), {'upper': True}], [WELL.tril(), R(3, 1), {'upper': False}],
     [UPPER, R(2, 3), {'left': False}], [WELL.tril(), R(3, 2), {'upper': False, 'unitriangular': True}],
     [torch.stack([UPPER, UPPER + 1]).triu(), R(2, 3, 1)], fn=triangular)
each('cholesky', [SPD], [T([[4.0]])], [torch.stack([SPD, SPD * 2 + torch.eye(3)])], [SPD, {'upper': True}],
     symmetric=True, fn=lambda a, upper=False: torch.linalg.cholesky(a, upper=upper))
each('solve', [WELL, R(3, 2)], [WELL, R(3)], [torch.stack([WELL, WELL.t() + 1]), R(2, 3, 2)],
     [T([[0.0, 2.0], [1.0, 3.0]]), R(2)], fn=torch.linalg.solve)
each('inv', [WELL], [T([[2.0]])], [torch.stack([WELL, WELL.t() + 1])], [T([[0.0, 2.0], [1.0, 3.0]])],
     fn=torch.linalg.inv)
each('det', [WELL], [T([[2.0]])], [torch.stack([WELL, WELL.t() + 1])], [T([[0.0, 2.0], [1.0, 3.0]])],
     [T([[1.0, 2.0], [3.0, 4.0]])], fn=torch.linalg.det)
each('x.inv', [WELL], fn=torch.linalg.inv)
each('x.det', [WELL], fn=torch.linalg.det)

# ---- optimizers: minimise <c, (a - t)^2> / 2 + |tanh(b a)|^2 over a [3] and b [2, 3]

cases = family('optim')
TARGET, SCALE = T([1.0, -2.0, 0.5]), T([1.0, 4.0, 0.25])
START = [T([0.3, 0.7, -1.1]), T([[0.2, -0.4, 0.6], [-0.5, 0.1, 0.9]])]


def trajectory(name, optimizer, options, groups=None, clip=None, steps=30):
    """Groups: options of each parameter's group. Clip: ['norm' | 'value', bound]."""
    a, b = params = [p.clone().requires_grad_() for p in START]
    made = getattr(torch.optim, optimizer)
    pythonic = lambda o: {snake(k): v for k, v in o.items()}
    given = params if groups is None else [{'params': [p], **pythonic(g)} for p, g in zip(params, groups)]
    opt = made(given, **pythonic(options))
    losses, norms, path = [], [], []
    for _ in range(steps):
        opt.zero_grad()
        loss = (SCALE * (a - TARGET) ** 2).sum() * 0.5 + (torch.tanh(b @ a) ** 2).sum()
        loss.backward()
        if clip and clip[0] == 'norm':
            norms.append(torch.nn.utils.clip_grad_norm_(params, clip[1]).item())
        elif clip:
            torch.nn.utils.clip_grad_value_(params, clip[1])
        opt.step()
        losses.append(loss.item())
        path.append([data(p) for p in params])
    said = {'groups': groups, 'clip': clip, 'norms': norms}
    cases.append({'name': name, 'optimizer': optimizer, 'options': options, 'target': plain(TARGET),
                  'scale': plain(SCALE), 'initial': [plain(p) for p in START], 'losses': losses, 'path': path,
                  **{k: v for k, v in said.items() if v}})


trajectory('SGD', 'SGD', {'lr': 0.05})
trajectory('SGD momentum', 'SGD', {'lr': 0.05, 'momentum': 0.9})
trajectory('SGD momentum dampening', 'SGD', {'lr': 0.05, 'momentum': 0.9, 'dampening': 0.3})
trajectory('SGD nesterov', 'SGD', {'lr': 0.05, 'momentum': 0.9, 'nesterov': True})
trajectory('SGD weightDecay', 'SGD', {'lr': 0.05, 'weightDecay': 0.1})
trajectory('SGD nesterov weightDecay', 'SGD', {'lr': 0.03, 'momentum': 0.8, 'nesterov': True, 'weightDecay': 0.1})
trajectory('Adam', 'Adam', {'lr': 0.1})
trajectory('Adam defaults', 'Adam', {})
trajectory('Adam betas eps', 'Adam', {'lr': 0.1, 'betas': [0.8, 0.95], 'eps': 0.01})
trajectory('Adam weightDecay', 'Adam', {'lr': 0.1, 'weightDecay': 0.1})
trajectory('Adam amsgrad', 'Adam', {'lr': 0.3, 'amsgrad': True})
trajectory('AdamW', 'AdamW', {'lr': 0.1})
trajectory('AdamW weightDecay', 'AdamW', {'lr': 0.1, 'weightDecay': 0.2})
trajectory('AdamW betas eps', 'AdamW', {'lr': 0.1, 'betas': [0.7, 0.9], 'eps': 0.001, 'weightDecay': 0})
trajectory('SGD groups', 'SGD', {'lr': 0.05, 'momentum': 0.5}, groups=[{'lr': 0.01}, {'weightDecay': 0.2}])
trajectory('Adam groups', 'Adam', {'lr': 0.05}, groups=[{'lr': 0.2, 'betas': [0.5, 0.9]}, {}])
trajectory('SGD clipGradNorm', 'SGD', {'lr': 0.1}, clip=['norm', 1.0])
trajectory('SGD clipGradValue', 'SGD', {'lr': 0.1}, clip=['value', 0.5])
trajectory('Adam clipGradNorm', 'Adam', {'lr': 0.1}, clip=['norm', 0.5])

# ---- whole training runs, full batch

cases = family('training')


def training(name, layers, activation, objective, make, x, y, steps, **said):
    """An MLP from stated weights (PyTorch's state_dict names); every step's loss and the final weights."""
    rng = random.Random(name)
    modules = []
    for i, (n, m) in enumerate(zip(layers, layers[1:])):
        modules += ([getattr(torch.nn, activation)()] if i else []) + [torch.nn.Linear(n, m).double()]
    model = torch.nn.Sequential(*modules)
    model.load_state_dict({k: draw(rng, list(p.shape), -0.8, 0.8) for k, p in model.state_dict().items()})
    state = lambda: {k: plain(p.clone()) for k, p in model.state_dict().items()}
    initial, losses = state(), []
    opt = make(model.parameters())
    for _ in range(steps):
        opt.zero_grad()
        out = objective(model(x), y, model)
        out.backward()
        opt.step()
        losses.append(out.item())
    cases.append({'name': name, 'layers': layers, 'activation': activation, **said, 'x': plain(x), 'y': plain(y),
                  'initial': initial, 'losses': losses, 'final': state()})


training('MLP 4-8-3 tanh, cross entropy, Adam', [4, 8, 3], 'Tanh', lambda out, y, _: F.cross_entropy(out, y),
         lambda ps: torch.optim.Adam(ps, lr=0.05), draw(random.Random('flowers'), [12, 4]), J([0, 1, 2] * 4), 50,
         loss='crossEntropy', optimizer='Adam', options={'lr': 0.05})
training('MLP 2-16-16-1 relu, max-margin with L2, SGD', [2, 16, 16, 1], 'ReLU',
         lambda out, y, model: F.relu(1 - y * out[:, 0]).mean() + 1e-3 * sum((p * p).sum() for p in model.parameters()),
         lambda ps: torch.optim.SGD(ps, lr=0.1), draw(random.Random('moons'), [10, 2]), T([1.0, -1.0] * 5), 40,
         loss='hingeLoss', l2=1e-3, optimizer='SGD', options={'lr': 0.1})

# ---- out

write()
