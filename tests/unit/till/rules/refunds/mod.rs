//! Refunds against everything that can happen to them (POS flows 5, ruling 8): `happens.rs` has the states and the events, `table.rs` a row
//! for each pair with the section that it comes from, `codes.rs` the answers that are codes.

mod codes;
mod happens;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::format;
use std::string::String;
use std::vec::Vec;

use super::words;
use crate::endpoint::RefundRules;
use crate::gateways::refund::REFUND;

use happens::{EVENTS, Happens, STATES, State, happen};
use table::{ROWS, Row};

fn done(state: State, what: Happens) -> String {
    words(&happen(state, what))
}

fn rules() -> &'static RefundRules {
    REFUND.refund().unwrap()
}

/// The rows whose step begins so, for the page.
pub(super) fn lines(of: &dyn Fn(&str) -> bool) -> Vec<String> {
    ROWS.iter().filter(|row| of(row.step)).map(line).collect()
}

fn line(row: &Row) -> String {
    let states = row.states.iter().filter(|state| row.events.iter().any(|what| what.happens(**state)));
    let events = row.events.iter().filter(|what| row.states.iter().any(|state| what.happens(*state)));
    let states: Vec<&str> = states.map(|state| state.words()).collect();
    let events: Vec<&str> = events.map(|what| what.words()).collect();
    format!("| {} | {} | **{}** | {} |\n", states.join("; "), events.join("; "), row.step, row.from)
}

/// The page's section of refunds: what is waited for, the drawing, the rows, and the codes.
pub(super) fn section(span: &dyn Fn(std::time::Duration) -> String) -> String {
    let rules = rules();
    let mut page =
        format!("\n## Refunds: `refund` (退款)\n\nThe table of the call is from {}.\n\n{HOW}\n", REFUND.document);
    page.push_str("| waiting time | |\n|---|---|\n");
    for (what, time) in [
        ("between two refunds of one order", rules.apart),
        ("before the first repeat of one number; each pause is twice the last one", rules.repeats.0),
        ("the longest pause between two repeats", rules.repeats.1),
        ("before `recover` asks whether a taken refund arrived", rules.looks.0),
        ("between two such questions", rules.looks.1),
        ("how long after it was begun a refund that is still on its way is for a person", rules.gives_up),
    ] {
        let _ = writeln!(page, "| {what} | {} |", span(time));
    }
    page.push('\n');
    page.push_str(&drawing());
    page.push_str("\n| in the state | when | step | from |\n|---|---|---|---|\n");
    page.push_str(&lines(&|_| true).concat());
    page.push_str(&codes::section());
    page
}

const HOW: &str = "\
A refund has an intent of its own, and **its number stays** until the query's row of that number says `REFUNDCLOSE`. `Refunding` is told as
`Taken`: the money is on its way. A refusal is asked about once at once, and once more a minute later (`Unproven`, told as `Declined`). The
row counts that has this refund's number, whatever its index, and its amount.
";

fn drawing() -> String {
    let mut arrows: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for state in STATES {
        for what in EVENTS.iter().filter(|what| what.happens(*state)) {
            let step = done(*state, *what);
            if let Some(to) = after(&step).filter(|to| *to != state.drawn()) {
                arrows.entry((state.drawn(), to)).or_default().insert(what.source());
            }
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

fn after(step: &str) -> Option<&'static str> {
    if step.starts_with("Refunding") { Some("Refunding") } else { super::page::after(step) }
}

/// Each pair of a state and an event has one row, and the rules do what it says.
#[test]
fn each_refund_has_its_row() {
    let (mut wrong, mut pairs, mut used) = (Vec::new(), 0, BTreeMap::new());
    for state in STATES {
        for what in EVENTS.iter().filter(|what| what.happens(*state)) {
            pairs += 1;
            let done = done(*state, *what);
            let mut rows = ROWS.iter().enumerate().filter(|(_, row)| row.covers(*state, *what));
            match (rows.next(), rows.next()) {
                (Some((at, row)), None) => {
                    *used.entry(at).or_insert(0) += 1;
                    if row.step != done {
                        wrong.push(format!("{state:?} {what:?}: {done}, and not {}", row.step));
                    }
                }
                (None, _) => wrong.push(format!("{state:?} {what:?}: {done}, and no row")),
                (Some(_), Some(_)) => wrong.push(format!("{state:?} {what:?}: two rows")),
            }
        }
    }
    let unused = ROWS.iter().enumerate().filter(|(at, _)| !used.contains_key(at));
    wrong.extend(unused.map(|(_, row)| format!("no pair for {} ({})", row.step, row.from)));
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(pairs > 200, "the table sees little: {pairs}");
    assert!(STATES.iter().enumerate().all(|(at, state)| *state as usize == at));
    assert!(EVENTS.iter().enumerate().all(|(at, what)| *what as usize == at));
}

/// Ruling 8: the same number until the query says REFUNDCLOSE of it. Otherwise only a person lets another one begin.
#[test]
fn only_a_closed_refund_gets_another_number() {
    for state in STATES {
        for what in EVENTS.iter().filter(|what| what.happens(*state)) {
            let step = done(*state, *what);
            let may_begin = matches!(state, State::NewNumber | State::HandUnpaid);
            assert!(step != "new number" || may_begin, "{state:?} {what:?}: {step}");
            let says_closed = *what == Happens::Closed;
            assert!(!step.contains("NewNumber") || says_closed, "{state:?} {what:?}: {step}");
            // Only its own row, with its own amount, ends it as arrived.
            let arrived = matches!(what, Happens::Arrived | Happens::ArrivedInFirstRow);
            assert!(!step.starts_with("Accepted") || arrived, "{state:?} {what:?}: {step}");
            // What was taken is never refused by silence, by "not found" or by another's row.
            let is_ended = step.starts_with("Declined") || step.starts_with("Unproven") || step == "NotSent";
            let by_row = matches!(what, Happens::Closed | Happens::Failed);
            assert!(*state != State::Refunding || !is_ended || by_row, "{what:?}: {step}");
        }
    }
}
