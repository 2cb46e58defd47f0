//! A merchant's bill of a day as the gateway prints it: bill_type ALL, 27 columns (POS flows 7.2). It shares no code with what reads it.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use crate::calendar::clock;

pub const MCH_ID: &str = "1900000109";
pub const APPID: &str = "wx8888888888888888";

const HEAD: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,\
                    代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const SUMMARY: &str = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

/// What free text holds: separators among it.
const GOODS: [&str; 6] = [
    "天虹南山店-超市",
    "可乐,加冰,大杯",
    "会员\"尊享\"套餐,`第2件半价",
    "图书《支付》，上册",
    "🍜 牛肉面\\小份",
    "停车费;A区",
];
const DATA: [&str; 5] = ["", "桌3,`靠窗", "seq=7&n=1,`,`x", "收银员:李,班次:晚", "`"];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    Success,
    Refund,
    Revoked,
}

/// What is wrong with an unreadable row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Spoilt {
    Time,
    State,
    Number,
    PartOfAFen,
    Long,
}

/// A row, before it is printed. Amounts in fen.
#[derive(Clone)]
pub struct Row {
    pub time: i64,
    pub state: State,
    /// 特约商户号: "0" but for a service provider's rows.
    pub sub_mch_id: &'static str,
    pub device: String,
    pub number: String,
    pub refund_number: String,
    pub fen: i64,
    pub coupon: i64,
    /// Makes transaction ids and picks the texts.
    pub serial: u64,
    pub spoilt: Option<Spoilt>,
}

/// A printed row, and what it adds to the totals, in 1/100000 yuan.
pub struct Printed {
    pub time: i64,
    pub line: String,
    sums: [i64; 6],
}

/// 1/100000 yuan in a fen.
const FEN: i64 = 1000;

impl Row {
    pub fn print(&self) -> Printed {
        let (order, settled, given_back) = match self.state {
            State::Success => (self.fen, self.fen - self.coupon, 0),
            State::Refund | State::Revoked => (0, 0, self.fen),
        };
        // 0.60 %, rounded to a fen. A refund gives it back; whether a reversal does is not documented.
        let fee = (self.fen * 6 + FEN / 2) / FEN * FEN;
        let fee = match self.state {
            State::Success => fee,
            State::Refund => -fee,
            State::Revoked => 0,
        };
        let part = if self.spoilt == Some(Spoilt::PartOfAFen) { FEN / 2 } else { 0 };
        let order = order * FEN + part;
        let sums = [settled * FEN, given_back * FEN, 0, fee, order, given_back * FEN];
        Printed { time: self.time, line: self.line(sums), sums }
    }

    fn line(&self, [settled, given_back, coupons_back, fee, order, asked]: [i64; 6]) -> String {
        let time = match self.spoilt {
            Some(Spoilt::Time) => "2026-11".into(),
            _ => clock(self.time),
        };
        let state = match (self.spoilt, self.state) {
            (Some(Spoilt::State), _) => "SETTLING",
            (_, State::Success) => "SUCCESS",
            (_, State::Refund) => "REFUND",
            (_, State::Revoked) => "REVOKED",
        };
        let number = if self.spoilt == Some(Spoilt::Number) { "" } else { &self.number };
        let (refund_id, kind, status) = match self.state {
            State::Success => ("0".into(), "", ""),
            State::Refund => (format!("5030{:024}", self.serial), "ORIGINAL", "PROCESSING"),
            State::Revoked => (format!("5031{:024}", self.serial), "ORIGINAL", "SUCCESS"),
        };
        let refund_number = if self.state == State::Success { "0" } else { &self.refund_number };
        let (goods, data) = (pick(&GOODS, self.serial), pick(&DATA, self.serial / 7));
        let long = if self.spoilt == Some(Spoilt::Long) { "字".repeat(3000) } else { String::new() };
        format!(
            "`{time},`{APPID},`{MCH_ID},`{sub},`{device},`4200{serial:024},`{number},`oUpF8u{serial:022x},`MICROPAY,`{state},`OTHERS,`CNY,`{settled},\
             `{coupon},`{refund_id},`{refund_number},`{given_back},`{coupons_back},`{kind},`{status},`{goods}{long},`{data},`{fee},`0.60%,`{order},\
             `{asked},`",
            sub = self.sub_mch_id,
            device = self.device,
            serial = self.serial,
            settled = yuan(settled),
            coupon = yuan(self.coupon * FEN),
            given_back = yuan(given_back),
            coupons_back = yuan(coupons_back),
            fee = decimals(fee, 5),
            order = yuan(order),
            asked = yuan(asked),
        )
    }
}

fn pick<'a>(texts: &[&'a str], at: u64) -> &'a str {
    // One row in four has texts that are awkward to read.
    let at = usize::try_from(at).unwrap_or(0);
    if at.is_multiple_of(4) { texts[at / 4 % texts.len()] } else { texts[0] }
}

/// Two decimals, or as many as it needs.
fn yuan(value: i64) -> String {
    decimals(value, if value % FEN == 0 { 2 } else { 5 })
}

fn decimals(value: i64, places: usize) -> String {
    let (sign, value) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    let after = format!("{:05}", value % 100_000);
    format!("{sign}{}.{}", value / 100_000, &after[..places])
}

/// Writes a day's bill: BOM, CRLF, rows by time, the totals.
pub fn write(path: &Path, rows: &mut [Printed]) -> io::Result<()> {
    rows.sort_by(|a, b| (a.time, &a.line).cmp(&(b.time, &b.line)));
    let mut sums = [0_i64; 6];
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    write!(out, "\u{feff}{HEAD}\r\n")?;
    for row in rows.iter() {
        write!(out, "{}\r\n", row.line)?;
        for (sum, part) in sums.iter_mut().zip(row.sums) {
            *sum += part;
        }
    }
    // As in samples: the count with a decimal, a sum of nothing with one.
    let printed = sums.map(|sum| if sum == 0 { "0.0".into() } else { yuan(sum) });
    write!(out, "{SUMMARY}\r\n`{}.0,`{}\r\n", rows.len(), printed.join(",`"))?;
    out.flush()
}
