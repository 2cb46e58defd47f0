//! Nothing that this library prints holds a secret.

use std::cell::RefCell;

use wxpay_simulator::{Fault, Simulator, credentials};
use wxpay_terminal::*;

use crate::gateways::{Gateway, NAMES, Prep, https};
use crate::support::{charge, employee, red_packet, terminal, wap_order};

thread_local! {
    /// Every log line of the test's own thread, at TRACE. The library works on its caller's thread.
    static LINES: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

struct Capture;

impl log::Log for Capture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}", record.target(), record.args());
        LINES.with_borrow_mut(|lines| lines.as_mut().map(|lines| lines.push(line)));
    }

    fn flush(&self) {}
}

/// Keys, and what would give them away. The simulator uses the same ones, so real exchanges carry their signatures.
fn canaries(simulator: &Simulator) -> Vec<(&'static str, String)> {
    let pem = std::fs::read_to_string(&simulator.files().key_pem_pkcs8).unwrap();
    let private = pem.lines().nth(3).unwrap().to_string();
    vec![
        ("API key", credentials::KEY.into()),
        ("WeCom secret", credentials::WORKWX_SECRET.into()),
        ("Swiftpass key", credentials::SWIFTPASS_KEY.into()),
        ("e-pay key", format!("={}", credentials::PARTNER_KEY)),
        ("e-pay key", format!("\"{}\"", credentials::PARTNER_KEY)),
        ("private key", private),
    ]
}

/// What is personal or lets its bearer pay: never in a `Debug` text. (TRACE lines of the wire do hold it.)
const PERSONAL: [&str; 9] = [
    "onqOjjmM1tad-3ROpncN-yUfa6uI",
    "ohO4Gt7wVPxIT1A9GjFaMYMiZY1s",
    "张三",
    "恭喜发财",
    "2010021010",
    "checkmweb",
    "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    "六月出差报销费用",
    "天虹百货",
];

#[test]
fn no_debug_text_and_no_log_line_holds_a_secret() {
    let _ = log::set_boxed_logger(Box::new(Capture));
    log::set_max_level(log::LevelFilter::Trace);
    LINES.set(Some(Vec::new()));
    let simulator = Simulator::start().unwrap();
    let https = https(&simulator);
    let mut printed =
        vec![format!("{https:?}"), format!("{:?} {:?}", Https::builder(), Secret::from(credentials::KEY))];
    for (which, name) in NAMES.iter().enumerate() {
        let gateway = Gateway::new(name, &simulator, &https);
        for (at, fault) in
            [None, Some(Fault::RefusedNotEnough), Some(Fault::WrongSignature), Some(Fault::BadGatewayAfterCommit)]
                .into_iter()
                .enumerate()
        {
            if let Some(fault) = fault {
                simulator.fault_next(fault);
            }
            print_payment(&gateway, &format!("{which}00{at}0001"), &mut printed);
            simulator.clear_faults();
        }
    }
    printed.extend(print_the_rest(&simulator));
    let canaries = canaries(&simulator);
    for text in &printed {
        for (what, canary) in &canaries {
            assert!(!text.contains(canary), "{what} in {text}");
        }
        for personal in PERSONAL {
            assert!(!text.contains(personal), "{personal} in {text}");
        }
    }
    let lines = LINES.take().unwrap();
    let wire: String = lines.iter().map(|line| hex_row(line)).collect();
    assert!(wire.contains("POST /mmpaymkttransfers/sendredpack"), "the wire dump was decoded");
    for (what, canary) in &canaries {
        assert!(!wire.contains(canary), "{what} on the wire");
        let line = lines.iter().find(|line| line.contains(canary));
        assert!(line.is_none(), "{what} in the log: {line:?}");
    }
    println!("secrets: {} texts, {} log lines, {} bytes of wire dump", printed.len(), lines.len(), wire.len());
    assert!(printed.len() > 40 && lines.len() > 100);
}

/// Everything that a payment makes, printed.
fn print_payment(gateway: &Gateway, number: &str, printed: &mut Vec<String>) {
    macro_rules! pay {
        ($client:expr, $request:expr) => {{
            let request = $request;
            let mut prepared = $client.prepare(&request).unwrap();
            let outcome = $client.send(&mut prepared);
            printed.push(format!("{request:?} {:?} {:?}", $client, $client.account()));
            printed.push(format!("{prepared:?} {:?}", prepared.endpoint().name));
            match &outcome {
                Ok(Outcome::Accepted(reply)) => printed.push(format!("{reply:?} {reply:#?}")),
                Ok(Outcome::Declined(refusal)) => printed.push(format!("{refusal} {refusal:?}")),
                Ok(Outcome::Unknown(doubt)) => printed.push(format!("{doubt} {doubt:?}")),
                Err(error) => printed.push(format!("{error} {error:?}")),
            }
        }};
    }
    match gateway {
        Gateway::Redpack(client) => pay!(client, red_packet(number)),
        Gateway::Workwx(client) => pay!(client, employee(number)),
        Gateway::Swiftpass(client) => pay!(client, wap_order(number)),
        Gateway::Webgate(client) => pay!(client, charge(number)),
    }
    let _: fn(&Gateway, &str) -> Prep = Gateway::prepare;
}

fn print_the_rest(simulator: &Simulator) -> Vec<String> {
    let p12 = std::fs::read(&simulator.files().p12_rc2).unwrap();
    let wrong = Identity::from_pkcs12_with(&p12, &Secret::from(credentials::KEY)).unwrap_err();
    let identity = Identity::from_pkcs12(&p12, credentials::MCH_ID).unwrap();
    let public = PublicKey::read(&std::fs::read(&simulator.files().webgate_public_key_pem).unwrap()).unwrap();
    let key_error = RedpackAccount::new("1", "wx1", Secret::from("0123456789abcdef0123456789ABCDEF0")).unwrap_err();
    let account = SwiftpassAccount::new("https://g.example", "1", Secret::from(credentials::SWIFTPASS_KEY)).unwrap();
    let body = simulator.notification("20000001").unwrap();
    let notice = account.notification(body.as_bytes());
    vec![
        format!("{wrong} {wrong:?}"),
        format!("{identity:?} {public:?}"),
        format!("{key_error} {key_error:?}"),
        format!("{notice:?} {account:?} {:?}", terminal()),
        format!("{:?}", RsaReply::new(public, RsaDigest::Sha1)),
    ]
}

/// The bytes of a hex row as ureq-proto writes them at TRACE: `504f 5354 20-- ----  POST ...`.
fn hex_row(line: &str) -> String {
    let Some((_, row)) = line.split_once("ureq_proto::util ") else { return String::new() };
    let hex: String = row.split("  ").next().unwrap().chars().filter(char::is_ascii_hexdigit).collect();
    let bytes: Vec<u8> =
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
