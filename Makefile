# make demo and make test need only Python 3.10 or later, git and make (and a network for packages).
.DEFAULT_GOAL := help
.PHONY: help demo test slow orchestrators frameworks chaos peers bench lint format matrix docs reference pictures clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := demo
WORKERS ?= 2

export DO_NOT_TRACK := true
# Tests start many processes, and compiled modules start them seconds faster.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or later is needed; choose one with: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.dev: $(BIN)/uv requirements-dev.txt
	@echo "Installing what development needs into $(VENV) ..."
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements-dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --target $(VENV)/viz kedro-viz
	@touch $@

demo: $(BIN)/uv ## generate a project from this template and run it
	@rm -rf $(DEMO) && mkdir $(DEMO)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python 'kedro>=1.0'
	@printf 'output_dir: $(DEMO)\nproject_name: Wine Demo\n' > $(DEMO)/config.yml
	@$(BIN)/kedro new --starter "$(CURDIR)" --config $(DEMO)/config.yml
	@echo "Installing what the project needs ..."
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r $(DEMO)/wine-demo/requirements.txt
	@cd $(DEMO)/wine-demo && ../../$(BIN)/kedro run
	@printf '\nThe run is in MLflow. To look at it:\n  cd $(DEMO)/wine-demo\n  ../../$(BIN)/kedro mlflow ui\n'

test: $(VENV)/.dev ## run the whole test suite
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

slow: $(VENV)/.dev ## slow: what the test suite leaves out, such as a server of MLflow 2.22
	@$(BIN)/python -m pytest -m slow -n $(WORKERS) $(ARGS)

orchestrators: $(BIN)/uv ## slow: Airflow itself, in a virtual environment of its own
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venvs/orchestrators
	@$(BIN)/uv pip install --quiet --compile-bytecode --python .venvs/orchestrators/bin/python -r tests/orchestrators/requirements.txt
	@.venvs/orchestrators/bin/python -m pytest -m orchestrators tests/orchestrators $(ARGS)

# Without its CPU build PyTorch brings some gigabytes for GPUs; not every network reaches that build.
frameworks: $(BIN)/uv ## slow: models and tables of PyTorch, Keras, Spark, ... with these packages
	@echo "Installing the frameworks into .venvs/frameworks ..."
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venvs/frameworks
	@install="$(BIN)/uv pip install --quiet --compile-bytecode --python .venvs/frameworks/bin/python -r tests/frameworks/requirements.txt" && \
		($$install --torch-backend cpu 2>/dev/null || $$install)
	@KERAS_BACKEND=torch .venvs/frameworks/bin/python -m pytest -m frameworks $(ARGS) tests/frameworks

chaos: $(VENV)/.dev ## slow: kill 100 runs at random moments, and look for what is lost
	@$(BIN)/python -m tests.faults.chaos $(ARGS)

peers: $(VENV)/.dev ## slow: the same pipelines under PipelineX and kedro-mlflow, and the runs compared
	@$(BIN)/python -m tests.peers $(ARGS)

bench: $(VENV)/.dev ## slow: what tracking costs, beside plain Kedro and other plugins
	@$(BIN)/python -m benchmarks $(ARGS)

lint: $(VENV)/.dev ## check formatting, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(VENV)/.dev ## format the code and mend what lint can mend
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

matrix: $(VENV)/.dev ## slow: the plugin's tests with each version of Kedro, MLflow, ... that it supports
	@$(BIN)/uv pip install --quiet --python $(BIN)/python nox
	@WORKERS=$(WORKERS) $(BIN)/nox $(ARGS)

docs: $(VENV)/.dev ## build the manual, as a site
	@PYTHONPATH=plugin_src $(BIN)/python -m manual.build
	@printf '\nThe manual is built. To read it:\n  $(BIN)/python -m http.server --bind 127.0.0.1 --directory build/manual/site\n'

reference: $(VENV)/.dev ## write the page and the JSON schema of mlflow.yml anew, from its dataclasses
	@PYTHONPATH=plugin_src $(BIN)/python -m manual.reference

pictures: $(VENV)/.dev ## take the README's pictures anew (needs Chromium)
	@PYTHONPATH=plugin_src $(BIN)/python -m manual.pictures

clean: ## remove what make made
	@rm -rf $(VENV) $(DEMO) build .nox .pytest_cache .ruff_cache .mypy_cache
