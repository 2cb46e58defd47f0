-- What the collected journals and the merchant's bills of a day disagree about (POS flows 7). It runs as it stands on DuckDB after
-- fleet/duckdb.sql, and on Spark after fleet/spark.sql. It moves no money and settles nothing: a row makes somebody ask, or look.

-- What is asked. Change this to your day and merchant. Of a service provider: the sub-merchant; "0" otherwise.
CREATE TEMPORARY VIEW asked AS
SELECT DATE '2026-11-21' AS asked_date, '1900000109' AS mch_id, '0' AS sub_mch_id;

-- Read: the bills of the day and of the day after it. Where they are there, that of the day before (clocks that are ahead) and that of the
-- second day after (a reversal that comes late).
CREATE TEMPORARY VIEW days AS
SELECT
    mch_id,
    sub_mch_id,
    CAST(CAST(asked_date - INTERVAL '1' DAY AS DATE) AS STRING) AS day_before,
    CAST(asked_date AS STRING) AS this_day,
    CAST(CAST(asked_date + INTERVAL '1' DAY AS DATE) AS STRING) AS next_day,
    CAST(CAST(asked_date + INTERVAL '2' DAY AS DATE) AS STRING) AS third_day
FROM asked;

-- ---- bills ----

-- The two lines without a back-tick: the header, and that of the totals.
CREATE TABLE heads AS
SELECT day, n, instr(line, '交易时间') > 0 AS is_first, split(replace(line, '，', ','), ',') AS names
FROM bill_lines CROSS JOIN days
WHERE day BETWEEN day_before AND third_day AND line <> '' AND line NOT LIKE '`%';

-- Columns are found by name, in both generations. 商品名称 and 商户数据包 are free text and may hold the separator: what stands before them
-- is counted from the left, what stands behind them from the right, below zero.
CREATE TEMPORARY VIEW columns_of AS
SELECT
    h.day, h.n AS first_n, t.n AS last_n, t.names AS totals, parts(h.names) AS width,
    array_position(h.names, '商户号') AS mch_at,
    CASE WHEN array_position(h.names, '特约商户号') > 0 THEN array_position(h.names, '特约商户号')
        ELSE array_position(h.names, '子商户号') END AS sub_mch_at,
    array_position(h.names, '商户订单号') AS number_at,
    array_position(h.names, '交易状态') AS state_at,
    CASE WHEN array_position(h.names, '应结订单金额') > 0 THEN array_position(h.names, '应结订单金额')
        ELSE array_position(h.names, '总金额') END AS settled_at,
    array_position(h.names, '商户退款单号') AS refund_number_at,
    array_position(h.names, '退款金额') AS given_back_at,
    -- 充值券退款金额, or 企业红包退款金额 before that.
    array_position(h.names, '退款金额') + 1 AS coupons_back_at,
    array_position(h.names, '手续费') - parts(h.names) - 1 AS fee_at,
    CASE WHEN array_position(h.names, '订单金额') > 0
        THEN array_position(h.names, '订单金额') - parts(h.names) - 1 END AS ordered_at,
    CASE WHEN array_position(h.names, '申请退款金额') > 0
        THEN array_position(h.names, '申请退款金额') - parts(h.names) - 1 END AS asked_back_at
FROM heads AS h JOIN heads AS t ON t.day = h.day AND h.is_first AND NOT t.is_first;

-- The lines with a back-tick, cut at every separator.
CREATE TEMPORARY VIEW cut_lines AS
SELECT c.*, l.n, l.line, l.n > c.last_n AS is_total, split(substr(l.line, 2), ',`') AS p
FROM bill_lines AS l JOIN columns_of AS c ON c.day = l.day
WHERE l.line LIKE '`%';

CREATE TEMPORARY VIEW texts_of_rows AS
SELECT
    day, n, line, is_total, bytes(line) <= 8192 AND parts(p) >= width AS has_columns,
    part(p, 1) AS row_time, part(p, mch_at) AS row_mch_id, part(p, sub_mch_at) AS row_sub_mch_id,
    part(p, number_at) AS number, part(p, state_at) AS state, part(p, refund_number_at) AS refund_number,
    yuan(part(p, settled_at)) AS settled, yuan(part(p, given_back_at)) AS given_back,
    yuan(part(p, coupons_back_at)) AS coupons_back, yuan(part(p, fee_at)) AS fee,
    yuan(part(p, coalesce(ordered_at, settled_at))) AS ordered,
    yuan(part(p, coalesce(asked_back_at, given_back_at))) AS asked_back
FROM cut_lines;

-- Readable: its fixed columns are of its kind, and its amounts whole fen. (Money here is 1/100000 yuan in whole numbers: 1000 are a fen.)
CREATE TEMPORARY VIEW judged_rows AS
SELECT
    t.*,
    coalesce(row_sub_mch_id = sub_mch_id, false) AS is_ours,
    coalesce(has_columns AND row_mch_id = mch_id
        AND matches(row_time, '^[0-9]{4}-[0-9]{2}-[0-9]{2} ?[0-9]{2}[:：][0-9]{2}[:：][0-9]{2}$')
        AND matches(number, '^[0-9A-Za-z_|*@-]{1,64}$')
        AND state IN ('SUCCESS', 'REFUND', 'REVOKED')
        AND (state <> 'REFUND' OR matches(refund_number, '^[0-9A-Za-z_|*@-]{2,64}$'))
        AND settled % 1000 = 0 AND given_back % 1000 = 0 AND coupons_back % 1000 = 0 AND ordered % 1000 = 0
        AND asked_back % 1000 = 0 AND fee IS NOT NULL, false) AS is_readable,
    -- A till's number is yyyymmdd, then terminal, epoch and counter in base 36: the terminal stands above 35 bits.
    CASE WHEN matches(number, '^[0-9]{8}[0-9A-Z]{10}$') THEN
        digit(number, 9) * 101559956668416 + digit(number, 10) * 2821109907456 + digit(number, 11) * 78364164096
        + digit(number, 12) * 2176782336 + digit(number, 13) * 60466176 + digit(number, 14) * 1679616
        + digit(number, 15) * 46656 + digit(number, 16) * 1296 + digit(number, 17) * 36 + digit(number, 18) END AS packed
FROM texts_of_rows AS t CROSS JOIN days;

CREATE TABLE bill_rows AS
SELECT
    day, n, is_total, is_ours, is_readable, number, state, refund_number, settled, given_back, coupons_back, fee, ordered, asked_back,
    CASE state WHEN 'SUCCESS' THEN ordered WHEN 'REFUND' THEN asked_back
        ELSE greatest(ordered, given_back, asked_back) END AS amount,
    packed - packed % 34359738368 AS terminal_bits,
    CASE WHEN is_total OR NOT is_readable THEN line END AS line
FROM judged_rows;

-- A cut bill is no bill: it counts when its rows and sums equal its last line. What a bill has not (in its older form) is not compared.
CREATE TEMPORARY VIEW printed_totals AS
SELECT
    c.day,
    yuan(part(p, array_position(totals, '总交易单数'))) AS many,
    yuan(part(p, array_position(totals, CASE WHEN array_position(totals, '应结订单总金额') > 0
        THEN '应结订单总金额' ELSE '总交易额' END))) AS settled,
    yuan(part(p, array_position(totals, CASE WHEN array_position(totals, '退款总金额') > 0
        THEN '退款总金额' ELSE '总退款金额' END))) AS given_back,
    yuan(part(p, array_position(totals, CASE WHEN array_position(totals, '充值券退款总金额') > 0
        THEN '充值券退款总金额' ELSE '总企业红包退款金额' END))) AS coupons_back,
    yuan(part(p, array_position(totals, '手续费总金额'))) AS fee,
    yuan(part(p, array_position(totals, '订单总金额'))) AS ordered,
    yuan(part(p, array_position(totals, '申请退款总金额'))) AS asked_back,
    coalesce(array_position(totals, '订单总金额'), 0) > 0 AS has_ordered,
    coalesce(array_position(totals, '申请退款总金额'), 0) > 0 AS has_asked_back
FROM (SELECT day, split(substr(line, 2), ',`') AS p FROM bill_rows WHERE is_total) AS r JOIN columns_of AS c ON c.day = r.day;

CREATE TEMPORARY VIEW summed AS
SELECT
    day, sum(CASE WHEN is_total THEN 0 ELSE 1 END) AS many, sum(CASE WHEN is_total THEN 1 ELSE 0 END) AS totals_lines,
    sum(CASE WHEN is_total THEN 0 ELSE settled END) AS settled, sum(CASE WHEN is_total THEN 0 ELSE given_back END) AS given_back,
    sum(CASE WHEN is_total THEN 0 ELSE coupons_back END) AS coupons_back, sum(CASE WHEN is_total THEN 0 ELSE fee END) AS fee,
    sum(CASE WHEN is_total THEN 0 ELSE ordered END) AS ordered, sum(CASE WHEN is_total THEN 0 ELSE asked_back END) AS asked_back,
    min(n) AS first_row
FROM bill_rows
GROUP BY day;

CREATE TEMPORARY VIEW read_days AS
SELECT this_day AS day FROM days UNION SELECT next_day FROM days UNION SELECT day FROM heads;

CREATE TABLE bill_faults AS
SELECT day, fault
FROM (
    SELECT
        d.day,
        CASE
            WHEN h.first_lines IS NULL THEN 'it is not there'
            WHEN h.first_lines <> 1 OR h.last_lines <> 1 THEN 'its header and the line above its totals are not there once each'
            WHEN coalesce(s.totals_lines, 0) <> 1 THEN 'it has not one line of totals'
            WHEN s.first_row < h.first_n THEN 'a row stands before its header'
            WHEN coalesce(p.many <> s.many * 100000, true) THEN 'its rows are not as many as it says'
            WHEN coalesce(p.settled <> s.settled OR p.given_back <> s.given_back OR p.coupons_back <> s.coupons_back OR p.fee <> s.fee, true)
                OR (p.has_ordered AND coalesce(p.ordered <> s.ordered, true))
                OR (p.has_asked_back AND coalesce(p.asked_back <> s.asked_back, true)) THEN 'its sums are not those of its rows'
        END AS fault
    FROM read_days AS d
    LEFT JOIN (
        SELECT day, sum(CASE WHEN is_first THEN 1 ELSE 0 END) AS first_lines, sum(CASE WHEN is_first THEN 0 ELSE 1 END) AS last_lines,
            min(n) AS first_n
        FROM heads GROUP BY day
    ) AS h ON h.day = d.day
    LEFT JOIN summed AS s ON s.day = d.day
    LEFT JOIN printed_totals AS p ON p.day = d.day
) AS checked
WHERE fault IS NOT NULL
UNION ALL
-- Two copies of one journal would say two things of one sale.
SELECT CAST(NULL AS STRING), concat('more than one journal has ', order_number)
FROM (SELECT account, order_number FROM entries GROUP BY account, order_number HAVING count(*) > 1) AS twice;

-- ---- journals ----

-- What belongs to this merchant's account. An entry's day is that of the gateway's time; without one, of the device's.
CREATE TEMPORARY VIEW own_entries AS
SELECT
    e.*, method = 'refund' AS is_refund,
    CASE WHEN matches(time_end, '^[0-9]{14}$')
        THEN concat(substr(time_end, 1, 4), '-', substr(time_end, 5, 2), '-', substr(time_end, 7, 2)) END AS gateway_day
FROM entries AS e CROSS JOIN days
WHERE account LIKE concat('wxpay % ', mch_id, ' %')
    AND (sub_mch_id = '0' OR concat(account, ' ') LIKE concat('% ', sub_mch_id, ' %'));

CREATE TEMPORARY VIEW sales AS SELECT * FROM own_entries WHERE NOT is_refund;
CREATE TEMPORARY VIEW refunds AS SELECT * FROM own_entries WHERE is_refund;

-- The rows of this merchant, or sub-merchant, that can be read. `is_asked`: of the day that is judged.
CREATE TEMPORARY VIEW our_rows AS
SELECT r.*, day = this_day AS is_asked FROM bill_rows AS r CROSS JOIN days WHERE NOT is_total AND is_ours AND is_readable;

CREATE TEMPORARY VIEW reversed AS
SELECT number, min(day) AS reversed_on FROM bill_rows WHERE state = 'REVOKED' AND NOT is_total GROUP BY number;

-- Numbers that a row has, whether or not the rest of it can be read.
CREATE TEMPORARY VIEW paid_numbers AS
SELECT number, max(CASE WHEN day = this_day THEN 1 ELSE 0 END) AS on_this_day
FROM bill_rows CROSS JOIN days
WHERE NOT is_total AND (state = 'SUCCESS' OR NOT is_readable) GROUP BY number;

CREATE TEMPORARY VIEW refund_numbers AS
SELECT DISTINCT refund_number FROM bill_rows WHERE NOT is_total AND (state = 'REFUND' OR NOT is_readable);

CREATE TEMPORARY VIEW fleet AS SELECT DISTINCT terminal, terminal * 34359738368 AS terminal_bits FROM terminals;

-- ---- findings ----

CREATE TEMPORARY VIEW all_findings AS

-- Charged, and nothing of it was taken back by the next day's bill; where the query said REVOKED, by that of the day after (POS flows
-- 20.15). REFUNDED: the till saw it paid and given back (20.1).
SELECT
    'charged though declined' AS kind, b.number, CAST(NULL AS STRING) AS refund_number, e.terminal, e.outcome,
    e.amount_fen AS journal_fen, fen(b.amount) AS bill_fen, CAST(NULL AS STRING) AS line,
    CASE WHEN e.code = 'REVOKED' THEN 'a person looks: the query said REVOKED' ELSE 'ask; paid is paid late: refund it' END AS to_do
FROM our_rows AS b JOIN sales AS e ON e.order_number = b.number CROSS JOIN days LEFT JOIN reversed AS r ON r.number = b.number
WHERE b.is_asked AND b.state = 'SUCCESS'
    AND coalesce(e.code, '') <> 'REFUNDED'
    AND (e.outcome IN ('declined', 'unproven', 'not sent', 'by hand: not paid')
        OR (e.reversals > 0 AND e.outcome IN ('open', 'for a person')))
    AND (r.reversed_on IS NULL OR (r.reversed_on > next_day AND coalesce(e.code, '') <> 'REVOKED'))
    AND (coalesce(e.code, '') <> 'REVOKED' OR EXISTS (SELECT 1 FROM heads WHERE heads.day = third_day))

UNION ALL
SELECT 'paid though open', b.number, NULL, e.terminal, e.outcome, e.amount_fen, fen(b.amount), NULL, 'ask; the query settles it'
FROM our_rows AS b JOIN sales AS e ON e.order_number = b.number CROSS JOIN days LEFT JOIN reversed AS r ON r.number = b.number
WHERE b.is_asked AND b.state = 'SUCCESS' AND (r.reversed_on IS NULL OR r.reversed_on > next_day) AND e.reversals = 0
    AND e.outcome IN ('open', 'ordered', 'abandoned', 'for a person')

-- By the gateway's time its row is of that day; without one, of the day it was begun, or of one beside it. (What a person found is a
-- person's word.)
UNION ALL
SELECT 'not in bill', e.order_number, NULL, e.terminal, e.outcome, e.amount_fen, NULL, NULL, 'ask; then a person looks'
FROM sales AS e CROSS JOIN days LEFT JOIN paid_numbers AS b ON b.number = e.order_number
WHERE e.outcome IN ('accepted', 'paid late') AND coalesce(e.gateway_day, e.begun_day) = this_day
    AND (b.number IS NULL OR (e.gateway_day IS NOT NULL AND b.on_this_day = 0))

UNION ALL
SELECT 'amount differs', b.number, NULL, e.terminal, e.outcome, e.amount_fen, fen(b.amount), NULL, 'a person looks'
FROM our_rows AS b JOIN sales AS e ON e.order_number = b.number
WHERE b.is_asked AND b.state = 'SUCCESS' AND b.amount <> e.amount_fen * 1000

UNION ALL
SELECT 'amount differs', b.number, b.refund_number, e.terminal, e.outcome, e.amount_fen, fen(b.amount), NULL, 'a person looks'
FROM our_rows AS b JOIN refunds AS e ON e.order_number = b.refund_number
WHERE b.is_asked AND b.state = 'REFUND' AND b.amount <> e.amount_fen * 1000

-- A refund of a sale of ours, or under a number of ours, that no journal counts. (REFUNDCLOSE ends a refund that was begun.)
UNION ALL
SELECT 'refund unknown', b.number, b.refund_number, coalesce(e.terminal, s.terminal, f.terminal), e.outcome, e.amount_fen, fen(b.amount),
    NULL, 'ask for the sums of its order'
FROM our_rows AS b
LEFT JOIN refunds AS e ON e.order_number = b.refund_number
LEFT JOIN sales AS s ON s.order_number = b.number
LEFT JOIN fleet AS f ON f.terminal_bits = b.terminal_bits
WHERE b.is_asked AND b.state = 'REFUND'
    AND ((e.order_number IS NULL
            AND (s.order_number IS NOT NULL OR f.terminal IS NOT NULL) AND coalesce(s.code, '') <> 'REFUNDED')
        OR e.outcome IN ('not sent', 'by hand: not paid')
        OR (e.outcome = 'declined' AND e.code <> 'REFUNDCLOSE'))

UNION ALL
SELECT 'refund not in bill', NULL, e.order_number, e.terminal, e.outcome, e.amount_fen, NULL, NULL, 'ask; then a person looks'
FROM refunds AS e CROSS JOIN days LEFT JOIN refund_numbers AS b ON b.refund_number = e.order_number
WHERE e.outcome IN ('accepted', 'refunding', 'by hand: paid') AND e.begun_day = this_day AND b.refund_number IS NULL

UNION ALL
SELECT 'reversed though accepted', b.number, NULL, e.terminal, e.outcome, e.amount_fen, fen(b.amount), NULL,
    'a person looks: goods went out, money went back'
FROM our_rows AS b JOIN sales AS e ON e.order_number = b.number
WHERE b.is_asked AND b.state = 'REVOKED' AND e.outcome IN ('accepted', 'by hand: paid')

-- Other terminals' and other systems' numbers are nobody's here. A terminal whose journal was not collected is one of them.
UNION ALL
SELECT 'unknown own number', b.number, NULL, f.terminal, NULL, NULL, fen(b.amount), NULL, 'a person looks: a journal was lost'
FROM our_rows AS b JOIN fleet AS f ON f.terminal_bits = b.terminal_bits LEFT JOIN entries AS e ON e.order_number = b.number
WHERE b.is_asked AND b.state = 'SUCCESS' AND e.order_number IS NULL

UNION ALL
SELECT 'unreadable', b.number, b.refund_number, NULL, NULL, NULL, NULL, b.line, 'a person reads it'
FROM bill_rows AS b CROSS JOIN days
WHERE NOT b.is_total AND NOT b.is_readable AND b.day = this_day;

-- No finding is told of a bill that is not whole.
CREATE TABLE findings AS
SELECT
    kind, number, refund_number, terminal, outcome, CAST(journal_fen AS BIGINT) AS journal_fen, CAST(bill_fen AS BIGINT) AS bill_fen, to_do, line
FROM all_findings
WHERE NOT EXISTS (SELECT 1 FROM bill_faults);

-- What is as it should be, for the figures.
CREATE TABLE agreements AS
SELECT 'agrees' AS kind, count(*) AS many FROM our_rows AS b JOIN sales AS e ON e.order_number = b.number
WHERE b.is_asked AND b.state = 'SUCCESS' AND e.outcome IN ('accepted', 'paid late', 'by hand: paid') AND b.amount = e.amount_fen * 1000
UNION ALL
SELECT 'reversed agrees', count(*) FROM our_rows AS b JOIN sales AS e ON e.order_number = b.number
JOIN reversed AS r ON r.number = b.number
WHERE b.is_asked AND b.state = 'SUCCESS' AND e.outcome = 'declined' AND e.code = 'REVOKED'
UNION ALL
SELECT 'refund agrees', count(*) FROM our_rows AS b JOIN refunds AS e ON e.order_number = b.refund_number
WHERE b.is_asked AND b.state = 'REFUND' AND e.outcome IN ('accepted', 'refunding') AND b.amount = e.amount_fen * 1000
UNION ALL
SELECT 'foreign', count(*) FROM bill_rows AS b CROSS JOIN days
LEFT JOIN entries AS e ON e.order_number = b.number
LEFT JOIN entries AS r ON r.order_number = b.refund_number
LEFT JOIN fleet AS f ON f.terminal_bits = b.terminal_bits
WHERE NOT b.is_total AND b.is_readable AND b.day = this_day
    AND (NOT b.is_ours OR (e.order_number IS NULL AND r.order_number IS NULL AND f.terminal IS NULL));
