//! Turns a true answer into what a fault makes of it.

use crate::faults::Fault;
use crate::gateway::{Act, Gateway};
use crate::parcel::{End, Manner, Parcel};
use crate::question::Question;
use crate::reply::{Reply, Signature, Style, field};
use crate::shared::Shared;
use crate::{swiftpass_replies, tenpay};

/// A fault that strikes before the ledger.
pub(crate) fn before(fault: Fault, question: &Question, shared: &Shared) -> Parcel {
    match fault {
        Fault::ResetBeforeCommit | Fault::ResetAfterHandshake => Parcel::nothing(End::Reset),
        Fault::SilenceBeforeCommit => Parcel::nothing(End::Silence),
        Fault::HalfHeadBeforeCommit => Parcel::page(200, "").sent(Manner::HalfHead),
        Fault::BadGatewayBeforeCommit => Parcel::page(502, ""),
        Fault::HtmlWith200BeforeCommit => html(),
        Fault::EmptyBodyBeforeCommit => empty(question),
        Fault::Redirect => redirect(&question.pretend(shared), question, shared),
        Fault::GarbageBeforeCommit => garbage(),
        Fault::WrongSignatureBeforeCommit => {
            let mut lie = question.pretend(shared);
            lie.signature = Signature::Wrong;
            Parcel::of(&lie)
        }
        _ => match (words(fault), &question.wrong) {
            // Connection and head faults that were asked for by order or amount: the number is
            // known only now.
            (None, _) => Parcel::nothing(End::Close),
            // The gateway looks at the request before it looks at the balance.
            (Some(_), Some(wrong)) => Parcel::of(wrong),
            (Some(words), None) => {
                if fault == Fault::RefusedSendFailed {
                    question.remember_failure(shared);
                }
                Parcel::of(&said(words, question, shared))
            }
        },
    }
}

/// A fault that strikes after the ledger; `truth` is what the gateway wanted to say.
pub(crate) fn after(fault: Fault, truth: Reply, question: &Question, shared: &Shared) -> Parcel {
    let whole = || Parcel::of(&truth);
    match fault {
        Fault::CloseAfterCommit => Parcel::nothing(End::Close),
        Fault::ResetAfterCommit => Parcel::nothing(End::Reset),
        Fault::SilenceAfterCommit => Parcel::nothing(End::Silence),
        Fault::HalfHeadAfterCommit => whole().sent(Manner::HalfHead),
        Fault::HalfReplyAfterCommit => whole().sent(Manner::HalfBody(End::Close)),
        Fault::HalfReplyReset => whole().sent(Manner::HalfBody(End::Reset)),
        Fault::HalfReplyStall => whole().sent(Manner::HalfBody(End::Silence)),
        Fault::NoLengthTruncated => whole().sent(Manner::NoLength { half: true }),
        Fault::TlsCloseNoNotify => whole().sent(Manner::NoLength { half: false }),
        Fault::BadGatewayAfterCommit => Parcel::page(502, ""),
        Fault::HtmlWith200 => html(),
        Fault::EmptyBody => empty(question),
        Fault::RedirectAfterCommit => redirect(&truth, question, shared),
        Fault::Garbage => garbage(),
        Fault::Gzip => gzip(whole()),
        Fault::SlowBytes => whole().sent(Manner::Slow),
        Fault::WrongLength => whole().sent(Manner::WrongLength),
        Fault::SurplusBytes => whole().sent(Manner::Surplus(b"<xml></xml>".to_vec())),
        Fault::LateSecondReply => {
            let second = Parcel::of(&anonymous_refusal(question, shared)).bytes(true);
            whole().sent(Manner::Late(second))
        }
        Fault::LateDuplicate => {
            let second = whole().bytes(true);
            whole().sent(Manner::Late(second))
        }
        Fault::ReplyHuge => whole().sent(Manner::Huge),
        Fault::ReplyInvalidUtf8 => with_text(truth, &[0xE6, 0x88, 0xFF]),
        // "成功" in GBK.
        Fault::ReplyGbk => with_text(truth, &[0xB3, 0xC9, 0xB9, 0xA6]),
        Fault::ReplyDtd => dtd(truth),
        Fault::Processing => {
            question.set_processing(shared);
            processing(truth, question, shared)
        }
        _ => Parcel::of(&match words(fault) {
            Some(words) => said(words, question, shared),
            None => changed(fault, truth, question),
        }),
    }
}

/// What a refusing fault says.
struct Words {
    code: &'static str,
    text: &'static str,
    form: Form,
}

#[derive(PartialEq, Eq)]
enum Form {
    /// A refusal the documents call final or not accepted, signed where the gateway signs.
    Refusal,
    /// It says nothing about the order. The web gateway leaves such a reply unsigned: by docs: D a
    /// signed non-zero retcode is a refusal, and an order that may be paid must not get one.
    Doubt,
    /// Refused at the gate, unsigned everywhere, `return_code=FAIL` or a status.
    Gate,
}

fn words(fault: Fault) -> Option<Words> {
    let (code, text, form) = match fault {
        Fault::SystemErrorBeforeCommit | Fault::SystemErrorAfterCommit => {
            ("SYSTEMERROR", "系统繁忙，请稍后再试", Form::Doubt)
        }
        Fault::UnknownCodeBeforeCommit | Fault::UnknownCode => ("268458547", "系统繁忙", Form::Gate),
        Fault::UnknownCodeBusinessBeforeCommit | Fault::UnknownCodeBusiness => {
            ("A_CODE_OF_NEXT_YEAR", "未知错误", Form::Doubt)
        }
        Fault::GateErrorBeforeCommit | Fault::GateErrorAfterCommit => ("", "Internal error", Form::Gate),
        Fault::RefusedNotEnough => ("NOTENOUGH", "帐号余额不足，请充值后重试", Form::Refusal),
        Fault::RefusedFreqLimit => ("FREQ_LIMIT", "超过频率限制，请稍后再试", Form::Refusal),
        Fault::RefusedSendFailed => ("SEND_FAILED", "红包发放失败，请更换单号再重试", Form::Refusal),
        Fault::FatalError => ("FATAL_ERROR", "重复请求时参数与原单不一致", Form::Refusal),
        Fault::FatalErrorAfterCommit => ("FATAL_ERROR", "重复请求时参数与原单不一致", Form::Doubt),
        Fault::AlreadySent => ("SUCCESS", "该红包已经发放成功", Form::Doubt),
        Fault::NotFound => ("NOT_FOUND", "指定单号数据不存在", Form::Doubt),
        _ => return None,
    };
    Some(Words { code, text, form })
}

fn said(Words { code, text, form }: Words, question: &Question, shared: &Shared) -> Reply {
    if form == Form::Gate {
        return gate(code, text, question, shared);
    }
    let of_refunds = matches!(question.act, Act::Refund | Act::RefundQuery);
    let code = match (question.gateway, code) {
        // POS flows 5.
        (_, "FATAL_ERROR") if of_refunds => "REFUND_FEE_MISMATCH",
        (_, "SUCCESS") if of_refunds => "ERROR",
        (_, "NOT_FOUND") if of_refunds => "REFUNDNOTEXIST",
        (_, "FREQ_LIMIT") if of_refunds => "FREQUENCY_LIMITED",
        (Gateway::Wxpay | Gateway::Swiftpass, "FATAL_ERROR") => "OUT_TRADE_NO_USED",
        (Gateway::Wxpay | Gateway::Swiftpass, "SUCCESS") => "ORDERPAID",
        (Gateway::Wxpay | Gateway::Swiftpass, "NOT_FOUND") => "ORDERNOTEXIST",
        (Gateway::Webgate, "SUCCESS") => "ALREADY_PAID",
        _ => code,
    };
    let mut reply = question.refusal(&shared.settings, code, text);
    if form == Form::Doubt && question.gateway == Gateway::Webgate {
        reply.signature = Signature::None;
    }
    reply
}

fn gate(code: &str, text: &str, question: &Question, shared: &Shared) -> Reply {
    match question.gateway {
        Gateway::Swiftpass => swiftpass_replies::status(if code.is_empty() { "500" } else { code }, text),
        Gateway::Webgate => {
            let mut reply = question.refusal(&shared.settings, code, text);
            reply.signature = Signature::None;
            reply
        }
        gateway => {
            let mut reply = Reply::new(gateway, Signature::None).text("return_code", "FAIL").text("return_msg", text);
            if !code.is_empty() {
                // docs: A.3.4.
                reply = reply.text("result_code", "FAIL").text("err_code", code).text("err_code_des", text);
            }
            reply
        }
    }
}

/// A payment is refused as not finished; a query says so as a state.
fn processing(mut truth: Reply, question: &Question, shared: &Shared) -> Parcel {
    if matches!(question.act, Act::Pay | Act::Micropay | Act::Reverse) {
        let code = match question.gateway {
            Gateway::Wxpay | Gateway::Swiftpass => "USERPAYING",
            _ => "PROCESSING",
        };
        let words = Words { code, text: "请求已受理，正在处理", form: Form::Doubt };
        return Parcel::of(&said(words, question, shared));
    }
    let (name, state) = match question.gateway {
        gateway if gateway.has_counter() && question.act == Act::RefundQuery => ("refund_status_0", "PROCESSING"),
        gateway if gateway.is_red_packet() => ("status", "SENDING"),
        Gateway::Workwx => ("status", "PROCESSING"),
        _ => ("trade_state", "USERPAYING"),
    };
    if truth.get(name).is_some() {
        truth.set(name, state);
    }
    Parcel::of(&truth)
}

/// A changed success.
fn changed(fault: Fault, mut reply: Reply, question: &Question) -> Reply {
    let gateway = question.gateway;
    let amount_field = gateway.amount_field(question.act);
    let in_reply = |field: &str| gateway.in_replies(question.act, field);
    match fault {
        Fault::WrongSignature => reply.signature = Signature::Wrong,
        Fault::MissingSignature => reply.signature = Signature::None,
        Fault::ErrCodeOnSuccess => {
            reply.set("err_code", "SUCCESS");
            reply.set("err_code_des", "发放成功");
        }
        Fault::DuplicateEqual => {
            let merchant = reply.get(gateway.merchant_field()).or(reply.fields.first());
            let twice = merchant.cloned();
            reply.fields.extend(twice);
        }
        Fault::DuplicateDifferent => {
            let (name, yes, no) = gateway.result();
            let other = match reply.get(name).map(|field| field.value == yes) {
                Some(true) => no,
                _ => yes,
            };
            reply.unsigned.push(field(name, other, Style::Text));
        }
        Fault::OtherOrder => {
            let other = another(question.order_number());
            reply.set(&in_reply(gateway.number_field(question.act)), &other);
        }
        Fault::OtherAmount => {
            let named = reply.get(&in_reply(amount_field)).map(|field| field.value.clone());
            let asked = question.fields.get(amount_field).to_owned();
            let fen: u64 = named.unwrap_or(asked).parse().unwrap_or(0);
            reply.set(&in_reply(amount_field), &(fen + 1).to_string());
        }
        Fault::OtherMerchant => {
            let name = gateway.merchant_field();
            reply.set(name, &another(question.fields.get(name)));
        }
        Fault::NoIdentifiers => strip(&mut reply),
        Fault::ReplyManyElements => {
            let more = (0..100_000).map(|n| field(&format!("e{n}"), "1", Style::Plain));
            reply.fields.extend(more);
        }
        Fault::ReplyDeep => {
            const DEPTH: usize = 100_000;
            let (open, shut) = match gateway {
                Gateway::Webgate => ("[", "]"),
                _ => ("<a>", "</a>"),
            };
            let deep = open.repeat(DEPTH) + &shut.repeat(DEPTH);
            reply = reply.raw("deep", &deep);
        }
        _ => {}
    }
    reply
}

fn strip(reply: &mut Reply) {
    const IDENTIFIERS: [&str; 18] = [
        "mch_billno",
        "partner_trade_no",
        "out_trade_no",
        "out_refund_no",
        "transaction_id",
        "refund_id",
        "refund_fee",
        "mch_id",
        "appid",
        "wxappid",
        "openid",
        "re_openid",
        "device_info",
        "total_amount",
        "payment_amount",
        "total_fee",
        "amount",
        "partner_id",
    ];
    // Rows of refunds have their number behind.
    let stem = |name: &str| name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_').to_owned();
    reply.fields.retain(|field| !IDENTIFIERS.contains(&stem(&field.name).as_str()));
}

/// The same text with another last character.
fn another(text: &str) -> String {
    let mut changed = text.to_owned();
    let last = changed.pop();
    changed.push(if last == Some('7') { '8' } else { '7' });
    changed
}

/// A final refusal without a word on whom it is for.
fn anonymous_refusal(question: &Question, shared: &Shared) -> Reply {
    let words = words(Fault::RefusedNotEnough);
    let text = words.map_or("", |words| words.text);
    match question.gateway {
        gateway if gateway.is_red_packet() || gateway == Gateway::Workwx => {
            tenpay::begin(gateway, "FAIL", text).text("err_code", "NOTENOUGH")
        }
        _ => question.refusal(&shared.settings, "NOTENOUGH", text),
    }
}

fn html() -> Parcel {
    let mut page = Parcel::page(502, "系统维护中");
    page.status = 200;
    page
}

fn empty(question: &Question) -> Parcel {
    let mut parcel = html();
    parcel.content_type = question.gateway.reply_type();
    parcel.body.clear();
    parcel
}

fn garbage() -> Parcel {
    let mut parcel = html().sent(Manner::Bare);
    parcel.body = b"\x00\x01\x02SSH-2.0-OpenSSH_9.2\r\n\xFF\xFE garbage\r\n\r\n".to_vec();
    parcel
}

fn gzip(mut parcel: Parcel) -> Parcel {
    let mut body = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3];
    body.extend(parcel.body.iter().map(|byte| byte ^ 0xA5));
    parcel.body = body;
    parcel.headers.push(("Content-Encoding", "gzip".to_owned()));
    parcel
}

/// The other path answers `reply` to any method, as a gateway's mirror would.
fn redirect(reply: &Reply, question: &Question, shared: &Shared) -> Parcel {
    let path = format!("/moved/{}", shared.keep_moved(Parcel::of(reply)));
    let mut parcel = empty(question);
    parcel.status = 302;
    parcel.headers.push(("Location", path));
    parcel
}

/// The reply, valid but for the bytes of one text.
fn with_text(mut reply: Reply, bytes: &[u8]) -> Parcel {
    const MARK: &str = "MARK-FOR-THE-TEXT";
    let name = match reply.gateway {
        Gateway::Swiftpass => "message",
        Gateway::Webgate => "retmsg",
        _ => "return_msg",
    };
    reply.set(name, MARK);
    let mut parcel = Parcel::of(&reply);
    let mark = MARK.as_bytes();
    let at = parcel.body.windows(mark.len()).position(|part| part == mark);
    if let Some(at) = at {
        parcel.body.splice(at..at + mark.len(), bytes.iter().copied());
    }
    parcel
}

fn dtd(reply: Reply) -> Parcel {
    let mut parcel = Parcel::of(&reply);
    let mut body = b"<?xml version=\"1.0\"?>\n<!DOCTYPE xml [<!ENTITY ok \"SUCCESS\">]>\n".to_vec();
    body.append(&mut parcel.body);
    parcel.body = body;
    parcel
}
