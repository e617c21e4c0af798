"""The steps in PyTorch: eager, or where PyTorch is 2 or later with the whole of them in one graph of torch.compile."""
import os
import shutil
import sys
import sysconfig

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
name = 'PyTorch'
version = torch.__version__
compiler = os.environ.get('CXX', 'clang++' if sys.platform == 'darwin' else 'g++')
# torch.compile links with this folder first; where Debian's holds an older PyTorch, it would quietly vectorise nothing
sysconfig.get_config_vars()['LIBDIR'] = f'{os.path.dirname(torch.__file__)}/lib'


def missing(variant):
    if variant != 'compile':
        return None
    if not hasattr(torch, 'compile'):
        return f'PyTorch {version} has no torch.compile: bench/python/setup.sh'
    if not (shutil.which(compiler) and os.path.exists(f'{sysconfig.get_path("include")}/Python.h')):
        return f'torch.compile needs {compiler} and Python.h: apt install g++ python3-dev'
    return None


def tensors(fields, trained=False):
    made = {name: torch.from_numpy(array) for name, array in fields.items()}
    return {name: x.long() if x.dtype == torch.int32 else x.requires_grad_(trained) for name, x in made.items()}


def training(variant, optimizer, p, loss_of):
    if variant == 'compile':
        return compiled(optimizer, p, loss_of)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(p)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def compiled(optimizer, p, loss_of):
    """Forward, gradients and update in one graph; torch.optim would break it in three, and Adam's powers of the betas
    would be computed anew for each element."""
    p = {name: x.detach() for name, x in p.items()}
    (group,) = optimizer.param_groups
    lr, decay, momentum = group['lr'], group['weight_decay'], group.get('momentum')
    means, squares = ({name: torch.zeros_like(x) for name, x in p.items()} for _ in range(2))
    rate, root = torch.zeros(()), torch.zeros(())

    @torch.compile(fullgraph=True)
    def step_of():
        gradients, loss = torch.func.grad_and_value(loss_of)(p)
        for name, g in gradients.items():
            x, m, v = p[name], means[name], squares[name]
            if 'betas' in group:
                beta1, beta2 = group['betas']
                m.mul_(beta1).add_(g, alpha=1 - beta1)
                v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
                x.mul_(1 - lr * decay).sub_(rate * m / (v.sqrt() / root + group['eps']))
            elif momentum:
                x.sub_(m.mul_(momentum).add_(g), alpha=lr)
            else:
                x.sub_(g, alpha=lr)
        return loss

    t = 0

    def step():
        nonlocal t
        t += 1
        if 'betas' in group:
            beta1, beta2 = group['betas']
            rate.fill_(lr / (1 - beta1**t))
            root.fill_((1 - beta2**t) ** 0.5)
        return step_of().item()

    return step


def linear(p, name, h):
    return F.linear(h, p[f'{name}.weight'], p[f'{name}.bias'])


def mlp(inputs, params, variant, inner):
    data, p = tensors(inputs), tensors(params, True)

    def loss_of(p):
        h = torch.tanh(linear(p, '0', data['x']))
        h = torch.tanh(linear(p, '1', h))
        return F.mse_loss(linear(p, '2', h), data['y'])

    return training(variant, torch.optim.SGD(p.values(), lr=0.1), p, loss_of)


def digits(inputs, params, variant, inner):
    data, p = tensors(inputs), tensors(params, True)

    def loss_of(p):
        h = F.relu(linear(p, '0', data['x']))
        h = F.relu(linear(p, '1', h))
        return F.cross_entropy(linear(p, '2', h), data['y'])

    return training(variant, torch.optim.Adam(p.values(), lr=1e-3), p, loss_of)


def cnn(inputs, params, variant, inner):
    data, p = tensors(inputs), tensors(params, True)

    def block(p, name, h):
        return F.max_pool2d(F.relu(F.conv2d(h, p[f'{name}.weight'], p[f'{name}.bias'], padding=1)), 2)

    def loss_of(p):
        h = block(p, 'conv1', block(p, 'conv0', data['x']))
        return F.cross_entropy(linear(p, 'dense', h.flatten(1)), data['y'])

    return training(variant, torch.optim.SGD(p.values(), lr=0.01, momentum=0.9), p, loss_of)


def gpt(inputs, params, variant, inner):
    data, p = tensors(inputs), tensors(params, True)
    batch, time = data['x'].shape
    width, heads = 64, 4
    causal = torch.full((time, time), -1e9).triu(1)

    def norm(p, name, h):
        return F.layer_norm(h, (width,), p[f'{name}.scale'], p[f'{name}.shift'])

    def attention(p, name, h):
        parts = linear(p, f'{name}.qkv', h).split(width, -1)
        q, k, v = (part.reshape(batch, time, heads, -1).transpose(1, 2) for part in parts)
        weights = torch.softmax(q @ k.transpose(-2, -1) * (width // heads) ** -0.5 + causal, -1)
        return linear(p, f'{name}.project', (weights @ v).transpose(1, 2).reshape(batch, time, width))

    def loss_of(p):
        h = F.embedding(data['x'], p['token']) + p['position']
        for name in ('block0', 'block1'):
            h = h + attention(p, name, norm(p, f'{name}.norm0', h))
            up = F.gelu(linear(p, f'{name}.up', norm(p, f'{name}.norm1', h)), approximate='tanh')
            h = h + linear(p, f'{name}.down', up)
        return F.cross_entropy(linear(p, 'head', norm(p, 'norm', h)).flatten(0, 1), data['y'])

    return training(variant, torch.optim.AdamW(p.values(), lr=1e-3, weight_decay=0.01), p, loss_of)


def kernel(run):
    def setup(inputs, params, variant, inner):
        recorded = tensors(params, True)
        # what is recorded is the price of an op without a compiler
        if recorded and variant == 'compile':
            return None
        op = torch.compile(run) if variant == 'compile' else run
        data = recorded or tensors(inputs)
        x, y = data['x'], data['y']

        def step():
            for _ in range(inner):
                out = op(x, y)
            return out.reshape(-1)[0].item()

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
    'W6.exp': kernel(lambda x, y: torch.exp(x)),
    'W6.tanh': kernel(lambda x, y: torch.tanh(x)),
    'W6.add': kernel(lambda x, y: x + y),
    'W6.softmax': kernel(lambda x, y: torch.softmax(x, -1)),
    'W6.small': kernel(lambda x, y: x + y),
}
