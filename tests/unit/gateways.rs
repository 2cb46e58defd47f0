//! Unit tests of `src/gateways/mod.rs`.

use std::path::Path;

use super::*;
use crate::endpoint::ResolvedBy;

/// A till finds an entry's table in the `CALLS` of an account, a check its query by the account's payment: what is missing there would be found by nobody.
#[test]
fn no_call_is_left_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gateways");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let is_call = |line: &&str| line.starts_with("pub const") && line.contains(": Endpoint =");
    let defined: usize = files.map(|text| text.lines().filter(is_call).count()).sum();
    assert_eq!(defined, ENDPOINTS.len());
    let has = |call: &Endpoint| ENDPOINTS.iter().any(|endpoint| endpoint.name == call.name);
    for endpoint in ENDPOINTS {
        match endpoint.resolved_by {
            ResolvedBy::Query(how) => assert!(has(how.query), "{}", how.query.name),
            ResolvedBy::Order(how, rules) => assert!(has(how.query) && has(rules.close), "{}", endpoint.name),
            ResolvedBy::Reversal(how, rules) => assert!(has(how.query) && has(rules.call), "{}", endpoint.name),
            ResolvedBy::Repeat | ResolvedBy::NotByTill => {}
        }
    }
    let mut all: Vec<_> = ENDPOINTS.iter().map(|call| call.name).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), ENDPOINTS.len(), "each call is of one account");
    let accounts =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gateways/account.rs")).unwrap();
    let accounts = accounts.lines().filter(|line| line.starts_with("account!(")).count();
    let payments = [
        WxpayAccount::PAYMENT,
        RedpackAccount::PAYMENT,
        WorkwxAccount::PAYMENT,
        SwiftpassAccount::PAYMENT,
        WebgateAccount::PAYMENT,
    ];
    assert_eq!((accounts, FAMILIES.len()), (payments.len(), payments.len()));
    for (payment, calls) in payments.iter().zip(FAMILIES) {
        assert!(!matches!(payment.resolved_by, ResolvedBy::NotByTill), "{}", payment.name);
        assert!(calls.iter().any(|call| call.name == payment.name), "{}", payment.name);
    }
}
