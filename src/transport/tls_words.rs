//! Why a handshake failed, in words for a technician.

/// What OpenSSL says of a certificate that it does not take, in parentheses at the end of its words (X509_verify_cert_error_string),
/// and what usually mends it.
const HINTS: &[(&[&str], &str)] = &[
    (
        &["(certificate is not yet valid)", "(certificate has expired)"],
        "the server's certificate is out of date, or the clock is wrong",
    ),
    (
        &[
            "(unable to get local issuer certificate)",
            "(unable to get issuer certificate)",
            "(unable to verify the first certificate)",
        ],
        "either the roots of this terminal do not know the server's CA (`only_roots` wants the root itself; an intermediate is \
         not enough), or the server sends its own certificate without the intermediate",
    ),
    (
        &["(self-signed certificate)", "(self signed certificate)"],
        "the server made its certificate itself: this is another server, or a test server whose certificate is not among the \
         roots",
    ),
    (
        &["(self-signed certificate in certificate chain)", "(self signed certificate in certificate chain)"],
        "the roots of this terminal do not know the server's CA; or a proxy on the way opens TLS",
    ),
    (&["(hostname mismatch)", "(Hostname mismatch)", "(IP address mismatch)"], "this is another server"),
    (
        &["(EE certificate key too weak)", "(CA certificate key too weak)", "(CA signature digest algorithm too weak)"],
        "a certificate of the server is too weak",
    ),
];

/// TLS errors in the library's words, with what usually mends them. native-tls shows the code of the verification in its words
/// only.
pub(crate) fn tls_words(words: &str, name: &str) -> String {
    let found = HINTS.iter().find(|(ends, _)| ends.iter().any(|end| words.contains(end)));
    let hint = found.map_or("", |(_, hint)| hint);
    let address = match hint {
        "this is another server" if is_address(name) => {
            ", or one whose certificate does not name its address: use the gateway's host name"
        }
        _ => "",
    };
    format!("TLS: {words}{}{hint}{address}", if hint.is_empty() { "" } else { "; " })
}

fn is_address(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok()
}
