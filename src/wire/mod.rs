//! Bytes and fields: what is written, read, signed and verified, whoever the gateway is.

pub(crate) mod bill;
pub(crate) mod declaration;
pub(crate) mod fields;
pub(crate) mod form;
pub(crate) mod json;
pub(crate) mod keys;
pub(crate) mod pairs;
mod plain;
#[cfg(openssl_backend)]
pub(crate) mod req_info;
#[cfg(openssl_backend)]
pub(crate) mod rsa;
pub(crate) mod sign;
pub(crate) mod unambiguous;
pub(crate) mod verify;
pub(crate) mod xml;

/// The longest reply that is read at all, in bytes. The longest documented one is about 2 KiB.
pub(crate) const LONGEST_REPLY: usize = 64 * 1024;
