# The verbs.  Meson builds the program; this file makes its pages first and
# notices new files.  `make` installs nothing: tool/deps.sh does.
SOURCES := $(sort $(wildcard src/*.c src/*/*.[ch] src/*/*.sql features/*/*.[ch] features/*/*.sql test/*.[ch] test/*/*.[ch]))
PAGES := $(shell find web features/LIST features/*/ui tool/vite* -type f -not -path '*/node_modules/*' 2>/dev/null)
SETUP := build/sources meson.build meson_options.txt test/meson.build build/gen/assets.c
ASAN := -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 -Ddebug=true

.PHONY: all run test asan fuzz bench format dev clean FORCE

all: build/build.ninja
	@ninja -C build --quiet wangge

run:
	@tool/run.sh

test:
	@tool/test.sh

# The same program and its tests, by clang, with sanitizers.
asan: build/asan/build.ninja
	@ninja -C build/asan --quiet

# Each parser of foreign bytes for a while: make fuzz EACH=3600
fuzz: build/fuzz/build.ninja
	@ninja -C build/fuzz --quiet
	@for t in test/fuzz/*.c; do test -e $$t || { echo 'test/fuzz holds no targets'; break; }; n=$$(basename $$t .c); \
	    mkdir -p build/fuzz/found/$$n test/fuzz/seeds/$$n && echo "fuzz $$n" && \
	    build/fuzz/test/fuzz_$$n -max_total_time=$(or $(EACH),60) -timeout=10 -artifact_prefix=build/fuzz/$$n- \
	        build/fuzz/found/$$n test/fuzz/seeds/$$n || exit 1; done

bench: all
	@for t in test/bench/*.sh test/bench/*.mjs; do test -e $$t && { echo "bench $$t"; $$t || exit 1; }; done; true

format:
	@node test/check/format.mjs --fix

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
