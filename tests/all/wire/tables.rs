//! The endpoint tables beside the documents.

use wxpay_terminal::endpoint::{Digest, Endpoint, Kind, Means, Required, Rule, Source};
use wxpay_terminal::{ENDPOINTS, bill, micropay, redpack, swiftpass, webgate, workwx, wxpay};

struct DocumentRow {
    name: &'static str,
    required: &'static str,
    longest: Option<u16>,
}

/// Reads `field, 必填, type`; the type may print a length in brackets.
fn document(text: &'static str) -> Vec<DocumentRow> {
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let mut cells = line.split('\t');
        let (name, required) = (cells.next().unwrap(), cells.next().unwrap());
        let printed = cells.next().unwrap();
        let longest = printed.split_once('(').map(|(_, rest)| rest.trim_end_matches(')').parse().unwrap());
        DocumentRow { name, required, longest }
    })
    .collect()
}

/// Each row of the document is in the table with the document's 是/否 and at most its length; what the table has
/// besides is named here, with where it comes from.
pub fn compare(endpoint: &Endpoint, text: &'static str, extra: &[&str], shorter: &[&str]) {
    compare_but(endpoint, text, extra, (shorter, &[]));
}

fn compare_but(endpoint: &Endpoint, text: &'static str, extra: &[&str], (shorter, longer): (&[&str], &[&str])) {
    let rows = document(text);
    for row in &rows {
        let at = format!("{}: {}", endpoint.name, row.name);
        let field = endpoint.field(row.name).unwrap_or_else(|| panic!("{at} is missing"));
        let required = field.required != Required::No;
        match row.required {
            "是" => assert!(required, "{at} is 是"),
            "否" => assert!(!required, "{at} is 否"),
            _ => assert_eq!(required, row.name != "remark", "{at}"),
        }
        if let Some(longest) = row.longest.filter(|_| !longer.contains(&row.name)) {
            assert!(field.longest <= longest, "{at} is at most {longest}");
            assert_eq!(field.longest < longest, shorter.contains(&row.name), "{at}: {} of {longest}", field.longest);
        }
    }
    let ours: Vec<_> = endpoint.fields.iter().map(|field| field.name).collect();
    let besides: Vec<_> = ours.iter().filter(|name| !rows.iter().any(|row| row.name == **name)).copied().collect();
    assert_eq!(besides, extra, "{}: fields that are not in the document", endpoint.name);
}

#[test]
fn sendredpack_beside_seed_001() {
    // From the current page: service providers, scene and risk.
    let extra = ["sub_mch_id", "msgappid", "scene_id", "risk_info"];
    compare(&redpack::SEND_REDPACK, include_str!("../../tables/sendredpack.tsv"), &extra, &[]);
}

#[test]
fn paywwsptrans2pocket_beside_seed_000() {
    // agentid: the current page.
    compare(&workwx::PAY_WWSPTRANS2POCKET, include_str!("../../tables/paywwsptrans2pocket.tsv"), &["agentid"], &[]);
}

#[test]
fn pay_weixin_wap_beside_seed_002() {
    // total_fee: in the seed's example, and required in every sibling document. 45 against 32 elsewhere: the shorter.
    // sign, sign_type: printed for MD5; RSA's are longer (protocol C.3), and the account chooses.
    let (shorter, longer) = (["out_trade_no", "mch_id"], ["sign", "sign_type"]);
    compare_but(
        &swiftpass::WAP_ORDER,
        include_str!("../../tables/pay.weixin.wap.tsv"),
        &["total_fee"],
        (&shorter, &longer),
    );
    let total_fee = swiftpass::WAP_ORDER.field("total_fee").unwrap();
    assert_eq!((total_fee.required, total_fee.kind), (Required::Yes, Kind::Fen { least: 1 }));
}

#[test]
fn wxcharge_beside_seed_003() {
    compare(&webgate::WXCHARGE, include_str!("../../tables/wxcharge.tsv"), &[], &[]);
}

#[test]
fn unifiedorder_beside_its_page() {
    let text = include_str!("../../tables/unifiedorder.tsv");
    // A provider's sub-merchant: on the partner's page (POS flows 11). body: the current page.
    compare(&wxpay::H5_ORDER, text, &["sub_appid", "sub_mch_id", "sub_openid"], &["body"]);
    for (order, trade_type) in
        [(&wxpay::NATIVE_ORDER, "NATIVE"), (&wxpay::JSAPI_ORDER, "JSAPI"), (&wxpay::H5_ORDER, "MWEB")]
    {
        let rows = |endpoint: &Endpoint| -> Vec<_> {
            let besides = ["trade_type", "product_id"];
            let rows = endpoint.fields.iter().filter(|row| !besides.contains(&row.name));
            rows.map(|row| (row.name, row.required, row.longest, row.shown)).collect()
        };
        assert_eq!(rows(order), rows(&wxpay::H5_ORDER), "{trade_type}");
        let kind = order.field("trade_type").unwrap().kind;
        assert!(matches!(kind, Kind::OneOf([only]) if *only == trade_type), "{trade_type}");
        assert!(order.name.ends_with(trade_type) && order.reply.echo.contains(&("trade_type", "trade_type")));
    }
    // trade_type=NATIVE时，此参数必传.
    assert_eq!(wxpay::NATIVE_ORDER.field("product_id").unwrap().required, Required::Yes);
    // trade_type=JSAPI时，openid和sub_openid二选一.
    assert!(wxpay::JSAPI_ORDER.rules.contains(&Rule::OneOf(&["openid", "sub_openid"])));
}

#[test]
fn orderquery_and_closeorder_beside_their_pages() {
    let query = include_str!("../../tables/orderquery.tsv");
    compare(&wxpay::ORDER_QUERY, query, &[], &[]);
    let close = include_str!("../../tables/closeorder.tsv");
    compare(&wxpay::CLOSE_ORDER, close, &["sub_appid", "sub_mch_id"], &[]);
}

#[test]
fn micropay_and_reverse_beside_their_pages() {
    // body: the current page has 127 (POS flows 13, 15).
    compare(&micropay::MICRO_PAY, include_str!("../../tables/micropay.tsv"), &[], &["body"]);
    compare(&micropay::REVERSE, include_str!("../../tables/reverse.tsv"), &[], &[]);
    // POS flows 14: the reversal wants the merchant's certificate, the payment does not.
    let certificates = [&micropay::MICRO_PAY, &micropay::REVERSE].map(|call| call.client_certificate);
    assert_eq!(certificates, [false, true]);
    // What is sent once is neither stored nor compared (POS flows 2.1).
    let once: Vec<_> = micropay::MICRO_PAY.fields.iter().filter(|row| matches!(row.kind, Kind::AuthCode(_))).collect();
    assert!(matches!(once[..], [row] if row.name == "auth_code" && !row.shown && row.required == Required::Yes));
}

#[test]
fn downloadbill_beside_its_page() {
    // bill_type: optional on the page; without it a gateway may choose another one, so it is always sent. The account's: POS flows 7.1, 11.
    let extra = ["sub_appid", "sub_mch_id", "sign_type", "bill_type"];
    compare(&bill::DOWNLOAD_BILL, include_str!("../../tables/downloadbill.tsv"), &extra, &[]);
    let certificates = [&bill::DOWNLOAD_BILL, &bill::DOWNLOAD_FUND_FLOW].map(|call| call.client_certificate);
    assert_eq!(certificates, [false, true]);
    // HMAC-SHA256 only, whatever the account signs with (POS flows 7.1).
    let signed = bill::DOWNLOAD_FUND_FLOW.signing[0].digest;
    assert_eq!((signed, bill::DOWNLOAD_BILL.signing[0].digest), (Some(Digest::HmacSha256), None));
    assert_eq!(bill::DOWNLOAD_FUND_FLOW.field("sign_type").unwrap().kind, Kind::OneOf(&["HMAC-SHA256"]));
}

/// POS flows 4: of these the query says what became. (Which codes refuse: refusals.rs.)
#[test]
fn the_open_codes_of_unifiedorder() {
    for order in [&wxpay::NATIVE_ORDER, &wxpay::JSAPI_ORDER, &wxpay::H5_ORDER] {
        for code in
            "ORDERPAID ORDERCLOSED OUT_TRADE_NO_USED INVALID_REQUEST SYSTEMERROR NOTENOUGH NEVER_SEEN".split(' ')
        {
            assert_eq!(meaning(order, code), Means::Open, "{code}");
        }
    }
}

/// POS flows 3.3: of the reversal no code settles anything. (What comes of each: till/micropay.rs.)
#[test]
fn the_codes_of_a_reversal_are_open() {
    assert!(micropay::REVERSE.reply.codes.iter().all(|row| row.means == Means::Open));
    assert_eq!(micropay::REVERSE.reply.codes.len(), 10);
}

/// Every identifier of the account is in every call, echoed, compared, and due in a success (POS flows 11).
#[test]
fn every_call_names_the_sub_merchant() {
    let own = ["/pay/", "/secapi/pay/", "/tools/"];
    let is_own = |call: &&&Endpoint| own.iter().any(|path| call.path.starts_with(path));
    // A bill has no fields, and is read apart.
    let calls: Vec<_> = ENDPOINTS.iter().filter(is_own).filter(|call| !call.name.starts_with("download")).collect();
    assert_eq!(calls.len(), 10);
    for call in calls {
        for name in ["mch_id", "appid", "sub_mch_id"] {
            assert_eq!(call.field(name).expect(call.name).source, Source::Account, "{}", call.name);
            assert!(call.reply.echo.contains(&(name, name)), "{}: {name}", call.name);
            assert!(call.reply.must_have.contains(&name), "{}: {name}", call.name);
        }
        assert_eq!(call.field("sub_appid").expect(call.name).source, Source::Account);
        assert_eq!(call.field("sign_type").expect(call.name).source, Source::Account);
    }
}

/// Only these two may be waived, and by the account only.
#[test]
fn what_an_account_may_waive() {
    let waivable: Vec<_> = ENDPOINTS
        .iter()
        .flat_map(|endpoint| endpoint.fields)
        .filter(|field| field.required == Required::UnlessWaived)
        .map(|field| field.name)
        .collect();
    assert_eq!(waivable, ["sub_appid", "sub_openid"]);
}

#[test]
fn every_table_hangs_together() {
    for endpoint in ENDPOINTS {
        let name = endpoint.name;
        let mut names: Vec<_> = endpoint.fields.iter().map(|field| field.name).collect();
        names.sort();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{name}: a field twice");
        // One call asks about a payment code, two about a day: they have no number.
        if !["authcodetoopenid", "downloadbill", "downloadfundflow"].contains(&name) {
            let number = endpoint.field(endpoint.order_number).expect(name);
            let one_of = |rule: &Rule| matches!(rule, Rule::OneOf(names) if names.contains(&number.name));
            let is_due = number.required == Required::Yes || endpoint.rules.iter().any(one_of);
            assert!(is_due && number.source == Source::Request, "{name}");
        }
        for step in endpoint.signing {
            let output = endpoint.field(step.output).expect(name);
            assert_eq!(output.source, Source::Attempt, "{name}: {}", step.output);
        }
        assert_eq!(endpoint.signing.last().unwrap().output, "sign", "{name}: sign comes last");
        for (_, sent) in endpoint.reply.echo {
            assert!(endpoint.field(sent).is_some(), "{name}: {sent} is compared but never sent");
        }
        for field in endpoint.fields.iter().filter(|field| field.name == "nonce_str") {
            assert_eq!(field.longest, 32, "{name}");
        }
        let personal = ["openid", "re_openid", "sub_openid", "re_user_name", "desc", "remark", "wishing", "netid"];
        for field in endpoint.fields.iter().filter(|field| personal.contains(&field.name)) {
            assert!(!field.shown, "{name}: {} is personal", field.name);
        }
        for field in endpoint.fields.iter().filter(|field| field.source == Source::Attempt) {
            assert!(!field.shown, "{name}: {} is not for logs", field.name);
        }
        for rule in endpoint.rules {
            let named = match *rule {
                Rule::RequiredWhen { field, when, is } | Rule::OnlyWhen { field, when, is } => {
                    let decides = endpoint.field(when).expect(name).kind;
                    assert!(
                        matches!(decides, Kind::OneOf(words) if words.contains(&is)),
                        "{name}: {when} is never {is}"
                    );
                    vec![field, when]
                }
                // What the terminal is, its caller did not choose.
                Rule::RequiredWhenBegins { field, when, .. } => {
                    assert_eq!(endpoint.field(field).expect(name).source, Source::Terminal, "{name}: {field}");
                    vec![when]
                }
                Rule::RequiredForUnusualAmount { field } => vec![field, endpoint.amount],
                Rule::RequiredForUnusualShare { field, among } => vec![field, among, endpoint.amount],
                Rule::OnlyBeside { field, beside } => vec![field, beside],
                Rule::Period { from, until } => vec![from, until],
                Rule::OneOf(names) => names.to_vec(),
                Rule::NotAbove { field, most } => vec![field, most],
                _ => panic!("{name}: a rule that this test does not know"),
            };
            for field in named {
                assert_eq!(endpoint.field(field).expect(name).source, Source::Request, "{name}: {field}");
            }
        }
        if endpoint.asks {
            let refuses = endpoint.reply.codes.iter().any(|row| matches!(row.means, Means::Refused(_)));
            assert!(!refuses && endpoint.reply.other_codes == Means::Open, "{name}: a query refuses nothing");
        }
    }
}

pub fn meaning(endpoint: &Endpoint, code: &str) -> Means {
    endpoint.reply.codes.iter().find(|row| row.code == code).map_or(endpoint.reply.other_codes, |row| row.means)
}

/// The money columns of protocol A.4 and B.4, written out again by hand.
#[test]
fn no_code_of_the_unknown_rows_is_final() {
    for code in ["SYSTEMERROR", "PROCESSING", "FATAL_ERROR", "SUCCESS", "268458547", "", "NEVER_SEEN"] {
        assert_eq!(meaning(&redpack::SEND_REDPACK, code), Means::Open, "{code}");
    }
    for code in ["SYSTEMERROR", "CA_ERROR", "FATAL_ERROR", "NO_AUTH", "", "NEVER_SEEN"] {
        assert_eq!(meaning(&workwx::PAY_WWSPTRANS2POCKET, code), Means::Open, "{code}");
    }
}
