//! A till's life. The tests' shops, gateways and customers (`tests/all/till/*_field.rs`) live here by the input's choices, and not by a seed:
//! codes and orders, refunds, reversals, red packets; recover, repeats, restarts, power cuts, clocks that jump, requests that are booked late. What
//! must hold is in their `*_checks.rs`: per intent one number at most is paid, nothing is accepted and reversed, refunds never come to more than
//! the total, and what was told agrees with the ledger. One life in four has its journal in a file that flips bits at a restart (`shop.rs`).

use crate::shop;
use crate::till::counter_field::{self, At};
use crate::till::counter_gateway::Speaks;
use crate::till::modelled::follow;
use crate::till::{field, refund_field};

pub fn run(data: &[u8]) -> String {
    let Some((first, choices)) = data.split_first() else { return String::new() };
    let (kind, seed) = (first % 12, u64::from(first / 12));
    if kind >= 9 {
        return shop::lives(choices);
    }
    follow(choices);
    let ends = match kind {
        0 => format!("{:?}", counter_field::Life::new(At::Wechat, seed).lives()),
        1 => format!("{:?}", counter_field::Life::new(At::Unified, seed).lives()),
        2 | 3 => {
            let speaks = if kind == 2 { Speaks::Wechat } else { Speaks::unified() };
            let mut life = refund_field::Life::at(speaks, seed);
            match life.lives() {
                Ok(ends) => format!("{ends:?}"),
                // It tells its story as it goes.
                Err((rule, words)) => panic!("{rule:?}: {words}"),
            }
        }
        4 | 5 => format!("{:?}", field::Life::new("redpack", seed).lives()),
        6 => format!("{:?}", field::Life::new("workwx", seed).lives()),
        7 => format!("{:?}", field::Life::new("swiftpass", seed).lives()),
        _ => format!("{:?}", field::Life::new("webgate", seed).lives()),
    };
    follow(&[]);
    ends
}
