# Each target calls one program; `make up PYTHON=python3.12` picks another interpreter.
PYTHON ?= python3
RUN := $(PYTHON) -m local.bootstrap

# What the database does for the project, from migrations to archives.
DATABASE_TESTS := tests/sql_templates tests/strata/partitions tests/strata/archives \
	$(addprefix tests/strata/test_,bootstrap.py hostile_life.py migrations.py tenant_session.py)

.PHONY: up down status test test-oldest lint bench clean lock

up: ; @$(RUN) -m local.environment up
down: ; @$(RUN) -m local.environment down
status: ; @$(RUN) -m local.environment status
clean: ; @$(RUN) -m local.environment clean
test: ; @$(RUN) -m pytest -n auto --dist loadfile
test-oldest: ; @$(RUN) -m local.postgres.oldest -m pytest -n auto --dist loadfile $(DATABASE_TESTS)
lint: ; @$(RUN) -m local.lint
bench: ; @$(RUN) -m benchmarks
lock: ; @$(RUN) -m local.lock
