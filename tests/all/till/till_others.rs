//! The till and others: threads that share it, watchers that cancel or panic, several accounts, a person.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::{Modelled, Time};
use crate::till::simulation::{Said, pay, till};
use crate::till::till::{hb, outcome, redpack_till, state};

#[test]
fn another_amount_is_for_a_person() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then_fault(Sent::Maybe).then(&hb("SENT", "201"));
    assert_eq!(unknown(outcome(&till, "prize")).reason, Reason::ForAPerson);
    assert_eq!(unknown(outcome(&till, "prize")).reason, Reason::ForAPerson);
    let id = journal.all()[0].id;
    assert!(till.settle_by_hand(id, true, " ", "x").is_err());
    till.settle_by_hand(id, false, "王", "银行流水").unwrap();
    assert!(till.settle_by_hand(id, true, "王", "again").is_err());
    canned.then_fault(Sent::No);
    assert!(outcome(&till, "prize").is_err(), "a person said unpaid: a new number may be used");
    assert_eq!(journal.all().len(), 2);
}

/// Eight threads ask for the same prize, and for their own.
#[cfg(feature = "https")]
#[test]
fn eight_threads_at_one_till() {
    let (wire, journal, time) = (Modelled::new("redpack", 3, 30), MemoryJournal::default(), Time::new());
    let desk = till("redpack", journal.clone(), &wire, &time);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (desk, wire) = (&desk, &wire);
            scope.spawn(move || {
                for round in 0..50 {
                    let own = format!("t{thread}r{round}");
                    for intent in [own.as_str(), "shared"] {
                        if let Said::Accepted(number) = pay("redpack", desk, intent, 200) {
                            assert_eq!(wire.paid(&number), 1);
                        }
                    }
                }
            });
        }
    });
    assert!(wire.paid_by_intent().values().all(|paid| *paid <= 1));
    let numbers: HashSet<_> = journal.all().into_iter().map(|entry| entry.order_number).collect();
    assert_eq!(numbers.len(), journal.all().len());
}

#[test]
fn an_entry_of_a_missing_account_is_named() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let one = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&one, "prize"));
    let empty = Till::with_inputs(Box::new(journal.clone()), Box::new(time.clone()), Box::new(time.clone()));
    let report = empty.recover(Duration::from_secs(5)).unwrap();
    let doubt = doubt_of(&report[0]).unwrap();
    assert_eq!(doubt.reason, Reason::NoAccount);
    assert!(doubt.text.contains("gateway.example") && doubt.text.contains(MCH_ID), "{doubt}");
}

#[test]
fn acknowledged_entries_are_no_longer_reported() {
    let (wire, journal, time) = (Modelled::new("redpack", 1, 0), MemoryJournal::default(), Time::new());
    let desk = till("redpack", journal.clone(), &wire, &time);
    assert!(matches!(pay("redpack", &desk, "prize", 200), Said::Accepted(_)));
    for _ in 0..2 {
        let report = desk.recover(Duration::ZERO).unwrap();
        assert!(report.len() == 1 && doubt_of(&report[0]).is_none());
    }
    let seen = desk.unacknowledged().unwrap()[0].version();
    desk.acknowledge(seen).unwrap();
    desk.acknowledge(seen).unwrap();
    assert!(desk.recover(Duration::ZERO).unwrap().is_empty());
    assert!(matches!(pay("redpack", &desk, "prize", 200), Said::Accepted(_)));
}

/// Waiting can be ended from outside, with what is known so far. Before anything is sent that is an Error.
#[test]
fn waiting_can_be_cancelled() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    let cancel = AtomicBool::new(true);
    let options = Options::new().watch(&cancel);
    refused(till.pay_with("prize", &red_packet(""), &options), "watch");
    assert!(canned.sent().is_empty());
    assert_eq!(state(&journal), EntryState::Recorded(Settlement::NotSent));

    canned.then_fault(Sent::Maybe);
    struct Button<'a>(&'a AtomicBool, Mutex<Vec<(Phase, String)>>);
    impl Watch for Button<'_> {
        fn progress(&self, progress: &Progress<'_>) {
            assert_eq!(progress.intent, "prize");
            self.1.lock().unwrap().push((progress.phase, progress.order_number.into()));
            // The customer goes away while the till waits.
            self.0.store(progress.phase == Phase::Waiting, Ordering::Relaxed);
        }
        fn is_cancelled(&self) -> bool {
            self.0.load(Ordering::Relaxed)
        }
    }
    cancel.store(false, Ordering::Relaxed);
    let button = Button(&cancel, Mutex::default());
    unknown(till.pay_with("prize", &red_packet(""), &Options::new().watch(&button)));
    let number = journal.all()[0].order_number.clone();
    let told = [(Phase::Sending, number.clone()), (Phase::Waiting, number)];
    assert_eq!(*button.1.lock().unwrap(), told);
    assert_eq!((state(&journal), canned.sent().len()), (EntryState::Open, 1));
}

/// A thread presses the button while another one waits in real time.
#[cfg(feature = "std")]
#[test]
fn another_thread_cancels() {
    struct Real;
    impl Pause for Real {
        fn pause(&self, time: Duration) {
            std::thread::sleep(time);
        }
    }
    let canned = Canned::default();
    canned.then_fault(Sent::Maybe);
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap();
    let client = Client::with_inputs(account, terminal(), inputs(&canned)).unwrap();
    let journal = MemoryJournal::default();
    let till = Till::with_inputs(Box::new(journal), Box::new(FixedClock(NOW)), Box::new(Real)).with(client);
    // The clock stands still: nothing but the button ends this.
    let cancel = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let paying = scope.spawn(|| till.pay_with("p", &red_packet(""), &Options::new().watch(&cancel)).is_ok());
        while canned.sent().len() < 2 {
            std::thread::yield_now();
        }
        cancel.store(true, Ordering::Relaxed);
        assert!(paying.join().unwrap());
    });
}

/// A callback that panics takes nothing away.
#[cfg(feature = "std")]
#[test]
fn a_panicking_callback_changes_no_outcome() {
    struct Panics(bool);
    impl Watch for Panics {
        fn progress(&self, _: &Progress<'_>) {
            panic!("progress")
        }
        fn is_cancelled(&self) -> bool {
            assert!(!self.0, "is_cancelled");
            false
        }
    }
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then_fault(Sent::Maybe).then(&hb("SENT", "200"));
    accepted(till.pay_with("a", &red_packet(""), &Options::new().watch(&Panics(false))));
    refused(till.pay_with("b", &red_packet(""), &Options::new().watch(&Panics(true))), "watch");
    assert_eq!(canned.sent().len(), 2);
}

/// Two accounts of one family: the caller says which one pays.
#[test]
fn the_caller_names_one_of_two_accounts() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let second = RedpackAccount::new("1900000110", APPID, key()).unwrap().hosts(&["https://gateway.example"]).unwrap();
    let till =
        redpack_till(&canned, &journal, &time).with(Client::with_inputs(second, terminal(), inputs(&canned)).unwrap());
    refused(till.pay("prize", &red_packet("")), "account");
    refused(till.pay_with("prize", &red_packet(""), &Options::new().account("1900000111")), "account");
    assert!(canned.sent().is_empty());
    for mch_id in ["1900000110", MCH_ID] {
        canned.then_fault(Sent::Maybe);
        let options = Options::new().account(mch_id).patience(Duration::ZERO);
        unknown(till.pay_with(mch_id, &red_packet(""), &options));
        assert_eq!(xml_value(&canned.sent().last().unwrap().body, "mch_id").unwrap(), mch_id);
    }
    // (One intent under two accounts is one payment: one_intent.rs.)
    let numbers: HashSet<_> = journal.all().into_iter().map(|entry| entry.order_number).collect();
    assert_eq!(numbers.len(), 2);
}

/// While a payment is on its way a person's word cannot be written, and a settled entry is never overwritten.
#[cfg(feature = "https")]
#[test]
fn nobody_settles_an_entry_in_flight() {
    use std::sync::{Arc, Mutex, Weak};
    struct Meanwhile(Mutex<Weak<Till>>, Mutex<Vec<JournalFaultKind>>);
    impl Transport for Meanwhile {
        fn post(&self, _: &Post<'_>) -> Result<Received, Fault> {
            let till = self.0.lock().unwrap().upgrade().unwrap();
            let refused = till.settle_by_hand(1, false, "王", "too early").unwrap_err();
            self.1.lock().unwrap().push(refused.kind());
            let again = till.pay("prize", &red_packet("")).unwrap();
            assert!(matches!(again, Outcome::Unknown(_)), "another thread works on it");
            assert!(doubt_of(&till.recover(Duration::from_secs(1)).unwrap()[0]).is_some());
            Err(Fault { sent: Sent::Maybe, stage: Stage::Exchange, text: "lost".into() })
        }
    }
    let (journal, time) = (MemoryJournal::default(), Time::new());
    let wire = Arc::new(Meanwhile(Mutex::new(Weak::new()), Mutex::default()));
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&["https://gateway.example"]).unwrap();
    let inputs = Inputs { transport: Box::new(wire.clone()), ..inputs(&Canned::default()) };
    let till = Till::with_inputs(Box::new(journal.clone()), Box::new(time.clone()), Box::new(time.clone()));
    let till = Arc::new(till.with(Client::with_inputs(account, terminal(), inputs).unwrap()).patience(Duration::ZERO));
    *wire.0.lock().unwrap() = Arc::downgrade(&till);
    unknown(outcome(&till, "prize"));
    assert_eq!(*wire.1.lock().unwrap(), [JournalFaultKind::Refused]);
    assert_eq!(journal.all().len(), 1);
}

// ---- an acknowledgement names what was seen (F44) ----

/// Thread A reads the report: refused. Thread B pays the same number. A's acknowledgement of the refusal is no
/// acknowledgement of the payment, also after a power cut.
#[test]
fn a_payment_is_not_acknowledged_by_who_saw_the_refusal() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then(&tenpay_failure("NOTENOUGH"));
    declined(outcome(&till, "prize"));
    let seen = till.recover(Duration::ZERO).unwrap()[0].entry.version();
    time.jump(2);
    canned.then_fault(Sent::Maybe).then(&hb("SENT", "200"));
    let paid = accepted(outcome(&till, "prize")).entry;
    assert_eq!((seen.id, paid.id), (1, 1));
    for till in [till, redpack_till(&canned, &journal, &time)] {
        assert!(till.acknowledge(seen).unwrap_err().text().contains("has changed since"));
        let report = till.recover(Duration::ZERO).unwrap();
        assert!(matches!(report[0].outcome, Outcome::Accepted(_)), "{report:?}");
        assert_eq!(report[0].entry.version(), paid, "the receipt and the report name the same");
    }
    let till = redpack_till(&canned, &journal, &time);
    till.acknowledge(paid).unwrap();
    till.acknowledge(paid).unwrap();
    assert!(till.acknowledge(seen).is_err());
    assert!(till.recover(Duration::ZERO).unwrap().is_empty());
}

/// The journal could not take the payment when it was told: whoever saw that receipt looks again.
#[test]
fn a_receipt_that_was_not_written_acknowledges_nothing() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then_fault(Sent::Maybe).then(&hb("SENT", "200"));
    // of_intent, begin, settle.
    journal.fail_in(3);
    let told = accepted(outcome(&till, "prize"));
    assert!(told.journal_fault.is_some());
    assert!(till.acknowledge(told.entry).is_err());
    let report = till.recover(Duration::ZERO).unwrap();
    assert!(matches!(report[0].outcome, Outcome::Accepted(_)));
    till.acknowledge(report[0].entry.version()).unwrap();
    assert!(till.recover(Duration::ZERO).unwrap().is_empty());
}
