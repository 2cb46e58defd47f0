//! A payment by code that was given back on the platform, or by itself, before it was ever accepted here (POS flows 20.1).

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::counter::*;
use crate::support::wxpay::*;
use crate::support::*;

/// A refund: its number, its fen, its state.
type Row = (&'static str, &'static str, &'static str);

const TEN: [&str; 10] = ["R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9"];

/// A sale that is open, and then the query's word REFUND.
fn given_back(shop: &Counter) -> Till {
    let till = shop.till();
    shop.fails("USERPAYING").says("USERPAYING", 1);
    unknown(till.pay_with("sale 1", &micro_pay(CODE), &Options::new().patience(Duration::ZERO)));
    shop.forget();
    shop.then(|number| order_state("REFUND", number, &[("total_fee", "888")]));
    till
}

/// A PAYERROR that nobody takes back becomes REFUND by itself. Only refunds that arrived, of all of it, end the payment unpaid
/// (POS flows 20.1).
#[test]
fn what_was_given_back_elsewhere() {
    const ENDS: [(&[Row], &str); 8] = [
        (&[("R1", "888", "SUCCESS")], "unpaid"),
        (&[("R1", "800", "SUCCESS"), ("R2", "88", "SUCCESS")], "unpaid"),
        (&[("R1", "800", "SUCCESS"), ("R2", "88", "PROCESSING")], "open"),
        (&[("R1", "800", "SUCCESS"), ("R2", "88", "REFUNDCLOSE"), ("R3", "88", "SUCCESS")], "unpaid"),
        (&[("R1", "800", "SUCCESS")], "for a person"),
        (&[("R1", "888", "CHANGE")], "for a person"),
        (&[("R1", "888", "REFUNDCLOSE")], "for a person"),
        // One refund twice is no sum.
        (&[("R1", "444", "SUCCESS"), ("R1", "444", "SUCCESS")], "open"),
    ];
    for (rows, ends) in ENDS {
        let shop = Counter::new();
        let till = given_back(&shop);
        shop.then(move |number| refunds_of(number, rows, rows.len(), "888"));
        let outcome = till.payment_of(&shop.journal.all()[0].order_number).unwrap();
        assert_eq!(shop.states(), [ends], "{rows:?}");
        if ends == "unpaid" {
            let refusal = declined(Ok(outcome));
            assert_eq!((refusal.code.as_str(), refusal.next), ("REFUNDED", Next::NewNumber));
        }
        assert_eq!(shop.left(), 0, "{rows:?}");
        assert!(shop.sent().last().unwrap().url.ends_with("/pay/refundquery"));
    }
}

/// The rows come in pages. An answer of another total, or without the rest, is no sum.
#[test]
fn the_refunds_of_an_order_come_in_pages() {
    let ten: Vec<Row> = TEN.iter().map(|number| (*number, "80", "SUCCESS")).collect();
    let pages = |second: &'static [Row], total: &'static str| {
        let shop = Counter::new();
        let till = given_back(&shop);
        let first = ten.clone();
        shop.then(move |number| refunds_of(number, &first, 11, "888"));
        shop.then(move |number| refunds_of(number, second, 11, total));
        drop(till.payment_of(&shop.journal.all()[0].order_number));
        assert_eq!(xml_value(&shop.sent().last().unwrap().body, "offset").as_deref(), Some("10"));
        shop.states()
    };
    assert_eq!(pages(&[("R10", "88", "SUCCESS")], "888"), ["unpaid"]);
    assert_eq!(pages(&[("R9", "88", "SUCCESS")], "888"), ["open"]);
    assert_eq!(pages(&[("R10", "88", "SUCCESS")], "889"), ["open"]);
    assert_eq!(pages(&[("R10", "88", "SUCCESS"), ("R11", "1", "SUCCESS")], "888"), ["open"]);
}

/// refundquery by the order's number.
fn refunds_of(number: &str, rows: &[Row], all: usize, total: &str) -> String {
    let mut fields = vec![
        ("out_trade_no".to_string(), number.to_string()),
        ("transaction_id".into(), "1009660380201506130728806387".into()),
        ("total_fee".into(), total.into()),
        ("refund_count".into(), rows.len().to_string()),
        ("total_refund_count".into(), all.to_string()),
    ];
    for (n, (refund, fee, status)) in rows.iter().enumerate() {
        fields.push((format!("out_refund_no_{n}"), (*refund).into()));
        fields.push((format!("refund_fee_{n}"), (*fee).into()));
        fields.push((format!("refund_status_{n}"), (*status).into()));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    wxpay_signed(SignType::Md5, &fields)
}
