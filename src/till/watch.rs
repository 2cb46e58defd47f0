//! What an application sees of a till at work, and how it ends the waiting.

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use super::rules::FRESH_CODE;
use crate::client::unless_panicked;
use crate::journal::EntryId;

/// Watches one call of a till: a screen that shows 正在确认, and a button that ends the waiting.
///
/// Both methods may be called from inside the call, on its thread. If one panics, the call goes on for `progress`, and
/// ends its waiting for `is_cancelled`; the outcome is what is known by then. A close of the same order from in here waits
/// for the call that it stands in, as long as its patience is: cancel, and close when the call came back.
pub trait Watch: Sync {
    /// Told before each step, and about once a second while waiting.
    fn progress(&self, progress: &Progress<'_>) {
        let _ = progress;
    }

    /// Asked between steps and several times a second while waiting: true ends the call with what is known so far. An
    /// exchange with the gateway that is under way comes to its end first.
    fn is_cancelled(&self) -> bool {
        false
    }
}

crate::pointers::through_pointers!(Watch {
    fn progress(&self, progress: &Progress<'_>);
    fn is_cancelled(&self) -> bool;
});

/// True cancels. Another thread stores it.
impl Watch for AtomicBool {
    fn is_cancelled(&self) -> bool {
        self.load(Ordering::Relaxed)
    }
}

/// Nobody watches.
struct Unwatched;

impl Watch for Unwatched {}

/// Where a call is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The caller's own name for what is being paid.
    pub intent: &'a str,
    /// The order number. Empty before there is one.
    pub order_number: &'a str,
    /// What is done now.
    pub phase: Phase,
    /// How long it still waits, where it waits.
    pub left: Duration,
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The payment is sent.
    Sending,
    /// The gateway is asked.
    Asking,
    /// The identical payment is sent again.
    Repeating,
    /// It waits: the gateway asks for a pause, or the order is not final yet.
    Waiting,
    /// It waits for the customer, who types a password.
    Confirming,
    /// The payment is taken back (撤销): it waits for the moment, or does it.
    Reversing,
}

/// Whether `recover` may repeat a payment, which can move money. It must be chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeats {
    /// It asks, and closes orders whose time is over.
    #[default]
    None,
    /// It repeats payments that were begun less than this long ago, where the gateway does not know them. Older ones it
    /// only asks about: the customer is gone.
    YoungerThan(Duration),
}

/// Whether `recover` may take payments back, which moves money. It must be chosen. (`pay` always takes back what it cannot prove.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reversals {
    /// It only asks.
    #[default]
    None,
    /// It goes on with reversals that were begun: the cashier was told that the payment is being cancelled. Firmware should start so.
    Begun,
    /// It also begins to take back what the gateway twice, a minute apart, said to be unpaid.
    Open,
}

/// What a call of a till may be told besides.
///
/// ```
/// # use wxpay_terminal::Options;
/// # use std::sync::atomic::AtomicBool;
/// # use std::time::Duration;
/// static CANCEL: AtomicBool = AtomicBool::new(false);
/// let options = Options::new().account("1900000109").patience(Duration::from_secs(60)).watch(&CANCEL);
/// ```
#[derive(Clone, Copy)]
pub struct Options<'a> {
    pub(super) account: Option<&'a str>,
    pub(super) patience: Option<Duration>,
    pub(super) repeats: Repeats,
    pub(super) reversals: Reversals,
    pub(super) watch: &'a dyn Watch,
}

impl<'a> Options<'a> {
    /// The till's only account of the family, the till's patience, no repeats, no reversals, nobody watches.
    pub fn new() -> Options<'a> {
        Options { account: None, patience: None, repeats: Repeats::None, reversals: Reversals::None, watch: &Unwatched }
    }

    /// Which account, where the till has several of one family: any of its identifiers, such as its `mch_id`.
    #[must_use]
    pub fn account(mut self, account: &'a str) -> Options<'a> {
        self.account = Some(account);
        self
    }

    /// How long this call may go on.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Options<'a> {
        self.patience = Some(patience);
        self
    }

    /// Whether `recover` may repeat.
    #[must_use]
    pub fn repeats(mut self, repeats: Repeats) -> Options<'a> {
        self.repeats = repeats;
        self
    }

    /// Whether `recover` may take payments back.
    #[must_use]
    pub fn reversals(mut self, reversals: Reversals) -> Options<'a> {
        self.reversals = reversals;
        self
    }

    /// Who watches.
    #[must_use]
    pub fn watch(mut self, watch: &'a dyn Watch) -> Options<'a> {
        self.watch = watch;
        self
    }
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options::new()
    }
}

impl fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("account", &self.account)
            .field("patience", &self.patience)
            .field("repeats", &self.repeats)
            .field("reversals", &self.reversals)
            .finish_non_exhaustive()
    }
}

/// One call of a till: what it is about, how long it may take, and who watches.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) intent: &'a str,
    /// When it began.
    pub(super) begun: Duration,
    /// What the caller's request has for the field that is sent once and never stored.
    pub(super) once: Option<&'a str>,
    /// Until when it may wait.
    pub(super) deadline: Duration,
    /// Until when a payment may begin.
    pub(super) payments_until: Duration,
    /// Until when a question may take.
    pub(super) questions_until: Duration,
    /// The order whose customer it waits for: a close or a reversal goes first.
    pub(super) waits_for: Option<EntryId>,
    /// What may be taken back.
    pub(super) reversals: Reversals,
    /// The customer is not waited for: what is not proven is taken back.
    pub(super) ends: bool,
    /// What the watcher is told while it waits.
    pub(super) waits_as: Phase,
    pub(super) watch: &'a dyn Watch,
}

impl Call<'_> {
    /// Tells the watcher what is done now, and how long it still waits.
    pub(super) fn progress(&self, order_number: &str, phase: Phase, left: Duration) {
        let progress = Progress { intent: self.intent, order_number, phase, left };
        if unless_panicked(|| self.watch.progress(&progress)).is_none() {
            log::error!("the progress callback panicked");
        }
    }

    /// Whether another number may begin by this call, at this time: nobody cancelled it, and a code that it brings is fresh (POS
    /// ruling 6).
    pub(super) fn may_begin(&self, now: Duration) -> bool {
        !self.is_stale(now) && !self.is_cancelled()
    }

    /// A code is as old as the call that brought it.
    pub(super) fn is_stale(&self, now: Duration) -> bool {
        self.once.is_some() && now.saturating_sub(self.begun) >= FRESH_CODE
    }

    pub(super) fn is_cancelled(&self) -> bool {
        unless_panicked(|| self.watch.is_cancelled()).unwrap_or(true)
    }
}
