SUMMARY = "Pay and be paid through WeChat from POS terminals and kiosks"
DESCRIPTION = "The C libraries libwxpay_terminal.so and .a, with the system's OpenSSL and SQLite. Needs Rust 1.89 or newer."
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE-MIT;md5=c8f456ede2f37b256d208badc8c961f6 \
                    file://LICENSE-APACHE;md5=1a72acb1b70f2c9d316c55a0bb981c94"

# What `make dist` writes, in the folder "files" beside this recipe. Both have the folder ${BP} in them. Where they come from a
# server, give each its name= and its SRC_URI[NAME.sha256sum].
SRC_URI = "file://${BP}.tar.gz \
           file://${BP}-crates.tar.gz"

DEPENDS = "openssl sqlite3"
inherit cargo pkgconfig

# The crates are in the archive, with the words that make Cargo take them.
CARGO_DISABLE_BITBAKE_VENDORING = "1"

wxpay_env() {
    oe_cargo_fix_env
    # Of rust-common: it has --remap-path-prefix already, so the bytes do not depend on the folder.
    export RUSTFLAGS="${RUSTFLAGS}"
    export CARGO_NET_OFFLINE=true CARGO_TARGET_DIR=${B}/target
    export TARGET=${RUST_HOST_SYS} CAPI_FEATURES=capi PREFIX=${prefix} LIBDIR=${libdir}
}

do_compile() {
    wxpay_env
    ${S}/ci/build-capi
}

do_install() {
    wxpay_env
    DESTDIR=${D} ${S}/ci/install-capi
}
