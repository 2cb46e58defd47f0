//! The till: intents, resolution, recovery, one test a rule.

use std::collections::HashSet;
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::{Modelled, Time};
use crate::till::simulation::{Said, pay, till, till_of_terminal};

/// A redpack till over prepared answers, on a virtual clock.
pub fn redpack_till(canned: &Canned, journal: &MemoryJournal, time: &Time) -> Till {
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&["https://gateway.example"]).unwrap();
    let inputs = time.inputs(canned);
    Till::with_inputs(Box::new(journal.clone()), Box::new(time.clone()), Box::new(time.clone()))
        .with(Client::with_inputs(account, terminal(), inputs).unwrap())
}

/// What gethbinfo says of the order that it is asked about.
pub fn hb(status: &str, amount: &str) -> String {
    reply(&[
        ("return_code", "SUCCESS"),
        ("result_code", "SUCCESS"),
        ("mch_billno", "{number}"),
        ("status", status),
        ("total_amount", amount),
        ("reason", "余额不足"),
    ])
}

pub fn state(journal: &MemoryJournal) -> EntryState {
    journal.all().last().unwrap().state.clone()
}

pub fn outcome(till: &Till, intent: &str) -> Result<Outcome<Receipt<RedPackSent>>, Error> {
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
    assert!(matches!(state(&journal), EntryState::Recorded(Settlement::Accepted { queried: true, .. })));
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
    assert!(doubt_of(&report[0]).is_some());
    let moved = canned.sent().iter().filter(|sent| sent.url.ends_with("sendredpack")).count();
    assert_eq!(moved, 1);
}

/// Where the identical repeat is documented, "not found" gives no new number, however long and however often: the page of
/// gethbinfo says not to take it for a failure. Only FAILED does.
#[test]
fn not_found_gives_no_new_number() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&till, "prize"));
    for seconds in [60, 700, 1_300, 61, 61, 86_400, 10 * 86_400] {
        Pause::pause(&time, Duration::from_secs(seconds));
        canned.then(&tenpay_failure("NOT_FOUND")).then(&tenpay_failure("NOT_FOUND"));
        let report = till.recover(Duration::from_millis(1_500)).unwrap();
        let doubt = doubt_of(&report[0]).unwrap_or_else(|| panic!("{seconds}: {:?}", report[0].entry));
        assert!(doubt.text.contains("under its own number"), "{doubt}");
    }
    let moved = canned.sent().iter().filter(|sent| sent.url.ends_with("sendredpack")).count();
    assert_eq!((state(&journal), moved), (EntryState::Open, 1));
    // Paid again, it is sent again under its number; the answer to that, or FAILED, is what ends it.
    canned.then(&tenpay_failure("NOT_FOUND")).then_fault(Sent::Maybe).then(&hb("FAILED", "200"));
    let till = redpack_till(&canned, &journal, &time);
    assert_eq!(declined(outcome(&till, "prize")).code, "FAILED");
    assert_eq!((journal.all().len(), journal.all()[0].attempts), (1, 2));
    canned.then_fault(Sent::No);
    assert!(outcome(&till, "prize").is_err(), "a new number, which did not leave");
    assert_eq!(journal.all().len(), 2, "FAILED allows a new number");
}

/// While the gateway does not know it, the pauses between the repeats grow: 45 minutes make no flood.
#[test]
fn repeats_are_bounded_and_their_pauses_grow() {
    struct Forgets;
    impl Transport for Forgets {
        fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
            match post.url.ends_with("sendredpack") {
                true => Err(Fault { sent: Sent::Maybe, stage: Stage::Exchange, text: "lost".into() }),
                false => Ok(Received { reused: false, ..Received::new(200, tenpay_failure("NOT_FOUND").as_bytes()) }),
            }
        }
    }
    let (journal, time) = (MemoryJournal::default(), Time::new());
    let till = till_of_terminal("redpack", journal.clone(), &time, terminal(), &|| Inputs {
        transport: Box::new(Forgets),
        clock: Box::new(time.clone()),
        random: Box::new(Counting::new()),
    });
    unknown(outcome(&till.patience(Duration::from_secs(45 * 60)), "prize"));
    let attempts = journal.all()[0].attempts;
    assert!((8..=20).contains(&attempts), "{attempts}");
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
    assert!(matches!(state(&journal), EntryState::Recorded(Settlement::ForAPerson { .. })), "{:?}", state(&journal));
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

/// A repeat is identical in all but nonce, time and signature, also after a restart with another `device_info` and another
/// address in the configuration.
#[test]
fn a_repeat_after_a_restart_sends_what_was_recorded() {
    for gateway in ["redpack", "workwx", "webgate"] {
        let (journal, time, canned) = (MemoryJournal::default(), Time::new(), Canned::default());
        let till_of = |device_info: &str| {
            till_of_terminal(gateway, journal.reopened(), &time, Terminal::new(device_info).unwrap(), &|| {
                time.inputs(&canned)
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
        Outcome::Ordered(_) => Outcome::Ordered(()),
        Outcome::Taken(_) => Outcome::Taken(()),
        Outcome::PaidLate(_) => Outcome::PaidLate(()),
        Outcome::Declined(refusal) => Outcome::Declined(refusal),
        Outcome::Unknown(doubt) => Outcome::Unknown(doubt),
    }
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
        assert_eq!(doubt_of(&report[0]).is_none(), moved == 2, "{repeats:?} {later}");
    }
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
    assert!(matches!(state(&journal), EntryState::Recorded(Settlement::Declined { .. })));
}

/// A clock that nobody confirmed removes nothing: a paid intent would become payable again.
#[test]
fn pruning_waits_for_a_gateways_time() {
    let (wire, journal, time) = (Modelled::new("redpack", 1, 0), MemoryJournal::default(), Time::new());
    let desk = till("redpack", journal.clone(), &wire, &time);
    assert!(matches!(pay("redpack", &desk, "prize", 200), Said::Accepted(_)));
    desk.acknowledge(as_it_is(&desk, 1)).unwrap();
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
    assert!(matches!(state(&journal), EntryState::Recorded(Settlement::Declined { .. })));
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

/// Nothing was paid, nothing is open, the number is given up: the cashier mends what was wrong, and pays the same intent.
#[test]
fn after_a_proven_end_the_same_intent_takes_mended_fields() {
    let more = || SendRedPack { total_amount: fen(201), ..red_packet("") };
    for end in ["not sent", "refused", "by hand"] {
        let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
        let till = redpack_till(&canned, &journal, &time).patience(Duration::ZERO);
        match end {
            "not sent" => {
                canned.then_fault(Sent::No);
                assert!(outcome(&till, "prize").is_err());
            }
            _ => {
                canned.then(&tenpay_failure("OPENID_ERROR"));
                declined(outcome(&till, "prize"));
            }
        }
        if end == "by hand" {
            till.settle_by_hand(journal.all()[0].id, false, "Li", "a wrong openid").unwrap();
        }
        Pause::pause(&time, Duration::from_secs(2));
        canned.then_fault(Sent::Maybe);
        unknown(till.pay("prize", &more()));
        let sent = canned.sent();
        assert_eq!(xml_value(&sent[1].body, "total_amount").as_deref(), Some("201"));
        // Refused, its number stays the intent's own: under it the prize is paid once, whatever became of the first attempt.
        let kept = end == "refused";
        let number = |at: usize| xml_value(&sent[at].body, "mch_billno").unwrap();
        assert_eq!((journal.all().len(), number(0) == number(1)), (if kept { 1 } else { 2 }, kept), "{end}");
        let entry = journal.all().pop().unwrap();
        assert_eq!((entry.amount, entry.field("total_amount")), (fen(201), Some("201")));
        // It is open: neither these fields nor those; the same ones go on.
        refused(outcome(&till, "prize"), "intent");
        Pause::pause(&time, Duration::from_secs(2));
        canned.then(&hb("SENT", "201"));
        accepted(till.pay("prize", &more()));
    }
}

/// Mended fields that break a rule are an error of that field: nothing is sent, and the refusal stays what is known.
#[test]
fn mended_fields_are_checked_like_new_ones() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then(&tenpay_failure("OPENID_ERROR"));
    declined(outcome(&till, "prize"));
    time.jump(2);
    refused(till.pay("prize", &SendRedPack { total_amount: fen(99), ..red_packet("") }), "scene_id");
    assert_eq!((journal.states(), canned.sent().len()), (vec!["unpaid"], 1));
    time.jump(2);
    canned.then_fault(Sent::Maybe).then(&hb("SENT", "200"));
    accepted(outcome(&till, "prize"));
}
