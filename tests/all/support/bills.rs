//! Bills as the gateway prints them (POS flows 7.2), for tests: written from the page, and summed up here.

use std::fmt::Write;

use super::*;

pub const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,\
                          应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,\
                          手续费,费率,订单金额,申请退款金额,费率备注";
const SUMS: &str = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

/// A row that is to be printed.
#[derive(Clone, Debug)]
pub struct BillPrint {
    pub time: String,
    pub number: String,
    pub state: &'static str,
    pub refund: String,
    /// In fen: of the order, of what goes back.
    pub fen: (i64, i64),
    pub mch_id: String,
    pub sub_mch_id: String,
    pub product: String,
}

impl BillPrint {
    pub fn paid(number: &str, fen: i64) -> BillPrint {
        BillPrint {
            time: "2026-11-21 12:00:00".into(),
            number: number.into(),
            state: "SUCCESS",
            refund: "0".into(),
            fen: (fen, 0),
            mch_id: MCH_ID.into(),
            sub_mch_id: "0".into(),
            product: "可乐,加冰,`大杯".into(),
        }
    }

    pub fn reversed(number: &str, fen: i64) -> BillPrint {
        BillPrint { state: "REVOKED", refund: String::new(), fen: (0, fen), ..BillPrint::paid(number, 0) }
    }

    pub fn refunded(number: &str, refund: &str, fen: i64) -> BillPrint {
        BillPrint { state: "REFUND", refund: refund.into(), fen: (0, fen), ..BillPrint::paid(number, 0) }
    }
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// The whole bill.
pub fn bill(rows: &[BillPrint]) -> String {
    let mut text = format!("\u{FEFF}{HEADER}\r\n");
    let (mut of_orders, mut back) = (0, 0);
    for BillPrint { time, number, state, refund, fen, mch_id, sub_mch_id, product } in rows {
        let (order, refunded) = (yuan(fen.0), yuan(fen.1));
        (of_orders, back) = (of_orders + fen.0, back + fen.1);
        write!(
            text,
            "`{time},`{APPID},`{mch_id},`{sub_mch_id},`POS-0007,`4200002511202611260000000001,`{number},`openid,`MICROPAY,\
             `{state},`OTHERS,`CNY,`{order},`0.00,`50302611262026112600000000001,`{refund},`{refunded},`0.00,`ORIGINAL,`SUCCESS,\
             `{product},`,`0.00500,`0.60%,`{order},`{refunded},`\r\n"
        )
        .unwrap();
    }
    let fees = format!("{}.{:05}", rows.len() * 500 / 100_000, rows.len() * 500 % 100_000);
    let (orders, back) = (yuan(of_orders), yuan(back));
    write!(text, "{SUMS}\r\n`{}.0,`{orders},`{back},`0.0,`{fees},`{orders},`{back}\r\n", rows.len()).unwrap();
    text
}
