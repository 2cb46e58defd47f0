//! The keys that a table's steps name.

use crate::endpoint::KeyName;
use crate::secret::Secret;

/// The keys of an account.
pub(crate) struct Keys {
    pub(crate) api: Secret,
    pub(crate) workwx: Secret,
}

impl Keys {
    pub(crate) fn get(&self, name: KeyName) -> &Secret {
        match name {
            KeyName::Api => &self.api,
            KeyName::WorkwxSecret => &self.workwx,
        }
    }
}
