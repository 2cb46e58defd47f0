//! Refunds, from the till over TLS to the simulator's gateway and back; the ledger has the last word.

use std::sync::Arc;
use std::time::Duration;

use wxpay_simulator::{Behaviour, Fault, RefundStatus, Settings, SignType as MerchantSigns, Simulator, credentials};
use wxpay_terminal::*;

use crate::support::counter::micro_pay;
use crate::support::gateways::https;
use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::waited::Waited;

pub struct Shop {
    pub simulator: Arc<Simulator>,
    pub waited: Waited,
    pub journal: MemoryJournal,
    pub signs: MerchantSigns,
}

const SALE: u64 = 888;

impl Shop {
    pub fn new() -> Shop {
        Shop::signing(MerchantSigns::Md5)
    }

    /// Whose merchant at the Swiftpass-type gateway signs so.
    pub fn signing(signs: MerchantSigns) -> Shop {
        let settings = Settings { swiftpass_sign_type: signs, ..Settings::default() };
        let simulator = Arc::new(Simulator::start_with(settings).unwrap());
        let waited = Waited::at(&simulator, false);
        Shop { waited, simulator, journal: MemoryJournal::default(), signs }
    }

    pub fn client(&self, account: WxpayAccount) -> Client<WxpayAccount> {
        self.client_of(account.hosts(&[&self.simulator.base_url()]).unwrap())
    }

    pub fn client_of<A: Account>(&self, account: A) -> Client<A> {
        let inputs = Inputs {
            transport: Box::new(https(&self.simulator)),
            clock: Box::new(self.waited.clone()),
            random: Box::new(SystemRandom),
        };
        Client::with_inputs(account, terminal(), inputs).unwrap()
    }

    pub fn till_of(&self, account: WxpayAccount) -> Till {
        self.till_with(self.client(account))
    }

    pub fn till_with<A: Account + 'static>(&self, client: Client<A>) -> Till {
        let (clock, pause) = (Box::new(self.waited.clone()), Box::new(self.waited.clone()));
        Till::with_inputs(Box::new(self.journal.reopened()), clock, pause)
            .patience(Duration::from_secs(90))
            .with(client)
    }

    /// A till, and a sale of 8.88 yuan that was paid.
    fn sold(&self) -> (Till, String) {
        let till = self.till_of(account());
        let number = accepted(till.pay("sale", &micro_pay("120061098828009406"))).order_number;
        (till, number)
    }

    /// What the gateway gave back of an order, and in how many refunds.
    pub fn given_back(&self, number: &str) -> (u64, usize) {
        let refunds = self.simulator.refunds();
        (
            self.simulator.entry(number).unwrap().refunded,
            refunds.iter().filter(|one| one.order_number == number).count(),
        )
    }
}

pub fn account() -> WxpayAccount {
    WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY)).unwrap()
}

pub fn part(number: &str, amount: i64) -> Refund<'_> {
    Refund { refund_desc: Some("商品已售完"), ..Refund::new(RefundOf::OutTradeNo(number), fen(888), fen(amount)) }
}

/// In parts until nothing is left; under each sign type, for the merchant itself and for a sub-merchant.
#[test]
fn a_sale_is_given_back_in_parts() {
    for sign_type in [SignType::Md5, SignType::HmacSha256] {
        for sub in [false, true] {
            let shop = Shop::new();
            let account = || match sub {
                true => account().sign_type(sign_type).sub_merchant(credentials::SUB_MCH_ID, None).unwrap(),
                false => account().sign_type(sign_type),
            };
            let till = shop.till_of(account());
            let number = accepted(till.pay("sale", &micro_pay("120061098828009406"))).order_number;
            for (at, amount) in [(1, 300), (2, 500), (3, 88)] {
                let receipt = taken(till.refund(&format!("return {at}"), &part(&number, amount)));
                assert!(receipt.evidence.field("refund_id").is_some());
            }
            refused(till.refund("return 4", &part(&number, 1)), "refund_fee");
            assert_eq!(shop.given_back(&number), (SALE, 3));
            // They arrive.
            for refund in shop.simulator.refunds() {
                let _ = shop.simulator.end_refund(&refund.refund_number, RefundStatus::Success);
            }
            Pause::pause(&shop.waited, Duration::from_secs(1200));
            let report = till.recover(Duration::from_secs(30)).unwrap();
            assert!(report.iter().all(|one| matches!(one.outcome, Outcome::Accepted(_))), "{report:?}");
        }
    }
}

/// Whatever is lost on the way, one intent is one refund.
#[test]
fn whatever_is_lost_it_is_given_back_once() {
    for fault in [
        Fault::CloseBeforeCommit,
        Fault::CloseAfterCommit,
        Fault::SystemErrorBeforeCommit,
        Fault::SystemErrorAfterCommit,
        Fault::HalfReplyReset,
        Fault::WrongSignature,
        Fault::MissingSignature,
        Fault::UnknownCodeBusiness,
        Fault::OtherOrder,
        Fault::OtherAmount,
        Fault::BadGatewayAfterCommit,
    ] {
        let shop = Shop::new();
        let (till, number) = shop.sold();
        shop.simulator.fault_next(fault);
        let outcome = till.refund("return", &part(&number, 300)).unwrap();
        assert!(matches!(outcome, Outcome::Taken(_) | Outcome::Accepted(_)), "{fault:?}: {outcome:?}");
        assert_eq!(shop.given_back(&number), (300, 1), "{fault:?}");
    }
    // A refusal that is one: nothing was given back, and the amount is free again.
    let shop = Shop::new();
    let (till, number) = shop.sold();
    shop.simulator.fault_next(Fault::RefusedNotEnough);
    assert_eq!(declined(till.refund("return", &part(&number, 888))).code, "NOTENOUGH");
    assert_eq!(shop.given_back(&number), (0, 0));
    taken(till.refund("return", &part(&number, 888)));
    assert_eq!(shop.given_back(&number), (SALE, 1));
}

/// Another terminal, or the platform, refunded too: the gateway refuses, and the amount is not taken for given back.
#[test]
fn somebody_else_refunded() {
    let shop = Shop::new();
    let (till, number) = shop.sold();
    shop.simulator.refund_elsewhere(&number, 600).unwrap();
    let patient = Options::new().patience(Duration::from_secs(300));
    let outcome = till.refund_with("return", &part(&number, 300), &patient).unwrap();
    assert!(matches!(&outcome, Outcome::Unknown(doubt) if doubt.reason == Reason::ForAPerson), "{outcome:?}");
    assert_eq!(shop.given_back(&number).0, 600);
    taken(till.refund("return 2", &part(&number, 288)));
    assert_eq!(shop.given_back(&number).0, SALE);
}

/// Our row is looked for, whatever its index; CHANGE, FAIL and REFUNDCLOSE come to their own ends.
#[test]
fn what_becomes_of_it() {
    for (behaviour, state) in [
        (Behaviour::RefundInSecondRow, "paid"),
        (Behaviour::RefundEndsInChange, "for a person"),
        (Behaviour::RefundEndsInClose, "unpaid"),
        (Behaviour::RefundEndsInFail, "unpaid"),
    ] {
        let shop = Shop::new();
        let (till, number) = shop.sold();
        shop.simulator.behave_next(behaviour);
        let refund = taken(till.refund("return", &part(&number, 300))).order_number;
        let last = || shop.journal.states().pop().unwrap();
        for _ in 0..40 {
            Pause::pause(&shop.waited, Duration::from_secs(6 * 3600));
            if behaviour == Behaviour::RefundInSecondRow {
                shop.simulator.behave_next(behaviour);
            }
            till.recover(Duration::from_secs(5)).unwrap();
            if last() != "refunding" {
                break;
            }
        }
        assert_eq!(last(), state, "{behaviour:?}");
        if state == "unpaid" {
            let again = taken(till.refund("return", &part(&number, 300))).order_number;
            assert_eq!(again != refund, behaviour == Behaviour::RefundEndsInClose, "{behaviour:?}");
            assert_eq!(shop.simulator.entry(&number).unwrap().refunded, 300);
        }
    }
}

/// Without a till: the refund, its row, its notification, and who is behind a code.
#[test]
fn with_the_client_alone() {
    let shop = Shop::new();
    let (till, number) = shop.sold();
    let client = shop.client(account());
    let refund = Refund { out_refund_no: "R20261129-1", ..part(&number, 300) };
    let made = taken(client.send(&mut client.prepare(&refund).unwrap()));
    let Answer::Known(row) = client.ask(&RefundQuery { out_refund_no: "R20261129-1" }).unwrap() else { panic!() };
    assert_eq!(row.field("R20261129-1", "refund_fee"), Some("300"));
    assert_eq!(row.field("R20261129-1", "refund_id"), Some(made.refund_id.as_str()));
    assert_eq!(row.field("R20261129-2", "refund_fee"), None);
    let unknown = client.ask(&RefundQuery { out_refund_no: "R20261129-2" }).unwrap();
    assert!(matches!(unknown, Answer::NotKnown { first_host: true }), "{unknown:?}");
    let _ = shop.simulator.end_refund("R20261129-1", RefundStatus::Success);
    let body = shop.simulator.refund_notification("R20261129-1").unwrap();
    let hint = account().refund_hint(body.as_bytes()).unwrap();
    assert_eq!((hint.out_refund_no.as_str(), hint.refund_fee, hint.total_fee), ("R20261129-1", fen(300), fen(888)));
    // The till's own: asked about, and settled by the query.
    let of_till = taken(till.refund("return", &part(&number, 100))).order_number;
    let _ = shop.simulator.end_refund(&of_till, RefundStatus::Success);
    Pause::pause(&shop.waited, Duration::from_secs(1));
    let body = shop.simulator.refund_notification(&of_till).unwrap();
    assert!(till.refund_notified(body.as_bytes()).unwrap().entry.is_paid());
    let code = AuthCodeToOpenid { auth_code: "134567890123456789" };
    let Answer::Known(behind) = client.ask(&code).unwrap() else { panic!() };
    assert!(!behind.openid.is_empty() && !format!("{behind:?} {code:?}").contains("1345"));
}
