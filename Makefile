.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

help: ## Show the targets.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

install: $(INSTALLED) ## Make .venv with the versions of constraints.txt.

# What is imported is compiled then: compiling all of it here would take as long as the rest.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "nightjar needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-compile --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: install ## Set up, draw a small scene and run the whole job on it, offline.
	$(BIN)/nightjar demo

# Some tests wait for servers: one more at a time than there are cores.
test: install ## Set up and run the tests.
	$(BIN)/python -m pytest -n $$(($$(nproc) + 1)) --dist loadfile --no-loadscope-reorder

check: install ## Lint and type-check.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install ## Format the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

coverage: install ## Run the tests and show which lines they leave out.
	$(BIN)/python -m pytest --cov --cov-report=term-missing

base: install ## Hold the whole job against the oracle at videomae-base's full size (two minutes).
	NIGHTJAR_BASE=1 $(BIN)/python -m pytest tests/test_oracle.py

crash: install ## Kill a run at every step of every commit and at random moments (half an hour).
	NIGHTJAR_CRASH=1 $(BIN)/python -m pytest tests/flows/test_crash.py

site: install ## Run a site's tests on SQLite too, until its schedule is due (ten minutes).
	NIGHTJAR_SITE=1 REQUIRE_POSTGRES=1 $(BIN)/python -m pytest tests/flows/test_deployments.py

fuzz: install ## Run 2,000 seeded mutations of real files through the decoding child.
	$(BIN)/python -m benchmarks.fuzz_footage --footage ../shared/zoo --json

bench: install ## Measure embedding against the encoder, the decoders and a plain script (ten minutes).
	$(BIN)/python -m benchmarks.embed_rate --json
	$(BIN)/python -m benchmarks.embed_rate --shape seeded --clips 20 --rounds 3 --json

clean: ## Remove the environment and every cache.
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

.PHONY: help install demo test check format coverage base crash site fuzz bench clean
