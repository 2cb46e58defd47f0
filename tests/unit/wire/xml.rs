//! Unit tests of `src/wire/xml.rs` and `src/wire/plain.rs`: the quick reading of the usual form against the tree of another implementation.

use super::*;
use alloc::format;
use alloc::string::String;

/// How many texts were compared, and how many had the usual form.
#[derive(Default)]
struct Compared {
    all: usize,
    plain: usize,
}

impl Compared {
    /// What the quick reading takes, the tree reads the same.
    fn compare(&mut self, text: &str) {
        self.all += 1;
        if let Some(quick) = plain::read("xml", text) {
            self.plain += 1;
            assert_eq!(read_tree("xml", text), Ok(quick), "{text:?}");
        }
    }
}

/// What the readings could take for something else.
const CHARACTERS: [&str; 25] = [
    "<", ">", "/", "!", "[", "]", "&", ";", "=", "\"", "'", "-", "?", ":", "_", "a", "1", " ", "\t", "\r", "\n",
    "\u{1}", "\u{7F}", "é", "\u{FFFE}",
];

/// Every edit of one place: a character left out, put in, put in the place of another.
#[test]
fn every_small_edit_of_a_reply_reads_the_same_or_is_left_to_the_tree() {
    let mut compared = Compared::default();
    for text in [
        "<xml><return_code><![CDATA[SUCCESS]]></return_code>\n<a1><![CDATA[]]></a1><b>x y</b></xml>\n",
        "<xml>\n\t<sign>0A</sign> <sign>0A</sign><é>1</é><e></e><m><![CDATA[恭喜 a]b]]c]]></m></xml>",
    ] {
        compared.compare(text);
        for (at, c) in text.char_indices() {
            let (before, rest) = text.split_at(at);
            let without = rest.split_at(c.len_utf8()).1;
            compared.compare(&format!("{before}{without}"));
            for other in CHARACTERS {
                compared.compare(&format!("{before}{other}{rest}"));
                compared.compare(&format!("{before}{other}{without}"));
            }
        }
    }
    assert!(compared.all > 8_000 && compared.plain > 500, "{} {}", compared.all, compared.plain);
}

/// Every row of up to four pieces between two tags.
#[test]
fn every_row_of_pieces_reads_the_same_or_is_left_to_the_tree() {
    const PIECES: [&str; 16] = [
        "<a>",
        "</a>",
        "<b>",
        "</b>",
        "<a/>",
        "<![CDATA[",
        "]]>",
        "]",
        ">",
        "x",
        " ",
        "&amp;",
        "<!--c-->",
        "<?p?>",
        "</xml>",
        "<xml>",
    ];
    let mut compared = Compared::default();
    for count in 0..=4_u32 {
        for number in 0..16_usize.pow(count) {
            let inside: String = (0..count).map(|place| PIECES[number >> (4 * place) & 15]).collect();
            compared.compare(&format!("<xml>{inside}</xml>"));
        }
    }
    assert!(compared.all == 69_905 && compared.plain > 50, "{} {}", compared.all, compared.plain);
}

/// The usual form is read quickly, or a reply would cost four times as much and no other test would tell.
#[test]
fn the_usual_form_needs_no_tree() {
    let values = "<xml><a><![CDATA[1&2]]></a></xml>";
    assert!(plain::read("xml", values).is_none(), "an ampersand is left to the tree");
    for text in ["<xml></xml>", "<xml><a><![CDATA[恭喜]]></a>\n<b>2</b>\n</xml>\n"] {
        assert!(plain::read("xml", text).is_some(), "{text}");
    }
}

/// As many elements as there may be names; equal ones collapse, and are counted.
#[test]
fn as_many_elements_as_names() {
    let of = |elements: usize| ["<xml>", &"<a>1</a>".repeat(elements), "</xml>"].concat();
    assert!(plain::read("xml", &of(256)).is_some());
    assert!(plain::read("xml", &of(257)).is_none());
    assert_eq!(read("<xml><a>1</a><a>2</a></xml>"), Err("one name has two values"));
}
