//! The house (docs/design.md, "Layout"): folders are floors. What stands on one uses what stands below it, never what stands
//! above, and never the root, which only lists what is public.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up. What lies in no folder is the ground: words and values.
const FLOORS: [&str; 7] = ["wire", "gateways", "transport", "client", "journal", "till", "capi"];

/// 0 is the ground.
fn floor(module: &str) -> usize {
    FLOORS.iter().position(|floor| *floor == module).map_or(0, |at| at + 1)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false if path.extension().is_some_and(|end| end == "rs") => found.push(path),
            false => {}
        }
    }
}

/// The lines of code of a file, without those for its tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let tests = text.find("#[cfg(test)]\nmod tests").or_else(|| text.find("#[cfg(all(test"));
    let lines = text[..tests.unwrap_or(text.len())].lines().enumerate();
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The modules at the root that a line names.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let name = |rest: &str| rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    line.split("crate::").skip(1).map(move |rest| &rest[..name(rest)])
}

#[test]
fn imports_run_down_and_never_through_the_root() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&source, &mut all);
    let is_module = |name: &str| source.join(name).is_dir() || source.join(format!("{name}.rs")).is_file();
    let (mut imports, mut floors) = (0, BTreeSet::new());
    for path in all.iter().filter(|path| **path != source.join("lib.rs")) {
        let short = path.strip_prefix(&source).unwrap();
        let own = short.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        let text = fs::read_to_string(path).unwrap();
        for (at, line) in code(&text) {
            // The macro's own `$crate` names the ground.
            for module in named(line) {
                let place = format!("{}:{}: {}", short.display(), at + 1, line.trim());
                assert!(!module.is_empty(), "one import a line, each with its module: {place}");
                assert!(is_module(module), "through the root: {place}");
                assert!(floor(module) <= floor(own), "from floor {own} up to {module}: {place}");
                imports += 1;
                floors.insert(floor(own));
            }
        }
    }
    assert_eq!(floors.len(), FLOORS.len() + 1, "each floor imports something");
    assert!(imports > 300, "the test sees little: {imports}");
}

/// Every folder is a floor: a new one is put into the list, at its height.
#[test]
fn every_folder_is_a_floor() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        let name = entry.file_name();
        assert!(floor(name.to_str().unwrap()) > 0, "{name:?} is no floor");
    }
}
