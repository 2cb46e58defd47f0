//! The bills and the fund flow of a day, out of the ledger, by its own clock (docs: E.4; POS flows 7).

use std::fmt::Write as _;

use openssl::sha::sha1;

use crate::bill_row::{BillRow, BillType, fee, yuan};
use crate::gateway::Gateway;
use crate::ledger::Ledger;

/// What befalls the next download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BillTrouble {
    /// So many bytes of the text come, then TCP is closed; Content-Length is that of the whole.
    CutAt(usize),
    /// So many bytes of the text come, and Content-Length says so; the Digest is that of the whole.
    ShortenedTo(usize),
    /// The last line disagrees with the rows by one fen.
    WrongTotals,
    /// The header Digest of the fund flow is another text's.
    WrongDigest,
    /// The fund flow comes without its header Digest.
    NoDigest,
    /// HTTP 502 with a page.
    BadGateway,
    /// One byte per 100 ms.
    Slow,
    /// `Bill Creating`, or BILL_CREATING, whatever the time.
    Creating,
    /// `No Bill Exist`, or NO_BILL_EXIST, whatever the ledger has.
    NoBill,
    /// The gateway says that the signature is wrong.
    SignError,
}

/// What a test changes in bills: the ledger stays.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    rows: Vec<BillRow>,
    left_out: Vec<String>,
    amounts: Vec<(String, u64)>,
    troubles: Vec<BillTrouble>,
}

impl Changes {
    pub(crate) fn add(&mut self, row: BillRow) {
        self.rows.push(row);
    }

    pub(crate) fn leave_out(&mut self, number: &str) {
        self.left_out.push(number.into());
    }

    pub(crate) fn say(&mut self, number: &str, fen: u64) {
        self.amounts.push((number.into(), fen));
    }

    pub(crate) fn trouble(&mut self, trouble: BillTrouble) {
        self.troubles.push(trouble);
    }

    pub(crate) fn clear(&mut self) {
        *self = Changes::default();
    }

    pub(crate) fn next_trouble(&mut self) -> Option<BillTrouble> {
        (!self.troubles.is_empty()).then(|| self.troubles.remove(0))
    }

    fn apply(&self, mut rows: Vec<BillRow>) -> Vec<BillRow> {
        rows.extend(self.rows.iter().cloned());
        // A refund goes by its own number.
        let number = |row: &BillRow| match row.state.as_str() {
            "REFUND" => row.out_refund_no.clone(),
            _ => row.out_trade_no.clone(),
        };
        rows.retain(|row| !self.left_out.contains(&number(row)));
        for row in &mut rows {
            let own = number(row);
            let Some((_, fen)) = self.amounts.iter().find(|(number, _)| *number == own) else { continue };
            match row.state.as_str() {
                "SUCCESS" => row.total_fee = *fen,
                _ => row.refund_fee = *fen,
            }
        }
        rows
    }
}

/// The rows of a day, in the order of their times.
pub(crate) fn rows(ledger: &Ledger, changes: &Changes, date: &str, sub_mch_id: &str) -> Vec<BillRow> {
    let mut rows = Vec::new();
    ledger.book(|book| {
        for record in book.records.iter().filter(|record| record.entry.gateway == Gateway::Wxpay.name()) {
            // Unpaid orders are in no bill, whatever became of them.
            if record.entry.charges > 0 {
                rows.push(BillRow::of_payment(record));
            }
            rows.extend(record.reversed_at().map(|at| BillRow::of_reversal(record, at)));
            rows.extend(record.refunds.iter().map(|refund| BillRow::of_refund(record, refund)));
        }
    });
    let mut rows = changes.apply(rows);
    rows.retain(|row| row.date() == date && (sub_mch_id.is_empty() || row.sub_mch_id == sub_mch_id));
    rows.sort_by_key(|row| row.at);
    rows
}

/// The text of a bill. `off`: by so many fen its last line is wrong.
pub(crate) fn bill(rows: &[BillRow], kind: BillType, off: u64) -> Option<String> {
    let rows: Vec<&BillRow> = rows.iter().filter(|row| kind.has(row)).collect();
    if rows.is_empty() {
        return None;
    }
    let mut text = format!("\u{FEFF}{}\r\n", kind.header());
    for row in &rows {
        text.push_str(&row.print(kind));
        text.push_str("\r\n");
    }
    let sum = |of: fn(&BillRow) -> u64| rows.iter().map(|row| of(row)).sum::<u64>();
    let (orders, back) = (sum(|row| row.total_fee) + off, sum(|row| row.refund_fee));
    let coupons = match sum(|row| row.coupon_refund) {
        0 => "0.0".to_owned(),
        fen => yuan(fen),
    };
    let fees = rows.iter().map(|row| row.fee()).sum::<i64>() / 1000;
    let fees = format!("{}{}", if fees < 0 { "-" } else { "" }, yuan(fees.unsigned_abs()));
    let _ = write!(
        text,
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n\
         `{}.0,`{},`{},`{coupons},`{fees},`{},`{}\r\n",
        rows.len(),
        yuan(sum(BillRow::settled)),
        yuan(back),
        yuan(orders),
        yuan(back),
    );
    // What a bill of payments alone has no columns for is zero there.
    Some(text)
}

/// The text of the fund flow of the basic account.
pub(crate) fn fund_flow(rows: &[BillRow], off: u64) -> Option<String> {
    if rows.is_empty() {
        return None;
    }
    let mut flow = Flow { text: "\u{FEFF}".to_owned(), balance: 1_000_000, ..Flow::default() };
    flow.text.push_str(
        "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),\
         资金变更提交申请人,备注,业务凭证号\r\n",
    );
    for row in rows {
        let (id, fen) = (&row.transaction_id, row.settled());
        let by = if row.device_info.is_empty() { "API" } else { &row.device_info };
        match row.state.as_str() {
            "SUCCESS" => {
                let note = format!("结算总金额 {} 元;含手续费 {} 元,`{}", yuan(fen), yuan(fee(fen)), row.body);
                flow.enter(row, (id, "交易", true, fen), ("system", &note));
                flow.enter(row, (id, "扣除交易手续费", false, fee(fen)), ("system", ""));
            }
            _ => {
                let note = format!("退款总金额{}元;含手续费{}元", yuan(row.refund_fee), yuan(fee(row.refund_fee)));
                flow.enter(row, (&row.refund_id, "退款", false, row.refund_fee), (by, &note));
            }
        }
    }
    let Flow { mut text, came: (in_count, in_sum), went: (out_count, out_sum), .. } = flow;
    let _ = write!(
        text,
        "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`{}.0,`{in_count}.0,`{},`{out_count}.0,`{}\r\n",
        in_count + out_count,
        yuan(in_sum + off),
        yuan(out_sum),
    );
    Some(text)
}

#[derive(Default)]
struct Flow {
    text: String,
    /// In fen; what was there before is nobody's concern.
    balance: u64,
    came: (u64, u64),
    went: (u64, u64),
}

impl Flow {
    fn enter(&mut self, row: &BillRow, (id, name, comes, fen): (&str, &str, bool, u64), (by, note): (&str, &str)) {
        if fen == 0 {
            return;
        }
        let (side, word) = if comes { (&mut self.came, "收入") } else { (&mut self.went, "支出") };
        *side = (side.0 + 1, side.1 + fen);
        self.balance = if comes { self.balance + fen } else { self.balance.saturating_sub(fen) };
        let serial = self.came.0 + self.went.0;
        let _ = write!(
            self.text,
            "`{},`{id},`1900{serial:012},`{name},`{name},`{word},`{},`{},`{by},`{note},`{id}\r\n",
            crate::clock::spelled(row.at),
            yuan(fen),
            yuan(self.balance),
        );
    }
}

/// `SHA=…`, as the header Digest has it (POS flows 7.1).
pub(crate) fn digest(text: &[u8]) -> String {
    let hex: Vec<String> = sha1(text).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("SHA={}", hex.concat())
}
