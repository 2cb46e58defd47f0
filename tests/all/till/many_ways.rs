//! The simulation, with every way to pay one intent: four accounts on one till, clocks that jump by years and come right again,
//! a journal that fails, restarts, cancels of the patience, notifications, acknowledgements. Paid at most once, over all gateways.

use std::sync::Arc;
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::{Dice, Modelled, Time};
use crate::till::simulation::{Said, pay_with};

const GATEWAYS: [&str; 4] = ["redpack", "workwx", "swiftpass", "webgate"];

struct Shop {
    wires: Vec<Arc<Modelled>>,
    journal: MemoryJournal,
    time: Time,
}

impl Shop {
    fn new(seed: u64) -> Shop {
        let time = Time::new();
        let wire =
            |(at, name): (usize, &&'static str)| Modelled::at(name, seed * 4 + at as u64, 35, Some(time.clone()));
        Shop { wires: GATEWAYS.iter().enumerate().map(wire).collect(), journal: MemoryJournal::default(), time }
    }

    fn till(&self) -> Till {
        let host = ["https://gateway.example"];
        let inputs = |at: usize| Inputs {
            transport: Box::new(self.wires[at].clone()),
            clock: Box::new(self.time.clone()),
            random: Box::new(Counting::new()),
        };
        let redpack = RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&host).unwrap();
        let workwx = WorkwxAccount::new(MCH_ID, CORPID, key(), Secret::from(WORKWX_SECRET)).unwrap();
        let webgate = WebgateAccount::new(host[0], "10001", Secret::from("k"), SaysGood).unwrap().repeat_while_unpaid();
        let time = || Box::new(self.time.clone());
        Till::with_inputs(Box::new(self.journal.reopened()), time(), time())
            .with(Client::with_inputs(redpack, terminal(), inputs(0)).unwrap())
            .with(Client::with_inputs(workwx.hosts(&host).unwrap(), terminal(), inputs(1)).unwrap())
            .with(Client::with_inputs(swiftpass_account(), terminal(), inputs(2)).unwrap())
            .with(Client::with_inputs(webgate, terminal(), inputs(3)).unwrap())
    }

    fn paid(&self, intent: &str) -> u32 {
        self.wires.iter().map(|wire| wire.paid_by_intent_one(intent)).sum()
    }

    /// What the clock of a board does: it stands, is ahead by years, comes right.
    fn turn_the_clock(&self, dice: &mut Dice, wrong: &mut i64) {
        let next = match dice.roll(4) {
            0 => 0,
            1 => i64::from(dice.roll(2_000)) - 1_000,
            2 => i64::from(dice.roll(100)) * 86_400,
            _ => -i64::from(dice.roll(100)) * 86_400,
        };
        self.time.jump(next - *wrong);
        *wrong = next;
    }
}

fn run(seed: u64, intents: u32) -> (u32, u32) {
    let shop = Shop::new(seed);
    let mut dice = Dice::new(seed ^ 0x2_0AD5);
    let (mut till, mut wrong) = (shop.till(), 0);
    let (mut accepted, mut errors) = (0, 0);
    for number in 0..intents {
        let intent = format!("prize{number}");
        for _ in 0..6 {
            if dice.roll(10) == 0 {
                shop.journal.fail_in(1 + dice.roll(8));
            }
            if dice.roll(8) == 0 {
                shop.turn_the_clock(&mut dice, &mut wrong);
            }
            let gateway = GATEWAYS[dice.roll(4) as usize];
            let patience = Duration::from_secs([0, 1, 5, 40][dice.roll(4) as usize]);
            let said = pay_with(gateway, &till, &intent, 200, &Options::new().patience(patience));
            let paid = shop.paid(&intent);
            let at = || format!("seed {seed}, {intent} by {gateway}: {said:?}, paid {paid}, {:?}", shop.journal.all());
            assert!(paid <= 1, "{}", at());
            match &said {
                Said::Ordered(order) => {
                    // The URL is shown. The customer pays, or not, or after the time.
                    if dice.roll(3) == 0 {
                        Pause::pause(&shop.time, Duration::from_secs(280));
                    }
                    if dice.roll(2) == 0 && shop.wires[2].customer_pays(order) && dice.roll(2) == 0 {
                        let _ = till.notified(shop.wires[2].notification(order).as_bytes());
                    }
                    if dice.roll(2) == 0 {
                        let _ = till.close(order);
                    }
                    accepted += 1;
                }
                Said::Accepted(_) | Said::PaidLate(_) => {
                    assert_eq!(paid, 1, "{}", at());
                    accepted += 1;
                }
                Said::Declined(_) => assert_eq!(paid, 0, "{}", at()),
                Said::Unknown(_) => {}
                Said::Error(_) => errors += 1,
            }
            assert!(shop.paid(&intent) <= 1, "{}", at());
            if dice.roll(3) == 0 {
                Pause::pause(&shop.time, Duration::from_secs(u64::from(dice.roll(2_000))));
            }
            if dice.roll(5) == 0 {
                till = shop.till();
            }
            if dice.roll(3) == 0 {
                let young = Repeats::YoungerThan(Duration::from_secs(600));
                let repeats = if dice.roll(2) == 0 { young } else { Repeats::None };
                let options = Options::new().patience(Duration::from_secs(10)).repeats(repeats);
                for found in till.recover_with(&options).unwrap_or_default() {
                    if doubt_of(&found).is_none() {
                        let _ = till.acknowledge(found.entry.version());
                    }
                }
                assert!(shop.paid(&intent) <= 1, "{}", at());
            }
        }
    }
    // A paid intent is not told unpaid by the journal.
    for entry in shop.journal.all() {
        let at = GATEWAYS.iter().zip(&shop.wires).find(|(name, _)| entry.account.starts_with(**name)).unwrap().1;
        let paid = at.numbers().contains(&entry.order_number) && at.paid(&entry.order_number) == 1;
        let unpaid = matches!(entry.state, EntryState::Recorded(Settlement::Declined { .. } | Settlement::NotSent));
        assert!(!(paid && unpaid), "seed {seed}: {entry:?}");
        assert!(paid || !entry.is_paid(), "seed {seed}: {entry:?}");
    }
    (accepted, errors)
}

#[test]
fn one_intent_is_paid_once_over_all_gateways() {
    let lives = size("WXPAY_WAYS", 150, 400);
    let seed: u64 = std::env::var("WXPAY_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let (accepted, errors) = (0..lives).map(|life| run(seed + life, 20)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    println!(
        "many ways: {} intents from seed {seed}, six calls each: paid twice 0; accepted {accepted}, errors {errors}",
        lives * 20
    );
    assert!(accepted > 100 && errors > 100);
}
