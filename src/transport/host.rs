//! The host and port of a URL.

use crate::transport::{Fault, Stage};

/// Whom a connection leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) port: u16,
}

impl Host {
    pub(crate) fn of(url: &str) -> Result<Host, Fault> {
        let wrong = || Fault::unsent(Stage::Connect, "the URL is not https://host[:port]/…");
        let uri: ureq::http::Uri = url.parse().map_err(|_| wrong())?;
        let name = uri.host().filter(|_| uri.scheme_str() == Some("https")).ok_or_else(wrong)?;
        Ok(Host { name: name.trim_matches(['[', ']']).into(), port: uri.port_u16().unwrap_or(443) })
    }
}
