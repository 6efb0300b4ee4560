# The project's own Node comes with its packages and is found first, whatever Node the machine has. With a SHELL that is
# not the default one, old versions of make look commands up in this PATH too, and not in their own.
SHELL := /bin/bash
MACHINE_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# A third of the CPU time of a start is compiling the packages, and six processes start at once.
start import demo build: export NODE_COMPILE_CACHE := $(CURDIR)/node_modules/.cache/node

INSTALLED := node_modules/.installed
BUILT := dist/.built
SOURCES := $(shell find $(wildcard apps libs scripts bench) -type f \( -name '*.ts' -o -name '*.json' \) ! -name '*.test.ts')

.PHONY: .env help start test import demo backup restore engines lint build up down clean

help: .env $(INSTALLED)
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

start: .env $(BUILT) ## Starts everything, the indexer too when ELASTICSEARCH_URL is set; Ctrl-C ends it.
	@exec node dist/scripts/start.js

test: .env engines $(BUILT) ## Runs every test; gets the real engines first.
	@node scripts/test.ts

import: .env $(BUILT) ## Loads bands, venues, events and concerts: make import FROM=folder-or-file
	@exec node dist/scripts/import.js $(if $(FROM),--from '$(FROM)')

demo: .env $(BUILT) ## Fills the store with generated concerts: make demo CONCERTS=20000
	@exec node dist/scripts/demo.js $(if $(CONCERTS),--concerts '$(CONCERTS)')

backup: .env $(BUILT) ## Copies the embedded stores, while everything runs: make backup TO=folder [REPLACE=1]
	@exec node dist/scripts/backup.js $(if $(TO),--to '$(TO)') $(if $(REPLACE),--replace)

restore: .env $(BUILT) ## Puts a backup back, while nothing runs: make restore FROM=folder [REPLACE=1]
	@exec node dist/scripts/restore.js $(if $(FROM),--from '$(FROM)') $(if $(REPLACE),--replace)

engines: $(INSTALLED) ## Gets the MongoDB and the Elasticsearch that the tests run against, into .engines.
	@node scripts/engines.ts

lint: $(INSTALLED) ## Checks format, code, types, import rules, unused code and the compose file.
	@npm run --silent lint
	@if docker compose version > /dev/null 2>&1; then docker compose config --quiet; \
	else echo 'docker-compose.yml is not checked: docker compose is not installed here.'; fi

build: $(BUILT) ## Compiles everything into dist.

up: .env ## Starts everything in containers; with a search index: make up SEARCH=1
	@$(if $(SEARCH),READ_MODEL=elasticsearch )docker compose $(if $(SEARCH),--profile search )up --build --detach --wait

down: ## Ends what "make up" started; the data stay in their volumes.
	@docker compose --profile search down

clean: ## Removes what was built, never data.
	@rm -rf dist coverage

.env:
	@bash scripts/env-file.sh

# npm replaces node_modules, so it runs on the machine's Node. No package may need an install script: `make lint` checks it.
$(INSTALLED): package-lock.json
	@echo 'installing the packages, which takes a minute or two the first time ...' >&2
	@PATH='$(MACHINE_PATH)' npm ci --ignore-scripts --include=dev --include=optional --loglevel=error
	@touch $@

$(BUILT): $(SOURCES) package.json tsconfig.json tsconfig.build.json $(INSTALLED)
	@echo 'compiling ...' >&2
	@npm run --silent build
	@touch $@
