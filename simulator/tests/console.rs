//! The console as its page uses it, and as a stranger would: raw HTTP, and the gateways' raw clients beside it.

mod client;

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::direct::{
    CODE, MICROPAY, ORDER, ask, give_back, micropay, native, pay, refund_state, reverse, sealed, state,
};
use client::*;
use serde_json::Value;
use wxpay_simulator::credentials::*;
use wxpay_simulator::{COMMANDS, Console, Simulator, sign};

struct Open {
    simulator: Arc<Simulator>,
    console: Console,
}

fn open() -> Open {
    let simulator = Arc::new(Simulator::start().unwrap());
    let console = Console::open(simulator.clone(), 0).unwrap();
    Open { simulator, console }
}

impl Open {
    fn origin(&self) -> &str {
        self.console.url().rsplitn(3, '/').nth(2).unwrap()
    }

    fn host(&self) -> &str {
        self.origin().strip_prefix("http://").unwrap()
    }

    /// The path that stands before all others, with the token.
    fn root(&self) -> &str {
        &self.console.url()[self.origin().len()..]
    }

    fn raw(&self, request: &str) -> Option<Answer> {
        let mut tcp = TcpStream::connect(self.host()).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // It may be refused, and closed, before it was sent whole.
        let _ = tcp.write_all(request.as_bytes());
        receive(&mut tcp)
    }

    fn get(&self, path: &str) -> Answer {
        let (root, host) = (self.root(), self.host());
        self.raw(&format!("GET {root}{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).unwrap()
    }

    fn state(&self) -> Value {
        let answer = self.get("state");
        assert_eq!(answer.status, 200);
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// A line, as the page sends it.
    fn obey(&self, line: &str) -> String {
        let body = serde_json::json!({ "line": line }).to_string();
        let (root, host, origin) = (self.root(), self.host(), self.origin());
        let answer = self.raw(&format!(
            "POST {root}do HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ));
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{line}");
        answer.text()
    }

    fn code(&self) -> String {
        self.state()["phone"]["code"].as_str().unwrap().to_owned()
    }

    /// A sale by the code on the phone.
    fn sell(&self, number: &str) -> String {
        pay(&self.simulator, number, &self.code())
    }
}

fn kinds(state: &Value) -> Vec<String> {
    let messages = state["phone"]["messages"].as_array().unwrap().iter();
    messages.map(|message| format!("{} {}", message["kind"].as_str().unwrap(), message["amount"])).collect()
}

#[test]
fn a_customer_with_the_phone() {
    let open = open();
    // Pays at once, and the phone shows another code.
    let first = open.code();
    assert_eq!(open.sell("PHONE-0001"), "SUCCESS");
    assert_ne!(open.code(), first);
    assert_eq!(pay(&open.simulator, "PHONE-0002", &first), "AUTH_CODE_INVALID");
    // Is asked, and pays; is asked, and closes the dialog.
    open.obey("customer password");
    for (number, line, ends) in [("PHONE-0003", "pay", "SUCCESS"), ("PHONE-0004", "refuse", "PAYERROR")] {
        assert_eq!(open.sell(number), "USERPAYING");
        let dialog = &open.state()["phone"]["dialog"];
        assert_eq!(
            (&dialog["number"], &dialog["amount"], &dialog["merchant"]),
            (&number.into(), &888.into(), &"天虹百货-矿泉水".into())
        );
        assert_eq!(state(&open.simulator, number), "USERPAYING");
        open.obey(&format!("{line} {number}"));
        assert_eq!(state(&open.simulator, number), ends);
        assert_eq!(open.state()["phone"]["dialog"], Value::Null);
    }
    for (habit, code) in [
        ("not-enough", "NOTENOUGH"),
        ("card-not-supported", "NOTSUPORTCARD"),
        ("other-wallet", "AUTH_CODE_INVALID"),
        ("other-merchant", "AUTH_CODE_ERROR"),
        ("expired", "AUTHCODEEXPIRE"),
    ] {
        assert_eq!(open.obey(&format!("customer {habit}")), "");
        assert_eq!(open.state()["phone"]["habit"], habit);
        assert_eq!(open.sell("PHONE-0005"), code, "{habit}");
    }
    open.obey("customer silent");
    assert_eq!(open.sell("PHONE-0006"), "USERPAYING");
    assert_eq!(state(&open.simulator, "PHONE-0006"), "NOTPAY");
    // Money that returns, and money that is given back.
    assert_eq!(reverse(&open.simulator, "PHONE-0003").0, "SUCCESS");
    assert_eq!(give_back(&open.simulator, "PHONE-0001", "BACK-0001", 300), "SUCCESS");
    assert!(!kinds(&open.state()).contains(&"refunded 300".to_owned()));
    assert_eq!(refund_state(&open.simulator, "BACK-0001"), "PROCESSING");
    assert_eq!(refund_state(&open.simulator, "BACK-0001"), "SUCCESS");
    let mut told = kinds(&open.state());
    told.sort();
    assert_eq!(told, ["paid 888", "paid 888", "refund-begun 300", "refunded 300", "returned 888"]);
    // Somebody else's sale is not on this phone.
    assert_eq!(pay(&open.simulator, "OTHER-0001", CODE), "SUCCESS");
    assert_eq!(kinds(&open.state()).len(), 5);
    // A red packet is.
    call(&open.simulator, SEND, &sealed_redpack("0010010404201411170000046545"));
    assert!(kinds(&open.state()).contains(&"received 200".to_owned()), "{:?}", kinds(&open.state()));
}

#[test]
fn the_phone_scans_orders() {
    let open = open();
    let made = ask(&open.simulator, ORDER, &native("SCAN-0001"));
    ask(&open.simulator, ORDER, &native("SCAN-0002"));
    let waits = open.state()["open"].as_array().unwrap().len();
    assert_eq!(waits, 2);
    assert_eq!(open.obey(&format!("scan {}", made.get("code_url"))), "order SCAN-0001\n");
    assert_eq!(open.state()["phone"]["dialog"]["number"], "SCAN-0001");
    open.obey("refuse SCAN-0001");
    let after = open.state();
    assert_eq!((&after["phone"]["dialog"], after["open"].as_array().unwrap().len()), (&Value::Null, 2));
    open.obey("scan SCAN-0002");
    open.obey("pay SCAN-0002");
    assert_eq!(state(&open.simulator, "SCAN-0002"), "SUCCESS");
    assert_eq!(kinds(&open.state()), ["paid 888"]);
    // Paid orders and others' words are no orders.
    for nothing in ["SCAN-0002", "https://evil.example/", "weixin://wxpay/bizpayurl/up?pr=N999999z&groupid=00", ""] {
        assert!(open.obey(&format!("scan {nothing}")).starts_with("no open order"), "{nothing}");
    }
}

#[test]
fn the_wire_says_what_was_signed_and_what_is_wrong() {
    let open = open();
    let key_in_a_field = {
        let mut fields = micropay("WIRE-0001", CODE);
        set(&mut fields, "attach", KEY);
        fields
    };
    ask(&open.simulator, MICROPAY, &key_in_a_field);
    let mut unsigned = micropay("WIRE-0002", "134512345678901235");
    set(&mut unsigned, "sign", "0123456789ABCDEF0123456789ABCDEF");
    call(&open.simulator, MICROPAY, &xml(&unsigned));
    open.obey("next EmptyBody");
    call(&open.simulator, MICROPAY, &sealed(&micropay("WIRE-0003", "134512345678901236")));
    open.obey("next CloseOnAccept");
    assert!(call(&open.simulator, MICROPAY, "").is_none());
    let state = open.state();
    let wire = state["wire"].as_array().unwrap();
    let column = |name: &str| wire.iter().map(|one| one[name].clone()).collect::<Vec<_>>();
    assert_eq!(column("fault"), ["CloseOnAccept", "EmptyBody", "", ""]);
    assert_eq!(column("number"), ["", "WIRE-0003", "WIRE-0002", "WIRE-0001"]);
    assert_eq!(column("wrong"), ["", "", "FAIL 签名错误", ""]);
    assert_eq!(column("certificate"), ["", MCH_ID, MCH_ID, MCH_ID]);
    // The text that the merchant had to sign, by the documents' rule, with the key masked.
    let fields = micropay("WIRE-0003", "134512345678901236");
    let expected = sign::joined(refs(&fields)) + "&key=****";
    assert_eq!(wire[1]["signed"], serde_json::json!([expected]));
    assert_eq!(wire[3]["said"], "SUCCESS");
    let text = state.to_string();
    for key in [KEY, WORKWX_SECRET, SWIFTPASS_KEY, PARTNER_KEY] {
        assert!(!text.contains(key));
    }
}

/// Each gateway's own rule (docs: B.3, C.3, D, F.1), and what it said.
#[test]
fn what_each_gateway_has_signed() {
    let open = open();
    for (at, gate) in GATES.into_iter().enumerate() {
        let fields = gate.fields(&format!("1000009820261121{:012}", 100 + at));
        assert!(gate.is_success(&gate.pay(&open.simulator, &fields).unwrap()), "{gate:?}");
        let exchange = open.simulator.exchanges().swap_remove(0);
        let all = |fields: &Pairs| sign::joined(refs(fields));
        let expected = match gate {
            Gate::Workwx => {
                let inner = sign::workwx(refs(&fields), WORKWX_SECRET);
                let mut whole = fields.clone();
                set(&mut whole, "workwx_sign", &inner);
                let named = fields.iter().filter(|(name, _)| sign::WORKWX_FIELDS.contains(&name.as_str())).cloned();
                vec![all(&whole) + "&key=****", all(&named.collect()) + "&secret=****"]
            }
            Gate::Webgate => vec![all(&fields)],
            _ => vec![all(&fields) + "&key=****"],
        };
        assert_eq!((exchange.signed, exchange.wrong.as_str()), (expected, ""), "{gate:?}");
        // A reply of JSON has words, too.
        assert!(["SUCCESS", "0"].contains(&exchange.said.as_str()), "{gate:?}: {:?}", exchange.said);
    }
}

#[test]
fn a_row_whose_money_moved_twice_says_so() {
    let open = open();
    for number in ["0010010404201411170000046545", "0010010404201411170000046546"] {
        call(&open.simulator, SEND, &sealed_redpack(number));
    }
    let once = open.state();
    assert_eq!(once["totals"]["twice"], 0);
    // The same packet under another number is only like it.
    let twins: Vec<&Value> = once["rows"].as_array().unwrap().iter().map(|row| &row["twin"]).collect();
    assert_eq!(twins, [true, false]);
    open.obey("behave RepeatPaysAgain");
    assert_eq!(open.state()["plan"]["behaviours"], serde_json::json!(["behave RepeatPaysAgain"]));
    call(&open.simulator, SEND, &sealed_redpack("0010010404201411170000046545"));
    let twice = open.state();
    assert_eq!((&twice["totals"]["twice"], &twice["totals"]["paid_fen"]), (&1.into(), &600.into()));
    assert_eq!(twice["rows"][1]["charges"], 2);
}

#[test]
fn whatever_the_command_line_can_do() {
    let open = open();
    let lines = COMMANDS.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let words: Vec<&str> = lines.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(words.len() > 20, "{words:?}");
    for word in words {
        assert!(!open.obey(word).starts_with("what?"), "{word}");
    }
    assert_eq!(open.obey("dance 1"), "what? dance 1\n");
    for line in
        ["next Nothing", "fault amount=x:Gzip", "fault day=1:Gzip", "delay 60001", "loss 101", "loss -1", "advance x"]
    {
        assert_ne!(open.obey(line), "", "{line}");
    }
    open.obey("clear");
    for line in ["fault amount=888:Gzip", "next-refund EmptyBody", "delay 5", "loss 3", "advance 3600"] {
        assert_eq!(open.obey(line), "", "{line}");
    }
    let state = open.state();
    assert_eq!(state["plan"]["faults"], serde_json::json!(["fault amount=888:Gzip", "next-refund EmptyBody"]));
    assert_eq!((&state["plan"]["delay"], &state["plan"]["loss"]), (&5.into(), &3.into()));
    assert!(state["clock"]["ahead"].as_u64().unwrap() >= 3_600);
    open.obey("clear");
    let state = open.state();
    assert_eq!(state["plan"], serde_json::json!({ "faults": [], "behaviours": [], "delay": 0, "loss": 0 }));
    // Two lines in one are none.
    let body = r#"{"line":"clear\nnext Gzip"}"#;
    let request = |body: &str| {
        let (root, host, origin) = (open.root(), open.host(), open.origin());
        let head =
            format!("POST {root}do HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Type: application/json\r\n");
        open.raw(&format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())).unwrap().status
    };
    for bad in [body, "{", "[]", r#"{"line":1}"#, "", "\u{0}"] {
        assert_eq!(request(bad), 400, "{bad}");
    }
}

#[test]
fn the_way_loses_everything() {
    let open = open();
    assert_eq!(open.sell("WAY-0001"), "SUCCESS");
    open.obey("loss 100");
    assert!(call(&open.simulator, MICROPAY, &sealed(&micropay("WAY-0002", CODE))).is_none());
    open.obey("clear");
    assert_eq!(state(&open.simulator, "WAY-0001"), "SUCCESS");
    assert_eq!(state(&open.simulator, "WAY-0002"), "ORDERNOTEXIST");
}

#[test]
fn texts_to_download() {
    let open = open();
    assert_eq!(open.sell("DOWN-0001"), "SUCCESS");
    let csv = open.get("ledger.csv");
    assert!(csv.head.contains("attachment; filename=\"ledger.csv\""));
    let row = csv.text().lines().nth(1).unwrap().to_owned();
    assert!(row.starts_with("\"wxpay\",\"DOWN-0001\",888,\"SUCCESS\",1,1,0,0,1,"), "{row}");
    let date = open.state()["clock"]["now"].as_str().unwrap()[..10].replace('-', "");
    for (path, status) in [
        (format!("bill.csv?date={date}"), 200),
        (format!("bill.csv?date={date}&type=SUCCESS"), 200),
        (format!("fund-flow.csv?date={date}"), 200),
        (format!("bill.csv?date={date}&type=%22"), 404),
        ("bill.csv?date=20150101".into(), 404),
        ("bill.csv?date=%0d%0aX%3A1".into(), 404),
        ("bill.csv?date=1&date=2".into(), 400),
        ("qr.svg?text=weixin%3A%2F%2Fwxpay".into(), 200),
        ("bars.svg?text=130000000000000099".into(), 200),
        ("bars.svg?text=%3Cscript%3E".into(), 404),
        ("../../etc/passwd".into(), 404),
        ("page/index.html".into(), 404),
    ] {
        assert_eq!(open.get(&path).status, status, "{path}");
    }
    assert_eq!(open.get(&format!("bill.csv?date={date}")).text(), open.simulator.bill(&date, "ALL").unwrap());
}

#[test]
fn strangers_stay_outside() {
    let open = open();
    let (host, root) = (open.host(), open.root());
    let said = |request: &str| open.raw(request).map(|answer| (answer.status, answer.text()));
    let line = r#"{"line":"pay 1"}"#;
    let refused = |status: u16| Some((status, "refused\n".to_owned()));
    for (request, status) in [
        // Without the token, and with a wrong one, the same is said.
        (format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), 404),
        (format!("GET /state HTTP/1.1\r\nHost: {host}\r\n\r\n"), 404),
        (format!("GET /{}/state HTTP/1.1\r\nHost: {host}\r\n\r\n", "0".repeat(32)), 404),
        // A name of another host that resolves to loopback.
        (format!("GET {root}state HTTP/1.1\r\nHost: rebound.example\r\n\r\n"), 421),
        (format!("GET {root}state HTTP/1.1\r\n\r\n"), 421),
        (format!("GET {root}state HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n"), 400),
        // A page of another origin, and a form on it.
        (format!("GET {root}state HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil.example\r\n\r\n"), 403),
        (format!("GET {root}state HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Site: cross-site\r\n\r\n"), 403),
        (
            format!(
                "POST {root}do HTTP/1.1\r\nHost: {host}\r\nOrigin: null\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{line}",
                line.len()
            ),
            403,
        ),
        (
            format!(
                "POST {root}do HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{line}",
                line.len()
            ),
            403,
        ),
        (
            format!(
                "POST {root}do HTTP/1.1\r\nHost: {host}\r\nOrigin: {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{line}",
                open.origin(),
                line.len()
            ),
            415,
        ),
        (format!("DELETE {root}state HTTP/1.1\r\nHost: {host}\r\n\r\n"), 405),
        // What is no request, and what is too long.
        ("\r\n\r\n".to_owned(), 400),
        (format!("GET {root}state HTTP/1.1\r\nHost: {host}\r\nX: {}\r\n\r\n", "x".repeat(90_000)), 431),
        (
            format!(
                "POST {root}do HTTP/1.1\r\nHost: {host}\r\nOrigin: {}\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n",
                open.origin()
            ),
            413,
        ),
        (
            format!(
                "POST {root}do HTTP/1.1\r\nHost: {host}\r\nOrigin: {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                open.origin()
            ),
            411,
        ),
    ] {
        assert_eq!(said(&request), refused(status), "{}", &request[..request.len().min(200)]);
    }
    assert_eq!(open.get("state").status, 200);
    let page = open.get("");
    for header in [
        "Content-Security-Policy: default-src 'none'",
        "X-Frame-Options: DENY",
        "Referrer-Policy: no-referrer",
        "Cache-Control: no-store",
    ] {
        assert!(page.head.contains(header), "{header}: {}", page.head);
    }
    assert!(!page.head.contains("Access-Control"));
}

/// Clients that hold connections and say nothing, or one byte at a time, lock nobody out for good.
#[test]
fn idle_strangers_are_given_up() {
    let open = open();
    let idle: Vec<TcpStream> = (0..64).map(|_| TcpStream::connect(open.host()).unwrap()).collect();
    let end = Instant::now() + Duration::from_secs(60);
    let served = loop {
        let mut tcp = TcpStream::connect(open.host()).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let (root, host) = (open.root(), open.host());
        let _ = tcp.write_all(format!("GET {root}state HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        match receive(&mut tcp) {
            Some(answer) => break answer.status,
            None => assert!(Instant::now() < end, "nobody is let in any more"),
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(served, 200);
    drop(idle);
}

/// What a load test leaves: the page stays small, and every row that moved twice is on it.
#[test]
fn ten_thousand_orders() {
    let open = open();
    let connector = merchant(&open.simulator);
    let mut stream = connect(&open.simulator, &connector).unwrap();
    for number in 0..10_000 {
        let body = sealed_redpack(&format!("00100104042014111700{number:08}"));
        if number == 4_711 {
            open.obey("behave RepeatPaysAgain");
        }
        for _ in 0..if number == 4_711 { 2 } else { 1 } {
            stream.write_all(request(SEND, "text/xml", &body).as_bytes()).unwrap();
            assert_eq!(receive(&mut stream).unwrap().get("result_code"), "SUCCESS");
        }
    }
    let answer = open.get("state");
    let state: Value = serde_json::from_slice(&answer.body).unwrap();
    let rows = state["rows"].as_array().unwrap();
    assert_eq!((&state["totals"]["orders"], rows.len()), (&10_000.into(), 201));
    assert_eq!(rows[200]["charges"], 2);
    assert!(answer.body.len() < 600_000, "{} bytes", answer.body.len());
    let found: Value = serde_json::from_slice(&open.get("state?find=00004242").body).unwrap();
    assert_eq!(found["rows"].as_array().unwrap().len(), 1);
    assert_eq!(open.get("ledger.csv").text().lines().count(), 10_001);
}

/// What the gateways refuse is on the wire all the same, cut, and as data.
#[test]
fn hostile_texts() {
    let open = open();
    let script = "<script>alert(1)</script>\u{202e}";
    let long = "微".repeat(22_000);
    for (at, text) in [script, &long].into_iter().enumerate() {
        let mut fields = micropay(&format!("EVIL-000{at}"), &format!("13451234567890123{at}"));
        set(&mut fields, "body", text);
        set(&mut fields, "device_info", "\"><img src=x onerror=alert(1)>");
        call(&open.simulator, MICROPAY, &sealed(&fields));
    }
    let mut number = micropay("=1+1\"<b>", "134512345678901299");
    set(&mut number, "body", "=cmd|' /C calc'!A0");
    call(&open.simulator, MICROPAY, &sealed(&number));
    let state = open.state();
    assert!(state.to_string().len() < 120_000, "{}", state.to_string().len());
    let row = &state["rows"][0];
    assert_eq!(row["subject"], script);
    let csv = open.get("ledger.csv").text();
    assert!(!csv.contains("\"=") && !csv.contains(",="), "{csv}");
}

fn sealed_redpack(number: &str) -> String {
    let mut fields = redpack(number);
    let signed = sign::md5(refs(&fields), KEY);
    set(&mut fields, "sign", &signed);
    xml(&fields)
}
