//! What goes back over the wire, and in which manner.

use std::io::{self, Write};

use crate::http;
use crate::reply::Reply;

/// A response, not sent yet.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) manner: Manner,
}

/// How a parcel is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As it should be.
    Whole,
    /// Not at all.
    Nothing(End),
    /// Half of the head, then silence.
    HalfHead,
    /// The head and half of the body.
    HalfBody(End),
    /// The head, and so many bytes of the body; then TCP is closed.
    CutAt(usize),
    /// No Content-Length, and TCP is closed without close_notify; with half of the body or all.
    NoLength { half: bool },
    /// One byte per 100 ms.
    Slow,
    /// A Content-Length larger than the body, then TCP is closed.
    WrongLength,
    /// More bytes in the same write.
    Surplus(Vec<u8>),
    /// More bytes 20 ms later.
    Late(Vec<u8>),
    /// White space before the last bytes of the body, up to 100 MiB.
    Huge,
    /// The body alone: no HTTP.
    Bare,
}

/// What happens instead of the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Close,
    Reset,
    Silence,
}

impl Parcel {
    pub(crate) fn of(reply: &Reply) -> Parcel {
        Parcel {
            status: 200,
            content_type: reply.gateway.reply_type(),
            headers: Vec::new(),
            body: reply.body(),
            manner: Manner::Whole,
        }
    }

    pub(crate) fn page(status: u16, words: &str) -> Parcel {
        let title = format!("{status} {}", http::reason(status));
        Parcel {
            status,
            content_type: "text/html",
            headers: Vec::new(),
            body: http::page(&title, words),
            manner: Manner::Whole,
        }
    }

    /// nginx's pages about client certificates: 400, with the words in the title.
    pub(crate) fn certificate_page(words: &str) -> Parcel {
        Parcel { body: http::page(&format!("400 {words}"), words), ..Parcel::page(400, words) }
    }

    pub(crate) fn nothing(end: End) -> Parcel {
        let mut parcel = Parcel::page(200, "");
        parcel.manner = Manner::Nothing(end);
        parcel
    }

    pub(crate) fn sent(mut self, manner: Manner) -> Parcel {
        self.manner = manner;
        self
    }

    pub(crate) fn head(&self, length: Option<usize>, keep_alive: bool) -> Vec<u8> {
        let type_ = self.content_type;
        let headers: Vec<_> =
            [("Server", "nginx".to_owned())].into_iter().chain(self.headers.iter().cloned()).collect();
        http::response(self.status, type_, length, &headers, keep_alive).into_bytes()
    }

    /// Head and body as they should be.
    pub(crate) fn bytes(&self, keep_alive: bool) -> Vec<u8> {
        let mut bytes = self.head(Some(self.body.len()), keep_alive);
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The 100 MiB: a correct document with white space in it.
    pub(crate) fn send_huge(&self, stream: &mut impl Write) -> io::Result<()> {
        const SIZE: usize = 100 * 1024 * 1024;
        let tail = if self.content_type.contains("json") { 1 } else { 6 };
        let (begin, end) = self.body.split_at(self.body.len().saturating_sub(tail));
        stream.write_all(&self.head(Some(SIZE), false))?;
        stream.write_all(begin)?;
        let mut blanks = SIZE - self.body.len();
        let block = [b' '; 16 * 1024];
        while blanks > 0 {
            let count = blanks.min(block.len());
            stream.write_all(&block[..count])?;
            blanks -= count;
        }
        stream.write_all(end)
    }
}
