"""One Python contestant at one workload: sets up, checks, then times steps whenever it is told to (see worker.ts)."""
import importlib
import json
import os
import sys
import time


def say(**reply):
    print(json.dumps(reply), flush=True)


def read(path):
    """The inputs and params that fields.ts wrote, as arrays of numpy."""
    import numpy as np

    with open(path, 'rb') as file:
        header = json.loads(file.readline())
        rest = file.read()

    def field(shape, kind, at):
        count = int(np.prod(shape))
        return np.frombuffer(rest, kind, count, at).reshape(shape).copy()

    return tuple({k: field(**place) for k, place in header[part].items()} for part in ('inputs', 'params'))


def peak():
    with open('/proc/self/status') as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith('VmHWM'))


def main(module, variant, workload, path, check, inner, mode='many'):
    check, inner = int(check), int(inner)
    peer = importlib.import_module(f'{module}_steps')
    setup = peer.setups.get(workload)
    if setup is None:
        return say(absent=True)
    missing = peer.missing(variant)
    if missing:
        return say(missing=missing)
    step = setup(*read(path), variant, inner)
    if step is None:
        return say(absent=True)
    for _ in range(check):
        loss = step()
    if mode == 'once':
        return say(loss=loss, peak=peak())
    say(loss=loss, versions={peer.name: peer.version})

    for line in sys.stdin:
        times = []
        end = time.perf_counter() + float(line)
        while True:
            start = time.perf_counter()
            step()
            now = time.perf_counter()
            times.append(1000 * (now - start) / inner)
            if now >= end or len(times) >= 20_000:
                break
        say(times=times)


try:
    main(*sys.argv[1:])
except Exception as error:
    say(failed=f'{type(error).__name__}: {error}'.split('\n')[0])
sys.stdout.flush()
os._exit(0)
