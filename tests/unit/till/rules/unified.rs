//! The counter on Swiftpass-type gateways for the page: the flows are those of WeChat's own gateway, and what differs is read from the
//! tables, side by side.

use std::fmt::Write as _;
use std::format;
use std::string::String;
use std::vec::Vec;

use super::page::{next_words, waits};
use crate::endpoint::{Endpoint, Means, ResolvedBy};
use crate::gateways::micropay::MICRO_PAY;
use crate::gateways::refund::REFUND;
use crate::gateways::unified_micropay::UNIFIED_MICROPAY;
use crate::gateways::unified_order::{UNIFIED_NATIVE, WEIXIN_WAPPAY};
use crate::gateways::unified_refund::UNIFIED_REFUND;
use crate::gateways::wxpay::{H5_ORDER, NATIVE_ORDER};

const HOW: &str = "\
The flows are those of payment codes, scanned orders and refunds above: the same functions of `src/till/rules/`, with other tables. A line
here is what the two tables do not have in common. A refusal of a payment by code is definite only with `need_query` N; no such field is
documented of a refund, whose refusal the query confirms twice.
";

pub(super) fn section() -> String {
    let mut page = format!(
        "\n## The counter on Swiftpass-type gateways\n\nThe tables are from {}.\n\n{HOW}",
        UNIFIED_MICROPAY.document
    );
    for (direct, unified) in [
        (&MICRO_PAY, &UNIFIED_MICROPAY),
        (&NATIVE_ORDER, &UNIFIED_NATIVE),
        (&H5_ORDER, &WEIXIN_WAPPAY),
        (&REFUND, &UNIFIED_REFUND),
    ] {
        let _ = writeln!(page, "\n| | `{}` | `{}` |\n|---|---|---|", direct.name, unified.name);
        let (ours, theirs) = (rows(direct), rows(unified));
        let mut names: Vec<&String> = ours.iter().chain(&theirs).map(|(name, _)| name).collect();
        let mut seen = Vec::new();
        names.retain(|name| {
            !seen.contains(name) && {
                seen.push(*name);
                true
            }
        });
        for name in names {
            let of = |rows: &[(String, String)]| {
                rows.iter().find(|(have, _)| have == name).map_or(String::from("–"), |(_, value)| value.clone())
            };
            let (direct, unified) = (of(&ours), of(&theirs));
            if direct != unified {
                let _ = writeln!(page, "| {name} | {direct} | {unified} |");
            }
        }
    }
    let _ = write!(
        page,
        "\nCodes of a first attempt that are final, `{}` with `need_query` N:\n\n| call | code | next |\n|---|---|---|\n",
        UNIFIED_MICROPAY.name
    );
    for endpoint in [&UNIFIED_MICROPAY, &UNIFIED_REFUND] {
        for code in endpoint.reply.codes {
            if let Means::RefusedUnlessKnown(next) = code.means {
                let _ = writeln!(
                    page,
                    "| `{}` | `{}` | {}, once the query does not know it |",
                    endpoint.name,
                    code.code,
                    next_words(next)
                );
            }
        }
    }
    page
}

/// What a call's table says: its waiting times, and the states of its query.
fn rows(endpoint: &'static Endpoint) -> Vec<(String, String)> {
    let mut rows = waits(endpoint);
    let mut row = |name: &str, words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        rows.push((name.into(), if words.is_empty() { "–".into() } else { words.join(", ") }));
    };
    row("client certificate", if endpoint.client_certificate { &["yes"] } else { &[] });
    let gates: Vec<&str> = endpoint.reply.paid.iter().flat_map(|gate| [gate.name, gate.success[0]]).collect();
    row("what else a success must say", &gates);
    let refuses: Vec<&str> = endpoint.reply.refuses.iter().flat_map(|(name, value)| [*name, *value]).collect();
    row("what a refusal must say", &refuses);
    if let Some(how) = endpoint.by_query() {
        row("the query", &[how.query.name]);
        row("states: paid", how.paid);
        row("states: not paid, and final", how.unpaid);
    }
    match endpoint.resolved_by {
        ResolvedBy::Reversal(_, rules) => {
            row("the reversal", &[rules.call.name]);
            row("states: the customer is paying", rules.paying);
            row("states: lead to the reversal at once", rules.suspect);
            let not_of: Vec<&str> = rules.refunds.not_of.iter().map(|(_, begins)| *begins).collect();
            row("whose refunds are not asked for by the order's number (a person)", &not_of);
        }
        ResolvedBy::Order(_, rules) => {
            row("the close", &[rules.close.name]);
            row("states: somebody is paying, or tried to", rules.paying);
            row("what is handed out", rules.handed_out);
        }
        _ => {}
    }
    if let Some(rules) = endpoint.refund() {
        row("states: on its way", rules.taken);
        row("states: the same number again", rules.again);
        row("states: for a person", rules.for_a_person);
    }
    rows
}
