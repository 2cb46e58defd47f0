//! Payment codes, from the till over TLS to the simulator's gateway and back. Nobody waits for real: who waits puts the clocks forward,
//! the till's and the gateway's. The simulator's words and the ledger are written from the documents, not from the library.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use wxpay_simulator::{Behaviour, Customer, Fault, Simulator, credentials};
use wxpay_terminal::*;

use crate::support::counter::{CancelsAt, micro_pay};
use crate::support::gateways::https;
use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::waited::Waited;

/// A shop with one till. Each scan has a code of its own.
struct Shop {
    simulator: Arc<Simulator>,
    waited: Waited,
    journal: MemoryJournal,
    account: fn() -> WxpayAccount,
    codes: Mutex<u64>,
}

fn direct() -> WxpayAccount {
    WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY)).unwrap()
}

fn provider() -> WxpayAccount {
    direct().sub_merchant(credentials::SUB_MCH_ID, Some("wx0000000000000001")).unwrap()
}

/// Both sign types, for the merchant itself and for a sub-merchant.
const ACCOUNTS: [fn() -> WxpayAccount; 4] = [
    || direct().sign_type(SignType::Md5),
    || direct().sign_type(SignType::HmacSha256),
    || provider().sign_type(SignType::Md5),
    || provider().sign_type(SignType::HmacSha256),
];

impl Shop {
    fn of(account: fn() -> WxpayAccount, stands: bool) -> Shop {
        let simulator = Arc::new(Simulator::start().unwrap());
        let waited = Waited::at(&simulator, stands);
        Shop { simulator, waited, journal: MemoryJournal::default(), account, codes: Mutex::new(0) }
    }

    fn new() -> Shop {
        Shop::of(ACCOUNTS[1], false)
    }

    /// A till, as after a start of the program.
    fn till(&self) -> Till {
        self.till_with(https(&self.simulator), (self.account)())
    }

    fn till_with(&self, transport: Arc<Https>, account: WxpayAccount) -> Till {
        let account = account.hosts(&[&self.simulator.base_url()]).unwrap();
        let clock = || Box::new(self.waited.clone());
        let inputs = Inputs { transport: Box::new(transport), clock: clock(), random: Box::new(SystemRandom) };
        let client = Client::with_inputs(account, terminal(), inputs).unwrap();
        Till::with_inputs(Box::new(self.journal.reopened()), clock(), clock()).with(client)
    }

    /// A code, and who shows it.
    fn code(&self, customer: Customer) -> String {
        let mut codes = self.codes.lock().unwrap();
        *codes += 1;
        let code = format!("13{:016}", *codes);
        self.simulator.customer(&code, customer);
        code
    }

    fn scan(&self, till: &Till, customer: Customer) -> Result<Outcome<Receipt<MicroPaid>>, Error> {
        till.pay("sale 1", &micro_pay(&self.code(customer)))
    }

    /// The ledger, order by order: state, paid, charged, reversed.
    fn ledger(&self) -> Vec<(String, u32, u32, u32)> {
        let rows = self.simulator.ledger().into_iter();
        rows.map(|entry| (entry.state, entry.paid, entry.charges, entry.reversed)).collect()
    }

    /// What was asked, by the last word of its path.
    fn calls(&self) -> Vec<String> {
        let seen = self.simulator.seen().into_iter();
        seen.map(|seen| seen.path.rsplit('/').next().unwrap().to_owned()).collect()
    }

    fn reversals(&self) -> usize {
        self.calls().iter().filter(|call| *call == "reverse").count()
    }
}

fn row(state: &str, paid: u32, charges: u32, reversed: u32) -> (String, u32, u32, u32) {
    (state.into(), paid, charges, reversed)
}

const PASSWORD: Customer = Customer::AsksPassword { pays_after: Some(2) };

/// Each way a customer goes, under each sign type, for the merchant itself and for a sub-merchant.
#[test]
fn every_customer_under_every_account() {
    for account in ACCOUNTS {
        // At once.
        let shop = Shop::of(account, false);
        let receipt = accepted(shop.scan(&shop.till(), Customer::PaysAtOnce));
        assert!(receipt.evidence.field("transaction_id").unwrap().starts_with("4200000"));
        assert_eq!((shop.ledger(), shop.calls()), (vec![row("SUCCESS", 1, 1, 0)], vec!["micropay".to_string()]));
        // With a password.
        let shop = Shop::of(account, false);
        accepted(shop.scan(&shop.till(), PASSWORD));
        assert_eq!(shop.ledger(), [row("SUCCESS", 1, 1, 0)]);
        assert_eq!(shop.waited.time().as_secs(), 5 + 3 + 3);
        // The dialog is closed: taken back, and not before 15 s.
        let shop = Shop::of(account, false);
        let began = shop.waited.moment();
        let refusal = declined(shop.scan(&shop.till(), Customer::Refuses));
        assert_eq!((refusal.code.as_str(), refusal.next), ("REVOKED", Next::NewNumber));
        assert_eq!((shop.ledger(), shop.reversals()), (vec![row("REVOKED", 0, 0, 0)], 1));
        began.lasted(shop.waited.moment(), 15..20);
        // Nobody answers, and the gateway revokes it after 45 s. Or does not, and it is taken back.
        for stands in [false, true] {
            let shop = Shop::of(account, stands);
            let began = shop.waited.moment();
            assert_eq!(declined(shop.scan(&shop.till(), Customer::Silent)).code, "REVOKED");
            assert_eq!((shop.ledger(), shop.reversals()), (vec![row("REVOKED", 0, 0, 0)], usize::from(stands)));
            began.lasted(shop.waited.moment(), 44..50);
        }
    }
}

/// A refused code leaves no order. Another code is another number, and the sale is paid once.
#[test]
fn a_refused_code_and_another_one() {
    for (customer, code) in [
        (Customer::OtherWallet, "AUTH_CODE_INVALID"),
        (Customer::OtherMerchant, "AUTH_CODE_ERROR"),
        (Customer::Expired, "AUTHCODEEXPIRE"),
        (Customer::NotEnough, "NOTENOUGH"),
        (Customer::CardNotSupported, "NOTSUPORTCARD"),
    ] {
        for account in ACCOUNTS {
            let shop = Shop::of(account, false);
            let till = shop.till();
            let refusal = declined(shop.scan(&till, customer));
            assert_eq!((refusal.code.as_str(), refusal.next), (code, Next::NewNumber));
            assert_eq!((shop.ledger().len(), shop.journal.states()), (0, vec!["unproven"]), "{code}");
            let receipt = accepted(shop.scan(&till, Customer::PaysAtOnce));
            assert_eq!(shop.ledger(), [row("SUCCESS", 1, 1, 0)], "{code}");
            // Asked after each scan; the second time once more, because on a used connection "not found" proves nothing.
            assert_eq!(shop.calls(), ["micropay", "orderquery", "orderquery", "orderquery", "micropay"], "{code}");
            assert_ne!(receipt.order_number, shop.journal.all()[0].order_number);
        }
    }
}

/// Scanned again: what is paid is told, what is open goes on, and no customer is charged twice.
#[test]
fn a_second_scan_charges_nobody_twice() {
    let shop = Shop::new();
    let till = shop.till();
    let paid = accepted(shop.scan(&till, Customer::PaysAtOnce)).order_number;
    assert_eq!(accepted(shop.scan(&till, Customer::PaysAtOnce)).order_number, paid);
    assert_eq!((shop.ledger().len(), shop.calls().len()), (1, 1));
    // One code, two sales: each code is good once.
    let shop = Shop::new();
    let till = shop.till();
    let code = shop.code(Customer::PaysAtOnce);
    accepted(till.pay("sale 1", &micro_pay(&code)));
    assert_eq!(declined(till.pay("sale 2", &micro_pay(&code))).code, "AUTH_CODE_INVALID");
    assert_eq!(shop.ledger(), [row("SUCCESS", 1, 1, 0)]);
    // The first scan is open: the second one goes on with it, and its customer is not charged.
    let shop = Shop::new();
    let till = shop.till();
    let code = shop.code(Customer::AsksPassword { pays_after: Some(0) });
    let options = Options::new().patience(Duration::ZERO);
    shop.simulator.fault_next(Fault::CloseAfterCommit);
    shop.simulator.fault_next_query(Fault::SystemErrorBeforeCommit);
    assert!(matches!(till.pay_with("sale 1", &micro_pay(&code), &options), Ok(Outcome::Unknown(_))));
    let first = shop.journal.all()[0].order_number.clone();
    assert_eq!(accepted(shop.scan(&shop.till(), Customer::PaysAtOnce)).order_number, first);
    assert_eq!(shop.ledger(), [row("SUCCESS", 1, 1, 0)]);
}

/// The gateway says one thing and does another; the ledger and the till agree in the end.
#[test]
fn a_gateway_that_contradicts_itself() {
    // Refused, and charged all the same: the query knows (ruling 1).
    let shop = Shop::new();
    shop.simulator.behave_next(Behaviour::RefusedThoughCharged);
    accepted(shop.scan(&shop.till(), Customer::PaysAtOnce));
    assert_eq!(shop.ledger(), [row("SUCCESS", 1, 1, 0)]);
    // Charged, and PAYERROR says otherwise: the money comes back (ruling 3).
    let shop = Shop::new();
    shop.simulator.behave_next(Behaviour::ChargedInPayError);
    assert_eq!(declined(shop.scan(&shop.till(), Customer::PaysAtOnce)).code, "REVOKED");
    assert_eq!((shop.ledger(), shop.journal.states()), (vec![row("REVOKED", 0, 1, 1)], vec!["unpaid"]));
    // The password came a moment before the reversal.
    let shop = Shop::new();
    shop.simulator.behave_next(Behaviour::PaidBeforeReverse);
    assert_eq!(declined(shop.scan(&shop.till(), Customer::Refuses)).code, "REVOKED");
    assert_eq!(shop.ledger(), [row("REVOKED", 0, 1, 1)]);
    // Reversals that are none, or that want another one (ruling 2).
    for (behaviour, at_least) in [
        (Behaviour::ReverseOfNothing, 2),
        (Behaviour::ReverseReplayed, 2),
        (Behaviour::ReverseRecall, 2),
        (Behaviour::ReverseUserPaying, 2),
        (Behaviour::PaidAfterReverse, 2),
    ] {
        let shop = Shop::new();
        shop.simulator.behave_next(behaviour);
        assert_eq!(declined(shop.scan(&shop.till(), Customer::Refuses)).code, "REVOKED", "{behaviour:?}");
        let (state, paid, charges, reversed) = shop.ledger().remove(0);
        assert_eq!((state.as_str(), paid, charges), ("REVOKED", 0, reversed), "{behaviour:?}");
        assert_eq!(shop.reversals(), at_least, "{behaviour:?}");
    }
}

/// Each fault of the line, on the payment, its question and its reversal.
#[test]
fn a_broken_line_charges_nobody_for_nothing() {
    for fault in
        [Fault::ResetAfterCommit, Fault::CloseAfterCommit, Fault::SystemErrorAfterCommit, Fault::WrongSignature]
    {
        for customer in [Customer::PaysAtOnce, PASSWORD, Customer::Refuses] {
            let shop = Shop::new();
            shop.simulator.fault_next(fault);
            shop.simulator.fault_next_query(fault);
            shop.simulator.fault_next_reversal(fault);
            let outcome = shop.scan(&shop.till(), customer).unwrap();
            let (state, paid, ..) = shop.ledger().remove(0);
            match customer {
                Customer::Refuses => {
                    assert_eq!(declined(Ok(outcome)).code, "REVOKED", "{fault:?}");
                    assert_eq!((state.as_str(), paid), ("REVOKED", 0), "{fault:?}");
                }
                _ => {
                    accepted(Ok(outcome));
                    assert_eq!((state.as_str(), paid), ("SUCCESS", 1), "{fault:?}, {customer:?}");
                }
            }
        }
    }
}

/// A cashier who cancels, and a terminal that was switched off: what was begun is taken back.
#[test]
fn what_was_begun_is_taken_back() {
    let shop = Shop::new();
    let watch = CancelsAt::new(Phase::Confirming);
    let (code, began) = (shop.code(Customer::Silent), shop.waited.moment());
    let outcome = shop.till().pay_with("sale 1", &micro_pay(&code), &Options::new().watch(&watch));
    assert_eq!(declined(outcome).code, "REVOKED");
    assert_eq!((shop.ledger(), shop.reversals()), (vec![row("REVOKED", 0, 0, 0)], 1));
    began.lasted(shop.waited.moment(), 15..20);

    // The first reversal was sent, and then the power was gone: PAYERROR stays until somebody reverses it.
    let shop = Shop::new();
    shop.simulator.behave_next(Behaviour::ReverseOfNothing);
    let (till, code) = (shop.till(), shop.code(Customer::Refuses));
    let doubt = unknown(till.pay_with("sale 1", &micro_pay(&code), &Options::new().patience(Duration::ZERO)));
    assert_eq!((doubt.reason, shop.journal.all()[0].reversals), (Reason::Reversing, 1));
    let till = shop.till();
    let recovered = till.recover_with(&Options::new().patience(Duration::from_secs(20))).unwrap();
    assert_eq!((shop.reversals(), doubt_of(&recovered[0]).unwrap().reason), (1, Reason::NeedsReversal));
    let begun = Options::new().patience(Duration::from_secs(20)).reversals(Reversals::Begun);
    let recovered = shop.till().recover_with(&begun).unwrap();
    assert!(matches!(&recovered[0].outcome, Outcome::Declined(refusal) if refusal.code == "REVOKED"));
    assert_eq!((shop.ledger(), shop.journal.states()), (vec![row("REVOKED", 0, 0, 0)], vec!["unpaid"]));

    // Nobody decided yet. Another process takes it back only where the gateway says twice, a minute apart, that it is unpaid.
    let shop = Shop::new();
    let code = shop.code(Customer::Refuses);
    shop.simulator.fault_next(Fault::CloseAfterCommit);
    shop.simulator.fault_next_query(Fault::SystemErrorBeforeCommit);
    let options = Options::new().patience(Duration::ZERO);
    let outcome = shop.till().pay_with("sale 1", &micro_pay(&code), &options);
    assert!(matches!(outcome, Ok(Outcome::Unknown(_))), "{outcome:?}");
    let number = shop.journal.all()[0].order_number.clone();
    let till = shop.till();
    let began = shop.waited.moment();
    let refusal = declined(till.reverse_with(&number, &Options::new().patience(Duration::from_secs(90))));
    assert_eq!((refusal.code.as_str(), shop.reversals()), ("REVOKED", 1));
    began.lasted(shop.waited.moment(), 60..90);
    assert_eq!(shop.ledger(), [row("REVOKED", 0, 0, 0)]);
}

/// Without a certificate nothing can be taken back, so no code is taken, unless the account says so.
#[test]
fn without_a_certificate() {
    let shop = Shop::new();
    let roots = std::fs::read(&shop.simulator.files().ca_pem).unwrap();
    let bare = || Arc::new(Https::builder().only_roots(&roots).unwrap().build().unwrap());
    let till = shop.till_with(bare(), direct());
    assert_eq!(shop.scan(&till, Customer::PaysAtOnce).unwrap_err().kind(), ErrorKind::Identity);
    assert_eq!((shop.ledger().len(), shop.calls().len()), (0, 0));

    let shop = Shop::new();
    let till = shop.till_with(bare(), direct().without_certificate());
    accepted(shop.scan(&till, PASSWORD));
    assert_eq!(shop.ledger(), [row("SUCCESS", 1, 1, 0)]);
    // The gateway revokes what nobody answers.
    let outcome = till.pay("sale 2", &micro_pay(&shop.code(Customer::Silent)));
    assert_eq!(declined(outcome).code, "REVOKED");
    // PAYERROR stays, and is for a person in the end.
    let doubt = unknown(till.pay("sale 3", &micro_pay(&shop.code(Customer::Refuses))));
    assert_eq!(doubt.reason, Reason::NeedsReversal);
    assert_eq!(shop.reversals(), 0);
}
