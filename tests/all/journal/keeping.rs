//! Pruning in small steps, beside the payments.

use std::fs;
use std::time::Duration;

use wxpay_terminal::*;

use crate::journal::flips::{REDPACK, begin_at, open};
use crate::journal::journal::{Folder, accepted, copy_folder};
use crate::journal::years::years;
use crate::support::*;
use crate::till::modelled::Time;

const DAY: i64 = 86_400;

/// Days of payments; one that a person settled, a refusal without proof, one under a clock that was not set, one that nobody acknowledged.
fn days() -> Folder {
    let folder = Folder::new();
    years(&folder, 300);
    let mut journal = open(&folder.journal()).unwrap();
    let then = NOW - 3 * DAY;
    let by_hand = Settlement::ByHand { paid: true, name: "王芳".into(), reason: "seen on the platform".into() };
    let (code, text) = ("NOTENOUGH".to_string(), "余额不足".to_string());
    for (intent, at, settlement, is_acknowledged) in [
        ("by hand", then, by_hand, true),
        ("without proof", then, Settlement::Unproven { code, text, next: Next::NewNumber }, true),
        ("1970", 0, accepted(), true),
        ("nobody acted", then, accepted(), false),
        ("today", NOW, accepted(), true),
    ] {
        let id = begin_at(&mut journal, "sendredpack", intent, at).unwrap().id;
        journal.settle(id, &settlement, at + 2).unwrap();
        if is_acknowledged {
            journal.acknowledge(id, at + 3).unwrap();
        }
    }
    folder
}

fn all(journal: &mut SqliteJournal) -> Vec<Entry> {
    journal.before(i64::MAX, 10_000).unwrap()
}

#[test]
fn steps_come_to_what_a_pruning_does() {
    let (at_once, in_steps) = (days(), Folder::new());
    copy_folder(&at_once.0, &in_steps.0);
    let (before, since) = (NOW - DAY, NOW - 2 * DAY);
    let mut one = open(&at_once.journal()).unwrap();
    let gone = one.prune(before, since, &|_| Some([7; 16])).unwrap() as usize;
    assert!((90..=110).contains(&gone), "{gone}");
    let mut other = open(&in_steps.journal()).unwrap();
    let (mut steps, mut left) = (0, all(&mut other).len());
    let has = left;
    while other.prune_step(before, since, &|_| Some([7; 16]), 4).unwrap() {
        let now = all(&mut other).len();
        assert!(left - now <= 4, "a step took {}", left - now);
        (steps, left) = (steps + 1, now);
        // A payment in between, and a start of the program.
        if steps == 20 {
            drop(other);
            other = open(&in_steps.journal()).unwrap();
        }
    }
    assert!(steps > gone / 4, "{steps} steps");
    assert_eq!(has - gone, left);
    assert_eq!(all(&mut one), all(&mut other));
    assert_eq!(one.summary(i64::MIN, i64::MAX).unwrap(), other.summary(i64::MIN, i64::MAX).unwrap());
    assert!(one.verify().unwrap() > other.verify().unwrap(), "a pruning at once puts away what is young, too");
    let fault = begin_at(&mut other, "sendredpack", "receipt 00000003", NOW).unwrap_err();
    assert!(fault.kind() == JournalFaultKind::Refused && fault.text().contains("pruned"), "{fault}");
    assert!(other.by_order_number(REDPACK, "1").unwrap().is_none());
    // What stays, stays.
    for intent in ["by hand", "without proof", "nobody acted", "today"] {
        assert_eq!(other.of_intent(intent).unwrap().len(), 1, "{intent}");
    }
    // Nothing more is old: the next round finds nothing.
    while other.prune_step(before, since, &|_| None, 4).unwrap() {}
    assert_eq!(all(&mut one), all(&mut other));
}

/// Flash wears out: what is old and stays as it is, past or not, costs a round nothing but reading.
#[test]
fn what_nobody_can_blank_is_not_written_again_and_again() {
    let folder = days();
    let mut journal = open(&folder.journal()).unwrap();
    let mut round = || while journal.prune_step(NOW - DAY, NOW - 900 * DAY, &|_| None, 16).unwrap() {};
    let files = || {
        let bytes =
            ["journal.db", "journal.db-wal", "journal.db.lock"].map(|name| fs::read(folder.0.join(name)).unwrap());
        bytes.map(|bytes| (bytes.len(), bytes))
    };
    round();
    let before = files();
    round();
    assert!(files() == before, "a round wrote");
}

/// A till that keeps ninety days, or all.
fn desk(folder: &Folder, canned: &Canned, time: &Time, days: Option<u64>) -> Till {
    let client =
        Client::with_inputs(RedpackAccount::new(MCH_ID, APPID, key()).unwrap(), terminal(), time.inputs(canned));
    let till = Till::with_inputs(Box::new(folder.open()), Box::new(time.clone()), Box::new(time.clone()));
    let till = till.with(client.unwrap());
    match days {
        Some(days) => till.keep(Duration::from_secs(days * 86_400)),
        None => till,
    }
}

/// By itself, after acknowledgements, some at a time; and not before a gateway's own time agreed with the clock.
#[test]
fn a_till_keeps_its_journal_small() {
    for keeps in [Some(90), None] {
        let (folder, canned, time) = (Folder::new(), Canned::default(), Time::new());
        let till = desk(&folder, &canned, &time, keeps);
        let sent =
            [("return_code", "SUCCESS"), ("result_code", "SUCCESS"), ("status", "SENT"), ("total_amount", "200")];
        let sent = reply(&sent);
        let pays = |intent: &str, now: i64| {
            canned.then_fault(Sent::Maybe).then_dated(&sent, now);
            let receipt = crate::support::accepted(till.pay(intent, &red_packet("")));
            let before = till.summary(0, i64::MAX).unwrap()[0].count;
            till.acknowledge(receipt.entry).unwrap();
            let after = till.summary(0, i64::MAX).unwrap()[0].count;
            (before - after) as i64
        };
        let old: Vec<i64> = (0..20).map(|number| pays(&format!("old {number}"), NOW)).collect();
        assert_eq!(old, [0; 20], "nothing is old");
        let years = 100 * DAY;
        time.jump(years);
        // It looked when nothing was old, and does so once an hour.
        Pause::pause(&time, Duration::from_secs(3_700));
        // The clock says that all is old; the gateway's time does not.
        assert_eq!(pays("the clock jumped", time.unix_seconds() - years), 0);
        // The same by both.
        let went: Vec<i64> = (0..12).map(|number| pays(&format!("new {number}"), time.unix_seconds())).collect();
        assert!(went.iter().all(|went| *went <= 8), "{went:?}");
        assert_eq!(went.iter().sum::<i64>(), if keeps.is_some() { 20 } else { 0 }, "{went:?}");
        let again = till.pay("old 3", &red_packet(""));
        match keeps {
            Some(_) => assert!(again.unwrap_err().to_string().contains("pruned")),
            None => drop(crate::support::accepted(again)),
        }
    }
}
