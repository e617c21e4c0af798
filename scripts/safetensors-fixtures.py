# Writes test/fixtures/*.safetensors with the reference implementation: pip install safetensors numpy.
# With a folder as argument, reads its *.safetensors by the reference instead and prints what they hold.
import json, struct, sys
from pathlib import Path
import numpy as np
from safetensors import TensorSpec, safe_open, serialize_file
from safetensors.numpy import save_file

folder = Path(__file__).parent.parent / 'test/fixtures'

def write():
    save_file(
        {
            'float64': np.array([[0.1, -0.0, np.inf], [np.nan, 5e-324, 1.7976931348623157e308]]),
            'float32': np.array([0.1, -0.0, 3.4028234663852886e38], dtype=np.float32),
            'int32': np.array([[-(2**31)], [2**31 - 1]], dtype=np.int32),
            'bool': np.array([True, False, True]),
            'number': np.array(7.0, dtype=np.float32),
            'empty': np.zeros((0, 3), dtype=np.float32),
            'blocks.0.weight': np.arange(6, dtype=np.float32).reshape(2, 3),
        },
        folder / 'native.safetensors',
        metadata={'format': 'np', 'quote': '"\\ é 漢 \U0001f600'},
    )
    alive = []
    def raw(dtype, form, *xs):
        alive.append(np.frombuffer(struct.pack('<%d%s' % (len(xs), form), *xs), dtype=np.uint8))
        return TensorSpec(dtype=dtype, shape=[len(xs)], data_ptr=alive[-1].ctypes.data, data_len=alive[-1].nbytes)
    serialize_file(
        {
            'i8': raw('int8', 'b', -128, 127),
            'u8': raw('uint8', 'B', 0, 255),
            'i16': raw('int16', 'h', -32768, 32767),
            'u16': raw('uint16', 'H', 0, 65535),
            'u32': raw('uint32', 'I', 0, 2**31 - 1),
            'i64': raw('int64', 'q', -(2**31), 2**31 - 1),
            'u64': raw('uint64', 'Q', 0, 5),
            'f16': raw('float16', 'e', 1.5, -65504.0, 6e-08, -0.0, float('inf')),
            'bf16': raw('bfloat16', 'H', 0x3FC0, 0xC2F7, 0x0001, 0x8000, 0xFF80),
        },
        folder / 'converted.safetensors',
    )
    serialize_file({'large': raw('int64', 'q', 1, 2**31)}, folder / 'large.safetensors')
    serialize_file({'w': raw('float8_e4m3fn', 'B', 1, 2)}, folder / 'unknown.safetensors')

def read(path):
    with safe_open(path, framework='np') as f:
        tensors = {name: f.get_tensor(name) for name in f.keys()}
        return {
            'metadata': f.metadata(),
            'tensors': {name: [str(x.dtype), list(x.shape), x.tobytes().hex()] for name, x in tensors.items()},
        }

if len(sys.argv) > 1:
    print(json.dumps({path.name: read(path) for path in sorted(Path(sys.argv[1]).glob('*.safetensors'))}, indent=1))
else:
    write()
