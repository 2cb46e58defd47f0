//! "Stop" means: not again by itself (F35). A person mends the cause, and says so.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::Time;
use crate::till::till::{hb, outcome, redpack_till};

const DAY: i64 = 86_400;

/// A prize that was refused for the limit of the day.
fn refused_prize() -> (Canned, MemoryJournal, Time, Till) {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then(&tenpay_failure("SENDNUM_LIMIT"));
    assert_eq!(declined(outcome(&till, "prize")).next, Next::Stop);
    (canned, journal, time, till)
}

/// Three days later, the same intent: not by itself; by a person's word, under its own number, once.
#[test]
fn what_was_refused_for_good_is_sent_again_by_a_persons_word() {
    for restart in [false, true] {
        let (canned, journal, time, till) = refused_prize();
        let till = if restart { redpack_till(&canned, &journal, &time) } else { till };
        time.jump(3 * DAY);
        assert_eq!((declined(outcome(&till, "prize")).next, canned.sent().len()), (Next::Stop, 1));
        for (name, reason) in [("", "x"), ("李", " ")] {
            assert!(till.allow_again(1, name, reason).is_err());
        }
        assert!(till.allow_again(2, "李", "no such entry").is_err());
        till.allow_again(1, "李", "the limit is of a day").unwrap();
        assert!(till.allow_again(1, "李", "twice").is_err());
        // Nothing is sent by the word itself.
        assert_eq!(canned.sent().len(), 1);
        canned.then_fault(Sent::Maybe).then(&hb("SENT", "200"));
        accepted(outcome(&till, "prize"));
        let number = |at: usize| xml_value(&canned.sent()[at].body, "mch_billno").unwrap();
        assert_eq!((number(0), journal.all().len()), (number(1), 1), "its own number");
        assert!(till.allow_again(1, "李", "it is paid").is_err());
    }
}

/// Refused again with the same words: stopped again.
#[test]
fn the_word_counts_once() {
    let (canned, _, time, till) = refused_prize();
    till.allow_again(1, "李", "the limit is of a day").unwrap();
    time.jump(2);
    canned.then(&tenpay_failure("SENDNUM_LIMIT"));
    assert_eq!(declined(outcome(&till, "prize")).next, Next::Stop);
    time.jump(2);
    assert_eq!((declined(outcome(&till, "prize")).next, canned.sent().len()), (Next::Stop, 2));
}

/// Only what was refused for good: not what is open, never sent, or refused in a way that `pay` mends.
#[test]
fn nothing_else_is_allowed_again() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&till, "open"));
    canned.then(&tenpay_failure("OPENID_ERROR"));
    declined(outcome(&till, "refused"));
    canned.then_fault(Sent::No);
    assert!(outcome(&till, "not sent").is_err());
    for entry in 1..=3 {
        assert_eq!(till.allow_again(entry, "李", "x").unwrap_err().kind(), JournalFaultKind::Refused, "{entry}");
    }
    assert_eq!(journal.states(), ["open", "unpaid", "not sent"]);
}

/// What prune blanked is sent with the caller's fields, under its own number.
#[cfg(feature = "sqlite")]
#[test]
fn a_blanked_one_takes_the_callers_fields() {
    let (canned, journal, time, till) = refused_prize();
    journal.change(|entry| entry.fields.clear());
    till.allow_again(1, "李", "the limit is of a day").unwrap();
    time.jump(2);
    canned.then_fault(Sent::Maybe).then(&hb("SENT", "200"));
    accepted(outcome(&till, "prize"));
    let entry = journal.all().remove(0);
    assert_eq!(entry.field("mch_billno"), Some(entry.order_number.as_str()));
}
