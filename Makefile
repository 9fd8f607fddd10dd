PYTHON_BIN := .venv/bin/python
export TF_CPP_MIN_LOG_LEVEL ?= 3
export PYTHON

.PHONY: help setup demo serve test lint docs wheel bench experiments requirements

help:
	@echo "make demo          fill a hole in a photo; the steps go to out/demo.png"
	@echo "make serve         serve the bundled model, and a page to paint on"
	@echo "make test          run the tests"
	@echo "make lint          ruff, its formatter and mypy"
	@echo "make docs          the documentation as a site, in out/site"
	@echo "make wheel         build the package into dist/ and check it"
	@echo "make bench         compare with simple fills, in a minute"
	@echo "make experiments   remake docs/experiments.md's figures: about 5 hours on two cores"
	@echo "make requirements  compile requirements.txt from pyproject.toml"

setup:
	@bash scripts/setup.sh

demo: setup
	$(PYTHON_BIN) scripts/demo.py

serve: out/models/tfpaint/exported
	$(PYTHON_BIN) -m serving server --model out/models/tfpaint

out/models/tfpaint/exported: $(wildcard tfpaint/*.py tfpaint/presets/photo/*.*) | setup
	$(PYTHON_BIN) -m export saved-model --preset photo --out out/models/tfpaint
	@touch $@

test: setup
	$(PYTHON_BIN) -m pytest -q -n 2 --dist loadfile

lint: setup
	$(PYTHON_BIN) -m ruff check .
	$(PYTHON_BIN) -m ruff format --check .
	$(PYTHON_BIN) -m mypy

docs: setup
	NO_MKDOCS_2_WARNING=1 $(PYTHON_BIN) -m mkdocs build --strict

wheel: setup
	rm -rf dist
	$(PYTHON_BIN) -m build --no-isolation
	$(PYTHON_BIN) -m twine check --strict dist/*

bench: setup
	$(PYTHON_BIN) -m tfpaint evaluate --size 128 --out out/evaluation

# PHOTOS, VAL: folders of photos; VGG: VGG19's weights as .npz, or imagenet to download them.
VGG ?= imagenet
experiments: setup
	$(PYTHON_BIN) -m benchmarks.efficientnet_weights
	$(PYTHON_BIN) -m benchmarks.styles
	$(PYTHON_BIN) -m benchmarks.object_removal
	$(PYTHON_BIN) -m benchmarks.baselines context-encoder --photos $(PHOTOS) --val $(VAL)
	$(PYTHON_BIN) -m benchmarks.baselines local-global --photos $(PHOTOS) --val $(VAL)
	$(PYTHON_BIN) -m benchmarks.table1 --images $(VAL) --vgg $(VGG) --iterations 100 --out out/table1
	$(PYTHON_BIN) -m benchmarks.table1 --size 256 --vgg $(VGG) --out out/table1-256
	$(PYTHON_BIN) -m benchmarks.running_time --vgg $(VGG) --json out/running_time.json
	$(PYTHON_BIN) -m benchmarks.ablations --photos $(PHOTOS) --val $(VAL) --vgg $(VGG)

requirements:
	$(PYTHON_BIN) -m uv pip compile pyproject.toml --universal --all-extras --python-version 3.11 --quiet \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" \
	  --output-file requirements.txt
