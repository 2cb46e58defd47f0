//! README.md and README.zh-CN.md say the same (F16): section by section the same blocks, code, links, figures, rows and items,
//! and the same gateways.

use std::collections::{BTreeMap, BTreeSet};

/// What can be compared of a section, whatever the language. A multiset: token and how often.
type Marks = BTreeMap<String, i32>;

/// Gateways by the names that stand in running text only.
const GATEWAYS: [(&str, &str); 2] = [("cash red packets", "现金红包"), ("WeCom payments", "企业微信向员工付款")];

fn sections(page: &str) -> Vec<Marks> {
    let (mut all, mut block) = (vec![Marks::new()], None::<String>);
    let mut first = true;
    for line in page.lines() {
        match (&mut block, line.strip_prefix("```")) {
            (None, Some(language)) => block = Some(format!("block {language}\n")),
            (Some(whole), Some(_)) => {
                note(all.last_mut().unwrap(), whole.clone());
                block = None;
            }
            (Some(whole), None) => whole.push_str(&code_alone(line)),
            (None, None) if line.starts_with("## ") => all.push(Marks::new()),
            (None, None) => text(line, all.last_mut().unwrap(), std::mem::take(&mut first)),
        }
    }
    all
}

fn note(marks: &mut Marks, mark: String) {
    *marks.entry(mark).or_default() += 1;
}

/// A line of code without what is written for people: comments and the words in string literals.
fn code_alone(line: &str) -> String {
    let code = line.split(" // ").next().unwrap_or_default().split(" # ").next().unwrap_or_default();
    let code = code.split("   #").next().unwrap_or_default();
    if code.trim_start().starts_with("//") || code.trim().is_empty() {
        return String::new();
    }
    // Every second piece stands in quotes: its placeholders count.
    let pieces = code.split('"').enumerate().map(|(at, piece)| match at % 2 {
        0 => piece.to_string(),
        _ if piece.is_ascii() && !piece.contains(' ') => piece.to_string(),
        _ => "{}".repeat(piece.matches('{').count()),
    });
    pieces.collect::<Vec<_>>().join("\"").trim_end().replace("text_zh", "text") + "\n"
}

fn text(line: &str, marks: &mut Marks, is_title: bool) {
    if is_title {
        return note(marks, line.into());
    }
    for (at, piece) in line.split('`').enumerate() {
        if at % 2 == 1 {
            note(marks, format!("code {}", piece.replace("名称", "NAME")));
        }
    }
    let plain: String = line.split('`').step_by(2).collect();
    for link in plain.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
        note(marks, format!("link {}", link.0.replace(".zh-CN.", ".")));
    }
    let mut parts = plain.split("](");
    let mut words = String::from(parts.next().unwrap_or_default());
    words.extend(parts.map(|part| part.split_once(')').map_or(part, |(_, rest)| rest)));
    for number in words.split(|c: char| !c.is_ascii_digit() && c != '.').map(|number| number.trim_matches('.')) {
        if !number.is_empty() {
            note(marks, format!("figure {number}"));
        }
    }
    for (mark, begins) in [("row", "|"), ("item", "- ")] {
        if line.starts_with(begins) {
            note(marks, mark.into());
        }
    }
}

#[test]
fn both_readmes_say_the_same() {
    let (english, chinese) = (include_str!("../../../README.md"), include_str!("../../../README.zh-CN.md"));
    let (one, other) = (sections(english), sections(chinese));
    assert_eq!(one.len(), other.len(), "sections");
    let mut differences = Vec::new();
    for (at, (one, other)) in one.iter().zip(&other).enumerate() {
        let marks: BTreeSet<_> = one.keys().chain(other.keys()).collect();
        let differing = marks.into_iter().filter(|mark| one.get(*mark) != other.get(*mark));
        differences
            .extend(differing.map(|mark| format!("section {at}: {mark}: {:?} {:?}", one.get(mark), other.get(mark))));
    }
    assert!(differences.is_empty(), "{differences:#?}");
    for (at, (one, other)) in english.split("\n## ").zip(chinese.split("\n## ")).enumerate() {
        // The figures and names in blocks are compared above.
        let words = |page: &str| page.split("```").step_by(2).collect::<String>();
        let (one, other) = (words(one), words(other));
        for (english, chinese) in GATEWAYS {
            let said = (one.contains(english), other.contains(chinese));
            assert_eq!(said.0, said.1, "section {at} speaks of {english} in one language");
        }
    }
    assert!(one.iter().map(BTreeMap::len).sum::<usize>() > 150, "the test sees little");
}
