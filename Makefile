# Each target makes what it needs first; a second run installs nothing.
PYTHON   ?= python3
SCENARIO ?= happy
# How many rollouts `make sweeps` draws, and how many cases of bad input; SEED=n plays one rollout with its log.
SEEDS    ?= 2000
CASES    ?= 10000
# Real seconds for each virtual second of the demo; unset: a virtual minute a second.
PACE     ?=

VENV  := .venv
READY := $(VENV)/.ready
BIN   := $(VENV)/bin
export PYTHONPATH := src
export PYTHONDONTWRITEBYTECODE :=

# A separate folder: pytest deletes the folders of all but its last three runs, and these runs take minutes.
E2E_TEMP  := $(or $(TMPDIR),/tmp)/vmss-upgrade-e2e
# These tests mostly wait, so several at once are no slower. Those that measure seconds run alone.
E2E       := $(BIN)/python -m pytest --override-ini addopts= -ra --durations=5 tests/e2e
WORKFLOWS := $(wildcard .github/workflows/*.yml)
FORMS     := $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
EXAMPLES  := $(wildcard examples/workflows/*.yml)

# The tests without whole runs: decisions, reporters, requests and answers, inputs, and the promises of the documents.
QUICK := $(addprefix tests/,rollout driver reporters azure_api harness inputs job \
         $(addprefix contracts/test_,architecture.py action_yml.py entrypoints.py packaging.py parity.py readme.py))
# Options for the folders that the configuration leaves out of `make test`.
EVERYTHING := --override-ini addopts= -q -n auto --dist loadgroup --durations=10

.PHONY: help demo quick simulator test coverage sample sweeps check conformance e2e pulled pictures bench bench-fleet lock clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

# MODEL=, INSTANCES=: your own scale set, as az prints it; WITH= inputs, OPERATION= rehearse, plan or status.
demo: $(READY) ## play a whole rollout in the terminal (SCENARIO=, PACE=; or MODEL=, INSTANCES=; WITH=, OPERATION=)
ifdef MODEL
	@$(BIN)/python -m vmss_upgrade.rehearsal --model "$(MODEL)" --instances "$(INSTANCES)" --with "$(WITH)" \
	  $(if $(OPERATION),--operation $(OPERATION))
else
	@$(BIN)/python -m vmss_upgrade.rehearsal --scenario $(SCENARIO) --with "$(WITH)" $(if $(PACE),--pace $(PACE)) \
	  $(if $(OPERATION),--operation $(OPERATION))
endif

quick: $(READY) ## the tests of decisions, reports, requests and documents: run it at every save
	@$(BIN)/python -m pytest --dist worksteal -m "not sweep and not nightly and not slow" --hypothesis-profile=quick $(QUICK)

simulator: $(READY) ## the tests of the simulator
	@$(BIN)/python -m pytest tests/azure_simulator

test: $(READY) ## all tests but the sweeps
	@$(BIN)/python -m pytest

# Twice the time of `make test`, so CI runs it in a job of its own.
coverage: $(READY) ## all tests but the sweeps, with the share of lines and branches they run; fails below the bound
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report

sample: $(READY) ## a fixed part of each sweep, the 600 instances, and a failing example of every check
	@$(BIN)/python -m pytest $(EVERYTHING) -m sweep tests/sweeps tests/runs tests/reporters tests/azure_api tests/inputs \
	  $(addprefix tests/contracts/test_,docs.py faults_page.py permitted_requests.py release.py troubleshooting_page.py)

ifdef SEED
sweeps: $(READY)
	@PYTHONPATH=src:tests $(BIN)/python -m sweeps.seeds --seed $(SEED)
else
sweeps: sample ## the rows that nothing else plays, and thousands of runs, from seeds, with bad input, killed at every call, and mutants (SEEDS=, CASES=, SEED=)
	@$(BIN)/python -m pytest $(EVERYTHING) -m nightly tests/runs tests/azure_api tests/inputs
	@PYTHONPATH=src:tests $(BIN)/python -m sweeps.seeds --seeds $(SEEDS)
	@PYTHONPATH=src:tests $(BIN)/python -m sweeps.bad_input --cases $(CASES)
	@PYTHONPATH=src:tests $(BIN)/python -m sweeps.kills
	@PYTHONPATH=src:tests $(BIN)/python -m sweeps.mutants
	@$(BIN)/python -m pytest --hypothesis-profile=thorough tests/rollout/test_invariants.py tests/inputs/test_inputs.py
endif

check: $(READY) ## formatting, lint, types, architecture, action and workflow files, Dockerfile
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 0 tests/contracts/test_architecture.py
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS) $(EXAMPLES)
	$(BIN)/check-jsonschema --builtin-schema custom.github-workflows-require-timeout $(WORKFLOWS) $(EXAMPLES)
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.azure-pipelines examples/azure-pipelines/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci examples/gitlab-ci/*.yml
	$(BIN)/check-jsonschema --schemafile schema/vmss-upgrade.schema.json examples/vmss-upgrade.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(FORMS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	tools/language-service.sh $(WORKFLOWS) $(EXAMPLES) action.yml README.md $(wildcard docs/*.md)
	$(BIN)/zizmor --offline --persona=auditor --quiet --no-progress .github action.yml $(EXAMPLES)
	$(BIN)/hadolint Dockerfile
	bash -n .ci/run tools/*.sh tools/release/*.sh

conformance: $(READY) ## the simulator and the action against the recorded Azure and the az CLI (AZURE_CONTRACT_DIR)
	@tools/az-cli.sh
	@$(BIN)/python -m pytest --override-ini addopts= -q -n auto -rs tests/conformance
	@PYTHONPATH=src:tests/conformance $(BIN)/python tests/conformance/print_tables.py

e2e: $(READY) ## the built image under act and the runner's own docker run, and the replay in Chromium (installing needs root)
	@tools/docker-up.sh
	@tools/chromium.sh
	@tools/base-image.sh
	@tools/registry.sh
	@$(E2E) -m alone -n 0 --basetemp=$(E2E_TEMP)-alone
	@$(E2E) -m "not alone and not example" -n 4 --basetemp=$(E2E_TEMP)-beside
	@$(E2E) -m example -n 8 --basetemp=$(E2E_TEMP)-examples

pulled: $(READY) ## rollouts with an image from a registry instead of one built here, a good and a failing one (IMAGE=)
	@E2E_IMAGE=$(IMAGE) $(E2E)/test_runner.py tests/e2e/test_start.py -n 0 --basetemp=$(E2E_TEMP)-pulled

# Look at them: no test sees what a reader sees. They go to /tmp/pictures, those of README.md to docs/images.
pictures: $(READY) ## summaries and logs as GitHub shows them, as pictures; renews docs/images (needs Chromium, emoji)
	@command -v chromium >/dev/null || { echo "apt-get install chromium fonts-noto-color-emoji fonts-liberation" >&2; exit 1; }
	@$(BIN)/python tools/pictures.py --docs

bench: $(READY) ## start-up time and the cost of looking at 600 instances
	@$(BIN)/python tests/bench/run.py

bench-fleet: $(READY) ## 1, 10, 100 and 1,000 scale sets at once in one subscription: time, requests, 429; renews the table of docs/fleets.md
	@$(BIN)/python tests/bench/fleet.py --docs

lock: $(READY) ## resolve requirements*.in again
	$(BIN)/uv pip compile $(LOCK) --excludes requirements-excluded.in requirements.in --output-file requirements.txt
	$(BIN)/uv pip compile $(LOCK) requirements-dev.in --output-file requirements-dev.txt

# One resolution for all supported Pythons, a hash for every file, and no index address in the result.
LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-header --no-emit-index-url --no-emit-find-links

clean: ## remove the files of the other targets
	rm -rf build dist $(VENV) .venv-az .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* rehearsal mutants \
	  tools/language_service/node_modules
	find src tests tools entrypoint.py -name __pycache__ -type d -prune -exec rm -rf {} +

# --clear: start afresh instead of building on an interrupted installation, or on one from another lock.
$(READY): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "Python's venv is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@
