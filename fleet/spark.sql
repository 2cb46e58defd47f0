-- Reading with Spark. The only lines that fleet/duckdb.sql has otherwise; fleet/findings.sql, after it, is the same for both.
-- The journals are Parquet files that DuckDB wrote of its tables: COPY entries TO 'spark/entries.parquet', and so the terminals.

-- functions
CREATE TEMPORARY FUNCTION matches(t STRING, pattern STRING) RETURNS BOOLEAN RETURN t RLIKE pattern;
CREATE TEMPORARY FUNCTION parts(list ARRAY<STRING>) RETURNS INT RETURN size(list);
CREATE TEMPORARY FUNCTION part(list ARRAY<STRING>, n BIGINT) RETURNS STRING RETURN try_element_at(list, CAST(nullif(n, 0) AS INT));
CREATE TEMPORARY FUNCTION bytes(t STRING) RETURNS INT RETURN octet_length(t);
CREATE TEMPORARY FUNCTION digit(t STRING, place INT) RETURNS BIGINT
    RETURN instr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(t, place, 1)) - 1;
-- Money as a whole number of 1/100000 yuan: sign, digits, at most five decimals. Never a floating point number.
CREATE TEMPORARY FUNCTION yuan(t STRING) RETURNS BIGINT RETURN CASE WHEN t RLIKE '^-?[0-9]{1,12}([.][0-9]{1,5})?$'
    THEN TRY_CAST(concat(split_part(t, '.', 1), rpad(split_part(t, '.', 2), 5, '0')) AS BIGINT) END;
CREATE TEMPORARY FUNCTION fen(parts_of_yuan BIGINT) RETURNS BIGINT RETURN parts_of_yuan div 1000;

-- bills: bills/2026-11-21.csv, each line as it is. `n` goes up with the lines of a file.
CREATE TEMPORARY VIEW bill_texts USING text OPTIONS (path 'bills/*.csv', lineSep '\n');
CREATE TEMPORARY VIEW bill_lines AS
SELECT
    regexp_extract(input_file_name(), '([0-9]{4}-[0-9]{2}-[0-9]{2})[.]csv$', 1) AS day,
    monotonically_increasing_id() AS n,
    regexp_replace(value, '\r$', '') AS line
FROM bill_texts;

-- journals
CREATE TEMPORARY VIEW terminals USING parquet OPTIONS (path 'spark/terminals.parquet');
CREATE TEMPORARY VIEW entries USING parquet OPTIONS (path 'spark/entries.parquet');
