//! Who may come in: not another user of this machine, and no page of another origin.

use openssl::memcmp;

use crate::http::Head;

pub(crate) struct Door {
    /// What the browser calls this server: a name of another host that resolves to loopback is none of them.
    hosts: [String; 2],
    token: String,
}

impl Door {
    pub(crate) fn new(port: u16, token: String) -> Door {
        Door { hosts: ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}")), token }
    }

    /// The path behind the token, or the status that refuses the request.
    pub(crate) fn admit<'a>(&self, head: &'a Head) -> Result<&'a str, u16> {
        let host = self.host(head)?;
        let path = self.known(&head.path).ok_or(404_u16)?;
        let origin = once(head, "origin")?;
        if origin.is_some_and(|origin| origin.strip_prefix("http://") != Some(host)) {
            return Err(403);
        }
        // Browsers say who asks, and no page can say otherwise: `none` is a person who typed the address.
        if !matches!(once(head, "sec-fetch-site")?, None | Some("same-origin" | "none")) {
            return Err(403);
        }
        match head.method.as_str() {
            "GET" => Ok(path),
            // A browser names the origin of every POST; and no form can send this type.
            "POST" if origin.is_none() => Err(403),
            "POST" if once(head, "content-type")? != Some("application/json") => Err(415),
            "POST" => Ok(path),
            _ => Err(405),
        }
    }

    fn host<'a>(&self, head: &'a Head) -> Result<&'a str, u16> {
        let host = once(head, "host")?.ok_or(421_u16)?;
        match self.hosts.iter().any(|known| known == host) {
            true => Ok(host),
            false => Err(421),
        }
    }

    /// The comparison takes as long for a token that is nearly right.
    fn known<'a>(&self, path: &'a str) -> Option<&'a str> {
        let (token, rest) = path.strip_prefix('/')?.split_once('/')?;
        let same_length = token.len() == self.token.len();
        (same_length && memcmp::eq(token.as_bytes(), self.token.as_bytes())).then_some(rest)
    }
}

/// A header that may be there once: of two, one program would read the first and another the last.
fn once<'a>(head: &'a Head, name: &str) -> Result<Option<&'a str>, u16> {
    let mut found = head.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
    match (found.next(), found.next()) {
        (first, None) => Ok(first),
        _ => Err(400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn admitted(method: &str, path: &str, headers: &[(&str, &str)]) -> Result<String, u16> {
        let mut head = Head { method: method.to_owned(), path: path.to_owned(), ..Head::default() };
        head.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Door::new(4711, TOKEN.to_owned()).admit(&head).map(str::to_owned)
    }

    #[test]
    fn who_knows_the_address_comes_in() {
        let path = format!("/{TOKEN}/state?x=1");
        for host in ["127.0.0.1:4711", "localhost:4711"] {
            assert_eq!(admitted("GET", &path, &[("host", host)]).as_deref(), Ok("state?x=1"));
            let origin = format!("http://{host}");
            let post = [("host", host), ("origin", &origin), ("content-type", "application/json")];
            assert_eq!(admitted("POST", &path, &post).as_deref(), Ok("state?x=1"));
        }
        let typed = [("host", "localhost:4711"), ("sec-fetch-site", "none")];
        assert_eq!(admitted("GET", &format!("/{TOKEN}/"), &typed).as_deref(), Ok(""));
    }

    #[test]
    fn nobody_else_does() {
        let own = ("host", "127.0.0.1:4711");
        let path = format!("/{TOKEN}/state");
        for wrong in ["/", "/state", &path[1..], &format!("/{}/state", &TOKEN[1..]), &format!("/{TOKEN}"), "//state"] {
            assert_eq!(admitted("GET", wrong, &[own]), Err(404), "{wrong}");
        }
        let mut nearly = path.clone();
        nearly.replace_range(32..33, "0");
        assert_eq!(admitted("GET", &nearly, &[own]), Err(404));
        // A name that somebody else's server resolves to loopback.
        for host in ["rebound.example:4711", "127.0.0.1:4712", "127.0.0.1", "127.0.0.1:4711.evil.example", ""] {
            assert_eq!(admitted("GET", &path, &[("host", host)]), Err(421), "{host}");
        }
        assert_eq!(admitted("GET", &path, &[]), Err(421));
        assert_eq!(admitted("GET", &path, &[own, ("host", "localhost:4711")]), Err(400));
        for origin in ["http://evil.example", "null", "https://127.0.0.1:4711", "http://localhost:4711", ""] {
            assert_eq!(admitted("GET", &path, &[own, ("origin", origin)]), Err(403), "{origin}");
        }
        for site in ["cross-site", "same-site"] {
            assert_eq!(admitted("GET", &path, &[own, ("sec-fetch-site", site)]), Err(403), "{site}");
        }
        let origin = ("origin", "http://127.0.0.1:4711");
        assert_eq!(admitted("POST", &path, &[own, ("content-type", "application/json")]), Err(403));
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json, text/plain"] {
            assert_eq!(admitted("POST", &path, &[own, origin, ("content-type", kind)]), Err(415), "{kind}");
        }
        assert_eq!(admitted("OPTIONS", &path, &[own, origin]), Err(405));
    }
}
