# The verbs.  Meson builds the program; this file makes its pages first and
# notices new files.  `make` installs nothing: tool/deps.sh does.
SOURCES := $(sort $(wildcard src/*.c src/*/*.[ch] src/*/*.sql features/*/*.[ch] features/*/*.sql test/*.[ch] test/*/*.[ch]))
PAGES := $(shell find web features/LIST features/*/ui tool/vite* -type f -not -path '*/node_modules/*' 2>/dev/null)
SETUP := build/sources meson.build meson_options.txt test/meson.build build/gen/assets.c
ASAN := -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 -Ddebug=true

.PHONY: all install deb run test asan fuzz fault bench mutants format dev clean FORCE

all: build/build.ninja
	@ninja -C build --quiet wangge

run:
	@tool/run.sh

test:
	@tool/test.sh

# The same program and its tests, by clang, with sanitizers.
asan: build/asan/build.ninja
	@ninja -C build/asan --quiet

# Each parser of foreign bytes for a while: make fuzz EACH=3600 ONLY='json http'
fuzz: build/fuzz/build.ninja
	@ninja -C build/fuzz --quiet
	@test/fuzz/run.sh $(or $(EACH),600) $(ONLY)

# Every fault at length: a hundred kills, two hundred power cuts …: make fault ONLY='power damage'
fault: all
	@rm -rf build/fault && mkdir -p build/fault
	@build/wangge drill --city 4405 --people 20000 --days 2 --until 2020-02-09 --store sqlite:build/fault/wangge.db > build/fault/said
	@sed -n 's/^account //p' build/fault/said > build/fault/accounts
	@bad=0; for t in $(or $(ONLY),$(patsubst test/fault/%.spec.mjs,%,$(wildcard test/fault/*.spec.mjs))); do echo "fault $$t"; \
	    FAULT_LONG=1 TEST_CITY=build/fault node test/fault/$$t.spec.mjs || bad=1; done; exit $$bad

# Figures beside bare loops and bare servers: make bench ONLY=ingest PEOPLE=200000 (test/bench/README.md).
# Small defects in a copy of the tree, one at a time: make mutants ONLY='dropped-counter …'
mutants: all
	@node tool/mutants.mjs $(ONLY)

bench: all
	@ninja -C build --quiet test/bench
	@node test/bench/bench.mjs

format:
	@node test/check/format.mjs --fix

# PREFIX is /usr/local unless said; DESTDIR goes before it for whoever packs.
install: all
	@meson configure build -Dprefix=$(or $(PREFIX),/usr/local)
	@ninja -C build --quiet wangge wangge.1 > build/install.log || { cat build/install.log; exit 1; }
	@DESTDIR='$(DESTDIR)' meson install -C build --no-rebuild --quiet

# A Debian package; tool/deps.sh deb installs what it takes.
deb: build/gen/assets.c
	@tool/deb.sh

# Pages from Vite as they are edited, data from the program.
dev: all
	@tool/run.sh dev

clean:
	@rm -rf build

build/sources: FORCE
	@mkdir -p build
	@echo '$(SOURCES)' | cmp -s - $@ || echo '$(SOURCES)' > $@

web/node_modules: web/package-lock.json
	@tool/deps.sh check pages

build/web.made: $(PAGES) | web/node_modules
	@mkdir -p build
	@(cd web && npm run --silent build) > build/web.log 2>&1 || { cat build/web.log; exit 1; }
	@touch $@

build/gen/assets.c: build/web.made tool/embed.mjs
	@mkdir -p build/gen
	@node tool/embed.mjs build/web $@

setup = $(2) meson setup $(if $(wildcard $@),--reconfigure) $(1) > build/setup.log 2>&1 || { cat build/setup.log; exit 1; }; touch $@

build/build.ninja: $(SETUP)
	@tool/deps.sh check run
	@$(call setup,build)

build/asan/build.ninja: $(SETUP)
	@tool/deps.sh check test
	@$(call setup,build/asan $(ASAN),CC=clang)

build/fuzz/build.ninja: $(SETUP)
	@tool/deps.sh check test
	@$(call setup,build/fuzz $(ASAN) -Dc_args=-fsanitize=fuzzer-no-link,CC=clang)
