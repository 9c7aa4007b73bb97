# `make` alone names the targets. What they do is engine/: this file is its table of contents.

PYTHON ?= python3
ENGINE = $(PYTHON) -m engine
BIN = .venv/bin
export PYTHONDONTWRITEBYTECODE = 1
COVERED = 84  # per cent of slipway/, engine/ and tasks/ at least; what runs in containers is not seen

# Variables given to make reach the engine: make up IMAGE_BASE=debian:trixie-slim
export IMAGE TAG IMAGE_BASE SUITE REGISTRY COSIGN_KEY

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { \
		n = split($$2, words, " "); line = sprintf("make %-12s", $$1); \
		for (i = 1; i <= n; i++) { \
			if (length(line) + length(words[i]) >= 80) { print line; line = sprintf("%17s", "") } \
			line = line " " words[i] } \
		print line }' Makefile

.PHONY: up
up: ## engine, base image, image and container; ends with the ssh line
	@$(ENGINE) up

.PHONY: down
down: ## removes the container; the workspace and config/ stay
	@$(ENGINE) down

.PHONY: shell
shell: ## a login shell in the container
	@$(ENGINE) shell

.PHONY: logs
logs: ## follows what the container says
	@$(ENGINE) logs

.PHONY: build
build: ## the image: IMAGE=slipway/base TAG=dev IMAGE_BASE=debian:bookworm-slim
	@$(ENGINE) build

.PHONY: images
images: ## the base image, and all of images/ on it: slipway/NAME:dev; TAG=dev IMAGE_BASE=...
	@$(ENGINE) images

.PHONY: update
update: ## the image anew, from today's base and packages; image.lock has both
	@$(ENGINE) update

.PHONY: sbom
sbom: build ## what is in the image, as SPDX 2.3: build/sbom.spdx.json
	@$(ENGINE) sbom

.PHONY: push
push: build ## the image to a registry, with its version's tags: REGISTRY=registry.example/you
	@$(ENGINE) push

.PHONY: sign
sign: ## what was pushed last, by cosign: COSIGN_KEY=..., or keyless without
	@$(ENGINE) sign

.PHONY: base
base: ## the base image, pulled or made from Debian's packages: SUITE=bookworm or trixie
	@$(ENGINE) base

.PHONY: engine
engine: ## a Docker engine that answers; as root, installs and starts one
	@$(ENGINE) engine

.PHONY: engine-down
engine-down: ## stops the engine, if make started it
	@$(ENGINE) engine-down

# Machines are shared: what failed beside other tests has one more try without any, and is named
ALONE = $(BIN)/pytest --last-failed --last-failed-no-failures=none --maxfail=1 --verbose

.PHONY: test
test: images browser podman compose .venv/.stamp ## every test, and how much of the code they run: 25 to 45 minutes
	@echo 'every test takes 25 to 45 minutes on two processors; CONTRIBUTING.md says how to run a part'
	$(BIN)/pytest --numprocesses 2 --dist loadfile --cov --cov-report= --cov-fail-under=$(COVERED) \
		|| { test $$? -eq 1 && $(ALONE); }

.PHONY: browser
browser: ## chromium, which some tests drive: installed as root on Debian, else they are skipped
	@$(ENGINE) browser

.PHONY: podman
podman: ## podman, in which some tests run: installed as root on Debian, else they are skipped
	@$(ENGINE) podman

.PHONY: compose
compose: ## Compose, in which some tests run: installed as root on Debian, else they are skipped
	@$(ENGINE) compose

.PHONY: check
check: .venv/.stamp ## ruff, mypy --strict, shellcheck, imports, and what the documents say of the code
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@said=$$($(BIN)/lint-imports --no-logo --no-cache 2>&1) || { echo "$$said"; exit 1; }
	$(BIN)/python -m engine.readme --check
	$(BIN)/python -m engine.architecture --check
	$(BIN)/python -m engine.reference --check
	$(BIN)/python -m engine.extended --check
	git grep -lE '^#!/bin/(ba)?sh|^#!/usr/bin/env (ba)?sh' -- ':!*.j2' | xargs $(BIN)/shellcheck

.PHONY: bench
bench: build .venv/.stamp ## Slipway against its peers: a table, bench/results.json, a chart; QUICK=1, VAST=path
	$(BIN)/python -m bench $(if $(QUICK),--quick) $(if $(VAST),--vast "$(VAST)")

.PHONY: readme
readme: .venv/.stamp ## what the documents and templates say of the code, from the code
	$(BIN)/python -m engine.readme
	$(BIN)/python -m engine.architecture
	$(BIN)/python -m engine.reference
	$(BIN)/python -m engine.extended

.PHONY: lock
lock: ## the lock files anew, from requirements*.in
	$(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet --only-binary :all: uv
	for name in requirements requirements-build requirements-dev images/*/slipway/requirements; do \
		build/uv/bin/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
			--no-emit-index-url --custom-compile-command 'make lock' \
			$$name.in -o $$name.lock || exit; \
	done

.venv/.stamp: requirements-dev.lock pyproject.toml
	@$(ENGINE) venv
