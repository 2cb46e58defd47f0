//! No descriptor of the library is 0, 1 or 2.
//!
//! A program that closed its first three, as a daemon may, gives them to whatever is opened next: then its `printf` writes
//! into a socket or a lock file. Rust's own programs cannot come into this; C programs can.

use std::fs::File;

/// Runs what opens something while the first three descriptors are taken.
#[cfg(unix)]
pub(crate) fn above_stdio<T>(open: impl FnOnce() -> T) -> T {
    use std::os::fd::AsRawFd;
    // The lowest free one is given: one above 2 says that none below is free.
    let mut held = Vec::new();
    while let Ok(null) = File::open("/dev/null") {
        let low = null.as_raw_fd() <= 2;
        held.push(null);
        if !low {
            break;
        }
    }
    let opened = open();
    drop(held);
    opened
}

#[cfg(not(unix))]
pub(crate) fn above_stdio<T>(open: impl FnOnce() -> T) -> T {
    open()
}
