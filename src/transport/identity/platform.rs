//! Client certificates with the platform's own TLS (Windows, macOS).
//!
//! native-tls does not show the certificate there, so its name and dates are not compared; a wrong one is refused by the
//! gateway.

use crate::error::Error;
use crate::transport::ClientCertificate;
use crate::transport::identity::{Identity, refuse};

pub(crate) fn pkcs12(der: &[u8], password: &str) -> Result<Identity, Error> {
    let tls = native_tls::Identity::from_pkcs12(der, password).map_err(|error| refuse(&error.to_string()))?;
    Ok(Identity { tls, certificate: ClientCertificate::NotTold })
}

pub(crate) fn pem(certificate: &[u8], key: &[u8]) -> Result<Identity, Error> {
    let tls = native_tls::Identity::from_pkcs8(certificate, key).map_err(|error| refuse(&error.to_string()))?;
    Ok(Identity { tls, certificate: ClientCertificate::NotTold })
}
