//! An intent is unique in the journal: over accounts, calls, gateways and addresses.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::wxpay::*;
use crate::support::*;
use crate::till::modelled::Time;
use crate::till::orders::{ends, trade};
use crate::till::till::hb;

/// A till of several accounts on one journal, over prepared answers.
struct Shop {
    canned: Canned,
    journal: MemoryJournal,
    time: Time,
}

impl Shop {
    fn new() -> Shop {
        Shop { canned: Canned::default(), journal: MemoryJournal::default(), time: Time::new() }
    }

    fn inputs(&self) -> Inputs {
        self.time.inputs(&self.canned)
    }

    fn till(&self) -> Till {
        let till =
            Till::with_inputs(Box::new(self.journal.clone()), Box::new(self.time.clone()), Box::new(self.time.clone()));
        till.patience(Duration::ZERO)
    }

    fn redpack(&self, hosts: &[&str], wxappid: &str) -> Client<RedpackAccount> {
        let account = RedpackAccount::new(MCH_ID, wxappid, key()).unwrap().hosts(hosts).unwrap();
        Client::with_inputs(account, terminal(), self.inputs()).unwrap()
    }

    fn workwx(&self) -> Client<WorkwxAccount> {
        let account = WorkwxAccount::new(MCH_ID, APPID, key(), Secret::from("secret")).unwrap();
        Client::with_inputs(account.hosts(&["https://gateway.example"]).unwrap(), terminal(), self.inputs()).unwrap()
    }

    fn both(&self) -> Till {
        self.till().with(self.redpack(&["https://gateway.example"], APPID)).with(self.workwx())
    }

    fn calls(&self) -> Vec<String> {
        let last = |sent: &SentPost| sent.url.rsplit('/').next().unwrap().to_string();
        self.canned.sent().iter().map(last).collect()
    }
}

/// The natural thing when one gateway is down: the same reimbursement by another call. The first way is asked about first.
#[test]
fn another_way_begins_only_after_a_proven_end_of_the_first() {
    let shop = Shop::new();
    let till = shop.both();
    shop.canned.then_fault(Sent::Maybe);
    unknown(till.pay("reimbursement 17", &red_packet("")));
    let number = shop.journal.all()[0].order_number.clone();
    // Open: nothing is sent another way.
    shop.canned.then(&hb("SENDING", "200"));
    let doubt = unknown(till.pay("reimbursement 17", &employee("")));
    assert!(doubt.text.contains(&number) && doubt.text.contains("sendredpack"), "{doubt}");
    assert_eq!(shop.calls(), ["sendredpack", "gethbinfo"]);
    // Not found is no end.
    Pause::pause(&shop.time, Duration::from_secs(3_600));
    shop.canned.then(&tenpay_failure("NOT_FOUND"));
    unknown(till.pay("reimbursement 17", &employee("")));
    // Failed: now another way.
    Pause::pause(&shop.time, Duration::from_secs(60));
    shop.canned.then(&hb("FAILED", "200")).then_fault(Sent::Maybe);
    unknown(till.pay("reimbursement 17", &employee("")));
    assert_eq!(shop.calls()[2..], ["gethbinfo", "gethbinfo", "paywwsptrans2pocket"]);
    // And back: the second way is open.
    unknown(till.pay("reimbursement 17", &red_packet("")));
    assert_eq!(shop.journal.all().len(), 2);
}

/// Paid one way, it is paid: the other way is an error that names the payment.
#[test]
fn what_was_paid_one_way_is_not_paid_another_way() {
    let shop = Shop::new();
    let till = shop.both();
    shop.canned.then_fault(Sent::Maybe);
    unknown(till.pay("p", &red_packet("")));
    shop.canned.then(&hb("SENT", "200"));
    let error = refused(till.pay("p", &employee("")), "intent");
    assert!(error.to_string().contains(&shop.journal.all()[0].order_number), "{error}");
    refused(till.pay("p", &employee("")), "intent");
    assert_eq!(shop.calls(), ["sendredpack", "gethbinfo"]);
    // Its own way tells it.
    accepted(till.pay("p", &red_packet("")));
}

/// The same firmware with its hosts exchanged, or with a mended appid, is not another payer.
#[test]
fn another_address_or_appid_is_not_another_payment() {
    for (hosts, wxappid) in [
        (["https://b.example", "https://a.example"], APPID),
        (["https://a.example", "https://b.example"], "wx0000000000000001"),
    ] {
        let shop = Shop::new();
        let first = shop.till().with(shop.redpack(&["https://a.example", "https://b.example"], APPID));
        shop.canned.then_fault(Sent::Maybe);
        unknown(first.pay("prize", &red_packet("")));
        let later = shop.till().with(shop.redpack(&hosts, wxappid));
        let doubt = unknown(later.pay("prize", &red_packet("")));
        assert!(doubt.reason == Reason::NoAccount && doubt.text.contains("https://a.example"), "{doubt}");
        assert_eq!(shop.calls(), ["sendredpack"]);
        // Paid under the first address: an error, and nothing is sent.
        shop.canned.then(&hb("SENT", "200"));
        accepted(first.pay("prize", &red_packet("")));
        refused(later.pay("prize", &red_packet("")), "intent");
        assert_eq!(shop.calls().len(), 2);
    }
}

/// Refused with "mend it", and mended: the account is another one then. A person ends the first, and it is paid.
#[test]
fn a_refusal_to_mend_ends_by_a_persons_word() {
    let shop = Shop::new();
    let wrong = shop.till().with(shop.redpack(&["https://gateway.example"], "wx0000000000000001"));
    shop.canned.then(&tenpay_failure("OPENID_ERROR"));
    let refusal = declined(wrong.pay("prize", &red_packet("")));
    assert_eq!(refusal.next, Next::SameNumber);
    let till = shop.till().with(shop.redpack(&["https://gateway.example"], APPID));
    let error = refused(till.pay("prize", &red_packet("")), "intent");
    assert!(error.to_string().contains("a person settle it"), "{error}");
    let id = shop.journal.all()[0].id;
    assert!(till.settle_by_hand(id, true, "Li", "no").is_err(), "a proven refusal is not paid by a word");
    till.settle_by_hand(id, false, "Li", "the appid was mended").unwrap();
    shop.canned.then(&redpack_success("{number}", &[]));
    accepted(till.pay("prize", &red_packet("")));
    assert_eq!(shop.calls(), ["sendredpack", "sendredpack"]);
}

/// The first way ended while it was asked about, and that took the whole patience: no payment begins after it.
#[test]
fn no_payment_begins_after_the_patience() {
    let shop = Shop::new();
    let till = shop.both();
    shop.canned.then_fault(Sent::Maybe);
    unknown(till.pay("p", &red_packet("")));
    // A second after the last attempt, which is more than no patience.
    shop.canned.then(&hb("FAILED", "200"));
    refused(till.pay("p", &employee("")), "till");
    assert_eq!(shop.calls(), ["sendredpack", "gethbinfo"]);
    shop.canned.then_fault(Sent::Maybe);
    unknown(till.pay("p", &employee("")));
    assert_eq!(shop.calls().len(), 3);
}

/// The intent has two orders under the other account. The first one ended while it was asked about, which took the whole
/// patience; the second is paid, or may still be: that is no `Error`.
#[test]
fn no_error_hides_a_second_order_under_another_account() {
    for is_paid in [false, true] {
        let shop = Shop::new();
        let orders = Client::with_inputs(swiftpass_account(), terminal(), shop.inputs()).unwrap();
        let till = shop.till().with(orders).with(shop.redpack(&["https://gateway.example"], APPID));
        shop.canned.then_fault(Sent::Maybe);
        unknown(till.order("p", &wap_order("")));
        Pause::pause(&shop.time, Duration::from_secs(2));
        shop.canned.then(&wap_success(&[]));
        let second = is_ordered(till.order("p", &wap_order(""))).order_number;
        if is_paid {
            shop.canned.then(&trade("SUCCESS", &second, "1"));
            accepted(till.payment_of(&second));
        }
        Pause::pause(&shop.time, Duration::from_secs(600));
        ends(&shop.canned, &shop.journal.all()[0].order_number.clone(), shop.time.unix_seconds());
        // Now, and when it is paid again, the second is what is in the way: the error of a paid one names the payment.
        for _ in 0..2 {
            match is_paid {
                true => drop(refused(till.pay("p", &red_packet("")), "intent")),
                false => drop(unknown(till.pay("p", &red_packet("")))),
            }
            assert_eq!(shop.journal.states()[0], "unpaid");
        }
    }
}

/// An order of another amount that nobody paid, and then money another way: that it was paid is what the third way is told, so that nobody
/// takes the sale for one that waits.
#[test]
fn that_it_was_paid_is_said_first() {
    let shop = Shop::new();
    let orders = Client::with_inputs(swiftpass_account(), terminal(), shop.inputs()).unwrap();
    let counter = Client::with_inputs(wxpay_account(), terminal(), shop.inputs()).unwrap();
    let till = shop.till().with(orders).with(shop.redpack(&["https://gateway.example"], APPID)).with(counter);
    shop.canned.then(&wap_success(&[]));
    let first = is_ordered(till.order("p", &wap_order(""))).order_number;
    shop.canned.then(&trade("CLOSED", &first, "1"));
    declined(till.payment_of(&first));
    let error = refused(till.order("p", &native_order("")), "intent").to_string();
    assert!(error.contains("another amount") && error.contains(&first), "{error}");
    shop.canned.then(&redpack_success("{number}", &[]));
    accepted(till.pay("p", &red_packet("")));
    let error = refused(till.order("p", &native_order("")), "intent").to_string();
    assert!(error.contains("paid already"), "{error}");
}
