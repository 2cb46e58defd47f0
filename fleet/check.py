"""Reads two bills with the SQL, and compares with what is known of them: the vector of a bill of 27 columns, and one in the older form of 24
columns. Called by ci/fleet, in its venv."""

import json
import os
import pathlib
import sqlite3
import tempfile

from find import HERE, duckdb_engine, statements

DAYS = ("2026-11-21", "2026-11-22")
# Columns of the older form; the amounts are invented: 12.30 paid, 2.30 of it given back, fees of 0.6 %.
OLDER = (
    "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,企业红包金额,微信退款单号,"
    "商户退款单号,退款金额，企业红包退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率\n"
    "`2014-11-1016：33：45,`wx8888888888888888,`1900000109,`0,`,`1001690740201411100005734289,`1415640626,`oUpF8,`MICROPAY,`SUCCESS,`CMB_DEBIT,`CNY,"
    "`12.30,`0.00,`0,`0,`0.00,`0.00,`,`,`茶,`两杯,`x,`,`0.07000,`0.60%\n"
    "`2014-11-10 16:46:14,`wx8888888888888888,`1900000109,`0,`,`1001690740201411100005734289,`1415640626,`oUpF8,`MICROPAY,`REFUND,`CMB_DEBIT,`CNY,"
    "`0.00,`0.00,`2008450740201411110000174436,`R1415701182,`2.30,`0.00,`ORIGINAL,`SUCCESS,`茶,`,`-0.01000,`0.60%\n"
    "总交易单数,总交易额,总退款金额,总企业红包退款金额,手续费总金额\n`2.0,`12.30,`2.30,`0.0,`0.06000"
)


def main():
    vectors = json.loads((HERE.parent / "tests" / "vectors" / "vectors-pos.json").read_text(encoding="utf-8"))
    vector = next(one for one in vectors["vectors"] if one["id"] == "pos-bill-all-totals")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name in ("bills", "journals"):
            pathlib.Path(name).mkdir()
        for day, text in zip(DAYS, (vector["text"], OLDER)):
            pathlib.Path("bills", f"{day}.csv").write_bytes(text.encode("utf-8"))
        run, rows = duckdb_engine("1GB")
        # One journal, in the library's schema: a sale that was given back before the till saw it paid, and one that is open and was reversed.
        # Both are as they should be (POS flows 20.1, 7.5).
        journal = sqlite3.connect("journals/1.db")
        for step in (1, 2, 3, 4):
            journal.executescript((HERE.parent / "src" / "journal" / f"schema_{step}.sql").read_text(encoding="utf-8"))
        journal.execute("INSERT INTO journal (one, terminal) VALUES (1, 1)")
        account = "wxpay https://api.mch.weixin.qq.com 1900000109 wx8888888888888888"
        entry = ("INSERT INTO entries (account, call, intent, order_number, fen, begun_at, attempts, last_attempt_at, state, settled_at, code, text, "
                 "next) VALUES (?, 'micropay', ?, ?, ?, 1795665600, 1, 1795665600, ?, ?, ?, ?, ?)")
        given_back = ("2026112600A78KQ2M0", 10100, "declined", 1795665700, "REFUNDED", "refunded", "new number")
        reversed_open = ("2026112600A78KQ2MB", 1, "open", None, None, None, None)
        for row in (given_back, reversed_open):
            journal.execute(entry, (account, row[0], *row))
        journal.commit()
        journal.close()
        for statement in statements("duckdb.sql") + statements("findings.sql"):
            run(statement)
        faults = rows("SELECT day, fault FROM bill_faults")
        assert not faults, faults
        findings = rows("SELECT kind, number FROM findings")
        assert not findings, findings
        expected = vector["expected"]
        found = rows("SELECT many, settled, given_back, coupons_back, fee, ordered, asked_back FROM summed ORDER BY day")
        sums = ("rows", "settlement_total", "refund_total", "recharge_coupon_refund_total", "fee_total", "order_total", "applied_refund_total")
        assert found[0] == tuple(expected[name] for name in sums), found[0]
        assert found[1] == (2, 1230000, 230000, 0, 6000, 1230000, 230000), found[1]
        states = dict(rows(f"SELECT state, count(*) FROM bill_rows WHERE is_readable AND day = '{DAYS[0]}' GROUP BY state"))
        assert states == expected["by_state"], states
        unreadable = rows("SELECT line FROM bill_rows WHERE NOT is_readable AND NOT is_total")
        assert not unreadable, unreadable
        # Terminal, epoch and counter of the vector's own numbers, and none of the other system's.
        bits = rows("SELECT count(DISTINCT terminal_bits), count(terminal_bits) FROM bill_rows")
        assert bits == [(1, 5)], bits
    print("the bill of the vectors, and one in the older form: read as they are")


main()
