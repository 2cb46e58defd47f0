//! Unit tests of `src/journal/sqlite/opened.rs`.

use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};

use super::{GENERATIONS, Presence, name};
use crate::journal::fault::JournalFaultKind;

fn place(test: &str) -> PathBuf {
    PathBuf::from(format!("/nowhere/{test}-{}/pay.db", std::process::id()))
}

/// A journal was closed, and a process that was forked meanwhile still has its name.
fn closed_and_kept(path: &Path, generation: u8) -> UnixDatagram {
    let address = SocketAddr::from_abstract_name(name(path, generation)).unwrap();
    let kept = UnixDatagram::bind_addr(&address).unwrap();
    kept.shutdown(Shutdown::Both).unwrap();
    kept
}

fn is_busy(path: &Path) -> bool {
    Presence::enter(path).is_err_and(|fault| fault.kind() == JournalFaultKind::Busy)
}

#[test]
fn one_path_has_one_presence() {
    let path = place("one");
    let first = Presence::enter(&path).unwrap();
    assert!(is_busy(&path));
    assert!(!is_busy(&place("another")));
    drop(first);
    assert!(!is_busy(&path));
}

/// Seen in the field of a busy machine: the forked process ended, the first name was free, and a second program opened the
/// journal whose files had been removed under the first.
#[test]
fn a_name_that_becomes_free_before_the_one_in_use_opens_nothing() {
    for kept in [1, 2, 7, GENERATIONS - 1] {
        let path = place(&format!("freed-{kept}"));
        let mut closed: Vec<_> = (0..kept).map(|generation| closed_and_kept(&path, generation)).collect();
        let open = Presence::enter(&path).unwrap();
        while let Some(freed) = closed.pop() {
            drop(freed);
            // More often than a socket holds probes that nobody reads.
            (0..40).for_each(|_| assert!(is_busy(&path), "{kept}, {}", closed.len()));
        }
        drop(open);
        assert!(!is_busy(&path));
    }
}

/// Whatever is taken and given back at once: never two.
#[test]
fn of_many_that_enter_at_once_one_at_most_is_in() {
    let path = place("many");
    let _kept = closed_and_kept(&path, 0);
    for _ in 0..50 {
        let start = std::sync::Barrier::new(6);
        let entered: Vec<_> = std::thread::scope(|scope| {
            let enter = || {
                start.wait();
                Presence::enter(&path)
            };
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(enter)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(entered.iter().filter(|entered| entered.is_ok()).count() <= 1);
    }
}
