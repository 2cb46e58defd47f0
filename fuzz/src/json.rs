//! JSON replies. Held against serde_json: what the library takes, the other reader takes, with the same pairs in the same spelling. What the
//! generator writes is well-formed and flat, and is taken.

use wxpay_terminal::{Pairs, ReplyRule};

use crate::readers;
use crate::tape::Tape;

/// An input that begins with it drives the generator.
const GENERATED: u8 = 1;

/// Reads as every account does whose rule says nothing else.
struct Reads;

impl ReplyRule for Reads {
    fn verify(&self, _: &Pairs) -> Result<(), &'static str> {
        Ok(())
    }
}

pub fn run(data: &[u8]) -> String {
    if let Some((&GENERATED, rest)) = data.split_first() {
        return generated(&mut Tape::new(rest));
    }
    let read = Reads.read(data, None);
    if let Ok(pairs) = &read {
        let text = std::str::from_utf8(data).expect("what is not UTF-8 is refused");
        let other = readers::json(text.trim_start_matches('\u{FEFF}'));
        let other = other.unwrap_or_else(|error| panic!("the other reader refuses it: {error}\n{text}"));
        assert_eq!(Ok(readers::pairs(pairs)), readers::folded(other), "{text}");
    }
    format!("{:?}", read.map(|pairs| readers::pairs(&pairs)))
}

fn generated(tape: &mut Tape<'_>) -> String {
    let mut text = String::from(tape.pick(&["{", " {\n", "\u{FEFF}{\t"]));
    let mut pairs: Vec<(String, String)> = Vec::new();
    while !tape.is_over() && pairs.len() < 40 {
        let name = tape.text(10);
        // A name with `&` or `=` in it could be read as two fields, and is refused.
        if name.is_empty() || name.contains(['&', '=']) || pairs.iter().any(|(have, _)| *have == name) {
            continue;
        }
        let (raw, value) = value(tape);
        text.push_str(if pairs.is_empty() { "" } else { tape.pick(&[",", " ,\r\n"]) });
        let quoted = quoted(tape, &name);
        text.push_str(&format!("{quoted}{}{raw}", tape.pick(&[":", " : "])));
        pairs.push((name, value));
    }
    text.push_str(tape.pick(&["}", "\n}\r\n"]));
    let read =
        Reads.read(text.as_bytes(), None).unwrap_or_else(|why| panic!("well-formed, and refused: {why}\n{text}"));
    assert_eq!(readers::pairs(&read), pairs, "{text}");
    assert_eq!(readers::json(text.trim_start_matches('\u{FEFF}')), Ok(pairs), "{text}");
    text
}

/// As it is written, and as it is read.
fn value(tape: &mut Tape<'_>) -> (String, String) {
    let plain = |raw: &str| (raw.to_owned(), raw.to_owned());
    match tape.below(8) {
        0 => ("null".into(), String::new()),
        1 => plain(tape.pick(&["true", "false"])),
        2 => plain(tape.pick(&["0", "-0", "0.10", "1e5", "-12.50E+3", "12345678901234567890123", "1E-400"])),
        3 => plain(tape.pick(&["[]", "{}", "[1, {\"a\": [\"]\"]}]", "{\"}\":null,\"b\":[[true]]}", "[\"\\u6210\"]"])),
        _ => {
            let text = tape.text(40);
            (quoted(tape, &text), text)
        }
    }
}

/// A string in one of the ways in which JSON may write it.
fn quoted(tape: &mut Tape<'_>, text: &str) -> String {
    let (all, slash) = (tape.one_in(4), tape.flag());
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '/' if slash => out.push_str("\\/"),
            c if all || c < ' ' => {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
