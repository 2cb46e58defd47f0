//! The head of a reply: where its body ends, and whether it is the body that was sent.

use ureq::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING};
use ureq::http::{HeaderMap, Version};

use crate::bytes;

/// Refuses a head whose body two readers would read differently (RFC 9112, 6.3), and one whose body is compressed.
pub(crate) fn check_framing(head: &HeaderMap, version: Version) -> Result<(), String> {
    let all = |name: HeaderName| {
        head.get_all(name).iter().map(|value| value.to_str().unwrap_or("?").trim()).collect::<Vec<_>>()
    };
    let (lengths, transfer) = (all(CONTENT_LENGTH), all(TRANSFER_ENCODING));
    match (transfer.as_slice(), lengths.as_slice()) {
        ([], []) => {}
        ([], [first, rest @ ..]) if bytes::is_number(first) && rest.iter().all(|length| length == first) => {}
        ([], _) => return Err("the reply has several lengths, or one that is no number".into()),
        ([coding], []) if coding.eq_ignore_ascii_case("chunked") && version != Version::HTTP_10 => {}
        (_, _) => return Err("the reply's Transfer-Encoding is not plainly `chunked`".into()),
    }
    let codings = all(CONTENT_ENCODING);
    if codings.len() > 1 {
        return Err("the reply has several Content-Encodings".into());
    }
    let real = |coding: &str| CODINGS.iter().any(|known| coding.trim().eq_ignore_ascii_case(known));
    if codings.iter().any(|line| line.split(',').any(real)) {
        return Err("the reply is compressed, which nobody asked for".into());
    }
    Ok(())
}

/// The content codings that there are (IANA's registry, and `x-` names of RFC 9110, 8.4.1). What else stands there, nothing or
/// `UTF-8`, says nothing of the body.
const CODINGS: [&str; 12] = [
    "aes128gcm",
    "br",
    "compress",
    "dcb",
    "dcz",
    "deflate",
    "exi",
    "gzip",
    "pack200-gzip",
    "x-compress",
    "x-gzip",
    "zstd",
];
