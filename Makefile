# `make run` and `make test` set everything up first: nothing is needed but Python 3.11 and make.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

export DO_NOT_TRACK := 1
export HF_HUB_DISABLE_TELEMETRY := 1
# Containers like to set this. What is compiled once, and kept in the environment of our own, halves
# the time that every process takes to start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run rivals test test-doors test-cluster lint types unit kills docs mutants lineage viz lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY)  ## a virtual environment with the pinned requirements

# uv installs in seconds what takes pip minutes, and links instead of copying from its cache.
$(READY): requirements.txt pyproject.toml weights/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e . -e ./weights
	touch $@

run: $(READY)  ## everything on drawn data: six data sets, five variants, the report
	$(BIN)/kedro run

# After `make run`. No weights are at hand: two checkpoints from random weights take the rivals' place.
TINY := data/01_raw/tiny
rivals: $(READY)  ## a tiny LLaVA and LLaVA-OneVision, asked and fine-tuned on drawn faces, in the tables
	$(BIN)/python experiments/tiny_checkpoints.py llava $(TINY)/llava
	$(BIN)/python experiments/tiny_checkpoints.py llava_onevision $(TINY)/llava_onevision
	for rival in llava_1_5_7b:llava llava_onevision_7b_si:llava_onevision; do \
		for pipeline in rivals finetune; do \
			$(BIN)/kedro run --pipelines=$$pipeline --params \
				rival=$${rival%:*},scored_by=likelihood,finetuning.task=$(TASK),rivals.local.path=$(TINY)/$${rival#*:} \
				|| exit 1; \
		done; \
	done
	$(BIN)/kedro run --pipelines=paper --params scored_by=likelihood

# One question a face, and a cue that a tiny model can learn from 300 drawn faces.
TASK := utkface/race

test: $(READY)  ## everything that CI checks
	$(MAKE) --jobs --output-sync lint types lineage
	$(MAKE) unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

unit: $(READY)
	$(BIN)/pytest --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder \
		--ignore=tests/doors --ignore=tests/cluster

# Debian's browser needs root, Playwright's own does not.
test-doors: $(READY)  ## the server as a process and its page in a real browser: 3 minutes
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; } \
		|| $(BIN)/playwright install --with-deps chromium || $(BIN)/playwright install chromium
	$(BIN)/pytest tests/doors

test-cluster: $(READY)  ## a Ray cluster of two nodes on this machine, killed in parts: 6 minutes
	$(BIN)/pytest tests/cluster

kills: $(READY)  ## processes of a cluster, killed at 33 moments: 15 minutes
	$(BIN)/pytest tests/cluster/kills.py

docs: $(READY)  ## the documentation site, into build/site, as strictly as the tests build it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

mutants: $(READY)  ## faults made on purpose, which the tests must find: 10 minutes
	$(BIN)/python -m tests.mutants

lineage: $(READY)  ## the lineage page, into build/
	$(BIN)/kedro viz build --include-hooks $(if $(wildcard data/08_reporting),--include-previews)

viz: $(READY)  ## the lineage in a browser
	$(BIN)/kedro viz run

lock: $(READY)  ## compile requirements.txt anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra dev --python-version 3.11 --no-header \
		--no-emit-index-url --no-emit-find-links --quiet -o requirements.txt

clean:  ## remove what runs have made, but neither your raw data nor the environment
	rm -rf data/01_raw/drawn $(TINY) data/0[2-8]_* data/latest data/work data/small data/embedded data/compact data/tiny data/paper build .viz
