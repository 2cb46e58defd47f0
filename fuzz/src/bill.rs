//! Bills and fund flows. Held against a reader of its own, written from POS flows 7.2: what is called whole has as many rows and the same sums
//! as its last line says, however it was cut, in whatever pieces it came. What the generator prints is whole, row by row. A day's books are
//! concluded only over a whole bill.

use wxpay_terminal::{BillFault, BillLine, BillReader, BillTotals, Bills, ChinaTime, Column, FundFlowReader};

use crate::support::memory_journal::MemoryJournal;
use crate::support::{APPID, Canned, FixedClock, MCH_ID, NOW, inputs, key, terminal};
use crate::tape::Tape;

/// An input that begins with it drives the printer.
const PRINTED: u8 = 1;

/// How the sums of the last line are called, and which column each is of (POS flows 7.1, 7.2). The first counts the rows.
const SUMS: [(&str, Column, &str); 6] = [
    ("应结订单总金额", Column::SettlementTotal, "应结订单金额"),
    ("退款总金额", Column::RefundFee, "退款金额"),
    ("充值券退款总金额", Column::CouponRefund, "充值券退款金额"),
    ("手续费总金额", Column::Fee, "手续费"),
    ("订单总金额", Column::TotalFee, "订单金额"),
    ("申请退款总金额", Column::AppliedRefundFee, "申请退款金额"),
];
const COUNT: &str = "总交易单数";
const COLUMNS: [&str; 27] = [
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
/// The columns of free text: what stands before them is counted from the left, what stands behind them from the right.
const FREE: [&str; 2] = ["商品名称", "商户数据包"];

pub fn run(data: &[u8]) -> String {
    if let Some((&PRINTED, rest)) = data.split_first() {
        return printed(&mut Tape::new(rest));
    }
    read(data)
}

/// The same in one piece, byte by byte, and in uneven pieces.
fn read(data: &[u8]) -> String {
    let (whole, told) = in_pieces(data, data.len().max(1));
    for size in [1, 7, 4096] {
        assert_eq!(in_pieces(data, size), (whole.clone(), told.clone()), "in pieces of {size}");
    }
    if let Ok(totals) = &whole {
        agrees(data, totals);
    }
    // The gateway's word that there is none is whole, too.
    let is_none = whole.as_ref().is_err_and(|why| *why == BillFault::Empty.to_string());
    concludes(data, whole.is_ok() || is_none);
    format!("{told}; {whole:?}; {}", flow(data))
}

fn in_pieces(data: &[u8], size: usize) -> (Result<BillTotals, String>, String) {
    let mut reader = BillReader::new();
    let mut told = String::new();
    for piece in data.chunks(size) {
        reader.read(piece, &mut |line| {
            if told.len() < 100_000 {
                told.push_str(&format!("{line:?};"));
            }
        });
    }
    (reader.end().map_err(|fault| fault.to_string()), told)
}

fn flow(data: &[u8]) -> String {
    let (mut reader, mut rows) = (FundFlowReader::new(), 0);
    reader.read(data, &mut |_| rows += 1);
    let end = reader.end();
    if let Ok(totals) = &end {
        assert_eq!(totals.rows, rows, "rows of a fund flow");
        let sides = totals.income.0 + totals.outgo.0;
        assert!(totals.unreadable > 0 || sides == totals.rows, "{totals:?}");
    }
    format!("{end:?}")
}

/// The books of the day tell nothing final of a bill that is not whole.
fn concludes(data: &[u8], is_whole: bool) {
    let (journal, canned) = (MemoryJournal::default(), Canned::default());
    let account = wxpay_terminal::WxpayAccount::new(MCH_ID, APPID, key()).expect("an account");
    let client = wxpay_terminal::Client::with_inputs(account, terminal(), inputs(&canned)).expect("a client");
    let clock = Box::new(FixedClock(NOW));
    let till =
        wxpay_terminal::Till::with_inputs(Box::new(journal), clock, Box::new(wxpay_terminal::SystemPause)).with(client);
    let mut source = data;
    let bills = Bills { of_day: &mut source, of_next_day: None };
    let day = ChinaTime::from_unix(NOW).expect("a day");
    let mut findings = 0;
    let done = till.reconcile(day, bills, &mut |finding| {
        findings += 1;
        assert!(!finding.zh().is_empty() && !finding.en().is_empty());
    });
    if let Ok(done) = done {
        assert!(is_whole, "concluded over a bill that is not whole: {done:?}");
        assert_eq!(done.findings, findings);
    }
    assert!(canned.sent().is_empty(), "the books sent something");
}

/// Counts and sums again. What this reader does not understand (columns that it does not know, lines longer than 8 KiB) it leaves out.
fn agrees(data: &[u8], totals: &BillTotals) {
    // Compressed: the inflater has tests of its own.
    if data.starts_with(b"\x1F\x8B") {
        return;
    }
    let data = data.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(data);
    let mut lines = data.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let header = String::from_utf8(lines.next().unwrap_or_default().to_vec()).expect("a header is text");
    let columns = names(&header);
    let rows: Vec<&[u8]> = lines.clone().take_while(|line| line.first() == Some(&b'`')).collect();
    let mut after = lines.skip(rows.len());
    let sums = String::from_utf8(after.next().unwrap_or_default().to_vec()).expect("a header is text");
    let last = String::from_utf8(after.next().unwrap_or_default().to_vec()).expect("a last line is text");
    assert!(after.all(<[u8]>::is_empty), "something follows the last line");
    let last = last.strip_prefix('`').expect("a back-tick before the last line");
    let values: Vec<i128> = last.split(",`").map(|value| decimal(value).expect("a sum")).collect();
    let named = names(&sums);
    assert_eq!(named.len(), values.len(), "{sums}: {last}");
    assert_eq!(totals.rows as usize, rows.len());
    for (name, value) in named.iter().zip(&values) {
        if name == COUNT {
            assert_eq!(*value, rows.len() as i128 * 100_000, "the number of rows");
            continue;
        }
        let Some((_, column, of)) = SUMS.iter().find(|(sum, ..)| sum == name) else { continue };
        if rows.iter().any(|row| row.len() > 8_000) {
            continue;
        }
        let Some(sum) = columns.iter().position(|column| column == of).map(|at| sum(&rows, &columns, at)) else {
            continue;
        };
        // A row that is unreadable is told as that, and counts nothing.
        assert!(totals.unreadable > 0 || sum == Some(*value), "{name} of {} rows: {sum:?}, {value}", rows.len());
        assert_eq!(i128::from(totals.sum(*column).get()), *value, "{name}");
    }
}

fn names(header: &str) -> Vec<String> {
    let bare =
        |name: &str| name.split(['(', '（']).next().unwrap_or_default().trim().trim_start_matches('`').to_owned();
    header.split([',', '，']).map(bare).collect()
}

/// The sum of a column over all rows. `None`: a row in which it cannot be told.
fn sum(rows: &[&[u8]], columns: &[String], at: usize) -> Option<i128> {
    let free = |name: &str| columns.iter().position(|column| column == name);
    let first_free = FREE.iter().filter_map(|name| free(name)).min().unwrap_or(columns.len());
    let mut sum = 0;
    for row in rows {
        let row = row.strip_prefix(b"`")?;
        let mut fields: Vec<&[u8]> = Vec::new();
        let mut rest = row;
        while let Some(end) = rest.windows(2).position(|two| two == b",`") {
            fields.push(&rest[..end]);
            rest = &rest[end + 2..];
        }
        fields.push(rest);
        let place = match at < first_free {
            true => at,
            false => fields.len().checked_sub(columns.len() - at)?,
        };
        sum += decimal(std::str::from_utf8(fields.get(place)?).ok()?)?;
    }
    Some(sum)
}

/// In 1/100000: a sign, digits, at most five decimals.
fn decimal(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if !all(whole) || !all(part) || part.len() > 5 {
        return None;
    }
    let padded = format!("{part:0<5}");
    Some(sign * (whole.parse::<i128>().ok()?.checked_mul(100_000)? + padded.parse::<i128>().ok()?))
}

/// Prints a bill, and does something to it.
fn printed(tape: &mut Tape<'_>) -> String {
    let end = tape.pick(&["\r\n", "\n"]);
    let damage = tape.below(8);
    let (place, other) = (tape.number() as usize, tape.byte());
    let mut text = format!("{}{}{end}", tape.pick(&["\u{FEFF}", ""]), COLUMNS.join(","));
    let mut sums = [0_i128; 6];
    let mut rows: Vec<(String, i128)> = Vec::new();
    while !tape.is_over() && rows.len() < 24 {
        let number = format!("20261121{:010}", tape.number());
        let (order, back) =
            if tape.flag() { (i128::from(tape.number() >> 8), 0) } else { (0, i128::from(tape.number() >> 8)) };
        let fee = i128::from(tape.number() >> 12);
        // In fen, and the fee in 1/100000 yuan.
        for (at, value) in [order * 1000, back * 1000, 0, fee, order * 1000, back * 1000].into_iter().enumerate() {
            sums[at] += value;
        }
        let state = if back > 0 { "REFUND" } else { "SUCCESS" };
        let (product, attach) = (free(tape), free(tape));
        let (order_text, back_text) = (yuan(order * 1000), yuan(back * 1000));
        let refund = if back > 0 { "R1" } else { "0" };
        text.push_str(&format!(
            "`2026-11-21 12:00:00,`{APPID},`{MCH_ID},`0,`POS-7,`4200002511202611260000000001,`{number},`openid,`MICROPAY,`{state},\
             `OTHERS,`CNY,`{order_text},`0.00,`0,`{refund},`{back_text},`0.00,`,`,`{product},`{attach},`{},`0.60%,`{order_text},\
             `{back_text},`{end}",
            yuan(fee)
        ));
        rows.push((number, order));
    }
    let whole_rows = text.len();
    let values: Vec<String> = sums.iter().map(|sum| format!("`{}", yuan(*sum))).collect();
    let mut header = vec![COUNT];
    header.extend(SUMS.iter().map(|(name, ..)| *name));
    text.push_str(&format!("{}{end}`{}.0,{}{end}", header.join(","), rows.len(), values.join(",")));
    let mut bytes = text.into_bytes();
    match damage {
        0 => bytes.truncate(place % (bytes.len() + 1)),
        1 => {
            let at = place % bytes.len();
            bytes[at] = other;
        }
        2 => {
            bytes.remove(place % bytes.len());
        }
        // A row goes, or is there twice.
        3 | 4 if !rows.is_empty() => {
            let starts: Vec<usize> = (1..whole_rows).filter(|at| bytes[at - 1] == b'\n').collect();
            let from = starts[place % starts.len()];
            let length = bytes[from..].iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let row = bytes[from..from + length].to_vec();
            if damage == 3 {
                drop(bytes.drain(from..from + length));
            } else {
                bytes.splice(from..from, row);
            }
        }
        _ => is_told(&bytes, &rows),
    }
    read(&bytes)
}

/// An undamaged bill is whole, and each row of it is told.
fn is_told(bytes: &[u8], rows: &[(String, i128)]) {
    let (mut reader, mut told) = (BillReader::new(), Vec::new());
    reader.read(bytes, &mut |line| match line {
        BillLine::Row(row) => {
            let total = row.yuan(Column::TotalFee).map_or(-1, |yuan| i128::from(yuan.get()) / 1000);
            told.push((row.out_trade_no().to_owned(), total));
        }
        BillLine::Unreadable { line, .. } => panic!("line {line} is unreadable\n{}", String::from_utf8_lossy(bytes)),
    });
    let totals = reader.end().unwrap_or_else(|fault| panic!("{fault}\n{}", String::from_utf8_lossy(bytes)));
    assert_eq!((told.as_slice(), totals.rows as usize), (rows, rows.len()));
}

/// Free text, with whatever separates columns in it, and no line end.
fn free(tape: &mut Tape<'_>) -> String {
    tape.text(20).chars().filter(|c| *c != '\n' && *c != '\r').collect()
}

fn yuan(value: i128) -> String {
    format!("{}.{:05}", value / 100_000, value % 100_000)
}
