# The two commands of a newcomer: `make tour` and `make test`.

CARGO ?= cargo
# Where the OpenSSL headers are missing, OpenSSL is built from source. This says so.
FEATURES := $(shell ci/openssl-feature)
export CARGO_TERM_COLOR ?= auto

.PHONY: tour test

tour:
	@ci/openssl-feature --say
	$(CARGO) run --quiet --locked $(FEATURES) --example tour

test:
	@ci/openssl-feature --say
	@ci/test
