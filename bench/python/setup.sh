#!/bin/sh
# Sets up the Python peers outside the repository. PyPI's PyTorch for Linux asks for gigabytes of CUDA, of which nothing
# but the small runtime is called without a GPU: libraries whose functions only return an error stand in for the others.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
venv="${GRADUS_BENCH_VENV:-$HOME/.cache/gradus-bench/venv}"
python3="${PYTHON:-/usr/bin/python3}"
"$python3" -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"

# each library of CUDA that PyTorch's own in this folder ask for, and the version they want of its symbols, if any
wanted() {
  readelf --wide --dynamic --version-info ./*.so | awk '
    /NEEDED.*\[lib(cu|nv|nccl)/ && !/libcuda(rt)?\.so/ { split($0, part, /[][]/); version[part[2]] = "" }
    / File: / { file = $5 }
    / Name: / && file in version { version[file] = $3 }
    END { for (file in version) print file, version[file] }'
}

stand_in() {
  cd "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')/torch/lib"
  made="$(mktemp -d)"
  names='(cu(blas|dnn|fft|File|pti|solver|sparse)|nccl|nvrtc|nvshmem)[A-Za-z0-9_]*'
  nm -D --undefined-only ./*.so |
    sed -nE "s/.* U ($names).*/int \1(void) { return 1; }/p" | sort -u > "$made/functions.c"
  wanted | while read -r file version; do
    echo "${version:-anything} { global: *; };" > "$made/version"
    cc -shared -o "$file" -Wl,-soname,"$file",--version-script="$made/version" "$made/functions.c"
  done
  rm -r "$made"
}

if [ "$(uname)" != Linux ]; then
  "$venv/bin/pip" install --quiet --no-deps --requirement "$here/torch.txt"
elif command -v cc > /dev/null; then
  "$venv/bin/pip" install --quiet --no-deps --requirement "$here/torch.txt"
  stand_in
else
  echo 'without PyTorch 2, which needs a compiler: apt install g++ python3-dev'
fi
"$venv/bin/pip" list
