//! What the crate is made of (`ci/supply-chain`): what must hold without a download.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use toml::{Table, Value};

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Name and version of each crate of Cargo.lock that the registry gives.
fn locked() -> BTreeSet<(String, String)> {
    let lock: Table = read("Cargo.lock").parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let text = |package: &Value, key: &str| package[key].as_str().unwrap().to_string();
    let registry = packages.iter().filter(|package| package.get("source").is_some());
    registry.map(|package| (text(package, "name"), text(package, "version"))).collect()
}

/// `cargo update` brings code that nobody has looked at: ci/versions.tsv says what was looked at.
#[test]
fn every_version_was_looked_at() {
    let list = read("ci/versions.tsv");
    let rows = list.lines().filter(|line| !line.starts_with('#'));
    let listed: BTreeSet<_> = rows
        .map(|row| row.split('\t').collect::<Vec<_>>())
        .map(|row| (row[0].to_string(), row[1].to_string()))
        .collect();
    let locked = locked();
    assert!(locked.len() > 60, "the test sees little");
    let new: Vec<_> = locked.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&locked).collect();
    assert!(new.is_empty() && gone.is_empty(), "look at these, then ci/write-versions: new {new:?}, gone {gone:?}");
}

/// The feature `vendored` compiles an OpenSSL in. SECURITY.md names it, and its known holes.
#[test]
fn the_security_page_names_the_openssl_of_the_lock_file() {
    let locked = locked();
    let (_, crate_version) = locked.iter().find(|(name, _)| name == "openssl-src").unwrap();
    let (_, openssl) = crate_version.split_once('+').unwrap();
    let page = read("SECURITY.md");
    let section = page.split("### The OpenSSL of `vendored`").nth(1).expect("no section");
    let section = section.split("\n#").next().unwrap();
    assert!(section.contains(&format!("**OpenSSL {openssl}**")), "look for the holes of OpenSSL {openssl}");
    assert!(section.contains(&format!("openssl-src {crate_version},")), "the crate is {crate_version}");
    // The look at the holes is as old as that at the versions, or newer.
    let list = read("ci/versions.tsv");
    let looked = list.lines().find_map(|line| line.strip_prefix("# looked: ")).unwrap();
    let said = section.split("As of ").nth(1).and_then(|rest| rest.get(..looked.len())).expect("no day");
    assert!(said >= looked, "OpenSSL was looked at on {said}, the crates on {looked}");
}
