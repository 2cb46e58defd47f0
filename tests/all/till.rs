//! The till: intents, resolution, recovery, one test a rule.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wxpay_terminal::*;

use crate::memory_journal::MemoryJournal;
use crate::simulation::{Modelled, Said, Time, pay, pay_with, till, till_of_terminal, till_over};
use crate::support::*;

/// A redpack till over prepared answers, on a virtual clock.
fn redpack_till(canned: &Canned, journal: &MemoryJournal, time: &Time) -> Till {
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&["https://gateway.example"]).unwrap();
    let inputs = Inputs {
        transport: Box::new(canned.clone()),
        clock: Box::new(time.clone()),
        random: Box::new(Counting::new()),
    };
    Till::with_inputs(Box::new(journal.clone()), Box::new(time.clone()), Box::new(time.clone()))
        .with(Client::with_inputs(account, terminal(), inputs).unwrap())
}

fn hb(status: &str, amount: &str) -> String {
    reply(&[
        ("return_code", "SUCCESS"),
        ("result_code", "SUCCESS"),
        ("status", status),
        ("total_amount", amount),
        ("reason", "余额不足"),
    ])
}

fn state(journal: &MemoryJournal) -> EntryState {
    journal.all().last().unwrap().state.clone()
}

fn outcome(till: &Till, intent: &str) -> Result<Outcome<Receipt<RedPackSent>>, Error> {
    till.pay(intent, &red_packet(""))
}

#[test]
fn the_order_number_is_the_tills() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    refused(till.pay("prize", &red_packet("123")), "mch_billno");
    for intent in ["", &"x".repeat(65), "a\nb"] {
        refused(till.pay(intent, &red_packet("")), "intent");
    }
    refused(till.pay("p", &SendRedPack { total_amount: fen(99), ..red_packet("") }), "scene_id");
    refused(till.pay("p", &employee("")), "account");
    assert!(journal.all().is_empty() && canned.sent().is_empty());
}

#[test]
fn the_same_intent_returns_the_recorded_result_and_other_fields_are_an_error() {
    let (wire, journal, time) = (Modelled::new("redpack", 1, 0), MemoryJournal::default(), Time::new());
    let one = till("redpack", journal.clone(), &wire, &time);
    let Said::Accepted(number) = pay("redpack", &one, "prize", 200) else { panic!() };
    assert_eq!(pay("redpack", &one, "prize", 200), Said::Accepted(number.clone()));
    assert_eq!(wire.posts(), 1, "recorded, not sent again");
    assert_eq!(pay("redpack", &one, "prize", 201), Said::Error(ErrorKind::Field));
    let later = till("redpack", journal.reopened(), &wire, &time);
    assert_eq!(pay("redpack", &later, "prize", 200), Said::Accepted(number.clone()));
    assert!(matches!(pay("redpack", &later, "other prize", 200), Said::Accepted(other) if other != number));
    assert_eq!(journal.all().len(), 2);
}

#[test]
fn a_lost_answer_is_asked_for_and_not_paid_again() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then_fault(Sent::Maybe).then(&hb("SENDING", "200")).then(&hb("SENT", "200"));
    let receipt = accepted(outcome(&till, "prize"));
    assert!(matches!(receipt.evidence, Evidence::Queried(_)));
    let urls: Vec<_> = canned.sent().iter().map(|sent| sent.url.rsplit('/').next().unwrap().to_string()).collect();
    assert_eq!(urls, ["sendredpack", "gethbinfo", "gethbinfo"]);
    assert!(matches!(state(&journal), EntryState::Settled(Settlement::Accepted { queried: true, .. })));
}

/// After NOT_FOUND the identical request is repeated, and nothing else.
#[test]
fn not_found_is_followed_by_the_identical_repeat() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then_fault(Sent::Maybe).then(&tenpay_failure("NOT_FOUND")).then_fault(Sent::Maybe).then(&hb("SENT", "200"));
    accepted(outcome(&till, "prize"));
    let sent = canned.sent();
    let fields = |body: &str| -> Vec<_> {
        xml_fields(body).into_iter().filter(|(n, _)| n != "nonce_str" && n != "sign").collect()
    };
    assert_eq!(fields(&sent[0].body), fields(&sent[2].body));
    assert!(sent[2].url.ends_with("sendredpack"));
    assert_eq!(journal.all()[0].attempts, 2);
}

/// Asking and moving are two permissions.
#[test]
fn recover_only_asks() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&till, "prize"));
    for _ in 0..3 {
        canned.then(&tenpay_failure("NOT_FOUND"));
    }
    let report = till.recover(Duration::from_secs(6)).unwrap();
    assert!(report[0].doubt.is_some());
    let moved = canned.sent().iter().filter(|sent| sent.url.ends_with("sendredpack")).count();
    assert_eq!(moved, 1);
}

/// Final only after the window in this process's own time, two answers a minute apart, within the look-back.
#[test]
fn when_not_found_is_final() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&till, "prize"));
    let ask = |seconds: u64| {
        Pause::pause(&time, Duration::from_secs(seconds));
        canned.then(&tenpay_failure("NOT_FOUND"));
        till.recover(Duration::from_millis(1_500)).unwrap()[0].doubt.is_none()
    };
    // A wall clock that jumps ten days does not make 20 minutes.
    time.jump(10 * 86_400);
    assert!(!ask(60) && !ask(600));
    time.jump(-10 * 86_400);
    assert!(!ask(700), "the first answer that counts");
    assert!(!ask(20), "the second comes too soon");
    assert!(ask(60));
    assert!(matches!(state(&journal), EntryState::Settled(Settlement::Declined { next: Next::NewNumber, .. })));
    canned.then_fault(Sent::No);
    let again = outcome(&till, "prize");
    assert!(again.is_err(), "a new number, which did not leave");
    let numbers: HashSet<_> = journal.all().into_iter().map(|entry| entry.order_number).collect();
    assert_eq!(numbers.len(), 2);
}

/// Recorded at 1970, asked in 2026: the look-back cannot be trusted, so "not found" is never final.
#[test]
fn not_found_is_not_final_for_an_order_begun_by_a_dead_clock() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    time.jump(-NOW);
    let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&till, "prize"));
    time.jump(NOW);
    for _ in 0..5 {
        Pause::pause(&time, Duration::from_secs(3_600));
        canned.then(&tenpay_failure("NOT_FOUND"));
        assert!(till.recover(Duration::from_millis(1_500)).unwrap()[0].doubt.is_some());
    }
    assert_eq!(state(&journal), EntryState::Open);
}

#[test]
fn past_the_look_back_not_found_says_nothing() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&till, "prize"));
    Pause::pause(&time, Duration::from_secs(40 * 86_400));
    for _ in 0..3 {
        Pause::pause(&time, Duration::from_secs(100));
        canned.then(&tenpay_failure("NOT_FOUND"));
        let _ = till.recover(Duration::from_millis(1_500)).unwrap();
    }
    assert!(matches!(state(&journal), EntryState::Settled(Settlement::ForAPerson { .. })), "{:?}", state(&journal));
}

#[test]
fn failed_allows_a_new_number_and_refund_does_not() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then_fault(Sent::Maybe).then(&hb("FAILED", "200"));
    let refusal = declined(outcome(&till, "prize"));
    assert_eq!((refusal.code.as_str(), refusal.text.as_str()), ("FAILED", "余额不足"));
    canned.then_fault(Sent::Maybe).then(&hb("REFUND", "200"));
    accepted(outcome(&till, "prize"));
    accepted(outcome(&till, "prize"));
    assert_eq!(journal.all().len(), 2);
}

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

/// FREQ_LIMIT asks to come again: the same number, after the wait.
#[test]
fn a_refusal_that_asks_to_wait_is_repeated() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then(&tenpay_failure("FREQ_LIMIT")).then(&tenpay_failure("NOTENOUGH"));
    assert_eq!(declined(outcome(&till, "prize")).code, "NOTENOUGH");
    let numbers: HashSet<_> = canned.sent().iter().map(|s| xml_value(&s.body, "mch_billno")).collect();
    assert_eq!((canned.sent().len(), numbers.len()), (2, 1));
    // NOTENOUGH: topped up, the same number again.
    canned.then(&tenpay_failure("NO_AUTH"));
    assert_eq!(declined(outcome(&till, "prize")).next, Next::Stop);
    assert_eq!(declined(outcome(&till, "prize")).next, Next::Stop);
    assert_eq!(canned.sent().len(), 3, "Stop is recorded");
    assert_eq!(journal.all().len(), 1);
}

/// PROCESSING: 二十分钟后查询. A short patience does not ask at all.
#[test]
fn processing_is_asked_after_twenty_minutes() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).patience(Duration::from_secs(1_300));
    canned.then(&tenpay_failure("PROCESSING")).then(&hb("SENT", "200"));
    let before = Clock::monotonic(&time);
    accepted(outcome(&till, "prize"));
    assert!(Clock::monotonic(&time) - before >= Duration::from_secs(1_200));
    let short = redpack_till(&canned, &journal, &time);
    canned.then(&tenpay_failure("PROCESSING"));
    unknown(outcome(&short, "other"));
    assert_eq!(canned.sent().len(), 3);
}

/// A gateway without a query repeats only when the operator allows it; its refusal of a repeat is for a person.
#[test]
fn webgate_repeats_only_when_allowed() {
    for allowed in [false, true] {
        let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
        let account = WebgateAccount::new("https://pay.example", "10001", Secret::from("k"), SaysGood).unwrap();
        let account = if allowed { account.repeat_while_unpaid() } else { account };
        let inputs = Inputs { clock: Box::new(time.clone()), ..inputs(&canned) };
        let till = Till::with_inputs(Box::new(journal.clone()), Box::new(time.clone()), Box::new(time.clone()))
            .with(Client::with_inputs(account, terminal(), inputs).unwrap());
        canned.then_fault(Sent::Maybe).then(&webgate_reply("9", ""));
        let doubt = unknown(till.pay("prize", &charge("")));
        assert_eq!(canned.sent().len(), if allowed { 2 } else { 1 });
        assert_eq!(doubt.reason == Reason::ForAPerson, allowed);
    }
}

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
            Said::Accepted(number) if gateway == "swiftpass" => {
                wire.customer_pays(&number);
                let _ = desk.payment_of_with(&number, &Options::new().watch(&watch));
            }
            Said::Accepted(number) => assert_eq!(wire.paid(&number), 1, "{case}"),
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
        Said::Accepted(_) => assert_eq!(paid, u32::from(paid > 0 || gateway != "swiftpass"), "{case}"),
        Said::Unknown(Reason::ForAPerson) => assert!(paid <= 1, "{case}"),
        other => panic!("{case}: {other:?} at the end"),
    }
}

/// A repeat is identical in all but nonce, time and signature, also after a restart with another `device_info` and another
/// address in the configuration.
#[test]
fn a_repeat_after_a_restart_sends_what_was_recorded() {
    for gateway in ["redpack", "workwx", "webgate"] {
        let (journal, time, canned) = (MemoryJournal::default(), Time::new(), Canned::default());
        let till_of = |device_info: &str| {
            till_of_terminal(gateway, journal.reopened(), &time, Terminal::new(device_info).unwrap(), &|| Inputs {
                transport: Box::new(canned.clone()),
                clock: Box::new(time.clone()),
                random: Box::new(Counting::new()),
            })
        };
        let pay_from = |till: &Till, address: &str| match gateway {
            "redpack" => till.pay("p", &SendRedPack { client_ip: address, ..red_packet("") }).map(drop_reply),
            "workwx" => till.pay("p", &PayEmployee { spbill_create_ip: address, ..employee("") }).map(drop_reply),
            _ => till.pay("p", &charge("")).map(drop_reply),
        };
        canned.then_fault(Sent::Maybe);
        unknown(pay_from(&till_of("013467007045764").patience(Duration::ZERO), "10.0.0.1"));
        time.jump(3600);
        if gateway != "webgate" {
            canned.then(&tenpay_failure("NOT_FOUND"));
        }
        canned.then_fault(Sent::Maybe);
        unknown(pay_from(&till_of("013467007045999"), "10.0.0.99"));
        let fresh = ["nonce_str", "timestamp", "sign", "workwx_sign"];
        let kept = |sent: &SentPost| -> Vec<(String, String)> {
            let all = match sent.body.starts_with('<') {
                true => xml_fields(&sent.body),
                false => sent
                    .body
                    .split('&')
                    .filter_map(|pair| pair.split_once('='))
                    .map(|(n, v)| (n.into(), v.into()))
                    .collect(),
            };
            all.into_iter().filter(|(name, _)| !fresh.contains(&name.as_str())).collect()
        };
        let sent = canned.sent();
        let moves: Vec<_> =
            sent.iter().filter(|sent| !sent.url.contains("query") && !sent.url.ends_with("gethbinfo")).collect();
        assert!(moves.len() >= 2, "{gateway}");
        for repeat in &moves[1..] {
            assert_eq!(kept(moves[0]), kept(repeat), "{gateway}");
            assert!(gateway == "webgate" || moves[0].body != repeat.body, "{gateway}: the nonce is new");
        }
        assert_eq!(journal.all().len(), 1);
    }
}

fn drop_reply<T>(outcome: Outcome<T>) -> Outcome<()> {
    match outcome {
        Outcome::Accepted(_) => Outcome::Accepted(()),
        Outcome::Declined(refusal) => Outcome::Declined(refusal),
        Outcome::Unknown(doubt) => Outcome::Unknown(doubt),
    }
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
    let doubt = report[0].doubt.as_ref().unwrap();
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
        assert!(report.len() == 1 && report[0].doubt.is_none());
    }
    let id = desk.unacknowledged().unwrap()[0].id;
    desk.acknowledge(id).unwrap();
    desk.acknowledge(id).unwrap();
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
    assert_eq!(state(&journal), EntryState::Settled(Settlement::NotSent));

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

/// `recover` repeats only what was begun a short time ago, and only when told so.
#[test]
fn recover_repeats_what_is_young_when_chosen() {
    let sends = |canned: &Canned| canned.sent().iter().filter(|sent| sent.url.ends_with("sendredpack")).count();
    for (repeats, later, moved) in [
        (Repeats::None, 60, 1),
        (Repeats::YoungerThan(Duration::from_secs(3600)), 60, 2),
        (Repeats::YoungerThan(Duration::from_secs(3600)), 3600, 1),
        // A clock that was set back makes nothing young.
        (Repeats::YoungerThan(Duration::from_secs(3600)), -60, 1),
    ] {
        let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
        let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
        canned.then_fault(Sent::Maybe);
        unknown(outcome(&till, "prize"));
        time.jump(later);
        canned.then(&tenpay_failure("NOT_FOUND")).then(&redpack_success(&journal.all()[0].order_number, &[]));
        let options = Options::new().patience(Duration::from_secs(2)).repeats(repeats);
        let report = till.recover_with(&options).unwrap();
        assert_eq!(sends(&canned), moved, "{repeats:?} {later}");
        assert_eq!(report[0].doubt.is_none(), moved == 2, "{repeats:?} {later}");
    }
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
        unknown(till.pay_with("prize", &red_packet(""), &options));
        assert_eq!(xml_value(&canned.sent().last().unwrap().body, "mch_id").unwrap(), mch_id);
    }
    // One intent under two accounts is two payments, each with its own entry and number.
    let numbers: HashSet<_> = journal.all().into_iter().map(|entry| entry.order_number).collect();
    assert_eq!(numbers.len(), 2);
}

/// WeCom: 15 s between two payments to one openid, also across restarts (the journal knows).
#[test]
fn workwx_payments_to_one_openid_keep_fifteen_seconds() {
    let (wire, journal, time) = (Modelled::new("workwx", 1, 0), MemoryJournal::default(), Time::new());
    let desk = till("workwx", journal.clone(), &wire, &time);
    assert!(matches!(pay("workwx", &desk, "first", 200), Said::Accepted(_)));
    let before = Clock::monotonic(&time);
    let later = till("workwx", journal.reopened(), &wire, &time);
    assert!(matches!(pay("workwx", &later, "second", 200), Said::Accepted(_)));
    assert!(Clock::monotonic(&time) - before >= Duration::from_secs(15));
    let impatient = till("workwx", journal.reopened(), &wire, &time).patience(Duration::from_secs(3));
    assert_eq!(pay("workwx", &impatient, "third", 200), Said::Error(ErrorKind::Field));
    assert_eq!(wire.posts(), 2, "nothing was sent");
    Pause::pause(&time, Duration::from_secs(15));
    assert!(matches!(pay("workwx", &impatient, "third", 200), Said::Accepted(_)), "the same entry goes on");
    assert_eq!(journal.all().len(), 3);
}

/// What expired or was narrowed since says nothing about the money that may have moved.
#[test]
fn an_open_entry_is_no_error_when_the_rules_became_narrower() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let one = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&one, "prize"));
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&["https://gateway.example"]).unwrap();
    let account = account.amounts(fen(100), fen(150)).unwrap();
    let narrower = Till::with_inputs(Box::new(journal.clone()), Box::new(time.clone()), Box::new(time.clone()))
        .with(Client::with_inputs(account, terminal(), inputs(&canned)).unwrap());
    canned.then(&hb("SENT", "200"));
    accepted(outcome(&narrower, "prize"));
    assert!(outcome(&narrower, "new prize").is_err());
}

/// A refused entry that is tried again and not reached stays refused.
#[test]
fn a_refused_entry_that_was_not_reached_again_stays_refused() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let desk = redpack_till(&canned, &journal, &time);
    canned.then(&tenpay_failure("NOTENOUGH"));
    declined(outcome(&desk, "prize"));
    let later = redpack_till(&canned, &journal, &time);
    canned.then_fault(Sent::No);
    assert_eq!(declined(outcome(&later, "prize")).code, "NOTENOUGH");
    assert!(matches!(state(&journal), EntryState::Settled(Settlement::Declined { .. })));
}

/// Once the gateway knew the order, "not found" is never final.
#[test]
fn not_found_is_not_final_for_an_order_that_was_known() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let desk = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&desk, "prize"));
    Pause::pause(&time, Duration::from_secs(1_300));
    for answer in ["NOT_FOUND", "SENDING", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"] {
        let body = if answer == "SENDING" { hb("SENDING", "200") } else { tenpay_failure(answer) };
        canned.then(&body);
        assert!(desk.recover(Duration::from_millis(1_500)).unwrap()[0].doubt.is_some(), "{answer}");
        Pause::pause(&time, Duration::from_secs(80));
    }
    assert_eq!(state(&journal), EntryState::Open);
}

/// A clock that nobody confirmed removes nothing: a paid intent would become payable again.
#[test]
fn pruning_waits_for_a_gateways_time() {
    let (wire, journal, time) = (Modelled::new("redpack", 1, 0), MemoryJournal::default(), Time::new());
    let desk = till("redpack", journal.clone(), &wire, &time);
    assert!(matches!(pay("redpack", &desk, "prize", 200), Said::Accepted(_)));
    desk.acknowledge(1).unwrap();
    time.jump(70 * 365 * 86_400);
    assert_eq!(desk.prune(Duration::from_secs(90 * 86_400)).unwrap(), 0);
    assert_eq!(journal.pruned(), 0, "the journal was not even asked");
}

/// An attempt before left and was refused: neither a pause nor a failing draft turns that into an error.
#[test]
fn a_refusal_stays_when_the_next_attempt_cannot_be_made() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let account = WorkwxAccount::new(MCH_ID, CORPID, key(), Secret::from(WORKWX_SECRET)).unwrap();
    let inputs = Inputs { clock: Box::new(time.clone()), ..inputs(&canned) };
    let desk = Till::with_inputs(Box::new(journal.clone()), Box::new(time.clone()), Box::new(time.clone()))
        .with(Client::with_inputs(account, terminal(), inputs).unwrap())
        .patience(Duration::from_secs(3));
    canned.then(&tenpay_failure("PARAM_ERROR"));
    assert_eq!(declined(desk.pay("prize", &employee(""))).code, "PARAM_ERROR");
    assert_eq!(declined(desk.pay("prize", &employee(""))).code, "PARAM_ERROR");
    assert_eq!(canned.sent().len(), 1);
    assert!(matches!(state(&journal), EntryState::Settled(Settlement::Declined { .. })));
}

#[test]
fn three_payments_to_one_openid_are_fifteen_seconds_apart() {
    let (wire, journal, time) = (Modelled::new("workwx", 1, 0), MemoryJournal::default(), Time::new());
    let desk = till("workwx", journal.clone(), &wire, &time);
    for intent in ["a", "b", "c"] {
        assert!(matches!(pay("workwx", &desk, intent, 200), Said::Accepted(_)));
    }
    let at: Vec<_> = journal.all().iter().map(|entry| entry.last_attempt_at).collect();
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= 15), "{at:?}");
}

#[test]
fn a_refusal_that_asks_for_a_day_is_kept_between_two_calls() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let desk = redpack_till(&canned, &journal, &time);
    canned.then(&tenpay_failure("DAY_OVER_LIMITED"));
    for _ in 0..3 {
        assert_eq!(declined(outcome(&desk, "prize")).code, "DAY_OVER_LIMITED");
    }
    assert_eq!(canned.sent().len(), 1);
    Pause::pause(&time, Duration::from_secs(86_400));
    canned.then(&tenpay_failure("NO_AUTH"));
    assert_eq!(declined(outcome(&desk, "prize")).code, "NO_AUTH");
}

/// However many are open, each is asked about after some calls, and no call takes longer than allowed.
#[test]
fn recover_reaches_every_open_entry() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let desk = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    for number in 0..20 {
        canned.then_fault(Sent::Maybe);
        unknown(outcome(&desk, &format!("prize{number}")));
    }
    let sent = canned.sent().len();
    for _ in 0..5 {
        let before = Clock::monotonic(&time);
        for _ in 0..10 {
            canned.then(&hb("SENDING", "200"));
        }
        let report = desk.recover(Duration::from_secs(6)).unwrap();
        assert_eq!(report.len(), 20);
        assert!(Clock::monotonic(&time) - before <= Duration::from_secs(6));
    }
    let asked: HashSet<_> = canned.sent()[sent..].iter().map(|sent| xml_value(&sent.body, "mch_billno")).collect();
    assert_eq!(asked.len(), 20);
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
            assert!(till.recover(Duration::from_secs(1)).unwrap()[0].doubt.is_some());
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

/// F33: the journal says which terminal it is; nobody else does. A client that speaks for another one pays nothing.
#[test]
fn the_journal_alone_says_which_terminal_pays() {
    let (canned, time) = (Canned::default(), Time::new());
    let till = |owner: Owner| {
        let journal = Box::new(MemoryJournal::default().owned_by(owner));
        Till::with_inputs(journal, Box::new(time.clone()), Box::new(time.clone())).with(redpack(&canned))
    };
    let named = |name: &str| Some(name.to_string());
    for (own, fits) in [(None, true), (named("013467007045764"), true), (named("another"), false)] {
        let till = till(Owner { terminal: 8, device_info: own });
        canned.then_fault(Sent::Maybe);
        let outcome = till.pay_with("a", &red_packet(""), &Options::new().patience(Duration::ZERO));
        match fits {
            true => drop(unknown(outcome)),
            false => {
                let error = outcome.unwrap_err();
                assert_eq!((error.kind(), error.field_name()), (ErrorKind::Setting, "device_info"));
                assert!(error.rule().contains("013467007045764") && error.rule().contains("another"), "{error}");
            }
        }
    }
    let numbers: Vec<_> = canned.sent().iter().map(|sent| xml_value(&sent.body, "mch_billno").unwrap()).collect();
    assert_eq!(numbers.len(), 2);
    let of = |terminal| {
        let today = ChinaTime::from_unix(NOW).unwrap();
        let serial = Serial { epoch: 0, counter: 0 };
        OrderNumbers::new(terminal)
            .make(wxpay_terminal::endpoint::Numbers::MerchantDateSerial, MCH_ID, today, serial)
            .unwrap()
    };
    // The terminal's part of the number: the first three of ten characters (16 bits of 51).
    assert!(
        numbers.iter().all(|number| number[18..20] == of(8)[18..20] && number[18..22] != of(7)[18..22]),
        "{numbers:?}"
    );
}

/// F33: a field of the evidence, wherever it came from.
#[test]
fn a_field_of_any_evidence() {
    let (canned, time) = (Canned::default(), Time::new());
    struct Echo(Canned);
    impl Transport for Echo {
        fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
            let number = xml_value(std::str::from_utf8(post.body).unwrap(), "mch_billno").unwrap();
            self.0.then(&redpack_success(&number, &[("send_listid", "100000000020150520314766074200")]));
            self.0.post(post)
        }
    }
    let client = Client::with_inputs(
        RedpackAccount::new(MCH_ID, APPID, key()).unwrap(),
        terminal(),
        Inputs {
            transport: Box::new(Echo(canned.clone())),
            clock: Box::new(time.clone()),
            random: Box::new(Counting::new()),
        },
    );
    let till = Till::with_inputs(Box::new(MemoryJournal::default()), Box::new(time.clone()), Box::new(time))
        .with(client.unwrap());
    let list = Some("100000000020150520314766074200");
    let fresh = accepted(till.pay("a", &red_packet("")));
    assert!(matches!(fresh.evidence, Evidence::Reply(_)));
    assert_eq!(fresh.evidence.field("send_listid"), list);
    let again = accepted(till.pay("a", &red_packet("")));
    assert!(matches!(again.evidence, Evidence::Recorded(_)));
    assert_eq!(again.evidence.field("send_listid"), list);
}
