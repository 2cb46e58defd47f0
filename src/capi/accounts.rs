//! Accounts: settings by name, rules and readers of the caller's own.

use std::ffi::{CString, c_char, c_void};
use std::sync::{Arc, Mutex};

use crate::error::Error;
use crate::gateways::account::{
    RedpackAccount, SignType, SwiftpassAccount, WebgateAccount, WorkwxAccount, WxpayAccount,
};
use crate::money::Fen;
use crate::secret::Secret;
use crate::wire::pairs::Pairs;
use crate::wire::verify::ReplyRule;

use super::ffi::{
    Context, Done, Fail, Lent, abi, bytes, c, handle, locked, peek, put, seen, text, wanted, wxt_account,
    wxt_proof_callback, wxt_raw, wxt_read_callback, wxt_release_callback, wxt_reply,
};
use super::numbers::{wxt_code, wxt_gateway, wxt_proof, wxt_reading, wxt_rsa};
use super::replies::Told;
use super::requests::unknown_name;

super::ffi::opaque! {
    wxt_account: Mutex<Settings> = 0x5758_0003;
    wxt_raw: Raw = 0x5758_0010;
}

/// What an account is made of, set by name and built when a client or a till needs it.
pub(super) struct Settings {
    gateway: &'static Gateway,
    texts: Vec<(&'static str, String)>,
    amounts: Vec<(&'static str, Fen)>,
    secrets: Vec<(&'static str, Secret)>,
    rule: Option<Rule>,
    reader: Option<Arc<OwnReader>>,
}

/// The settings that a gateway's account knows.
struct Gateway {
    number: i32,
    texts: &'static [&'static str],
    amounts: &'static [&'static str],
    secrets: &'static [&'static str],
    has_rule: bool,
    /// Its replies are XML, or read by a rule that a reader may replace.
    has_reader: bool,
    build: fn(&Settings) -> Result<AnyAccount, Error>,
}

const LIMITS: &[&str] = &["least_amount", "most_amount"];

static GATEWAYS: [Gateway; 5] = [
    Gateway {
        number: wxt_gateway::WXT_REDPACK as i32,
        texts: &["mch_id", "wxappid", "host", "second_host"],
        amounts: &["least_amount", "most_amount", "least_without_scene", "most_without_scene"],
        secrets: &["key"],
        has_rule: false,
        has_reader: false,
        build: redpack,
    },
    Gateway {
        number: wxt_gateway::WXT_WORKWX as i32,
        texts: &["mch_id", "appid", "host", "second_host"],
        amounts: LIMITS,
        secrets: &["key", "secret"],
        has_rule: false,
        has_reader: false,
        build: workwx,
    },
    Gateway {
        number: wxt_gateway::WXT_SWIFTPASS as i32,
        texts: &[
            "url",
            "mch_id",
            "sub_appid",
            "op_user_id",
            "without_sub_fields",
            "notifications_suffice",
            "older_services",
        ],
        amounts: LIMITS,
        secrets: &["key", "private_key"],
        has_rule: true,
        has_reader: false,
        build: swiftpass,
    },
    Gateway {
        number: wxt_gateway::WXT_WEBGATE as i32,
        texts: &["host", "partner_id", "repeat_while_unpaid"],
        amounts: LIMITS,
        secrets: &["secretkey"],
        has_rule: true,
        has_reader: true,
        build: webgate,
    },
    Gateway {
        number: wxt_gateway::WXT_WXPAY as i32,
        texts: &[
            "mch_id",
            "appid",
            "sign_type",
            "sub_mch_id",
            "sub_appid",
            "host",
            "second_host",
            "notifications_suffice",
            "without_certificate",
        ],
        amounts: LIMITS,
        secrets: &["key"],
        has_rule: false,
        has_reader: false,
        build: wxpay,
    },
];

pub(super) enum AnyAccount {
    Redpack(RedpackAccount),
    Workwx(WorkwxAccount),
    Swiftpass(SwiftpassAccount),
    Webgate(WebgateAccount),
    Wxpay(WxpayAccount),
}

impl Settings {
    fn text(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(have, _)| *have == name).map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &'static str) -> Result<&str, Error> {
        self.text(name).ok_or_else(|| Error::setting(name, "is not set"))
    }

    /// "1", or not set.
    fn flag(&self, name: &'static str) -> Result<bool, Error> {
        match self.text(name) {
            None => Ok(false),
            Some("1") => Ok(true),
            Some(_) => Err(Error::setting(name, "is \"1\" or not set")),
        }
    }

    fn secret(&self, name: &'static str) -> Result<Secret, Error> {
        let secret = self.secrets.iter().find(|(have, _)| *have == name);
        secret.map(|(_, secret)| Secret::new(secret.bytes())).ok_or_else(|| Error::setting(name, "is not set"))
    }

    fn hosts(&self) -> Vec<&str> {
        ["host", "second_host"].iter().filter_map(|name| self.text(name)).collect()
    }

    fn amount(&self, name: &str) -> Option<Fen> {
        self.amounts.iter().find(|(have, _)| *have == name).map(|(_, fen)| *fen)
    }

    /// Two amounts that only go together.
    fn range(&self, least: &'static str, most: &'static str) -> Result<Option<(Fen, Fen)>, Error> {
        match (self.amount(least), self.amount(most)) {
            (Some(least), Some(most)) => Ok(Some((least, most))),
            (None, None) => Ok(None),
            (Some(_), None) => Err(Error::setting(most, "is not set, and the other bound is")),
            (None, Some(_)) => Err(Error::setting(least, "is not set, and the other bound is")),
        }
    }

    fn limits(&self) -> Result<Option<(Fen, Fen)>, Error> {
        self.range("least_amount", "most_amount")
    }

    pub(super) fn build(&self) -> Done<AnyAccount> {
        (self.gateway.build)(self).map_err(Fail::Failed)
    }
}

fn redpack(settings: &Settings) -> Result<AnyAccount, Error> {
    let (mch_id, wxappid) = (settings.required("mch_id")?, settings.required("wxappid")?);
    let mut account = RedpackAccount::new(mch_id, wxappid, settings.secret("key")?)?;
    if !settings.hosts().is_empty() {
        account = account.hosts(&settings.hosts())?;
    }
    if let Some((least, most)) = settings.limits()? {
        account = account.amounts(least, most)?;
    }
    if let Some((least, most)) = settings.range("least_without_scene", "most_without_scene")? {
        account = account.amounts_without_scene(least, most)?;
    }
    Ok(AnyAccount::Redpack(account))
}

fn workwx(settings: &Settings) -> Result<AnyAccount, Error> {
    let (mch_id, appid) = (settings.required("mch_id")?, settings.required("appid")?);
    let mut account = WorkwxAccount::new(mch_id, appid, settings.secret("key")?, settings.secret("secret")?)?;
    if !settings.hosts().is_empty() {
        account = account.hosts(&settings.hosts())?;
    }
    if let Some((least, most)) = settings.limits()? {
        account = account.amounts(least, most)?;
    }
    Ok(AnyAccount::Workwx(account))
}

fn swiftpass(settings: &Settings) -> Result<AnyAccount, Error> {
    let (url, mch_id) = (settings.required("url")?, settings.required("mch_id")?);
    let has_rsa = settings.secrets.iter().any(|(have, _)| *have == "private_key");
    let mut account = match has_rsa {
        true => swiftpass_with_rsa(settings, url, mch_id)?,
        false => SwiftpassAccount::new(url, mch_id, settings.secret("key")?)?,
    };
    if let Some(op_user_id) = settings.text("op_user_id") {
        account = account.op_user_id(op_user_id)?;
    }
    if let Some(sub_appid) = settings.text("sub_appid") {
        account = account.sub_appid(sub_appid)?;
    }
    if settings.flag("without_sub_fields")? {
        account = account.without_sub_fields();
    }
    if settings.flag("notifications_suffice")? {
        account = account.notifications_suffice();
    }
    for service in settings.text("older_services").unwrap_or_default().split_whitespace() {
        account = account.older_service(service)?;
    }
    if let Some((least, most)) = settings.limits()? {
        account = account.amounts(least, most)?;
    }
    if let Some(rule) = settings.rule.as_ref().filter(|_| !has_rsa) {
        account = account.reply_rule(rule.build()?);
    }
    Ok(AnyAccount::Swiftpass(account))
}

/// Signed with the merchant's private key, under the hash that the platform's public key was given with.
#[cfg(openssl_backend)]
fn swiftpass_with_rsa(settings: &Settings, url: &str, mch_id: &str) -> Result<SwiftpassAccount, Error> {
    use crate::wire::rsa::{PrivateKey, PublicKey};
    if settings.secrets.iter().any(|(have, _)| *have == "key") {
        return Err(Error::setting("key", "is set, and private_key is: requests are signed with one of them"));
    }
    let Some(Rule::Rsa { sha1, key }) = &settings.rule else {
        return Err(Error::setting("public_key", "is not set, and private_key is"));
    };
    let merchant = PrivateKey::read(settings.secret("private_key")?.bytes())?;
    SwiftpassAccount::with_rsa(url, mch_id, rsa_digest(*sha1), merchant, PublicKey::read(key)?)
}

#[cfg(openssl_backend)]
const fn rsa_digest(sha1: bool) -> crate::wire::rsa::RsaDigest {
    if sha1 { crate::wire::rsa::RsaDigest::Sha1 } else { crate::wire::rsa::RsaDigest::Sha256 }
}

#[cfg(not(openssl_backend))]
fn swiftpass_with_rsa(_: &Settings, _: &str, _: &str) -> Result<SwiftpassAccount, Error> {
    Err(Error::setting("private_key", "this platform has no RSA here"))
}

fn webgate(settings: &Settings) -> Result<AnyAccount, Error> {
    let (host, partner_id) = (settings.required("host")?, settings.required("partner_id")?);
    let rule = settings.rule.as_ref().ok_or_else(|| Error::setting("public_key", "is not set"))?.build()?;
    let key = settings.secret("secretkey")?;
    let mut account = match &settings.reader {
        Some(reader) => WebgateAccount::new(host, partner_id, key, ReadBefore { reader: Arc::clone(reader), rule })?,
        None => WebgateAccount::new(host, partner_id, key, rule)?,
    };
    if settings.flag("repeat_while_unpaid")? {
        account = account.repeat_while_unpaid();
    }
    if let Some((least, most)) = settings.limits()? {
        account = account.amounts(least, most)?;
    }
    Ok(AnyAccount::Webgate(account))
}

fn wxpay(settings: &Settings) -> Result<AnyAccount, Error> {
    let (mch_id, appid) = (settings.required("mch_id")?, settings.required("appid")?);
    let sign_type = match settings.text("sign_type") {
        None | Some("MD5") => SignType::Md5,
        Some("HMAC-SHA256") => SignType::HmacSha256,
        Some(_) => return Err(Error::setting("sign_type", "is \"MD5\", \"HMAC-SHA256\" or not set")),
    };
    let mut account = WxpayAccount::new(mch_id, appid, settings.secret("key")?)?.sign_type(sign_type);
    match (settings.text("sub_mch_id"), settings.text("sub_appid")) {
        (Some(sub_mch_id), sub_appid) => account = account.sub_merchant(sub_mch_id, sub_appid)?,
        (None, Some(_)) => return Err(Error::setting("sub_mch_id", "is not set, and sub_appid is")),
        (None, None) => {}
    }
    if !settings.hosts().is_empty() {
        account = account.hosts(&settings.hosts())?;
    }
    if let Some((least, most)) = settings.limits()? {
        account = account.amounts(least, most)?;
    }
    if settings.flag("notifications_suffice")? {
        account = account.notifications_suffice();
    }
    if settings.flag("without_certificate")? {
        account = account.without_certificate();
    }
    Ok(AnyAccount::Wxpay(account))
}

/// How an account's replies are verified, where its own key does not.
enum Rule {
    Rsa { sha1: bool, key: Vec<u8> },
    Own(Arc<OwnRule>),
}

impl Rule {
    fn build(&self) -> Result<Box<dyn ReplyRule>, Error> {
        match self {
            #[cfg(openssl_backend)]
            Rule::Rsa { sha1, key } => Ok(Box::new(crate::wire::rsa::RsaReply::new(
                crate::wire::rsa::PublicKey::read(key)?,
                rsa_digest(*sha1),
            ))),
            #[cfg(not(openssl_backend))]
            Rule::Rsa { .. } => {
                Err(Error::setting("public_key", "this platform has no RSA here: bring a rule of your own"))
            }
            Rule::Own(rule) => Ok(Box::new(Arc::clone(rule))),
        }
    }
}

/// A rule of the C caller's.
struct OwnRule {
    context: Context,
    prove: unsafe extern "C" fn(*mut c_void, *const wxt_reply) -> i32,
}

impl ReplyRule for OwnRule {
    fn verify(&self, reply: &Pairs) -> Result<(), &'static str> {
        let lent = Lent::<wxt_reply>::new(Told::fields_only(reply));
        // SAFETY: the caller's function, with the caller's context and a handle that lives until it returns.
        match unsafe { (self.prove)(self.context.pointer, lent.pointer) } {
            proven if proven == wxt_proof::WXT_PROVEN as i32 => Ok(()),
            _ => Err("the terminal's own rule did not prove the reply"),
        }
    }
}

/// A reader of the C caller's.
struct OwnReader {
    context: Context,
    read: unsafe extern "C" fn(*mut c_void, *mut wxt_raw) -> i32,
}

/// What a `wxt_raw` holds.
pub(super) struct Raw {
    body: Vec<u8>,
    content_type: Option<CString>,
    fields: Mutex<Result<Pairs, &'static str>>,
}

/// A rule whose replies the C caller reads.
struct ReadBefore {
    reader: Arc<OwnReader>,
    rule: Box<dyn ReplyRule>,
}

impl ReplyRule for ReadBefore {
    fn read(&self, body: &[u8], content_type: Option<&str>) -> Result<Pairs, &'static str> {
        let lent = Lent::<wxt_raw>::new(Raw {
            body: body.into(),
            content_type: content_type.map(c),
            fields: Mutex::new(Ok(Pairs::default())),
        });
        // SAFETY: the caller's function, with the caller's context and a handle that lives until it returns.
        let said = unsafe { (self.reader.read)(self.reader.context.pointer, lent.pointer) };
        // SAFETY: made above. Had the borrower freed it, which the header forbids, its magic word would be dead.
        let raw = unsafe { seen(lent.pointer.cast_const(), "raw") }.map_err(|_| "the reply was freed")?;
        let fields = std::mem::replace(&mut *locked(&raw.fields), Err("it was read already"))?;
        match said {
            said if said == wxt_reading::WXT_READ as i32 => Ok(fields),
            _ => Err("the terminal's own reader did not read the reply"),
        }
    }

    fn verify(&self, reply: &Pairs) -> Result<(), &'static str> {
        self.rule.verify(reply)
    }

    fn weakness(&self) -> Option<&'static str> {
        self.rule.weakness()
    }
}

abi! {
    /// An account with nothing set. `gateway` is one of `wxt_gateway`.
    ///
    /// Texts (`wxt_account_set`), amounts (`wxt_account_set_fen`) and secrets (`wxt_account_set_secret`) by gateway:
    /// - WXT_REDPACK: mch_id, wxappid; secret key. Optional: host, second_host; amounts least_amount and most_amount,
    ///   least_without_scene and most_without_scene.
    /// - WXT_WORKWX: mch_id, appid; secrets key (API key) and secret (of the payment application). Optional: host,
    ///   second_host; least_amount and most_amount.
    /// - WXT_SWIFTPASS: url, mch_id; secret key (MD5), or secret private_key (RSA: PEM, DER or base64) and the platform's public key
    ///   (`wxt_account_set_public_key`, whose hash then signs requests, too). Optional: sub_appid, op_user_id, without_sub_fields ("1"),
    ///   notifications_suffice ("1": a till books what a signed notification tells without asking), older_services ("pay.weixin.micropay
    ///   trade.single.query trade.single.refund trade.refund.query": those that the gateway wants); least_amount and most_amount.
    /// - WXT_WEBGATE: host, partner_id; secret secretkey; a public key (`wxt_account_set_public_key`) or a rule of your own.
    ///   Optional: repeat_while_unpaid ("1"); least_amount and most_amount.
    /// - WXT_WXPAY: mch_id, appid; secret key. Optional: sign_type ("MD5", the default, or "HMAC-SHA256"), sub_mch_id and sub_appid of
    ///   a service provider's merchant, host, second_host, notifications_suffice ("1"), without_certificate ("1": payment codes are taken though nothing can be taken
    ///   back); least_amount and most_amount.
    ///
    /// Hosts are complete: "https://api.mch.weixin.qq.com". What is missing or wrong is told when a client or till is made.
    call wxt_account_new(gateway: i32, account: *mut *mut wxt_account) {
        wanted(account, "account")?;
        let gateway = GATEWAYS.iter().find(|have| have.number == gateway);
        let gateway = gateway.ok_or(Fail::Argument("gateway", "is no gateway of this library"))?;
        let (texts, amounts, secrets) = (Vec::new(), Vec::new(), Vec::new());
        put(account, handle(Mutex::new(Settings { gateway, texts, amounts, secrets, rule: None, reader: None })));
    }
}

pub(super) fn known(names: &'static [&'static str], name: &str, what: &str) -> Done<&'static str> {
    let found = names.iter().copied().find(|have| *have == name);
    found.ok_or_else(|| unknown_name(&["this gateway's ", what].concat(), names.iter().copied()))
}

pub(super) fn replace<T>(list: &mut Vec<(&'static str, T)>, name: &'static str, value: T) {
    list.retain(|(have, _)| *have != name);
    list.push((name, value));
}

abi! {
    /// Sets a text of an account. Both are NUL-terminated UTF-8, and copied.
    call wxt_account_set(account: *mut wxt_account, name: *const c_char, value: *const c_char) {
        let mut settings = locked(seen(account, "account")?);
        let name = known(settings.gateway.texts, text(name, "name")?, "texts")?;
        replace(&mut settings.texts, name, text(value, "value")?.into());
    }

    /// Sets an amount of an account, in fen.
    call wxt_account_set_fen(account: *mut wxt_account, name: *const c_char, fen: i64) {
        let mut settings = locked(seen(account, "account")?);
        let name = known(settings.gateway.amounts, text(name, "name")?, "amounts")?;
        let fen = Fen::new(fen).map_err(|_| Fail::Argument("fen", "must be 0 to 2147483647"))?;
        replace(&mut settings.amounts, name, fen);
    }

    /// Sets a key of an account. The bytes are copied into memory that is overwritten when the account is freed. Overwrite your
    /// own copy afterwards (with explicit_bzero or the like): the library cannot.
    call wxt_account_set_secret(account: *mut wxt_account, name: *const c_char, secret: *const u8, length: usize) {
        let mut settings = locked(seen(account, "account")?);
        let name = known(settings.gateway.secrets, text(name, "name")?, "secrets")?;
        replace(&mut settings.secrets, name, Secret::new(bytes(secret, length, "secret")?));
    }

    /// Verifies the replies with the operator's RSA public key: PEM, DER, or the bare base64 of the DER. `rsa` is one of
    /// `wxt_rsa`. For WXT_WEBGATE and WXT_SWIFTPASS.
    call wxt_account_set_public_key(account: *mut wxt_account, rsa: i32, key: *const u8, length: usize) {
        let mut settings = locked(seen(account, "account")?);
        if !settings.gateway.has_rule {
            return Err(Fail::Argument("account", "this gateway's replies are not verified with RSA"));
        }
        let sha1 = match rsa {
            rsa if rsa == wxt_rsa::WXT_RSA_SHA256 as i32 => false,
            rsa if rsa == wxt_rsa::WXT_RSA_SHA1 as i32 => true,
            _ => return Err(Fail::Argument("rsa", "is no such hash")),
        };
        settings.rule = Some(Rule::Rsa { sha1, key: bytes(key, length, "key")?.into() });
    }

    /// Verifies the replies with a function of your own, where your operator's rule differs. `context` is handed to it; when
    /// nothing uses it any more, `release` (which may be NULL) is called with it, also when this call fails.
    call wxt_account_set_reply_rule(account: *mut wxt_account, prove: wxt_proof_callback,
        release: wxt_release_callback, context: *mut c_void) {
        let context = Context { pointer: context, release };
        let mut settings = locked(seen(account, "account")?);
        let prove = prove.ok_or(Fail::Argument("prove", "is NULL"))?;
        if !settings.gateway.has_rule {
            return Err(Fail::Argument("account", "this gateway's replies have a rule of their own"));
        }
        settings.rule = Some(Rule::Own(Arc::new(OwnRule { context, prove })));
    }

    /// Reads the replies with a function of your own, where your operator answers in another format or charset (GBK). What it adds is
    /// verified as before, with the public key or the rule. For WXT_WEBGATE. `context` and `release`: as for the rule.
    call wxt_account_set_reply_reader(account: *mut wxt_account, read: wxt_read_callback,
        release: wxt_release_callback, context: *mut c_void) {
        let context = Context { pointer: context, release };
        let mut settings = locked(seen(account, "account")?);
        let read = read.ok_or(Fail::Argument("read", "is NULL"))?;
        if !settings.gateway.has_reader {
            return Err(Fail::Argument("account", "this gateway's replies are XML in UTF-8"));
        }
        settings.reader = Some(Arc::new(OwnReader { context, read }));
    }
}

/// The bytes of the reply's body; their number is put into `length`, which may be NULL. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_raw_body(raw: *const wxt_raw, length: *mut usize) -> *const u8 {
    let (body, count) = unsafe { peek(raw, (std::ptr::null(), 0), |raw| (raw.body.as_ptr(), raw.body.len())) };
    if !length.is_null() && length.is_aligned() {
        // SAFETY: the caller's.
        unsafe { length.write(count) };
    }
    body
}

abi! {
    /// The reply's Content-Type header. NULL where there is none, or the transport does not tell it. Lent.
    get wxt_raw_content_type(raw: wxt_raw) -> *const c_char =
        std::ptr::null(), |raw| raw.content_type.as_ref().map_or(std::ptr::null(), |words| words.as_ptr());

    /// Adds a field, in UTF-8. One name with two values, or more than 256 names: WXT_BAD_ARGUMENT, and the reply stays unread.
    tell wxt_raw_add(raw: *mut wxt_raw, name: *const c_char, value: *const c_char) {
        let mut fields = locked(&seen(raw.cast_const(), "raw")?.fields);
        let added = match &mut *fields {
            Ok(pairs) => pairs.add(text(name, "name")?, text(value, "value")?).map_err(|fault| fault.words()),
            Err(words) => Err(*words),
        };
        if let Err(words) = added {
            *fields = Err(words);
            return Err(Fail::Argument("name", words));
        }
    }

    /// Frees an account and overwrites its keys. NULL is nothing to free.
    free wxt_account_free(account: wxt_account);
}
