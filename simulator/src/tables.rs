//! The field tables of the documents, and the check of a request against one.

use std::net::IpAddr;

use crate::clock;
use crate::fields::Fields;

/// One row of a table: name, required, kind, longest in characters.
pub(crate) struct Row(pub(crate) &'static str, pub(crate) bool, pub(crate) Kind, pub(crate) usize);

/// What a value looks like.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Text,
    /// Digits without a leading zero, at most 2^31 - 1.
    Number,
    /// The same, and at least so much.
    AtLeast(i32),
    /// Digits, as many as there is room for.
    Digits,
    /// Letters and digits.
    Order,
    /// Letters, digits, and `_`.
    OrderOrUnderscore,
    /// Letters, digits, and `_-|*`.
    OrderOfWechat,
    /// The same, and `@`.
    RefundOfWechat,
    /// Letters, digits, `_` and `-`.
    Openid,
    OneOf(&'static [&'static str]),
    Ip,
    /// `yyyyMMddHHmmss`.
    Time,
    /// An absolute http or https URL.
    Url,
}

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong<'a> {
    Missing(&'static str),
    Unknown(&'a str),
    TooLong(&'static str),
    IllFormed(&'static str),
}

impl Wrong<'_> {
    /// The words for the reply.
    pub(crate) fn text(&self) -> String {
        match self {
            Wrong::Missing(name) => format!("参数错误:缺少{name}"),
            Wrong::Unknown(name) => format!("参数错误:未知字段{name}"),
            Wrong::TooLong(name) => format!("参数错误:{name}超长"),
            Wrong::IllFormed(name) => format!("参数错误:{name}格式错误"),
        }
    }
}

/// Checks names, presence, length in characters, and form, in this order.
pub(crate) fn check<'a, 'r>(
    table: impl IntoIterator<Item = &'r Row> + Clone,
    fields: &'a Fields,
) -> Result<(), Wrong<'a>> {
    for (name, _) in fields.iter() {
        if !table.clone().into_iter().any(|row| row.0 == name) {
            return Err(Wrong::Unknown(name));
        }
    }
    for Row(name, required, kind, longest) in table {
        let value = fields.get(name);
        if value.is_empty() {
            if *required {
                return Err(Wrong::Missing(name));
            }
        } else if value.chars().count() > *longest {
            return Err(Wrong::TooLong(name));
        } else if !kind.fits(value) {
            return Err(Wrong::IllFormed(name));
        }
    }
    Ok(())
}

impl Kind {
    fn fits(self, value: &str) -> bool {
        let only = |more: &str| value.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
        match self {
            Kind::Text => true,
            Kind::Number => {
                value.bytes().all(|byte| byte.is_ascii_digit())
                    && (value == "0" || !value.starts_with('0'))
                    && value.parse::<i32>().is_ok()
            }
            Kind::AtLeast(least) => {
                Kind::Number.fits(value) && value.parse::<i32>().is_ok_and(|number| number >= least)
            }
            Kind::Digits => value.bytes().all(|byte| byte.is_ascii_digit()),
            Kind::Order => only(""),
            Kind::OrderOrUnderscore => only("_"),
            Kind::OrderOfWechat => only("_-|*"),
            Kind::RefundOfWechat => only("_-|*@"),
            Kind::Openid => only("_-"),
            Kind::OneOf(values) => values.contains(&value),
            Kind::Ip => value.parse::<IpAddr>().is_ok(),
            Kind::Time => clock::is_packed(value),
            Kind::Url => value.starts_with("http://") || value.starts_with("https://"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Row] = &[
        Row("name", true, Kind::Text, 3),
        Row("amount", true, Kind::Number, 10),
        Row("type", false, Kind::OneOf(&["A", "B"]), 1),
    ];

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            fields.push(name, value);
        }
        fields
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert!(check(TABLE, &fields(&[("name", "中文字"), ("amount", "1")])).is_ok());
        let long = fields(&[("name", "中文字符"), ("amount", "1")]);
        assert_eq!(check(TABLE, &long), Err(Wrong::TooLong("name")));
    }

    #[test]
    fn every_rule() {
        let missing = fields(&[("name", "a"), ("amount", "")]);
        assert_eq!(check(TABLE, &missing), Err(Wrong::Missing("amount")));
        let unknown = fields(&[("name", "a"), ("amount", "1"), ("x", "1")]);
        assert_eq!(check(TABLE, &unknown), Err(Wrong::Unknown("x")));
        for bad in ["01", "1.0", "-1", "+1", "1 ", "2147483648", "一"] {
            let ill = fields(&[("name", "a"), ("amount", bad)]);
            assert_eq!(check(TABLE, &ill), Err(Wrong::IllFormed("amount")), "{bad}");
        }
        let ill = fields(&[("name", "a"), ("amount", "1"), ("type", "C")]);
        assert_eq!(check(TABLE, &ill), Err(Wrong::IllFormed("type")));
    }
}
