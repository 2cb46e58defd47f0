//! The tables of the red packets beside sendredpack, beside their documents (protocol A.2, A.4, B.2, B.3, B.4; POS flows 10).

use wxpay_terminal::endpoint::{Due, Endpoint, KeyName, Kind, Means, Over, ResolvedBy, Rule, Source};
use wxpay_terminal::{RedpackAccount, Secret, WorkwxAccount, group_redpack, miniprogram_hb, redpack, workwx_redpack};

use crate::support::{CORPID, MCH_ID, fen, key, refused};
use crate::wire::tables::{compare, meaning};

const GROUP: &Endpoint = &group_redpack::SEND_GROUP_REDPACK;
const MINIPROGRAM: &Endpoint = &miniprogram_hb::SEND_MINIPROGRAM_HB;
const COMPANY: &Endpoint = &workwx_redpack::SEND_WORKWX_REDPACK;
const COMPANY_QUERY: &Endpoint = &workwx_redpack::QUERY_WORKWX_REDPACK;

#[test]
fn each_beside_its_page() {
    for (call, text) in [
        (GROUP, include_str!("../../tables/sendgroupredpack.tsv")),
        (MINIPROGRAM, include_str!("../../tables/sendminiprogramhb.tsv")),
        (COMPANY, include_str!("../../tables/sendworkwxredpack.tsv")),
        (COMPANY_QUERY, include_str!("../../tables/queryworkwxredpack.tsv")),
    ] {
        compare(call, text, &[], &[]);
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        let printed: Vec<_> = rows.map(|line| line.split('\t').next().unwrap()).collect();
        let ours: Vec<_> = call.fields.iter().map(|row| row.name).collect();
        assert_eq!(ours, printed, "{}: in the page's order", call.name);
        assert!(call.client_certificate && call.path.ends_with(call.name), "{}", call.name);
        // A.2 and B.2, corrections; F.1: no sign_type here.
        for absent in ["client_ip", "sign_type"] {
            assert!(call.field(absent).is_none(), "{}: {absent}", call.name);
        }
    }
    assert!(COMPANY.field("total_num").is_none());
}

/// A.2: the values that leave no choice, and how many a group has.
#[test]
fn what_a_field_may_say() {
    assert_eq!(GROUP.field("total_num").unwrap().kind, Kind::Count { least: 3 });
    assert_eq!(GROUP.field("amt_type").unwrap().kind, Kind::OneOf(&["ALL_RAND"]));
    assert_eq!(MINIPROGRAM.field("total_num").unwrap().kind, Kind::OneOf(&["1"]));
    assert_eq!(MINIPROGRAM.field("notify_way").unwrap().kind, Kind::OneOf(&["MINI_PROGRAM_JSAPI"]));
    for call in [GROUP, MINIPROGRAM, COMPANY] {
        assert_eq!(call.field("scene_id").unwrap().kind, redpack::SEND_REDPACK.field("scene_id").unwrap().kind);
        assert_eq!(call.field("wxappid").unwrap().source, Source::Account);
    }
    assert!(COMPANY.rules.contains(&Rule::OneOf(&["sender_name", "agentid"])));
}

/// POS flows 10: same codes, same resolution; WeCom has some besides (B.4), and a query of its own.
#[test]
fn codes_and_resolution_are_those_of_sendredpack() {
    let known = redpack::SEND_REDPACK.reply.codes;
    for call in [GROUP, MINIPROGRAM, COMPANY] {
        for row in known {
            assert_eq!(meaning(call, row.code), row.means, "{}: {}", call.name, row.code);
        }
        assert_eq!(meaning(call, "A_CODE_OF_TOMORROW"), Means::Open, "{}", call.name);
    }
    assert_eq!([GROUP, MINIPROGRAM, COMPANY].map(|call| call.reply.codes.len() - known.len()), [0, 0, 3]);
    assert_eq!(meaning(COMPANY, "NO_COMPETENCE"), Means::Open);
    assert_eq!(meaning(COMPANY_QUERY, "NOT_FOUND"), Means::NotKnown);
    for (call, query) in [(GROUP, "gethbinfo"), (MINIPROGRAM, "gethbinfo"), (COMPANY, "queryworkwxredpack")] {
        let ResolvedBy::Query(how) = call.resolved_by else { panic!("{}", call.name) };
        assert_eq!((how.query.name, how.state, how.amount), (query, "status", "total_amount"));
        assert_eq!(how.paid, ["SENT", "RECEIVED", "RFUND_ING", "REFUND_ING", "REFUND"], "{}", call.name);
        assert_eq!(how.unpaid, ["FAILED"], "{}", call.name);
    }
}

/// F.2, A.2, B.2: what the replies must have, and that a sign counts where there is one.
#[test]
fn what_the_replies_have() {
    for call in [GROUP, MINIPROGRAM, COMPANY] {
        assert_eq!(call.reply.signature, Due::IfPresent, "{}", call.name);
        for name in ["mch_billno", "mch_id", "wxappid", "re_openid", "total_amount"] {
            assert!(call.reply.echo.contains(&(name, name)), "{}: {name}", call.name);
        }
        let package = call.reply.must_have.contains(&"package");
        assert_eq!(package, call.name == "sendminiprogramhb", "{}", call.name);
    }
    assert_eq!(COMPANY_QUERY.reply.signature, Due::IfPresent);
}

/// B.3: seven fields and the Secret, then everything and the API key. The query has one signature.
#[test]
fn two_signatures_in_this_order() {
    const SEVEN: [&str; 7] = ["act_name", "mch_billno", "mch_id", "nonce_str", "re_openid", "total_amount", "wxappid"];
    let [inner, outer] = COMPANY.signing else { panic!() };
    assert_eq!((inner.output, inner.over, inner.suffix), ("workwx_sign", Over::Named(&SEVEN), Some("&secret=")));
    assert_eq!((outer.output, outer.over, outer.suffix), ("sign", Over::All, Some("&key=")));
    assert_eq!((inner.key, outer.key), (KeyName::WorkwxSecret, KeyName::Api));
    assert!(matches!(COMPANY_QUERY.signing, [only] if only.output == "sign"));
}

#[test]
fn the_amounts_without_a_scene_are_a_setting() {
    let company = || WorkwxAccount::new(MCH_ID, CORPID, key(), Secret::from("s")).unwrap();
    company().amounts_without_scene(fen(1), fen(1)).unwrap();
    refused(company().amounts_without_scene(fen(2), fen(1)), "amounts_without_scene");
    let merchant = RedpackAccount::new(MCH_ID, "wx1", key()).unwrap();
    refused(merchant.amounts_without_scene(fen(2), fen(1)), "amounts_without_scene");
}
