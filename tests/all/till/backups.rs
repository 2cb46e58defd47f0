//! A journal that was restored from a backup may have forgotten that a number was sent, and paid (F52): what an earlier opening wrote
//! is not believed to be unsent, and its refusal wants the query's word.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::Time;
use crate::till::simulation::till_of_terminal;
use crate::till::till::{hb, outcome, state};

struct Desk {
    canned: Canned,
    journal: MemoryJournal,
    time: Time,
}

impl Desk {
    /// The journal of the backup: a payment that had not been sent when it was made.
    fn restored(gateway: &'static str) -> (Desk, Till) {
        let desk = Desk { canned: Canned::default(), journal: MemoryJournal::default(), time: Time::new() };
        desk.canned.then_fault(Sent::No);
        assert!(match gateway {
            "redpack" => outcome(&desk.till(gateway), "prize").is_err(),
            _ => desk.till(gateway).pay("prize", &charge("")).is_err(),
        });
        assert_eq!(desk.journal.states(), ["not sent"]);
        let till = desk.till(gateway);
        (desk, till)
    }

    fn till(&self, gateway: &'static str) -> Till {
        till_of_terminal(gateway, self.journal.reopened(), &self.time, terminal(), &|| self.time.inputs(&self.canned))
    }
}

/// The gateway refuses the number, because it was paid since: its query says so.
#[test]
fn a_number_that_was_paid_since_the_backup_is_not_declined() {
    for code in ["OPENID_ERROR", "NOTENOUGH", "SENDNUM_LIMIT"] {
        let (desk, till) = Desk::restored("redpack");
        desk.canned.then(&tenpay_failure(code)).then(&hb("SENT", "200"));
        accepted(outcome(&till, "prize"));
        assert_eq!((desk.journal.states(), desk.canned.sent().len()), (vec!["paid"], 3), "{code}");
    }
}

/// Without a usable answer nothing is known, and no new number is made.
#[test]
fn without_the_querys_word_a_refusal_proves_nothing() {
    let (desk, till) = Desk::restored("redpack");
    desk.canned.then(&tenpay_failure("OPENID_ERROR"));
    let options = Options::new().patience(Duration::from_secs(3));
    let doubt = unknown(till.pay_with("prize", &red_packet(""), &options));
    assert_eq!(doubt.last.unwrap().code, "OPENID_ERROR");
    assert_eq!(desk.journal.states(), ["open"]);
}

/// It was unsent indeed: the query does not know it, and the refusal is what it is.
#[test]
fn a_refusal_that_the_query_confirms_is_declined() {
    let (desk, till) = Desk::restored("redpack");
    desk.canned.then(&tenpay_failure("NOTENOUGH")).then(&tenpay_failure("NOT_FOUND"));
    assert_eq!(declined(outcome(&till, "prize")).code, "NOTENOUGH");
    assert!(matches!(state(&desk.journal), EntryState::Recorded(Settlement::Declined { next: Next::SameNumber, .. })));
    // What this opening begins is believed at once, as ever.
    desk.canned.then(&tenpay_failure("NOTENOUGH"));
    assert_eq!(declined(outcome(&till, "another prize")).code, "NOTENOUGH");
    assert_eq!(desk.canned.sent().len(), 4);
}

/// It is not reached: nothing is new, so what is recorded stands, and the call is an error.
#[test]
fn a_number_that_is_not_reached_again_is_an_error_again() {
    let (desk, till) = Desk::restored("redpack");
    desk.canned.then_fault(Sent::No);
    assert_eq!(outcome(&till, "prize").unwrap_err().kind(), ErrorKind::Connect);
    assert_eq!(desk.journal.states(), ["not sent"]);
}

/// A gateway without a query: nobody but a person can tell.
#[test]
fn a_refused_number_of_a_gateway_without_a_query_is_for_a_person() {
    let (desk, till) = Desk::restored("webgate");
    desk.canned.then(&webgate_reply("9", "")).then(&webgate_reply("9", ""));
    let doubt = unknown(till.pay("prize", &charge("")));
    assert_eq!(doubt.reason, Reason::ForAPerson);
    assert_eq!(desk.journal.states(), ["for a person"]);
}
