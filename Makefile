# The two commands of a newcomer: `make tour` and `make test`. By hand: `make console` is a gateway, `make pos` a till beside it. `make test-all` tests the rest,
# `make soak` runs the long sizes, `make fuzz` the fuzz targets, `make bench` the benchmarks, `make slow-day` a long day, `make fleet` a fleet; `make capi` and
# `make install` are for C and C++ (docs/c-api.md); `make arm`, `make size` and `make board` for the board; `make dist`,
# `make firmware` and `make sbom` for firmware's build systems (docs/packaging.md).

CARGO ?= cargo
# Where the OpenSSL headers are missing, OpenSSL is built from source. This says so.
FEATURES := $(shell ci/openssl-feature)
export CARGO_TERM_COLOR ?= auto

# The C libraries: where they go, for which Rust target (empty: this machine), with which features.
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
TARGET ?=
capi install: export PREFIX := $(PREFIX)
capi install: export LIBDIR := $(LIBDIR)
capi install: export DESTDIR := $(DESTDIR)
capi install: export TARGET := $(TARGET)

.PHONY: tour console pos test test-all soak fuzz slow-day fleet bench arm size board capi install header dist firmware sbom licences money pictures

tour:
	@ci/openssl-feature --say
	@echo "building (about a minute the first time)"
	$(CARGO) run --quiet --locked $(FEATURES) --example tour

# The simulator, until Ctrl-C.
console:
	@ci/openssl-feature --say
	@echo "building (about a minute the first time)"
	$(CARGO) run --quiet --locked -p wxpay-simulator -- --bills-at-once

# A till in the terminal, for the simulator of `make console` in another one.
pos:
	@ci/openssl-feature --say
	@echo "building (about a minute the first time)"
	$(CARGO) run --quiet --locked $(FEATURES) --features sqlite --example pos

test:
	@ci/openssl-feature --say
	@ci/test

# The rest, which takes longer: every feature set, OpenSSL from source, the long sizes, sanitizers, counted instructions.
test-all: test
	@ci/test-all

# Builds for a 32-bit ARM board, runs that in an emulator, and holds the size budget. Debian 12 on x86_64, as root.
arm:
	@ci/arm

# All sizes of docs/footprint.md. The same machine; OpenSSL is compiled for ARM on the way.
size:
	@ci/size-budget --all

# The memory of docs/footprint.md, on an emulated board of 64 MiB. The same machine.
board:
	@ci/board --tour

# The fault simulations, the crash tests and the search of the rules at length: 100,000 payments and 100,000 lives a gateway, 5,000 kills each.
soak:
	WXPAY_SIMULATED=100000 WXPAY_WAYS=6000 WXPAY_KILLS=5000 $(CARGO) test --release --locked $(FEATURES) --features sqlite \
		--test all -- --nocapture simulation in_the_field many_ways crash order_numbers
	for years in 100000 1000000; do WXPAY_YEARS=$$years $(CARGO) test --release --locked $(FEATURES) --features sqlite \
		--test all -- --nocapture years::what_is_past || exit 1; done
	WXPAY_AT_LENGTH=1 $(CARGO) test --release --locked --no-default-features --lib -p wxpay-terminal -- --nocapture rules::tests::explore rules::tests::refund_search

# Each fuzz target for a minute, or for SECONDS=. g++, and no nightly Rust.
SECONDS ?= 60
fuzz:
	@ci/fuzz $(SECONDS)

# The memory of a slow day, and a drawing of it, target/slow-day.svg: 10,000 payments, refunds and reversals in one process. Two minutes.
slow-day:
	@ci/slow-day 10000 target/slow-day.svg

# The figures of docs/fleet.md: 1,000 journals and a bill of 1,000,000 rows, with both engines. Python 3, Java 17, 5 GB of disk.
fleet:
	@ci/fleet --full --engine both

# The figures of docs/performance.md beside what is wanted of them, and its drawing. Some minutes; quiet machines give better figures.
bench:
	@ci/openssl-feature --say
	@ci/bench

# libwxpay_terminal.a and .so, in target/[TARGET/]release.
capi:
	@ci/build-capi

# Header, libraries and pkg-config file, after `make capi`.
install:
	@ci/install-capi

# Writes include/wxpay_terminal.h anew, after a change of src/capi. ci/capi fails where it is stale.
header:
	@ci/write-header include/wxpay_terminal.h

# Writes docs/money.md anew, after a change of src/till/rules/. `make test` fails where it is stale.
money:
	WXPAY_WRITE_PAGES=1 $(CARGO) test --quiet --locked --no-default-features --lib -p wxpay-terminal money_md

# Takes the READMEs' pictures anew: the console in Chromium, and how often money moves twice. `make test` fails where the console's are old.
pictures:
	@ci/pictures

# The two archives that firmware is built from, without a network: docs/packaging.md.
dist:
	@ci/dist

# Builds from these two archives as firmware does, twice, and compares. Debian 12 on x86_64, as root.
firmware:
	@ci/firmware

# What the library is made of, as CycloneDX: target/wxpay-terminal.cdx.json. The tool is compiled the first time.
sbom:
	@ci/sbom

# The licences of what firmware in Rust links in. (`make install` installs those of the C libraries.)
licences:
	@FEATURES=https,sqlite ci/licences
