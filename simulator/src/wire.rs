//! The TCP side of a connection, which can be reset on purpose.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A TCP stream that always leaves the newest byte unread in the kernel.
///
/// std has no stable `SO_LINGER`. But Linux sends RST when a socket is closed with unread data, so
/// holding one byte back makes a reset possible at any moment. A clean end reads that byte first.
pub(crate) struct Wire {
    tcp: Arc<TcpStream>,
    held: bool,
    reset: Arc<AtomicBool>,
}

impl Wire {
    /// Wraps `tcp`. When `reset` is set at the end, the peer sees RST.
    pub(crate) fn new(tcp: Arc<TcpStream>, reset: Arc<AtomicBool>) -> Wire {
        Wire { tcp, held: false, reset }
    }

    fn let_go(&mut self) -> io::Result<()> {
        if self.held {
            self.held = false;
            (&*self.tcp).read_exact(&mut [0])?;
        }
        Ok(())
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.let_go()?;
        let there = self.tcp.peek(buffer)?;
        if there > 0 {
            (&*self.tcp).read_exact(&mut buffer[..there - 1])?;
            // The last byte is in the buffer already, and is read from the kernel next time.
            self.held = true;
        }
        Ok(there)
    }
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        (&*self.tcp).write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if !self.reset.load(Ordering::SeqCst) {
            let _ = self.let_go();
            let _ = self.tcp.shutdown(Shutdown::Write);
        }
    }
}
