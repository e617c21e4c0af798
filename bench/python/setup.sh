#!/bin/sh
# Sets up the Python peers outside the repository. PyTorch is not installed here: PyPI's pulls gigabytes of CUDA, so the
# benchmark takes the system's (on Debian: apt install python3-torch libopenblas0-pthread).
set -eu
venv="${GRADUS_BENCH_VENV:-$HOME/.cache/gradus-bench/venv}"
python3="${PYTHON:-/usr/bin/python3}"
"$python3" -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement "$(dirname "$0")/requirements.txt"
"$venv/bin/pip" list
