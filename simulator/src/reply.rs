//! A reply before it becomes bytes: fields, and what becomes of the signature.

use crate::certificates;
use crate::credentials::{KEY, SWIFTPASS_KEY};
use crate::gateway::Gateway;
use crate::settings::SignType;
use crate::{json, sign, xml};

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// CDATA; in JSON a text.
    Text,
    /// Without CDATA; in JSON without quotes.
    Plain,
    /// As it stands, and not signed: nested elements.
    Raw,
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) style: Style,
}

/// What becomes of the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// None is due.
    None,
    Due,
    /// There is one, but it is wrong.
    Wrong,
}

/// What a reply is signed with, where the merchant chooses (docs: C.3, F.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    Md5,
    HmacSha256,
    Rsa(SignType),
}

/// A reply of a gateway.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) gateway: Gateway,
    pub(crate) fields: Vec<Field>,
    /// Written after the others, and not signed.
    pub(crate) unsigned: Vec<Field>,
    pub(crate) signature: Signature,
    digest: Digest,
}

impl Reply {
    pub(crate) fn new(gateway: Gateway, signature: Signature) -> Reply {
        Reply { gateway, fields: Vec::new(), unsigned: Vec::new(), signature, digest: Digest::Md5 }
    }

    pub(crate) fn signed_with(self, digest: Digest) -> Reply {
        Reply { digest, ..self }
    }

    /// Signed by another type than it should be, which it says where replies name theirs.
    pub(crate) fn signed_otherwise(mut self) -> Reply {
        self.digest = match (self.gateway, self.digest) {
            (Gateway::Wxpay, Digest::Md5) => Digest::HmacSha256,
            (Gateway::Swiftpass, Digest::Md5) => Digest::Rsa(SignType::Rsa256),
            _ => Digest::Md5,
        };
        if self.gateway == Gateway::Swiftpass {
            let name = if self.digest == Digest::Md5 { SignType::Md5 } else { SignType::Rsa256 }.name();
            self.set("sign_type", name);
        }
        self
    }

    /// Adds a text, unless it is empty.
    pub(crate) fn text(mut self, name: &str, value: &str) -> Reply {
        if !value.is_empty() {
            self.fields.push(field(name, value, Style::Text));
        }
        self
    }

    pub(crate) fn plain(mut self, name: &str, value: &str) -> Reply {
        self.fields.push(field(name, value, Style::Plain));
        self
    }

    pub(crate) fn raw(mut self, name: &str, value: &str) -> Reply {
        self.fields.push(field(name, value, Style::Raw));
        self
    }

    /// Changes a field, or adds it.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(known) => known.value = value.to_owned(),
            None => self.fields.push(field(name, value, Style::Text)),
        }
    }

    /// Changes a field, where there is one.
    pub(crate) fn change(&mut self, name: &str, value: &str) {
        if self.get(name).is_some() {
            self.set(name, value);
        }
    }

    /// Why it refuses, in its own words.
    pub(crate) fn says(&self) -> Option<String> {
        let named =
            |names: [&str; 6]| names.into_iter().find_map(|name| self.get(name)).map(|field| field.value.clone());
        let code = named(["err_code", "retcode", "status", "return_code", "result_code", "code"])?;
        let words = named(["err_code_des", "err_msg", "retmsg", "message", "return_msg", "result_msg"]);
        Some(format!("{code} {}", words.unwrap_or_default()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The bytes of the body.
    pub(crate) fn body(&self) -> Vec<u8> {
        let sign = self.sign();
        let sign = sign.map(|sign| field("sign", &sign, Style::Text));
        let all = self.fields.iter().chain(&sign).chain(&self.unsigned);
        match self.gateway {
            Gateway::Webgate => json_body(all),
            _ => xml_body(all),
        }
        .into_bytes()
    }

    fn sign(&self) -> Option<String> {
        if self.signature == Signature::None {
            return None;
        }
        let mut pairs: Vec<(&str, &str)> = self
            .fields
            .iter()
            .filter(|field| field.style != Style::Raw)
            .map(|field| (field.name.as_str(), field.value.as_str()))
            .collect();
        if self.signature == Signature::Wrong {
            pairs.push(("tampered", "1"));
        }
        let keys = || certificates::material().ok();
        match (self.gateway, self.digest) {
            (Gateway::Webgate, _) => sign::rsa_sha1(pairs, keys()?.webgate_key()).ok(),
            (Gateway::Wxpay, Digest::HmacSha256) => Some(sign::hmac_sha256(pairs, KEY)),
            (Gateway::Wxpay | Gateway::WorkwxRedpack, _) => Some(sign::md5(pairs, KEY)),
            (_, Digest::Rsa(SignType::Rsa256)) => sign::rsa_sha256(pairs, keys()?.swiftpass_key()).ok(),
            (_, Digest::Rsa(_)) => sign::rsa_sha1(pairs, keys()?.swiftpass_key()).ok(),
            _ => Some(sign::md5(pairs, SWIFTPASS_KEY)),
        }
    }
}

pub(crate) fn field(name: &str, value: &str, style: Style) -> Field {
    Field { name: name.to_owned(), value: value.to_owned(), style }
}

fn xml_body<'a>(fields: impl Iterator<Item = &'a Field>) -> String {
    let mut body = String::from("<xml>\n");
    for Field { name, value, style } in fields {
        let value = match style {
            Style::Text => xml::cdata(value),
            Style::Plain => xml::escape(value),
            Style::Raw => value.clone(),
        };
        body.push_str(&format!("<{name}>{value}</{name}>\n"));
    }
    body + "</xml>"
}

fn json_body<'a>(fields: impl Iterator<Item = &'a Field>) -> String {
    let pairs: Vec<String> = fields
        .map(|Field { name, value, style }| match style {
            Style::Text => format!("{}:{}", json::quote(name), json::quote(value)),
            Style::Plain | Style::Raw => format!("{}:{value}", json::quote(name)),
        })
        .collect();
    format!("{{{}}}", pairs.join(","))
}
