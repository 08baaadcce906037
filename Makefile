# Everything a fresh machine needs: python3 (3.11 or newer), git and make. Nothing is installed outside .venv,
# except that `make test` asks Debian's package manager for the test servers and the browser when they are absent.
PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
AXE := tests/crampwatch/page/node_modules
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport PYTHONPATH VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow explore check format reference pictures accuracy bench robustness faults fuzz soak dashboards preview lock clean apt-packages

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# With INFLUX=1 a real InfluxDB is started for it, and the tests' checks of the dashboards are run on what lands there.
INFLUX ?=
ifeq ($(INFLUX),1)
demo: $(VENV)/.dev apt-packages
	@$(BIN)/python -m tests.dashboards.demo
else
demo: $(VENV)/.run ## a simulated night and a real recording, from the wearable to the morning report; INFLUX=1: to InfluxDB, too
	@$(BIN)/crampwatch demo
endif

test: $(VENV)/.dev apt-packages $(AXE)/.installed ## the checks and all tests but the slow ones
	@echo "== checks"; $(MAKE) --no-print-directory check
	@echo "== tests"; $(BIN)/python -m pytest -n 2 -m "not slow"

test-slow: $(VENV)/.dev apt-packages $(AXE)/.installed ## the tests that take minutes
	@$(BIN)/python -m pytest -m slow

explore: $(VENV)/.dev ## the property tests on examples never tried before (minutes)
	@$(BIN)/python -m pytest -n 2 -m "hypothesis and not slow" --hypothesis-profile explore

check: $(VENV)/.dev ## style, types, import rules; whether accuracy page and dashboards are up to date
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache
	@$(BIN)/python -m benchmarks.accuracy --check
	@$(BIN)/python -m dashboards --check

format: $(VENV)/.dev ## put the code in the project's style
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

reference: $(VENV)/.dev ## write the generated reference pages anew
	@$(BIN)/python -m crampwatch.reference docs/reference

pictures: $(VENV)/.dev apt-packages ## take the documentation's pictures from the running program
	@$(BIN)/python docs/pictures/make.py
	@$(BIN)/python docs/pictures/make_page.py
	@$(BIN)/python docs/pictures/placement.py

accuracy: $(VENV)/.dev .venv-peers/.installed ## how right the detector is, beside other rules (half an hour)
	@$(BIN)/python -m benchmarks.accuracy --recordings tests/recordings $(wildcard ../shared/data)

bench: $(VENV)/.dev .venv-peers/.installed apt-packages ## what detector, collector and database cost (half an hour)
	@$(BIN)/python -m benchmarks.cost
	@$(BIN)/python -m benchmarks.disk
	@$(BIN)/python -m benchmarks.throughput
	@$(BIN)/python -m benchmarks.database

robustness: $(VENV)/.dev ## where robustness ends, on simulated nights (minutes)
	@$(BIN)/python -m benchmarks.robustness

faults: $(VENV)/.dev apt-packages ## what is lost when something fails (a quarter of an hour)
	@$(BIN)/python -m tests.faults

soak: $(VENV)/.dev apt-packages ## a day of 20 wearers: does memory stay flat? (20 minutes)
	@$(BIN)/python -m benchmarks.throughput.soak

preview: $(VENV)/.dev apt-packages ## draw the dashboards with Grafana's own components, for the documentation (node, npm)
	@cd dashboards/preview && npm ci --ignore-scripts --no-audit --no-fund --silent && npm run --silent bundle
	@$(BIN)/python -m dashboards.preview

dashboards: $(VENV)/.dev ## write Grafana's dashboards, alert rules and their page anew
	@$(BIN)/python -m dashboards

fuzz: $(VENV)/.dev apt-packages ## a million damaged inputs against everything that comes from outside (minutes)
	@$(BIN)/python -m tests.fuzz

$(AXE)/.installed: tests/crampwatch/page/package-lock.json | apt-packages
	@echo "== installing axe-core, which looks whether the page can be used by everybody"
	@cd $(dir $<) && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

.venv-peers/.installed: requirements-peers.lock $(BIN)/uv
	@$(PYTHON) -m venv .venv-peers
	@$(BIN)/uv pip install --quiet --python .venv-peers/bin/python --compile-bytecode --require-hashes -r $<
	@touch $@

lock: $(VENV)/bin/uv ## write the lock files anew
	@$(BIN)/uv pip compile $(LOCK_FLAGS) --group build --extra night --extra influx --extra alerts pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile $(LOCK_FLAGS) --group build --group dev --extra night --extra influx pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv pip compile $(LOCK_FLAGS) requirements-peers.in -o requirements-peers.lock

LOCK_FLAGS := -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --no-annotate

apt-packages:
	@sh .ci/apt-packages

clean: ## remove the virtual environment and what the tools left
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis dashboards/preview/node_modules $(AXE)

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "crampwatch needs Python 3.11 or newer; $$($(PYTHON) --version) was found. Try: make PYTHON=python3.12"; exit 1; }
	@echo "== making the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "python3 cannot make virtual environments here. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# Bytecode is compiled at installation: without it every start of the command would compile scipy again where
# PYTHONDONTWRITEBYTECODE is set. pip steps in where uv cannot reach the package index (uv does not read pip's settings).
define install
	@echo "== installing the locked packages of $(1)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r $(1) || \
	  { echo "== uv could not; trying pip"; $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
endef

$(VENV)/.run: $(BIN)/uv requirements.lock pyproject.toml
	$(call install,requirements.lock)
	@touch $@

$(VENV)/.dev: $(BIN)/uv requirements-dev.lock pyproject.toml
	$(call install,requirements-dev.lock)
	@touch $@ $(VENV)/.run
