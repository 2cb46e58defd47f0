//! Unit tests of `src/process.rs`.

use super::*;

/// Another number, and the same number with another beginning, are other processes.
#[test]
fn number_and_beginning_make_the_process() {
    let here = Process::this();
    assert!(here.is_here() && here.check().is_ok());
    let another = Process { id: here.id.wrapping_add(1), ..here.clone() };
    assert!(!another.is_here());
    if here.began.is_some() {
        let reused = Process { began: here.began.map(|began| began + 1), ..here.clone() };
        assert!(!reused.is_here());
        assert_eq!(reused.check().unwrap_err().kind(), ErrorKind::Process);
    }
    // Opened without /proc: the number decides.
    assert!(Process { began: None, ..here }.is_here());
}
