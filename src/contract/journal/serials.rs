//! Serials: handed out once, whatever happens to them.

use super::run::{Result, Run, Said};
use super::samples::{NOW, sale};
use crate::contract::broken::Promise;
use crate::error::Error;
use crate::journal::order_number::COUNTERS;

pub(super) fn check(run: &mut Run<'_>) -> Result<()> {
    // Two journals, one after the other, in one storage: deleted, and made anew.
    for _ in 0..2 {
        run.fresh()?;
        run.begin(sale("the first of a journal", NOW))?;
    }
    for count in 0..20 {
        run.open("again")?;
        // Nothing comes of the first number of this opening; what it was shown is used up.
        refuse_a_number(run)?;
        run.compare("begin", Promise::FaultChangesNothing)?;
        run.begin(sale(&alloc::format!("opening {count}"), NOW))?;
    }
    full_counter(run)?;
    run.restart()
}

/// The order number cannot be made.
fn refuse_a_number(run: &mut Run<'_>) -> Result<()> {
    let sale = sale("a number that cannot be made", NOW);
    let no = |_| Err(Error::setting("order_number", "the contract makes none"));
    match run.call_begin(&sale.entry(), &no)? {
        Ok(Said::Begun(_) | Said::Revision(_) | Said::Nothing) => {
            Err(run.broken(Promise::FaultChangesNothing, "begin", "it began without an order number"))
        }
        Err(_) => Ok(()),
    }
}

/// More serials than an epoch has.
fn full_counter(run: &mut Run<'_>) -> Result<()> {
    run.open("again")?;
    let before = run.serials.epochs();
    for _ in 0..=COUNTERS {
        refuse_a_number(run)?;
    }
    run.begin(sale("after a full counter", NOW))?;
    if run.serials.epochs() < before.saturating_add(2) {
        return Err(run.broken(Promise::NewEpoch, "begin", "more serials than an epoch has, and no new one"));
    }
    run.compare("begin", Promise::FaultChangesNothing)
}
