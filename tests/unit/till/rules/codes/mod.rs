//! Payments by code against everything that can happen to them: `answers.rs` has what the query can say and when, and a row for each
//! pair with the ruling that it comes from; `table.rs` has the rows of all else.

mod answers;
mod moments;
mod reversals;
mod table;

use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::time::Duration;
use std::vec::Vec;

use super::events::{Flow, Happens, STATES, State};
use super::{MONOTONIC, NOW, scene, words};
use crate::journal::{Entry, Settlement};
use crate::outcome::{Doubt, Next, Outcome, Reason, Refusal};
use crate::till::rules::{Ended, Event, Looked};
use crate::till::seen::Seen;

use answers::{ANSWERS, AnswerRow};
use moments::{MOMENTS, Moment, WORDS, Word, answer};
pub(super) use reversals::section as reversals;
pub(super) use table::ROWS;

/// What the journal has of a payment by code, and what this process keeps for it.
pub(super) fn settlement(state: State, (entry, seen): (&mut Entry, &mut Seen)) -> Option<Settlement> {
    let unproven = |next| Some(Settlement::Unproven { code: "CODE".into(), text: "words".into(), next });
    if matches!(state, State::Reversing | State::UnprovenReversing | State::LateReversed) {
        (entry.reversals, entry.last_reversal_at) = (1, Some(NOW));
    }
    match state {
        State::Unwritten => {
            seen.unwritten = Some(Settlement::Accepted { queried: true, evidence: Vec::new() });
            None
        }
        State::Unproven | State::UnprovenReversing => unproven(Next::NewNumber),
        State::UnprovenStop => unproven(Next::Stop),
        State::LateReversed => Some(Settlement::PaidLate { evidence: Vec::new() }),
        _ => None,
    }
}

/// What is otherwise than with the other calls: an attempt has just ended when its outcome is looked at, and a resumed payment is never
/// repeated.
pub(super) fn event(at: &mut super::Scene, what: Happens) -> Option<Result<Event, Looked<'static>>> {
    let attempted = |at: &mut super::Scene| at.seen.last_attempt = Some(MONOTONIC);
    match what {
        Happens::AttemptUnknown | Happens::AttemptProcessing | Happens::AttemptTyping | Happens::AttemptAskedOnce => {
            attempted(at);
            None
        }
        Happens::AttemptUnconfirmed => {
            attempted(at);
            at.seen.refused = Some(refusal());
            let doubt = Doubt { code: "NOTENOUGH".into(), ..Doubt::new(Reason::Unconfirmed, "words") };
            Some(Ok(Event::Attempt(Ended::Judged(Outcome::Unknown(doubt)))))
        }
        Happens::ResumeInPay => Some(Ok(Event::Resume { repeats: false })),
        _ => None,
    }
}

fn refusal() -> Refusal {
    Refusal { code: "NOTENOUGH".into(), text: "words".into(), next: Next::NewNumber }
}

fn seconds_ago(seconds: u64) -> Option<Duration> {
    Some(MONOTONIC.saturating_sub(Duration::from_secs(seconds)))
}

/// Each word of the query, in each moment of each state.
fn each() -> impl Iterator<Item = (State, Word, Moment)> {
    let states = STATES.iter().filter(|state| state.is_of(Flow::Code));
    states.flat_map(|state| {
        let moments = MOMENTS.iter().filter(|moment| moment.is_of(*state));
        moments.flat_map(move |moment| WORDS.iter().map(move |word| (*state, *word, *moment)))
    })
}

fn done(state: State, word: Word, moment: Moment) -> String {
    let mut at = scene(Flow::Code, state);
    let event = answer(&mut at, word, moment);
    words(&at.step(event))
}

/// The rows of the query's answers whose step begins so, for the page.
pub(super) fn lines(of: &dyn Fn(&str) -> bool) -> Vec<String> {
    ANSWERS.iter().filter(|row| of(row.step)).map(line).collect()
}

fn line(row: &AnswerRow) -> String {
    let of = |state: &&State| row.moments.iter().any(|moment| moment.is_of(**state));
    let at = |moment: &&Moment| row.states.iter().any(|state| moment.is_of(*state));
    let states: Vec<&str> = row.states.iter().filter(of).map(|state| state.words()).collect();
    let words: Vec<&str> = row.words.iter().map(|word| word.words()).collect();
    let moments: Vec<&str> = row.moments.iter().filter(at).map(|moment| moment.words()).collect();
    let (states, words, moments) = (states.join("; "), words.join("; "), moments.join("; "));
    format!("| {states} | query: {words} — {moments} | **{}** | {} |\n", row.step, row.from)
}

/// What the query's answers lead to, for the drawing: from which state, by which step.
pub(super) fn steps() -> Vec<(State, String)> {
    each().map(|(state, word, moment)| (state, done(state, word, moment))).collect()
}

/// Each word, in each moment, has one row, and the rules do what it says.
#[test]
fn each_answer_has_its_row() {
    let (mut wrong, mut pairs, mut used) = (Vec::new(), 0, BTreeMap::new());
    for (state, word, moment) in each() {
        pairs += 1;
        let done = done(state, word, moment);
        let mut rows = ANSWERS.iter().enumerate().filter(|(_, row)| row.covers(state, word, moment));
        match (rows.next(), rows.next()) {
            (Some((at, row)), None) => {
                *used.entry(at).or_insert(0) += 1;
                if row.step != done {
                    wrong.push(format!("{state:?} {word:?} {moment:?}: {done}, and not {}", row.step));
                }
            }
            (None, _) => wrong.push(format!("{state:?} {word:?} {moment:?}: {done}, and no row")),
            (Some(_), Some(_)) => wrong.push(format!("{state:?} {word:?} {moment:?}: {done}, and two rows")),
        }
    }
    let unused = ANSWERS.iter().enumerate().filter(|(at, _)| !used.contains_key(at));
    wrong.extend(unused.map(|(_, row)| format!("no pair for {} ({})", row.step, row.from)));
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(pairs > 400, "the table sees little: {pairs}");
}

/// POS rulings 1 to 4: whatever it says, only REVOKED or CLOSED of this very payment, or its refunds, decline it at once, and nothing accepts what is
/// being taken back.
#[test]
fn no_doubt_ends_a_payment_by_code() {
    for (state, word, moment) in each() {
        let done = done(state, word, moment);
        let is_over = matches!(moment, Moment::ADay | Moment::SevenDays) && word == Word::NotFound;
        assert!(
            !done.starts_with("Declined") || matches!(word, Word::Revoked | Word::RefundsArrived) || is_over,
            "{state:?} {word:?} {moment:?}: {done}"
        );
        let in_time = word == Word::Paid && state == State::Open;
        assert!(!done.starts_with("Accepted") || in_time, "{state:?} {word:?} {moment:?}: {done}");
    }
}
