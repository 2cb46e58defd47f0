//! Prints `docs/money.md` from the rules, and compares it: `make money` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::format;
use std::path::Path;
use std::string::{String, ToString};
use std::time::Duration;
use std::vec::Vec;

use super::events::{EVENTS, FLOWS, Flow, Happens, STATES, State};
use super::table::Row;
use super::{codes, endpoint, happen, refunds, rows, unified, words};
use crate::endpoint::{Endpoint, Means, OrderRules, Resolution, ResolvedBy};
use crate::gateways::refund::REFUND;
use crate::outcome::Next;
use crate::till::rules;

const HEAD: &str = "\
# When is a payment accepted, when is it declined, when is it paid again?

Printed from `src/till/rules/` by `make money`; a test compares the two. Each row was run: its step is what the rules returned. Read
this page first, then `src/till/rules/` (every decision about an entry) and `src/client/judge.rs` (what a single reply proves).

An *entry* is one order number in the journal, with its intent, its fields and its state. A till works on one entry at a time. What
happens to it, and what is done next, is one row. Where it comes from: \"seed 0\" to \"seed 3\" are the four documents (0 向员工付款, 1
红包发放说明, 2 微信WAP支付接口文档 of 2019-12-07, 3 易支付Web网关接口文档 of 2017-05-22); \"R\", \"A.4\", \"C.4\" are sections of the protocol
notes; \"POS flows 3.1\" and \"POS ruling 1\" those of the notes on the counter; a ruling is a decision of this project, with its reason in
`docs/design.md`.

Steps: *ask* sends the gateway's query; *repeat* sends the identical payment again under its number; *report* tells what the journal
has; *new number* and *same number* send an attempt. Everything with a capital letter is written to the journal before it is told:
`Accepted`, `Declined`, `Unproven` (told as `Declined`), `NotSent` (an `Error`), `Ordered` (the URL is handed out), `Abandoned` (nobody
has the URL), `PaidLate` (give it back, or keep it), `Refunding` (a refund is taken, and told as `Taken`), `ForAPerson` (`Unknown`),
`ByHand`. *reverse* counts a reversal in the journal and sends it. Where there is no time left for a step, the outcome is `Unknown`.

At the counter one sale is one intent, and there are three ways through it. The terminal scans the customer's **payment code**
(`micropay`): the code is sent once; what is not proven is asked about for 45 s and then taken back (`reverse`), and what the query says
after that is its end. The customer scans an **order** (`unifiedorder`): it can be paid as long as its QR lives, and is closed when
its time is over, or when it is not wanted any more. Or **one after the other**: the second way begins when the first one has a proven end,
so an order is closed before a code is taken, and a code is taken back before an order is made.

What was paid goes back as a **refund** (`refund`), under an intent of its own. The counter of a Swiftpass-type
gateway has the same flows with other tables: see the last section. In the lists by question, \"a payment\"
of the call `refund` is the refund itself: `Accepted` means that it arrived.
";

fn page() -> String {
    let mut page = String::from(HEAD);
    for (question, step, also) in QUESTIONS {
        let _ = write!(
            page,
            "\n## {question}\n\n{also}\n\n| call | in the state | when | step | from |\n|---|---|---|---|---|\n"
        );
        for row in rows().filter(|row| step.iter().any(|step| row.step.starts_with(step))) {
            let calls = row.flows.iter().filter(|flow| meets(row, **flow));
            let calls: Vec<String> = calls.map(|flow| format!("`{}`", endpoint(*flow).name)).collect();
            let _ = write!(page, "| {} {}", calls.join(", "), line(row, row.flows));
        }
        for row in codes::lines(&|have| step.iter().any(|step| have.starts_with(step))) {
            let _ = write!(page, "| `{}` {row}", endpoint(Flow::Code).name);
        }
        for row in refunds::lines(&|have| step.iter().any(|step| have.starts_with(step))) {
            let _ = write!(page, "| `{}` {row}", REFUND.name);
        }
    }
    for flow in FLOWS {
        flow_of(&mut page, *flow);
    }
    page.push_str(&refunds::section(&span));
    page.push_str(&unified::section());
    page
}

const QUESTIONS: [(&str, &[&str], &str); 6] = [
    (
        "When is a payment declined?",
        &["Declined"],
        "Never because time passed in silence, an answer was missing, or a repeat was refused. An attempt's refusal is final only for \
         the codes that its table calls so (below, flow by flow).",
    ),
    (
        "When is a refusal told that is not proven?",
        &["Unproven"],
        "A payment by code, and a refund, is refused twice: by its own reply, and by a query that does not know it. The caller hears \
         `Declined`; the journal knows that it is no proof, and the gateway is asked again: about a sale for a day and before another \
         number of it begins, about a refund a minute later.",
    ),
    (
        "When is a payment taken back?",
        &["reverse"],
        "Counted in the journal before its first byte. From then on the number is never `Accepted`; what the reversal answers proves nothing.",
    ),
    (
        "When is it accepted?",
        &["Accepted", "PaidLate", "Ordered", "Refunding", "ByHand (paid)"],
        "`Ordered` is an order that a customer may pay, `Refunding` a refund that is on its way; only `Accepted` says that money is \
         there.",
    ),
    (
        "When may a new number be used?",
        &["new number", "Abandoned"],
        "For an intent without an entry; and in these cases, where `Abandoned` makes room for a new number within the same call. The \
         journal enforces it once more (`Entry::allows_new_number`).",
    ),
    (
        "When is a payment sent again under its number?",
        &["same number", "repeat"],
        "Counted in the journal before its first byte. `recover` repeats only where `Repeats::YoungerThan` was chosen.",
    ),
];

/// Whether one of its events can happen in one of its states.
fn meets(row: &Row, flow: Flow) -> bool {
    let events = |state: State| row.events.iter().any(|what| what.happens(flow, state));
    row.states.iter().any(|state| state.is_of(flow) && events(*state))
}

/// A row's states and events that can meet in these flows, and its step.
fn line(row: &Row, flows: &[Flow]) -> String {
    let meets = |state: State, what: Happens| flows.iter().any(|flow| state.is_of(*flow) && what.happens(*flow, state));
    let states = row.states.iter().filter(|state| row.events.iter().any(|what| meets(**state, *what)));
    let events = row.events.iter().filter(|what| row.states.iter().any(|state| meets(*state, **what)));
    let states: Vec<&str> = states.map(|state| state.words()).collect();
    let events: Vec<&str> = events.map(|what| what.words()).collect();
    format!("| {} | {} | **{}** | {} |\n", states.join("; "), events.join("; "), row.step, row.from)
}

fn flow_of(page: &mut String, flow: Flow) {
    let endpoint = endpoint(flow);
    let _ = write!(page, "\n## {}\n\nThe table of the call is from {}.\n\n", flow.title(), endpoint.document);
    let waits: String = waits(endpoint).iter().map(|(what, time)| format!("| {what} | {time} |\n")).collect();
    let _ = write!(page, "| waiting time | |\n|---|---|\n{waits}\n");
    page.push_str(&drawing(flow));
    page.push_str("\n| in the state | when | step | from |\n|---|---|---|---|\n");
    for row in rows().filter(|row| row.flows.contains(&flow) && meets(row, flow)) {
        page.push_str(&line(row, &[flow]));
    }
    if flow == Flow::Code {
        page.push_str(&codes::lines(&|_| true).concat());
    }
    let _ = write!(page, "\nCodes of a first attempt that are final (every other code is `Unknown`):\n\n");
    page.push_str("| code | next | the document's words |\n|---|---|---|\n");
    for code in endpoint.reply.codes {
        let next = match code.means {
            Means::Refused(next) => next_words(next),
            Means::RefusedUnlessKnown(next) => format!("{}, once the query does not know it", next_words(next)),
            Means::NotKnown | Means::Open => continue,
        };
        let _ = writeln!(page, "| `{}` | {next} | {} |", code.code, code.words);
    }
    if let Means::Refused(next) = endpoint.reply.other_codes {
        let _ = writeln!(page, "| every other | {} | {} |", next_words(next), endpoint.document);
    }
    if flow == Flow::Code {
        page.push_str(&codes::reversals());
    }
}

pub(super) fn next_words(next: Next) -> String {
    match next {
        Next::SameNumberLater(wait) => format!("same number after {} s", wait.as_secs()),
        Next::SameNumber => "same number".into(),
        Next::NewNumber => "new number".into(),
        Next::Stop => "stop".into(),
    }
}

fn span(time: Duration) -> String {
    match time.as_secs() {
        days if days % 86_400 == 0 => format!("{} days", days / 86_400),
        minutes if minutes % 60 == 0 => format!("{} min", minutes / 60),
        seconds => format!("{seconds} s"),
    }
}

/// What a call waits for, and how long.
pub(super) fn waits(endpoint: &'static Endpoint) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut row = |what: &str, time: Duration| rows.push((what.into(), span(time)));
    row("between two attempts or questions about one number (R.4)", rules::APART);
    if let Some((field, pause)) = endpoint.payee_pause {
        row(&format!("between two payments to one `{field}`"), pause);
    }
    let asked = |row: &mut dyn FnMut(&str, Duration), how: &Resolution| {
        row("how far back the query knows orders", how.look_back);
        for (code, wait) in how.slow {
            row(&format!("before the query after `{code}`"), *wait);
        }
    };
    match endpoint.resolved_by {
        ResolvedBy::Query(how) => asked(&mut row, how),
        ResolvedBy::Order(how, OrderRules { lasts, margin, window, .. }) => {
            asked(&mut row, how);
            row("how long after the attempt \"not found\" says nothing of an order whose URL was lost", *window);
            row("how long an order may be paid, unless the caller says otherwise", *lasts);
            row("how long after its end a payment may still show", *margin);
        }
        ResolvedBy::Reversal(how, rules) => {
            asked(&mut row, how);
            row("between two questions while the customer pays", rules.apart);
            row("how long the customer is waited for, after the payment's exchange ended", rules.poll);
            row("before the first reversal, after the payment's exchange ended", rules.not_before);
            row("between two reversals", rules.again);
            row("how long reversing goes on within one call", rules.patience);
            row("how long after it was begun it can be taken back", rules.expires);
            row("how long after the attempt \"not found\" says nothing", rules.window);
        }
        ResolvedBy::Repeat | ResolvedBy::NotByTill => {}
    }
    rows
}

/// The state that a step leads to. `None`: it stays where it is.
pub(super) fn after(step: &str) -> Option<&'static str> {
    let ends = [
        ("new number", "Open"),
        ("same number", "Open"),
        ("Accepted", "Accepted"),
        ("Declined", "Declined"),
        ("Unproven", "Unproven"),
        ("NotSent", "NotSent"),
        ("Ordered", "Ordered"),
        ("Abandoned", "Abandoned"),
        ("PaidLate", "PaidLate"),
        ("ForAPerson", "ForAPerson"),
        ("ByHand", "ByHand"),
    ];
    ends.iter().find(|(start, _)| step.starts_with(start)).map(|(_, state)| *state)
}

/// The states that the drawing tells apart.
fn drawn(state: State) -> &'static str {
    match state {
        State::Open | State::Withheld | State::Reversing | State::Unwritten => "Open",
        State::Ordered | State::OrderedEnded => "Ordered",
        State::Abandoned | State::LateUnwritten => "Abandoned",
        State::SameNumber | State::SameNumberLater | State::NewNumber | State::Stop => "Declined",
        State::NotSent => "NotSent",
        State::Accepted => "Accepted",
        State::PaidLate | State::LateReversed => "PaidLate",
        State::Unproven | State::UnprovenStop | State::UnprovenReversing => "Unproven",
        State::ForAPerson => "ForAPerson",
        State::HandPaid | State::HandUnpaid => "ByHand",
    }
}

fn drawing(flow: Flow) -> String {
    let mut arrows: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for state in STATES.iter().filter(|state| state.is_of(flow)) {
        for what in EVENTS.iter().filter(|what| what.happens(flow, *state)) {
            let step = words(&happen(flow, *state, *what));
            if let Some(to) = after(&step).filter(|to| *to != drawn(*state)) {
                arrows.entry((drawn(*state), to)).or_default().insert(what.source());
            }
        }
    }
    for (state, step) in if flow == Flow::Code { codes::steps() } else { Vec::new() } {
        if let Some(to) = after(&step).filter(|to| *to != drawn(state)) {
            arrows.entry((drawn(state), to)).or_default().insert("query");
        }
    }
    let mut out = String::from("```mermaid\nstateDiagram-v2\n    [*] --> Open: call\n");
    for ((from, to), sources) in arrows {
        let sources: Vec<&str> = sources.into_iter().collect();
        let _ = writeln!(out, "    {from} --> {to}: {}", sources.join(", "));
    }
    out.push_str("```\n");
    out
}

#[test]
fn money_md_says_what_the_rules_do() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/money.md");
    let page = page();
    if std::env::var_os("WXPAY_WRITE_PAGES").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let have = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = page.lines().zip(have.lines()).position(|(a, b)| a != b);
    let differs = differs.map(|line| (line + 1).to_string());
    assert!(have == page, "docs/money.md is not what the rules do: `make money` (line {differs:?})");
}
