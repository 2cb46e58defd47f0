//! Transports: the library's own, and one of the caller's.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::secret::Secret;
use crate::transport::https::{Https, HttpsBuilder};
use crate::transport::identity::Identity;
use crate::transport::{Downloaded, Fault, Post, Received, Sent, Stage, Transport, Warm};

use super::ffi::{
    Context, Done, Fail, Lent, abi, bytes, c, handle, locked, put, seen, text, wanted, whole, wxt_forget_callback,
    wxt_post, wxt_post_callback, wxt_reach_callback, wxt_received, wxt_release_callback, wxt_transport,
    wxt_warm_callback,
};
use super::numbers::{wxt_code, wxt_sent, wxt_stage, wxt_warm};

super::ffi::opaque! {
    wxt_transport: Mutex<Way> = 0x5758_0004;
    wxt_received: Mutex<Reception> = 0x5758_000f;
}

/// The library's own transport until it is first used, then whatever carries the bytes.
pub(super) enum Way {
    Https(Settings),
    /// The caller's, until it is first used.
    Own(OwnTransport),
    Ready(Arc<dyn Transport>),
}

/// Of the library's own transport.
#[derive(Default)]
pub(super) struct Settings {
    identity: Option<Identity>,
    roots: Option<Vec<u8>>,
    proxy: Option<(String, u16)>,
}

impl Way {
    pub(super) fn ready(&mut self) -> Done<Arc<dyn Transport>> {
        if let Way::Https(Settings { identity, roots, proxy }) = self {
            let mut https: HttpsBuilder = Https::builder();
            if let Some(pem) = roots {
                https = https.only_roots(pem).map_err(Fail::Failed)?;
            }
            if let Some((host, port)) = proxy {
                https = https.proxy(host, *port).map_err(Fail::Failed)?;
            }
            if let Some(identity) = identity.take() {
                https = https.identity(identity);
            }
            *self = Way::Ready(Arc::new(https.build().map_err(Fail::Failed)?));
        }
        if let Way::Own(_) = self
            && let Way::Own(own) = std::mem::replace(self, Way::Https(Settings::default()))
        {
            *self = Way::Ready(Arc::new(own));
        }
        match self {
            Way::Ready(transport) => Ok(Arc::clone(transport)),
            Way::Https(_) | Way::Own(_) => Err(Fail::Argument("transport", "is not built")),
        }
    }
}

/// Changes a setting of the library's own transport.
///
/// # Safety
///
/// As [`seen`].
pub(super) unsafe fn change(transport: *mut wxt_transport, change: impl FnOnce(&mut Settings) -> Done) -> Done {
    // SAFETY: the caller's.
    let mut way = locked(unsafe { seen(transport, "transport")? });
    match &mut *way {
        Way::Https(settings) => change(settings),
        Way::Own(_) | Way::Ready(_) => {
            Err(Fail::Argument("transport", "is in use, or is your own: its settings cannot change"))
        }
    }
}

abi! {
    /// The library's own transport: HTTPS with the system's roots, no client certificate and no proxy, whatever the
    /// environment says. Make one for all accounts that show the same client certificate.
    call wxt_transport_new(transport: *mut *mut wxt_transport) {
        wanted(transport, "transport")?;
        put(transport, handle(Mutex::new(Way::Https(Settings::default()))));
    }

    /// The merchant's client certificate from the bytes of apiclient_cert.p12. Its password is the mch_id, as the merchant
    /// platform sets it. Bytes and password are copied; overwrite your own copy afterwards.
    call wxt_transport_set_p12(transport: *mut wxt_transport, p12: *const u8, p12_length: usize, password: *const u8,
        password_length: usize) {
        change(transport, |way| {
            let password = Secret::new(bytes(password, password_length, "password")?);
            let read = Identity::from_pkcs12_with(bytes(p12, p12_length, "p12")?, &password);
            way.identity = Some(read.map_err(Fail::Failed)?);
            Ok(())
        })?;
    }

    /// The same from apiclient_cert.pem and apiclient_key.pem, without a passphrase.
    call wxt_transport_set_pem(transport: *mut wxt_transport, certificate: *const u8, certificate_length: usize,
        key: *const u8, key_length: usize) {
        change(transport, |way| {
            let certificate = bytes(certificate, certificate_length, "certificate")?;
            let read = Identity::from_pem(certificate, bytes(key, key_length, "key")?);
            way.identity = Some(read.map_err(Fail::Failed)?);
            Ok(())
        })?;
    }

    /// Trusts these roots instead of the system's: for terminals without a CA store, or with an old one. PEM, one or several.
    call wxt_transport_set_roots(transport: *mut wxt_transport, pem: *const u8, length: usize) {
        change(transport, |way| {
            let pem = bytes(pem, length, "pem")?;
            drop(Https::builder().only_roots(pem).map_err(Fail::Failed)?);
            way.roots = Some(pem.into());
            Ok(())
        })?;
    }

    /// Goes through an HTTP proxy (CONNECT), without user and password.
    call wxt_transport_set_proxy(transport: *mut wxt_transport, host: *const c_char, port: u16) {
        change(transport, |way| {
            let host = text(host, "host")?;
            drop(Https::builder().proxy(host, port).map_err(Fail::Failed)?);
            way.proxy = Some((host.into(), port));
            Ok(())
        })?;
    }

    /// A transport of your own, for a terminal with its own modem stack. `post` carries one request. `forget` may be NULL where
    /// no connections are kept; `reach` may be NULL, then `wxt_client_check` cannot try a gateway without a query; `release`
    /// may be NULL. `context` is handed to each, and to `release` when nothing uses it any more, also when this call fails.
    /// Whether it shows a client certificate, and whose, only your transport knows.
    call wxt_transport_new_own(post: wxt_post_callback, forget: wxt_forget_callback, reach: wxt_reach_callback,
        release: wxt_release_callback, context: *mut c_void, transport: *mut *mut wxt_transport) {
        let context = Context { pointer: context, release };
        wanted(transport, "transport")?;
        let post = post.ok_or(Fail::Argument("post", "is NULL"))?;
        let own = OwnTransport { context, post, forget, reach, download: None, warm: None };
        put(transport, handle(Mutex::new(Way::Own(own))));
    }

    /// How a transport of your own fetches what is too long for memory: bills. It is called as `post` is, and each
    /// `wxt_received_append` hands on the bytes at once, so call it for every piece as it comes, and keep none. Before the first use of
    /// the transport. Without it `wxt_client_download` fails, and nothing else.
    call wxt_transport_set_download(transport: *mut wxt_transport, download: wxt_post_callback) {
        let mut way = locked(seen(transport, "transport")?);
        let Way::Own(own) = &mut *way else {
            return Err(Fail::Argument("transport", "is in use, or is not your own"));
        };
        own.download = Some(download.ok_or(Fail::Argument("download", "is NULL"))?);
    }

    /// How a transport of your own makes a connection before a payment is there: `wxt_client_warm`, `wxt_till_warm`. Before the first use of the
    /// transport. Without it these calls do nothing. A connection that closed, or on which something came, while it waited is not for use.
    call wxt_transport_set_warm(transport: *mut wxt_transport, warm: wxt_warm_callback) {
        let mut way = locked(seen(transport, "transport")?);
        let Way::Own(own) = &mut *way else {
            return Err(Fail::Argument("transport", "is in use, or is not your own"));
        };
        own.warm = Some(warm.ok_or(Fail::Argument("warm", "is NULL"))?);
    }

    /// Frees a transport. Clients and tills that were made with it keep what they need. NULL is nothing to free.
    free wxt_transport_free(transport: wxt_transport);
}

/// A transport of the C caller's.
pub(super) struct OwnTransport {
    context: Context,
    post: unsafe extern "C" fn(*mut c_void, *const wxt_post, *mut wxt_received) -> i32,
    forget: wxt_forget_callback,
    reach: wxt_reach_callback,
    download: wxt_post_callback,
    warm: wxt_warm_callback,
}

/// A number of `wxt_warm`.
pub(super) fn warm(how: i32) -> Done<Warm> {
    match how {
        how if how == wxt_warm::WXT_IN_BACKGROUND as i32 => Ok(Warm::InBackground),
        how if how == wxt_warm::WXT_IN_THIS_THREAD as i32 => Ok(Warm::InThisThread),
        _ => Err(Fail::Argument("how", "is none of wxt_warm")),
    }
}

/// Where pieces of a download go.
type Sink = *mut (dyn FnMut(&[u8]) + 'static);

/// What a transport of the C caller's tells.
pub(super) struct Reception {
    status: u16,
    body: Vec<u8>,
    limit: usize,
    fresh: bool,
    date: Option<i64>,
    content_type: Option<String>,
    digest: Option<String>,
    stage: Stage,
    words: String,
    /// Of a download. The handle is lent, and ends before what it points to.
    sink: Option<Sink>,
    /// What the sink got.
    came: usize,
}

impl Reception {
    fn lend(limit: usize, sink: Option<Sink>) -> Lent<wxt_received> {
        Lent::new(Mutex::new(Reception {
            status: 0,
            body: Vec::new(),
            limit,
            fresh: false,
            date: None,
            content_type: None,
            digest: None,
            stage: Stage::Exchange,
            words: String::new(),
            sink,
            came: 0,
        }))
    }

    fn fault(&mut self, sent: Sent) -> Fault {
        let words = std::mem::take(&mut self.words);
        let words = if words.is_empty() { "the terminal's own transport gave no reason".into() } else { words };
        Fault { sent, stage: self.stage, text: words.into() }
    }
}

impl Lent<wxt_received> {
    fn with<T>(&self, read: impl FnOnce(&mut Reception) -> T) -> Option<T> {
        // SAFETY: made by `handle` a few lines ago. Had the borrower freed it, which the header forbids, its magic word
        // would be dead.
        let state = unsafe { seen(self.pointer.cast_const(), "received") };
        state.ok().map(|reception| read(&mut locked(reception)))
    }
}

impl OwnTransport {
    /// Calls a function of the caller's with a request, and gives what was told to `read`.
    fn carry<T>(
        &self,
        function: unsafe extern "C" fn(*mut c_void, *const wxt_post, *mut wxt_received) -> i32,
        (post, sink): (&Post<'_>, Option<Sink>),
        read: impl FnOnce(i32, &mut Reception) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let (url, content_type) = (c(post.url), c(post.content_type));
        let out = wxt_post {
            url: url.as_ptr(),
            content_type: content_type.as_ptr(),
            body: post.body.as_ptr(),
            body_length: post.body.len(),
            reply_limit: post.reply_limit,
            within_ms: whole(post.within.as_millis(), i64::MAX),
            connect_within_ms: whole(post.connect_within.as_millis(), i64::MAX),
            own_connection: i32::from(post.own_connection),
        };
        let lent = Reception::lend(post.reply_limit, sink);
        // SAFETY: the caller's function, with the caller's context and values that live until it returns.
        let said = unsafe { function(self.context.pointer, &raw const out, lent.pointer) };
        let lost = || Fault { sent: Sent::Maybe, stage: Stage::Exchange, text: "the reply was freed".into() };
        lent.with(|told| read(said, told)).unwrap_or_else(|| Err(lost()))
    }
}

impl Transport for OwnTransport {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        self.carry(self.post, (post, None), |said, told| match said {
            said if said == wxt_sent::WXT_NO_BYTE_SENT as i32 => Err(told.fault(Sent::No)),
            said if said == wxt_sent::WXT_ANSWERED as i32 && told.status != 0 => Ok(Received {
                reused: !told.fresh,
                date: told.date,
                content_type: told.content_type.take(),
                ..Received::new(told.status, std::mem::take(&mut told.body))
            }),
            _ => Err(told.fault(Sent::Maybe)),
        })
    }

    fn download(&self, post: &Post<'_>, sink: &mut dyn FnMut(&[u8])) -> Result<Downloaded, Fault> {
        let Some(download) = self.download else {
            return Err(Fault::unsent(Stage::Unable, "this transport cannot download"));
        };
        // SAFETY: only the lifetime is left out. The handle that holds it is lent, and ends before `sink` does.
        let sink = unsafe { std::mem::transmute::<*mut (dyn FnMut(&[u8]) + '_), Sink>(sink) };
        self.carry(download, (post, Some(sink)), |said, told| match said {
            said if said == wxt_sent::WXT_NO_BYTE_SENT as i32 => Err(told.fault(Sent::No)),
            said if said == wxt_sent::WXT_ANSWERED as i32 && told.status != 0 && told.came <= told.limit => {
                Ok(Downloaded { status: told.status, digest: told.digest.take() })
            }
            _ => Err(told.fault(Sent::Maybe)),
        })
    }

    fn forget(&self, url: &str) {
        if let Some(forget) = self.forget {
            // SAFETY: as above.
            unsafe { forget(self.context.pointer, c(url).as_ptr()) };
        }
    }

    fn reach(&self, url: &str, within: Duration) -> Result<(), Fault> {
        let Some(reach) = self.reach else {
            return Err(Fault::unsent(Stage::Unable, "this transport has no way to connect without sending"));
        };
        let (url, within) = (c(url), whole(within.as_millis(), i64::MAX));
        // SAFETY: as above.
        connected(|received| unsafe { reach(self.context.pointer, url.as_ptr(), within, received) })
    }

    fn warm(&self, url: &str, within: Duration, how: Warm) -> Result<(), Fault> {
        let Some(warm) = self.warm else { return Ok(()) };
        let (url, within) = (c(url), whole(within.as_millis(), i64::MAX));
        let how = match how {
            Warm::InBackground => wxt_warm::WXT_IN_BACKGROUND,
            Warm::InThisThread => wxt_warm::WXT_IN_THIS_THREAD,
        };
        // SAFETY: as above.
        connected(|received| unsafe { warm(self.context.pointer, url.as_ptr(), within, how as i32, received) })
    }
}

/// Calls what connects without sending.
fn connected(call: impl FnOnce(*mut wxt_received) -> i32) -> Result<(), Fault> {
    let lent = Reception::lend(0, None);
    match call(lent.pointer) {
        said if said == wxt_sent::WXT_ANSWERED as i32 => Ok(()),
        _ => Err(lent.with(|told| told.fault(Sent::No)).unwrap_or(Fault::unsent(Stage::Exchange, "failed"))),
    }
}

abi! {
    /// The HTTP status of the reply: 200.
    tell wxt_received_set_status(received: *mut wxt_received, status: i32) {
        let status = u16::try_from(status).ok().filter(|status| (100..=999).contains(status));
        let status = status.ok_or(Fail::Argument("status", "is no HTTP status"))?;
        locked(seen(received, "received")?).status = status;
    }

    /// Adds bytes of the reply's body: what HTTP carries, unpacked from chunks, up to `post->reply_limit`. A reply that is
    /// longer is not read, and its outcome is unknown.
    tell wxt_received_append(received: *mut wxt_received, body: *const u8, length: usize) {
        let mut told = locked(seen(received, "received")?);
        let more = bytes(body, length, "body")?;
        if let Some(sink) = told.sink {
            told.came = told.came.saturating_add(more.len());
            if told.came <= told.limit {
                (*sink)(more);
            }
            return Ok(());
        }
        // One byte more than allowed, so that the judge sees that it is too long.
        let room = told.limit.saturating_add(1).saturating_sub(told.body.len());
        told.body.extend(more.iter().take(room));
    }

    /// Says that the connection had carried no other exchange before. Without this the library takes it for a used one, on which
    /// an unsigned refusal proves nothing.
    tell wxt_received_set_fresh(received: *mut wxt_received) {
        locked(seen(received, "received")?).fresh = true;
    }

    /// The reply's Date header in seconds since 1970, where it could be read.
    tell wxt_received_set_date(received: *mut wxt_received, unix_seconds: i64) {
        locked(seen(received, "received")?).date = Some(unix_seconds);
    }

    /// The reply's Content-Type header, for a reply reader of your own.
    tell wxt_received_set_content_type(received: *mut wxt_received, content_type: *const c_char) {
        locked(seen(received, "received")?).content_type = Some(text(content_type, "content_type")?.into());
    }

    /// The reply's Digest header, of a fund flow.
    tell wxt_received_set_digest(received: *mut wxt_received, digest: *const c_char) {
        locked(seen(received, "received")?).digest = Some(text(digest, "digest")?.into());
    }

    /// Says why there is no reply: `stage` is one of `wxt_stage`, `words` are for a technician. No secret belongs there.
    tell wxt_received_fail(received: *mut wxt_received, stage: i32, words: *const c_char) {
        let mut told = locked(seen(received, "received")?);
        told.stage = match stage {
            stage if stage == wxt_stage::WXT_STAGE_RESOLVE as i32 => Stage::Resolve,
            stage if stage == wxt_stage::WXT_STAGE_CONNECT as i32 => Stage::Connect,
            stage if stage == wxt_stage::WXT_STAGE_TLS as i32 => Stage::Tls,
            _ => Stage::Exchange,
        };
        told.words = text(words, "words")?.into();
    }
}
