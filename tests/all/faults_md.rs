//! `tests/faults.md` names tests that exist, and every fault has one.

use std::fs;
use std::path::Path;

/// Each item is `module::test`, or a file and what stands in it: `ci/capi a_step`.
#[test]
fn every_fault_has_tests_and_every_named_test_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut faults = 0;
    for section in include_str!("../faults.md").split("\n## ").skip(1) {
        faults += 1;
        let title = section.lines().next().unwrap();
        let named: Vec<&str> = section.lines().filter(|line| line.starts_with("- ")).collect();
        assert!(!named.is_empty(), "{title}: no test");
        for line in named {
            let item = line.split('`').nth(1).unwrap_or_else(|| panic!("{title}: no test in {line:?}"));
            let (file, sought) = match item.split_once(' ') {
                Some((file, sought)) => (root.join(file), sought.to_string()),
                None => {
                    let (module, test) = item.rsplit_once("::").unwrap_or_else(|| panic!("{title}: {item}"));
                    (root.join(format!("tests/all/{}.rs", module.replace("::", "/"))), format!("fn {test}("))
                }
            };
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{title}: {item}: {error}"));
            assert!(text.contains(&sought), "{title}: {item}: there is no {sought:?}");
        }
    }
    assert_eq!(faults, 28);
}
