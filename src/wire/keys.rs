//! The keys that a table's steps name.

use crate::endpoint::{Digest, KeyName};
use crate::secret::Secret;

/// The keys of an account.
pub(crate) struct Keys {
    pub(crate) api: Secret,
    pub(crate) workwx: Secret,
    /// The account's sign type.
    pub(crate) digest: Digest,
}

impl Keys {
    pub(crate) fn get(&self, name: KeyName) -> &Secret {
        match name {
            KeyName::Api => &self.api,
            KeyName::WorkwxSecret => &self.workwx,
        }
    }
}
