//! One request that was read in full: gateway, act, checks, ledger.

use crate::behaviour::Behaviour;
use crate::dialect::Dialect;
use crate::fields::Fields;
use crate::form;
use crate::gateway::{Act, Gateway};
use crate::http::Head;
use crate::ledger::Entered;
use crate::record::Record;
use crate::reply::Reply;
use crate::settings::{Settings, SignType};
use crate::shared::Shared;
use crate::sign;
use crate::{
    counter, direct, micropay, openid, orders, redpack, refunding, reversal, swiftpass, swiftpass_replies, webgate,
    workwx, workwx_redpack, wxpay, wxpay_counter, xml,
};

/// One request, judged but not carried out.
pub(crate) struct Question {
    pub(crate) gateway: Gateway,
    pub(crate) act: Act,
    pub(crate) fields: Fields,
    /// The refusal, when something is wrong with it.
    pub(crate) wrong: Option<Reply>,
    /// So many seconds old is what the host knows.
    pub(crate) lag: u64,
}

impl Question {
    /// Reads and checks a request to `gateway`.
    pub(crate) fn read(
        settings: &Settings,
        (gateway, act): (Gateway, Option<Act>),
        head: &Head,
        body: &[u8],
        cn: Option<&str>,
    ) -> Question {
        let (fields, wrong) = match fields(gateway, head, body) {
            Ok(fields) => (fields, None),
            Err((code, text)) => (Fields::default(), Some((code, text))),
        };
        // An unreadable request to the one URL of Swiftpass counts as a payment.
        let act = act.or_else(|| swiftpass::act(fields.get("service")));
        let mut question = Question { gateway, act: act.unwrap_or(Act::Pay), fields, wrong: None, lag: 0 };
        question.wrong = match wrong {
            Some((code, text)) => Some(question.unreadable(settings, code, text)),
            None => question.check(settings, cn).err(),
        };
        question
    }

    pub(crate) fn order_number(&self) -> &str {
        match self.fields.get(self.gateway.number_field(self.act)) {
            // A refund may be asked for by its order.
            "" => self.fields.get(self.gateway.number_field(Act::Pay)),
            number => number,
        }
    }

    /// What the merchant had to sign, one string a signature; `****` stands for the key (docs: B.3, C.3, D, F.1).
    pub(crate) fn signed(&self, settings: &Settings) -> Vec<String> {
        let all = sign::joined(self.fields.iter());
        let named = |names: &[&str]| sign::joined(self.fields.iter().filter(|(name, _)| names.contains(name)));
        let by_key = format!("{all}&key=****");
        match (self.gateway, self.act) {
            // Under an HMAC, and by a private key: the key is in no text.
            (Gateway::Webgate, _) => vec![all],
            (Gateway::Swiftpass, _) if settings.swiftpass_sign_type != SignType::Md5 => vec![all],
            (Gateway::Workwx, Act::Pay) => vec![by_key, format!("{}&secret=****", named(&sign::WORKWX_FIELDS))],
            (Gateway::WorkwxRedpack, Act::Pay) => {
                vec![by_key, format!("{}&secret=****", named(&sign::WORKWX_REDPACK_FIELDS))]
            }
            _ => vec![by_key],
        }
    }

    fn dialect(&self) -> &'static Dialect {
        counter::dialect(self.gateway)
    }

    fn unreadable(&self, settings: &Settings, code: &str, text: &str) -> Reply {
        match (self.gateway, code) {
            (Gateway::Wxpay, _) => direct::gate(text),
            (Gateway::Swiftpass, "HTTP_METHOD_ERROR") => swiftpass_replies::gate("Require POST method"),
            (Gateway::Swiftpass, _) => swiftpass_replies::gate("Parse xml error,please use UTF-8 encoded"),
            _ => self.refusal(settings, code, text),
        }
    }

    fn check(&self, settings: &Settings, cn: Option<&str>) -> Result<(), Reply> {
        let fields = &self.fields;
        let refused = |(code, text): (&str, String)| self.refusal(settings, code, &text);
        match self.gateway {
            Gateway::Wxpay => match self.act {
                Act::Micropay => wxpay_counter::check_micropay(fields),
                Act::Reverse => wxpay_counter::check_reversal(fields, cn),
                Act::Refund => wxpay_counter::check_refund(fields, cn),
                Act::RefundQuery => wxpay_counter::check_refund_query(fields),
                Act::Openid => openid::check(fields),
                act => wxpay::check(act, fields),
            },
            Gateway::Workwx => workwx::check(settings, self.act, fields, cn).map_err(refused),
            Gateway::WorkwxRedpack => workwx_redpack::check(settings, self.act, fields, cn).map_err(refused),
            Gateway::Swiftpass => swiftpass::check(settings, fields),
            Gateway::Webgate => webgate::check(settings, fields),
            gateway => redpack::check(settings, (gateway, self.act), fields, cn).map_err(refused),
        }
    }

    /// A business refusal of this gateway, signed where it signs.
    pub(crate) fn refusal(&self, settings: &Settings, code: &str, text: &str) -> Reply {
        match self.gateway {
            Gateway::Wxpay | Gateway::Swiftpass => (self.dialect().refusal)(self.act, code, text, &self.fields),
            Gateway::Workwx => workwx::refusal(code, text, &self.fields),
            Gateway::WorkwxRedpack => workwx_redpack::refusal(code, text, &self.fields),
            Gateway::Webgate => webgate::refusal(settings, code, text),
            gateway => redpack::refusal(gateway, code, text, &self.fields),
        }
    }

    fn draft(&self) -> Record {
        match self.gateway {
            Gateway::Wxpay | Gateway::Swiftpass if self.act == Act::Micropay => {
                micropay::draft(self.dialect(), &self.fields)
            }
            Gateway::Wxpay | Gateway::Swiftpass => orders::draft(self.gateway, &self.fields),
            Gateway::Workwx => workwx::draft(&self.fields),
            Gateway::Webgate => webgate::draft(&self.fields),
            gateway => redpack::draft(gateway, &self.fields),
        }
    }

    fn success(&self, settings: &Settings, record: &Record) -> Reply {
        match self.gateway {
            Gateway::Wxpay | Gateway::Swiftpass if self.act == Act::Micropay => (self.dialect().paid)(record),
            Gateway::Wxpay | Gateway::Swiftpass => (self.dialect().ordered)(record),
            Gateway::Workwx => workwx::success(record, &self.fields),
            Gateway::WorkwxRedpack => workwx_redpack::success(record),
            Gateway::Webgate => webgate::success(settings, record),
            gateway => redpack::success(gateway, record),
        }
    }

    fn repeat(&self, settings: &Settings, record: &Record) -> Reply {
        match self.gateway {
            Gateway::Wxpay | Gateway::Swiftpass => orders::repeat(self.dialect(), record, &self.fields),
            Gateway::Workwx => workwx::repeat(record, &self.fields),
            Gateway::Webgate => webgate::repeat(settings, record),
            _ => match redpack::repeated(settings, record) {
                Some((code, text)) => self.refusal(settings, code, text),
                None => self.success(settings, record),
            },
        }
    }

    /// The ledger takes the payment, or the query is answered.
    pub(crate) fn carry_out(&self, shared: &Shared) -> Reply {
        if let Some(wrong) = &self.wrong {
            return wrong.clone();
        }
        match self.act {
            Act::Query => self.look_up(shared),
            Act::Micropay => micropay::carry_out(shared, self.dialect(), &self.fields),
            Act::Reverse => reversal::carry_out(shared, self.dialect(), &self.fields),
            Act::Refund => refunding::carry_out(shared, self.dialect(), &self.fields, true),
            Act::RefundQuery => refunding::query(shared, self.dialect(), &self.fields, self.lag),
            Act::Openid => openid::carry_out(shared, &self.fields),
            Act::Close => orders::close(shared, self.dialect(), &self.fields),
            Act::Pay => match shared.ledger.enter(self.draft()) {
                Entered::New(record) if self.gateway.has_counter() => {
                    (self.dialect().ordered)(&orders::told_of(shared, record))
                }
                Entered::New(record) => self.success(&shared.settings, &record),
                Entered::Same(record) => {
                    self.pay_again(shared);
                    self.repeat(&shared.settings, &record)
                }
                Entered::Different => self.mismatch(&shared.settings),
            },
        }
    }

    /// A gateway that forgets what it paid, where that was asked for.
    fn pay_again(&self, shared: &Shared) {
        let number = self.order_number();
        if self.gateway.has_counter() || shared.behaviour(Act::Pay, number) != Some(Behaviour::RepeatPaysAgain) {
            return;
        }
        shared.ledger.change(self.gateway.name(), number, |record, _| {
            record.entry.paid += 1;
            record.entry.charges += 1;
        });
    }

    /// The same number with other content.
    fn mismatch(&self, settings: &Settings) -> Reply {
        let code = match self.gateway {
            Gateway::Wxpay | Gateway::Swiftpass => "OUT_TRADE_NO_USED",
            _ => "FATAL_ERROR",
        };
        self.refusal(settings, code, "重复请求时参数与原单不一致")
    }

    fn look_up(&self, shared: &Shared) -> Reply {
        let found = || shared.ledger.find(self.gateway.name(), self.order_number());
        match self.gateway {
            Gateway::Workwx => found().map_or_else(|| workwx::not_found(&self.fields), |record| workwx::query(&record)),
            // docs: A.4: not proof of failure while the order is young.
            gateway if gateway.is_red_packet() => match found() {
                Some(record) if gateway == Gateway::WorkwxRedpack => workwx_redpack::query(&record),
                Some(record) => redpack::query(&record),
                None => self.refusal(&shared.settings, "NOT_FOUND", "指定单号数据不存在"),
            },
            _ => orders::query(shared, self.dialect(), &self.fields, self.lag),
        }
    }

    /// A success that is not true: the ledger knows nothing of it.
    pub(crate) fn pretend(&self, shared: &Shared) -> Reply {
        match (self.act, &self.wrong) {
            (Act::Reverse, None) => (self.dialect().done)(Act::Reverse, &self.fields),
            (Act::Refund, None) => refunding::carry_out(shared, self.dialect(), &self.fields, false),
            (Act::RefundQuery | Act::Openid, None) => self.carry_out(shared),
            (Act::Pay | Act::Micropay, None) => self.success(&shared.settings, &self.draft()),
            (_, Some(wrong)) => wrong.clone(),
            _ => self.look_up(shared),
        }
    }

    /// SEND_FAILED is remembered: the query says FAILED (docs: A.4).
    pub(crate) fn remember_failure(&self, shared: &Shared) {
        if self.act == Act::Pay && (self.gateway.is_red_packet() || self.gateway == Gateway::Workwx) {
            let mut draft = self.draft();
            draft.entry.paid = 0;
            draft.entry.state = "FAILED".to_owned();
            shared.ledger.enter(draft);
        }
    }

    /// The order is taken but not finished.
    pub(crate) fn set_processing(&self, shared: &Shared) {
        let state = match self.gateway {
            Gateway::Wxpay | Gateway::Swiftpass => "USERPAYING",
            Gateway::Workwx | Gateway::Webgate => "PROCESSING",
            _ => "SENDING",
        };
        if !matches!(self.act, Act::Pay | Act::Micropay) || self.wrong.is_some() {
            return;
        }
        shared.ledger.change(self.gateway.name(), self.order_number(), |record, now| {
            if record.entry.attempts != 1 {
                return;
            }
            match self.act {
                Act::Micropay if record.entry.paid > 0 => record.not_yet(),
                Act::Micropay => {}
                _ => record.turn(state, now),
            }
        });
    }
}

fn fields(gateway: Gateway, head: &Head, body: &[u8]) -> Result<Fields, (&'static str, &'static str)> {
    if head.method != "POST" {
        return Err(("HTTP_METHOD_ERROR", "请使用POST方法"));
    }
    if !is_type(head.header("content-type"), gateway.request_type()) {
        return Err(("XML_ERROR", "Content-Type错误"));
    }
    let fields = match gateway {
        Gateway::Webgate => form::read(body),
        _ => xml::read(body),
    };
    fields.map_err(|_| ("XML_ERROR", "请求数据格式错误"))
}

/// The media type, with no parameter but `charset=utf-8`.
fn is_type(header: &str, wanted: &str) -> bool {
    let header = header.to_ascii_lowercase();
    let (kind, parameter) = header.split_once(';').unwrap_or((&header, ""));
    let charset = parameter.trim().trim_start_matches("charset=").trim_matches('"');
    kind.trim() == wanted && ["", "utf-8"].contains(&charset)
}

#[cfg(test)]
mod tests {
    use super::is_type;

    #[test]
    fn media_types() {
        assert!(is_type("text/xml", "text/xml"));
        assert!(is_type("Text/XML; charset=UTF-8", "text/xml"));
        assert!(!is_type("application/x-www-form-urlencoded", "text/xml"));
        assert!(!is_type("text/xml; charset=gbk", "text/xml"));
        assert!(!is_type("", "text/xml"));
    }
}
