//! Order numbers: what is made says who made it and when, passes every table of its rule, and is its maker's; what is read at all can be made
//! again.

use wxpay_terminal::endpoint::{Kind, Numbers};
use wxpay_terminal::{COUNTERS, ChinaTime, ENDPOINTS, EPOCHS, OrderNumbers, Serial};

use crate::tape::Tape;

const RULES: [Numbers; 3] = [Numbers::MerchantDateSerial, Numbers::DateSerial, Numbers::DateSerialDigits];

pub fn run(data: &[u8]) -> String {
    let mut tape = Tape::new(data);
    let rule = tape.pick(&RULES);
    let is_made = tape.flag();
    let merchant: String = match tape.below(3) {
        0 => "1900000109".into(),
        1 => tape.bytes(12).iter().map(|byte| char::from(b'0' + byte % 10)).collect(),
        _ => tape.text(12),
    };
    if is_made {
        return made(&mut tape, rule, &merchant);
    }
    let number = String::from_utf8_lossy(tape.rest()).into_owned();
    let read = OrderNumbers::read(rule, &merchant, &number);
    if let Some(made) = &read {
        // Its day, as it stands in it.
        let rest = if rule == Numbers::MerchantDateSerial { &number[merchant.len()..] } else { &number[..] };
        let noon = ChinaTime::read(&format!("{}120000", &rest[..8])).expect("a day of the calendar");
        let again = OrderNumbers::new(made.terminal).make(rule, &merchant, noon, made.serial);
        // A number of a merchant that is too long is read and never made.
        assert!(again.as_ref().map_or(merchant.len() > 10, |again| *again == number), "{number}: {again:?}");
        let other = OrderNumbers::new(made.terminal.wrapping_add(1));
        assert!(OrderNumbers::new(made.terminal).is_mine(rule, &merchant, &number));
        assert!(!other.is_mine(rule, &merchant, &number), "{number} of two terminals");
    }
    format!("{read:?}")
}

fn made(tape: &mut Tape<'_>, rule: Numbers, merchant: &str) -> String {
    let terminal = tape.number() as u16;
    let edge = |tape: &mut Tape<'_>, most: u32| {
        let any = tape.number();
        if tape.one_in(8) { any } else { any % most }
    };
    let serial = Serial { epoch: edge(tape, EPOCHS), counter: edge(tape, COUNTERS) };
    let seconds = tape.long() as i64 % (ChinaTime::LAST + 1);
    let today = ChinaTime::from_unix(seconds.abs()).expect("a time");
    let is_sound = serial.epoch < EPOCHS && serial.counter < COUNTERS;
    let fits = rule != Numbers::MerchantDateSerial || merchant.len() <= 10;
    let number = match OrderNumbers::new(terminal).make(rule, merchant, today, serial) {
        Ok(number) => number,
        Err(error) => {
            assert!(!is_sound || !fits, "{error}");
            return String::new();
        }
    };
    assert!(is_sound && fits, "{number}");
    let read = OrderNumbers::read(rule, merchant, &number).unwrap_or_else(|| panic!("{number} is not read"));
    assert_eq!((read.terminal, read.serial), (terminal, serial), "{number}");
    assert!(OrderNumbers::new(terminal).is_mine(rule, merchant, &number));
    // By hand: the day in China, and the rest packed in one number.
    let days = (seconds.abs() + 8 * 3600) / 86_400;
    let rest =
        number.strip_prefix(if rule == Numbers::MerchantDateSerial { merchant } else { "" }).expect("the merchant");
    assert_eq!(rest[..8], date(days), "{number}");
    let base = if rule == Numbers::DateSerialDigits { 10 } else { 36 };
    let packed = u64::from_str_radix(&rest[8..], base).expect("digits");
    let parts = (packed >> 35, packed >> 12 & u64::from(EPOCHS - 1), packed & u64::from(COUNTERS - 1));
    assert_eq!(parts, (terminal.into(), serial.epoch.into(), serial.counter.into()), "{number}");
    if merchant.bytes().all(|b| b.is_ascii_digit()) {
        passes_the_tables(rule, &number, merchant);
    }
    number
}

/// The length and the characters of every call whose numbers are made so.
fn passes_the_tables(rule: Numbers, number: &str, merchant: &str) {
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.numbers == rule) {
        let Some(row) = endpoint.field(endpoint.order_number) else { continue };
        assert!(number.len() <= row.longest.into(), "{}: {number} is too long", endpoint.name);
        match row.kind {
            Kind::OrderNumber { shortest, .. } if merchant.len() == 10 || rule != Numbers::MerchantDateSerial => {
                assert!(number.len() >= shortest.into(), "{}: {number} is too short", endpoint.name);
            }
            Kind::Digits => assert!(number.bytes().all(|b| b.is_ascii_digit()), "{}: {number}", endpoint.name),
            _ => {}
        }
        assert!(number.bytes().all(|b| b.is_ascii_alphanumeric()), "{}: {number}", endpoint.name);
    }
}

/// `yyyymmdd` of a day since 1970 (the proleptic Gregorian calendar, counted year by year).
fn date(mut days: i64) -> String {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970 + days / 146_097 * 400;
    days %= 146_097;
    loop {
        let length = if leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let months = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= months[month] {
        days -= months[month];
        month += 1;
    }
    format!("{year:04}{:02}{:02}", month + 1, days + 1)
}
