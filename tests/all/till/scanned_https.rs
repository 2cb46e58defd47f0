//! Orders that a customer scans, from the till over TLS to the simulator's gateway and back.

use std::time::Duration;

use wxpay_simulator::{Simulator, credentials};
use wxpay_terminal::*;

use crate::support::gateways::https;
use crate::support::memory_journal::MemoryJournal;
use crate::support::wxpay::{h5_order, jsapi_order, native_order};
use crate::support::*;

fn till(simulator: &Simulator, journal: &MemoryJournal, account: WxpayAccount) -> Till {
    let client = Client::new(account.hosts(&[&simulator.base_url()]).unwrap(), terminal(), https(simulator)).unwrap();
    Till::open(journal.reopened()).patience(Duration::from_secs(5)).with(client)
}

fn account() -> WxpayAccount {
    WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY)).unwrap()
}

/// Each way, under each sign type, for the merchant itself and for a sub-merchant: ordered, shown again, paid, notified, and
/// the ledger agrees.
#[test]
fn a_customer_scans_and_pays() {
    let simulator = Simulator::start().unwrap();
    for (epoch, sign_type) in [(1, SignType::Md5), (3, SignType::HmacSha256)] {
        for sub in [None, Some(credentials::SUB_MCH_ID)] {
            let account = || match sub {
                Some(sub) => account().sub_merchant(sub, Some("wx0000000000000001")).unwrap().sign_type(sign_type),
                None => account().sign_type(sign_type),
            };
            // Another terminal's numbers for each.
            let journal = MemoryJournal::starting_at(epoch + u32::from(sub.is_some()));
            let till = till(&simulator, &journal, account());
            let native = is_ordered(till.order("native", &native_order("")));
            assert!(native.evidence.field("code_url").unwrap().starts_with("weixin://wxpay/bizpayurl"));
            let jsapi = is_ordered(till.order("jsapi", &jsapi_order("")));
            let h5 = is_ordered(till.order("h5", &h5_order("")));
            assert!(h5.evidence.field("mweb_url").unwrap().starts_with("https://"));
            for number in [&native.order_number, &jsapi.order_number, &h5.order_number] {
                assert_eq!(unknown(till.payment_of(number)).reason, Reason::NotPaidYet);
            }
            // The customer pays; the query tells, the notification tells, and a closed one nobody pays.
            simulator.pay_order(&native.order_number).unwrap();
            std::thread::sleep(Duration::from_millis(1_100));
            accepted(till.payment_of(&native.order_number));
            simulator.pay_order(&jsapi.order_number).unwrap();
            let notification = simulator.notification(&jsapi.order_number).unwrap();
            till.notified(notification.as_bytes()).unwrap();
            assert_eq!(declined(till.close(&h5.order_number)).code, "CLOSED");
            assert!(simulator.pay_order(&h5.order_number).is_err());
            assert_eq!(journal.states(), ["paid", "paid", "unpaid"]);
            for (number, state) in
                [(native.order_number, "SUCCESS"), (jsapi.order_number, "SUCCESS"), (h5.order_number, "CLOSED")]
            {
                let entry = simulator.entry(&number).unwrap();
                assert_eq!((entry.gateway, entry.amount, entry.state.as_str()), ("wxpay", 888, state));
            }
        }
    }
}

/// What the gateway refuses, it says why: the technician reads it in the check.
#[test]
fn a_wrong_key_or_appid_is_found_by_the_check() {
    let simulator = Simulator::start().unwrap();
    let check = |account: WxpayAccount| {
        let account = account.hosts(&[&simulator.base_url()]).unwrap();
        Client::new(account, terminal(), https(&simulator)).unwrap().check()
    };
    let good = check(account());
    assert!(good.is_good(), "{good}");
    let other_key = Secret::from("0123456789abcdef0123456789ABCDEE");
    let wrong = check(WxpayAccount::new(credentials::MCH_ID, credentials::APPID, other_key).unwrap());
    assert!(!wrong.is_good() && wrong.to_string().contains("BAD     key"), "{wrong}");
    let wrong = check(WxpayAccount::new(credentials::MCH_ID, "wx0000000000000009", key()).unwrap());
    assert!(!wrong.is_good() && wrong.to_string().contains("APPID_NOT_EXIST"), "{wrong}");
}
