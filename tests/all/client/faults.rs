//! Call × fault: whatever the ledger committed is Accepted or Unknown, never Declined or an Error; an Error means
//! that the simulator saw no request.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use wxpay_simulator::{Fault, Settings, SignType as MerchantSigns, Simulator};
use wxpay_terminal::{ErrorKind, Next, Reason, Warm};

use crate::support::gateways::{Came, Gateway, NAMES, https, sale_of};
use crate::support::size;
use crate::support::unified_https::SERVICES;

/// Whether the ledger carried the order, or the refund, out. (An order that exists is carried out: these calls make orders.)
fn committed(simulator: &Simulator, number: &str) -> bool {
    let is_refund = || simulator.refunds().iter().any(|refund| refund.refund_number == number);
    is_refund()
        || simulator
            .entry(number)
            .is_some_and(|entry| ["wxpay", "swiftpass"].contains(&entry.gateway) || entry.paid > 0)
}

/// One attempt, held against the ledger.
fn attempt(
    simulator: &Simulator,
    gateway: &Gateway,
    number: &str,
    prepared: &mut crate::support::gateways::Prep,
) -> Came {
    let before = simulator.requests();
    let came = gateway.send(prepared);
    if let Came::Error(_) = came {
        assert_eq!(simulator.requests(), before, "{number}: an Error, and the simulator saw a request");
    }
    if committed(simulator, number) {
        assert!(matches!(came, Came::Done | Came::Unknown(_)), "{number}: committed, and the outcome is {came:?}");
    }
    if came == Came::Done {
        assert!(committed(simulator, number), "{number}: Accepted, and the ledger has nothing");
    }
    let paid = simulator.entry(number).map_or(0, |entry| entry.paid);
    assert!(paid <= 1, "{number}: paid {paid} times");
    let refunded = simulator.entry(&sale_of(number)).map_or(0, |sale| sale.refunded);
    assert!(refunded == 0 || refunded == 300, "{number}: {refunded} fen were given back");
    came
}

/// Leaves a warm connection behind. A late reply of the case before may spoil the first try: that is Unknown, rightly.
fn warm_up(simulator: &Simulator, gateway: &Gateway, at: usize) {
    let came = (0..3).find(|round| {
        let number = format!("{at:04}9000000{round}");
        attempt(simulator, gateway, &number, &mut gateway.prepare(&number)) == Came::Done
    });
    assert!(came.is_some(), "no payment without a fault is Accepted");
}

/// Parts of a table at a time: they wait more than they compute.
const PARTS: usize = 4;

fn table(name: &str) {
    table_of(name, MerchantSigns::Md5);
}

fn table_of(name: &str, signs: MerchantSigns) {
    let counts = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..PARTS).map(|part| scope.spawn(move || part_of_table((name, signs), part))).collect();
        parts.into_iter().map(|part| part.join().unwrap()).fold([0; 4], add)
    });
    let [accepted, declined, unknown, error] = counts;
    let cases = Fault::ALL.len() * 2;
    assert_eq!(counts.iter().sum::<usize>(), cases);
    println!(
        "{name} × {} faults: {cases} cases: {accepted} Accepted, {declined} Declined, {unknown} Unknown, {error} Error",
        Fault::ALL.len()
    );
    // No refusal among the faults is final at once for workwx, payment codes and refunds, whose documents want a query first, nor for
    // wxpay's orders, whose table knows none of them.
    let none_is_final = ["workwx", "wxpay"].contains(&name) || is_by_code(name) || is_refund(name);
    assert!(accepted > 0 && unknown > 0 && error > 0 && (declined > 0) != none_is_final, "each outcome must occur");
}

fn add(mut sum: [usize; 4], counts: [usize; 4]) -> [usize; 4] {
    sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    sum
}

fn is_by_code(name: &str) -> bool {
    name.ends_with("micropay")
}

fn is_refund(name: &str) -> bool {
    name.ends_with("refund")
}

fn part_of_table((name, signs): (&str, MerchantSigns), part: usize) -> [usize; 4] {
    let simulator = Simulator::start_with(Settings { swiftpass_sign_type: signs, ..Settings::default() }).unwrap();
    let mut counts = [0; 4];
    for (at, fault) in Fault::ALL.iter().enumerate().skip(part).step_by(PARTS) {
        // A transport of its own has no warm connection yet.
        let gateway = Gateway::signing(name, signs, &simulator, &https(&simulator));
        // Once on a new connection, once on a warm one.
        for warm in [false, true] {
            let number = format!("{at:04}{}0000001", u8::from(warm));
            if warm {
                warm_up(&simulator, &gateway, at);
            }
            let mut prepared = gateway.prepare(&number);
            simulator.fault_next(*fault);
            let came = attempt(&simulator, &gateway, &number, &mut prepared);
            simulator.clear_faults();
            if let Some(expected) = as_the_documents_say(name, *fault) {
                assert_eq!(came, expected, "{name}: {}", fault.name());
            } else {
                // The exchange broke, or was too long: of two events in two processes either may come first. Or it is the other half
                // of the tables.
                let is_broken = matches!(came, Came::Unknown(_)) || *fault == Fault::SlowBytes;
                assert!(is_broken || !is_written_out(name), "{name}: {}: {came:?}", fault.name());
            }
            match came {
                Came::Done => counts[0] += 1,
                Came::Declined(..) => counts[1] += 1,
                Came::Unknown(_) => counts[2] += 1,
                Came::Error(_) => counts[3] += 1,
            }
            // Afterwards the identical repeat, without a fault, never pays again and never says Declined of what was
            // committed.
            attempt(&simulator, &gateway, &number, &mut prepared);
            // A payment code is never sent twice (POS ruling 5).
            let sent = simulator.entry(&number).map_or(0, |entry| entry.attempts);
            assert!(!is_by_code(name) || sent <= 1, "{number}: sent {sent} times");
        }
    }
    counts
}

/// The counter's calls.
fn is_written_out(name: &str) -> bool {
    is_by_code(name) || is_refund(name) || SERVICES.contains(&name)
}

/// What comes of a payment code, of a refund and of an order at a Swiftpass-type gateway, written out from the documents (C.4, C.5, E.3;
/// POS rulings 1, 5 and 8, flows 3.3, 5 and 9): the reply proves it, or says nothing. A refusal that the document calls final is not,
/// before the query has confirmed it; but nobody has the QR of an order that is refused. `None`: of two events either may come first.
fn as_the_documents_say(name: &str, fault: Fault) -> Option<Came> {
    use Fault::*;
    if !is_written_out(name) {
        return None;
    }
    Some(match fault {
        CloseOnAccept | CloseInHandshake => Came::Error(ErrorKind::Connect),
        TlsCloseNoNotify | SurplusBytes | LateSecondReply | LateDuplicate | ErrCodeOnSuccess | DuplicateEqual => {
            Came::Done
        }
        RefusedNotEnough if is_by_code(name) || is_refund(name) => Came::Unknown(Reason::Unconfirmed),
        RefusedNotEnough => Came::Declined("NOTENOUGH".into(), Next::NewNumber),
        // FREQUENCY_LIMITED is a refusal of the refunds' table alone.
        RefusedFreqLimit if is_refund(name) => Came::Unknown(Reason::Unconfirmed),
        RefusedFreqLimit => Came::Unknown(Reason::OpenCode),
        // A refund has no customer who types a password.
        Processing if is_refund(name) => Came::Done,
        Processing => Came::Unknown(Reason::OpenCode),
        // Codes of other calls, or of an order under this number: open. So is what the gate says, unsigned.
        SystemErrorBeforeCommit
        | SystemErrorAfterCommit
        | UnknownCodeBeforeCommit
        | UnknownCode
        | UnknownCodeBusinessBeforeCommit
        | UnknownCodeBusiness
        | GateErrorBeforeCommit
        | GateErrorAfterCommit
        | RefusedSendFailed
        | FatalError
        | FatalErrorAfterCommit
        | AlreadySent
        | NotFound => Came::Unknown(Reason::OpenCode),
        WrongSignatureBeforeCommit | WrongSignature | MissingSignature => Came::Unknown(Reason::Unverified),
        OtherOrder | OtherAmount | OtherMerchant | NoIdentifiers => Came::Unknown(Reason::OtherOrder),
        BadGatewayBeforeCommit | BadGatewayAfterCommit | Redirect | RedirectAfterCommit => {
            Came::Unknown(Reason::Status)
        }
        HtmlWith200BeforeCommit
        | HtmlWith200
        | EmptyBodyBeforeCommit
        | EmptyBody
        | NoLengthTruncated
        | DuplicateDifferent
        | ReplyDtd
        | ReplyInvalidUtf8
        | ReplyGbk => Came::Unknown(Reason::Unreadable),
        _ => return None,
    })
}

#[test]
fn wxpay_times_every_fault() {
    table("wxpay");
}

#[test]
fn micropay_times_every_fault() {
    table("micropay");
}

#[test]
fn refund_times_every_fault() {
    table("refund");
}

#[test]
fn redpack_times_every_fault() {
    table("redpack");
}

#[test]
fn workwx_times_every_fault() {
    table("workwx");
}

#[test]
fn group_redpack_times_every_fault() {
    table("group_redpack");
}

#[test]
fn miniprogram_hb_times_every_fault() {
    table("miniprogram_hb");
}

#[test]
fn workwx_redpack_times_every_fault() {
    table("workwx_redpack");
}

#[test]
fn swiftpass_times_every_fault() {
    table("swiftpass");
}

#[test]
fn webgate_times_every_fault() {
    table("webgate");
}

/// In short each service once, in turns of the ways to sign; at length in each way.
fn signed(first: usize, services: &[&str]) {
    let ways = size("WXPAY_SIGNINGS", 1, 3) as usize;
    for (at, service) in services.iter().enumerate() {
        for way in 0..ways {
            table_of(service, MerchantSigns::ALL[(first + at + way) % MerchantSigns::ALL.len()]);
        }
    }
}

#[test]
fn a_code_of_any_wallet_times_every_fault() {
    signed(1, &["unified.trade.micropay"]);
}

#[test]
fn a_refund_behind_an_acquirer_times_every_fault() {
    signed(2, &["unified.trade.refund"]);
}

#[test]
fn orders_behind_an_acquirer_time_every_fault() {
    // In short a QR, a page and a URL.
    let short = ["unified.trade.native", "pay.weixin.jspay", "pay.weixin.wappay"];
    signed(0, if size("WXPAY_ORDERS", 3, 6) == 3 { &short } else { &SERVICES[2..] });
}

/// Each gateway, and an acquirer's counter.
fn names() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().chain(SERVICES.into_iter().take(3))
}

/// Every fault on a connection that was made beforehand: it comes out as on a new one. What struck the connection itself before a payment
/// was there costs nothing: another one is made.
fn warmed(name: &str) {
    std::thread::scope(|scope| {
        (0..PARTS).for_each(|part| drop(scope.spawn(move || part_of_warmed(name, part))));
    });
}

fn part_of_warmed(name: &str, part: usize) {
    use Fault::*;
    let simulator = Simulator::start().unwrap();
    for (at, fault) in Fault::ALL.iter().enumerate().skip(part).step_by(PARTS) {
        let came = [false, true].map(|warms| {
            let gateway = Gateway::new(name, &simulator, &https(&simulator));
            let number = format!("{at:04}{}0000001", u8::from(warms));
            let mut prepared = gateway.prepare(&number);
            let on_connection =
                [CloseOnAccept, CloseInHandshake, CloseAfterHandshake, ResetAfterHandshake].contains(fault);
            if warms && on_connection {
                simulator.fault_next(*fault);
            }
            let made = simulator.handshakes();
            // A connection that is struck may fail at once, or look good until the server's end is seen.
            let said = if warms { gateway.warm(Warm::InThisThread) } else { Ok(()) };
            if !(warms && on_connection) {
                said.unwrap();
                simulator.fault_next(*fault);
            }
            let came = attempt(&simulator, &gateway, &number, &mut prepared);
            simulator.clear_faults();
            assert!(!warms || on_connection || simulator.handshakes() == made + 1, "{number}: it came on another one");
            came
        });
        let [new, warmed] = came;
        match fault {
            CloseOnAccept | CloseInHandshake => assert_eq!(warmed, Came::Done, "{name}: {}", fault.name()),
            // The server's end may be seen before the payment, or after its first byte.
            CloseAfterHandshake | ResetAfterHandshake => {
                assert!(matches!(warmed, Came::Done | Came::Unknown(_)), "{name}: {}: {warmed:?}", fault.name());
            }
            // Which of two events comes first is nobody's to say.
            _ if as_the_documents_say("micropay", *fault).is_some() => {
                assert_eq!(warmed, new, "{name}: {}", fault.name());
            }
            _ => assert!(
                matches!(warmed, Came::Unknown(_)) || *fault == SlowBytes,
                "{name}: {}: {warmed:?}",
                fault.name()
            ),
        }
    }
}

#[test]
fn a_warmed_connection_times_every_fault() {
    // In short a payout, and a call that always wants a connection of its own.
    let names = &["redpack", "micropay", "webgate", "swiftpass", "workwx", "refund", "wxpay"];
    names.iter().take(size("WXPAY_WARMED", 2, 7) as usize).for_each(|name| warmed(name));
}

/// Faults that need no waiting, for long sequences.
fn quick() -> Vec<Fault> {
    let slow = ["Silence", "Stall", "Slow", "Huge", "HalfHead"];
    Fault::ALL.iter().copied().filter(|fault| !slow.iter().any(|word| fault.name().contains(word))).collect()
}

/// Three attempts of one order number under pairs of faults, then without one.
#[test]
fn sequences_of_attempts_with_one_order_number() {
    let cases = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for (which, name) in names().enumerate() {
            let cases = &cases;
            scope.spawn(move || sequences(which, name, cases));
        }
    });
    println!("sequences: {} attempts, paid twice: 0, declined though committed: 0", cases.into_inner());
}

fn sequences(which: usize, name: &str, cases: &AtomicU32) {
    let simulator = Simulator::start().unwrap();
    let gateway = Gateway::new(name, &simulator, &https(&simulator));
    let faults = quick();
    for (first, one) in faults.iter().enumerate() {
        // Every pair would take minutes; each fault meets a fifth of the others, another fifth for each gateway. (A twentieth
        // in short.)
        let part = size("WXPAY_SEQUENCES", 20, 5) as usize;
        for (second, two) in
            faults.iter().enumerate().filter(|(second, _)| (first + second + which).is_multiple_of(part))
        {
            let number = format!("{which}{first:03}{second:03}77");
            let mut prepared = gateway.prepare(&number);
            for fault in [Some(one), Some(two), None] {
                if let Some(fault) = fault {
                    simulator.fault_next(*fault);
                }
                attempt(&simulator, &gateway, &number, &mut prepared);
                simulator.clear_faults();
                cases.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Eight threads on one client: each order number has its fault; no thread's witness or connection tells another's.
#[test]
fn eight_threads_on_one_client() {
    let simulator = Simulator::start().unwrap();
    let https = https(&simulator);
    let faults = quick();
    let cases = AtomicU32::new(0);
    let errors = Mutex::new(Vec::new());
    for (which, name) in names().enumerate() {
        let gateway = Gateway::new(name, &simulator, &https);
        let before = simulator.seen().len();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (simulator, gateway, faults, cases) = (&simulator, &gateway, &faults, &cases);
                let errors = &errors;
                scope.spawn(move || {
                    for round in 0..60 {
                        let number = format!("{thread}{round:04}{which}0");
                        if round % 3 != 0 {
                            simulator.fault_for_order(&number, faults[(thread * 60 + round) % faults.len()]);
                        }
                        // Others make connections beforehand all the while, and whoever comes takes them.
                        if round % 7 == 0 && ["redpack", "micropay"].contains(&name) {
                            gateway.warm(Warm::InBackground).unwrap();
                        }
                        let came = gateway.send(&mut gateway.prepare(&number));
                        let done = committed(simulator, &number);
                        match came {
                            Came::Done => assert!(done, "{number}"),
                            Came::Declined(..) => assert!(!done, "{number}: {came:?}"),
                            Came::Error(_) => {
                                assert!(!done, "{number}: an Error, and it was done");
                                errors.lock().unwrap().push(number);
                            }
                            Came::Unknown(_) => {}
                        }
                        cases.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        // Also a request that arrived later than its Error.
        let bodies: Vec<_> =
            simulator.seen()[before..].iter().map(|seen| String::from_utf8_lossy(&seen.body).into_owned()).collect();
        let arrived = bodies.join("\n");
        for number in errors.lock().unwrap().drain(..) {
            assert!(!arrived.contains(&number), "{number}: an Error, and its request arrived");
        }
    }
    assert!(simulator.ledger().iter().all(|entry| entry.paid <= 1 && [0, 300].contains(&entry.refunded)));
    println!("8 threads: {} payments", cases.into_inner());
}
