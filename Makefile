PYTHON_BIN := .venv/bin/python
export TF_CPP_MIN_LOG_LEVEL ?= 3
export PYTHON

.PHONY: help setup demo serve test lint bench requirements

help:
	@echo "make demo          fill a hole in a photo; the steps go to out/demo.png"
	@echo "make serve         serve the bundled model, and a page to paint on"
	@echo "make test          run the tests"
	@echo "make lint          ruff, its formatter and mypy"
	@echo "make bench         compare with simple fills, in a minute"
	@echo "make requirements  compile requirements.txt from pyproject.toml (needs uv)"

setup:
	@bash scripts/setup.sh

demo: setup
	$(PYTHON_BIN) scripts/demo.py

serve: out/models/exported
	$(PYTHON_BIN) -m serving server --model out/models/tfpaint

out/models/exported: tfpaint/presets/photo/weights.npz | setup
	$(PYTHON_BIN) -m export saved-model --preset photo --out out/models/tfpaint
	@touch $@

test: setup
	$(PYTHON_BIN) -m pytest -q

lint: setup
	$(PYTHON_BIN) -m ruff check .
	$(PYTHON_BIN) -m ruff format --check .
	$(PYTHON_BIN) -m mypy

bench: setup
	$(PYTHON_BIN) -m tfpaint evaluate --size 128 --out out/evaluation

requirements:
	uv pip compile pyproject.toml --universal --all-extras --python-version 3.11 --quiet \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" \
	  --output-file requirements.txt
