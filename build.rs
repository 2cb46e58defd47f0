//! Tells the code which TLS library it is compiled against.
//!
//! `openssl_backend`: native-tls is OpenSSL on this target, so RSA verification and reading certificates are there.
//! `openssl3`: providers, and with them the legacy provider that RC2-40 needs, exist since OpenSSL 3.0. openssl-sys
//! hands its version to build scripts of crates that depend on it directly.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(openssl_backend, openssl3)");
    let platform_tls = var("CARGO_CFG_WINDOWS").is_ok() || var("CARGO_CFG_TARGET_VENDOR").is_ok_and(|v| v == "apple");
    if var("CARGO_FEATURE_HTTPS").is_ok() && !platform_tls {
        println!("cargo:rustc-cfg=openssl_backend");
    }
    let version = var("DEP_OPENSSL_VERSION_NUMBER").unwrap_or_default();
    if u64::from_str_radix(&version, 16).is_ok_and(|number| number >= 0x3000_0000) {
        println!("cargo:rustc-cfg=openssl3");
    }
}
