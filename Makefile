# Two commands for a fresh machine: `make demo` and `make test`. Everything else is for developers.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# The lock names a version and the digests of its files for all that may be installed. Wheels only:
# to build one from its sources would fetch what no lock knows.
LOCK := requirements.lock
BY_LOCK := --require-hashes --only-binary :all: --constraint $(LOCK)
# Oracles of the tests that have no wheels; they are built with what the lock names.
AS_SOURCE := --no-binary dkimpy,pyspf --no-build-isolation
UV := UV_PYTHON_DOWNLOADS=never $(BIN)/uv
# Compiled at once, as pip does it: else each warning about a library's text is an error of a test.
LOWEST = $(UV) pip install --quiet --compile-bytecode --resolution lowest-direct \
	--python $(VENV)-lowest/bin/python
# A client in JavaScript is among those that the tests drive the sandbox with. Without npm, or when
# its packages cannot be fetched, these tests are skipped; .ci/run does not let them be.
JAVASCRIPT := tests/contract/javascript
PACKAGES := $(if $(shell command -v npm 2>/dev/null),$(JAVASCRIPT)/node_modules/.installed)
# What one worker has not begun another takes over: the slowest tests stand together.
# Tests wait for processes, too: so there is one worker more than there are processors.
PYTEST := pytest -n $(shell expr 1 + $$(getconf _NPROCESSORS_ONLN)) --dist worksteal
WORKFLOWS := $(wildcard .github/workflows/*.yml examples/github/*.yml)
PIPELINES := $(wildcard examples/gitlab/*.yml)
STAND_INS := $(wildcard tests/ci/actions/*/action.yml)
# What is installed by our action and our hooks while they are tested, without a network.
WHEELS := $(VENV)/wheels/.fetched
NEEDED := import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"])
DEMO := $(BIN)/esp-reconcile --sandbox --sandbox-dir .esp-sandbox/demo

.PHONY: demo test test-newest test-lowest lint wheel release lock bench bench-limits screenshots clean

demo: $(VENV)/.demo
	@$(DEMO) sandbox reset
	@echo '$$ esp-reconcile validate examples/esp.yaml'
	@$(DEMO) validate examples/esp.yaml
	@echo && echo '$$ esp-reconcile plan examples/esp.yaml'
	@$(DEMO) plan examples/esp.yaml
	@echo && echo '$$ esp-reconcile apply --yes examples/esp.yaml'
	@$(DEMO) apply --yes examples/esp.yaml
	@echo && echo '$$ esp-reconcile plan --detailed-exitcode examples/esp.yaml'
	@$(DEMO) plan --detailed-exitcode examples/esp.yaml
	@echo && echo '$$ esp-reconcile plan --detailed-exitcode examples/sops/esp.yaml'
	@$(DEMO) plan --detailed-exitcode examples/sops/esp.yaml

test: $(VENV)/.test $(PACKAGES) $(WHEELS)
	$(BIN)/$(PYTEST)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/zizmor --offline --pedantic $(WORKFLOWS) action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml $(STAND_INS)
	$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci $(PIPELINES)
	$(BIN)/yamllint --strict $(WORKFLOWS) $(PIPELINES) $(STAND_INS) action.yml .pre-commit-hooks.yaml
	$(BIN)/pre-commit validate-manifest .pre-commit-hooks.yaml
	$(BIN)/check-jsonschema --check-metaschema schemas/*.json

# The suite on what pip takes today without the lock, and on the lowest that pyproject.toml allows.
test-newest: $(PACKAGES) $(WHEELS)
	$(PYTHON) -m venv --clear $(VENV)-newest
	$(VENV)-newest/bin/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(VENV)-newest/bin/$(PYTEST)

test-lowest: $(VENV)/.lock $(PACKAGES) $(WHEELS)
	$(PYTHON) -m venv --clear $(VENV)-lowest
	$(LOWEST) --group build
	$(LOWEST) --no-build-isolation --editable '.[dev]'
	$(VENV)-lowest/bin/$(PYTEST)

# Build the wheel, install it into a clean environment with what it asks for and no more, and run it
# from another folder.
wheel: $(VENV)/.test
	rm -rf dist build/wheel
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .
	$(PYTHON) -m venv --without-pip build/wheel
	$(BIN)/python -m pip hash dist/*.whl | sed 's/:$$/ \\/' > build/wheel/requirements
	$(PIP) --python build/wheel/bin/python install $(BY_LOCK) --requirement build/wheel/requirements
	mkdir -p build/elsewhere && cp examples/esp.yaml build/elsewhere/
	cd build/elsewhere && ../wheel/bin/esp-reconcile --version
	cd build/elsewhere && ../wheel/bin/esp-reconcile validate
	cd build/elsewhere && ../wheel/bin/esp-reconcile --sandbox plan

# What a release carries: the wheel, and the schema for editors in both drafts. URL is where.
SCHEMA := $(BIN)/esp-reconcile schema
release: wheel
	$(SCHEMA) --out dist/esp.schema.json $(if $(URL),--id $(URL)/esp.schema.json)
	$(SCHEMA) --out dist/esp.schema.draft-07.json --draft 7 $(if $(URL),--id $(URL)/esp.schema.draft-07.json)
	$(BIN)/check-jsonschema --check-metaschema dist/*.json

# Bring the lock in line with pyproject.toml; with UPGRADE=1, to the newest versions.
lock: $(VENV)/.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --all-extras \
		--group build --group lock $(if $(UPGRADE),--upgrade) \
		--custom-compile-command 'make lock' --output-file $(LOCK) pyproject.toml

# Figures beside those of the newest octoDNS; BENCH holds options of the program.
bench:
	$(MAKE) VENV=$(VENV)-bench $(VENV)-bench/.demo
	$(VENV)-bench/bin/pip install --quiet --upgrade octodns
	$(VENV)-bench/bin/python benchmarks/no_op_plan.py $(BENCH)

bench-limits:
	$(MAKE) VENV=$(VENV)-bench $(VENV)-bench/.demo
	$(VENV)-bench/bin/python benchmarks/behind_limits.py $(BENCH)

# The pictures of the README, taken by Debian's Chromium.
screenshots: $(VENV)/.test
	$(BIN)/python docs/screenshots.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The pip that came with Python may be too old to take hashes from constraints.
$(VENV)/.pip: $(LOCK) | $(VENV)/bin/python
	sed -n '/^pip==/,/[^\\]$$/p' $(LOCK) | $(PIP) install --require-hashes --requirement /dev/stdin
	@touch $@

$(VENV)/.lock: $(VENV)/.pip
	$(PIP) install $(BY_LOCK) --group lock
	@touch $@

$(VENV)/.demo: pyproject.toml $(VENV)/.pip
	$(PIP) install $(BY_LOCK) --group build
	$(PIP) install --no-index --no-deps --no-build-isolation --editable .
	$(PIP) install $(BY_LOCK) esp-reconcile
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	$(PIP) install $(BY_LOCK) $(AS_SOURCE) 'esp-reconcile[dev]'
	@touch $@

$(WHEELS): $(VENV)/.test
	rm -rf $(@D)
	$(PIP) download $(BY_LOCK) --dest $(@D) pip check-jsonschema \
		$$($(BIN)/python -c '$(NEEDED)')
	$(PIP) download $(BY_LOCK) --dest $(@D) --group build
	@touch $@

$(JAVASCRIPT)/node_modules/.installed: $(JAVASCRIPT)/package.json $(JAVASCRIPT)/package-lock.json
	@cd $(JAVASCRIPT) && npm ci --loglevel=error >/dev/null && touch node_modules/.installed \
		|| echo "npm ci failed in $(JAVASCRIPT): the tests in JavaScript will be skipped" >&2

clean:
	rm -rf build dist $(VENV) $(VENV)-* $(JAVASCRIPT)/node_modules .esp-sandbox
