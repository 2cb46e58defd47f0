//! The codes that refuse, and those that say "no such order": those of the documents (tests/tables/refusals.tsv, written by hand), and no others.

use wxpay_terminal::ENDPOINTS;
use wxpay_terminal::endpoint::Means;

/// A code of a call, and what it means by the documents.
struct Refuses {
    call: &'static str,
    code: &'static str,
    means: String,
}

fn of_the_documents() -> Vec<Refuses> {
    let mut all = Vec::new();
    for line in include_str!("../../tables/refusals.tsv").lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<_> = line.split('\t').collect();
        let [calls, _document, ends, next, codes] = cells[..] else { panic!("five cells: {line}") };
        let means = match ends {
            "first" => format!("Refused({next})"),
            "query" => format!("RefusedUnlessKnown({next})"),
            "unknown" => "NotKnown".into(),
            _ => panic!("{line}"),
        };
        for call in calls.split(' ') {
            all.extend(codes.split(" | ").map(|code| Refuses { call, code, means: means.clone() }));
        }
    }
    all
}

#[test]
fn a_code_says_something_where_a_document_says_so_and_nowhere_else() {
    let documents = of_the_documents();
    for Refuses { call, .. } in &documents {
        assert!(ENDPOINTS.iter().any(|endpoint| endpoint.name == *call), "{call}: there is no such call");
    }
    for call in ENDPOINTS {
        let rows = call.reply.codes.iter().map(|row| (row.code, row.means));
        let saying = rows.chain([("*", call.reply.other_codes)]).filter(|(_, means)| *means != Means::Open);
        let mut ours: Vec<_> = saying.map(|(code, means)| (code, format!("{means:?}"))).collect();
        let of_this_call = documents.iter().filter(|refuses| refuses.call == call.name);
        let mut theirs: Vec<_> = of_this_call.map(|refuses| (refuses.code, refuses.means.clone())).collect();
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{}", call.name);
    }
}
