# make run     the whole desk on this machine: broker, virtual plant, workers, web app
# make test    every test, with the services they need
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY := .venv/bin/python
UV_VERSION := 0.13.8
CODE := api auth benchmarks components data domain models pages runtime services simulator app.py
SPEED ?= 1
RATE ?=

.PHONY: help setup run test check bench train services screenshots lock clean history

help:  ## Say what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.tools/bin/uv:
	scripts/bootstrap $(UV_VERSION)

.venv/.stamp: requirements-dev.txt | .tools/bin/uv
	.tools/bin/uv venv -q --allow-existing --python "$$(command -v python3.11)" .venv
	.tools/bin/uv pip sync -q --compile-bytecode --python .venv/bin/python --require-hashes requirements-dev.txt
	$(PY) -m compileall -q -j 0 $(CODE)
	@touch $@

.venv-train/.stamp: requirements-train.txt | .tools/bin/uv
	python3.11 -m venv .venv-train
	.tools/bin/uv pip sync -q --compile-bytecode --python .venv-train/bin/python --require-hashes requirements-train.txt
	python3.11 -m pip --python .venv-train/bin/python install -q --disable-pip-version-check torch==2.13.0
	@touch $@

.venv-federated/.stamp: requirements-federated.txt | .tools/bin/uv
	python3.11 -m venv .venv-federated
	.tools/bin/uv pip sync -q --compile-bytecode --python .venv-federated/bin/python --require-hashes requirements-federated.txt
	python3.11 -m pip --python .venv-federated/bin/python install -q --disable-pip-version-check torch==2.13.0
	@touch $@

setup: .venv/.stamp history  ## Make .venv and the demo's 14 days of history

history: .venv/.stamp
	$(PY) -m runtime prepare

run: .venv/.stamp  ## Start everything (SPEED=60: plant time sixty times faster; RATE=20000: messages an hour)
	@$(PY) -m runtime prepare
	@exec $(PY) -m runtime demo --speed $(SPEED) $(if $(RATE),--messages-per-hour $(RATE))

services: .venv/.stamp  ## Install and start PostgreSQL, MariaDB, Mosquitto, RabbitMQ and Chromium for tests
	scripts/services start

test: services  ## Run every test
	scripts/test

check: .venv/.stamp  ## Format, lint, types, layers: what CI checks
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy $(CODE) tests
	.venv/bin/lint-imports --no-cache

bench: .venv/.stamp  ## Measure every figure of the README
	$(PY) -m runtime bench all

train: .venv-train/.stamp .venv/.stamp  ## Train the shipped models anew
	scripts/train

screenshots: .venv/.stamp  ## Draw docs/screenshots anew
	$(PY) -m scripts.screenshots $(if $(PREPARED),--prepared $(PREPARED))

lock: .tools/bin/uv  ## Compile requirements*.in to pinned and hashed requirements*.txt
	.tools/bin/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-find-links requirements.in -o requirements.txt
	.tools/bin/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-find-links -c requirements.txt requirements-dev.in -o requirements-dev.txt
	.tools/bin/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-find-links -c requirements.txt requirements-train.in -o requirements-train.txt
	.tools/bin/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-find-links requirements-federated.in -o requirements-federated.txt

clean:  ## Forget the demo's data
	rm -rf var build
