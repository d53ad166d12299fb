.DEFAULT_GOAL := help
.PHONY: help demo demo-train page test bench lint results docs clean
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
LEORN := $(BIN)/leorn

help: ## Say what there is to make
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

# one stamp for each set of extras: what is there already is not installed again
.venv/%.stamp: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".$(EXTRAS)"
	@touch $@
.venv/core.stamp: EXTRAS :=
.venv/video.stamp: EXTRAS := [video]
.venv/serve.stamp: EXTRAS := [serve]
.venv/test.stamp: EXTRAS := [test]
.venv/lint.stamp: EXTRAS := [bench,lint]
.venv/bench.stamp: EXTRAS := [bench]
.venv/docs.stamp: EXTRAS := [docs]

demo: .venv/video.stamp ## Ask a street video three questions: detect its objects, find the moments, draw the evidence
	rm -rf demo/find
	$(LEORN) assets --fetch
	$(LEORN) find "$$($(LEORN) assets --path bikes.mp4)" "a person riding a bicycle" "cars on the road" "a person on the street" \
	    --plot demo/find/answer.png

page: .venv/serve.stamp ## Index a street video, or VIDEOS=folder, and serve the page that searches it
	$(LEORN) assets --fetch demo search
	$(LEORN) index $(or $(VIDEOS),"$$($(LEORN) assets --path bikes.mp4)") --library demo/library
	$(LEORN) serve demo/library

# how many threads add up a sum decides its last digits: with two, the figures of the README come out again; on a busy
# machine OMP_WAIT_POLICY=PASSIVE keeps them from waiting in each other's way
demo-train: export OMP_NUM_THREADS := 2
demo-train: .venv/core.stamp ## Simulate scenes, train a small LEORN, evaluate it, draw its answers (about 5 minutes)
	rm -rf demo/data demo/run demo/test demo/test-compositional demo/pictures
	$(LEORN) simulate --out demo/data
	$(LEORN) import-detections demo/data/detections --out demo/data/objects \
	    --words demo/data/words.npz --queries demo/data/queries.jsonl --frames 32 --slots 10
	$(LEORN) train --config experiments/simulated/demo.yaml
	$(LEORN) evaluate demo/run/checkpoints/best.ckpt --split test-compositional --shuffle-objects --out demo/test-compositional
	$(LEORN) evaluate demo/run/checkpoints/best.ckpt --split test --shuffle-objects --out demo/test
	$(LEORN) plot demo/run/checkpoints/best.ckpt --out demo/pictures

# as many tests at a time as there are processors, each on its own
test: export OMP_NUM_THREADS := 1
test: .venv/test.stamp ## Run the tests, with coverage
	-$(LEORN) assets --fetch demo  # without them a few tests skip
	-npm ci --silent --ignore-scripts --no-audit --no-fund --prefix tests/serve/page  # axe-core; without it one test skips
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal --cov --cov-report=term --cov-fail-under=90 \
	    --jaxtyping-packages=leorn.model,leorn.scoring,beartype.beartype $(TESTS)

lint: .venv/lint.stamp ## Check style, types, imports between rooms, and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyrefly check
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: .venv/bench.stamp ## Measure speed and memory against the plain path (about half an hour on two idle cores)
	-$(LEORN) assets --fetch
	$(BIN)/python -m pytest benchmarks -q --benchmark-sort=name --timeout 0 \
	    --benchmark-json=benchmarks/results/$$($(BIN)/python benchmarks/machine.py).json

results: .venv/test.stamp ## Make docs/results.md of its template and the files in docs/results
	$(BIN)/python docs/make_results.py

docs: .venv/docs.stamp ## Build the documentation into docs/_build/html
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html

clean: ## Remove what was built, not the environment
	rm -rf demo docs/_build .pytest_cache .ruff_cache .hypothesis .coverage*
