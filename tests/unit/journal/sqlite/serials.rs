//! Unit tests of `src/journal/sqlite/serials.rs`.

use super::*;
use crate::journal::fault::JournalFaultKind;
use crate::journal::order_number::EPOCHS;
use crate::journal::sqlite::schema::{MIGRATIONS, migrate};
use rusqlite::Connection;

#[test]
fn running_out_of_epochs_is_an_error() {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection, MIGRATIONS).unwrap();
    // All but the last one.
    let fill = format!(
        "INSERT INTO journal (one, terminal) VALUES (1, 7);
         WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {EPOCHS} - 2)
         INSERT INTO epochs SELECT n FROM n"
    );
    connection.execute_batch(&fill).unwrap();
    let change = connection.transaction().unwrap();
    seal::seal_all(&change).unwrap();
    assert_eq!(new_epoch(&change, &mut || Ok(5)).unwrap(), EPOCHS - 1);
    let fault = new_epoch(&change, &mut || Ok(5)).unwrap_err();
    assert_eq!(fault.kind(), JournalFaultKind::Number);
    seal::check_everything(&change).unwrap();
}
