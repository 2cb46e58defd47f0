//! Unit tests of `src/journal/sqlite/pairs.rs`, and of what `past.rs` knows of the tables.

use super::SAID_AGAIN;
use crate::gateways::ENDPOINTS;
use crate::journal::sqlite::past::WITH_PAUSE;

/// What became a word is never removed: it may be nothing that a log must not show.
#[test]
fn no_word_is_made_of_what_a_log_hides() {
    for name in SAID_AGAIN {
        let rows: Vec<_> =
            ENDPOINTS.iter().flat_map(|endpoint| endpoint.fields).filter(|field| field.name == name).collect();
        assert!(!rows.is_empty(), "no table has {name}");
        assert!(rows.iter().all(|row| row.shown), "{name} is hidden in a table");
    }
}

/// Else the pause is found, but by reading all entries.
#[test]
fn every_pause_has_its_key() {
    let paused: Vec<_> = ENDPOINTS.iter().filter_map(|endpoint| endpoint.payee_pause).map(|(field, _)| field).collect();
    assert!(!paused.is_empty() && paused.iter().all(|field| WITH_PAUSE.contains(field)), "{paused:?}");
}
