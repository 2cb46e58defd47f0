//! `Cross.toml` is read by a tool that ignores what it does not know, so a slip in a key would go unseen.
//!
//! The keys are those of cross 0.2.5 (docs/cross_toml.md of its package), without `xargo`, which no target here needs.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

const TARGETS: [&str; 3] =
    ["aarch64-unknown-linux-gnu", "armv7-unknown-linux-gnueabihf", "armv7-unknown-linux-musleabihf"];
const BUILD: [&str; 5] = ["build-std", "default-target", "dockerfile", "env", "pre-build"];
const TARGET: [&str; 6] = ["build-std", "dockerfile", "env", "image", "pre-build", "runner"];
const ENV: [&str; 2] = ["passthrough", "volumes"];
/// What cross can start programs of another architecture with.
const RUNNERS: [&str; 3] = ["native", "qemu-system", "qemu-user"];

fn text() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cross.toml")).unwrap()
}

/// The first thing that cross would ignore or refuse.
fn check(text: &str) -> Result<(), String> {
    let file: Table = text.parse().map_err(|error| format!("{error}"))?;
    known(&file, &["build", "target"])?;
    let targets = table(file.get("target").ok_or("no target")?)?;
    known(targets, &TARGETS)?;
    if targets.len() != TARGETS.len() {
        return Err("a target is missing".into());
    }
    for target in targets.values() {
        let target = table(target)?;
        known(target, &TARGET)?;
        let named = |key: &str| target.get(key).map(|value| value.as_str().ok_or(format!("{key} is no text")));
        named("image").transpose()?;
        if let Some(runner) = named("runner").transpose()?.filter(|name| !RUNNERS.contains(name)) {
            return Err(format!("no runner: {runner}"));
        }
        target.get("env").map_or(Ok(()), env)?;
        target.get("pre-build").map_or(Ok(()), texts)?;
    }
    let Some(build) = file.get("build") else { return Ok(()) };
    let build = table(build)?;
    known(build, &BUILD)?;
    build.get("pre-build").map_or(Ok(()), texts)?;
    build.get("env").map_or(Ok(()), env)
}

fn env(value: &Value) -> Result<(), String> {
    let env = table(value)?;
    known(env, &ENV)?;
    env.values().try_for_each(texts)
}

fn table(value: &Value) -> Result<&Table, String> {
    value.as_table().ok_or_else(|| format!("no table: {value:?}"))
}

fn texts(value: &Value) -> Result<(), String> {
    let all = value.as_array().is_some_and(|list| list.iter().all(Value::is_str));
    all.then_some(()).ok_or_else(|| format!("no list of texts: {value:?}"))
}

fn known(table: &Table, keys: &[&str]) -> Result<(), String> {
    table.keys().find(|key| !keys.contains(&key.as_str())).map_or(Ok(()), |key| Err(format!("cross ignores {key}")))
}

#[test]
fn cross_knows_every_key() {
    check(&text()).unwrap();
}

/// The variant that is commented out is right, too.
#[test]
fn cross_knows_every_key_of_the_other_variant() {
    let (_, other) = text().split_once("# The other way").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let lines = other.lines().skip_while(|line| !line.starts_with("# ["));
    let variant: String = lines.map(|line| line.trim_start_matches("# ").to_owned() + "\n").collect();
    let rest = text().replace("[target.armv7-unknown-linux-gnueabihf]", "[target.REPLACED]");
    let (before, after) = rest.split_once("[target.REPLACED]").unwrap();
    let (_, after) = after.split_once("\n[target.").unwrap();
    assert!(variant.contains("pre-build"), "{variant}");
    check(&format!("{before}{variant}[target.{after}")).unwrap();
}

#[test]
fn a_slip_is_found() {
    let slips = [
        ("passthrough", "pass-through"),
        ("runner = \"qemu-user\"", "runners = \"qemu-user\""),
        ("runner = \"qemu-user\"", "runner = \"qemu\""),
        ("[build.env]", "[biuld.env]"),
        ("[target.armv7-unknown-linux-musleabihf]", "[target.armv7-unknown-linux-musl]"),
        ("image = ", "image "),
    ];
    for (from, to) in slips {
        let wrong = text().replace(from, to);
        assert_ne!(wrong, text(), "{from} is not in the file");
        assert!(check(&wrong).is_err(), "{to}");
    }
}

/// cross 0.2.5 reads no other spelling.
#[test]
fn the_name_has_a_capital() {
    let root = fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    let names: Vec<_> = root.map(|entry| entry.unwrap().file_name()).collect();
    let like: Vec<_> = names.iter().filter(|name| name.eq_ignore_ascii_case("cross.toml")).collect();
    assert_eq!(like, ["Cross.toml"]);
}
