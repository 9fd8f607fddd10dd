#!/usr/bin/env bash
# Sets up .venv in this checkout: a Python 3.11-3.13, the pins of requirements.txt, tfpaint itself.
# Does nothing when that is already done. PYTHON=/some/python3.12 chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

need_mb=4096  # a full .venv, with room for the downloads while they are unpacked

fail() {
  echo "setup: $*" >&2
  exit 1
}

# The stamp names what .venv was made from, and where: a virtual environment does not survive a move.
stamp=$(cat requirements.txt pyproject.toml scripts/setup.sh | cksum)" $PWD"
[ "$(cat .venv/tfpaint-stamp 2>/dev/null)" = "$stamp" ] && exit 0

fits() {
  "$1" -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
    >/dev/null 2>&1
}

if ! fits .venv/bin/python || ! grep -qF "$(pwd -P)/.venv" .venv/bin/activate; then
  for python in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
    fits "$python" && break
    python=
  done
  [ -n "$python" ] || fail "no ${PYTHON:-Python 3.11, 3.12 or 3.13} with its venv module was found;" \
    "install one, or name one: make test PYTHON=/path/to/python3.12"
fi

free_mb=$(df -Pm . | awk 'NR == 2 { print $4 }')
used_mb=$(du -sm .venv 2>/dev/null | cut -f1 || true)
[ $((free_mb + ${used_mb:-0})) -ge $need_mb ] ||
  fail "$need_mb MB of disk are needed for .venv, and only $free_mb MB are free here"

[ -z "${python:-}" ] || "$python" -m venv --clear .venv
echo "setup: installing the packages of requirements.txt into .venv (once; a few minutes)"
rm -f .venv/tfpaint-stamp
pip=(.venv/bin/python -m pip --disable-pip-version-check install)
[ -t 1 ] || pip+=(--quiet)
# uv takes half the time; where it does not find the packages, as with pip's own settings, pip may.
{
  "${pip[@]}" "$(grep -o '^uv==[0-9.]*' requirements.txt)" &&
    .venv/bin/uv pip install --quiet --python .venv/bin/python --compile-bytecode -r requirements.txt
} || "${pip[@]}" -r requirements.txt
"${pip[@]}" --no-build-isolation --no-deps -e .
echo "$stamp" >.venv/tfpaint-stamp
