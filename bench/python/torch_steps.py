"""The steps in PyTorch: eager, or with forward and loss through torch.compile where PyTorch is 2 or later."""
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
name = 'PyTorch'
version = torch.__version__


def missing(variant):
    if variant == 'compile' and not hasattr(torch, 'compile'):
        return f'PyTorch {version} has no torch.compile'
    return None


def tensors(fields, trained=False):
    made = {name: torch.from_numpy(array) for name, array in fields.items()}
    return {name: x.long() if x.dtype == torch.int32 else x.requires_grad_(trained) for name, x in made.items()}


def training(variant, optimizer, loss_of):
    if variant == 'compile':
        loss_of = torch.compile(loss_of)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def linear(p, name, h):
    return F.linear(h, p[f'{name}.weight'], p[f'{name}.bias'])


def mlp(inputs, params, variant, inner):
    data, p = tensors(inputs), tensors(params, True)

    def loss_of():
        h = torch.tanh(linear(p, '0', data['x']))
        h = torch.tanh(linear(p, '1', h))
        return F.mse_loss(linear(p, '2', h), data['y'])

    return training(variant, torch.optim.SGD(p.values(), lr=0.1), loss_of)


def digits(inputs, params, variant, inner):
    data, p = tensors(inputs), tensors(params, True)

    def loss_of():
        h = F.relu(linear(p, '0', data['x']))
        h = F.relu(linear(p, '1', h))
        return F.cross_entropy(linear(p, '2', h), data['y'])

    return training(variant, torch.optim.Adam(p.values(), lr=1e-3), loss_of)


def cnn(inputs, params, variant, inner):
    data, p = tensors(inputs), tensors(params, True)

    def block(name, h):
        return F.max_pool2d(F.relu(F.conv2d(h, p[f'{name}.weight'], p[f'{name}.bias'], padding=1)), 2)

    def loss_of():
        h = block('conv1', block('conv0', data['x']))
        return F.cross_entropy(linear(p, 'dense', h.flatten(1)), data['y'])

    return training(variant, torch.optim.SGD(p.values(), lr=0.01, momentum=0.9), loss_of)


def gpt(inputs, params, variant, inner):
    data, p = tensors(inputs), tensors(params, True)
    batch, time = data['x'].shape
    width, heads = 64, 4
    causal = torch.full((time, time), -1e9).triu(1)

    def norm(name, h):
        return F.layer_norm(h, (width,), p[f'{name}.scale'], p[f'{name}.shift'])

    def attention(name, h):
        parts = linear(p, f'{name}.qkv', h).split(width, -1)
        q, k, v = (part.reshape(batch, time, heads, -1).transpose(1, 2) for part in parts)
        weights = torch.softmax(q @ k.transpose(-2, -1) * (width // heads) ** -0.5 + causal, -1)
        return linear(p, f'{name}.project', (weights @ v).transpose(1, 2).reshape(batch, time, width))

    def loss_of():
        h = F.embedding(data['x'], p['token']) + p['position']
        for name in ('block0', 'block1'):
            h = h + attention(name, norm(f'{name}.norm0', h))
            up = F.gelu(linear(p, f'{name}.up', norm(f'{name}.norm1', h)), approximate='tanh')
            h = h + linear(p, f'{name}.down', up)
        return F.cross_entropy(linear(p, 'head', norm('norm', h)).flatten(0, 1), data['y'])

    return training(variant, torch.optim.AdamW(p.values(), lr=1e-3, weight_decay=0.01), loss_of)


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
