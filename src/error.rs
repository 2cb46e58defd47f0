//! What can go wrong before anything is sent.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

/// **No byte of the request left this machine**, in this attempt or in any attempt of the same
/// [`Prepared`](crate::Prepared) before it.
///
/// So `?` can never carry a possible payment away. Whatever may have reached the gateway is an
/// [`Outcome`](crate::Outcome) instead.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    /// The field or setting the rule is about.
    field: Cow<'static, str>,
    /// The rule that does not hold, or what happened.
    rule: Cow<'static, str>,
}

/// The kind of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A field of a request breaks a rule of its table.
    Field,
    /// A setting of the account, the terminal or the transport is wrong.
    Setting,
    /// The client certificate cannot be used: wrong password, unsupported cipher, no key, expired, not the
    /// merchant's.
    Identity,
    /// The gateway was not reached: name resolution, connect or TLS failed before the first byte of the request.
    Connect,
    /// The system gave no random numbers or no usable time.
    System,
    /// The journal cannot be read or written, so nothing is sent.
    Journal,
    /// Journal, transport or till was opened in another process, before a fork.
    Process,
}

impl Error {
    pub(crate) fn new(
        kind: ErrorKind,
        field: impl Into<Cow<'static, str>>,
        rule: impl Into<Cow<'static, str>>,
    ) -> Error {
        Error(Box::new(Inner { kind, field: field.into(), rule: rule.into() }))
    }

    pub(crate) fn field(field: impl Into<Cow<'static, str>>, rule: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::Field, field, rule)
    }

    pub(crate) fn setting(field: impl Into<Cow<'static, str>>, rule: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::Setting, field, rule)
    }

    /// The same, for another reason.
    #[cfg(openssl_backend)]
    pub(crate) fn because(mut self, rule: impl Into<Cow<'static, str>>) -> Error {
        self.0.rule = rule.into();
        self
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The field, in the document's spelling (`mch_billno`), or the setting (`identity`).
    pub fn field_name(&self) -> &str {
        &self.0.field
    }

    /// The rule that was broken, or what happened, in English.
    pub fn rule(&self) -> &str {
        &self.0.rule
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.field)?;
        f.write_str(": ")?;
        f.write_str(&self.0.rule)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("field", &self.0.field)
            .field("rule", &self.0.rule)
            .finish()
    }
}

impl core::error::Error for Error {}

/// Joins words into one rule text.
pub(crate) fn text(parts: &[&str]) -> String {
    parts.concat()
}
