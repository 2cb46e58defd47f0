//! Bills, read in pieces (POS flows 7.2, 7.3): the vector's sums, each documented form, what is torn, what is hostile.

use serde_json::Value;
use wxpay_terminal::*;

use crate::support::*;

fn vector() -> Value {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/vectors-pos.json")).unwrap();
    let list = vectors.as_array().or_else(|| vectors["vectors"].as_array()).unwrap();
    list.iter().find(|vector| vector["id"] == "pos-bill-all-totals").unwrap().clone()
}

fn text() -> String {
    vector()["text"].as_str().unwrap().into()
}

/// What is read of it: (line, number, state, in fen, product) of each row, and the end.
#[derive(Debug, Default)]
struct Read {
    rows: Vec<(u32, String, BillState, i64, String)>,
    unreadable: Vec<u32>,
}

fn read_in(bytes: &[u8], piece: usize) -> (Read, Result<BillTotals, BillFault>) {
    let mut reader = BillReader::new();
    let mut read = Read::default();
    for piece in bytes.chunks(piece) {
        reader.read(piece, &mut |line| match line {
            BillLine::Row(row) => {
                let fen = |column| row.yuan(column).and_then(Yuan::fen).unwrap_or_default();
                let fen = match row.state().unwrap() {
                    BillState::Success => {
                        fen(Column::TotalFee)
                            + fen(Column::SettlementTotal) * i64::from(row.get(Column::TotalFee).is_none())
                    }
                    BillState::Refund | BillState::Revoked => fen(Column::AppliedRefundFee),
                };
                let body = row.get(Column::Body).unwrap_or_default();
                read.rows.push((row.line(), row.out_trade_no().into(), row.state().unwrap(), fen, body.into()));
            }
            BillLine::Unreadable { line, .. } => read.unreadable.push(line),
        });
    }
    (read, reader.end())
}

fn read(text: &str) -> (Read, Result<BillTotals, BillFault>) {
    read_in(text.as_bytes(), text.len().max(1))
}

#[test]
fn the_vectors_sums() {
    let vector = vector();
    let expected = &vector["expected"];
    let text = text();
    for piece in [1, 2, 3, 7, 64, 1000, text.len()] {
        let (read, end) = read_in(text.as_bytes(), piece);
        let totals = end.unwrap();
        assert_eq!(u64::from(totals.rows), expected["rows"].as_u64().unwrap());
        for (name, column) in [
            ("settlement_total", Column::SettlementTotal),
            ("refund_total", Column::RefundFee),
            ("recharge_coupon_refund_total", Column::CouponRefund),
            ("fee_total", Column::Fee),
            ("order_total", Column::TotalFee),
            ("applied_refund_total", Column::AppliedRefundFee),
        ] {
            assert_eq!(totals.sum(column).get(), expected[name].as_i64().unwrap(), "{name}");
        }
        for (name, state) in
            [("SUCCESS", BillState::Success), ("REFUND", BillState::Refund), ("REVOKED", BillState::Revoked)]
        {
            let have = read.rows.iter().filter(|row| row.2 == state).count();
            assert_eq!(u64::try_from(have).unwrap(), expected["by_state"][name].as_u64().unwrap(), "{name}");
        }
        assert!(read.unreadable.is_empty());
    }
}

/// Separators in the product's name and in the merchant's data move no column.
#[test]
fn free_text_moves_no_column() {
    let (read, _) = read(&text());
    let (line, number, state, fen, body) = &read.rows[1];
    assert_eq!((*line, number.as_str(), *state, *fen), (3, "2026112600A78KQ2M0", BillState::Success, 10100));
    assert_eq!(body, "可乐,加冰,大杯");
    for hostile in ["`,`,`,`,`", "a,`b,`c,`SUCCESS,`9.99,`", ",`", "`", ""] {
        let text = text().replacen("天虹南山店-超市", hostile, 1);
        let (read, end) = read_in(text.as_bytes(), 5);
        end.unwrap_or_else(|fault| panic!("{hostile}: {fault}"));
        let (_, number, state, fen, _) = &read.rows[0];
        assert_eq!((number.as_str(), *state, *fen), ("2026112500A78KQ2KZ", BillState::Success, 888), "{hostile}");
    }
}

/// Cut at every byte it is not whole, but where its last line lacks nothing but its end.
#[test]
fn a_bill_that_is_cut_is_no_bill() {
    let text = text();
    let whole = text.trim_end().len();
    for end in 0..text.len() {
        let (_, said) = read_in(&text.as_bytes()[..end], 512);
        assert_eq!(said.is_ok(), end >= whole, "cut at {end}: {said:?}");
    }
    // A line less, a line twice, two lines exchanged with the last one, something behind it.
    let lines: Vec<&str> = text.lines().collect();
    for at in 0..lines.len() {
        let without: Vec<&str> =
            lines.iter().enumerate().filter(|(line, _)| *line != at).map(|(_, line)| *line).collect();
        assert!(read(&without.join("\r\n")).1.is_err(), "without line {at}");
        let mut twice = lines.clone();
        twice.insert(at, lines[at]);
        assert!(read(&twice.join("\r\n")).1.is_err(), "line {at} twice");
    }
    for more in ["`1.0,`0.00", "x", "`", "交易时间"] {
        assert!(read(&format!("{text}{more}\r\n")).1.is_err(), "{more} behind it");
    }
    assert!(read(&format!("{text}\r\n\r\n")).1.is_ok(), "blank lines say nothing");
    assert!(read(&text.replace("\r\n", "\n")).1.is_ok());
    assert!(read(text.trim_start_matches('\u{FEFF}')).1.is_ok());
}

/// Each sum, and the count, one off.
#[test]
fn a_wrong_sum_is_no_whole_bill() {
    for (right, wrong) in [
        ("`6.0,", "`5.0,"),
        ("`6.0,", "`6.5,"),
        ("`20108.89", "`20108.88"),
        ("`33.34,`0.0", "`33.35,`0.0"),
        ("`0.0,`120.45", "`0.1,`120.45"),
        ("`120.45", "`120.45001"),
        ("`20109.89", "`20109.9"),
        ("`20109.89,`33.34", "`20109.89,`-33.34"),
        ("`20109.89,`33.34", "`20109.89"),
        ("`20109.89,`33.34", "`20109.89,`33.34,`0"),
        ("`20109.89,`33.34", "`2.010989e4,`33.34"),
    ] {
        let text = text();
        let (rows, last) = text.rsplit_once("总交易单数").unwrap();
        let last = last.replacen(right, wrong, 1);
        assert!(text != format!("{rows}总交易单数{last}"), "{right}");
        let (_, end) = read(&format!("{rows}总交易单数{last}"));
        assert!(matches!(end, Err(BillFault::Incomplete(_))), "{right} as {wrong}: {end:?}");
    }
}

/// A row whose columns are not of their kinds is told with its line, and counted: nothing is guessed of it.
#[test]
fn an_unreadable_row_is_told() {
    for (right, wrong) in [
        ("`2026-11-26 00:00:00,", "`yesterday,"),
        ("`2026112500A78KQ2KZ,", "`,"),
        ("`2026112500A78KQ2KZ,", "`2026 1125,"),
        (
            "`1900000109,`0,`POS-0007,`4200002511202611260000000001",
            "`an account,`0,`POS-0007,`4200002511202611260000000001",
        ),
        ("`MICROPAY,`SUCCESS,`OTHERS,`CNY,`8.88", "`MICROPAY,`PERHAPS,`OTHERS,`CNY,`8.88"),
    ] {
        let text = text().replacen(right, wrong, 1);
        let (read, end) = read(&text);
        assert_eq!(read.unreadable, [2], "{wrong}");
        assert_eq!((read.rows.len(), end.unwrap().unreadable), (5, 1), "{wrong}");
    }
    // One whose sums cannot be read makes the bill no whole one.
    let (read, end) = read(&text().replacen("`0.05000", "`0.0500000", 1));
    assert_eq!(read.unreadable, [2]);
    assert!(end.is_err());
}

/// A line may be longer than what is kept of it: its ends are read, and it is told as unreadable; the bill is whole all the same.
#[test]
fn a_long_line_is_no_end() {
    for length in [8_000, 8_192, 8_193, 20_000, 300_000] {
        let text = text().replacen("天虹南山店-超市", &"长".repeat(length / 3), 1);
        for piece in [1, 100, 5_000, text.len()] {
            let (read, end) = read_in(text.as_bytes(), piece);
            let totals = end.unwrap_or_else(|fault| panic!("{length}, {piece}: {fault}"));
            let long = usize::from(length > 8_192 - 400);
            assert_eq!((read.unreadable.len(), totals.rows), (long, 6), "{length}, {piece}");
        }
    }
}

/// The older generation: 总金额 and 企业红包金额, sums by other names.
#[test]
fn the_old_form() {
    let header = "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额，\
                  企业红包金额,微信退款单号,商户退款单号,退款金额,企业红包退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率";
    let sums = "总交易单数,总交易额,总退款金额,总企业红包退款金额,手续费总金额";
    let row = "`2014-11-1016：33：45,`wx2421b1c4370ec43b,`10000100,`0,`1000,`1001690740201411100005734289,`1415640626,\
               `085e9858e3ba5186aafcbaed1,`MICROPAY,`SUCCESS,`CFT,`CNY,`0.01,`0.0,`0,`0,`0,`0,`,`,`被扫支付,测试,`订单额外描述,`0,`0.60%";
    let (read, end) = read(&format!("{header}\r\n{row}\r\n{sums}\r\n`1,`0.01,`0.0,`0.0,`0\r\n"));
    assert_eq!(end.unwrap().sum(Column::SettlementTotal).get(), 1000);
    assert_eq!(read.rows, [(2, "1415640626".into(), BillState::Success, 1, "被扫支付,测试".into())]);
}

/// What the gateway says instead of a bill.
#[test]
fn no_bill_and_why() {
    let failed =
        |code: &str, words: &str| reply(&[("return_code", "FAIL"), ("return_msg", words), ("error_code", code)]);
    for (text, fault) in [
        (failed("20002", "No Bill Exist"), BillFault::Empty),
        (failed("20002", "NO Bill Exist"), BillFault::Empty),
        (failed("20002", "Bill Creating"), BillFault::Creating),
        (failed("20001", "SIGN ERROR"), BillFault::Refused("20001 SIGN ERROR".into())),
        (
            reply(&[("return_code", "SUCCESS"), ("result_code", "FAIL"), ("err_code", "NO_BILL_EXIST")]),
            BillFault::Empty,
        ),
    ] {
        for piece in [1, 10, text.len()] {
            assert_eq!(read_in(text.as_bytes(), piece).1, Err(fault.clone()), "{text}");
        }
    }
    let compressed = read_in(b"\x1F\x8B\x08\x00rest\nof\nit", 3).1;
    assert_eq!(compressed == Err(BillFault::Compressed), cfg!(not(feature = "gzip")), "{compressed:?}");
    for text in ["", "<html>502</html>", "<xml>", "\u{FEFF}", "a,b,c\r\n", "\0\0\0"] {
        assert!(read(text).1.is_err(), "{text:?}");
    }
}

/// As the gateway sends it for `tar_type` GZIP; `gzip -9n` made it.
#[cfg(feature = "gzip")]
#[test]
fn a_compressed_bill() {
    let packed: &[u8] = include_bytes!("../../vectors/bill-all.gz");
    for piece in [1, 5, 100, packed.len()] {
        let (read, end) = read_in(packed, piece);
        assert_eq!((read.rows.len(), end.unwrap().rows), (6, 6));
        assert_eq!(read.rows[1].4, "可乐,加冰,大杯");
    }
    for end in 2..packed.len() {
        assert!(read_in(&packed[..end], 64).1.is_err(), "cut at {end}");
    }
}

/// Yuan of five decimals, without floats.
#[test]
fn yuan() {
    for (text, units) in [
        ("8.88", Some(888_000)),
        ("45.0", Some(4_500_000)),
        ("-0.20000", Some(-20_000)),
        ("0", Some(0)),
        ("20000.00", Some(2_000_000_000)),
        ("0.00001", Some(1)),
        ("0.000001", None),
        ("", None),
        ("-", None),
        (".5", None),
        ("5.", None),
        ("1e3", None),
        ("1,000.00", None),
        ("+1", None),
        ("１", None),
        ("92233720368547758.07", None),
    ] {
        assert_eq!(Yuan::read(text).map(Yuan::get), units, "{text}");
    }
    let fen = |text: &str| Yuan::read(text).unwrap().fen();
    assert_eq!([fen("8.88"), fen("-0.01"), fen("0.00500"), fen("3")], [Some(888), Some(-1), None, Some(300)]);
    assert_eq!(
        ["-0.20000", "8.88", "0.05001"].map(|text| Yuan::read(text).unwrap().to_string()),
        ["-0.20", "8.88", "0.05001"]
    );
}
