//! What each reply of a Swiftpass-type gateway to a payment code and to a refund means for the money.

use wxpay_terminal::*;

use super::outcomes::expect_row;
use crate::support::*;

fn canned(body: &str) -> Canned {
    let canned = Canned::default();
    canned.then(body);
    canned
}

/// Protocol C.4.4, C.5; POS flows 9: behind an acquirer a refusal of a code is one only with `need_query` N, first, and of the table; then the
/// query confirms it. Of a refund no `need_query` is documented.
#[test]
fn each_code_behind_an_acquirer() {
    let refused = |code: &str, need_query: &str| {
        let fields = [("status", "0"), ("result_code", "1"), ("mch_id", SWIFTPASS_MCH_ID), ("err_code", code)];
        canned(&swiftpass_signed(
            &[&fields[..], &[("need_query", need_query)][..usize::from(!need_query.is_empty())]].concat(),
        ))
    };
    let (payment, of) = (unified_micropay(), RefundOf::OutTradeNo("1415659990"));
    let refund = UnifiedRefund { out_refund_no: "1415659991", ..UnifiedRefund::new(of, fen(888), fen(300)) };
    for row in unified_micropay::UNIFIED_MICROPAY.reply.codes {
        let client = swiftpass(&refused(row.code, "N"));
        expect_row(client.send(&mut client.prepare(&payment).unwrap()).unwrap(), row.means, row.code);
        for need_query in ["", "Y", "n", " N", "N ", "0"] {
            let client = swiftpass(&refused(row.code, need_query));
            let doubt = unknown(client.send(&mut client.prepare(&payment).unwrap()));
            assert_eq!(doubt.code, row.code, "{need_query}");
            assert_ne!(doubt.reason, Reason::Unconfirmed, "{}, {need_query}", row.code);
        }
        let client = swiftpass(&refused(row.code, "N"));
        let doubt = unknown(client.send(&mut client.prepare_repeat(&payment).unwrap()));
        assert_ne!(doubt.reason, Reason::Unconfirmed, "{}", row.code);
    }
    for row in unified_refund::UNIFIED_REFUND.reply.codes {
        let client = swiftpass(&refused(row.code, ""));
        expect_row(client.send(&mut client.prepare(&refund).unwrap()).unwrap(), row.means, row.code);
        let client = swiftpass(&refused(row.code, ""));
        unknown(client.send(&mut client.prepare_repeat(&refund).unwrap()));
    }
}

fn unified_micropay() -> UnifiedMicropay<'static> {
    UnifiedMicropay {
        out_trade_no: "1415659990",
        body: "天虹百货-矿泉水",
        total_fee: fen(888),
        mch_create_ip: "8.8.8.8",
        auth_code: "283456789012345678",
        ..UnifiedMicropay::default()
    }
}

/// POS flows 9: success is status 0, result_code 0, pay_result 0, the order, the amount and a transaction_id.
#[test]
fn a_code_of_any_wallet_is_paid_only_where_everything_says_so() {
    let send = |change: (&str, &str)| {
        let mut fields = vec![
            ("status", "0"),
            ("result_code", "0"),
            ("pay_result", "0"),
            ("mch_id", SWIFTPASS_MCH_ID),
            ("out_trade_no", "1415659990"),
            ("total_fee", "888"),
            ("transaction_id", "7551000001201704215167208590"),
            ("trade_type", "pay.alipay.micropay"),
        ];
        fields.retain(|(name, _)| *name != change.0);
        fields.extend((!change.1.is_empty()).then_some(change));
        let client = swiftpass(&canned(&swiftpass_signed(&fields)));
        client.send(&mut client.prepare(&unified_micropay()).unwrap())
    };
    let paid = accepted(send(("trade_type", "pay.alipay.micropay")));
    assert_eq!(paid.trade_type.as_deref(), Some("pay.alipay.micropay"));
    accepted(send(("result_code", "SUCCESS")));
    for odd in [
        ("status", "1"),
        ("status", ""),
        ("result_code", "1"),
        ("result_code", ""),
        ("pay_result", "1"),
        ("pay_result", "00"),
        ("pay_result", " 0"),
        ("pay_result", ""),
        ("mch_id", "7551000002"),
        ("mch_id", ""),
        ("out_trade_no", "1415659991"),
        ("out_trade_no", ""),
        ("total_fee", "889"),
        ("total_fee", "888.0"),
        ("total_fee", ""),
        ("transaction_id", ""),
        ("err_code", "USERPAYING"),
    ] {
        let doubt = unknown(send(odd));
        assert_ne!(doubt.reason, Reason::Unconfirmed, "{odd:?}");
    }
}
