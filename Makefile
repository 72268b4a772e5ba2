# Each target calls one program; `make up PYTHON=python3.12` picks another interpreter.
PYTHON ?= python3
RUN := $(PYTHON) -m local.bootstrap

.PHONY: up down status test lint bench clean lock

up: ; @$(RUN) -m local.environment up
down: ; @$(RUN) -m local.environment down
status: ; @$(RUN) -m local.environment status
clean: ; @$(RUN) -m local.environment clean
test: ; @$(RUN) -m pytest -n auto --dist loadfile
lint: ; @$(RUN) -m local.lint
bench: ; @$(RUN) -m benchmarks
lock: ; @$(RUN) -m local.lock
