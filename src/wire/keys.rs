//! The keys that a table's steps name.

use alloc::boxed::Box;
use alloc::string::String;

use crate::endpoint::{Digest, KeyName};
use crate::secret::Secret;

/// The keys of an account.
pub(crate) struct Keys {
    pub(crate) api: Secret,
    pub(crate) workwx: Secret,
    /// The account's sign type, where it is no private key.
    pub(crate) digest: Digest,
    /// Signs the requests whose table leaves the sign type to the account.
    pub(crate) private: Option<Box<dyn PrivateSign>>,
}

/// A signature with a private key, over the sorted fields alone.
pub(crate) trait PrivateSign: Send + Sync {
    /// As `sign_type` names it.
    fn sign_type(&self) -> &'static str;

    /// In base64. `None`: it could not be made.
    fn sign(&self, text: &str) -> Option<String>;

    /// Whether the key is one that a check warns of.
    fn weakness(&self) -> Option<&'static str>;
}

impl Keys {
    /// What the account's messages name as their `sign_type`.
    pub(crate) fn sign_type(&self) -> &'static str {
        self.private.as_ref().map_or(self.digest.sign_type(), |key| key.sign_type())
    }

    pub(crate) fn get(&self, name: KeyName) -> &Secret {
        match name {
            KeyName::Api => &self.api,
            KeyName::WorkwxSecret => &self.workwx,
        }
    }
}
