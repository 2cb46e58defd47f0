//! How bytes reach a gateway. One trait, so that firmware can bring its own modem stack.

#[cfg(feature = "https")]
mod dial;
#[cfg(feature = "https")]
mod framing;
#[cfg(feature = "https")]
mod host;
#[cfg(feature = "https")]
pub(crate) mod http_date;
#[cfg(feature = "https")]
pub(crate) mod https;
#[cfg(feature = "https")]
pub(crate) mod identity;
#[cfg(openssl_backend)]
pub(crate) mod peer;
#[cfg(feature = "https")]
mod pool;
#[cfg(feature = "https")]
pub(crate) mod resolver;
#[cfg(feature = "https")]
mod socket;
#[cfg(feature = "https")]
mod tls_words;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// Carries one POST to one gateway, once.
///
/// # What an implementation must keep
///
/// * It sends the body **at most once**. No retries, no redirects, no other host.
/// * [`Sent::No`] is a promise: not one byte of the HTTP request, head included, was handed to TLS. When in doubt:
///   [`Sent::Maybe`].
/// * It verifies the server's certificate and name.
/// * It gives up after [`Post::within`]: name resolution, connect, TLS, sending and receiving together.
/// * A reply that ended too early, or is longer than [`Post::reply_limit`], is a [`Fault`], never a shorter reply.
///
/// The feature `contract` tries all of this on a transport of your own.
pub trait Transport: Send + Sync {
    /// Sends the body and returns the reply, whatever its HTTP status.
    ///
    /// # Errors
    ///
    /// A [`Fault`], which says whether anything may have left.
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault>;

    /// Sends the body, as [`Transport::post`] does, and hands the reply's body to `sink` piece by piece as it comes, however long it is, up to
    /// [`Post::reply_limit`]. For bills.
    ///
    /// # Errors
    ///
    /// A [`Fault`], also where it ended too early: what `sink` got does not count then. The default says that this transport cannot do it.
    fn download(&self, post: &Post<'_>, sink: &mut dyn FnMut(&[u8])) -> Result<Downloaded, Fault> {
        let _ = (post, sink);
        Err(Fault::unsent(Stage::Unable, "this transport cannot download"))
    }

    /// The client certificate that TLS will show. The default says that only the implementation knows.
    fn client_certificate(&self) -> ClientCertificate {
        ClientCertificate::NotTold
    }

    /// Closes the idle connections to the host of this URL. Called after every payment that was not accepted, so that a
    /// late duplicate of its reply cannot meet the next request. The default does nothing, for transports that keep no
    /// connections.
    fn forget(&self, url: &str) {
        let _ = url;
    }

    /// Connects and shakes hands without sending a request, for [`Client::check`](crate::Client::check).
    ///
    /// # Errors
    ///
    /// A [`Fault`] with the stage that failed. The default says that this transport cannot do it.
    fn reach(&self, url: &str, within: Duration) -> Result<(), Fault> {
        let _ = (url, within);
        Err(Fault::unsent(Stage::Unable, "this transport has no way to connect without sending"))
    }

    /// Makes a connection to the host of this URL, for the next [`Transport::post`] to it, also for one that wants a connection of its own. Not
    /// one byte of a request goes over it before. The default does nothing, for transports that have no such connections.
    ///
    /// A connection that waits is not used once it is some seconds old, nor where the server closed it or said anything: then `post` makes
    /// a new one, as without this call.
    ///
    /// # Errors
    ///
    /// A [`Fault`] with the stage that failed. Nothing depends on it: `post` connects by itself.
    fn warm(&self, url: &str, within: Duration, how: Warm) -> Result<(), Fault> {
        let _ = (url, within, how);
        Ok(())
    }
}

crate::pointers::through_pointers!(Transport {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault>;
    fn download(&self, post: &Post<'_>, sink: &mut dyn FnMut(&[u8])) -> Result<Downloaded, Fault>;
    fn client_certificate(&self) -> ClientCertificate;
    fn forget(&self, url: &str);
    fn reach(&self, url: &str, within: Duration) -> Result<(), Fault>;
    fn warm(&self, url: &str, within: Duration, how: Warm) -> Result<(), Fault>;
});

/// Where a connection is made beforehand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Warm {
    /// In a thread of the transport's own: the call returns at once, and tells only that it began.
    #[default]
    InBackground,
    /// In the caller's thread: the call returns when the connection is there, or when it failed.
    InThisThread,
}

/// One request on its way out.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Post<'a> {
    /// Always `https://`.
    pub url: &'a str,
    /// The `Content-Type` header.
    pub content_type: &'static str,
    /// The body. It holds signatures and personal data: do not log it.
    pub body: &'a [u8],
    /// True when a connection that carried another exchange must not be used.
    pub own_connection: bool,
    /// The deadline for everything.
    pub within: Duration,
    /// The deadline for name resolution, connect and TLS. Shorter than `within` where a second host waits.
    pub connect_within: Duration,
    /// The longest body to accept, in bytes.
    pub reply_limit: usize,
}

impl<'a> Post<'a> {
    /// A request as a client would make it, for the tests of a transport of your own. `url` begins with `https://`, the
    /// deadlines are 30 s, the reply is at most 64 KiB.
    pub fn new(url: &'a str, content_type: &'static str, body: &'a [u8]) -> Post<'a> {
        Post {
            url,
            content_type,
            body,
            own_connection: false,
            within: Duration::from_secs(30),
            connect_within: Duration::from_secs(30),
            reply_limit: crate::wire::LONGEST_REPLY,
        }
    }
}

/// A reply.
#[derive(Clone)]
pub struct Received {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
    /// The `Content-Type` header, where there is one that can be read. Only a [`ReplyRule`](crate::ReplyRule) asks for it.
    pub content_type: Option<String>,
    /// True when the connection had carried another exchange before. When in doubt: true.
    pub reused: bool,
    /// The `Date` header in seconds since 1970, where it could be read. [`Client::check`](crate::Client::check)
    /// compares the clock with it.
    pub date: Option<i64>,
}

impl Received {
    /// A reply without headers that count, on a connection that may have carried another exchange.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Received {
        Received { status, body: body.into(), content_type: None, reused: true, date: None }
    }
}

/// The head of a reply whose body was handed on in pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Downloaded {
    /// The HTTP status.
    pub status: u16,
    /// The `Digest` header, where there is one that can be read: `SHA=…`.
    pub digest: Option<String>,
}

/// Why there is no reply.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Whether a byte of the request may have left.
    pub sent: Sent,
    /// Where it failed.
    pub stage: Stage,
    /// What happened, in words. No secrets.
    pub text: Cow<'static, str>,
}

impl Fault {
    /// A fault before the first byte of the request.
    pub fn unsent(stage: Stage, text: impl Into<Cow<'static, str>>) -> Fault {
        Fault { sent: Sent::No, stage, text: text.into() }
    }

    /// What may be shown: a server or a resolver may have had a say in it.
    pub(crate) fn words(&self) -> String {
        crate::text::shown(&self.text, 600)
    }
}

/// Whether a byte of the request may have left. The first value is the safe one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sent {
    /// It may have: the outcome is not known.
    #[default]
    Maybe,
    /// It has not, for certain.
    No,
}

/// Where a transport failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Name resolution.
    Resolve,
    /// TCP, or the proxy.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Sending or receiving.
    Exchange,
    /// Nowhere: the transport cannot do what was asked.
    Unable,
}

/// What a transport knows of its client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientCertificate {
    /// It does not tell.
    NotTold,
    /// There is none.
    None,
    /// There is one.
    Some {
        /// The subject's common name: WeChat puts the `mch_id` there. Empty where it has none that can be read.
        common_name: String,
        /// The first and the last second at which it is valid, since 1970.
        valid: (i64, i64),
    },
}

/// Shows where it goes, never the body.
impl fmt::Debug for Post<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").field("url", &self.url).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// Shows the status, never the body.
impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .field("reused", &self.reused)
            .finish_non_exhaustive()
    }
}
