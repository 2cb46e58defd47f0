//! Refund notifications (POST of the gateway to the refund's `notify_url`): a hint where to look, and no proof.
//!
//! Document: protocol F.3; POS ruling 9, flows 6.

use std::string::String;

use crate::gateways::account::{WxpayAccount, sealed::Sealed as _};
use crate::gateways::notification::NotificationFault;
use crate::money::Fen;
use crate::wire::pairs::Pairs;
use crate::wire::req_info::read_req_info;
use crate::wire::{LONGEST_REPLY, verify, xml};

/// What a refund notification says. **Ask [`RefundQuery`](crate::RefundQuery) before it counts**: nothing in it is signed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RefundHint {
    /// 商户退款单号: look up the stored refund with it.
    pub out_refund_no: String,
    /// 退款金额 in fen.
    pub refund_fee: Fen,
    /// 订单金额 in fen.
    pub total_fee: Fen,
    /// 退款状态: `SUCCESS`, `CHANGE`, `REFUNDCLOSE`.
    pub refund_status: String,
    /// 退款成功时间, as text.
    pub success_time: Option<String>,
    /// Every field.
    pub fields: Pairs,
}

impl WxpayAccount {
    /// Reads a refund notification with the account's key. [`Till::refund_notified`](crate::Till::refund_notified) also asks what is true of
    /// it.
    ///
    /// # Errors
    ///
    /// It cannot be read, is another merchant's, reports a failed exchange, or its `req_info` is cut, was made with another key, or has
    /// not its documented fields.
    pub fn refund_hint(&self, body: &[u8]) -> Result<RefundHint, NotificationFault> {
        let profile = self.profile();
        hint(body, |name| profile.identifier(name), &profile.keys.api)
    }
}

pub(crate) fn hint<'a>(
    body: &[u8],
    identifier: impl Fn(&str) -> Option<&'a str>,
    key: &crate::secret::Secret,
) -> Result<RefundHint, NotificationFault> {
    if body.len() > LONGEST_REPLY {
        return Err(NotificationFault("longer than 64 KiB"));
    }
    let outer = verify::utf8(body).and_then(xml::read).map_err(NotificationFault)?;
    // Then it has no req_info, and is no fault of ours (POS flows 6).
    if outer.filled("return_code") != Some("SUCCESS") {
        return Err(NotificationFault("it does not say that the exchange worked"));
    }
    for (name, words) in [
        ("mch_id", "mch_id is not the account's"),
        ("appid", "appid is not the account's"),
        ("sub_mch_id", "sub_mch_id is not the account's"),
    ] {
        if outer.filled(name) != identifier(name) {
            return Err(NotificationFault(words));
        }
    }
    let req_info = outer.filled("req_info").ok_or(NotificationFault("it has no req_info"))?;
    let fields = read_req_info(req_info, key).map_err(NotificationFault)?;
    let text = |name, words| fields.owned(name).ok_or(NotificationFault(words));
    let fen = |name, words| fields.filled(name).and_then(Fen::read).ok_or(NotificationFault(words));
    Ok(RefundHint {
        out_refund_no: text("out_refund_no", "req_info names no out_refund_no")?,
        refund_fee: fen("refund_fee", "req_info names no refund_fee")?,
        total_fee: fen("total_fee", "req_info names no total_fee")?,
        refund_status: text("refund_status", "req_info names no refund_status")?,
        success_time: fields.owned("success_time"),
        fields,
    })
}
