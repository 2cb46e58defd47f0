//! `tests/faults.md` names tests that exist, and every fault has one.

use std::fs;
use std::path::{Path, PathBuf};

/// The files of the modules with this name below a folder.
fn named(module: &str, folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let here = files.into_iter().filter(|path| path.ends_with(format!("{module}.rs")));
    here.chain(folders.iter().flat_map(|folder| named(module, folder))).collect()
}

/// Each item is `module::test`, or a file and what stands in it: `ci/capi a_step`.
#[test]
fn every_fault_has_tests_and_every_named_test_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut faults = 0;
    for section in include_str!("../../faults.md").split("\n## ").skip(1) {
        faults += 1;
        let title = section.lines().next().unwrap();
        let items: Vec<&str> = section.lines().filter(|line| line.starts_with("- ")).collect();
        assert!(!items.is_empty(), "{title}: no test");
        for line in items {
            let item = line.split('`').nth(1).unwrap_or_else(|| panic!("{title}: no test in {line:?}"));
            let (file, sought) = match item.split_once(' ') {
                Some((file, sought)) => (root.join(file), sought.to_string()),
                None => {
                    let (module, test) = item.rsplit_once("::").unwrap_or_else(|| panic!("{title}: {item}"));
                    let [file] = &named(module, &root.join("tests/all"))[..] else {
                        panic!("{title}: {item}: not one file of this name")
                    };
                    (file.clone(), format!("fn {test}("))
                }
            };
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{title}: {item}: {error}"));
            assert!(text.contains(&sought), "{title}: {item}: there is no {sought:?}");
        }
    }
    assert_eq!(faults, 57);
}
