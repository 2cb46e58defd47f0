//! The last exchanges, kept for a person who looks at them.

use std::collections::VecDeque;

use crate::credentials::{KEY, PARTNER_KEY, SWIFTPASS_KEY, WORKWX_SECRET};

/// So many exchanges are kept, and so many bytes of each text.
const KEPT: usize = 100;
const LONGEST: usize = 16 * 1024;

/// One request and what was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// Counts up from 1.
    pub serial: u64,
    /// The gateway's time, in seconds since 1970.
    pub at: u64,
    /// The gateway's name; empty: nobody reached one.
    pub gateway: &'static str,
    /// The path of the request line.
    pub path: String,
    /// The order's or the refund's number.
    pub number: String,
    /// The request's body.
    pub request: String,
    /// What the merchant had to sign, one string a signature, with `****` for the key.
    pub signed: Vec<String>,
    /// What is wrong with the request; empty: nothing.
    pub wrong: String,
    /// `err_code`, `trade_state` or their kin in the reply, as it was sent.
    pub said: String,
    /// The fault that struck; empty: none.
    pub fault: &'static str,
    /// The HTTP status; 0: nothing was sent.
    pub status: u16,
    /// The body that was meant to be sent.
    pub reply: String,
    /// The CN of the client's certificate.
    pub certificate: String,
}

/// The exchanges, when somebody wants them kept.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    wanted: bool,
    count: u64,
    kept: VecDeque<Exchange>,
}

impl Exchanges {
    pub(crate) fn keep(&mut self) {
        self.wanted = true;
    }

    pub(crate) fn wanted(&self) -> bool {
        self.wanted
    }

    pub(crate) fn note(&mut self, mut exchange: Exchange) {
        if !self.wanted {
            return;
        }
        self.count += 1;
        exchange.serial = self.count;
        for text in [&mut exchange.request, &mut exchange.reply, &mut exchange.wrong, &mut exchange.said] {
            *text = shortened(text);
        }
        for text in [&mut exchange.path, &mut exchange.number, &mut exchange.certificate] {
            *text = shortened(text);
        }
        exchange.signed.iter_mut().for_each(|text| *text = shortened(text));
        self.kept.truncate(KEPT - 1);
        self.kept.push_front(exchange);
    }

    /// The newest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Exchange> {
        self.kept.iter()
    }
}

/// Not too long, and without a key: whoever sends one by mistake must not find it on a page.
fn shortened(text: &str) -> String {
    let mut kept = text.to_owned();
    for key in [KEY, WORKWX_SECRET, SWIFTPASS_KEY, PARTNER_KEY] {
        if kept.contains(key) {
            kept = kept.replace(key, "****");
        }
    }
    if kept.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| kept.is_char_boundary(*at)).unwrap_or(0);
        kept = format!("{} … ({} bytes)", &kept[..end], text.len());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_short_and_without_keys() {
        let mut exchanges = Exchanges::default();
        let long = "微".repeat(30_000);
        let exchange = |text: &str| Exchange { request: text.to_owned(), ..Exchange::default() };
        exchanges.note(exchange("nobody looks"));
        assert_eq!(exchanges.all().count(), 0);
        exchanges.keep();
        exchanges.note(exchange(&format!("a=1&key={KEY}")));
        assert_eq!(exchanges.all().next().unwrap().request, "a=1&key=****");
        for _ in 0..2 * KEPT {
            exchanges.note(exchange(&long));
        }
        let newest = exchanges.all().next().unwrap();
        assert_eq!((exchanges.all().count(), newest.serial), (KEPT, 2 * KEPT as u64 + 1));
        assert!(newest.request.len() < LONGEST + 30 && newest.request.ends_with("(90000 bytes)"));
    }
}
