//! Payment notifications (POST of a gateway to `notify_url`): read by the gateway's table, verified, and compared with the stored
//! order.
//!
//! Document: protocol C.6, E.3.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::endpoint::{Due, Failure, Gate, Notice};
use crate::money::Fen;
use crate::wire::keys::Keys;
use crate::wire::pairs::Pairs;
use crate::wire::verify::{self, Verifier};
use crate::wire::xml;

/// Of Swiftpass-type gateways.
pub(crate) const SWIFTPASS: Notice = Notice {
    transport: zero("status", &["0"]),
    paid: &[zero("result_code", &["0", "SUCCESS"]), zero("pay_result", &["0"])],
    order_number: ("out_trade_no", "out_trade_no is not the stored one"),
    amount: ("total_fee", "total_fee is not the stored one"),
    identifiers: &[("mch_id", "mch_id is not the account's")],
    sign_type: None,
    unless: &[("trade_state", &["SUCCESS"]), ("err_code", &["0", "OK", "SUCCESS"])],
    never: &["refund_id"],
    currency: "fee_type",
    must_have: &[("transaction_id", "it has no transaction_id")],
    answer: "success",
};

/// Of WeChat Pay's own `pay/*` interfaces (protocol E.3, F.1.6).
pub(crate) const WXPAY: Notice = Notice {
    transport: word("return_code"),
    paid: &[word("result_code")],
    order_number: ("out_trade_no", "out_trade_no is not the stored one"),
    amount: ("total_fee", "total_fee is not the stored one"),
    identifiers: &[
        ("mch_id", "mch_id is not the account's"),
        ("appid", "appid is not the account's"),
        ("sub_mch_id", "sub_mch_id is not the account's"),
    ],
    sign_type: Some("sign_type"),
    unless: &[("trade_state", &["SUCCESS"]), ("err_code", &["0", "OK", "SUCCESS"])],
    never: &["refund_id", "req_info"],
    currency: "fee_type",
    must_have: &[("transaction_id", "it has no transaction_id")],
    answer: "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>",
};

const fn word(name: &'static str) -> Gate {
    Gate { name, success: &["SUCCESS"], failure: Failure::Word("FAIL") }
}

const fn zero(name: &'static str, success: &'static [&'static str]) -> Gate {
    Gate { name, success, failure: Failure::NonZero }
}

/// The order that a notification must agree with, from your own durable record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredOrder<'a> {
    /// 商户订单号.
    pub out_trade_no: &'a str,
    /// The amount in fen.
    pub total_fee: Fen,
}

/// A payment notification whose signature is good. Compare it with the stored order before believing it.
///
/// ```no_run
/// # use wxpay_terminal::{StoredOrder, SwiftpassAccount, Fen, NotificationFault};
/// # fn store(_: &str) -> Result<(), std::io::Error> { Ok(()) }
/// # fn receive(account: &SwiftpassAccount, body: &[u8]) -> Result<&'static str, Box<dyn std::error::Error>> {
/// let notification = account.notification(body)?;
/// let order = StoredOrder { out_trade_no: "T2026112100001", total_fee: Fen::new(1)? };
/// let settled = notification.matches(&order)?;
/// // Only after the record is durable does the reply text exist.
/// let reply = settled.reply_after(|paid| store(&paid.transaction_id))?;
/// # Ok(reply)
/// # }
/// ```
///
/// Document: protocol C.6.
#[derive(Debug)]
pub struct Notification {
    table: &'static Notice,
    reply: Pairs,
    /// The account's, in the table's order.
    identifiers: Vec<Option<String>>,
}

impl Notification {
    /// `identifiers` are the account's, in the table's order.
    pub(crate) fn read(
        table: &'static Notice,
        identifiers: Vec<Option<String>>,
        (verifier, keys): (&Verifier, &Keys),
        body: &[u8],
    ) -> Result<Notification, NotificationFault> {
        if body.len() > crate::wire::LONGEST_REPLY {
            return Err(NotificationFault("longer than 64 KiB"));
        }
        let reply = verify::utf8(body).and_then(xml::read).map_err(NotificationFault)?;
        if !table.transport.passes(reply.get(table.transport.name)) {
            return Err(NotificationFault("it does not say that the exchange worked"));
        }
        let named = table.sign_type.and_then(|name| reply.filled(name));
        if named.is_some_and(|named| named != keys.sign_type()) {
            return Err(NotificationFault("its sign_type is not the account's"));
        }
        verify::verify(&reply, Due::Always, verifier, keys).map_err(NotificationFault)?;
        Ok(Notification { table, reply, identifiers })
    }

    /// 商户订单号: look up the stored order with it.
    pub fn out_trade_no(&self) -> &str {
        self.reply.get(self.table.order_number.0).unwrap_or_default()
    }

    /// Compares with the stored order: number, amount and merchant; `result_code` (and `pay_result`) must say paid.
    ///
    /// # Errors
    ///
    /// Names the first thing that differs. The order is then **not** paid by this notification.
    pub fn matches(self, order: &StoredOrder<'_>) -> Result<PaidNotice, NotificationFault> {
        let Notification { table, reply, identifiers } = self;
        let is = |name: &str, value: &str| reply.filled(name) == Some(value);
        let unless = |name: &str, good: &[&str]| reply.filled(name).is_none_or(|value| good.contains(&value));
        let mut named = table.identifiers.iter().zip(&identifiers);
        if let Some(((_, words), _)) = named.find(|((name, _), own)| reply.filled(name) != own.as_deref()) {
            return Err(NotificationFault(words));
        }
        if !is(table.order_number.0, order.out_trade_no) {
            return Err(NotificationFault(table.order_number.1));
        }
        if reply.filled(table.amount.0).and_then(Fen::read) != Some(order.total_fee) {
            return Err(NotificationFault(table.amount.1));
        }
        if !table.paid.iter().all(|gate| gate.passes(reply.filled(gate.name))) {
            return Err(NotificationFault("it does not say that the order is paid"));
        }
        let contradicts = table.unless.iter().any(|(name, good)| !unless(name, good));
        if contradicts || table.never.iter().any(|name| reply.filled(name).is_some()) {
            return Err(NotificationFault("it says paid and something else"));
        }
        if !unless(table.currency, &["CNY"]) {
            return Err(NotificationFault("it is in another currency"));
        }
        if let Some((_, lacks)) = table.must_have.iter().find(|(name, _)| !reply.has_visible(name)) {
            return Err(NotificationFault(lacks));
        }
        Ok(PaidNotice {
            out_trade_no: reply.owned(table.order_number.0).unwrap_or_default(),
            total_fee: order.total_fee,
            transaction_id: reply.owned("transaction_id").unwrap_or_default(),
            time_end: reply.owned("time_end").unwrap_or_default(),
            answer: table.answer,
            reply,
        })
    }
}

/// The customer paid this order: signed, and equal to the stored order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PaidNotice {
    /// 商户订单号.
    pub out_trade_no: String,
    /// The amount in fen.
    pub total_fee: Fen,
    /// The platform's transaction number.
    pub transaction_id: String,
    /// 支付完成时间, `yyyyMMddHHmmss`, GMT+8, as text.
    pub time_end: String,
    /// Every field of the notification.
    pub reply: Pairs,
    answer: &'static str,
}

impl PaidNotice {
    /// Stores the payment and then gives the exact reply text: `success`, or WeChat's own XML. Send it within 5 s.
    ///
    /// The text is released only by a record that says it is durable, because the gateway never sends the
    /// notification again after it. The same notification may come several times: `record` must accept that.
    ///
    /// # Errors
    ///
    /// What `record` returned. Answer the gateway with anything but `success`, and it will come again.
    pub fn reply_after<E>(&self, record: impl FnOnce(&PaidNotice) -> Result<(), E>) -> Result<&'static str, E> {
        record(self)?;
        Ok(self.answer)
    }
}

/// Why a notification is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationFault(pub(crate) &'static str);

impl NotificationFault {
    /// Why.
    pub const fn reason(&self) -> &'static str {
        self.0
    }
}

impl fmt::Display for NotificationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("notification refused: ")?;
        f.write_str(self.0)
    }
}

impl core::error::Error for NotificationFault {}
