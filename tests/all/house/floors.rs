//! The house (docs/design.md, "Layout"): folders are floors. What stands on one uses what stands below it, never what stands
//! above, and never the root, which only lists what is public.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up. What lies in no folder is the ground: words and values.
const FLOORS: [&str; 8] = ["wire", "gateways", "transport", "client", "journal", "till", "contract", "capi"];

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

/// The modules that a file imports, as paths from the root: `wire::fields`.
fn imported(text: &str, own: &str, is_parent: bool, all: &BTreeSet<String>) -> BTreeSet<String> {
    let folder = if is_parent { own } else { own.rsplit_once("::").map_or("", |(folder, _)| folder) };
    let above = if is_parent { folder.rsplit_once("::").map_or("", |(above, _)| above) } else { folder };
    let under = |folder: &str, rest: &str| [folder, "::", rest].concat().trim_start_matches("::").to_string();
    let mut found = BTreeSet::new();
    let whole: String = code(text).map(|(_, line)| format!("{line}\n")).collect();
    for statement in whole.split(';').map(str::trim_start) {
        let statement = statement.rsplit('\n').next().map_or(statement, |last| {
            // A statement may stand behind blocks and attributes: what counts begins with its last `use`.
            statement.rfind("use ").map_or(last, |at| &statement[at..])
        });
        let Some(path) = statement.strip_prefix("use ") else { continue };
        let path: String = path.split_whitespace().collect::<Vec<_>>().join(" ");
        let (stem, names) = path.split_once("::{").map_or((path.as_str(), ""), |(stem, names)| (stem, names));
        let each = names.trim_end_matches('}').split(',').map(|name| name.trim());
        for name in each {
            let full = [stem, "::", name].concat();
            let full = full.trim_end_matches("::self").trim_end_matches("::");
            let from_root = match full.split_once("::") {
                Some(("crate", rest)) => rest.to_string(),
                Some(("super", rest)) => under(above, rest),
                Some(("std" | "core" | "alloc", _)) | None => continue,
                Some(_) if is_parent => under(folder, full),
                Some(_) => continue,
            };
            let mut module = from_root.as_str();
            while !all.contains(module) {
                let Some((shorter, _)) = module.rsplit_once("::") else { break };
                module = shorter;
            }
            if all.contains(module) && module != own {
                found.insert(module.to_string());
            }
        }
    }
    found
}

/// Within a floor, too, what uses is above what is used.
#[test]
fn no_circle_of_imports() {
    no_circle("src", 250);
}

#[test]
fn no_circle_of_imports_in_the_simulator() {
    no_circle("simulator/src", 30);
}

fn no_circle(folder: &str, least: usize) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths = Vec::new();
    files(&source, &mut paths);
    paths.retain(|path| *path != source.join("lib.rs") && *path != source.join("main.rs"));
    let name = |path: &Path| {
        let short = path.strip_prefix(&source).unwrap().with_extension("").to_str().unwrap().replace('/', "::");
        short.strip_suffix("::mod").map_or(short.clone(), String::from)
    };
    let all: BTreeSet<String> = paths.iter().map(|path| name(path)).collect();
    let edges: std::collections::BTreeMap<String, BTreeSet<String>> = paths
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).unwrap();
            (name(path), imported(&text, &name(path), path.ends_with("mod.rs"), &all))
        })
        .collect();
    assert!(edges.values().map(BTreeSet::len).sum::<usize>() > least, "the test sees little");
    // Whoever reaches itself stands in a circle.
    for start in edges.keys() {
        let (mut seen, mut next) = (BTreeSet::new(), edges[start].clone());
        while let Some(module) = next.pop_first() {
            if seen.insert(module.clone()) {
                next.extend(edges[&module].iter().filter(|more| !seen.contains(*more)).cloned());
            }
        }
        assert!(!seen.contains(start), "{start} imports itself, by way of {seen:?}");
    }
}
