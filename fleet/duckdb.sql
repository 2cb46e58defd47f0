-- Reading with DuckDB. The only lines that fleet/spark.sql has otherwise; fleet/findings.sql, after it, is the same for both.
-- It stands in the folder that holds `journals/` and `bills/`. LOAD sqlite must have worked (docs/fleet.md).

-- functions
CREATE TEMPORARY MACRO matches(t, pattern) AS regexp_matches(t, pattern);
CREATE TEMPORARY MACRO parts(list) AS len(list);
CREATE TEMPORARY MACRO part(list, n) AS list_extract(list, n);
CREATE TEMPORARY MACRO bytes(t) AS strlen(t);
CREATE TEMPORARY MACRO digit(t, place) AS CAST(instr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(t, place, 1)) - 1 AS BIGINT);
-- Money as a whole number of 1/100000 yuan: sign, digits, at most five decimals. Never a floating point number.
CREATE TEMPORARY MACRO yuan(t) AS CASE WHEN regexp_matches(t, '^-?[0-9]{1,12}([.][0-9]{1,5})?$')
    THEN TRY_CAST(concat(split_part(t, '.', 1), rpad(split_part(t, '.', 2), 5, '0')) AS BIGINT) END;
CREATE TEMPORARY MACRO fen(parts_of_yuan) AS parts_of_yuan // 1000;

-- bills: bills/2026-11-21.csv, each line as it is. No line holds the delimiter; `n` goes up with the lines of a file.
CREATE TEMPORARY VIEW bill_lines AS
SELECT
    regexp_extract(filename, '([0-9]{4}-[0-9]{2}-[0-9]{2})[.]csv$', 1) AS day,
    row_number() OVER () AS n,
    line
FROM read_csv('bills/*.csv', columns = {'line': 'VARCHAR'}, header = false, auto_detect = false, delim = E'\x1c\x1d\x1e\x1f',
    quote = '', escape = '', comment = '', nullstr = E'\x1f', max_line_size = 16777216, filename = true);

-- journals: each file's own view `payments`, the gateway's time of it, and whose it is. One SELECT a journal, written by DuckDB.
SET VARIABLE read_payments = (SELECT string_agg(replace('SELECT ''FILE'' AS file, id, account, "call" AS method, order_number, amount_fen,
    CAST(outcome AS VARCHAR) AS outcome, reversals, code, substr(CAST(begun AS VARCHAR), 1, 10) AS begun_day,
    CAST(time_end AS VARCHAR) AS time_end
    FROM sqlite_scan(''FILE'', ''payments'')', 'FILE', file), ' UNION ALL ') FROM glob('journals/*.db'));
SET VARIABLE read_terminals = (SELECT string_agg(replace('SELECT ''FILE'' AS file, terminal FROM sqlite_scan(''FILE'', ''journal'')',
    'FILE', file), ' UNION ALL ') FROM glob('journals/*.db'));
-- Tables before they are joined: a thousand files within one join took more than 1 GB.
CREATE TABLE terminals AS SELECT file, CAST(terminal AS BIGINT) AS terminal FROM query(getvariable('read_terminals'));
CREATE TABLE payments AS FROM query(getvariable('read_payments'));
CREATE TABLE entries AS
SELECT terminal, account, method, order_number, amount_fen, outcome, reversals, code, begun_day, time_end
FROM payments
JOIN terminals USING (file);
DROP TABLE payments;
