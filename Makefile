# Everything one does with Courtyard. Needs only Python 3.11 or newer; `make` alone lists what it can do.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PORT ?= 8000
HOST ?= 127.0.0.1
VAR_DIR ?= var
PY := .venv/bin/python
MANAGE := $(PY) manage.py
# The first Python here that is new enough; the packaged Redis has no wheel for 3.13 yet, so the older ones come first.
PYTHON ?= $(shell for candidate in python3.11 python3.12 python3 python3.13 python; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$candidate && break; done)

.PHONY: help install install-dev demo test check kill bench starter reset lock screenshots messages

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

install: ## Make .venv and install the locked packages and the weights (once; needs the internet)
	@test -n "$(PYTHON)" || { echo "Courtyard needs Python 3.11 or newer; install it, or say where: make $@ PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) requirements/install.py base models

install-dev: install
	@$(PYTHON) requirements/install.py dev

demo: install ## Start the whole site with demo people at http://localhost:8000 (PORT=… for another port; ctrl-C stops it)
	@DEMO=1 HOST=$(HOST) PORT=$(PORT) $(MANAGE) demo

# Tests have engines of their own, so that they never touch the queue or the cache of a site that runs from this folder.
test: export VAR_DIR := $(CURDIR)/var/test
test: install-dev ## Run the tests; those in a browser join where a Chromium is found (ARGS=… goes to pytest)
	@mkdir -p var/models var/test && ln -sfn ../models var/test/models
	@$(MANAGE) compilemessages
	@$(MANAGE) prepare_models
	@$(PY) -m pytest $(ARGS)

check: install-dev ## Look at the code without running the site: style, types, walls, migrations, settings, templates
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(MANAGE) makemigrations --check --dry-run
	HTTPS=1 ALLOWED_HOSTS=example.org $(MANAGE) check --deploy --fail-level WARNING
	$(PY) -m pytest tests/house -m "not processes"

kill: install-dev ## Kill web, worker, PostgreSQL and Redis while 500 posts and likes are written, and count what is lost
	@$(PY) -m tests.kill.run

bench: install-dev ## Measure speed and quality; tables on the screen, JSON in benchmarks/results
	@for name in embedding scoring home training seeded explanation town ml100k mind reddit; do $(PY) "benchmarks/$$name.py" || exit 1; done

starter: install-dev ## Make the ranker that is shipped anew: fifteen minutes of rehearsed days in var/rehearsal, then training
	@mkdir -p var/models var/rehearsal && ln -sfn ../models var/rehearsal/models
	@YES=1 $(MAKE) --no-print-directory reset VAR_DIR=var/rehearsal
	@VAR_DIR=var/rehearsal $(MANAGE) migrate --verbosity 0
	@VAR_DIR=var/rehearsal $(MANAGE) rehearse

reset: ## Forget the database, the queue and the uploaded files (models stay); asks first, YES=1 does not
	@sh -c 'test -n "$(YES)" || { printf "Remove the database, the queue and all uploads under $(VAR_DIR)/? [y/N] "; read answer; test "$$answer" = y; }'
	@test ! -x $(PY) || $(PY) -P socialsite/embedded.py stop all $(VAR_DIR)
	@cd $(VAR_DIR) 2>/dev/null || exit 0; rm -rf postgres postgres.new postgres.password redis redis.damaged-* run media celerybeat-schedule*
	@echo "Everything is forgotten; make demo starts anew."

lock: install-dev ## Pin the newest versions that fit requirements/*.in
	@requirements/lock.sh

screenshots: install-dev ## Take the pictures of the README in a Chromium
	@$(PY) docs/screenshots.py

messages: install-dev ## Collect what is to be translated (needs GNU gettext) and compile the translations
	@$(MANAGE) makemessages --locale zh_Hans --ignore .venv --ignore var --no-wrap --add-location file
	@$(MANAGE) makemessages --domain djangojs --locale zh_Hans --ignore .venv --ignore var --no-wrap --add-location file
	@$(MANAGE) compilemessages
