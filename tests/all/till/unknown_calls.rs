//! A till has the tables of its accounts, and of no others: of another gateway's entries in the same journal nothing is decided.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::counter::*;
use crate::support::memory_journal::MemoryJournal;
use crate::support::wxpay::*;
use crate::support::*;
use crate::till::modelled::Time;
use crate::till::orders::Shop;
use crate::till::till::{hb, outcome, redpack_till};

const DAY: i64 = 86_400;

/// The same terminal, with firmware that has no account of the gateway any more.
fn without_accounts(journal: &MemoryJournal, time: &Time) -> Till {
    Till::with_inputs(Box::new(journal.reopened()), Box::new(time.clone()), Box::new(time.clone()))
}

/// It is refused, and the words say which call of which account, and what to do.
#[track_caller]
fn names_the_call(result: Result<(), JournalFault>, call: &str) {
    let fault = result.unwrap_err();
    assert_eq!(fault.kind(), JournalFaultKind::Refused);
    for word in [call, "Till::knows"] {
        assert!(fault.text().contains(word), "{fault}");
    }
}

/// The customer has the URL, and may pay: nobody calls it unpaid who does not know that.
#[test]
fn an_order_in_a_customers_hands_is_not_called_unpaid() {
    let shop = Shop::new();
    let (_, number) = shop.with_order();
    let entry = shop.journal.all()[0].clone();
    let till = without_accounts(&shop.journal, &shop.time);
    names_the_call(till.settle_by_hand(entry.id, false, "王", "the customer left"), "pay.weixin.wap");
    let till = till.knows::<RedpackAccount>();
    names_the_call(till.settle_by_hand(entry.id, false, "王", "the customer left"), &number);
    assert_eq!(shop.journal.all(), std::slice::from_ref(&entry));
    // With the table: as with the account.
    let till = till.knows::<SwiftpassAccount>();
    let fault = till.settle_by_hand(entry.id, false, "王", "the customer left").unwrap_err();
    assert!(fault.text().contains("close it first"), "{fault}");
    assert_eq!(shop.journal.all(), std::slice::from_ref(&entry));
    // That it is paid a person may say: it takes no table to believe it.
    without_accounts(&shop.journal, &shop.time).settle_by_hand(entry.id, true, "王", "银行流水").unwrap();
    assert!(shop.journal.all()[0].is_paid());
}

/// A red packet goes again under its own number. Called unpaid, it would get another one, and be paid twice.
#[test]
fn what_was_refused_for_good_is_not_called_unpaid() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    canned.then(&tenpay_failure("SENDNUM_LIMIT"));
    assert_eq!(declined(outcome(&redpack_till(&canned, &journal, &time), "prize")).next, Next::Stop);
    let entry = journal.all()[0].clone();
    let till = without_accounts(&journal, &time).knows::<WxpayAccount>();
    names_the_call(till.allow_again(entry.id, "李", "the limit is of a day"), "sendredpack");
    assert_eq!(journal.all(), std::slice::from_ref(&entry));
    till.knows::<RedpackAccount>().allow_again(entry.id, "李", "the limit is of a day").unwrap();
    canned.then_fault(Sent::Maybe).then(&hb("SENT", "200"));
    time.jump(2);
    assert_eq!(accepted(outcome(&redpack_till(&canned, &journal, &time), "prize")).order_number, entry.order_number);
}

/// "Stop" of a sale lets it be sold another way: a till that cannot see that it is one pays nothing.
#[test]
fn a_refusal_without_its_table_is_in_the_way() {
    let shop = Counter::new();
    shop.fails("NOAUTH");
    assert_eq!(declined(shop.till().order("sale 1", &native_order(""))).next, Next::Stop);
    let (canned, time) = (Canned::default(), &shop.time);
    let till = || redpack_till(&canned, &shop.journal, time).patience(Duration::ZERO);
    let error = refused(outcome(&till(), "sale 1"), "intent").to_string();
    assert!(error.contains("unifiedorder") && error.contains("Till::knows"), "{error}");
    assert_eq!((canned.sent().len(), shop.journal.all().len()), (0, 1));
    canned.then_fault(Sent::Maybe);
    unknown(outcome(&till().knows::<WxpayAccount>(), "sale 1"));
    assert_eq!((canned.sent().len(), shop.journal.all().len()), (1, 2));
}

/// What is open there stays open, and is told so.
#[test]
fn what_is_open_there_is_unknown() {
    let shop = Counter::new();
    shop.fails("USERPAYING").says("USERPAYING", 1);
    unknown(shop.till().pay_with("sale 1", &micro_pay(CODE), &Options::new().patience(Duration::ZERO)));
    let before = shop.journal.all();
    let canned = Canned::default();
    let till = redpack_till(&canned, &shop.journal, &shop.time).patience(Duration::ZERO);
    let doubt = unknown(outcome(&till, "sale 1"));
    assert!(doubt.reason == Reason::NoAccount && doubt.text.contains("micropay"), "{doubt}");
    let report = till.recover(Duration::from_secs(5)).unwrap();
    assert_eq!(doubt_of(&report[0]).unwrap().reason, Reason::NoAccount);
    assert_eq!(doubt_of(&till.ask_about(before[0].id).unwrap()).unwrap().reason, Reason::NoAccount);
    assert_eq!((canned.sent().len(), shop.journal.all()), (0, before));
}

/// Blanked without its table an entry would have no digest, and its intent would be the same for every payee (F42).
#[test]
fn what_nobody_can_compare_is_not_blanked() {
    let (canned, journal, time) = (Canned::default(), MemoryJournal::default(), Time::new());
    let till = redpack_till(&canned, &journal, &time);
    canned.then_fault(Sent::Maybe).then_dated(&hb("SENT", "200"), NOW);
    let receipt = accepted(outcome(&till, "prize"));
    till.acknowledge(receipt.entry).unwrap();
    let entry = journal.all()[0].clone();
    time.jump(2 * DAY);
    // Firmware with another gateway, whose answer says that the clock is right.
    let other = Canned::default();
    let client = Client::with_inputs(swiftpass_account(), terminal(), time.inputs(&other)).unwrap();
    let till = without_accounts(&journal, &time).with(client);
    other.then_dated(&wap_success(&[]), NOW + 2 * DAY);
    is_ordered(till.order("sale", &wap_order("")));
    let prune = |till: &Till| till.prune(Duration::from_secs(86_400)).unwrap();
    assert_eq!((prune(&till), &journal.all()[0]), (0, &entry));
    let till = till.knows::<RedpackAccount>();
    prune(&till);
    let blanked = &journal.all()[0];
    assert!(blanked.fields.is_empty() && blanked.decided.is_some());
    let till = redpack_till(&canned, &journal, &time);
    let sent = canned.sent().len();
    let payee = "oOtherOtherOtherOtherOtherOt";
    refused(till.pay("prize", &SendRedPack { re_openid: payee, ..red_packet("") }), "intent");
    accepted(outcome(&till, "prize"));
    assert_eq!(canned.sent().len(), sent);
}
