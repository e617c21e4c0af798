"""The steps in JAX: forward, gradients and update in one jit, compiled by XLA for the CPU."""
import jax
import jax.numpy as jnp
import numpy as np

name = 'JAX'
version = jax.__version__
BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


def missing(variant):
    return None


def training(params, data, loss_of, init, update):
    @jax.jit
    def step_of(p, state, t, data):
        loss, g = jax.value_and_grad(loss_of)(p, data)
        p, state = update(p, g, state, t)
        return p, state, t + 1, loss

    data = jax.tree.map(jnp.asarray, data)
    p = jax.tree.map(jnp.asarray, params)
    carried = (p, init(p), jnp.float32(1))

    def step():
        nonlocal carried
        *carried, loss = step_of(*carried, data)
        return float(loss)

    return step


def zeros(p):
    return jax.tree.map(jnp.zeros_like, p)


def sgd(lr, momentum=0.0):
    def update(p, g, v, t):
        v = jax.tree.map(lambda v, g: momentum * v + g, v, g) if momentum else v
        return jax.tree.map(lambda p, d: p - lr * d, p, v if momentum else g), v

    return (zeros if momentum else lambda p: ()), update


def adam(lr, decay=0.0):
    def update(p, g, state, t):
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, state[0], g)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, state[1], g)
        rate, root = lr / (1 - BETA1**t), jnp.sqrt(1 - BETA2**t)
        p = jax.tree.map(lambda p, m, v: (1 - lr * decay) * p - rate * m / (jnp.sqrt(v) / root + EPS), p, m, v)
        return p, (m, v)

    return lambda p: (zeros(p), zeros(p)), update


def linear(p, name, h):
    return h @ p[f'{name}.weight'].T + p[f'{name}.bias']


def cross_entropy(logits, y):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1).mean()


def mlp(inputs, params, variant, inner):
    def loss_of(p, data):
        h = jnp.tanh(linear(p, '0', data['x']))
        h = jnp.tanh(linear(p, '1', h))
        return jnp.mean((linear(p, '2', h) - data['y']) ** 2)

    return training(params, inputs, loss_of, *sgd(0.1))


def digits(inputs, params, variant, inner):
    def loss_of(p, data):
        h = jax.nn.relu(linear(p, '0', data['x']))
        h = jax.nn.relu(linear(p, '1', h))
        return cross_entropy(linear(p, '2', h), data['y'])

    return training(params, inputs, loss_of, *adam(1e-3))


def cnn(inputs, params, variant, inner):
    def block(p, name, h):
        h = jax.lax.conv(h, p[f'{name}.weight'], (1, 1), 'SAME') + p[f'{name}.bias'][:, None, None]
        return jax.lax.reduce_window(jax.nn.relu(h), -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), 'VALID')

    def loss_of(p, data):
        h = block(p, 'conv1', block(p, 'conv0', data['x']))
        return cross_entropy(linear(p, 'dense', h.reshape(h.shape[0], -1)), data['y'])

    return training(params, inputs, loss_of, *sgd(0.01, 0.9))


def gpt(inputs, params, variant, inner):
    batch, time = inputs['x'].shape
    width, heads = 64, 4
    causal = jnp.triu(jnp.full((time, time), -1e9), 1)

    def norm(p, name, h):
        centred = h - h.mean(-1, keepdims=True)
        scale = jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return centred * scale * p[f'{name}.scale'] + p[f'{name}.shift']

    def attention(p, name, h):
        parts = jnp.split(linear(p, f'{name}.qkv', h), 3, -1)
        q, k, v = (part.reshape(batch, time, heads, -1).transpose(0, 2, 1, 3) for part in parts)
        weights = jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) * (width // heads) ** -0.5 + causal)
        return linear(p, f'{name}.project', (weights @ v).transpose(0, 2, 1, 3).reshape(batch, time, width))

    def loss_of(p, data):
        h = p['token'][data['x']] + p['position']
        for name in ('block0', 'block1'):
            h = h + attention(p, name, norm(p, f'{name}.norm0', h))
            up = jax.nn.gelu(linear(p, f'{name}.up', norm(p, f'{name}.norm1', h)), approximate=True)
            h = h + linear(p, f'{name}.down', up)
        logits = linear(p, 'head', norm(p, 'norm', h))
        return cross_entropy(logits.reshape(batch * time, -1), data['y'])

    return training(params, inputs, loss_of, *adam(1e-3, 0.01))


def kernel(run):
    def setup(inputs, params, variant, inner):
        x, y = jnp.asarray(inputs['x']), jnp.asarray(inputs['y'])
        compiled = jax.jit(run)

        def step():
            for _ in range(inner):
                out = compiled(x, y).block_until_ready()
            return float(np.asarray(out).flat[0])

        return step

    return setup


setups = {
    'W2': mlp,
    'W3': digits,
    'W4': cnn,
    'W5': gpt,
    'W6.sgemm64': kernel(lambda x, y: x @ y),
    'W6.sgemm256': kernel(lambda x, y: x @ y),
    'W6.sgemm1024': kernel(lambda x, y: x @ y),
    'W6.exp': kernel(lambda x, y: jnp.exp(x)),
    'W6.tanh': kernel(lambda x, y: jnp.tanh(x)),
    'W6.add': kernel(lambda x, y: x + y),
    'W6.softmax': kernel(lambda x, y: jax.nn.softmax(x)),
}
