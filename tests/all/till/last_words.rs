//! What the gateway said last stays with the entry, and stands in every doubt (F30): a technician must learn it from one line.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::Time;
use crate::till::simulation::till_of_terminal;
use crate::till::till::{hb, redpack_till};

struct Desk {
    gateway: &'static str,
    canned: Canned,
    journal: MemoryJournal,
    time: Time,
}

impl Desk {
    fn new(gateway: &'static str) -> Desk {
        Desk { gateway, canned: Canned::default(), journal: MemoryJournal::default(), time: Time::new() }
    }

    /// A till, as after a start of the program.
    fn till(&self) -> Till {
        let inputs = || self.time.inputs(&self.canned);
        till_of_terminal(self.gateway, self.journal.reopened(), &self.time, terminal(), &inputs)
    }
}

fn last(doubt: &Doubt) -> &str {
    assert!(doubt.to_string().contains("the gateway last said"), "{doubt}");
    doubt.last.as_ref().unwrap().code.as_str()
}

/// NOTENOUGH, then no usable answer: there is no time left, and the next start asks in vain, too. The code is in each doubt.
#[test]
fn a_refusal_that_could_not_be_confirmed_is_in_every_doubt() {
    let desk = Desk::new("workwx");
    let till = desk.till();
    desk.canned.then(&tenpay_failure("NOTENOUGH")).then_fault(Sent::Maybe).then_fault(Sent::Maybe);
    let doubt = unknown(till.pay_with("receipt", &employee(""), &Options::new().patience(Duration::from_secs(2))));
    assert_eq!(last(&doubt), "NOTENOUGH");
    assert_eq!(desk.journal.all()[0].last_words.as_ref().unwrap().code, "NOTENOUGH");
    for till in [till, desk.till()] {
        desk.time.jump(20);
        desk.canned.then_fault(Sent::Maybe);
        let report = till.recover(Duration::from_secs(1)).unwrap();
        assert_eq!(last(doubt_of(&report[0]).unwrap()), "NOTENOUGH");
        desk.time.jump(20);
        desk.canned.then_fault(Sent::Maybe);
        assert_eq!(last(&unknown(till.payment_of(&desk.journal.all()[0].order_number))), "NOTENOUGH");
    }
}

/// A refused repeat of a gateway without a query: for a person, who reads what it said.
#[test]
fn a_refused_repeat_says_what_was_refused() {
    let desk = Desk::new("webgate");
    let till = desk.till();
    desk.canned.then_fault(Sent::Maybe).then(&webgate_reply("9", ""));
    let doubt = unknown(till.pay("receipt", &charge("")));
    assert_eq!((doubt.reason, last(&doubt)), (Reason::ForAPerson, "9"));
    for till in [till, desk.till()] {
        let report = till.recover(Duration::ZERO).unwrap();
        assert_eq!(last(doubt_of(&report[0]).unwrap()), "9");
        assert_eq!(last(&unknown(till.pay("receipt", &charge("")))), "9");
    }
}

/// The state of the query, with its reason; the newer word takes the older one's place, and equal ones are written once.
#[test]
fn a_state_of_the_query_is_a_last_word() {
    let desk = Desk::new("redpack");
    let till = desk.till();
    desk.canned.then(&tenpay_failure("SYSTEMERROR")).then(&hb("SENDING", "200"));
    let options = Options::new().patience(Duration::from_secs(1));
    unknown(till.pay_with("prize", &red_packet(""), &options));
    let words = |code: &str| {
        let words = desk.journal.all()[0].last_words.clone().unwrap();
        assert_eq!(words.code, code);
        words.text
    };
    assert_eq!(words("SENDING"), "余额不足");
    let revision = desk.journal.all()[0].revision;
    for answer in [Some("SENDING"), None] {
        desk.time.jump(20);
        match answer {
            Some(state) => desk.canned.then(&hb(state, "200")),
            None => desk.canned.then_fault(Sent::Maybe).then_fault(Sent::Maybe),
        };
        let doubt = unknown(till.payment_of(&desk.journal.all()[0].order_number));
        // Said just now, or last.
        assert!(doubt.code == "SENDING" || last(&doubt) == "SENDING", "{doubt}");
    }
    assert_eq!(desk.journal.all()[0].revision, revision, "the same words are not written again");
}

/// The journal cannot take the words: this process has them all the same, and writes them with the next ones.
#[test]
fn words_that_the_journal_could_not_take_are_not_lost() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then(&tenpay_failure("SYSTEMERROR"));
    // of_intent, begin, note.
    journal.fail_in(3);
    let doubt = unknown(till.pay("prize", &red_packet("")));
    assert!(doubt.code == "SYSTEMERROR" || last(&doubt) == "SYSTEMERROR", "{doubt}");
    assert_eq!(journal.all()[0].last_words, None);
    time.jump(20);
    canned.then_fault(Sent::Maybe).then_fault(Sent::Maybe);
    assert_eq!(last(&unknown(till.payment_of(&journal.all()[0].order_number))), "SYSTEMERROR");
    assert_eq!(journal.all()[0].last_words.as_ref().unwrap().code, "SYSTEMERROR");
}

/// What became of an intent, without a request: each of its numbers, with what it came to, and nobody is asked.
#[test]
fn an_intent_says_what_became_of_it() {
    let desk = Desk::new("swiftpass");
    let till = desk.till();
    assert!(till.entries_of("receipt").unwrap().is_empty());
    let order = |till: &Till| till.order("receipt", &wap_order(""));
    desk.canned.then_fault(Sent::Maybe).then(&wap_success(&[]));
    let second = is_ordered(order(&till)).order_number;
    let said = |till: &Till| -> Vec<String> {
        let of_intent = till.entries_of("receipt").unwrap();
        assert!(of_intent.iter().all(|one| one.entry.intent == "receipt"));
        let words = |one: &Reported| match &one.outcome {
            Outcome::Accepted(receipt) => format!("paid {}", receipt.order_number),
            Outcome::Ordered(receipt) => format!("ordered, {}", receipt.evidence.field("mweb_url").is_some()),
            Outcome::Taken(receipt) => format!("taken {}", receipt.entry.id),
            Outcome::PaidLate(receipt) => format!("late {}", receipt.entry.id),
            Outcome::Declined(refusal) => refusal.code.clone(),
            Outcome::Unknown(doubt) => format!("{:?}", doubt.reason),
        };
        of_intent.iter().map(words).collect()
    };
    for till in [&till, &desk.till()] {
        assert_eq!(said(till), ["EarlierAttempt", "ordered, true"]);
    }
    desk.canned.then(&crate::till::orders::trade("SUCCESS", &second, "1"));
    accepted(till.payment_of(&second));
    // It needs no account: also on a till that has none.
    let (journal, time) = (Box::new(desk.journal.reopened()), Box::new(desk.time.clone()));
    let empty = Till::with_inputs(journal, time.clone(), time);
    for till in [&till, &empty] {
        assert_eq!(said(till), ["EarlierAttempt".to_string(), format!("paid {second}")]);
    }
    assert_eq!(desk.canned.sent().len(), 3);
}
