"""What the journals and bills of a folder disagree about: `find.py duckdb|spark FOLDER OUT`. Called by ci/fleet, in its venv.

It runs fleet/<engine>.sql and then fleet/findings.sql, statement by statement, as anybody else would who copied them. FOLDER holds `journals/`
and `bills/`. OUT gets the findings, one a line. With duckdb, `spark/` in FOLDER gets the journals as Parquet files."""

import json
import os
import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
FINDINGS = "SELECT kind, number, refund_number, terminal, outcome, journal_fen, bill_fen, to_do, line FROM findings"


def statements(name):
    """The statements of a file: they end with a semicolon at a line's end."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    code = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
    return [one.strip() for one in code.split(";\n") if one.strip(" \n;")]


def duckdb_engine(memory):
    import duckdb
    import duckdb_extension_sqlite_scanner

    # DuckDB loads it from the Python package: nothing is downloaded while it runs.
    package = pathlib.Path(duckdb_extension_sqlite_scanner.__file__).parent
    extension = next(package.glob("extensions/*/sqlite_scanner.duckdb_extension"))
    settings = {"memory_limit": memory, "temp_directory": "duckdb-spill", "autoinstall_known_extensions": "false"}
    connection = duckdb.connect(config=settings)
    connection.execute(f"LOAD '{extension}'")
    return connection.execute, lambda query: connection.execute(query).fetchall()


def spark_engine(memory):
    from pyspark.sql import SparkSession

    shutil.rmtree("spark/warehouse", ignore_errors=True)
    builder = SparkSession.builder.master("local[*]").appName("fleet")
    for name, value in {
        "spark.driver.memory": memory,
        "spark.ui.enabled": "false",
        "spark.driver.host": "localhost",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.warehouse.dir": str(pathlib.Path("spark/warehouse").resolve()),
        "spark.sql.shuffle.partitions": "8",
        "spark.ui.showConsoleProgress": "false",
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session.sql, lambda query: [tuple(row) for row in session.sql(query).collect()]


def main():
    engine, folder, out = sys.argv[1:4]
    os.chdir(folder)
    times = {}
    start = time.monotonic()
    memory = os.environ.get("FLEET_MEMORY", "1GB" if engine == "duckdb" else "2g")
    run, rows = duckdb_engine(memory) if engine == "duckdb" else spark_engine(memory)
    times["start"] = time.monotonic() - start
    for name, part in ((f"{engine}.sql", "read journals"), ("findings.sql", "find")):
        start = time.monotonic()
        for statement in statements(name):
            before = time.monotonic()
            run(statement)
            if os.environ.get("FLEET_TIMES"):
                print(f"{time.monotonic() - before:8.2f} s  {statement.splitlines()[0][:100]}", file=sys.stderr)
        times[part] = time.monotonic() - start
    found = ["\t".join("" if value is None else str(value) for value in row) for row in rows(FINDINGS)]
    pathlib.Path(out).write_text("".join(line + "\n" for line in sorted(found)), encoding="utf-8")
    faults = rows("SELECT day, fault FROM bill_faults ORDER BY day, fault")
    agreements = dict(rows("SELECT kind, many FROM agreements"))
    counts = dict(rows("SELECT 'entries', count(*) FROM entries UNION ALL SELECT 'rows', count(*) FROM bill_rows WHERE NOT is_total"))
    if engine == "duckdb":
        os.makedirs("spark", exist_ok=True)
        start = time.monotonic()
        for table in ("entries", "terminals"):
            run(f"COPY {table} TO 'spark/{table}.parquet' (FORMAT parquet)")
        times["hand over as Parquet"] = time.monotonic() - start
    print(json.dumps({"times": times, "faults": faults, "agreements": agreements, "counts": counts}, ensure_ascii=False))


if __name__ == "__main__":
    main()
