//! The rows of a bill, and how they are printed (docs: E.4; POS flows 7.1 to 7.3).

use crate::clock;
use crate::credentials::{APPID, MCH_ID};
use crate::record::Record;
use crate::refund::Refund;
use crate::wxpay::OPENID;

/// A row of a bill: of the ledger, or one that a test adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillRow {
    /// Seconds since 1970: the payment, the begin of the refund, the reversal.
    pub at: u64,
    /// 商户号.
    pub mch_id: String,
    /// 特约商户号; empty is printed as 0.
    pub sub_mch_id: String,
    /// 设备号.
    pub device_info: String,
    /// 微信订单号.
    pub transaction_id: String,
    /// 商户订单号.
    pub out_trade_no: String,
    /// 交易类型.
    pub trade_type: String,
    /// 交易状态: SUCCESS, REFUND or REVOKED.
    pub state: String,
    /// 订单金额 of a payment, in fen.
    pub total_fee: u64,
    /// 代金券金额: what the customer did not pay herself.
    pub coupon: u64,
    /// 微信退款单号.
    pub refund_id: String,
    /// 商户退款单号.
    pub out_refund_no: String,
    /// 申请退款金额, or what a reversal gave back.
    pub refund_fee: u64,
    /// 充值券退款金额.
    pub coupon_refund: u64,
    /// 商品名称.
    pub body: String,
    /// 商户数据包.
    pub attach: String,
}

/// The columns of `bill_type` ALL. SUCCESS lacks those of refunds; REFUND has two times more (POS flows 7.1: 27, 20, 29).
const COLUMNS: [&str; 29] = [
    "交易时间",
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    "交易状态",
    "付款银行",
    "货币种类",
    "应结订单金额",
    "代金券金额",
    "退款申请时间",
    "退款成功时间",
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款类型",
    "退款状态",
    "商品名称",
    "商户数据包",
    "手续费",
    "费率",
    "订单金额",
    "申请退款金额",
    "费率备注",
];
/// Those of refunds' times, of refunds alone, and 申请退款金额.
const TIMES: std::ops::Range<usize> = 14..16;
const OF_REFUNDS: std::ops::Range<usize> = 14..22;
const APPLIED: usize = 27;

/// `bill_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BillType {
    All,
    Success,
    Refund,
    RechargeRefund,
}

impl BillType {
    pub(crate) fn read(name: &str) -> Option<BillType> {
        Some(match name {
            // It may be left out (docs: E.2).
            "ALL" | "" => BillType::All,
            "SUCCESS" => BillType::Success,
            "REFUND" => BillType::Refund,
            "RECHARGE_REFUND" => BillType::RechargeRefund,
            _ => return None,
        })
    }

    pub(crate) fn has(self, row: &BillRow) -> bool {
        match self {
            BillType::All => true,
            BillType::Success => row.state == "SUCCESS",
            BillType::Refund => row.state == "REFUND",
            BillType::RechargeRefund => row.state == "REFUND" && row.coupon_refund > 0,
        }
    }

    fn prints(self, column: usize) -> bool {
        match self {
            BillType::All => !TIMES.contains(&column),
            BillType::Success => !OF_REFUNDS.contains(&column) && column != APPLIED,
            _ => true,
        }
    }

    pub(crate) fn header(self) -> String {
        let columns: Vec<&str> = (0..COLUMNS.len()).filter(|at| self.prints(*at)).map(|at| COLUMNS[at]).collect();
        columns.join(",")
    }
}

/// Fen as a bill prints them.
pub(crate) fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// 0.60% in whole fen, as the vector pos-bill-all-totals has it; a refund gives it back.
pub(crate) fn fee(fen: u64) -> u64 {
    (fen * 6 + 500) / 1000
}

impl BillRow {
    /// A payment that this merchant's ledger does not have: of another terminal, of another system.
    pub fn paid(at: u64, out_trade_no: &str, total_fee: u64) -> BillRow {
        BillRow {
            at,
            mch_id: MCH_ID.into(),
            sub_mch_id: String::new(),
            device_info: String::new(),
            transaction_id: format!("4200009{at:021}"),
            out_trade_no: out_trade_no.into(),
            trade_type: "JSAPI".into(),
            state: "SUCCESS".into(),
            total_fee,
            coupon: 0,
            refund_id: "0".into(),
            out_refund_no: "0".into(),
            refund_fee: 0,
            coupon_refund: 0,
            body: "小程序".into(),
            attach: String::new(),
        }
    }

    /// A refund of a payment.
    pub fn refunded(at: u64, out_trade_no: &str, out_refund_no: &str, refund_fee: u64) -> BillRow {
        BillRow {
            state: "REFUND".into(),
            refund_id: format!("5030009{at:021}"),
            out_refund_no: out_refund_no.into(),
            refund_fee,
            ..BillRow::paid(at, out_trade_no, 0)
        }
    }

    /// A payment that was reversed: under its own number, beside the row of the payment (POS flows 7.3).
    pub fn revoked(at: u64, out_trade_no: &str, fen: u64) -> BillRow {
        BillRow { state: "REVOKED".into(), out_refund_no: String::new(), ..Self::refunded(at, out_trade_no, "", fen) }
    }

    pub(crate) fn of_payment(record: &Record) -> BillRow {
        let (entry, content) = (&record.entry, &record.content);
        let trade_type = if record.is_micropay() { "MICROPAY" } else { content.get("trade_type") };
        BillRow {
            sub_mch_id: content.get("sub_mch_id").into(),
            device_info: content.get("device_info").into(),
            transaction_id: record.transaction_id(),
            trade_type: trade_type.into(),
            body: content.get("body").into(),
            attach: content.get("attach").into(),
            ..BillRow::paid(record.paid_at, &entry.order_number, entry.amount)
        }
    }

    pub(crate) fn of_refund(record: &Record, refund: &Refund) -> BillRow {
        let (at, entry) = (refund.made_at, &refund.entry);
        let row = BillRow::refunded(at, &entry.order_number, &entry.refund_number, entry.amount);
        BillRow { refund_id: refund.id.clone(), ..row.like(record) }
    }

    pub(crate) fn of_reversal(record: &Record, at: u64) -> BillRow {
        BillRow::revoked(at, &record.entry.order_number, record.entry.amount).like(record)
    }

    /// With what all rows of an order have in common.
    fn like(self, record: &Record) -> BillRow {
        let payment = BillRow::of_payment(record);
        BillRow {
            sub_mch_id: payment.sub_mch_id,
            device_info: payment.device_info,
            transaction_id: payment.transaction_id,
            trade_type: payment.trade_type,
            body: payment.body,
            attach: payment.attach,
            ..self
        }
    }

    pub(crate) fn date(&self) -> String {
        clock::packed(self.at)[..8].to_owned()
    }

    /// The fee in 1/100000 yuan.
    pub(crate) fn fee(&self) -> i64 {
        let fen = match self.state.as_str() {
            "REVOKED" => 0,
            "REFUND" => -(fee(self.refund_fee) as i64),
            _ => fee(self.settled()) as i64,
        };
        fen * 1000
    }

    /// Less coupons.
    pub(crate) fn settled(&self) -> u64 {
        self.total_fee.saturating_sub(self.coupon)
    }

    pub(crate) fn print(&self, kind: BillType) -> String {
        let time = clock::spelled(self.at);
        let sub_mch_id = if self.sub_mch_id.is_empty() { "0" } else { &self.sub_mch_id };
        let is_refund = self.state == "REFUND";
        // The state of a refund is that of its day, and is never brought up to date (POS flows 7.3).
        let (refund_type, refund_status) = match self.state.as_str() {
            "REFUND" => ("ORIGINAL", "PROCESSING"),
            "REVOKED" => ("ORIGINAL", "SUCCESS"),
            _ => ("", ""),
        };
        let applied_at = if is_refund { &time[..] } else { "" };
        let fee = self.fee();
        let fee = format!("{}{}.{:05}", if fee < 0 { "-" } else { "" }, fee.abs() / 100_000, fee.abs() % 100_000);
        let values: [&str; COLUMNS.len()] = [
            &time,
            APPID,
            &self.mch_id,
            sub_mch_id,
            &self.device_info,
            &self.transaction_id,
            &self.out_trade_no,
            OPENID,
            &self.trade_type,
            &self.state,
            "OTHERS",
            "CNY",
            &yuan(self.settled()),
            &yuan(self.coupon),
            applied_at,
            "",
            &self.refund_id,
            &self.out_refund_no,
            &yuan(self.refund_fee),
            &yuan(self.coupon_refund),
            refund_type,
            refund_status,
            &self.body,
            &self.attach,
            &fee,
            "0.60%",
            &yuan(self.total_fee),
            &yuan(self.refund_fee),
            "",
        ];
        let printed: Vec<&str> = (0..values.len()).filter(|at| kind.prints(*at)).map(|at| values[at]).collect();
        format!("`{}", printed.join(",`"))
    }
}
