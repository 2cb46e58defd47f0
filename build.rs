//! Tells the code which OpenSSL it is compiled against.
//!
//! Providers, and with them the legacy provider that RC2-40 needs, exist since OpenSSL 3.0. openssl-sys hands its
//! version to build scripts of crates that depend on it directly.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(openssl3)");
    let version = std::env::var("DEP_OPENSSL_VERSION_NUMBER").unwrap_or_default();
    if u64::from_str_radix(&version, 16).is_ok_and(|number| number >= 0x3000_0000) {
        println!("cargo:rustc-cfg=openssl3");
    }
}
