//! What was proven is kept until it is written; what was cancelled moves nothing more; each end has its own word.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::Time;
use crate::till::simulation::till_of_terminal;
use crate::till::till::{hb, outcome, redpack_till, state};

fn webgate_till(canned: &Canned, journal: &MemoryJournal, time: &Time) -> Till {
    till_of_terminal("webgate", journal.clone(), time, terminal(), &|| time.inputs(canned))
}

/// A gateway without a query: the journal fails at the moment of the answer, and a second later the same process is asked.
#[test]
fn an_end_that_the_journal_could_not_take_is_written_first() {
    for (retcode, accepted_then) in [("0", true), ("17", false)] {
        let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
        let till = webgate_till(&canned, &journal, &time);
        canned.then(&webgate_reply(retcode, ""));
        // of_intent, begin, settle.
        journal.fail_in(3);
        match till.pay("card", &charge("")) {
            Ok(Outcome::Accepted(receipt)) => assert!(receipt.journal_fault.is_some() && accepted_then),
            Ok(Outcome::Unknown(doubt)) => assert!(doubt.reason == Reason::Journal && !accepted_then, "{doubt}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(state(&journal), EntryState::Open);
        match accepted_then {
            true => assert!(matches!(accepted(till.pay("card", &charge(""))).evidence, Evidence::Recorded(_))),
            // The refusal is written, and then a new number may be used.
            false => assert!(till.pay("card", &charge("")).is_err()),
        }
        assert_eq!(canned.sent().len(), if accepted_then { 1 } else { 2 });
        let ended = matches!(journal.all()[0].state, EntryState::Recorded(_));
        assert!(ended, "{:?}", journal.all());
    }
}

/// The same of a question: the query said SENT, and what another data centre says later does not count.
#[test]
fn a_payment_that_a_query_proved_is_not_asked_about_again() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then_fault(Sent::Maybe).then(&hb("SENT", "200"));
    // of_intent, begin, settle.
    journal.fail_in(3);
    assert!(accepted(outcome(&till, "prize")).journal_fault.is_some());
    let report = till.recover(Duration::from_secs(10)).unwrap();
    assert!(doubt_of(&report[0]).is_none() && report[0].entry.is_paid(), "{:?}", report[0]);
    assert_eq!(canned.sent().len(), 2, "nothing was asked");
}

/// Known is noted with the next answer that knows the order, where the journal failed with the first one.
#[test]
fn known_is_noted_until_it_is_written() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).patience(Duration::from_secs(20));
    canned.then_fault(Sent::Maybe);
    for _ in 0..4 {
        canned.then(&hb("SENDING", "200"));
    }
    // of_intent, begin, note_known.
    journal.fail_in(3);
    unknown(outcome(&till, "prize"));
    assert!(journal.all()[0].known);
}

/// 取消 in each phase, by the watcher that is told of it, the first time and the second: no payment begins after it.
#[test]
fn after_a_cancel_no_payment_begins() {
    struct CancelsIn(Phase, AtomicU32, AtomicBool);
    impl Watch for CancelsIn {
        fn progress(&self, progress: &Progress<'_>) {
            if progress.phase == self.0 && self.1.fetch_sub(1, Ordering::Relaxed) == 1 {
                self.2.store(true, Ordering::Relaxed);
            }
        }
        fn is_cancelled(&self) -> bool {
            self.2.load(Ordering::Relaxed)
        }
    }
    for (phase, nth, sends) in [
        (Phase::Sending, 1, vec![]),
        (Phase::Asking, 1, vec!["sendredpack", "gethbinfo"]),
        (Phase::Repeating, 1, vec!["sendredpack", "gethbinfo"]),
        (Phase::Waiting, 1, vec!["sendredpack"]),
        (Phase::Waiting, 2, vec!["sendredpack", "gethbinfo", "sendredpack"]),
    ] {
        let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
        let till = redpack_till(&canned, &journal, &time);
        canned.then_fault(Sent::Maybe).then(&tenpay_failure("NOT_FOUND")).then_fault(Sent::Maybe);
        let watch = CancelsIn(phase, AtomicU32::new(nth), AtomicBool::new(false));
        let came = till.pay_with("prize", &red_packet(""), &Options::new().watch(&watch));
        match sends.is_empty() {
            true => drop(refused(came, "watch")),
            false => drop(unknown(came)),
        }
        let urls: Vec<_> = canned.sent().iter().map(|sent| sent.url.rsplit('/').next().unwrap().to_string()).collect();
        assert_eq!(urls, sends, "{phase:?}");
    }
}

/// Each call asks once, however short its patience, and moves nothing after it.
#[test]
fn a_short_patience_asks_once() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).patience(Duration::from_millis(900));
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&till, "prize"));
    for asked in 1..=3 {
        Pause::pause(&time, Duration::from_secs(60));
        canned.then(&tenpay_failure("NOT_FOUND"));
        unknown(outcome(&till, "prize"));
        assert_eq!(canned.sent().len(), 1 + asked);
    }
    canned.then(&hb("SENT", "200"));
    Pause::pause(&time, Duration::from_secs(60));
    accepted(outcome(&till, "prize"));
}

/// What never left, and what a person closed, is told as what it is.
#[test]
fn each_end_has_its_own_word() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_fault(Sent::No);
    assert!(outcome(&till, "prize").is_err());
    let number = journal.all()[0].order_number.clone();
    assert_eq!(declined(till.payment_of(&number)).code, "NOT_SENT");
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&till, "other"));
    let entry = journal.all()[1].clone();
    till.settle_by_hand(entry.id, false, "Li", "the platform shows nothing").unwrap();
    let refusal = declined(till.payment_of(&entry.order_number));
    assert_eq!((refusal.code.as_str(), refusal.next), ("BY_HAND", Next::NewNumber));
    assert!(refusal.text.contains("Li") && refusal.text.contains("the platform shows nothing"));
}

/// A scanner or a C string brings a blank: that would be another payment.
#[test]
fn an_intent_has_no_blank_at_an_end() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    for intent in ["receipt 17 ", " receipt 17", "\u{3000}receipt 17", " ", "\u{FEFF}receipt 17", "receipt\u{200B} 17"]
    {
        refused(outcome(&till, intent), "intent");
    }
    assert!(journal.all().is_empty() && canned.sent().is_empty());
}

/// A firmware update changes the greeting: the payment is told, and resolved with what was stored.
#[test]
fn a_text_that_is_only_shown_may_change() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then_fault(Sent::Maybe).then(&hb("SENT", "200"));
    accepted(outcome(&till.patience(Duration::from_secs(5)), "prize"));
    let till = redpack_till(&canned, &journal, &time);
    accepted(till.pay("prize", &SendRedPack { wishing: "新年快乐", ..red_packet("") }));
    assert_eq!(canned.sent().len(), 2);
    // Who, and how much, may not.
    refused(till.pay("prize", &SendRedPack { re_openid: "oOtherOtherOtherOtherOtherOt", ..red_packet("") }), "intent");
    refused(till.pay("prize", &SendRedPack { total_amount: fen(201), ..red_packet("") }), "intent");
}

/// A red packet that stays SENDING does not go on by itself: after 20 minutes the identical one is sent again, for three days.
#[test]
fn a_red_packet_that_stays_sending_is_sent_again() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&till, "prize"));
    let sends = || canned.sent().iter().filter(|sent| sent.url.ends_with("sendredpack")).count();
    for (wait, sent) in [(600, 1), (700, 2)] {
        Pause::pause(&time, Duration::from_secs(wait));
        canned.then_dated(&hb("SENDING", "200"), time.unix_seconds());
        if sent == 2 {
            canned.then_fault(Sent::Maybe).then(&hb("SENDING", "200"));
        }
        let options = Options::new().patience(Duration::from_millis(1_500));
        let doubt = unknown(till.pay_with("prize", &red_packet(""), &options));
        assert_eq!(sends(), sent, "{doubt}");
    }
    // After three days it is closed: it is asked about, and no longer sent.
    Pause::pause(&time, Duration::from_secs(3 * 86_400));
    canned.then_dated(&hb("SENDING", "200"), time.unix_seconds());
    let doubt = unknown(outcome(&till, "prize"));
    assert!(doubt.text.contains("余额不足"), "the gateway's reason: {doubt}");
    assert_eq!((sends(), journal.all().len()), (2, 1));
}

/// A repeat keeps the payee's pause, and so does a new intent beside it: one rule.
#[test]
fn a_repeat_and_a_new_intent_keep_one_pause() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = till_of_terminal("workwx", journal.clone(), &time, terminal(), &|| time.inputs(&canned));
    canned.then_fault(Sent::Maybe);
    unknown(till.pay_with("first", &employee(""), &Options::new().patience(Duration::ZERO)));
    Pause::pause(&time, Duration::from_secs(20));
    // A new intent for the same payee; 5 s later the first one is repeated.
    canned.then_fault(Sent::Maybe);
    unknown(till.pay_with("second", &employee(""), &Options::new().patience(Duration::ZERO)));
    let second = time.unix_seconds();
    Pause::pause(&time, Duration::from_secs(5));
    canned.then(&tenpay_failure("NOT_FOUND")).then_fault(Sent::Maybe);
    unknown(till.pay_with("first", &employee(""), &Options::new().patience(Duration::from_secs(12))));
    assert_eq!(journal.all()[0].attempts, 2);
    assert!(journal.all()[0].last_attempt_at - second >= 15, "{:?}", journal.all()[0]);
}

/// WeCom: not enough money. The document calls it "not paid" and wants the query, which does not know it: declined with that
/// code, and nothing was repeated.
#[test]
fn a_refusal_that_the_query_confirms_is_declined_with_its_code() {
    for (answer, is_declined) in [("NOT_FOUND", true), ("SUCCESS", false)] {
        let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
        let till = till_of_terminal("workwx", journal.clone(), &time, terminal(), &|| time.inputs(&canned));
        canned.then(&tenpay_failure("NOTENOUGH"));
        match is_declined {
            true => canned.then(&tenpay_failure("NOT_FOUND")),
            false => canned.then(&paid_employee(answer)),
        };
        let came = till.pay("receipt", &employee(""));
        match is_declined {
            true => {
                let refusal = declined(came);
                assert_eq!((refusal.code.as_str(), refusal.next), ("NOTENOUGH", Next::SameNumber));
            }
            false => drop(accepted(came)),
        }
        assert_eq!((canned.sent().len(), journal.all()[0].attempts), (2, 1));
    }
}

/// Sent again under its number after more than the 30 days that the query covers: that counts from the new attempt.
#[test]
fn the_look_back_counts_from_the_attempt_that_was_just_made() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = till_of_terminal("workwx", journal.clone(), &time, terminal(), &|| time.inputs(&canned));
    for _ in 0..2 {
        canned.then(&tenpay_failure("NOTENOUGH")).then(&tenpay_failure("NOT_FOUND"));
        assert_eq!(declined(till.pay("receipt", &employee(""))).code, "NOTENOUGH");
        time.jump(31 * 86_400);
    }
    assert_eq!((journal.all().len(), journal.all()[0].attempts), (1, 2));
}

fn paid_employee(status: &str) -> String {
    reply(&[
        ("return_code", "SUCCESS"),
        ("result_code", "SUCCESS"),
        ("partner_trade_no", "{number}"),
        ("status", status),
        ("payment_amount", &employee("").amount.get().to_string()),
    ])
}
