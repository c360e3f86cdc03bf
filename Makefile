# Builds, tests and packages fops; `make` alone lists what it can do. Everything is written below build/.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
# The suites share two cores and some of them measure time.
.NOTPARALLEL:
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PREFIX ?= /usr/local
DESTDIR ?=
NAMES ?= lxc ssh executor
VERSION = $(shell sed -n "s/^ *version: '\(.*\)',$$/\1/p" meson.build)
# Seconds that each fuzz target gets.
FUZZ_SECONDS ?= 60

RESULTS := build/results
PYTEST = PYTHONPYCACHEPREFIX=build/pycache $$(lab/venv) -m pytest -q --tb=short --strict-markers \
	-p no:cacheprovider --timeout=300 --color=no
# What a run must leave behind: one file per suite, named after it.
UNIT_SUITES := unit-dev unit-asan unit-clang fuzz
CONTRACT_SUITES := contract-dev contract-asan contract-static
INTEGRATION_SUITES := integration-dev integration-static
ALL_SUITES := $(UNIT_SUITES) $(CONTRACT_SUITES) $(INTEGRATION_SUITES) codegen lint
summary = tests/summary $(addprefix --expect ,$(1)) $(patsubst %,$(RESULTS)/%.xml,$(1))
forget = @mkdir -p $(RESULTS) && rm -f $(patsubst %,$(RESULTS)/%.xml,$(1))

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS=$$'\t' read -r name what; do \
		printf '  %-18s %s\n' "$$name" "$$what"; done

# --- builds: meson plans a folder once, ninja keeps it current ---------------------------------------------------------

configure = @test -e build/$(1)/build.ninja || { rm -rf build/$(1); $(2) meson setup build/$(1) $(3) >build/.$(1).log 2>&1 || \
	{ cat build/.$(1).log; rm -rf build/$(1); exit 1; }; }
compile = @ninja --quiet -C build/$(1)
setup = @packaging/setup $(1) && mkdir -p build

.PHONY: build
build: ## the development binary build/dev/fops (dynamic, gcc)
	$(call setup,build test)
	$(call configure,dev,CC=gcc,)
	$(call compile,dev)

# Instrumented code makes gcc see paths that do not exist.
FALSE_ALARMS := -Wno-format-truncation -Wno-format-overflow -Wno-null-dereference -Wno-maybe-uninitialized

.PHONY: build-asan
build-asan: ## build/asan/fops, under AddressSanitizer and UndefinedBehaviorSanitizer
	$(call setup,build test)
	$(call configure,asan,CC=gcc,-Db_sanitize=address$(comma)undefined -Db_lundef=false -Doptimization=1 \
		-Dc_args="$(FALSE_ALARMS)")
	$(call compile,asan)

.PHONY: build-clang
build-clang: ## build/clang/fops, by the second compiler
	$(call setup,build test)
	$(call configure,clang,CC=clang,)
	$(call compile,clang)

.PHONY: build-fuzz
build-fuzz: ## the fuzz targets below build/fuzz
	$(call setup,build test)
	$(call configure,fuzz,CC=clang,-Dfuzz=true -Dunit_tests=false -Db_sanitize=address$(comma)undefined -Db_lundef=false \
		-Dc_args=-fsanitize=fuzzer-no-link)
	$(call compile,fuzz)

.PHONY: static
static: ## the product binary build/static/fops (fully static against musl)
	$(call setup,build static)
	@libraries=$$(packaging/static/build-libraries); \
	packaging/static/machine-file "$$libraries" build/static.ld >build/static.ini.new; \
	if cmp -s build/static.ini.new build/static.ini; then rm build/static.ini.new; \
	else mv build/static.ini.new build/static.ini; rm -rf build/static; fi
	$(call configure,static,,--native-file=build/static.ini --buildtype=release -Dstatic_link=true -Dunit_tests=false)
	$(call compile,static)

comma := ,

# --- tests -------------------------------------------------------------------------------------------------------------

.PHONY: test
test: ## all suites; every one runs, the last line counts them
	@rm -rf $(RESULTS) && mkdir -p $(RESULTS)
	@for suite in unit-tests contract-tests integration-tests codegen-tests lint-tests; do \
		$(MAKE) --keep-going $$suite || echo "make: $$suite did not pass" >&2; \
	done; $(call summary,$(ALL_SUITES))

.PHONY: test-unit
test-unit: ## unit tests of three builds, and the fuzz targets for a moment each
	@$(MAKE) --keep-going unit-tests || true; $(call summary,$(UNIT_SUITES))

.PHONY: test-contract
test-contract: ## the command line against its contract: dynamic, sanitized and static binary
	@$(MAKE) --keep-going contract-tests || true; $(call summary,$(CONTRACT_SUITES))

.PHONY: test-integration
test-integration: ## against real neighbours on loopback, and with faults between
	@$(MAKE) --keep-going integration-tests || true; $(call summary,$(INTEGRATION_SUITES))

.PHONY: codegen-check
codegen-check: ## are the generated files current
	@$(MAKE) codegen-tests || true; $(call summary,codegen)

.PHONY: lint
lint: ## the rules of the house, and the analyzers
	@$(MAKE) --keep-going lint-tests || true; $(call summary,lint)

.PHONY: unit-tests contract-tests integration-tests codegen-tests lint-tests
unit-tests: run-unit-dev run-unit-asan run-unit-clang run-fuzz
contract-tests: run-contract-dev run-contract-asan run-contract-static
integration-tests: run-integration-dev run-integration-static

.PHONY: run-unit-dev run-unit-asan run-unit-clang run-fuzz
run-unit-dev run-unit-asan run-unit-clang: run-unit-%: build-%
	$(call forget,unit-$*)
	@tests/run-unit build/$* $(RESULTS)/unit-$*.xml

.PHONY: build-dev build-static
build-dev: build
build-static: static

run-fuzz: build-fuzz
	$(call forget,fuzz)
	@tests/run-fuzz build/fuzz 5 $(RESULTS)/fuzz.xml

.PHONY: run-contract-dev run-contract-asan run-contract-static
run-contract-dev run-contract-asan run-contract-static: run-contract-%: build-%
	$(call setup,test lab)
	$(call forget,contract-$*)
	@FOPS_BINARY=build/$*/fops $(PYTEST) -n 2 -o junit_suite_name=contract-$* --junitxml=$(RESULTS)/contract-$*.xml \
		$(wildcard tests/cli tests/contract)

.PHONY: run-integration-dev run-integration-static
run-integration-dev: build-dev
	$(call setup,test lab)
	$(call forget,integration-dev)
	@FOPS_BINARY=build/dev/fops $(PYTEST) -o junit_suite_name=integration-dev --junitxml=$(RESULTS)/integration-dev.xml \
		tests/lab tests/fault

run-integration-static: build-static
	$(call setup,test lab)
	$(call forget,integration-static)
	@FOPS_BINARY=build/static/fops $(PYTEST) -m static -o junit_suite_name=integration-static \
		--junitxml=$(RESULTS)/integration-static.xml tests/lab tests/fault

codegen-tests: build-dev
	$(call forget,codegen)
	@tests/as-junit codegen $(RESULTS)/codegen.xml tests/codegen check build/dev/fops

# A lint that needs a binary fails by itself when there is none, so that the others still speak.
lint-tests:
	$(call setup,test lint lab)
	$(call forget,lint)
	@$(MAKE) build || true
	@$(MAKE) static || true
	@$(PYTEST) -o junit_suite_name=lint --junitxml=$(RESULTS)/lint.xml tests/lint

.PHONY: codegen
codegen: build ## write the generated files anew
	@tests/codegen write build/dev/fops

.PHONY: fuzz
fuzz: build-fuzz ## the fuzz targets, FUZZ_SECONDS each (default 60)
	@mkdir -p $(RESULTS)
	@tests/run-fuzz build/fuzz $(FUZZ_SECONDS) $(RESULTS)/fuzz.xml || true; $(call summary,fuzz)

.PHONY: bench
bench: build static ## the table of speeds
	$(call setup,test lab)
	@tests/bench/bench

.PHONY: demo
demo: ## the main job on real neighbours, in about three minutes
	$(call setup,build test lab)
	$(call configure,dev,CC=gcc,)
	@ninja --quiet -C build/dev fops
	@tests/demo

# --- the topology, for wrappers -----------------------------------------------------------------------------------------

# Another program than the one that `make build` makes, a consumer, and further words. What is read says FOPS_TOPOLOGY,
# FOPS_CONTEXT, or ARGS. make itself ends with 2 on every failure, so the status of fops stands in the last line but one.
FOPS ?= build/dev/fops
CONSUMER ?=
ARGS ?=
infra_needs := $(if $(filter file,$(origin FOPS)),infra-build)
infra = @status=0; "$(FOPS)" infra $(1) $(2) $(ARGS) || status=$$?; \
	test $$status -eq 0 || echo "fops infra $(1): exit $$status" >&2; exit $$status
consumer = @test -n "$(CONSUMER)" || { echo "make $@ CONSUMER=NAME: the consumer is not named" >&2; exit 2; }

# standard output belongs to what fops answers
.PHONY: infra-build
infra-build:
	@$(MAKE) build >&2

.PHONY: infra-validate infra-generate-env infra-env-check infra-apply-ssot
infra-validate: $(infra_needs) ## fops infra validate: every document and every rule of the topology
	$(call infra,validate)

infra-generate-env: $(infra_needs) ## fops infra generate-env: make infra-generate-env CONSUMER=NAME ARGS="--into FILE"
	$(consumer)
	$(call infra,generate-env,$(CONSUMER))

infra-env-check: $(infra_needs) ## fops infra env-check: make infra-env-check CONSUMER=NAME ARGS="--file FILE"
	$(consumer)
	$(call infra,env-check,$(CONSUMER))

infra-apply-ssot: $(infra_needs) ## fops infra apply-ssot: make infra-apply-ssot CONSUMER=NAME ARGS=--dry-run
	$(call infra,apply-ssot,$(CONSUMER))

# --- lab, packages -----------------------------------------------------------------------------------------------------

.PHONY: lab-up lab-down
lab-up: ## start neighbours: make lab-up NAMES="lxc ssh"
	$(call setup,lab)
	@lab/lab up $(NAMES)

lab-down: ## stop all neighbours
	@lab/lab down

.PHONY: install
install: static ## install the product binary, manual and completions below DESTDIR and PREFIX
	@meson configure build/static -Dprefix="$(PREFIX)"
	$(call compile,static)
	@DESTDIR="$(DESTDIR)" meson install -C build/static --no-rebuild --quiet --strip

# The SBOM holds the digest of the binary, so it is stripped before it is packaged.
strip_product = @mkdir -p build/product && strip -o build/product/fops build/static/fops

.PHONY: deb
deb: static ## a Debian package of the product binary
	$(call setup,package)
	$(call strip_product)
	@packaging/deb/build build/product/fops $(VERSION) build

.PHONY: dist
dist: static ## a tarball of the product binary, with checksums and SBOM
	$(call setup,package)
	$(call strip_product)
	@packaging/tarball build/product/fops $(VERSION) build

.PHONY: clean
clean: ## remove everything built
	@test ! -x build/venv/bin/python || lab/lab down >/dev/null
	@rm -rf build
