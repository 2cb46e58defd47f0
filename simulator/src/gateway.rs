//! The gateways, and which path belongs to which.

/// One of the five gateways; of the red packets each kind, because each has a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gateway {
    Wxpay,
    Redpack,
    GroupRedpack,
    MiniprogramHb,
    Workwx,
    WorkwxRedpack,
    Swiftpass,
    Webgate,
}

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Pay,
    Query,
    Close,
    Micropay,
    Reverse,
    Refund,
    RefundQuery,
    Openid,
}

/// Which faults a request meets: those of payments, of refunds, of questions, or of reversals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Track {
    Payment,
    /// What is planned for the next payment meets a refund, too.
    Refund,
    Question,
    Reversal,
}

impl Act {
    pub(crate) fn track(self) -> Track {
        match self {
            Act::Pay | Act::Micropay => Track::Payment,
            Act::Refund => Track::Refund,
            Act::Query | Act::Close | Act::RefundQuery | Act::Openid => Track::Question,
            Act::Reverse => Track::Reversal,
        }
    }
}

/// The gateway of a path, and the act where the path tells it.
pub(crate) fn route(path: &str) -> Option<(Gateway, Option<Act>)> {
    let promotion = path.strip_prefix("/mmpaymkttransfers/promotion/");
    Some(match (path, promotion) {
        ("/pay/unifiedorder", _) => (Gateway::Wxpay, Some(Act::Pay)),
        ("/pay/orderquery", _) => (Gateway::Wxpay, Some(Act::Query)),
        ("/pay/closeorder", _) => (Gateway::Wxpay, Some(Act::Close)),
        ("/pay/micropay", _) => (Gateway::Wxpay, Some(Act::Micropay)),
        ("/secapi/pay/reverse", _) => (Gateway::Wxpay, Some(Act::Reverse)),
        ("/secapi/pay/refund", _) => (Gateway::Wxpay, Some(Act::Refund)),
        ("/pay/refundquery", _) => (Gateway::Wxpay, Some(Act::RefundQuery)),
        ("/tools/authcodetoopenid", _) => (Gateway::Wxpay, Some(Act::Openid)),
        ("/mmpaymkttransfers/sendredpack", _) => (Gateway::Redpack, Some(Act::Pay)),
        ("/mmpaymkttransfers/gethbinfo", _) => (Gateway::Redpack, Some(Act::Query)),
        ("/mmpaymkttransfers/sendgroupredpack", _) => (Gateway::GroupRedpack, Some(Act::Pay)),
        ("/mmpaymkttransfers/sendminiprogramhb", _) => (Gateway::MiniprogramHb, Some(Act::Pay)),
        ("/mmpaymkttransfers/sendworkwxredpack", _) => (Gateway::WorkwxRedpack, Some(Act::Pay)),
        ("/mmpaymkttransfers/queryworkwxredpack", _) => (Gateway::WorkwxRedpack, Some(Act::Query)),
        (_, Some("paywwsptrans2pocket")) => (Gateway::Workwx, Some(Act::Pay)),
        (_, Some("querywwsptrans2pocket")) => (Gateway::Workwx, Some(Act::Query)),
        // One URL for every service; the body tells which (docs: C.1).
        ("/pay/gateway", _) => (Gateway::Swiftpass, None),
        ("/webgate/wxcharge", _) => (Gateway::Webgate, Some(Act::Pay)),
        _ => return None,
    })
}

impl Gateway {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Gateway::Wxpay => "wxpay",
            // One query, gethbinfo, knows the packets of all three.
            Gateway::Redpack | Gateway::GroupRedpack | Gateway::MiniprogramHb => "redpack",
            Gateway::Workwx => "workwx",
            Gateway::WorkwxRedpack => "workwx_redpack",
            Gateway::Swiftpass => "swiftpass",
            Gateway::Webgate => "webgate",
        }
    }

    /// Whether there is a counter: payment codes, reversals, refunds (POS flows 9).
    pub(crate) fn has_counter(self) -> bool {
        matches!(self, Gateway::Wxpay | Gateway::Swiftpass)
    }

    /// Red packets of any kind.
    pub(crate) fn is_red_packet(self) -> bool {
        use Gateway::*;
        matches!(self, Redpack | GroupRedpack | MiniprogramHb | WorkwxRedpack)
    }

    /// The field of the number in requests to `act`.
    pub(crate) fn number_field(self, act: Act) -> &'static str {
        match (self, act) {
            (gateway, _) if gateway.is_red_packet() => "mch_billno",
            (Gateway::Workwx, _) => "partner_trade_no",
            (Gateway::Wxpay | Gateway::Swiftpass, Act::Refund | Act::RefundQuery) => "out_refund_no",
            (Gateway::Wxpay, Act::Openid) => "auth_code",
            _ => "out_trade_no",
        }
    }

    /// The field of the amount in requests to `act`.
    pub(crate) fn amount_field(self, act: Act) -> &'static str {
        match (self, act) {
            (gateway, _) if gateway.is_red_packet() => "total_amount",
            (Gateway::Workwx, Act::Query) => "payment_amount",
            (Gateway::Workwx | Gateway::Webgate, _) => "amount",
            (Gateway::Wxpay | Gateway::Swiftpass, Act::Refund | Act::RefundQuery) => "refund_fee",
            _ => "total_fee",
        }
    }

    /// A field of requests as replies to `act` name it: refundquery answers in rows (docs: E.2).
    pub(crate) fn in_replies(self, act: Act, field: &str) -> String {
        match act {
            Act::RefundQuery => format!("{field}_0"),
            _ => field.to_owned(),
        }
    }

    /// The field that names the merchant.
    pub(crate) fn merchant_field(self) -> &'static str {
        match self {
            Gateway::Webgate => "partner_id",
            _ => "mch_id",
        }
    }

    /// The field that says whether the call worked, and its values for yes and no.
    pub(crate) fn result(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Gateway::Swiftpass => ("result_code", "0", "1"),
            Gateway::Webgate => ("retcode", "0", "1"),
            _ => ("result_code", "SUCCESS", "FAIL"),
        }
    }

    /// Whether the gateway demands the merchant's certificate (docs: F.1, POS flows 14).
    pub(crate) fn wants_certificate(self, act: Option<Act>) -> bool {
        match self {
            Gateway::Workwx => true,
            gateway if gateway.is_red_packet() => true,
            Gateway::Wxpay => matches!(act, Some(Act::Reverse | Act::Refund)),
            _ => false,
        }
    }

    /// The media type of requests (docs: seeds 1, 2 and 3).
    pub(crate) fn request_type(self) -> &'static str {
        match self {
            Gateway::Webgate => "application/x-www-form-urlencoded",
            _ => "text/xml",
        }
    }

    /// The Content-Type of replies.
    pub(crate) fn reply_type(self) -> &'static str {
        match self {
            Gateway::Webgate => "application/json;charset=utf-8",
            _ => "text/xml;charset=utf-8",
        }
    }
}
