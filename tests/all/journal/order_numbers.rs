//! Order numbers: their form, and a fleet of them.

use std::collections::HashSet;

use wxpay_terminal::endpoint::Numbers;
use wxpay_terminal::*;

use crate::support::*;
use crate::till::modelled::Dice;

fn today(seconds: i64) -> ChinaTime {
    ChinaTime::from_unix(seconds).unwrap()
}

fn make(terminal: u16, rule: Numbers, epoch: u32, counter: u32) -> String {
    let serial = Serial { epoch, counter };
    OrderNumbers::new(terminal).make(rule, MCH_ID, today(NOW), serial).unwrap()
}

/// 28 for mch_billno and partner_trade_no, 5–32 for Swiftpass, digits for webgate; and every table takes its own.
#[test]
fn numbers_fit_the_call_and_its_query() {
    // One call asks about a code, two about a day: they have no number.
    let numberless = ["authcodetoopenid", "downloadbill", "downloadfundflow"];
    for endpoint in ENDPOINTS.iter().filter(|endpoint| !numberless.contains(&endpoint.name)) {
        for (terminal, epoch, counter) in [(0, 0, 0), (7, 1, 1), (u16::MAX, EPOCHS - 1, COUNTERS - 1)] {
            let number = make(terminal, endpoint.numbers, epoch, counter);
            let row = endpoint.field(endpoint.order_number).unwrap();
            assert!(number.len() <= usize::from(row.longest), "{}: {number}", endpoint.name);
            assert!(number.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()), "{number}");
            assert!(number.contains("20261121"), "{number}");
        }
    }
    assert_eq!(make(0, Numbers::MerchantDateSerial, 0, 0), "1900000109202611210000000000");
    assert_eq!(make(u16::MAX, Numbers::MerchantDateSerial, EPOCHS - 1, COUNTERS - 1).len(), 28);
    assert!(make(9, Numbers::DateSerialDigits, 5, 6).bytes().all(|b| b.is_ascii_digit()));
    let canned = Canned::default();
    let number = make(u16::MAX, Numbers::MerchantDateSerial, EPOCHS - 1, 9);
    redpack(&canned).prepare(&red_packet(&number)).unwrap();
    workwx(&canned).prepare(&employee(&number)).unwrap();
    swiftpass(&canned).prepare(&wap_order(&make(1, Numbers::DateSerial, 1, 1))).unwrap();
    webgate(&canned).prepare(&charge(&make(1, Numbers::DateSerialDigits, 1, 1))).unwrap();
}

/// An independent reading of the last ten characters gives back terminal, epoch and counter.
#[test]
fn a_number_can_be_taken_apart() {
    let number = make(513, Numbers::MerchantDateSerial, 4_711, 42);
    let packed = u64::from_str_radix(&number[18..], 36).unwrap();
    assert_eq!((packed >> 35, packed >> 12 & 0x7F_FFFF, packed & 0xFFF), (513, 4_711, 42));
}

#[test]
fn what_does_not_fit_is_refused() {
    let numbers = OrderNumbers::new(1);
    let serial = Serial { epoch: 0, counter: 0 };
    refused(numbers.make(Numbers::MerchantDateSerial, "19000001091", today(NOW), serial), "mch_id");
    numbers.make(Numbers::DateSerial, "QRA29045311KKR1", today(NOW), serial).unwrap();
    for serial in [Serial { epoch: EPOCHS, counter: 0 }, Serial { epoch: 0, counter: COUNTERS }] {
        refused(numbers.make(Numbers::DateSerial, MCH_ID, today(NOW), serial), "journal");
    }
}

/// One terminal's serials, as a journal hands them out: a random epoch, then a counter.
struct Terminal {
    numbers: OrderNumbers,
    epoch: u32,
    counter: u32,
}

impl Terminal {
    fn new(terminal: u16, dice: &mut Dice) -> Terminal {
        Terminal { numbers: OrderNumbers::new(terminal), epoch: dice.roll(EPOCHS), counter: 0 }
    }

    fn next(&mut self, day: ChinaTime) -> u64 {
        let serial = Serial { epoch: self.epoch, counter: self.counter };
        self.counter += 1;
        let number = self.numbers.make(Numbers::MerchantDateSerial, MCH_ID, day, serial).unwrap();
        // Ten characters and the day in one word, so that ten million fit into memory.
        let date: u64 = number[10..18].parse().unwrap();
        u64::from_str_radix(&number[18..], 36).unwrap() ^ (date << 52)
    }
}

/// 10,000 terminals, 1,000 orders each on one day, 100 of them with wrong clocks, and 10 cloned cards (the same terminal
/// number, another epoch, because each journal draws one when it is opened): no two numbers are equal.
#[test]
fn a_fleet_never_meets_itself() {
    let mut dice = Dice::new(2026);
    // In debug builds a tenth of the orders; `make test` runs the whole in release.
    let orders = if cfg!(debug_assertions) { 100 } else { 1_000 };
    let mut numbers: Vec<u64> = Vec::with_capacity(10_010 * orders);
    for index in 0..10_010_u32 {
        let terminal = u16::try_from(index % 10_000).unwrap();
        let day = if index % 100 == 0 { today(i64::from(index) * 1000) } else { today(NOW) };
        let mut terminal = Terminal::new(terminal, &mut dice);
        numbers.extend((0..orders).map(|_| terminal.next(day)));
    }
    let count = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    println!("fleet: {count} order numbers, equal ones: {}", count - numbers.len());
    assert_eq!(numbers.len(), count);
}

/// A clock that goes back, or stands at 1970, changes the date and nothing else.
#[test]
fn the_clock_does_not_matter() {
    let mut dice = Dice::new(7);
    let mut terminal = Terminal::new(1, &mut dice);
    let days = [NOW, 0, NOW, NOW - 86_400, 4_000_000_000, 0];
    let all: HashSet<u64> = days.iter().cycle().take(3_000).map(|at| terminal.next(today(*at))).collect();
    assert_eq!(all.len(), 3_000);
}
