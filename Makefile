# Two commands for a fresh machine: `make demo` and `make test`. Everything else is for developers.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A client in JavaScript is among those that the tests drive the sandbox with. Without npm, or when
# its packages cannot be fetched, these tests are skipped; .ci/run does not let them be.
JAVASCRIPT := tests/contract/javascript
PACKAGES := $(if $(shell command -v npm 2>/dev/null),$(JAVASCRIPT)/node_modules/.installed)
# The sandbox has tokens of its own; those of real accounts are not for it.
DEMO := env -u POSTMARK_SERVER_TOKEN -u POSTMARK_ACCOUNT_TOKEN -u MAILGUN_API_KEY \
	$(BIN)/esp-reconcile --sandbox --sandbox-dir .esp-sandbox/demo

.PHONY: demo test lint wheel clean

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

test: $(VENV)/.test $(PACKAGES)
	$(BIN)/pytest -n auto

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/zizmor --offline --pedantic .github/workflows
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --check-metaschema schemas/*.json

# Build the wheel, install it into a clean environment, and run it from another folder.
wheel: $(VENV)/.test
	rm -rf dist build/wheel
	$(BIN)/python -m build --wheel --outdir dist .
	$(PYTHON) -m venv build/wheel
	build/wheel/bin/pip install --quiet dist/*.whl
	mkdir -p build/elsewhere && cp examples/esp.yaml build/elsewhere/
	cd build/elsewhere && ../wheel/bin/esp-reconcile --version
	cd build/elsewhere && ../wheel/bin/esp-reconcile validate
	cd build/elsewhere && ../wheel/bin/esp-reconcile --sandbox plan

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.demo

$(JAVASCRIPT)/node_modules/.installed: $(JAVASCRIPT)/package.json $(JAVASCRIPT)/package-lock.json
	@cd $(JAVASCRIPT) && npm ci --loglevel=error >/dev/null && touch node_modules/.installed \
		|| echo "npm ci failed in $(JAVASCRIPT): the tests in JavaScript will be skipped" >&2

clean:
	rm -rf build dist $(VENV) $(JAVASCRIPT)/node_modules .esp-sandbox
