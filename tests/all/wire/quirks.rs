//! One test for each row of section Q of the protocol notes and of the corrections of A.2 and B.2, named by the row. `tests/quirks.md` lists them all. One file a
//! seed; here is what they share.

use wxpay_terminal::*;

use crate::support::*;

pub const RED: &str = "0010010404201411170000046545";
pub const PAY: &str = "100000982017072019616";
pub const WAP: &str = "1415659990";
pub const CARD: &str = "2016062115020100000001";

pub fn red_body(change: impl FnOnce(&mut SendRedPack<'_>)) -> Result<String, Error> {
    let mut request = red_packet(RED);
    change(&mut request);
    let prepared = redpack(&Canned::default()).prepare(&request)?;
    Ok(String::from_utf8(prepared.body().to_vec()).unwrap())
}

pub fn pay_body(change: impl FnOnce(&mut PayEmployee<'_>)) -> Result<String, Error> {
    let mut request = employee(PAY);
    change(&mut request);
    let prepared = workwx(&Canned::default()).prepare(&request)?;
    Ok(String::from_utf8(prepared.body().to_vec()).unwrap())
}

pub fn wap_body(change: impl FnOnce(&mut WapOrder<'_>)) -> Result<String, Error> {
    let mut request = wap_order(WAP);
    change(&mut request);
    let prepared = swiftpass(&Canned::default()).prepare(&request)?;
    Ok(String::from_utf8(prepared.body().to_vec()).unwrap())
}

pub fn card_body(change: impl FnOnce(&mut WxCharge<'_>)) -> Result<String, Error> {
    let mut request = charge(CARD);
    change(&mut request);
    let prepared = webgate(&Canned::default()).prepare(&request)?;
    Ok(String::from_utf8(prepared.body().to_vec()).unwrap())
}

pub fn red_reply(body: &str) -> Result<Outcome<RedPackSent>, Error> {
    let canned = Canned::default();
    canned.then(body);
    let client = redpack(&canned);
    client.send(&mut client.prepare(&red_packet(RED)).unwrap())
}

pub fn pay_reply(body: &str) -> Result<Outcome<EmployeePaid>, Error> {
    let canned = Canned::default();
    canned.then(body);
    let client = workwx(&canned);
    client.send(&mut client.prepare(&employee(PAY)).unwrap())
}

pub fn wap_reply(body: &str) -> Result<Outcome<WapOrderMade>, Error> {
    let canned = Canned::default();
    canned.then(body);
    let client = swiftpass(&canned);
    client.send(&mut client.prepare(&wap_order(WAP)).unwrap())
}

pub fn card_reply(body: &str) -> Result<Outcome<WxCharged>, Error> {
    let canned = Canned::default();
    canned.then(body);
    let client = webgate(&canned);
    client.send(&mut client.prepare(&charge(CARD)).unwrap())
}

pub fn signed_as_openssl(body: &str, key: &str) {
    let fields = xml_fields(body);
    let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(xml_value(body, "sign").unwrap(), openssl_md5(&pairs, key));
}

pub fn hb_info(more: &[(&str, &str)]) -> HbInfo {
    let canned = Canned::default();
    let mut fields = vec![("return_code", "SUCCESS"), ("result_code", "SUCCESS"), ("mch_billno", RED)];
    fields.extend(more);
    canned.then(&reply(&fields));
    match redpack(&canned).ask(&GetHbInfo { mch_billno: RED }).unwrap() {
        Answer::Known(info) => info,
        other => panic!("{other:?}"),
    }
}

/// `tests/quirks.md` and the tests of its sections name the same rows.
#[test]
fn the_list_of_quirks_and_the_tests_agree() {
    let source = [
        include_str!("quirks_workwx.rs"),
        include_str!("quirks_redpack.rs"),
        include_str!("quirks_red_packets.rs"),
        include_str!("quirks_swiftpass.rs"),
        include_str!("quirks_webgate.rs"),
        include_str!("quirks_general.rs"),
    ]
    .concat();
    let tested: std::collections::BTreeSet<String> = source
        .lines()
        .filter_map(|line| line.strip_prefix("fn q"))
        .filter_map(|name| {
            let mut parts = name.split('_');
            Some(format!("{}.{}", parts.next()?, parts.next()?))
        })
        .filter(|row| row.chars().all(|c| c.is_ascii_digit() || c == '.'))
        .collect();
    let mut listed = std::collections::BTreeSet::new();
    let mut rows = 0;
    for line in include_str!("../../quirks.md").lines().filter(|line| line.starts_with("| ") && line.contains('.')) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let (row, how) = (cells[1], cells[3]);
        if !row.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        rows += 1;
        if let Some(name) = how.strip_prefix("`").and_then(|rest| rest.split('`').next()) {
            assert!(source.contains(&format!("fn {name}(")), "{row}: there is no test {name}");
            assert!(name.starts_with(&format!("q{}_", row.replace('.', "_"))), "{row}: {name}");
            listed.insert(row.to_string());
        } else {
            assert!(how.len() > 10, "{row}: no test and no reason");
        }
    }
    assert_eq!(tested, listed);
    assert_eq!(rows, 15 + 16 + 22 + 14 + 11 + 9, "every row of section Q, and of the corrections");
    println!("quirks: {rows} rows, {} with a test", listed.len());
}
