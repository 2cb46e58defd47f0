//! The merchants, keys and payees that the simulator knows.
//!
//! Where a document prints a complete example, its identifiers are used, so that the example can be
//! sent as it stands.

/// The merchant of the red packets and of the WeCom payments (docs: seed 0).
pub const MCH_ID: &str = "1900000109";
/// A merchant that has a certificate, but whose orders this gateway does not take.
pub const OTHER_MCH_ID: &str = "1900000110";
/// The `wxappid` or `appid` of the merchant.
pub const APPID: &str = "wx8888888888888888";
/// The corpid of the merchant, which is an `appid` as well (docs: seed 0, the XML example).
pub const CORPID: &str = "wxe062425f740c30d8";
/// An appid of an app, never accepted (docs: A.1).
pub const APP_APPID: &str = "wx9999999999999999";
/// The sub-merchant of [`MCH_ID`] as a service provider (docs: E.2).
pub const SUB_MCH_ID: &str = "1900000100";
/// The API key, 32 characters.
pub const KEY: &str = "0123456789abcdef0123456789ABCDEF";
/// The secret of the WeCom payment application.
pub const WORKWX_SECRET: &str = "fY3kq_WeComPaySecret-0123456789abcdefghijkl";
/// A payee whose real name is known: [`REAL_NAME`]. Of all others any name is right.
pub const NAMED_OPENID: &str = "oxTWIuGaIt6gTKsQRLau2M0yL16E";
/// The real name of [`NAMED_OPENID`] (docs: seed 0, the field table).
pub const REAL_NAME: &str = "马花花";
/// A payee of another appid: always `OPENID_ERROR`.
pub const FOREIGN_OPENID: &str = "oForeignForeignForeignForeig";

/// The merchant of the Swiftpass-type gateway, a published test merchant (docs: C.6).
pub const SWIFTPASS_MCH_ID: &str = "7551000001";
/// The key of [`SWIFTPASS_MCH_ID`].
pub const SWIFTPASS_KEY: &str = "9d101c97133837e13dde2d32a5054abb";
/// The appid that the Swiftpass-type gateway names in its replies.
pub const SWIFTPASS_APPID: &str = "wx2421b1c4370ec43b";

/// The partner of the web gateway (docs: seed 3).
pub const PARTNER_ID: &str = "10001";
/// The key of [`PARTNER_ID`] (docs: G).
pub const PARTNER_KEY: &str = "secretkey";
