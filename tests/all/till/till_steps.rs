//! The till when one step fails: each in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::{Modelled, Time};
use crate::till::simulation::{Said, pay, pay_with, till_over};

/// The world of a till in which one thing fails: the n-th call of one kind.
#[derive(Clone, Copy, Debug)]
enum Fails {
    Journal,
    /// The gateway is not reached.
    Connect,
    /// The exchange breaks after the request may have left, before or after the gateway did it.
    BeforeCommit,
    AfterCommit,
    /// The transport panics after the gateway did it.
    #[cfg(feature = "std")]
    TransportPanics,
    /// The callbacks of a watcher panic.
    #[cfg(feature = "std")]
    ProgressPanics,
    #[cfg(feature = "std")]
    IsCancelledPanics,
    /// The random numbers for the nonce.
    Random,
    /// The button is pressed.
    Cancelled,
}

/// One gateway behind a wire that fails at its n-th post.
struct Breaking {
    wire: Arc<Modelled>,
    fails: Fails,
    at: AtomicU32,
}

/// True once: at the call with this number.
fn now(at: &AtomicU32) -> bool {
    at.fetch_sub(1, Ordering::Relaxed) == 1
}

impl Transport for Breaking {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        let fault = |sent| Err(Fault { sent, stage: Stage::Exchange, text: "broken".into() });
        let breaks = match self.fails {
            Fails::Connect | Fails::BeforeCommit | Fails::AfterCommit => true,
            #[cfg(feature = "std")]
            Fails::TransportPanics => true,
            _ => false,
        };
        if !breaks || !now(&self.at) {
            return self.wire.post(post);
        }
        match self.fails {
            Fails::Connect => return fault(Sent::No),
            Fails::BeforeCommit => return fault(Sent::Maybe),
            _ => drop(self.wire.post(post)),
        }
        assert!(matches!(self.fails, Fails::AfterCommit), "the transport panics");
        fault(Sent::Maybe)
    }
}

impl Random for Breaking {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        if matches!(self.fails, Fails::Random) && now(&self.at) {
            // The only way to an Error from outside.
            return Err(Terminal::new("").unwrap_err());
        }
        bytes.fill(7);
        Ok(())
    }
}

struct BreakingWatch(Fails, AtomicU32);

impl Watch for BreakingWatch {
    fn progress(&self, _: &Progress<'_>) {
        #[cfg(feature = "std")]
        assert!(!(matches!(self.0, Fails::ProgressPanics) && now(&self.1)), "progress panics");
    }

    fn is_cancelled(&self) -> bool {
        #[cfg(feature = "std")]
        assert!(!(matches!(self.0, Fails::IsCancelledPanics) && now(&self.1)), "is_cancelled panics");
        matches!(self.0, Fails::Cancelled) && now(&self.1)
    }
}

/// Each step fails in turn: every call of the journal, every connect and exchange, every callback. No Error after bytes
/// may have left, nothing paid twice, and the application that asks again comes to the end.
#[test]
fn each_step_fails_in_turn() {
    let kinds = [
        Fails::Journal,
        Fails::Connect,
        Fails::BeforeCommit,
        Fails::AfterCommit,
        #[cfg(feature = "std")]
        Fails::TransportPanics,
        #[cfg(feature = "std")]
        Fails::ProgressPanics,
        #[cfg(feature = "std")]
        Fails::IsCancelledPanics,
        Fails::Random,
        Fails::Cancelled,
    ];
    let mut cases = 0;
    for gateway in ["redpack", "workwx", "swiftpass", "webgate"] {
        for fails in kinds {
            // The first fault of the network makes the till ask and repeat, so that there are more steps to fail.
            for (at, lossy) in (1..16).flat_map(|at| [(at, 0), (at, 60)]) {
                one_step_fails(gateway, fails, at, lossy);
                cases += 1;
            }
        }
    }
    println!("each step fails in turn: {cases} cases; an Error though sent 0, paid twice 0");
}

fn one_step_fails(gateway: &'static str, fails: Fails, at: u32, lossy: u32) {
    let case = format!("{gateway} {fails:?} at {at}, {lossy}% faults");
    let time = Time::new();
    let wire = Modelled::at(gateway, u64::from(at) * 31 + u64::from(lossy), lossy, Some(time.clone()));
    let journal = MemoryJournal::default();
    let breaking = || Breaking { wire: wire.clone(), fails, at: AtomicU32::new(at) };
    let desk = till_over(gateway, journal.clone(), &time, &|| Inputs {
        transport: Box::new(breaking()),
        clock: Box::new(time.clone()),
        random: Box::new(breaking()),
    });
    if matches!(fails, Fails::Journal) {
        journal.fail_in(at);
    }
    let watch = BreakingWatch(fails, AtomicU32::new(at));
    for _ in 0..6 {
        let said = pay_with(gateway, &desk, "prize", 200, &Options::new().watch(&watch));
        let paid: u32 = wire.paid_by_intent().values().sum();
        assert!(paid <= 1, "{case}: paid {paid} times");
        match said {
            Said::Error(_) => {
                assert_eq!(paid, 0, "{case}: an Error though paid");
                assert!(!journal.all().iter().any(Entry::is_pending), "{case}: an Error, and an entry is pending");
            }
            Said::Ordered(number) => {
                wire.customer_pays(&number);
                let _ = desk.payment_of_with(&number, &Options::new().watch(&watch));
            }
            Said::Accepted(number) | Said::PaidLate(number) => assert_eq!(wire.paid(&number), 1, "{case}"),
            Said::Declined(_) => assert_eq!(paid, 0, "{case}: Declined though paid"),
            Said::Unknown(_) => {}
        }
        let _ = desk.recover_with(&Options::new().patience(Duration::from_secs(5)).watch(&watch));
    }
    // Without faults the same intent comes to its end.
    wire.set_faults(0);
    journal.fail_in(0);
    let last = till_over(gateway, journal.reopened(), &time, &|| Inputs {
        transport: Box::new(wire.clone()),
        clock: Box::new(time.clone()),
        random: Box::new(Counting::new()),
    });
    let said = pay(gateway, &last, "prize", 200);
    let paid: u32 = wire.paid_by_intent().values().sum();
    match said {
        Said::Ordered(_) => assert_eq!(paid, 0, "{case}"),
        Said::Accepted(_) | Said::PaidLate(_) => assert_eq!(paid, 1, "{case}"),
        Said::Unknown(Reason::ForAPerson) => assert!(paid <= 1, "{case}"),
        other => panic!("{case}: {other:?} at the end"),
    }
}
