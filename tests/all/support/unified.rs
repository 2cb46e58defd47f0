//! A counter at a gateway of Swiftpass's type: its account, its requests, and what the gateway answers in its own words (protocol C).

use wxpay_terminal::*;

use super::counter::Counter;
use super::*;

pub const PAY: &str = "unified.trade.micropay";
pub const ASK: &str = "unified.trade.query";
pub const REVERSE: &str = "unified.micropay.reverse";
pub const CLOSE: &str = "unified.trade.close";
pub const REFUND: &str = "unified.trade.refund";
pub const ASK_REFUND: &str = "unified.trade.refundquery";

pub const PAID_AS: &str = "7551000001201611221001";

/// Codes of WeChat, and of Alipay.
pub const WECHATS: &str = "130000000000000001";
pub const ALIPAYS: &str = "280000000000000001";

pub fn unified_account() -> SwiftpassAccount {
    let key = Secret::from(SWIFTPASS_KEY);
    SwiftpassAccount::new("https://gateway.example/pay/gateway", SWIFTPASS_MCH_ID, key).unwrap()
}

pub fn by_code(auth_code: &str) -> UnifiedMicropay<'_> {
    UnifiedMicropay {
        auth_code,
        body: "矿泉水 & 面包",
        total_fee: fen(888),
        mch_create_ip: "14.23.150.211",
        ..UnifiedMicropay::default()
    }
}

pub fn scan_of(till: &Till, code: &str) -> Result<Outcome<Receipt<UnifiedPaid>>, Error> {
    till.pay("sale 1", &by_code(code))
}

/// A signed reply with these fields beside those that each has; an empty value is left out.
pub fn answer(change: &[(&str, &str)]) -> String {
    let each = [("version", "2.0"), ("charset", "UTF-8"), ("sign_type", "MD5"), ("status", "0"), ("result_code", "0")];
    let mut fields = [&each[..], &[("mch_id", SWIFTPASS_MCH_ID), ("nonce_str", "IITRi8Iabbblz1Jc")]].concat();
    for (name, value) in change {
        fields.retain(|(have, _)| have != name);
        fields.push((name, value));
    }
    fields.retain(|(_, value)| !value.is_empty());
    swiftpass_signed(&fields)
}

/// The success of a payment by code.
pub fn by_code_paid(number: &str, change: &[(&str, &str)]) -> String {
    let paid = [
        ("pay_result", "0"),
        ("transaction_id", PAID_AS),
        ("out_trade_no", number),
        ("total_fee", "888"),
        ("trade_type", "pay.weixin.micropay"),
        ("time_end", "20261121120000"),
    ];
    answer(&[&paid[..], change].concat())
}

/// What the query says. What is not paid often has no amount.
pub fn trade_is(state: &str, number: &str, change: &[(&str, &str)]) -> String {
    let mut fields = vec![("trade_state", state), ("out_trade_no", number), ("trade_type", "pay.weixin.micropay")];
    if matches!(state, "SUCCESS" | "REFUND") {
        fields.extend([("total_fee", "888"), ("transaction_id", PAID_AS), ("time_end", "20261121120000")]);
    }
    answer(&[&fields[..], change].concat())
}

impl Counter {
    /// A till, as after a start of the program.
    pub fn unified(&self) -> Till {
        self.till_of(unified_account())
    }

    pub fn takes_the_money(&self) -> &Counter {
        self.then(|number| by_code_paid(number, &[]))
    }

    /// A payment is refused, with this `need_query` or none.
    pub fn refuses(&self, code: &str, need_query: &str) -> &Counter {
        let said = [("result_code", "1"), ("err_code", code), ("err_msg", "失败"), ("need_query", need_query)];
        let refusal = answer(&said);
        self.then(move |_| refusal.clone())
    }

    /// Any other call fails.
    pub fn says_no(&self, code: &str) -> &Counter {
        self.refuses(code, "")
    }

    /// The query says so; so many times.
    pub fn trade(&self, state: &'static str, times: usize) -> &Counter {
        for _ in 0..times {
            self.then(move |number| trade_is(state, number, &[]));
        }
        self
    }

    /// A success that says nothing: of a reversal, of a close.
    pub fn agrees(&self) -> &Counter {
        self.then(|_| answer(&[]))
    }

    /// The same of an order that is made, with what it hands out.
    pub fn makes(&self, handed_out: &'static [(&'static str, &'static str)]) -> &Counter {
        self.then(|_| answer(handed_out))
    }
}
