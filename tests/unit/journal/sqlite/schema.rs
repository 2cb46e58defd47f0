//! Unit tests of `src/journal/sqlite/schema.rs`.

use super::*;
use crate::journal::sqlite::faults::storage;

/// A step that fails leaves the version before it; one that works is not run twice.
#[test]
fn migrations_run_once_in_order_and_whole() {
    let mut connection = Connection::open_in_memory().unwrap();
    let step = |sql| Step(sql, None);
    let first = || step("CREATE TABLE a (n INTEGER) STRICT; INSERT INTO a VALUES (1)");
    migrate(&mut connection, &[first()]).unwrap();
    assert_eq!(schema_version(&connection).unwrap(), 1);
    assert!(migrate(&mut connection, &[first(), step("UPDATE a SET n = 2; nonsense")]).is_err());
    assert!(migrate(&mut connection, &[first(), Step("UPDATE a SET n = 2", Some(|_| Err(storage("no"))))]).is_err());
    assert_eq!(schema_version(&connection).unwrap(), 1);
    for _ in 0..2 {
        migrate(&mut connection, &[first(), step("UPDATE a SET n = n + 10"), step("UPDATE a SET n = n * 3")]).unwrap();
    }
    assert_eq!(schema_version(&connection).unwrap(), 3);
    let n: i64 = connection.query_row("SELECT n FROM a", [], |row| row.get(0)).unwrap();
    assert_eq!(n, 33);
}
