//! The books of a day (POS flows 7.3 to 7.5): each finding of the page, the days, what is foreign, what is torn. Nothing is settled by a bill.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::bills::{BillPrint, bill};
use crate::support::counter::*;
use crate::support::wxpay::*;
use crate::support::*;

const DAY: &str = "20261121000000";

fn day() -> ChinaTime {
    ChinaTime::read(DAY).unwrap()
}

/// A finding in short: its kind, the entry's number, the row's.
type Told = (FindingKind, Option<String>, Option<String>);

fn reconciled(till: &Till, bills: Bills<'_>) -> Result<(Vec<Told>, Reconciled), ReconcileFault> {
    let mut told = Vec::new();
    let done = till.reconcile(day(), bills, &mut |finding| {
        let row = finding.row.map(|row| row.out_refund_no().unwrap_or(row.out_trade_no()).to_owned());
        told.push((finding.kind, finding.entry.map(|entry| entry.order_number.clone()), row));
    })?;
    assert_eq!(told.len(), usize::try_from(done.findings).unwrap());
    Ok((told, done))
}

/// As the next day's bill prints them.
fn tomorrows(rows: &[BillPrint]) -> Vec<BillPrint> {
    rows.iter().map(|row| BillPrint { time: "2026-11-22 00:00:05".into(), ..row.clone() }).collect()
}

/// With the bill of the day and that of the next one.
fn both(till: &Till, of_day: &[BillPrint], next: &[BillPrint]) -> (Vec<Told>, Reconciled) {
    let (of_day, next) = (bill(of_day), bill(&tomorrows(next)));
    let (mut of_day, mut next) = (of_day.as_bytes(), next.as_bytes());
    reconciled(till, Bills { of_day: &mut of_day, of_next_day: Some(&mut next) }).unwrap()
}

fn alone(till: &Till, of_day: &[BillPrint]) -> (Vec<Told>, Reconciled) {
    let of_day = bill(of_day);
    reconciled(till, Bills { of_day: &mut of_day.as_bytes(), of_next_day: None }).unwrap()
}

fn sale<'a>(auth_code: &'a str) -> MicroPay<'a> {
    micro_pay(auth_code)
}

/// A sale that was paid at this time of the gateway's.
fn sold(shop: &Counter, till: &Till, name: &str, time_end: &'static str) -> String {
    shop.then(move |number| micro_paid(number, &[("time_end", time_end)]));
    accepted(till.pay(name, &sale(CODE))).order_number
}

fn number_of(till: &Till, name: &str) -> String {
    till.entries_of(name).unwrap()[0].entry.order_number.clone()
}

fn refused(shop: &Counter, till: &Till, name: &str) -> String {
    shop.fails("NOTENOUGH").fails("ORDERNOTEXIST");
    declined(till.pay(name, &sale(CODE)));
    number_of(till, name)
}

/// The customer never typed, and WeChat revoked it.
fn revoked(shop: &Counter, till: &Till, name: &str) -> String {
    shop.fails("USERPAYING").says("REVOKED", 1);
    declined(till.pay(name, &sale(CODE)));
    number_of(till, name)
}

fn open(shop: &Counter, till: &Till, name: &str) -> String {
    shop.is_silent().says("USERPAYING", 1);
    let patience = Options::new().patience(Duration::ZERO);
    unknown(till.pay_with(name, &sale(CODE), &patience));
    number_of(till, name)
}

#[test]
fn what_agrees_is_counted() {
    let shop = Counter::new();
    let till = shop.till();
    let paid = sold(&shop, &till, "sale 1", "20261121120000");
    let reversed = revoked(&shop, &till, "sale 2");
    let never = refused(&shop, &till, "sale 3");
    let rows = [
        BillPrint::paid(&paid, 888),
        BillPrint::paid(&reversed, 888),
        BillPrint::reversed(&reversed, 888),
        // Another terminal's, another system's, another merchant's.
        BillPrint::paid(
            &OrderNumbers::new(8)
                .make(endpoint::Numbers::DateSerial, "", day(), Serial { epoch: 1, counter: 1 })
                .unwrap(),
            5,
        ),
        BillPrint::paid("OTHER-SYSTEM-0001", 5),
        BillPrint { mch_id: "1900000999".into(), ..BillPrint::paid(&never, 888) },
        BillPrint { sub_mch_id: "1900000100".into(), ..BillPrint::paid(&never, 888) },
    ];
    let (told, done) = both(&till, &rows, &[]);
    assert_eq!(told, []);
    assert_eq!((done.rows, done.foreign), (7, 4));
    assert_eq!((done.agrees, done.reversed_agrees, done.waits), (1, 2, 0));
    assert_eq!(shop.left(), 0, "nobody was asked");
}

/// Each row of POS flows 7.5, and nothing else.
#[test]
fn each_finding() {
    let shop = Counter::new();
    let till = shop.till();
    let charged = refused(&shop, &till, "sale 1");
    let back = sold(&shop, &till, "sale 2", "20261121120000");
    let other = sold(&shop, &till, "sale 3", "20261121120000");
    let missing = sold(&shop, &till, "sale 4", "20261121120000");
    let pending = open(&shop, &till, "sale 5");
    let revoked_and_paid = revoked(&shop, &till, "sale 6");
    let unknown =
        OrderNumbers::new(7).make(endpoint::Numbers::DateSerial, "", day(), Serial { epoch: 77, counter: 7 }).unwrap();
    let rows = [
        BillPrint::refunded(&back, "somebody-elses", 100),
        BillPrint::paid(&unknown, 1),
        BillPrint::paid(&pending, 888),
        BillPrint::paid(&other, 889),
        BillPrint::paid(&back, 888),
        BillPrint::reversed(&back, 888),
        BillPrint::paid(&charged, 888),
        BillPrint::paid(&revoked_and_paid, 888),
        BillPrint { time: "perhaps".into(), ..BillPrint::paid(&other, 0) },
    ];
    use FindingKind::*;
    let (told, done) = both(&till, &rows, &[]);
    let at = |kind| told.iter().filter(|told| told.0 == kind).cloned().collect::<Vec<_>>();
    let of = |entry: &String, row: &String| (Some(entry.clone()), Some(row.clone()));
    let is = |kind, (entry, row): (Option<String>, Option<String>)| (kind, entry, row);
    assert_eq!(
        at(ChargedThoughDeclined),
        [
            is(ChargedThoughDeclined, of(&charged, &charged)),
            is(ChargedThoughDeclined, of(&revoked_and_paid, &revoked_and_paid))
        ]
    );
    assert_eq!(at(ReversedThoughAccepted), [is(ReversedThoughAccepted, of(&back, &back))]);
    assert_eq!(at(AmountDiffers), [is(AmountDiffers, of(&other, &other))]);
    assert_eq!(at(NotInBill), [(NotInBill, Some(missing), None)]);
    assert_eq!(at(PaidThoughOpen), [is(PaidThoughOpen, of(&pending, &pending))]);
    assert_eq!(at(UnknownOwnNumber), [(UnknownOwnNumber, None, Some(unknown))]);
    assert_eq!(at(RefundUnknown), [(RefundUnknown, None, Some("somebody-elses".into()))]);
    assert_eq!(at(Unreadable), [(Unreadable, None, None)]);
    assert_eq!(told.len(), 9);
    assert_eq!(done.agrees, 1);
    // The worst comes first.
    let ranks = told.iter().map(|(kind, _, _)| match kind {
        ChargedThoughDeclined | ReversedThoughAccepted => 0,
        AmountDiffers | NotInBill | PaidThoughOpen | UnknownOwnNumber => 1,
        _ => 2,
    });
    assert!(ranks.is_sorted(), "{told:?}");
    // Nothing was settled by it, and nobody was asked.
    assert_eq!(shop.states(), ["unproven", "paid", "paid", "paid", "open", "unpaid"]);
    assert_eq!(shop.left(), 0);
}

/// Both sides are in the words, in both languages; texts of others are cut and cleaned.
#[test]
fn a_finding_says_both_sides() {
    let shop = Counter::new();
    let till = shop.till();
    let number = refused(&shop, &till, "sale 1");
    let text = bill(&[BillPrint::paid(&number, 888)]);
    let mut next = bill(&[]);
    let mut said = Vec::new();
    let bills = Bills { of_day: &mut text.as_bytes(), of_next_day: Some(&mut next.as_bytes()) };
    till.reconcile(day(), bills, &mut |finding| said.push((finding.zh(), finding.en()))).unwrap();
    next.clear();
    assert_eq!(
        said,
        [(
            format!(
                "日志为未收款，账单为已扣款：请查询并退款｜日志: {number} 888 分 Unproven｜账单: 第2行 {number} 8.88 SUCCESS"
            ),
            format!(
                "the journal says not paid, the bill says charged: ask, and refund; journal: {number} 888 fen Unproven; bill: line 2 {number} 8.88 SUCCESS"
            )
        )]
    );
}

/// POS flows 7.4: by the gateway's time, never the device's, nor the date in the number.
#[test]
fn a_payment_belongs_to_the_gateways_day() {
    let shop = Counter::new();
    let till = shop.till();
    // Sold on the 21st by the device; paid at five past midnight.
    let after = sold(&shop, &till, "sale 1", "20261122000005");
    let before = sold(&shop, &till, "sale 2", "20261120235959");
    let (told, done) = both(&till, &[], &[BillPrint::paid(&after, 888)]);
    assert_eq!((told, done.agrees), (vec![], 0));
    // And its row of the 22nd says nothing of the 21st.
    let (told, done) = both(&till, &[BillPrint::paid(&before, 888)], &[]);
    assert_eq!((told, done.agrees), (vec![], 1));
    // Without a time of the gateway's: the begun day and the next one.
    shop.then(|number| micro_paid(number, &[("time_end", "20261121")]));
    let _ = till.pay("sale 3", &sale(CODE));
}

/// A payment of 23:59 is reversed at 00:01: the pair is judged when both bills were read.
#[test]
fn a_pair_over_midnight() {
    let shop = Counter::new();
    let till = shop.till();
    let number = revoked(&shop, &till, "sale 1");
    let paid = BillPrint { time: "2026-11-21 23:59:50".into(), ..BillPrint::paid(&number, 888) };
    let reversed = BillPrint { time: "2026-11-22 00:00:35".into(), ..BillPrint::reversed(&number, 888) };
    let (told, done) = alone(&till, std::slice::from_ref(&paid));
    assert_eq!((told, done.waits), (vec![], 1));
    let (told, done) = both(&till, std::slice::from_ref(&paid), &[reversed]);
    assert_eq!((told, done.reversed_agrees, done.waits), (vec![], 1, 0));
    let (told, _) = both(&till, &[paid], &[]);
    assert_eq!(told, [(FindingKind::ChargedThoughDeclined, Some(number.clone()), Some(number))]);
}

/// Refunds by their own number; when one was begun at the gateway is in no evidence, so the next day's bill counts, too.
#[test]
fn refunds() {
    let shop = Counter::new();
    let till = shop.till();
    let order = sold(&shop, &till, "sale 1", "20261121120000");
    shop.then(move |number| {
        let taken = [
            ("out_refund_no", number),
            ("refund_id", "2007752501201407033233368018"),
            ("refund_fee", "300"),
            ("total_fee", "888"),
            ("transaction_id", "1009660380201506130728806387"),
        ];
        wxpay_signed(SignType::Md5, &taken)
    });
    let refund = Refund::new(RefundOf::OutTradeNo(&order), fen(888), fen(300));
    let Ok(Outcome::Taken(taken)) = till.refund("return 1", &refund) else { panic!("not taken") };
    let (paid, refunded) = (BillPrint::paid(&order, 888), BillPrint::refunded(&order, &taken.order_number, 300));
    let (told, done) = both(&till, &[paid.clone(), refunded.clone()], &[]);
    assert_eq!((told, done.refund_agrees), (vec![], 1));
    // It was begun at the gateway after midnight.
    let (told, done) = both(&till, std::slice::from_ref(&paid), std::slice::from_ref(&refunded));
    assert_eq!((told, done.refund_agrees), (vec![], 0));
    let (told, done) = alone(&till, std::slice::from_ref(&paid));
    assert_eq!((told, done.waits), (vec![], 1));
    let (told, _) = both(&till, std::slice::from_ref(&paid), &[]);
    assert_eq!(told, [(FindingKind::RefundNotInBill, Some(taken.order_number.clone()), None)]);
    let less = BillPrint::refunded(&order, &taken.order_number, 299);
    let (told, _) = both(&till, &[paid, less], &[]);
    assert_eq!(told, [(FindingKind::AmountDiffers, Some(taken.order_number.clone()), Some(taken.order_number))]);
}

/// Cut at every byte, no finding is told: not of the day's bill, and not of the next one's.
#[test]
fn a_bill_that_is_cut_gives_no_finding() {
    let shop = Counter::new();
    let till = shop.till();
    let number = refused(&shop, &till, "sale 1");
    let _missing = sold(&shop, &till, "sale 2", "20261121120000");
    let (text, next) = (bill(&[BillPrint::paid(&number, 888)]), bill(&[]));
    let whole = text.trim_end().len();
    for end in 0..whole {
        let bills = Bills { of_day: &mut &text.as_bytes()[..end], of_next_day: Some(&mut next.as_bytes()) };
        let said = till.reconcile(day(), bills, &mut |finding| panic!("cut at {end}: {finding:?}"));
        assert!(matches!(said, Err(ReconcileFault::Bill(BillFault::Incomplete(_)))), "cut at {end}: {said:?}");
    }
    for end in 0..next.trim_end().len() {
        let bills = Bills { of_day: &mut text.as_bytes(), of_next_day: Some(&mut &next.as_bytes()[..end]) };
        let said = till.reconcile(day(), bills, &mut |finding| panic!("cut at {end}: {finding:?}"));
        assert!(matches!(said, Err(ReconcileFault::NextBill(_))), "cut at {end}: {said:?}");
    }
}

/// The wrong file, the two in the wrong places, the same one twice, another merchant's: nothing is told by them of this day (POS flows 7.3).
#[test]
fn another_bill_gives_no_finding() {
    let shop = Counter::new();
    let till = shop.till();
    let (number, late) = (sold(&shop, &till, "sale 1", "20261121120000"), refused(&shop, &till, "sale 2"));
    let rows = [BillPrint::paid(&number, 888), BillPrint::paid(&late, 888)];
    let (right, wrong) = (bill(&rows), bill(&tomorrows(&rows)));
    // Not by the form of its time: as some samples print it.
    let form = |time: &str| bill(&rows.clone().map(|row| BillPrint { time: time.into(), ..row }));
    let stranger = |row: &BillPrint| BillPrint { mch_id: "1900000999".into(), ..row.clone() };
    let strangers = bill(&rows.each_ref().map(stranger));
    let refunds = bill(&[stranger(&BillPrint::refunded("OTHER-1", "OTHER-R1", 5))]);
    for (of_day, next, is_next) in [
        (&strangers, None, false),
        (&refunds, None, false),
        (&right, Some(&bill(&tomorrows(&rows).iter().map(stranger).collect::<Vec<_>>())), true),
        (&wrong, None, false),
        (&wrong, Some(&right), false),
        (&right, Some(&right), true),
        (&form("2026-11-2216：33：45"), None, false),
        (&right, Some(&form("2026-11-2016：33：45")), true),
    ] {
        let mut next = next.map(String::as_bytes);
        let of_next_day = next.as_mut().map(|next| next as &mut dyn BillSource);
        let bills = Bills { of_day: &mut of_day.as_bytes(), of_next_day };
        let said = till.reconcile(day(), bills, &mut |finding| panic!("{finding:?}"));
        match said {
            Err(ReconcileFault::Bill(BillFault::Another)) => assert!(!is_next),
            Err(ReconcileFault::NextBill(BillFault::Another)) => assert!(is_next),
            other => panic!("{other:?}"),
        }
    }
    // A row of the day is enough.
    let mixed = [rows[0].clone(), tomorrows(&rows)[1].clone()];
    for text in [bill(&mixed), form("2026-11-2116：33：45")] {
        let (told, _) = reconciled(&till, Bills { of_day: &mut text.as_bytes(), of_next_day: None }).unwrap();
        assert!(!told.iter().any(|(kind, ..)| *kind == FindingKind::NotInBill), "{told:?}");
    }
    // Nor do refunds: their time is the refund's.
    let refund = [BillPrint { time: "2026-11-25 00:00:00".into(), ..BillPrint::refunded("OTHER-1", "OTHER-R1", 5) }];
    assert_eq!(alone(&till, &refund).1.foreign, 1);
}

/// A bill that is another one when it is read again concludes nothing.
#[test]
fn a_bill_that_changes_is_no_bill() {
    struct Changes(Vec<String>, usize);
    impl BillSource for Changes {
        fn read(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<(), BillFault> {
            sink(self.0[self.1.min(self.0.len() - 1)].as_bytes());
            self.1 += 1;
            Ok(())
        }
    }
    let shop = Counter::new();
    let till = shop.till();
    let number = sold(&shop, &till, "sale 1", "20261121120000");
    let (one, other) = (bill(&[BillPrint::paid(&number, 888)]), bill(&[BillPrint::paid(&number, 889)]));
    for texts in [vec![one.clone(), other.clone()], vec![one.clone(), one.clone(), other]] {
        let bills = Bills { of_day: &mut Changes(texts, 0), of_next_day: None };
        let said = till.reconcile(day(), bills, &mut |_| {});
        assert!(matches!(said, Err(ReconcileFault::Bill(BillFault::Incomplete(_)))), "{said:?}");
    }
}

/// An empty day: no bill exists. Surprising where the journal has payments of it.
#[test]
fn an_empty_day() {
    let none = reply(&[("return_code", "FAIL"), ("return_msg", "No Bill Exist"), ("error_code", "20002")]);
    let shop = Counter::new();
    let till = shop.till();
    let (told, done) = reconciled(&till, Bills { of_day: &mut none.as_bytes(), of_next_day: None }).unwrap();
    assert_eq!((told, done.rows), (vec![], 0));
    let number = sold(&shop, &till, "sale 1", "20261121120000");
    let (told, _) = reconciled(&till, Bills { of_day: &mut none.as_bytes(), of_next_day: None }).unwrap();
    assert_eq!(told, [(FindingKind::NotInBill, Some(number), None)]);
    let later = reply(&[("return_code", "FAIL"), ("return_msg", "Bill Creating")]);
    let said = till.reconcile(day(), Bills { of_day: &mut later.as_bytes(), of_next_day: None }, &mut |_| {});
    assert!(matches!(said, Err(ReconcileFault::Bill(BillFault::Creating))), "{said:?}");
}

/// A finding makes the till ask, when told to: only the query's word is written.
#[test]
fn the_till_asks_when_told_to() {
    // Charged though refused, and though revoked: late money, and nothing is reversed or sent again.
    for name in ["refused", "revoked"] {
        let shop = Counter::new();
        let till = shop.till();
        let number = if name == "refused" { refused(&shop, &till, "sale 1") } else { revoked(&shop, &till, "sale 1") };
        let text = bill(&[BillPrint::paid(&number, 888)]);
        let mut next = bill(&[]);
        let bills = Bills { of_day: &mut text.as_bytes(), of_next_day: Some(&mut next.as_bytes()) };
        shop.forget();
        shop.says("SUCCESS", 1);
        till.reconcile(day(), bills, &mut |finding| {
            let told = till.ask_about(finding.entry.unwrap().id).unwrap();
            assert!(matches!(told.outcome, Outcome::PaidLate(_)), "{name}: {:?}", told.outcome);
        })
        .unwrap();
        next.clear();
        assert_eq!(shop.names(), ["orderquery"], "{name}");
        // The till may have asked first; then only the query's word counts.
        assert_eq!(shop.states(), ["late"], "{name}");
    }
    // Paid though open.
    let shop = Counter::new();
    let till = shop.till();
    open(&shop, &till, "sale 1");
    let entry = till.entries_of("sale 1").unwrap()[0].entry.id;
    shop.says("SUCCESS", 1);
    assert!(matches!(till.ask_about(entry).unwrap().outcome, Outcome::Accepted(_)));
    // Not in the bill: the query says otherwise than the journal. It is told, and the entry stays.
    for (state, is_told) in [("SUCCESS", true), ("NOTPAY", false), ("REVOKED", false), ("REFUND", false)] {
        let shop = Counter::new();
        let till = shop.till();
        sold(&shop, &till, "sale 1", "20261121120000");
        let entry = till.entries_of("sale 1").unwrap()[0].entry.id;
        shop.forget();
        shop.says(state, 1);
        let told = till.ask_about(entry).unwrap();
        assert_eq!(matches!(told.outcome, Outcome::Accepted(_)), is_told, "{state}: {:?}", told.outcome);
        assert_eq!((shop.states(), shop.names().len()), (vec!["paid"], 1), "{state}");
    }
    // Whatever else is said of a refused one: it stays refused.
    for state in ["NOTPAY", "USERPAYING", "PAYERROR", "REVOKED"] {
        let shop = Counter::new();
        let till = shop.till();
        revoked(&shop, &till, "sale 1");
        let entry = till.entries_of("sale 1").unwrap()[0].entry.id;
        shop.forget();
        shop.says(state, 1);
        let told = till.ask_about(entry).unwrap();
        assert!(matches!(told.outcome, Outcome::Unknown(_)), "{state}: {:?}", told.outcome);
        assert_eq!((shop.states(), shop.names().len()), (vec!["unpaid"], 1), "{state}");
    }
}

/// Which account; one whose gateway has no bills; a journal that fails.
#[test]
fn what_cannot_be_reconciled() {
    let shop = Counter::new();
    let text = bill(&[]);
    let bare =
        Till::with_inputs(Box::new(shop.journal.reopened()), Box::new(shop.time.clone()), Box::new(shop.time.clone()));
    let said = bare.reconcile(day(), Bills { of_day: &mut text.as_bytes(), of_next_day: None }, &mut |_| {});
    assert!(matches!(said, Err(ReconcileFault::Account(_))), "{said:?}");
    let till = shop.till();
    let other = Options::new().account("1900000999");
    let bills = Bills { of_day: &mut text.as_bytes(), of_next_day: None };
    let said = till.reconcile_with(day(), bills, &other, &mut |_| {});
    assert!(matches!(said, Err(ReconcileFault::Account(_))), "{said:?}");
}

/// Numbers say which terminal made them.
#[test]
fn numbers_are_mine_or_another_terminals() {
    use endpoint::Numbers::*;
    let serial = Serial { epoch: EPOCHS - 1, counter: COUNTERS - 1 };
    for terminal in [0, 1, 7, 4095, u16::MAX] {
        let numbers = OrderNumbers::new(terminal);
        for (rule, merchant) in [(DateSerial, ""), (DateSerialDigits, ""), (MerchantDateSerial, "1900000109")] {
            // Also on the first day that a clock can say, where a board without a battery begins, and on the last one.
            let last = ChinaTime::read("99991231235959").unwrap();
            for today in [day(), ChinaTime::from_unix(0).unwrap(), last] {
                for serial in [serial, Serial { epoch: 0, counter: 0 }] {
                    let number = numbers.make(rule, merchant, today, serial).unwrap();
                    assert_eq!(
                        OrderNumbers::read(rule, merchant, &number),
                        Some(Made { terminal, serial }),
                        "{number}"
                    );
                    assert!(numbers.is_mine(rule, merchant, &number));
                    assert!(!OrderNumbers::new(terminal ^ 1).is_mine(rule, merchant, &number));
                }
            }
        }
    }
    for foreign in [
        "",
        "OTHER-SYSTEM-0001",
        "2026112100a78kq2m0",
        "20261321A78KQ2M000",
        "2026112100A78KQ2M",
        "2026112100A78KQ2M00",
        "20261121ZZZZZZZZZZ",
    ] {
        assert_eq!(OrderNumbers::read(DateSerial, "", foreign), None, "{foreign}");
    }
}
