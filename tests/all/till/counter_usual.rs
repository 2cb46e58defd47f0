//! The usual loop at the same counter: what copies of the official SDK do (`microPayWithPos`), and the application above it.
//!
//! The loop sends `micropay` again with the same number and code after SYSTEMERROR, BANKERROR, USERPAYING or no answer, for a minute;
//! what is not a success then is an error, after a reversal whose reply is believed. The application above it scans again, with another
//! number. (Ruling 5; `protocol.md` E.1; POS flows 16.4, U20.) Same gateway, same faults: the checks must see what it does.

use std::collections::HashSet;
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::counter_gateway::Wechat;
use crate::till::modelled::{Dice, Time};

/// What the loop does to sales.
#[derive(Debug, Default)]
struct Counts {
    charged_twice: u32,
    charged_and_told_unpaid: u32,
    accepted_and_not_paid: u32,
    codes_sent_twice: u32,
    without_an_entry: u32,
}

struct Loop {
    wire: std::sync::Arc<Wechat>,
    time: Time,
    numbers: u32,
}

impl Loop {
    /// One exchange. `None`: no answer. Else the code, empty for a success. Signatures are not looked at, nor is the number.
    fn exchange(&self, call: &str, fields: &[(&str, &str)]) -> Option<String> {
        let url = format!("https://gateway.example/pay/{call}");
        let body: String = fields.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
        let received = self.wire.post(&Post::new(&url, "text/xml", body.as_bytes())).ok()?;
        let text = String::from_utf8(received.body).ok().filter(|_| received.status == 200)?;
        let value = |name| Some(xml_value(&text, name)?.replace("<![CDATA[", "").replace("]]>", ""));
        if value("result_code")? == "SUCCESS" { Some(String::new()) } else { value("err_code") }
    }

    /// `microPayWithPos`: how often it was sent, and whether it was a success.
    fn pays(&mut self, sale: &str, code: &str) -> (u32, bool) {
        self.numbers += 1;
        let number = format!("20261121{:010}", self.numbers);
        let fields = [("out_trade_no", number.as_str()), ("body", sale), ("total_fee", "888"), ("auth_code", code)];
        for sent in 1..=10 {
            match self.exchange("micropay", &fields).as_deref() {
                Some("") => return (sent, true),
                None | Some("SYSTEMERROR" | "BANKERROR" | "USERPAYING") => {
                    Pause::pause(&self.time, Duration::from_secs(5))
                }
                Some(_) => return (sent, false),
            }
        }
        self.exchange("reverse", &[("out_trade_no", number.as_str())]);
        (10, false)
    }
}

fn usual(seed: u64, sales: u32) -> Counts {
    let (time, journal) = (Time::new(), MemoryJournal::default());
    let wire = Wechat::new(MCH_ID, seed, 45, &time, &journal);
    let mut usual = Loop { wire, time, numbers: 0 };
    let mut dice = Dice::new(seed ^ 0xD1CE);
    let (mut counts, mut accepted) = (Counts::default(), HashSet::new());
    for at in 0..sales {
        let sale = format!("sale{at}");
        for attempt in 0..3 {
            let (sent, paid) = usual.pays(&sale, &format!("13{at:08}{attempt:08}"));
            counts.codes_sent_twice += u32::from(sent > 1);
            if paid {
                accepted.insert(sale.clone());
                break;
            }
            Pause::pause(&usual.time, Duration::from_secs(dice.roll(30).into()));
        }
    }
    Pause::pause(&usual.time, Duration::from_secs(86_400));
    for at in 0..sales {
        let sale = format!("sale{at}");
        let (held, told) = (usual.wire.held(&sale).len(), accepted.contains(&sale));
        counts.charged_twice += u32::from(held > 1);
        counts.charged_and_told_unpaid += u32::from(held > 0 && !told);
        counts.accepted_and_not_paid += u32::from(held == 0 && told);
    }
    let (_, wrong) = usual.wire.left();
    counts.without_an_entry = wrong.iter().filter(|words| words.contains("does not have it")).count() as u32;
    counts
}

/// What the till is for: the same gateway, the same faults, the usual loop.
#[test]
fn the_usual_loop_at_a_counter() {
    let counts = usual(1, 500);
    println!("payment codes: the usual loop (micropay again, then another number), 500 sales: {counts:?}");
    let Counts { charged_twice, charged_and_told_unpaid, codes_sent_twice, without_an_entry, .. } = counts;
    assert!(charged_twice > 20 && charged_and_told_unpaid > 5, "the checks see nothing");
    assert!(codes_sent_twice > 100 && without_an_entry > 500, "what leaves is not looked at");
}
