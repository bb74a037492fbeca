# SPDX-License-Identifier: BSL-1.0
# The front door. Each target first installs what is missing (scripts/setup) and then calls CMake's
# presets; whoever prefers them uses `cmake --preset dev` and so on directly.

.DEFAULT_GOAL := help
.PHONY: help demo test test-all laws scenarios faults soak bench bench-quick docs lint format

export CMAKE_GENERATOR ?= $(if $(shell command -v ninja),Ninja,Unix Makefiles)
CRAWLER := build/release/examples/crawler/crawler
SOURCES := git ls-files '*.hpp' '*.cpp'

help:
	@echo "make demo [SITE=DIR | URL=http://...]  crawl a made-up site, a directory or a server"
	@echo "make test       g++ 12, and clang 19 with address and undefined-behaviour sanitizers; epoll and io_uring"
	@echo "make test-all   also clang without and g++ with sanitizers, thread sanitizer, no optimisation, clang 16; both backends in each"
	@echo "make laws       which tests prove which promise, and at how many points they cancelled"
	@echo "make scenarios  for each scenario its tests, how many passed, and its page of the guide"
	@echo "make faults     what tests break on purpose, and what comes of each"
	@echo "make soak [MINUTES=10] [SEED=1]        random programs against a model, with memory that has to stay flat"
	@echo "make bench [BENCH=row,row] [ROUNDS=3]  eddy beside its peers and bare C: tables, JSON and a chart"
	@echo "make bench-quick [RECORD=1]            instructions a unit of each row against recorded budgets"
	@echo "make docs       the guide and the reference of the headers as one site, build/docs/site"
	@echo "make lint       layout, clang-tidy, layering, links, each header alone"
	@echo "make format     lays out all sources"

demo:
	@scripts/setup demo
	@scripts/build_targets release crawler
	@$(CRAWLER) demo $(if $(SITE),--site "$(SITE)") $(if $(URL),--url "$(URL)")

test:
	@scripts/setup test
	@scripts/run_preset dev asan-clang

test-all: export EDDY_TEST_BACKENDS := epoll;io_uring
test-all:
	@scripts/setup test-all
	@scripts/run_preset dev dev-clang asan asan-clang tsan tsan-clang o0 o0-clang clang16

# Only one preset: what explore() went through is counted once.
laws:
	@scripts/setup test
	@scripts/run_preset dev; result=$$?; scripts/laws build/dev build/dev.explore.log && exit $$result

scenarios:
	@scripts/setup test
	@scripts/run_preset dev; result=$$?; scripts/scenarios build/dev && exit $$result

faults:
	@scripts/setup test
	@scripts/run_preset dev; result=$$?; scripts/faults build/dev && exit $$result

soak: export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell nproc)
soak:
	@scripts/setup test
	@mkdir -p build; cmake --preset dev >build/soak.log && cmake --build --preset dev --target eddy_soak >>build/soak.log || \
	  { tail -n 40 build/soak.log; exit 1; }
	@build/dev/tests/soak/eddy_soak --minutes $(or $(MINUTES),10) --seed $(or $(SEED),1)

# An hour at most. BENCH is how the wanted rows' names begin; all rows when it is empty.
comma := ,
bench:
	@scripts/setup bench
	@scripts/build_targets release eddy_benchmarks
	@bench/run --rounds $(or $(ROUNDS),3) $(subst $(comma), ,$(BENCH))

bench-quick:
	@scripts/setup bench-quick
	@scripts/build_targets dev bench_heart
	@bench/quick $(if $(RECORD),--record) build/dev/bench/heart/bench_heart

docs:
	@scripts/setup docs
	@scripts/docs

lint:
	@scripts/setup lint
	@scripts/lint

# The rest of what check_tree looks at is for lint to report.
format:
	@scripts/setup format
	@scripts/check_tree --fix >/dev/null || true
	@$(SOURCES) | xargs clang-format-19 -i
