//! `packaging/` says of this crate what Cargo.toml and the licences say.

use std::fs;
use std::path::{Path, PathBuf};

use openssl::hash::{MessageDigest, hash};
use toml::{Table, Value};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn manifest() -> Table {
    read("Cargo.toml").parse().unwrap()
}

fn text<'a>(table: &'a Value, key: &str) -> &'a str {
    table[key].as_str().unwrap()
}

fn version() -> String {
    text(&manifest()["package"], "version").to_string()
}

fn digest(kind: MessageDigest, file: &str) -> String {
    hash(kind, &fs::read(path(file)).unwrap()).unwrap().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The value of a variable: `NAME = value`, with lines that go on.
fn variable(page: &str, name: &str) -> String {
    let joined = page.replace("\\\n", " ");
    let mut lines = joined.lines().filter_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
    let value = lines.next().unwrap_or_else(|| panic!("no {name}")).trim().trim_matches('"');
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The licences of Cargo.toml, whatever the system writes between them.
fn licences() -> Vec<String> {
    let licence = text(&manifest()["workspace"]["package"], "license").to_string();
    licence.split(" OR ").map(String::from).collect()
}

#[test]
fn buildroot_says_what_the_crate_is() {
    let page = read("packaging/buildroot/wxpay-terminal.mk");
    assert_eq!(variable(&page, "WXPAY_TERMINAL_VERSION"), version());
    assert_eq!(variable(&page, "WXPAY_TERMINAL_LICENSE").split(" or ").collect::<Vec<_>>(), licences());
    let rust = text(&manifest()["workspace"]["package"], "rust-version").to_string();
    let config = read("packaging/buildroot/Config.in");
    assert!(config.contains(&format!("Rust {rust} or newer")), "{config}");
    // Buildroot's own rule: 72 columns, of which the tab is eight.
    assert!(config.lines().all(|line| line.chars().count() <= 64), "a line of the help is too long");
}

#[test]
fn buildroots_hashes_are_those_of_the_licences() {
    let files = variable(&read("packaging/buildroot/wxpay-terminal.mk"), "WXPAY_TERMINAL_LICENSE_FILES");
    let page = read("packaging/buildroot/wxpay-terminal.hash");
    let mut rows = page.lines().filter(|line| !line.starts_with('#')).map(|line| line.split("  ").collect::<Vec<_>>());
    let mut named: Vec<_> = rows
        .by_ref()
        .map(|row| {
            let [kind, sum, file] = row[..] else { panic!("no three columns: {row:?}") };
            assert_eq!((kind, sum), ("sha256", digest(MessageDigest::sha256(), file).as_str()), "{file}");
            file.to_string()
        })
        .collect();
    named.sort();
    let mut files: Vec<_> = files.split(' ').map(String::from).collect();
    files.sort();
    assert_eq!(named, files);
}

#[test]
fn yocto_says_what_the_crate_is() {
    let page = read(&format!("packaging/yocto/wxpay-terminal_{}.bb", version()));
    assert_eq!(fs::read_dir(path("packaging/yocto")).unwrap().count(), 1, "an old recipe");
    assert_eq!(variable(&page, "LICENSE").split(" | ").collect::<Vec<_>>(), licences());
    let rust = text(&manifest()["workspace"]["package"], "rust-version").to_string();
    assert!(page.contains(&format!("Rust {rust} or newer")));
    let sums = variable(&page, "LIC_FILES_CHKSUM");
    let mut compared = 0;
    for (file, sum) in sums.split(' ').map(|item| item.strip_prefix("file://").unwrap().split_once(";md5=").unwrap()) {
        assert_eq!(sum, digest(MessageDigest::md5(), file), "{file}");
        compared += 1;
    }
    assert_eq!(compared, licences().len());
}

/// What the packages call is there, and the page names the version.
#[test]
fn the_packages_call_what_there_is() {
    for page in ["packaging/buildroot/wxpay-terminal.mk", &format!("packaging/yocto/wxpay-terminal_{}.bb", version())] {
        for script in ["ci/build-capi", "ci/install-capi"] {
            assert!(read(page).contains(script) && path(script).is_file(), "{page}: {script}");
        }
        for word in ["CAPI_FEATURES=capi", "CARGO_NET_OFFLINE=true"] {
            assert!(read(page).contains(word), "{page}: {word}");
        }
    }
    let page = read("docs/packaging.md");
    for word in [format!("`wxpay-terminal-{}.tar.gz`", version()), format!("wxpay-terminal_{}.bb", version())] {
        assert!(page.contains(&word), "docs/packaging.md: {word}");
    }
}
