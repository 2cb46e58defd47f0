//! The client certificate, before any I/O: there, this merchant's, and valid now.

use crate::bytes;
use crate::client::{Pipe, day};
use crate::endpoint::{Endpoint, ResolvedBy};
use crate::error::{Error, ErrorKind, text};
use crate::gateways::account::Profile;
use crate::transport::ClientCertificate;
use alloc::string::String;

impl Pipe {
    /// A missing or foreign client certificate is refused before any I/O.
    pub(super) fn check_certificate(&self, profile: &Profile, endpoint: &Endpoint) -> Result<(), Error> {
        let endpoint = match endpoint.resolved_by {
            // The moment when it has to be taken back is the worst one to learn that it cannot be (POS ruling 7).
            ResolvedBy::Reversal(_, rules) if !profile.without_certificate => rules.call,
            _ => endpoint,
        };
        if !endpoint.client_certificate {
            return Ok(());
        }
        let identity = |rule: String| Err(Error::new(ErrorKind::Identity, "identity", rule));
        match self.inputs.transport.client_certificate() {
            ClientCertificate::NotTold => Ok(()),
            ClientCertificate::None => identity(text(&[
                endpoint.name,
                " needs the merchant's client certificate, and the transport has none: give it with `HttpsBuilder::identity`",
            ])),
            ClientCertificate::Some { common_name, valid: (from, until) } => {
                let mch_id = profile.identifier("mch_id").unwrap_or_default();
                // Since mid-2018 the common name is the merchant number; before it was the company's name, of which only the
                // gateway knows whose it is.
                if bytes::is_number(&common_name) && common_name != mch_id {
                    return identity(text(&["the certificate is for ", &common_name, ", the account is ", mch_id]));
                }
                let now = self.inputs.clock.unix_seconds();
                if now > until {
                    return identity(text(&[
                        "the certificate expired, or the clock is wrong: it was valid until ",
                        &day(until),
                    ]));
                }
                if now < from {
                    return identity(text(&[
                        "the certificate is not valid before ",
                        &day(from),
                        ": the clock is wrong",
                    ]));
                }
                Ok(())
            }
        }
    }
}
