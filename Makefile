# Commands for contributors; `make help` lists them. They need Python 3.11 and make.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
# A Python that is given gets an environment of its own: make test PYTHON=python3.13
VENV := .venv$(if $(filter file,$(origin PYTHON)),,-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
SOURCES := airflow_fargate_batch tests dags_examples benchmarks scripts

# Write nothing to ~/airflow, load no example DAGs, report no usage.
export AIRFLOW_HOME := $(CURDIR)/.airflow
export AIRFLOW__CORE__LOAD_EXAMPLES := False
export SCARF_ANALYTICS := false
export DO_NOT_TRACK := 1
# Tests start Airflow many times. Without cached bytecode each start takes three times as long.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9. -]+:.*## / { printf "  \033[36m%-12s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- Environments: one for each supported Airflow line, with the pins in constraints/ ----------

OLDER := 2.11 3.0 3.1 3.2
READY := $(VENV)/.ready $(OLDER:%=.venv-%/.ready)

$(READY): LINE = $(@D:.venv-%=%)
$(VENV)/.ready: LINE := 3.3
$(VENV)/.ready: constraints/airflow-3.3.txt
$(OLDER:%=.venv-%/.ready): .venv-%/.ready: constraints/airflow-%.txt

# Also after an attempt that left no pip, as on a Debian without python3-venv.
define make_environment
@test -x $(@D)/bin/python -a -x $(@D)/bin/pip || $(PYTHON) -m venv $(@D)
@test -x $(@D)/bin/uv || $(@D)/bin/python -m pip install --quiet --disable-pip-version-check uv
endef

# Compiled here once, or the first processes of a demo or of tests would each compile the same modules.
install = $(@D)/bin/uv pip install --quiet --compile-bytecode --python $(@D)/bin/python

$(READY): pyproject.toml
	@echo "Setting up $(@D) with Airflow $(LINE) ..."
	$(make_environment)
	@$(install) -r constraints/airflow-$(LINE).txt --editable '.[airflow,local]'
	@touch $@

# A line with another package, or another version of one: constraints/CHANGE.in says which, and
# constraints/airflow-LINE-CHANGE.txt has the pins that differ from the line's.
OTHER_AMAZON := 2.11-amazon-newest 3.0-amazon-oldest 3.0-amazon-newest 3.1-amazon-oldest 3.1-amazon-newest \
	3.2-amazon-oldest 3.2-amazon-newest 3.3-amazon-oldest
VARIANTS := $(OTHER_AMAZON) 3.3-celery
VARIANTS_READY := $(VARIANTS:%=.venv-%/.ready)

$(VARIANTS_READY) $(VARIANTS:%=lock-%): LINE = $(firstword $(subst -, ,$*))
$(VARIANTS_READY) $(VARIANTS:%=lock-%): CHANGE = $(*:$(LINE)-%=%)
$(VARIANTS_READY): .venv-%/.ready: constraints/airflow-%.txt $(wildcard constraints/airflow-*.txt) pyproject.toml
	@echo "Setting up $(@D) with Airflow $(LINE) ..."
	$(make_environment)
	@awk -F == '!found[$$1]++' $< constraints/airflow-$(LINE).txt > $(@D)/pins.txt
	@$(install) -r $(@D)/pins.txt --editable '.[airflow,local]'
	@touch $@

# The lowest versions that pyproject.toml admits, for the command line and LocalBatch. The line 2.11 has
# those of the extra [airflow].
.venv-lowest/.ready: constraints/lowest.txt pyproject.toml
	$(make_environment)
	@$(install) -r constraints/lowest.txt --editable '.[local]'
	@touch $@

.PHONY: setup
setup: $(VENV)/.ready  ## Make .venv: the newest Airflow, this package and the tools
	@:

# --- Daily commands --------------------------------------------------------------------------

.PHONY: demo
demo: setup  ## Run a daily chain of Fargate jobs through a real Airflow, without an AWS account
	@$(BIN)/python scripts/demo.py

.PHONY: demo-ui
demo-ui: setup  ## Start an Airflow with the pages about jobs, and jobs in each state; Ctrl-C ends it
	@$(BIN)/python -m scripts.demo_ui

# Four processes, since tests with a real Airflow mostly wait. conftest.py keeps together what shares something.
SIDE_BY_SIDE := --numprocesses=4 --dist=loadgroup --no-loadscope-reorder

# Tracing branches takes as long as the unit tests themselves: .ci/run, which sets CI, has it always.
COVERAGE ?= $(CI)
TRACED := $(if $(COVERAGE),--cov --cov-report=term:skip-covered)

.PHONY: test coverage
test: check  ## Run make check, then all tests on the newest Airflow
	@$(BIN)/python -m pytest --quiet -m "not long" $(SIDE_BY_SIDE) $(TRACED)
ifneq ($(COVERAGE),)
	@core=$$($(BIN)/coverage report --include='airflow_fargate_batch/core/*' --fail-under=100) || { echo "$$core"; exit 1; }
endif

coverage:  ## Run make test with branch coverage, which has a floor (of core: 100 %)
	@$(MAKE) test COVERAGE=true

.PHONY: check
check: setup  ## Check lint, formatting, types and import contracts
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary --num-workers=auto
	@contracts=$$($(BIN)/lint-imports) || { echo "$$contracts"; exit 1; }
	@echo "Lint, formatting, types and import contracts are fine."

.PHONY: format
format: setup  ## Format the code and apply the linter's fixes
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

# Tests that depend on the version of Airflow, the Amazon provider or boto3.
ON_OLDER_LINES := $(addprefix tests/, airflow _airflow aws core/test_botocore_model.py \
	test_decorators.py test_hooks.py test_links.py test_operator_dry_run.py test_operator_identity.py \
	test_operator_import_check.py test_operator_preflight.py test_operator_rendering.py \
	test_operator_secrets.py test_operator_upstream.py test_operator_waiting.py \
	test_packaging.py test_provider.py test_sensors.py test_triggers.py \
	watching/test_conclusion.py)

.PHONY: $(OLDER:%=test-%) $(OLDER:%=long-%) long test-all
test-2.11 test-3.0 test-3.1 test-3.2: test-%: .venv-%/.ready  ## Run the tests that depend on Airflow's version (2.11 needs PostgreSQL)
	@.venv-$*/bin/python -m pytest --quiet -m "not long" $(SIDE_BY_SIDE) $(ON_OLDER_LINES)

# Tests that depend on the versions of boto3, rich, moto and Flask.
ON_LOWEST := $(addprefix tests/, aws cli local watching)

.PHONY: test-lowest
test-lowest: .venv-lowest/.ready  ## Run the tests of the command line and LocalBatch on the lowest versions admitted
	@.venv-lowest/bin/python -m pytest --quiet -m "not new_boto3" --numprocesses=2 $(ON_LOWEST)

long: setup
	@$(BIN)/python -m pytest --quiet -m long

$(OLDER:%=long-%): long-%: .venv-%/.ready
	@.venv-$*/bin/python -m pytest --quiet -m long

# Tests that depend on the version of the Amazon provider, with one real Airflow.
ON_OTHER_AMAZON := $(filter-out tests/airflow, $(ON_OLDER_LINES)) tests/airflow/test_operator_runs.py

.PHONY: test-amazon $(OTHER_AMAZON:%=test-%) test-celery test-pythons
test-amazon: $(OTHER_AMAZON:%=test-%)  ## Run tests with the oldest and the newest Amazon provider of each Airflow line
$(OTHER_AMAZON:%=test-%): test-%: .venv-%/.ready
	@.venv-$*/bin/python -m pytest --quiet -m "not long" $(SIDE_BY_SIDE) $(ON_OTHER_AMAZON)

test-celery: .venv-3.3-celery/.ready  ## Run tasks in two Celery workers, and kill one (needs PostgreSQL and Redis)
	@.venv-3.3-celery/bin/python -m pytest --quiet tests/airflow/test_celery_runs.py

PYTHONS := python3.12 python3.13
test-pythons:  ## Run make test on the further Pythons (PYTHONS="/path/to/python3.13 ..."), and name those that are missing
	@for python in $(PYTHONS); do \
		if $$python -c '' 2> /dev/null; then $(MAKE) test PYTHON=$$python; \
		else echo "$$python is not installed: no test ran on it" >&2; fi; \
	done

test-all: test test-lowest $(OLDER:%=test-%) test-amazon long $(OLDER:%=long-%) test-celery test-pythons  ## Run all tests on all versions

.PHONY: audit
audit: setup  ## Check the pins of the newest line for vulnerabilities known to PyPI
	@$(BIN)/uv tool run pip-audit --strict --no-deps --disable-pip --requirement constraints/airflow-3.3.txt

.PHONY: bench chaos faults
bench: setup  ## Compare speed with BatchOperator and bare boto3 in ten minutes (one part, in full: make bench PART=waiting)
	@$(BIN)/python -m benchmarks $(PART)

chaos: setup  ## Kill workers and triggerers, lose answers, and count the jobs
	@$(BIN)/python -m tests.chaos

faults: setup .venv-3.0/.ready .venv-2.11/.ready  ## Submit under every fault on 3.3, 3.0 and 2.11, compared with BatchOperator
	@$(BIN)/python -m tests.faults {.venv,.venv-3.0,.venv-2.11}/bin/python

.PHONY: dist
dist: setup  ## Build wheel and sdist into dist/, check them, install the wheel and try it
	@rm -rf dist
	@$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python --out-dir dist
	@$(BIN)/uv tool run twine check --strict dist/*.whl dist/*.tar.gz
	@DIST=dist $(BIN)/python -m pytest --quiet tests/test_packaging.py

# The site needs neither Airflow nor this package: pages of the reference are files that tests keep current.
.venv-docs/.ready: constraints/docs.txt
	$(make_environment)
	@$(install) -r constraints/docs.txt
	@touch $@

.PHONY: docs
docs: .venv-docs/.ready  ## Build the site into build/site, offline and with warnings as errors
	@.venv-docs/bin/sphinx-build --quiet --fresh-env --fail-on-warning --keep-going -c docs/site . build/site
	@echo "The site is in build/site. To read it: python3 -m http.server --bind 127.0.0.1 --directory build/site"

# --- Upkeep ------------------------------------------------------------------------------------

# Older lines are resolved as of a day when they were current; the development tools are the newest.
RESOLVE := $(BIN)/uv pip compile --quiet --python-version 3.11 --no-header --no-annotate
COMPILE := $(RESOLVE) --upgrade

LOCKS := lock-3.3 $(OLDER:%=lock-%)
.PHONY: lock lock-lowest lock-docs $(LOCKS) $(VARIANTS:%=lock-%)
lock: $(LOCKS) $(VARIANTS:%=lock-%) lock-lowest lock-docs  ## Resolve constraints/*.txt again
lock-3.3: AS_OF :=
lock-3.2: AS_OF := --exclude-newer 2026-06-05
lock-3.1: AS_OF := --exclude-newer 2026-03-20
lock-3.0: AS_OF := --exclude-newer 2025-09-10
lock-2.11: AS_OF := --exclude-newer 2025-05-25
$(LOCKS): lock-%: setup
	@mkdir -p build
	@$(COMPILE) $(AS_OF) --output-file build/airflow-$*.txt constraints/airflow-$*.in > /dev/null
	@$(COMPILE) --constraints build/airflow-$*.txt --extra airflow --extra local --group dev \
		--output-file build/locked-$*.txt pyproject.toml constraints/airflow-$*.in > /dev/null
	@cmp --silent build/locked-$*.txt constraints/airflow-$*.txt || cp build/locked-$*.txt constraints/airflow-$*.txt
	@echo "constraints/airflow-$*.txt: $$(grep -E '^apache-airflow(-providers-amazon)?==' constraints/airflow-$*.txt | tr '\n' ' ')"
# A pin of the line stays unless the change needs another.
lock-%-amazon-newest: CHANGED := --upgrade-package apache-airflow-providers-amazon
$(VARIANTS:%=lock-%): lock-%: setup
	@mkdir -p build
	@cp constraints/airflow-$(LINE).txt build/airflow-$*.txt
	@grep --no-filename --invert-match '^apache-airflow-providers-amazon' constraints/airflow-$(LINE).in > build/airflow-$*.in
	@grep '^apache-airflow==' constraints/airflow-$(LINE).txt >> build/airflow-$*.in
	@$(RESOLVE) $(CHANGED) --extra airflow --extra local --group dev --output-file build/airflow-$*.txt \
		pyproject.toml build/airflow-$*.in constraints/$(CHANGE).in > /dev/null
	@grep --invert-match --line-regexp --fixed-strings --file constraints/airflow-$(LINE).txt build/airflow-$*.txt \
		> constraints/airflow-$*.txt
	@echo "constraints/airflow-$*.txt: $$(grep -E '^apache-airflow-providers-(amazon|celery)==' constraints/airflow-$*.txt | tr '\n' ' ')"
lock-lowest: setup
	@mkdir -p build
	@$(COMPILE) --resolution lowest-direct --extra local --output-file build/lowest.txt pyproject.toml > /dev/null
	@$(COMPILE) --constraints build/lowest.txt --extra local --output-file constraints/lowest.txt \
		pyproject.toml constraints/lowest.in > /dev/null
	@echo "constraints/lowest.txt: $$(grep -E '^(boto3|flask|moto|rich)==' constraints/lowest.txt | tr '\n' ' ')"
lock-docs: setup
	@$(COMPILE) --output-file constraints/docs.txt --group docs > /dev/null
	@echo "constraints/docs.txt: $$(grep -E '^(furo|myst-parser|sphinx)==' constraints/docs.txt | tr '\n' ' ')"
