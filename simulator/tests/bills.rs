//! Bills and the fund flow: a raw client, signed by OpenSSL, against what the pages say (docs: E.4; POS flows 7).

mod client;

use std::time::Duration;

use client::direct::*;
use client::*;
use openssl::sha::sha1;
use wxpay_simulator::{BillRow, BillTrouble, Settings, Simulator};

const BILL: &str = "/pay/downloadbill";
const FUND_FLOW: &str = "/pay/downloadfundflow";

/// A gateway at noon: no test of a day begins in one and ends in the next.
fn at_noon(bills_at_once: bool) -> Simulator {
    let simulator = Simulator::start_with(Settings { bills_at_once, ..Settings::default() }).unwrap();
    let since_midnight = (simulator.now() + 8 * 3600) % 86_400;
    simulator.advance(Duration::from_secs(86_400 + 43_200 - since_midnight));
    simulator
}

/// The day in China, from the gateway's seconds.
fn day(simulator: &Simulator) -> String {
    civil((simulator.now() + 8 * 3600) / 86_400)
}

/// Of days since 1970 (Howard Hinnant's algorithm).
fn civil(days: u64) -> String {
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    format!("{:04}{month:02}{day:02}", yoe + era * 400 + u64::from(month <= 2))
}

fn bill_of(date: &str, bill_type: &str) -> Pairs {
    [account(), pairs(&[("bill_date", date), ("bill_type", bill_type)])].concat()
}

fn flow_of(date: &str) -> Pairs {
    let own = pairs(&[("sign_type", "HMAC-SHA256"), ("bill_date", date), ("account_type", "Basic")]);
    [account(), own].concat()
}

fn download(simulator: &Simulator, path: &str, fields: &Pairs) -> Answer {
    call(simulator, path, &sealed(fields)).unwrap()
}

/// With a code of its own: one is good once.
fn sold(simulator: &Simulator, number: &str) {
    let code = format!("13451234567890{:04}", simulator.ledger().len());
    assert_eq!(pay(simulator, number, &code), "SUCCESS");
}

/// Four payments, a refund and a reversal, and what each type of bill has of them.
#[test]
fn a_day_is_printed() {
    let simulator = at_noon(true);
    let today = day(&simulator);
    for at in 1..=3 {
        sold(&simulator, &format!("sale-{at}"));
    }
    assert_eq!(give_back(&simulator, "sale-1", "return-1", 333), "SUCCESS");
    assert_eq!(reverse(&simulator, "sale-2").0, "SUCCESS");
    simulator.add_to_bill(BillRow {
        body: "可乐,`加冰,`大杯".into(),
        coupon: 100,
        ..BillRow::paid(simulator.now(), "OTHER-SYSTEM-1", 10_100)
    });
    // Another day's, and one that nobody paid.
    simulator.add_to_bill(BillRow::paid(simulator.now() + 86_400, "tomorrow", 5));
    let text = download(&simulator, BILL, &bill_of(&today, "ALL")).text();
    assert_eq!(Some(&text), simulator.bill(&today, "ALL").as_ref());
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert!(text.starts_with('\u{FEFF}') && lines[0].split(',').count() == 27, "{}", lines[0]);
    assert_eq!((lines.len(), lines.last()), (1 + 6 + 2 + 1, Some(&"")));
    let row = |number: &str, state: &str| {
        let has =
            |line: &&&str| line.contains(&format!(",`{number},`")) && line.contains(&format!(",`{state},`OTHERS,`"));
        lines.iter().filter(has).copied().collect::<Vec<_>>()
    };
    let [paid, reversed, again] = ["SUCCESS", "REVOKED", "REFUND"].map(|state| row("sale-2", state));
    assert_eq!((paid.len(), reversed.len(), again.len()), (1, 1, 0));
    assert!(paid[0].ends_with(",`0.05000,`0.60%,`8.88,`0.00,`") && paid[0].contains(",`MICROPAY,`SUCCESS,`"));
    assert!(reversed[0].ends_with(",`0.00000,`0.60%,`0.00,`8.88,`"));
    let back = row("sale-1", "REFUND");
    assert!(back[0].contains(",`return-1,`3.33,`0.00,`ORIGINAL,`PROCESSING,`"), "{}", back[0]);
    assert!(back[0].ends_with(",`-0.02000,`0.60%,`0.00,`3.33,`"));
    assert!(row("OTHER-SYSTEM-1", "SUCCESS")[0].contains("可乐,`加冰,`大杯"));
    // 3 × 8.88 + 101.00, less one yuan of a coupon; back: 3.33 and 8.88; fees 3 × 0.05 + 0.60 - 0.02.
    assert_eq!(lines[8], "`6.0,`126.64,`12.21,`0.0,`0.73,`127.64,`12.21");

    let columns = |bill_type: &str| {
        let text = download(&simulator, BILL, &bill_of(&today, bill_type)).text();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        (lines[0].split(',').count(), lines.len() - 3, lines[lines.len() - 1].clone())
    };
    assert_eq!(columns("SUCCESS"), (20, 4, "`4.0,`126.64,`0.00,`0.0,`0.75,`127.64,`0.00".into()));
    assert_eq!(columns("REFUND"), (29, 1, "`1.0,`0.00,`3.33,`0.0,`-0.02,`0.00,`3.33".into()));
    let none = download(&simulator, BILL, &bill_of(&today, "RECHARGE_REFUND"));
    assert_eq!((none.get("return_msg"), none.get("error_code")), ("No Bill Exist".into(), "20002".into()));
    let coupons = BillRow { coupon_refund: 20, ..BillRow::refunded(simulator.now(), "sale-3", "return-3", 100) };
    simulator.add_to_bill(coupons);
    assert_eq!(columns("RECHARGE_REFUND"), (29, 1, "`1.0,`0.00,`1.00,`0.20,`-0.01,`0.00,`1.00".into()));

    let flow = download(&simulator, FUND_FLOW, &flow_of(&today));
    let text = flow.text();
    let hex: String = sha1(&flow.body).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(flow.head.contains(&format!("\r\nDigest: SHA={hex}\r\n")), "{}", flow.head);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0].split(',').count(), lines.len()), (11, 1 + 4 + 4 + 3 + 2));
    // What is settled came in; fees, refunds and reversals went out.
    assert_eq!(lines[13], "`11.0,`4.0,`126.64,`7.0,`13.96");
}

/// By the gateway's own days: yesterday's from 9:00, of three months.
#[test]
fn a_bill_comes_in_time() {
    let simulator = at_noon(false);
    let sold_on = day(&simulator);
    sold(&simulator, "sale-1");
    let said = |date: &str| download(&simulator, BILL, &bill_of(date, "ALL")).get("return_msg");
    assert_eq!(said(&sold_on), "Bill Creating");
    assert_eq!(download(&simulator, FUND_FLOW, &flow_of(&sold_on)).get("err_code"), "BILL_CREATING");
    let to_nine = 33 * 3600 - (simulator.now() + 8 * 3600) % 86_400;
    simulator.advance(Duration::from_secs(to_nine - 30));
    assert_eq!(said(&sold_on), "Bill Creating");
    simulator.advance(Duration::from_secs(30));
    assert_eq!(said(&sold_on), "");
    simulator.advance(Duration::from_secs(94 * 86_400));
    assert_eq!(said(&sold_on), "No Bill Exist");
    // A reversal after midnight stands in the next day's bill, its payment in the day's.
    let paid_on = day(&simulator);
    sold(&simulator, "sale-2");
    simulator.advance(Duration::from_secs(86_400));
    assert_eq!(reverse(&simulator, "sale-2").0, "SUCCESS");
    let states = |date: &str| {
        let text = simulator.bill(date, "ALL").unwrap();
        ["SUCCESS", "REVOKED"]
            .map(|state| text.lines().filter(|line| line.contains(&format!("MICROPAY,`{state}"))).count())
    };
    assert_eq!((states(&paid_on), states(&day(&simulator))), ([1, 0], [0, 1]));
}

#[test]
fn what_is_wrong_is_refused() {
    let simulator = at_noon(true);
    let today = day(&simulator);
    sold(&simulator, "sale-1");
    for (name, value, words) in [
        ("mch_id", "1900000110", "SIGN ERROR"),
        ("bill_type", "SOME", "invalid bill_type"),
        ("bill_date", "20261332", "data format error"),
        ("bill_date", "", "missing parameter"),
        ("appid", "wx0000000000000001", "data format error"),
        ("something", "1", "data format error"),
        ("tar_type", "GZIP", "CompressGZip Error"),
    ] {
        let mut fields = bill_of(&today, "ALL");
        set(&mut fields, name, value);
        let answer = download(&simulator, BILL, &fields);
        assert_eq!((answer.get("return_code"), answer.get("return_msg")), ("FAIL".into(), words.into()), "{name}");
        assert_eq!(answer.get("sign"), "");
    }
    let unsigned = call(&simulator, BILL, &xml(&bill_of(&today, "ALL"))).unwrap();
    assert_eq!(unsigned.get("return_msg"), "SIGN ERROR");
    // The fund flow: HMAC-SHA256, and the merchant's certificate.
    let mut md5 = flow_of(&today);
    set(&mut md5, "sign_type", "MD5");
    assert_eq!(download(&simulator, FUND_FLOW, &md5).get("err_code"), "PARAM_ERROR");
    let nobody = connector(&simulator, None);
    let answer = call_with(&simulator, &nobody, FUND_FLOW, &sealed(&flow_of(&today))).unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(call_with(&simulator, &nobody, BILL, &sealed(&bill_of(&today, "ALL"))).unwrap().status, 200);
    for (account_type, code) in [("Operation", "NO_BILL_EXIST"), ("Fees", "NO_BILL_EXIST"), ("Other", "PARAM_ERROR")] {
        let mut fields = flow_of(&today);
        set(&mut fields, "account_type", account_type);
        assert_eq!(download(&simulator, FUND_FLOW, &fields).get("err_code"), code);
    }
}

#[test]
fn what_can_befall_a_download() {
    let simulator = at_noon(true);
    let today = day(&simulator);
    sold(&simulator, "sale-1");
    let (bill, flow) = (bill_of(&today, "ALL"), flow_of(&today));
    let whole = download(&simulator, BILL, &bill).body;
    simulator.trouble_next_download(BillTrouble::CutAt(100));
    assert!(call(&simulator, BILL, &sealed(&bill)).is_none());
    simulator.trouble_next_download(BillTrouble::ShortenedTo(100));
    assert_eq!(download(&simulator, BILL, &bill).body, whole[..100]);
    simulator.trouble_next_download(BillTrouble::WrongTotals);
    assert_ne!(download(&simulator, BILL, &bill).body, whole);
    simulator.trouble_next_download(BillTrouble::BadGateway);
    assert_eq!(download(&simulator, BILL, &bill).status, 502);
    for (trouble, words) in [
        (BillTrouble::Creating, "Bill Creating"),
        (BillTrouble::NoBill, "No Bill Exist"),
        (BillTrouble::SignError, "SIGN ERROR"),
    ] {
        simulator.trouble_next_download(trouble);
        assert_eq!(download(&simulator, BILL, &bill).get("return_msg"), words);
    }
    let right = download(&simulator, FUND_FLOW, &flow);
    for (trouble, has_one) in [(BillTrouble::WrongDigest, true), (BillTrouble::NoDigest, false)] {
        simulator.trouble_next_download(trouble);
        let answer = download(&simulator, FUND_FLOW, &flow);
        assert_eq!((answer.body == right.body, answer.head.contains("Digest: ")), (true, has_one));
        assert_ne!(answer.head, right.head);
    }
    simulator.leave_out_of_bill("sale-1");
    assert_eq!(download(&simulator, BILL, &bill).get("return_msg"), "No Bill Exist");
    simulator.clear_bills();
    simulator.say_in_bill("sale-1", 889);
    assert!(download(&simulator, BILL, &bill).text().ends_with("`1.0,`8.89,`0.00,`0.0,`0.05,`8.89,`0.00\r\n"));
    assert_eq!(simulator.entry("sale-1").unwrap().amount, 888);
}
