//! How a simulator is started.

use std::ops::RangeInclusive;

/// What a simulator does; `Settings::default()` is the well-behaved gateway of the documents.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 lets the system choose.
    pub listen_port: u16,
    /// The certificate that the server shows.
    pub server_certificate: ServerCertificate,
    /// The TLS versions that the server speaks.
    pub tls: TlsRange,
    /// How the server asks for the client's certificate.
    pub client_certificate: ClientCertificate,
    /// The red packet amounts in fen that need no `scene_id` (docs: A.1).
    pub redpack_amount: RangeInclusive<u64>,
    /// The WeCom amounts in fen (docs: B.1; the limit differs by year, this is the seed's).
    pub workwx_amount: RangeInclusive<u64>,
    /// A repeat of a paid red packet answers `result_code=FAIL`, `err_code=SUCCESS` (docs: A.3.3).
    /// Otherwise it repeats the success.
    pub redpack_repeat_says_sent: bool,
    /// `sub_appid` and `sub_openid` are required, as the table of seed 2 prints it.
    pub sub_fields_required: bool,
    /// What the merchant of the Swiftpass-type gateway signs with, and the gateway to her: this, whatever a message says.
    pub swiftpass_sign_type: SignType,
    /// `pay.alipay.native`: the order is not known before somebody scans it, as behind some acquirers (POS flows 4). It is
    /// scanned by [`Simulator::pay_order`](crate::Simulator::pay_order), or by
    /// [`Simulator::set_status`](crate::Simulator::set_status) to USERPAYING.
    pub alipay_orders_begin_at_scan: bool,
    /// The web gateway's reply names `out_trade_no` and `amount` (docs: D; not public).
    pub webgate_reply_names_order: bool,
    /// A repeat of a paid web gateway order answers a non-zero retcode, because the document allows
    /// repeats only while the order is not yet paid. Otherwise it repeats the success.
    pub webgate_repeat_says_paid: bool,
    /// The web gateway writes `retcode` as a JSON number (docs: D, both are possible).
    pub webgate_retcode_is_number: bool,
    /// Bills of every day are there at once. Otherwise a day's comes at 9:00 of the next one, by the clock that
    /// [`Simulator::advance`](crate::Simulator::advance) puts forward (docs: E.4).
    pub bills_at_once: bool,
    /// Replies have the header Date, by the clock that [`Simulator::advance`](crate::Simulator::advance) puts forward.
    pub replies_dated: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            listen_port: 0,
            server_certificate: ServerCertificate::Good,
            tls: TlsRange::Any,
            client_certificate: ClientCertificate::AskPerPath,
            redpack_amount: 100..=20_000,
            workwx_amount: 100..=2_000_000,
            redpack_repeat_says_sent: false,
            sub_fields_required: true,
            swiftpass_sign_type: SignType::Md5,
            alipay_orders_begin_at_scan: false,
            webgate_reply_names_order: true,
            webgate_repeat_says_paid: false,
            webgate_retcode_is_number: false,
            bills_at_once: false,
            replies_dated: false,
        }
    }
}

/// How a merchant of the Swiftpass-type gateway signs (docs: C.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignType {
    /// MD5, with the key.
    #[default]
    Md5,
    /// RSA_1_256: SHA256withRSA.
    Rsa256,
    /// RSA_1_1: SHA1withRSA.
    Rsa1,
}

impl SignType {
    /// Every one.
    pub const ALL: &'static [SignType] = &[SignType::Md5, SignType::Rsa256, SignType::Rsa1];

    /// `sign_type`.
    pub fn name(self) -> &'static str {
        match self {
            SignType::Md5 => "MD5",
            SignType::Rsa256 => "RSA_1_256",
            SignType::Rsa1 => "RSA_1_1",
        }
    }
}

/// The certificate that the server shows. All are for `localhost`, `127.0.0.1` and `::1`, but one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerCertificate {
    /// Valid, signed by `Files::ca_pem`.
    Good,
    /// Expired yesterday.
    Expired,
    /// Valid from tomorrow.
    NotYetValid,
    /// For `wrong.example` only.
    WrongName,
    /// Signed by `Files::other_ca_pem`.
    UnknownCa,
}

/// The TLS versions that the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsRange {
    /// TLS 1.2 and 1.3.
    Any,
    /// TLS 1.2.
    Only12,
    /// TLS 1.3.
    Only13,
    /// TLS 1.0 and 1.1, with ciphers of security level 0.
    Old,
}

/// How the server asks for the client's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificate {
    /// Asked for in the handshake, not demanded. Red packet and WeCom paths answer HTTP 400 without
    /// one, as nginx does; a certificate that does not verify is refused on every path.
    AskPerPath,
    /// Demanded in the handshake, which fails without a good one.
    Require,
}
