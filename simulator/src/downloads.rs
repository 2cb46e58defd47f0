//! `pay/downloadbill` and `pay/downloadfundflow` (docs: E.2, E.4; POS flows 7.1, 14): text on success, XML otherwise.

use crate::bill_row::BillType;
use crate::bills::{self, BillTrouble};
use crate::clock;
use crate::credentials::{APPID, KEY, MCH_ID, SUB_MCH_ID};
use crate::direct;
use crate::fields::Fields;
use crate::gateway::Gateway;
use crate::http::Head;
use crate::parcel::{Manner, Parcel};
use crate::reply::{Digest, Reply, Signature};
use crate::shared::Shared;
use crate::sign;
use crate::tables::{self, Kind, Row, Wrong};
use crate::xml;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Download {
    Bill,
    FundFlow,
}

/// docs: E.2, pay/downloadbill.
const BILL: &[Row] = &[
    Row("appid", true, Kind::Text, 32),
    Row("mch_id", true, Kind::Text, 32),
    Row("sub_appid", false, Kind::Text, 32),
    Row("sub_mch_id", false, Kind::Text, 32),
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 64),
    Row("sign_type", false, Kind::OneOf(&["MD5", "HMAC-SHA256"]), 32),
    Row("bill_date", true, Kind::Digits, 8),
    Row("bill_type", false, Kind::OneOf(&["ALL", "SUCCESS", "REFUND", "RECHARGE_REFUND"]), 16),
    Row("tar_type", false, Kind::OneOf(&["GZIP"]), 8),
];

/// POS flows 7.1: HMAC-SHA256, whatever the merchant signs with elsewhere.
const FUND_FLOW: &[Row] = &[
    Row("appid", true, Kind::Text, 32),
    Row("mch_id", true, Kind::Text, 32),
    Row("nonce_str", true, Kind::Text, 32),
    Row("sign", true, Kind::Text, 64),
    Row("sign_type", true, Kind::OneOf(&["HMAC-SHA256"]), 32),
    Row("bill_date", true, Kind::Digits, 8),
    Row("account_type", true, Kind::OneOf(&["Basic", "Operation", "Fees"]), 16),
    Row("tar_type", false, Kind::OneOf(&["GZIP"]), 8),
];

/// Yesterday's is there from 9:00 (docs: E.4), in seconds after the day began.
const MADE_AFTER: u64 = 33 * 3600;
/// Three months, and no day of them too few.
const KEPT: u64 = 93 * 86_400;

impl Download {
    pub(crate) fn of(path: &str) -> Option<Download> {
        match path {
            "/pay/downloadbill" => Some(Download::Bill),
            "/pay/downloadfundflow" => Some(Download::FundFlow),
            _ => None,
        }
    }

    pub(crate) fn wants_certificate(self) -> bool {
        self == Download::FundFlow
    }

    /// Why there is none, in this call's way.
    fn refusal(self, why: Why) -> Parcel {
        let reply = Reply::new(Gateway::Wxpay, Signature::None);
        let ((code, words), (err_code, err_words)) = why.words();
        Parcel::of(&match self {
            Download::Bill => reply.text("return_code", "FAIL").text("return_msg", words).text("error_code", code),
            Download::FundFlow if why == Why::Sign => direct::gate(err_words),
            Download::FundFlow => reply
                .text("return_code", "SUCCESS")
                .text("result_code", "FAIL")
                .text("err_code", err_code)
                .text("err_code_des", err_words),
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Sign,
    Missing,
    BillType,
    Format,
    Gzip,
    NoBill,
    Creating,
}

impl Why {
    /// Of downloadbill, and of downloadfundflow. Two numbers of downloadbill are printed: 20001 and 20002.
    fn words(self) -> ((&'static str, &'static str), (&'static str, &'static str)) {
        match self {
            Why::Sign => (("20001", "SIGN ERROR"), ("", "签名错误")),
            Why::Missing => (("20001", "missing parameter"), ("PARAM_ERROR", "缺少参数")),
            Why::BillType => (("20001", "invalid bill_type"), ("PARAM_ERROR", "参数错误")),
            Why::Format => (("20001", "data format error"), ("PARAM_ERROR", "参数错误")),
            // There is no writer of gzip here: it says what the gateway says when it cannot compress.
            Why::Gzip => (("20007", "CompressGZip Error"), ("SYSTEMERROR", "系统错误")),
            Why::NoBill => (("20002", "No Bill Exist"), ("NO_BILL_EXIST", "账单不存在")),
            Why::Creating => (("20002", "Bill Creating"), ("BILL_CREATING", "账单生成中")),
        }
    }
}

/// The answer, under whatever was asked for.
pub(crate) fn answer(shared: &Shared, which: Download, head: &Head, body: &[u8], cn: Option<&str>) -> Parcel {
    let trouble = shared.bill_changes().next_trouble();
    match trouble {
        Some(BillTrouble::BadGateway) => return Parcel::page(502, "nginx"),
        Some(BillTrouble::Creating) => return which.refusal(Why::Creating),
        Some(BillTrouble::NoBill) => return which.refusal(Why::NoBill),
        Some(BillTrouble::SignError) => return which.refusal(Why::Sign),
        _ => {}
    }
    match text(shared, which, (head, body, cn), trouble) {
        Ok(text) => sent(which, text.into_bytes(), trouble),
        Err(why) => which.refusal(why),
    }
}

fn sent(which: Download, text: Vec<u8>, trouble: Option<BillTrouble>) -> Parcel {
    let digest = match trouble {
        Some(BillTrouble::WrongDigest) => bills::digest(b"another text"),
        _ => bills::digest(&text),
    };
    let mut parcel = Parcel {
        status: 200,
        content_type: "text/plain;charset=utf-8",
        headers: Vec::new(),
        body: text,
        manner: Manner::Whole,
    };
    if which == Download::FundFlow && trouble != Some(BillTrouble::NoDigest) {
        parcel.headers.push(("Digest", digest));
    }
    match trouble {
        Some(BillTrouble::CutAt(bytes)) => parcel.manner = Manner::CutAt(bytes),
        Some(BillTrouble::ShortenedTo(bytes)) => parcel.body.truncate(bytes),
        Some(BillTrouble::Slow) => parcel.manner = Manner::Slow,
        _ => {}
    }
    parcel
}

fn text(
    shared: &Shared,
    which: Download,
    (head, body, cn): (&Head, &[u8], Option<&str>),
    trouble: Option<BillTrouble>,
) -> Result<String, Why> {
    if head.method != "POST" {
        return Err(Why::Format);
    }
    let fields = xml::read(body).map_err(|_| Why::Format)?;
    check(which, &fields, cn)?;
    let (date, now) = (fields.get("bill_date"), shared.ledger.now());
    let is_made = shared.settings.bills_at_once || clock::packed(now.saturating_sub(MADE_AFTER))[..8] >= *date;
    if !is_made {
        return Err(Why::Creating);
    }
    if clock::packed(now.saturating_sub(KEPT))[..8] > *date {
        return Err(Why::NoBill);
    }
    // The ledger is asked while the changes are held, never the other way round.
    let rows = bills::rows(&shared.ledger, &shared.bill_changes(), date, fields.get("sub_mch_id"));
    let off = u64::from(trouble == Some(BillTrouble::WrongTotals));
    let found = match which {
        Download::Bill => {
            let kind = BillType::read(fields.get("bill_type")).ok_or(Why::BillType)?;
            bills::bill(&rows, kind, off)
        }
        // Nothing in this ledger moves through the other two accounts.
        Download::FundFlow if fields.get("account_type") != "Basic" => None,
        Download::FundFlow => bills::fund_flow(&rows, off),
    };
    found.ok_or(Why::NoBill)
}

fn check(which: Download, fields: &Fields, cn: Option<&str>) -> Result<(), Why> {
    let signed = match direct::digest(fields) {
        Digest::HmacSha256 => sign::hmac_sha256(fields.iter(), KEY),
        _ => sign::md5(fields.iter(), KEY),
    };
    let is_merchant = fields.get("mch_id") == MCH_ID && (cn == Some(MCH_ID) || !which.wants_certificate());
    if !is_merchant || signed != fields.get("sign") {
        return Err(Why::Sign);
    }
    let table = if which == Download::Bill { BILL } else { FUND_FLOW };
    tables::check(table, fields).map_err(|wrong| match wrong {
        Wrong::Missing(_) => Why::Missing,
        Wrong::IllFormed("bill_type") | Wrong::TooLong("bill_type") => Why::BillType,
        _ => Why::Format,
    })?;
    let is_date = clock::is_packed(&format!("{}000000", fields.get("bill_date")));
    if fields.get("appid") != APPID || !["", SUB_MCH_ID].contains(&fields.get("sub_mch_id")) || !is_date {
        return Err(Why::Format);
    }
    if !fields.get("tar_type").is_empty() {
        return Err(Why::Gzip);
    }
    Ok(())
}
