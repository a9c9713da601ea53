# Every command of this project; `make help` lists them. Needs Python 3.11 or newer and make.
.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/sh

PORT ?= 8000
# The first that runs: a version manager may list one that it doesn't have.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && command -v $$p && break; done)
BIN := .venv/bin
# Named after what was installed: another set of pins is another file, the same set is nothing to do.
BASE := .venv/installed-base-$(shell cksum < requirements/base.txt | tr -d ' \t')
DEV := .venv/installed-dev-$(shell cksum < requirements/dev.txt | tr -d ' \t')
# The pins are complete, so nothing is looked up beside them: in hash mode older pips (23.0 to 23.2) would want the
# extras of what is installed pinned by their extras' names too. `pip check` says whether anything is missing.
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input --only-binary :all: --no-deps --require-hashes
FRENCH := admin_center/locale/fr/LC_MESSAGES/django.po
# An environment in which the production settings load, for tools that only read them.
PRODUCTION = SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_hex(32))') \
  ORIGIN=https://console.example ALLOWED_HOSTS=console.example EMAIL_URL=smtp+tls://mail.example:587 \
  PAYMENT_PROVIDER=tests.providers.Unreachable \
  SELLER_NAME='Vendor SAS' SELLER_COUNTRY=FR SELLER_ADDRESS='12 rue des Exemples' SELLER_CITY=Toulouse \
  SELLER_POSTAL_CODE=31000 SELLER_VAT_NUMBERS=FR:34999888779 SELLER_IBAN=FR1420041010050500013M02606 \
  SELLER_TERMS_URL=https://vendor.example/terms SELLER_TERMS_VERSION=1

.PHONY: help
help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# --- Using it ---------------------------------------------------------------------------------

.PHONY: run
run: $(BASE)  ## serve the demo on this machine (PORT=8000)
	@exec env DEMO=1 PORT=$(PORT) $(BIN)/python manage.py serve --demo

.PHONY: demo
demo: $(BASE)  ## load the demo, or bring it up to date, and print who can sign in
	@DEMO=1 PORT=$(PORT) $(BIN)/python manage.py prepare --demo

# --- Saying yes or no -------------------------------------------------------------------------

.PHONY: test
test: $(DEV) chromium  ## run every test, with a database and a real browser
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist worksteal --durations 10 --durations-min 1

.PHONY: fast
fast: $(DEV)  ## run the tests of the rules, which need no database
	$(BIN)/python -m pytest -q -c tests/rules/alone.ini tests/rules

.PHONY: check
check: $(DEV) gettext  ## format, lint, walls, types, settings, messages, pins: in order of speed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	git ls-files -z -- 'templates/*.html' | xargs -0 $(BIN)/djade --check --target-version 5.2
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/lint-imports
	$(PRODUCTION) $(BIN)/python -W error manage.py check --deploy --fail-level WARNING
	TESTING=1 $(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m pytest -q tests/tree
	TESTING=1 $(BIN)/mypy
	$(BIN)/python -m pytest -q -c tests/rules/alone.ini tests/rules tests/sweeps/test_decisions.py --cov=accounts/rules --cov=billing/rules --cov-branch --cov-fail-under=100 --cov-report=term-missing:skip-covered

.PHONY: soak
soak: $(DEV) chromium  ## run the tests at their full size, and change the rules to see tests fail (long)
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist worksteal -m 'soak or not soak'
	$(BIN)/mutmut run
	$(BIN)/python -m tests.guards

.PHONY: bench
bench: $(DEV)  ## measure pages against an empty one, and many accounts against few
	$(BIN)/python -m tests.bench

.PHONY: load
load: $(DEV)  ## let 8, 64 and 256 clients in at once, and see that all are answered in time
	$(BIN)/python -m tests.load

# --- Keeping it -------------------------------------------------------------------------------

.PHONY: messages
messages: $(DEV) gettext  ## collect the texts to translate, and compile the translations
	TESTING=1 $(BIN)/python manage.py makemessages --locale fr --ignore tests --ignore mutants --no-obsolete --no-wrap --add-location file
	sed -i.old '/^"POT-Creation-Date/d' $(FRENCH) && rm $(FRENCH).old
	$(BIN)/pybabel --quiet compile --directory admin_center/locale --domain django

.PHONY: tour
tour: $(DEV) chromium  ## take the pictures of the README anew
	$(BIN)/python -m tests.browser.tour

.PHONY: requirements
requirements: $(DEV)  ## pin what pyproject.toml names, with hashes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv lock --quiet
	$(BIN)/uv export --quiet --frozen --format requirements-txt --no-header --no-emit-project --no-dev --output-file requirements/base.txt
	$(BIN)/uv export --quiet --frozen --format requirements-txt --no-header --no-emit-project --no-dev --extra stripe --output-file requirements/stripe.txt
	$(BIN)/uv export --quiet --frozen --format requirements-txt --no-header --no-emit-project --output-file requirements/dev.txt

.PHONY: clean
clean:  ## remove what the commands made, but not the data
	rm -rf .venv staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov mutants

# --- What the commands need -------------------------------------------------------------------

.venv/bin/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: install it, or name it, as in PYTHON=/opt/python3.12/bin/python3"; exit 1; }
	@echo "Making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python has no venv module here. On Debian: apt-get install python3-venv"; exit 1; }

$(BASE): | .venv/bin/python
	@echo "Installing requirements/base.txt"
	@$(PIP) -r requirements/base.txt
	@$(BIN)/python -m pip --disable-pip-version-check check > /dev/null || { $(BIN)/python -m pip check; exit 1; }
	@rm -f .venv/installed-base-* && touch $@

$(DEV): | .venv/bin/python
	@echo "Installing requirements/dev.txt"
	@$(PIP) -r requirements/dev.txt
	@$(BIN)/python -m pip --disable-pip-version-check check > /dev/null || { $(BIN)/python -m pip check; exit 1; }
	@rm -f .venv/installed-* && touch $@ $(BASE)

.PHONY: chromium gettext
chromium:
	@[ -n "$$CHROMIUM" ] || command -v chromium > /dev/null || \
	{ $(call system,chromium-headless-shell,chromium-headless-shell,The browser tests need Chromium: install it and name it as in CHROMIUM=/usr/bin/chromium); }
gettext:
	@$(call system,xgettext,gettext,GNU gettext is needed to compare the texts with their translations)

# Find a program ($1), or install its Debian package ($2) where that needs nobody's password, or say why ($3).
define system
command -v $(1) > /dev/null && exit 0; \
as_root=; [ "$$(id -u)" = 0 ] || as_root="sudo -n"; \
if command -v apt-get > /dev/null && $$as_root true 2> /dev/null; then \
  echo "Installing $(2)"; \
  { $$as_root apt-get update -qq && $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(2); } > /dev/null < /dev/null; \
  command -v $(1) > /dev/null && exit 0; \
fi; \
echo "$(3) (Debian: apt-get install $(2))."; exit 1
endef
