//! Rules about the source: who may say Accepted, how many crates there are, what stands in no file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// The code of a file without its tests and comments.
fn code(text: &str) -> String {
    let library = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    library.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The files that decide: of a single reply, of an entry, and what is told of it. (`outcome.rs` defines the words.)
const DECIDE: [&str; 8] = [
    "client/judge.rs",
    "till/rules/mod.rs",
    "till/rules/case.rs",
    "till/rules/answer.rs",
    "till/rules/refund.rs",
    "till/rules/reversal.rs",
    "till/told.rs",
    "src/outcome.rs",
];

#[test]
fn one_file_decides() {
    let mut read = 0;
    for (path, text) in sources("src") {
        read += 1;
        if DECIDE.iter().any(|file| path.ends_with(file)) {
            continue;
        }
        let code = code(&text);
        // A pattern may look at an outcome; nobody else may make one.
        let looks = [
            "Accepted(_)",
            "Ordered(_)",
            "PaidLate(_)",
            "Taken(_)",
            "Taken(proven) |",
            "Declined(_)",
            "Accepted(proven) |",
            "Ordered(proven) |",
            "PaidLate(proven) =>",
            "Declined(refusal) =>",
        ];
        let flat = code.split_whitespace().collect::<Vec<_>>().join(" ");
        let made = looks.iter().fold(flat, |code, look| code.replace(&format!("Outcome::{look}"), ""));
        for word in [
            "Outcome::Accepted",
            "Outcome::Ordered",
            "Outcome::Taken",
            "Outcome::PaidLate",
            "Outcome::Declined",
            "Refusal {",
        ] {
            assert!(!made.contains(word), "{}: {word}", path.display());
        }
        // The journal stores settlements and reads them; the C ABI shows them. Elsewhere they are only looked at.
        let stores = path.components().any(|part| part.as_os_str() == "journal") || path.ends_with("capi/entries.rs");
        let looks = |line: &&str| line.contains("matches!") || line.contains("=>") || line.contains("Entry");
        for line in code.lines().filter(|line| line.contains("Settlement::") && !stores) {
            let only_looks =
                ["till/period.rs", "till/seen.rs", "till/rules/findings.rs"].iter().any(|file| path.ends_with(file));
            assert!(only_looks && looks(&line), "{}: {line}", path.display());
        }
    }
    assert!(read > 25);
}

/// A new number, a repeat, an attempt and a closing each leave from one place.
#[test]
fn money_leaves_from_one_file() {
    let till: Vec<(PathBuf, String)> = sources("src/till");
    let places = |word: &str| -> Vec<&str> {
        let hits = till.iter().flat_map(|(path, text)| {
            let name = path.file_name().unwrap().to_str().unwrap();
            code(text).matches(word).map(|_| name).collect::<Vec<_>>()
        });
        hits.collect()
    };
    for (word, expected) in [
        ("journal.begin(", vec!["pay.rs"]),
        ("journal.reopen(", vec!["pay.rs"]),
        ("journal.attempt(", vec!["desk.rs"]),
        // The attempt and the repeat.
        ("pipe.pay(", vec!["run.rs", "run.rs"]),
        ("pipe.question(", vec!["run.rs"]),
    ] {
        assert_eq!(places(word), expected, "{word}");
    }
    let written: BTreeSet<&str> = places("journal.settle(").into_iter().collect();
    assert_eq!(written, BTreeSet::from(["desk.rs", "notified.rs", "recover.rs"]));
}

#[test]
fn gateway_files_import_neither_client_nor_https() {
    for (path, text) in sources("src/gateways") {
        for module in ["crate::client", "crate::transport", "ureq", "native_tls"] {
            assert!(!code(&text).contains(&format!("use {module}")), "{}: {module}", path.display());
        }
    }
}

#[test]
fn only_https_touches_the_unversioned_part_of_ureq() {
    for (path, text) in sources("src") {
        let touches = code(&text).contains("unversioned");
        assert_eq!(touches, path.ends_with("https.rs"), "{}", path.display());
    }
}

#[test]
fn no_float_in_the_library_and_unsafe_in_one_folder() {
    for (path, text) in sources("src") {
        let code = code(&text);
        let holds = |word: &str| code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|token| token == word);
        for word in ["f32", "f64"] {
            assert!(!holds(word), "{}: {word}", path.display());
        }
        let c_abi = path.parent().is_some_and(|folder| folder.ends_with("src/capi"));
        assert!(!holds("unsafe") || c_abi, "{}: unsafe", path.display());
        // The lint of lib.rs is lifted for that folder, and nowhere else.
        let lifts = path.ends_with("src/lib.rs");
        assert_eq!(code.matches("allow(unsafe_code)").count(), usize::from(lifts), "{}", path.display());
        assert!(!lifts || code.contains("#[allow(unsafe_code)]\nmod capi;"), "{}", path.display());
    }
}

/// The fuzz targets are the library's caller: only the one for C needs `unsafe`. Each is in the list that `ci/fuzz` runs, and has a corpus.
#[test]
fn each_fuzz_target_runs_from_a_small_corpus() {
    for (path, text) in sources("fuzz/src") {
        let in_c = path.parent().is_some_and(|folder| folder.ends_with("fuzz/src/capi"));
        assert!(in_c || !code(&text).contains("unsafe {"), "{}: unsafe", path.display());
    }
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let script = read("ci/fuzz");
    let (_, list) = script.split_once("all=\"").unwrap();
    let listed: BTreeSet<&str> = list.split_once('"').unwrap().0.split(' ').collect();
    let harness = read("fuzz/src/harness.rs");
    let targets = harness.split("    (\"").skip(1).map(|row| row.split_once('"').unwrap().0).collect::<BTreeSet<_>>();
    assert_eq!(listed, targets);
    let mut bytes = 0;
    for target in &targets {
        let inputs = std::fs::read_dir(root().join("fuzz/corpus").join(target)).unwrap();
        let sizes: Vec<u64> = inputs.map(|input| input.unwrap().metadata().unwrap().len()).collect();
        assert!(!sizes.is_empty(), "{target} begins from nothing");
        bytes += sizes.iter().sum::<u64>();
    }
    println!("fuzz targets: {}, their corpus: {bytes} bytes", targets.len());
    assert!(targets.len() >= 12 && bytes < 200_000, "{bytes} bytes");
}

/// The simulator agrees only because it read the same documents.
#[test]
fn the_simulator_shares_no_code_with_the_library() {
    let tree = cargo_tree(&["-p", "wxpay-simulator"]);
    for name in ["wxpay-terminal", "md-5", "hmac", "sha1", "sha2", "hex", "roxmltree", "ureq", "native-tls"] {
        assert!(!tree.contains(name), "{name} is in the simulator's tree");
    }
    for (path, text) in sources("simulator/src") {
        assert!(!text.contains("wxpay_terminal"), "{}", path.display());
    }
}

fn cargo_tree(arguments: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args(["tree", "-e", "normal", "--prefix", "none", "--no-dedupe", "--locked", "--offline"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_whitespace().next()).map(String::from).collect()
}

/// The crate budget of the design: 45 with default features, this crate included.
#[test]
fn the_crate_budget_holds() {
    let with_default = cargo_tree(&["-p", "wxpay-terminal"]);
    let core = cargo_tree(&["-p", "wxpay-terminal", "--no-default-features"]);
    println!("crates: {} with default features, {} without", with_default.len(), core.len());
    assert!(with_default.len() <= 45, "{with_default:#?}");
    assert!(core.len() <= 20, "{core:#?}");
    assert!(!with_default.contains("tokio") && !with_default.contains("serde"));
}

/// Each case that must not compile stands beside a twin that differs in one token.
#[test]
fn compile_fail_cases_differ_from_their_twins_in_one_token() {
    let page = include_str!("../../compile_fail.md");
    let blocks: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
    let mut pairs = 0;
    for pair in blocks.chunks(2) {
        let [bad, good] = pair else { panic!("a case without a twin") };
        let (kind, bad) = bad.split_once('\n').unwrap();
        assert!(kind.starts_with("compile_fail,E"), "{kind}");
        let good = good.strip_prefix('\n').unwrap();
        let (bad, good) = (tokens(bad), tokens(good));
        let same_head = bad.iter().zip(&good).take_while(|(a, b)| a == b).count();
        let same_tail = bad.iter().rev().zip(good.iter().rev()).take_while(|(a, b)| a == b).count();
        let differ = |all: &[String]| all.len().saturating_sub(same_head + same_tail);
        assert!(differ(&bad) <= 1 && differ(&good) <= 1, "{bad:?}\n{good:?}");
        pairs += 1;
    }
    println!("compile-fail cases: {pairs}");
    assert!(pairs >= 15);
}

/// Words and marks; a path such as `std::fmt::Debug` is one token.
fn tokens(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || c == '_' || c == ':' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            found.push(std::mem::take(&mut word));
        }
        if !c.is_whitespace() {
            found.push(c.into());
        }
    }
    found
}

/// One concept, one file: nobody has to scroll for long.
#[test]
fn no_file_is_longer_than_700_lines() {
    for (path, text) in [sources("src"), sources("tests"), sources("fuzz/src")].concat() {
        let lines = text.lines().count();
        assert!(lines <= 700, "{}: {lines} lines", path.display());
    }
}

#[test]
fn public_types_are_send_and_sync() {
    fn both<T: Send + Sync>() {}
    both::<wxpay_terminal::Client<wxpay_terminal::RedpackAccount>>();
    both::<wxpay_terminal::Client<wxpay_terminal::WebgateAccount>>();
    both::<wxpay_terminal::Prepared<wxpay_terminal::RedPackSent>>();
    both::<wxpay_terminal::Error>();
    both::<wxpay_terminal::Outcome<wxpay_terminal::RedPackSent>>();
    both::<wxpay_terminal::Secret>();
    #[cfg(feature = "https")]
    both::<wxpay_terminal::Https>();
}

/// An error travels in every Result; it must stay one word.
#[test]
fn an_error_is_one_word() {
    assert_eq!(size_of::<wxpay_terminal::Error>(), size_of::<usize>());
}
