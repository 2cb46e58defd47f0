//! Who can claim a red packet that a mini-program hands out.

use core::fmt;

use super::receipt::Evidence;
use crate::gateways::miniprogram_hb::MiniProgramHbSent;

/// Who can claim an issued red packet of [`SendMiniProgramHb`](crate::SendMiniProgramHb).
///
/// `Accepted` says that it was issued and that the money left the merchant. Only the reply has what claims it, and the query
/// does not tell it again (protocol A.2; POS flows 10).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum HbClaim<'a> {
    /// The mini-program, with this `package`: [`RedpackAccount::hb_fields`](crate::RedpackAccount::hb_fields).
    Package(&'a str),
    /// Nobody: the answer that had the `package` was lost. The money comes back to the merchant after 24 h. Tell the user; another
    /// packet is another intent.
    Nobody,
}

impl Evidence<MiniProgramHbSent> {
    /// Who can claim it. Look before you tell the user that a packet is there.
    #[must_use]
    pub fn claim(&self) -> HbClaim<'_> {
        self.field("package").map_or(HbClaim::Nobody, HbClaim::Package)
    }
}

/// Hides the package: it lets its bearer claim the packet.
impl fmt::Debug for HbClaim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HbClaim::Package(_) => "Package",
            HbClaim::Nobody => "Nobody",
        })
    }
}
