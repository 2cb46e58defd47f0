//! Every fault at every gateway: does the ledger agree with `Fault::commits`, is money moved at most
//! once, and does the simulator live on?

mod client;

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use client::*;
use openssl::ssl::SslConnector;
use wxpay_simulator::credentials::*;
use wxpay_simulator::{Fault, Simulator, sign};

/// The answer, or nothing when it does not come within 400 ms (SlowBytes: 50 ms).
fn attempt(simulator: &Simulator, gate: Gate, number: &str, fault: Fault) -> Option<Answer> {
    attempt_with(simulator, &merchant(simulator), gate, number, fault)
}

fn attempt_with(
    simulator: &Simulator,
    connector: &SslConnector,
    gate: Gate,
    number: &str,
    fault: Fault,
) -> Option<Answer> {
    simulator.fault_next(fault);
    let kind = match gate {
        Gate::Webgate => "application/x-www-form-urlencoded",
        _ => "text/xml",
    };
    let mut stream = connect(simulator, connector)?;
    if fault == Fault::SlowBytes {
        let short = Some(Duration::from_millis(50));
        stream.get_ref().set_read_timeout(short).unwrap();
    }
    let body = gate.seal(&gate.fields(number));
    stream.write_all(request(gate.path(), kind, &body).as_bytes()).ok()?;
    receive(&mut stream)
}

fn taken(simulator: &Simulator, number: &str) -> bool {
    simulator.entry(number).is_some_and(|entry| entry.state != "FAILED")
}

fn check_claim(simulator: &Simulator, connector: &SslConnector, gate: Gate, fault: Fault, number: &str) {
    attempt_with(simulator, connector, gate, number, fault);
    let claim = fault.commits().unwrap();
    let end = Instant::now() + Duration::from_secs(2);
    while claim && !taken(simulator, number) && Instant::now() < end {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(taken(simulator, number), claim, "{gate:?} {fault:?}");

    // The plain repeat moves money exactly once in all, unless the number had failed.
    let body = gate.seal(&gate.fields(number));
    let repeat = call_with(simulator, connector, gate.path(), &body).unwrap();
    let entry = simulator.entry(number).unwrap();
    let failed = entry.state == "FAILED";
    let paid = u32::from(gate != Gate::Swiftpass && !failed);
    assert_eq!(entry.paid, paid, "{gate:?} {fault:?}");
    let pending = fault == Fault::Processing && matches!(gate, Gate::Redpack | Gate::Workwx);
    let again = !failed && !pending;
    assert_eq!(gate.is_success(&repeat), again, "{gate:?} {fault:?} {}", repeat.text());
}

fn check_gate(gate: Gate) {
    let simulator = Simulator::start().unwrap();
    let connector = merchant(&simulator);
    for (n, fault) in Fault::ALL.iter().enumerate() {
        let number = format!("1900000109{n:010}");
        check_claim(&simulator, &connector, gate, *fault, &number);
    }
}

#[test]
fn redpack_claims() {
    check_gate(Gate::Redpack);
}

#[test]
fn workwx_claims() {
    check_gate(Gate::Workwx);
}

#[test]
fn swiftpass_claims() {
    check_gate(Gate::Swiftpass);
}

#[test]
fn webgate_claims() {
    check_gate(Gate::Webgate);
}

/// All that comes until the end, and how it ends.
fn drain(simulator: &Simulator, gate: Gate, fault: Fault) -> (Vec<u8>, Option<std::io::ErrorKind>) {
    simulator.fault_next(fault);
    let number = format!("n{}", simulator.seen().len());
    let mut stream = connect(simulator, &merchant(simulator)).unwrap();
    let body = gate.seal(&gate.fields(&number));
    let request = request(gate.path(), "text/xml", &body);
    stream.write_all(request.as_bytes()).unwrap();
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return (all, None),
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) => return (all, Some(error.kind())),
        }
    }
}

#[test]
fn resets_are_resets() {
    let simulator = Simulator::start().unwrap();
    for fault in [Fault::ResetBeforeCommit, Fault::ResetAfterCommit] {
        let (bytes, end) = drain(&simulator, Gate::Redpack, fault);
        assert!(bytes.is_empty());
        assert_eq!(end, Some(std::io::ErrorKind::ConnectionReset), "{fault:?}");
    }
    let (bytes, end) = drain(&simulator, Gate::Redpack, Fault::CloseAfterCommit);
    assert!(bytes.is_empty());
    assert_ne!(end, Some(std::io::ErrorKind::ConnectionReset));
}

#[test]
fn silence_and_halves() {
    let simulator = Simulator::start().unwrap();
    let wait = Some(std::io::ErrorKind::WouldBlock);
    let (bytes, end) = drain(&simulator, Gate::Redpack, Fault::SilenceAfterCommit);
    assert_eq!((bytes.len(), end), (0, wait));
    let (bytes, end) = drain(&simulator, Gate::Redpack, Fault::HalfHeadAfterCommit);
    assert!(bytes.starts_with(b"HTTP/1.1 200 OK") && end == wait);
    let (bytes, end) = drain(&simulator, Gate::Redpack, Fault::HalfReplyStall);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.contains("<xml>") && !text.contains("</xml>") && end == wait);
}

#[test]
fn lengths_are_wrong_or_absent() {
    let simulator = Simulator::start().unwrap();
    let text = |fault| String::from_utf8(drain(&simulator, Gate::Redpack, fault).0).unwrap();
    let cut = text(Fault::NoLengthTruncated);
    assert!(!cut.contains("Content-Length") && !cut.contains("</xml>"));
    let whole = text(Fault::TlsCloseNoNotify);
    assert!(!whole.contains("Content-Length") && whole.ends_with("</xml>"));
    assert!(text(Fault::WrongLength).ends_with("</xml>"));
    assert!(text(Fault::SurplusBytes).ends_with("</xml><xml></xml>"));
    let late = text(Fault::LateSecondReply);
    assert_eq!(late.matches("HTTP/1.1 200 OK").count(), 2);
    let second = late.rsplit("HTTP/1.1").next().unwrap();
    assert!(second.contains("NOTENOUGH") && !second.contains("mch_billno"));
    assert_eq!(text(Fault::LateDuplicate).matches("send_listid").count(), 4);
}

#[test]
fn redirect_would_answer_a_success() {
    let simulator = Simulator::start().unwrap();
    let answer = attempt(&simulator, Gate::Redpack, "r1", Fault::Redirect).unwrap();
    assert_eq!(answer.status, 302);
    let path = answer.head.split("Location: ").nth(1).unwrap();
    let path = path.split("\r\n").next().unwrap();
    let mut stream = connect(&simulator, &merchant(&simulator)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let moved = receive(&mut stream).unwrap();
    assert!(Gate::Redpack.is_success(&moved));
    assert_eq!(simulator.entry("r1"), None);
}

#[test]
fn distorted_replies() {
    let simulator = Simulator::start().unwrap();
    let get = |gate: Gate, fault: Fault| {
        let number = format!("d{}", simulator.seen().len());
        let answer = attempt(&simulator, gate, &number, fault).unwrap();
        (number, answer)
    };
    let (number, answer) = get(Gate::Redpack, Fault::OtherOrder);
    assert!(!answer.get("mch_billno").is_empty() && answer.get("mch_billno") != number);
    let (_, answer) = get(Gate::Redpack, Fault::OtherAmount);
    assert_eq!(answer.get("total_amount"), "201");
    let (_, answer) = get(Gate::Redpack, Fault::NoIdentifiers);
    assert!(answer.get("mch_billno").is_empty() && Gate::Redpack.is_success(&answer));
    let (_, answer) = get(Gate::Workwx, Fault::DuplicateDifferent);
    assert_eq!(answer.text().matches("<result_code>").count(), 2);
    let (_, answer) = get(Gate::Redpack, Fault::ReplyInvalidUtf8);
    assert!(std::str::from_utf8(&answer.body).is_err());
    let (_, answer) = get(Gate::Webgate, Fault::ReplyGbk);
    assert!(answer.body.windows(4).any(|part| part == [0xB3, 0xC9, 0xB9, 0xA6]));
    let (_, answer) = get(Gate::Redpack, Fault::ReplyDtd);
    assert!(answer.text().contains("<!DOCTYPE"));
    let (_, answer) = get(Gate::Redpack, Fault::UnknownCode);
    assert_eq!((answer.get("return_code"), answer.get("err_code")), ("FAIL".into(), "268458547".into()));
    let (_, answer) = get(Gate::Redpack, Fault::AlreadySent);
    assert_eq!((answer.get("result_code"), answer.get("err_code")), ("FAIL".into(), "SUCCESS".into()));
    let (_, answer) = get(Gate::Redpack, Fault::ReplyManyElements);
    assert_eq!(answer.text().matches("</e").count(), 100_000);
}

#[test]
fn signed_replies_stay_signed() {
    let simulator = Simulator::start().unwrap();
    for fault in [Fault::OtherOrder, Fault::OtherAmount, Fault::DuplicateEqual, Fault::RefusedNotEnough] {
        let answer = attempt(&simulator, Gate::Swiftpass, fault.name(), fault).unwrap();
        let sign = sign::md5(refs(&answer.pairs()), SWIFTPASS_KEY);
        assert_eq!(answer.get("sign"), sign, "{fault:?} {}", answer.text());
    }
    let number = "wrong";
    let answer = attempt(&simulator, Gate::Swiftpass, number, Fault::WrongSignature).unwrap();
    assert_ne!(answer.get("sign"), sign::md5(refs(&answer.pairs()), SWIFTPASS_KEY));
    let answer = attempt(&simulator, Gate::Swiftpass, "none", Fault::MissingSignature).unwrap();
    assert!(answer.get("sign").is_empty() && Gate::Swiftpass.is_success(&answer));
    let answer = attempt(&simulator, Gate::Redpack, "added", Fault::WrongSignature).unwrap();
    assert_eq!(answer.get("sign").len(), 32);
}

#[test]
fn a_committed_webgate_order_never_gets_a_signed_refusal() {
    let simulator = Simulator::start().unwrap();
    for fault in Fault::ALL.iter().filter(|fault| fault.commits() == Some(true)) {
        let Some(answer) = attempt(&simulator, Gate::Webgate, fault.name(), *fault) else {
            continue;
        };
        let retcode = answer.get("retcode");
        let refused = !retcode.is_empty() && retcode != "0";
        assert!(!refused || answer.get("sign").is_empty(), "{fault:?} {}", answer.text());
    }
}

#[test]
fn queries_have_faults_of_their_own() {
    let simulator = Simulator::start().unwrap();
    let gate = Gate::Redpack;
    simulator.fault_for_order("q1", Fault::SystemErrorAfterCommit);
    let answer = gate.pay(&simulator, &gate.fields("q1")).unwrap();
    assert_eq!(answer.get("err_code"), "SYSTEMERROR");
    assert_eq!(gate.query(&simulator, "q1").unwrap().get("status"), "SENT");
    simulator.fault_for_query("q1", Fault::NotFound);
    assert_eq!(gate.query(&simulator, "q1").unwrap().get("err_code"), "NOT_FOUND");
    simulator.clear_faults();
    simulator.fault_next_query(Fault::Processing);
    assert_eq!(gate.query(&simulator, "q1").unwrap().get("status"), "SENDING");
    simulator.fault_next_query(Fault::CloseAfterHead);
    assert!(gate.query(&simulator, "q1").is_none());
    assert_eq!(gate.query(&simulator, "q1").unwrap().get("status"), "SENT");
}

#[test]
fn send_failed_is_remembered() {
    let simulator = Simulator::start().unwrap();
    let gate = Gate::Redpack;
    let answer = attempt(&simulator, gate, "f1", Fault::RefusedSendFailed).unwrap();
    assert_eq!(answer.get("err_code"), "SEND_FAILED");
    assert_eq!(gate.query(&simulator, "f1").unwrap().get("status"), "FAILED");
    assert_eq!(simulator.entry("f1").unwrap().paid, 0);
}
