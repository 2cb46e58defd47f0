//! Fund flows, read in pieces (POS flows 7.1): counts and sums of both directions, free text, what is torn.

use wxpay_terminal::*;

use crate::support::*;

const HEADER: &str = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
const SUMS: &str = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

/// Written by hand, as the page's columns stand.
fn text() -> String {
    let rows = [
        "`2026-11-26 12:00:14,`4200002511202611260000000002,`1900000000000001,`交易,`交易,`收入,`101.00,`10101.00,`system,`结算总金额 101.00 元;含手续费 0.60 元,`V-1",
        "`2026-11-26 12:00:14,`4200002511202611260000000002,`1900000000000002,`扣除交易手续费,`扣除交易手续费,`支出,`0.60,`10100.40,`system,`,`V-2",
        "`2026-11-26 12:07:30,`50302611262026112600000000001,`1900000000000003,`退款,`退款,`支出,`33.33,`10067.07,`张三,店长,`退货,`大杯,`加冰,`V-3",
    ];
    format!("\u{FEFF}{HEADER}\r\n{}\r\n{SUMS}\r\n`3.0,`1.0,`101.00,`2.0,`33.93\r\n", rows.join("\r\n"))
}

type Row = (u32, bool, i64, Option<i64>, String);

fn read_in(bytes: &[u8], piece: usize) -> (Vec<Row>, Vec<u32>, Result<FlowTotals, BillFault>) {
    let mut reader = FundFlowReader::new();
    let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        reader.read(piece, &mut |line| match line {
            FlowLine::Row(row) => rows.push((
                row.line(),
                row.is_income(),
                row.amount().fen().unwrap(),
                row.balance().and_then(Yuan::fen),
                row.get(Column::Voucher).unwrap().to_owned(),
            )),
            FlowLine::Unreadable { line, .. } => unreadable.push(line),
        });
    }
    (rows, unreadable, reader.end())
}

fn read(text: &str) -> (Vec<Row>, Vec<u32>, Result<FlowTotals, BillFault>) {
    read_in(text.as_bytes(), text.len().max(1))
}

#[test]
fn counts_and_sums_of_both_directions() {
    let text = text();
    for piece in [1, 2, 3, 7, 64, text.len()] {
        let (rows, unreadable, end) = read_in(text.as_bytes(), piece);
        let totals = end.unwrap();
        assert_eq!((totals.rows, totals.unreadable), (3, 0));
        assert_eq!((totals.income.0, totals.income.1.fen()), (1, Some(10100)));
        assert_eq!((totals.outgo.0, totals.outgo.1.fen()), (2, Some(3393)));
        let right = [
            (2, true, 10100, Some(1_010_100), "V-1".into()),
            (3, false, 60, Some(1_010_040), "V-2".into()),
            (4, false, 3333, Some(1_006_707), "V-3".into()),
        ];
        assert_eq!((rows, unreadable), (right.into(), vec![]), "{piece}");
    }
}

/// Separators in the note and in the applicant's name move no column.
#[test]
fn free_text_moves_no_column() {
    for hostile in ["`,`,`,`,`", "a,`b,`c,`收入,`9.99,`", ",`", "`", ""] {
        let text = text().replacen("张三,店长", hostile, 1);
        let (rows, unreadable, end) = read(&text);
        end.unwrap_or_else(|fault| panic!("{hostile}: {fault}"));
        assert_eq!((rows[2].2, rows[2].4.as_str(), unreadable.len()), (3333, "V-3", 0), "{hostile}");
    }
}

/// Cut at every byte it is not whole, but where its last line lacks nothing but its end.
#[test]
fn one_that_is_cut_is_none() {
    let text = text();
    let whole = text.trim_end().len();
    for end in 0..text.len() {
        let said = read_in(&text.as_bytes()[..end], 512).2;
        assert_eq!(said.is_ok(), end >= whole, "cut at {end}: {said:?}");
    }
    let lines: Vec<&str> = text.lines().collect();
    for at in 0..lines.len() {
        let mut twice = lines.clone();
        twice.insert(at, lines[at]);
        assert!(read(&twice.join("\r\n")).2.is_err(), "line {at} twice");
    }
}

#[test]
fn a_wrong_sum_is_no_whole_one() {
    for (right, wrong) in [
        ("`3.0,`1.0", "`2.0,`1.0"),
        ("`1.0,`101.00", "`2.0,`101.00"),
        ("`101.00,`2.0", "`101.01,`2.0"),
        ("`2.0,`33.93", "`1.0,`33.93"),
        ("`33.93", "`33.92"),
        ("`33.93", "`33.93001"),
        ("`2.0,`33.93", "`2.0"),
    ] {
        let text = text();
        let (rows, last) = text.rsplit_once(SUMS).unwrap();
        let last = last.replacen(right, wrong, 1);
        assert_ne!(text, format!("{rows}{SUMS}{last}"), "{right}");
        let end = read(&format!("{rows}{SUMS}{last}")).2;
        assert!(matches!(end, Err(BillFault::Incomplete(_))), "{right} as {wrong}: {end:?}");
    }
    // Neither came nor went, or no money: nothing is summed up, and the text is not whole.
    for (right, wrong) in [("`收入,`101.00", "`转入,`101.00"), ("`收入,`101.00", "`收入,`much")] {
        let (_, unreadable, end) = read(&text().replacen(right, wrong, 1));
        assert_eq!((unreadable, end.is_err()), (vec![2], true), "{wrong}");
    }
    // One whose number is none is told, and counted.
    let (_, unreadable, end) = read(&text().replacen("`1900000000000001,", "`,", 1));
    assert_eq!((unreadable, end.unwrap().unreadable), (vec![2], 1));
}

/// Brackets of either width; what the gateway says instead; a bill is no fund flow, nor the other way round.
#[test]
fn what_is_one_and_what_is_none() {
    assert!(read(&text().replace("(元)", "（元）")).2.is_ok());
    for (code, fault) in [("NO_BILL_EXIST", BillFault::Empty), ("BILL_CREATING", BillFault::Creating)] {
        let said = reply(&[("return_code", "SUCCESS"), ("result_code", "FAIL"), ("err_code", code)]);
        assert_eq!(read(&said).2, Err(fault));
    }
    let failed = reply(&[
        ("return_code", "SUCCESS"),
        ("result_code", "FAIL"),
        ("err_code", "SYSTEMERROR"),
        ("err_code_des", "系统错误"),
    ]);
    assert_eq!(read(&failed).2, Err(BillFault::Refused("SYSTEMERROR 系统错误".into())));
    assert!(read_in(b"\x1F\x8B\x08", 1).2.is_err());
    let bill = crate::support::bills::bill(&[]);
    assert!(matches!(read(&bill).2, Err(BillFault::Incomplete(_))));
    let mut reader = BillReader::new();
    reader.read(text().as_bytes(), &mut |line| panic!("{line:?}"));
    assert!(matches!(reader.end(), Err(BillFault::Incomplete(_))));
}
