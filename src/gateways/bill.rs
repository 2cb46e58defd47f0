//! Bills (对账单) and the fund flow (资金账单) of WeChat Pay's own gateway: what the merchant's books are laid beside.
//!
//! Documents: protocol E.2, E.4; POS flows 7.1, 13, 14. Both only ask. What comes back is text without a signature, read by
//! [`BillReader`](crate::BillReader).

use super::rows::{given, shown};
use super::wxpay::{APPID, CALL, MCH_ID, NONCE_STR, SIGN_TYPE, SIGNATURE, SUB_APPID, SUB_MCH_ID};
use crate::clock::ChinaTime;
use crate::endpoint::{Digest, Due, Endpoint, Field, KeyName, Kind, Over, ReplyTable, Required, Step};
use crate::gateways::account::WxpayAccount;
use crate::gateways::request::{Download, download};
use crate::wire::fields::Fields;

const BILL_DATE: Field = shown(given("bill_date", "对账单日期", Required::Yes, Kind::Digits, 8));
const TAR_TYPE: Field = shown(given("tar_type", "压缩账单", Required::No, Kind::OneOf(&["GZIP"]), 8));

/// `downloadbill`.
pub const DOWNLOAD_BILL: Endpoint = Endpoint {
    name: "downloadbill",
    path: "/pay/downloadbill",
    order_number: "",
    fields: &[
        APPID,
        SUB_APPID,
        MCH_ID,
        SUB_MCH_ID,
        NONCE_STR,
        SIGNATURE,
        SIGN_TYPE,
        BILL_DATE,
        shown(given(
            "bill_type",
            "账单类型",
            Required::Yes,
            Kind::OneOf(&["ALL", "SUCCESS", "REFUND", "RECHARGE_REFUND"]),
            16,
        )),
        TAR_TYPE,
    ],
    ..ASKS
};

/// `downloadfundflow`. It is signed with HMAC-SHA256, whatever the account signs with, and needs the client certificate.
pub const DOWNLOAD_FUND_FLOW: Endpoint = Endpoint {
    name: "downloadfundflow",
    path: "/pay/downloadfundflow",
    client_certificate: true,
    fields: &[
        APPID,
        MCH_ID,
        NONCE_STR,
        SIGNATURE,
        shown(given("sign_type", "签名类型", Required::Yes, Kind::OneOf(&["HMAC-SHA256"]), 32)),
        BILL_DATE,
        shown(given("account_type", "资金账户类型", Required::Yes, Kind::OneOf(&["Basic", "Operation", "Fees"]), 16)),
        TAR_TYPE,
    ],
    signing: &[Step {
        output: "sign",
        over: Over::All,
        digest: Some(Digest::HmacSha256),
        key: KeyName::Api,
        suffix: Some("&key="),
    }],
    ..ASKS
};

/// What both have in common. Their success is no XML; a failure is, and is read by the bill's reader.
const ASKS: Endpoint = Endpoint {
    asks: true,
    order_number: "",
    reply: ReplyTable { signature: Due::IfPresent, echo: &[], must_have: &[], ..CALL.reply },
    document: "protocol E.2, E.4; POS flows 7.1",
    ..CALL
};

/// Which rows a bill has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BillType {
    /// All of them: what books are laid beside.
    #[default]
    All,
    /// Payments.
    Success,
    /// Refunds.
    Refund,
    /// Refunds of topped-up coupons.
    RechargeRefund,
}

/// The merchant's bill of a day, for [`Client::download`](crate::Client::download). Of the last three months; yesterday's from 9:00, better
/// from 10:00 (GMT+8).
///
/// Document: protocol E.2, E.4; POS flows 7.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DownloadBill {
    /// 对账单日期: any time of that day, in China.
    pub day: ChinaTime,
    /// 账单类型.
    pub bill_type: BillType,
}

impl DownloadBill {
    /// All rows of a day.
    pub const fn of(day: ChinaTime) -> DownloadBill {
        DownloadBill { day, bill_type: BillType::All }
    }
}

#[cfg(feature = "gzip")]
impl DownloadBill {
    /// Asks for it compressed (`tar_type` GZIP): about a sixth of the bytes, for lines that are dear. What comes is gzip:
    /// [`BillReader`](crate::BillReader) and [`Till::reconcile`](crate::Till::reconcile) read it as it is.
    pub const fn gzip(self) -> GzipBill {
        GzipBill(self)
    }
}

/// [`DownloadBill::gzip`].
#[cfg(feature = "gzip")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GzipBill(DownloadBill);

#[cfg(feature = "gzip")]
download!(GzipBill);

#[cfg(feature = "gzip")]
impl Download for GzipBill {
    type Account = WxpayAccount;
    const ENDPOINT: &'static Endpoint = &DOWNLOAD_BILL;

    fn fields(&self, out: &mut Fields) {
        self.0.fields(out);
        out.text("tar_type", "GZIP");
    }
}

download!(DownloadBill);

impl Download for DownloadBill {
    type Account = WxpayAccount;
    const ENDPOINT: &'static Endpoint = &DOWNLOAD_BILL;

    fn fields(&self, out: &mut Fields) {
        out.text("bill_date", &self.day.date_digits());
        out.text(
            "bill_type",
            match self.bill_type {
                BillType::All => "ALL",
                BillType::Success => "SUCCESS",
                BillType::Refund => "REFUND",
                BillType::RechargeRefund => "RECHARGE_REFUND",
            },
        );
    }
}

/// Whose flow of funds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FundAccount {
    /// 基本账户.
    #[default]
    Basic,
    /// 运营账户.
    Operation,
    /// 手续费账户.
    Fees,
}

/// The flow of funds of a day, for [`Client::download`](crate::Client::download). Since 2017-06-01.
///
/// Document: POS flows 7.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DownloadFundFlow {
    /// 资金账单日期: any time of that day, in China.
    pub day: ChinaTime,
    /// 资金账户类型.
    pub account_type: FundAccount,
}

download!(DownloadFundFlow);

impl Download for DownloadFundFlow {
    type Account = WxpayAccount;
    const ENDPOINT: &'static Endpoint = &DOWNLOAD_FUND_FLOW;

    fn fields(&self, out: &mut Fields) {
        out.text("sign_type", "HMAC-SHA256");
        out.text("bill_date", &self.day.date_digits());
        out.text(
            "account_type",
            match self.account_type {
                FundAccount::Basic => "Basic",
                FundAccount::Operation => "Operation",
                FundAccount::Fees => "Fees",
            },
        );
    }
}
