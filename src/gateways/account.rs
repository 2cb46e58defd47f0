//! Accounts: who pays, with which keys, at which hosts. One type per gateway family.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::endpoint::{Digest, Endpoint, Notice};
use crate::error::{Error, text};
use crate::gateways::notification::{self, Notification, NotificationFault};
use crate::money::Fen;
use crate::secret::Secret;
use crate::wire::fields::{Limits, is_authority};
use crate::wire::keys::Keys;
#[cfg(openssl_backend)]
use crate::wire::rsa::{PrivateKey, PublicKey, RsaDigest, RsaReply, RsaSign};
use crate::wire::verify::{ReplyRule, Verifier};

pub(crate) mod sealed {
    /// Implemented by this crate's accounts only, so that fields can be added.
    pub trait Sealed {
        #[doc(hidden)]
        fn profile(&self) -> &super::Profile;
    }

    /// The tables of a family of accounts. Each account names its own, so that a program has the tables of the gateways that it uses, and
    /// of no others.
    pub trait Tables {
        /// A call that moves money or makes an order: by it a check finds the query.
        #[doc(hidden)]
        const PAYMENT: &'static super::Endpoint;
        /// All of its calls: among them a till finds the table of a stored entry.
        #[doc(hidden)]
        const CALLS: &'static [&'static super::Endpoint];
    }
}

/// An account of one gateway family. A request of another family does not compile.
///
/// Sealed: the implementations are this crate's.
pub trait Account: sealed::Sealed + sealed::Tables + Send + Sync {
    /// The family's name: `wxpay`, `redpack`, `workwx`, `swiftpass`, `webgate`.
    const FAMILY: &'static str;
}

/// What the pipeline needs to know of an account.
#[doc(hidden)]
pub struct Profile {
    /// The gateway family's name.
    pub(crate) family: &'static str,
    /// First host first.
    pub(crate) hosts: Vec<String>,
    /// `mch_id`, `wxappid`, … by the names of the tables.
    pub(crate) identifiers: Vec<(&'static str, String)>,
    /// `op_user_id`: who operates it. It is sent, and says nothing of whose an entry of a journal is.
    op_user_id: Option<String>,
    pub(crate) keys: Keys,
    pub(crate) amount: (u32, u32),
    pub(crate) waived: Vec<&'static str>,
    pub(crate) verifier: Verifier,
    /// The older names of Swiftpass services: (call, service).
    pub(crate) services: Vec<(&'static str, &'static str)>,
    /// The amounts that need no `scene_id`.
    pub(crate) amounts_without_scene: (u32, u32),
    /// The operator allows the same call again while the order is unpaid.
    pub(crate) repeat_while_unpaid: bool,
    /// The call that fetches the merchant's bill, where the gateway makes any.
    pub(crate) bill: Option<&'static Endpoint>,
    /// How its notifications of payments are read, where the gateway sends any.
    pub(crate) notice: Option<&'static Notice>,
    /// A notification counts as a payment without the query's word.
    pub(crate) notifications_suffice: bool,
    /// Nothing can be taken back or refunded here: the operator knows it.
    pub(crate) without_certificate: bool,
    /// How long a "not found" may still turn into an order, where the document does not say.
    pub(crate) window: Option<Duration>,
    /// Replies are XML even though a rule of the account's own verifies them.
    pub(crate) xml_replies: bool,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile").field("identifiers", &self.identifiers).finish_non_exhaustive()
    }
}

impl Profile {
    fn new(family: &'static str, hosts: &[&str], key: Secret, verifier: Verifier) -> Profile {
        Profile {
            family,
            hosts: hosts.iter().map(|host| String::from(*host)).collect(),
            identifiers: Vec::new(),
            op_user_id: None,
            keys: Keys { api: key, workwx: Secret::new(Vec::new()), digest: Digest::Md5, private: None },
            amount: (1, Fen::MAX.get()),
            waived: Vec::new(),
            verifier,
            services: Vec::new(),
            amounts_without_scene: (100, 20_000),
            repeat_while_unpaid: false,
            bill: None,
            notice: None,
            notifications_suffice: false,
            without_certificate: false,
            window: None,
            xml_replies: true,
        }
    }

    /// A notification of a payment, read and verified.
    pub(crate) fn notification(&self, body: &[u8]) -> Result<Notification, NotificationFault> {
        let table = self.notice.ok_or(NotificationFault("this gateway sends no notifications"))?;
        let identifiers = table.identifiers.iter().map(|(name, _)| self.identifier(name).map(String::from)).collect();
        Notification::read(table, identifiers, (&self.verifier, &self.keys), body)
    }

    /// The value of an identifier.
    pub(crate) fn identifier(&self, name: &str) -> Option<&str> {
        let of = |name: &str| self.identifiers.iter().find(|(have, _)| *have == name).map(|(_, value)| value.as_str());
        // A company's red packets name its corpid so (protocol B.2). It is no identifier of its own: journals of older
        // versions are by the others.
        of(name).or_else(|| if name == "wxappid" { of("appid") } else { None })
    }

    /// What this account puts into a field of a call.
    pub(crate) fn value(&self, endpoint: &Endpoint, field: &str) -> Option<&str> {
        match field {
            _ if self.waived.contains(&field) => None,
            // Named where it is not the documents' default (protocol F.1.5).
            "sign_type" => Some(self.keys.sign_type()).filter(|named| *named != Digest::Md5.sign_type()),
            // By default each call's service has the call's name.
            "service" => {
                let older = self.services.iter().find(|(call, _)| *call == endpoint.name);
                Some(older.map_or(endpoint.name, |(_, older)| *older))
            }
            "op_user_id" => self.op_user_id.as_deref().or_else(|| self.identifier("mch_id")),
            _ => self.identifier(field),
        }
    }

    pub(crate) fn limits(&self) -> Limits<'_> {
        Limits { amount: self.amount, waived: &self.waived, usual: self.amounts_without_scene }
    }

    /// The URL of a call at one of the hosts.
    pub(crate) fn url(&self, endpoint: &Endpoint, host: usize) -> Option<String> {
        self.hosts.get(host).map(|base| text(&[base, endpoint.path]))
    }

    fn set_hosts(&mut self, hosts: &[&str]) -> Result<(), Error> {
        if hosts.is_empty() || hosts.len() > 2 {
            return Err(Error::setting("hosts", "one or two hosts"));
        }
        self.hosts = hosts.iter().map(|host| checked_host(host)).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn set_window(&mut self, window: Duration) -> Result<(), Error> {
        if !(Duration::from_secs(60)..=Duration::from_secs(86_400)).contains(&window) {
            return Err(Error::setting("not_found_window", "must be one minute to one day"));
        }
        self.window = Some(window);
        Ok(())
    }

    fn set_amounts(&mut self, least: Fen, most: Fen) -> Result<(), Error> {
        if least > most || least.get() == 0 {
            return Err(Error::setting("amounts", "the least amount is 1 fen or more and not above the most"));
        }
        self.amount = (least.get(), most.get());
        Ok(())
    }

    fn set_amounts_without_scene(&mut self, least: Fen, most: Fen) -> Result<(), Error> {
        if least > most {
            return Err(Error::setting("amounts_without_scene", "the least amount is above the most"));
        }
        self.amounts_without_scene = (least.get(), most.get());
        Ok(())
    }
}

/// The hosts of WeChat Pay: the first, and the one for disaster recovery (protocol section 0).
const WECHAT_HOSTS: [&str; 2] = ["https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com"];

/// How an account signs: its requests, the replies to them, and its notifications. What a message says of its own
/// `sign_type` never chooses (protocol F.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignType {
    /// MD5, the default of the documents: `sign_type` is not sent.
    #[default]
    Md5,
    /// HMAC-SHA256 under the API key: `sign_type` is sent, and signed.
    HmacSha256,
}

/// A merchant's account for taking money at the counter: WeChat Pay's own `pay/*` interfaces (protocol E).
pub struct WxpayAccount {
    profile: Profile,
}

impl WxpayAccount {
    /// The merchant number, the appid and the merchant's 32-character API key. Of a service provider: the provider's, with
    /// [`WxpayAccount::sub_merchant`].
    ///
    /// # Errors
    ///
    /// `mch_id` is not 1 to 32 digits, `appid` is not 1 to 32 visible ASCII characters, or the key is not 32 letters and
    /// digits.
    pub fn new(mch_id: &str, appid: &str, key: Secret) -> Result<WxpayAccount, Error> {
        check_digits("mch_id", mch_id)?;
        check_word("appid", appid, 32)?;
        check_api_key(&key)?;
        let mut profile = Profile::new(WxpayAccount::FAMILY, &WECHAT_HOSTS, key, Verifier::Key);
        profile.identifiers = [("mch_id", mch_id), ("appid", appid)].map(|(n, v)| (n, v.into())).into();
        profile.notice = Some(&notification::WXPAY);
        profile.bill = Some(&crate::gateways::bill::DOWNLOAD_BILL);
        Ok(WxpayAccount { profile })
    }

    /// The sign type of requests, replies and notifications. Default: MD5.
    #[must_use]
    pub fn sign_type(mut self, sign_type: SignType) -> WxpayAccount {
        self.profile.keys.digest = match sign_type {
            SignType::Md5 => Digest::Md5,
            SignType::HmacSha256 => Digest::HmacSha256,
        };
        self
    }

    /// Service-provider mode: the sub-merchant that every call is for, and its appid where it has one of its own. Both are sent with
    /// each call; a reply or a notification of another sub-merchant is not this account's.
    ///
    /// # Errors
    ///
    /// `sub_mch_id` is not 1 to 32 digits, or `sub_appid` is not 1 to 32 visible ASCII characters.
    pub fn sub_merchant(mut self, sub_mch_id: &str, sub_appid: Option<&str>) -> Result<WxpayAccount, Error> {
        check_digits("sub_mch_id", sub_mch_id)?;
        sub_appid.map_or(Ok(()), |sub_appid| check_word("sub_appid", sub_appid, 32))?;
        self.profile.identifiers.retain(|(name, _)| !name.starts_with("sub_"));
        self.profile.identifiers.push(("sub_mch_id", sub_mch_id.into()));
        self.profile.identifiers.extend(sub_appid.map(|sub_appid| ("sub_appid", sub_appid.into())));
        Ok(self)
    }

    /// Other hosts: one, or a first and a second. Default: `api.mch.weixin.qq.com`, then `api2.mch.weixin.qq.com`.
    ///
    /// # Errors
    ///
    /// A URL is not `https://` with a host name, has a path, or there are none or more than two.
    pub fn hosts(mut self, hosts: &[&str]) -> Result<WxpayAccount, Error> {
        self.profile.set_hosts(hosts)?;
        Ok(self)
    }

    /// The least and the most of one sale. Default: 1 fen and more.
    ///
    /// # Errors
    ///
    /// The range is empty or begins at zero.
    pub fn amounts(mut self, least: Fen, most: Fen) -> Result<WxpayAccount, Error> {
        self.profile.set_amounts(least, most)?;
        Ok(self)
    }

    /// Takes payment codes without the merchant's client certificate. **Then nothing can be taken back:** a sale that times out stays open
    /// until WeChat revokes it by itself, and many are for a person. By default a terminal without a usable certificate takes no
    /// payment codes (POS ruling 7, 14).
    #[must_use]
    pub fn without_certificate(mut self) -> WxpayAccount {
        self.profile.without_certificate = true;
        self
    }

    /// Says that notifications suffice: a till books what a signed notification tells without asking the gateway. By default it
    /// asks (SECURITY.md, "Text that is signed can be cut").
    #[must_use]
    pub fn notifications_suffice(mut self) -> WxpayAccount {
        self.profile.notifications_suffice = true;
        self
    }
}

/// A merchant's account for cash red packets (seed 001).
pub struct RedpackAccount {
    profile: Profile,
}

impl RedpackAccount {
    /// The merchant number, the official account's appid and the merchant's 32-character API key.
    ///
    /// # Errors
    ///
    /// `mch_id` is not 1 to 32 digits, `wxappid` is not 1 to 32 visible ASCII characters, or the key is not 32 letters
    /// and digits.
    pub fn new(mch_id: &str, wxappid: &str, key: Secret) -> Result<RedpackAccount, Error> {
        check_digits("mch_id", mch_id)?;
        check_word("wxappid", wxappid, 32)?;
        check_api_key(&key)?;
        let mut profile = Profile::new(RedpackAccount::FAMILY, &WECHAT_HOSTS, key, Verifier::Key);
        profile.identifiers =
            [("mch_id", mch_id), ("wxappid", wxappid), ("appid", wxappid)].map(|(n, v)| (n, v.into())).into();
        Ok(RedpackAccount { profile })
    }

    /// Other hosts: one, or a first and a second. Default: `api.mch.weixin.qq.com`, then `api2.mch.weixin.qq.com`.
    ///
    /// # Errors
    ///
    /// A URL is not `https://` with a host name, has a path, or there are none or more than two.
    pub fn hosts(mut self, hosts: &[&str]) -> Result<RedpackAccount, Error> {
        self.profile.set_hosts(hosts)?;
        Ok(self)
    }

    /// The amounts that need no `scene_id`: of one red packet, and of a group's what each gets on average. Default 1.00 to
    /// 200.00 yuan (protocol A.1).
    ///
    /// # Errors
    ///
    /// The range is empty.
    pub fn amounts_without_scene(mut self, least: Fen, most: Fen) -> Result<RedpackAccount, Error> {
        self.profile.set_amounts_without_scene(least, most)?;
        Ok(self)
    }

    /// The least and the most that one red packet of this account may hold, or a group's together. Default: what the table
    /// allows.
    ///
    /// # Errors
    ///
    /// The range is empty or begins at zero.
    pub fn amounts(mut self, least: Fen, most: Fen) -> Result<RedpackAccount, Error> {
        self.profile.set_amounts(least, most)?;
        Ok(self)
    }
}

/// A company's account for payments to employees (seed 000), and for its red packets (WeCom page 90281).
pub struct WorkwxAccount {
    profile: Profile,
}

impl WorkwxAccount {
    /// The merchant number, the corpid (as `appid`), the merchant's 32-character API key, and the Secret of the payment
    /// application (企业支付) in the WeCom console.
    ///
    /// # Errors
    ///
    /// `mch_id` is not 1 to 32 digits, `appid` is not 1 to 128 visible ASCII characters, the key is not 32 letters and
    /// digits, or the secret is empty or longer than 128 bytes.
    pub fn new(mch_id: &str, appid: &str, key: Secret, secret: Secret) -> Result<WorkwxAccount, Error> {
        check_digits("mch_id", mch_id)?;
        check_word("appid", appid, 128)?;
        check_api_key(&key)?;
        check_key("secret", &secret, 1, 128)?;
        let mut profile = Profile::new(WorkwxAccount::FAMILY, &WECHAT_HOSTS, key, Verifier::Key);
        profile.keys.workwx = secret;
        profile.identifiers = [("mch_id", mch_id), ("appid", appid)].map(|(n, v)| (n, v.into())).into();
        // 2017: 1 to 20,000 yuan. Later pages print less; every limit is a setting (protocol B.1).
        profile.amount = (100, 2_000_000);
        Ok(WorkwxAccount { profile })
    }

    /// Other hosts: one, or a first and a second. Default: `api.mch.weixin.qq.com`, then `api2.mch.weixin.qq.com`.
    ///
    /// # Errors
    ///
    /// A URL is not `https://` with a host name, has a path, or there are none or more than two.
    pub fn hosts(mut self, hosts: &[&str]) -> Result<WorkwxAccount, Error> {
        self.profile.set_hosts(hosts)?;
        Ok(self)
    }

    /// The least and the most of one payment to an employee. Default 1.00 to 20,000.00 yuan. Red packets have another:
    /// [`WorkwxAccount::amounts_without_scene`].
    ///
    /// # Errors
    ///
    /// The range is empty or begins at zero.
    pub fn amounts(mut self, least: Fen, most: Fen) -> Result<WorkwxAccount, Error> {
        self.profile.set_amounts(least, most)?;
        Ok(self)
    }

    /// The amounts of red packets that need no `scene_id`. Default 1.00 to 200.00 yuan (protocol A.1).
    ///
    /// # Errors
    ///
    /// The range is empty.
    pub fn amounts_without_scene(mut self, least: Fen, most: Fen) -> Result<WorkwxAccount, Error> {
        self.profile.set_amounts_without_scene(least, most)?;
        Ok(self)
    }
}

/// The older names of services (protocol C.1).
const OLDER_SERVICES: &[(&str, &str)] = &[
    ("unified.trade.micropay", "pay.weixin.micropay"),
    ("unified.trade.query", "trade.single.query"),
    ("unified.trade.refund", "trade.single.refund"),
    ("unified.trade.refundquery", "trade.refund.query"),
];

/// A merchant's account at a Swiftpass-type gateway (seed 002).
pub struct SwiftpassAccount {
    profile: Profile,
}

impl SwiftpassAccount {
    /// The gateway's complete URL with its path (the document leaves it blank; mostly it ends with `/pay/gateway`), the merchant
    /// number and its MD5 key.
    ///
    /// # Errors
    ///
    /// The URL is not `https://` with a host name, or has no path; `mch_id` is not 1 to 32 letters and digits, or the key is not 16 to
    /// 64 visible characters.
    pub fn new(url: &str, mch_id: &str, key: Secret) -> Result<SwiftpassAccount, Error> {
        check_key("key", &key, 16, 64)?;
        SwiftpassAccount::with_keys(url, mch_id, key, Verifier::Key)
    }

    /// The same, of a merchant whose gateway is configured for RSA: requests are signed with the merchant's private key, replies and
    /// notifications verified with the platform's public key. `Sha256` is sent as `sign_type` `RSA_1_256`, `Sha1` as `RSA_1_1`; what a
    /// message says of its own `sign_type` never counts (protocol C.3).
    ///
    /// # Errors
    ///
    /// As [`SwiftpassAccount::new`].
    #[cfg(openssl_backend)]
    pub fn with_rsa(
        url: &str,
        mch_id: &str,
        digest: RsaDigest,
        merchant: PrivateKey,
        platform: PublicKey,
    ) -> Result<SwiftpassAccount, Error> {
        let verifier = Verifier::Rule(Box::new(RsaReply::new(platform, digest)));
        let mut account = SwiftpassAccount::with_keys(url, mch_id, Secret::new(Vec::new()), verifier)?;
        account.profile.keys.private = Some(Box::new(RsaSign { key: merchant, digest }));
        Ok(account)
    }

    fn with_keys(url: &str, mch_id: &str, key: Secret, verifier: Verifier) -> Result<SwiftpassAccount, Error> {
        // A host alone would answer HTTP 404 for ever. Whose gateway really has no path says so with a slash.
        let has_path = url.strip_prefix("https://").is_none_or(|rest| rest.contains('/'));
        let url = checked_url(url)?;
        if !has_path {
            return Err(Error::setting(
                "url",
                "must be complete, with the gateway's path: https://pay.example/pay/gateway",
            ));
        }
        check_word("mch_id", mch_id, 32)?;
        if !mch_id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Error::setting("mch_id", "must be letters and digits only"));
        }
        let mut profile = Profile::new(SwiftpassAccount::FAMILY, &[&url], key, verifier);
        profile.identifiers = Vec::from([("mch_id", mch_id.into())]);
        profile.notice = Some(&notification::SWIFTPASS);
        // 1…5000000 fen (protocol C.2, total_fee).
        profile.amount = (1, 5_000_000);
        Ok(SwiftpassAccount { profile })
    }

    /// The `sub_appid` (微信分配的子商户公众账号ID) of every order.
    ///
    /// # Errors
    ///
    /// Not 1 to 45 visible ASCII characters.
    pub fn sub_appid(mut self, sub_appid: &str) -> Result<SwiftpassAccount, Error> {
        check_word("sub_appid", sub_appid, 45)?;
        self.profile.identifiers.retain(|(name, _)| *name != "sub_appid");
        self.profile.identifiers.push(("sub_appid", sub_appid.into()));
        Ok(self)
    }

    /// The `op_user_id` (操作员) of every refund. Default: the `mch_id` (POS flows 9).
    ///
    /// # Errors
    ///
    /// Not 1 to 32 visible ASCII characters.
    pub fn op_user_id(mut self, op_user_id: &str) -> Result<SwiftpassAccount, Error> {
        check_word("op_user_id", op_user_id, 32)?;
        self.profile.op_user_id = Some(op_user_id.into());
        Ok(self)
    }

    /// Says that this gateway does not want `sub_appid` and `sub_openid`. The seed's table requires them, though an H5
    /// order has no use for them.
    #[must_use]
    pub fn without_sub_fields(mut self) -> SwiftpassAccount {
        self.profile.waived = Vec::from(["sub_appid", "sub_openid"]);
        self
    }

    /// The older name of a service, which older gateways want (protocol C.1): `pay.weixin.micropay`, `trade.single.query`,
    /// `trade.single.refund`, `trade.refund.query`. Each may be set. (`pay.weixin.wappay` is another call than `pay.weixin.wap`,
    /// with other fields and another reply.)
    ///
    /// # Errors
    ///
    /// Another service: its fields and its reply are in no table here.
    pub fn older_service(mut self, service: &str) -> Result<SwiftpassAccount, Error> {
        let pair = OLDER_SERVICES.iter().find(|(_, older)| *older == service);
        let (call, older) =
            pair.ok_or_else(|| Error::setting("older_service", "is no older name of a service here"))?;
        self.profile.services.retain(|(have, _)| have != call);
        self.profile.services.push((call, older));
        Ok(self)
    }

    /// Verifies replies and notifications with this rule instead of MD5: the platform's RSA key, where the gateway is
    /// configured for `RSA_1_256` or `RSA_1_1`. What the message itself says of its `sign_type` never counts.
    #[must_use]
    pub fn reply_rule(mut self, rule: impl ReplyRule + 'static) -> SwiftpassAccount {
        self.profile.verifier = Verifier::Rule(Box::new(rule));
        self
    }

    /// Says that this gateway's notifications suffice: a till books what a signed notification tells without asking the
    /// gateway. By default it asks, because whoever has one signed notification of this merchant, and a text in it, has
    /// something to cut (SECURITY.md, "Text that is signed can be cut").
    #[must_use]
    pub fn notifications_suffice(mut self) -> SwiftpassAccount {
        self.profile.notifications_suffice = true;
        self
    }

    /// How long after the last attempt a till still takes the query's "not found" for a request that is on its way. The
    /// document does not say; default 20 minutes, after which seed 1 has red packets asked about.
    ///
    /// # Errors
    ///
    /// Shorter than one minute or longer than one day.
    pub fn not_found_window(mut self, window: Duration) -> Result<SwiftpassAccount, Error> {
        self.profile.set_window(window)?;
        Ok(self)
    }

    /// The least and the most of one order. Default 1 fen to 50,000.00 yuan.
    ///
    /// # Errors
    ///
    /// The range is empty or begins at zero.
    pub fn amounts(mut self, least: Fen, most: Fen) -> Result<SwiftpassAccount, Error> {
        self.profile.set_amounts(least, most)?;
        Ok(self)
    }
}

/// An application's account at an e-pay (易支付) web gateway (seed 003).
pub struct WebgateAccount {
    profile: Profile,
}

impl WebgateAccount {
    /// The operator's host, such as `https://pay.shanghai.nyu.edu`, the `partner_id` (合作伙伴id号), the `secretkey`
    /// handed over offline, and the rule that verifies replies (see [`RsaReply`](crate::RsaReply)).
    ///
    /// # Errors
    ///
    /// The URL is not `https://` with a host name, or has a path; `partner_id` is not 1 to 32 visible ASCII characters, or the key is
    /// not 1 to 128 bytes.
    pub fn new(
        host: &str,
        partner_id: &str,
        secretkey: Secret,
        rule: impl ReplyRule + 'static,
    ) -> Result<WebgateAccount, Error> {
        let host = checked_host(host)?;
        check_word("partner_id", partner_id, 32)?;
        check_key("secretkey", &secretkey, 1, 128)?;
        let mut profile = Profile::new(WebgateAccount::FAMILY, &[&host], secretkey, Verifier::Rule(Box::new(rule)));
        profile.identifiers = Vec::from([("partner_id", partner_id.into())]);
        profile.xml_replies = false;
        Ok(WebgateAccount { profile })
    }

    /// Says that the operator really holds to its document: 此接口支持重复调用，前提是交易基本信息在多次调用中保持一致，且交易尚未完成支付.
    /// The till then repeats an open recharge, identically. Ask the operator what a repeat of a **paid** order does before
    /// you say so. Default: no repeat.
    #[must_use]
    pub fn repeat_while_unpaid(mut self) -> WebgateAccount {
        self.profile.repeat_while_unpaid = true;
        self
    }

    /// The least and the most of one recharge. Default 1 fen and more.
    ///
    /// # Errors
    ///
    /// The range is empty or begins at zero.
    pub fn amounts(mut self, least: Fen, most: Fen) -> Result<WebgateAccount, Error> {
        self.profile.set_amounts(least, most)?;
        Ok(self)
    }
}

macro_rules! account {
    ($name:ident, $family:literal) => {
        impl sealed::Sealed for $name {
            fn profile(&self) -> &Profile {
                &self.profile
            }
        }

        impl Account for $name {
            const FAMILY: &'static str = $family;
        }

        /// Shows identifiers and hosts, never a key.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("identifiers", &self.profile.identifiers)
                    .field("hosts", &self.profile.hosts)
                    .finish_non_exhaustive()
            }
        }
    };
}

account!(WxpayAccount, "wxpay");
account!(RedpackAccount, "redpack");
account!(WorkwxAccount, "workwx");
account!(SwiftpassAccount, "swiftpass");
account!(WebgateAccount, "webgate");

fn check_digits(name: &'static str, value: &str) -> Result<(), Error> {
    if (1..=32).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit()) {
        Ok(())
    } else {
        Err(Error::setting(name, "must be 1 to 32 digits"))
    }
}

fn check_word(name: &'static str, value: &str, longest: usize) -> Result<(), Error> {
    if value.is_empty() || value.len() > longest {
        return Err(Error::setting(name, alloc::format!("must be 1 to {longest} characters")));
    }
    if !value.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::setting(name, "must be visible ASCII without blanks"));
    }
    Ok(())
}

/// The merchant platform's API key: exactly 32 letters and digits.
fn check_api_key(key: &Secret) -> Result<(), Error> {
    if key.bytes().len() != 32 {
        return Err(Error::setting("key", "the API key has exactly 32 characters"));
    }
    if !key.bytes().iter().all(u8::is_ascii_alphanumeric) {
        return Err(Error::setting("key", "the API key is made of letters and digits only"));
    }
    Ok(())
}

fn check_key(name: &'static str, key: &Secret, shortest: usize, longest: usize) -> Result<(), Error> {
    if !(shortest..=longest).contains(&key.bytes().len()) {
        return Err(Error::setting(name, alloc::format!("must be {shortest} to {longest} bytes")));
    }
    if !key.bytes().iter().all(u8::is_ascii_graphic) {
        return Err(Error::setting(name, "must be visible ASCII without blanks"));
    }
    Ok(())
}

/// An `https://` URL of a host alone: the path is the table's.
fn checked_host(url: &str) -> Result<String, Error> {
    let host = checked_url(url)?;
    match host.strip_prefix("https://").is_some_and(|rest| rest.contains('/')) {
        true => Err(Error::setting(
            "host",
            "must be the host alone, such as https://pay.example: the library adds the path",
        )),
        false => Ok(host),
    }
}

/// An `https://` URL of a host and, for Swiftpass, a path. No user, no query.
fn checked_url(url: &str) -> Result<String, Error> {
    let wrong = |rule: &'static str| Err(Error::setting("url", rule));
    let Some(rest) = url.strip_prefix("https://") else {
        return wrong("must begin with https://");
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if !is_authority(authority) {
        return wrong("must have a host name, and a port from 1 to 65535 if any; no user");
    }
    if !rest.bytes().all(|b| b.is_ascii_graphic()) || rest.contains(['@', '?', '#', '\\']) {
        return wrong("must be a host and a path, without user, query or fragment");
    }
    Ok(url.trim_end_matches('/').into())
}
