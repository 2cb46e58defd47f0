//! The server's side of HTTP/1.1: reads one request, writes heads.

use std::io::{self, Read};

/// The longest head, and the longest body.
const HEAD: usize = 64 * 1024;
const BODY: usize = 1024 * 1024;

/// The head of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) old: bool,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Whether the client wants to go on with the connection.
    pub(crate) fn keeps_alive(&self) -> bool {
        let wish = self.header("connection").to_ascii_lowercase();
        if self.old { wish == "keep-alive" } else { wish != "close" }
    }

    /// The length of the body, or the status that refuses it.
    pub(crate) fn length(&self) -> Result<usize, u16> {
        if !self.header("transfer-encoding").is_empty() {
            return Err(411);
        }
        let mut lengths = self.headers.iter().filter(|(n, _)| n == "content-length");
        match (lengths.next(), lengths.next(), self.method.as_str()) {
            (Some((_, length)), None, _) if length.bytes().all(|b| b.is_ascii_digit()) => match length.parse() {
                Ok(length) if length <= BODY => Ok(length),
                Ok(_) => Err(413),
                Err(_) => Err(400),
            },
            (None, _, "POST" | "PUT") => Err(411),
            (None, _, _) => Ok(0),
            _ => Err(400),
        }
    }
}

/// Bytes that arrived and were not used yet.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    bytes: Vec<u8>,
}

impl Incoming {
    /// Waits for the first byte of a request. `false`: the client has gone.
    pub(crate) fn begin(&mut self, stream: &mut impl Read) -> io::Result<bool> {
        Ok(!self.bytes.is_empty() || self.more(stream)?)
    }

    /// The head, or the status that refuses it.
    pub(crate) fn head(&mut self, stream: &mut impl Read) -> io::Result<Result<Head, u16>> {
        loop {
            if let Some(end) = find(&self.bytes, b"\r\n\r\n") {
                let head = parse(&self.bytes[..end]);
                self.bytes.drain(..end + 4);
                return Ok(head.ok_or(400));
            }
            if self.bytes.len() > HEAD {
                return Ok(Err(431));
            }
            if !self.more(stream)? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The body.
    pub(crate) fn body(&mut self, stream: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
        while self.bytes.len() < length {
            if !self.more(stream)? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let rest = self.bytes.split_off(length);
        Ok(std::mem::replace(&mut self.bytes, rest))
    }

    fn more(&mut self, stream: &mut impl Read) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let count = stream.read(&mut buffer)?;
        self.bytes.extend_from_slice(&buffer[..count]);
        Ok(count > 0)
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

fn parse(bytes: &[u8]) -> Option<Head> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path, version) = (first.next()?, first.next()?, first.next()?);
    let known = matches!(version, "HTTP/1.1" | "HTTP/1.0");
    if !known || first.next().is_some() || !path.starts_with('/') {
        return None;
    }
    let mut head =
        Head { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), old: version == "HTTP/1.0" };
    for line in lines {
        let (name, value) = line.split_once(':')?;
        if name.is_empty() || name.contains([' ', '\t']) {
            return None;
        }
        let value = value.trim_matches([' ', '\t']);
        head.headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    Some(head)
}

/// The head of a response, without a length when `length` is `None`.
pub(crate) fn response(
    status: u16,
    content_type: &str,
    length: Option<usize>,
    more: &[(&str, String)],
    keep_alive: bool,
) -> String {
    let mut head = format!("HTTP/1.1 {status} {}\r\nContent-Type: {content_type}\r\n", reason(status));
    if let Some(length) = length {
        head.push_str(&format!("Content-Length: {length}\r\n"));
    }
    for (name, value) in more {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let connection = if keep_alive { "keep-alive" } else { "close" };
    head + &format!("Connection: {connection}\r\n\r\n")
}

pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        502 => "Bad Gateway",
        _ => "Unknown",
    }
}

/// A page as nginx prints it.
pub(crate) fn page(title: &str, words: &str) -> Vec<u8> {
    format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <center>{words}</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Option<Head> {
        parse(text.as_bytes())
    }

    #[test]
    fn lengths() {
        let length = |more: &str| head(&format!("POST / HTTP/1.1{more}")).unwrap().length();
        assert_eq!(length("\r\nContent-Length: 5"), Ok(5));
        assert_eq!(length(""), Err(411));
        assert_eq!(length("\r\nTransfer-Encoding: chunked"), Err(411));
        assert_eq!(length("\r\nContent-Length: 1048577"), Err(413));
        assert_eq!(length("\r\nContent-Length: 5\r\nContent-Length: 6"), Err(400));
        assert_eq!(length("\r\nContent-Length: -1"), Err(400));
        assert_eq!(head("GET / HTTP/1.1").unwrap().length(), Ok(0));
    }

    #[test]
    fn refuses() {
        for bad in ["", "POST /", "POST / HTTP/2", "POST / x HTTP/1.1", "POST x HTTP/1.1"] {
            assert!(head(bad).is_none(), "{bad}");
        }
        assert!(head("POST / HTTP/1.1\r\nno colon").is_none());
        assert!(head("POST / HTTP/1.1\r\nName : x").is_none());
    }

    #[test]
    fn reads_in_pieces_and_keeps_the_rest() {
        let mut incoming = Incoming::default();
        let mut stream: &[u8] = b"POST /a HTTP/1.1\r\nA: b\r\n\r\nbodyGET /";
        assert!(incoming.begin(&mut stream).unwrap());
        let head = incoming.head(&mut stream).unwrap().unwrap();
        assert_eq!((head.path.as_str(), head.header("a")), ("/a", "b"));
        assert_eq!(incoming.body(&mut stream, 4).unwrap(), b"body");
        assert_eq!(incoming.bytes, b"GET /");
    }
}
