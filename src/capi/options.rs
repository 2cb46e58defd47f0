//! Options of a call, and what cancels it.

use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::till::{Options, Phase, Progress, Repeats, Reversals, Watch};

use super::ffi::{
    Done, Fail, abi, c, handle, locked, milliseconds, peek, put, seen, text, wanted, whole, wxt_cancel, wxt_options,
    wxt_progress, wxt_progress_callback,
};
use super::numbers::{wxt_code, wxt_phase, wxt_reversals};

super::ffi::opaque! {
    wxt_options: Mutex<Choices> = 0x5758_000d;
    wxt_cancel: Arc<AtomicBool> = 0x5758_000e;
}

/// What a `wxt_options` holds.
#[derive(Clone, Default)]
pub(super) struct Choices {
    account: Option<String>,
    pub(super) patience: Option<Duration>,
    repeats: Repeats,
    reversals: Reversals,
    progress: wxt_progress_callback,
    context: Shared,
    cancel: Option<Arc<AtomicBool>>,
}

/// A context that only the calling thread uses. What moves it to another thread is the C program.
#[derive(Clone, Copy)]
struct Shared(*mut c_void);

// SAFETY: the header says that the callback runs on the thread that called.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Default for Shared {
    fn default() -> Shared {
        Shared(std::ptr::null_mut())
    }
}

impl Choices {
    /// A copy, so that the options may change while the call goes on.
    ///
    /// # Safety
    ///
    /// As [`seen`].
    pub(super) unsafe fn of(options: *const wxt_options) -> Done<Choices> {
        if options.is_null() {
            return Ok(Choices::default());
        }
        // SAFETY: the caller's.
        Ok(locked(unsafe { seen(options, "options")? }).clone())
    }

    pub(super) fn with<T>(&self, run: impl FnOnce(&Options<'_>) -> T) -> T {
        let mut options = Options::new().repeats(self.repeats).reversals(self.reversals).watch(self);
        if let Some(account) = &self.account {
            options = options.account(account);
        }
        if let Some(patience) = self.patience {
            options = options.patience(patience);
        }
        run(&options)
    }
}

impl Watch for Choices {
    fn progress(&self, progress: &Progress<'_>) {
        let Some(tell) = self.progress else { return };
        let (intent, order_number) = (c(progress.intent), c(progress.order_number));
        let out = wxt_progress {
            intent: intent.as_ptr(),
            order_number: order_number.as_ptr(),
            left_ms: whole(progress.left.as_millis(), i64::MAX),
            phase: number_of(progress.phase) as i32,
        };
        // SAFETY: the caller's function and context, and values that live until it returns.
        unsafe { tell(self.context.0, &raw const out) };
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(|cancel| cancel.load(Ordering::Relaxed))
    }
}

pub(super) fn number_of(phase: Phase) -> wxt_phase {
    match phase {
        Phase::Sending => wxt_phase::WXT_SENDING,
        Phase::Asking => wxt_phase::WXT_ASKING,
        Phase::Repeating => wxt_phase::WXT_REPEATING,
        Phase::Waiting => wxt_phase::WXT_WAITING,
        Phase::Confirming => wxt_phase::WXT_CONFIRMING,
        Phase::Reversing => wxt_phase::WXT_REVERSING,
    }
}

abi! {
    /// Options with nothing chosen: the only account of the gateway, 30 seconds of patience (75 for a payment code), no repeats, no
    /// reversals, nobody watches.
    call wxt_options_new(options: *mut *mut wxt_options) {
        wanted(options, "options")?;
        put(options, handle(Mutex::new(Choices::default())));
    }

    /// Which account pays, where the till has several of one gateway: any of its identifiers, such as its mch_id.
    call wxt_options_set_account(options: *mut wxt_options, account: *const c_char) {
        let mut choices = locked(seen(options.cast_const(), "options")?);
        choices.account = Some(text(account, "account")?.into());
    }

    /// How long the call may go on resolving, in milliseconds. An attempt that is under way may add the account's deadline.
    call wxt_options_set_patience(options: *mut wxt_options, patience_ms: i64) {
        let mut choices = locked(seen(options.cast_const(), "options")?);
        choices.patience = Some(milliseconds(patience_ms, "patience_ms")?);
    }

    /// Lets `wxt_till_recover` repeat payments that were begun less than this long ago, where the gateway does not know them.
    /// This can move money.
    call wxt_options_set_repeats(options: *mut wxt_options, younger_than_seconds: i64) {
        let mut choices = locked(seen(options.cast_const(), "options")?);
        let seconds = u64::try_from(younger_than_seconds);
        let seconds = seconds.map_err(|_| Fail::Argument("younger_than_seconds", "is negative"))?;
        choices.repeats = Repeats::YoungerThan(Duration::from_secs(seconds));
    }

    /// Lets `wxt_till_recover` take payments back: one of `wxt_reversals`. This moves money. (`wxt_till_pay` always takes back what it cannot
    /// prove.)
    call wxt_options_set_reversals(options: *mut wxt_options, reversals: i32) {
        let mut choices = locked(seen(options.cast_const(), "options")?);
        choices.reversals = match reversals {
            chosen if chosen == wxt_reversals::WXT_REVERSALS_NONE as i32 => Reversals::None,
            chosen if chosen == wxt_reversals::WXT_REVERSALS_BEGUN as i32 => Reversals::Begun,
            chosen if chosen == wxt_reversals::WXT_REVERSALS_OPEN as i32 => Reversals::Open,
            _ => return Err(Fail::Argument("reversals", "is none of wxt_reversals")),
        };
    }

    /// Who is told where the call is. NULL: nobody. The context must live until the calls with these options have returned.
    call wxt_options_set_progress(options: *mut wxt_options, progress: wxt_progress_callback, context: *mut c_void) {
        let mut choices = locked(seen(options.cast_const(), "options")?);
        (choices.progress, choices.context) = (progress, Shared(context));
    }

    /// What ends the waiting of calls with these options. NULL: nothing. The cancel may be freed before the options.
    call wxt_options_set_cancel(options: *mut wxt_options, cancel: *const wxt_cancel) {
        let mut choices = locked(seen(options.cast_const(), "options")?);
        choices.cancel = if cancel.is_null() { None } else { Some(Arc::clone(seen(cancel, "cancel")?)) };
    }

    /// Frees options. NULL is nothing to free.
    free wxt_options_free(options: wxt_options);

    /// A cancel that is not set.
    call wxt_cancel_new(cancel: *mut *mut wxt_cancel) {
        wanted(cancel, "cancel")?;
        put(cancel, handle(Arc::new(AtomicBool::new(false))));
    }
}

/// Sets it (1) or takes it back (0), from any thread or a signal handler. Calls that wait return with what is known; an
/// exchange with the gateway that is under way comes to its end first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxt_cancel_set(cancel: *const wxt_cancel, cancelled: i32) {
    unsafe { peek(cancel, (), |cancel| cancel.store(cancelled != 0, Ordering::Relaxed)) }
}

abi! {
    /// Frees a cancel. NULL is nothing to free.
    free wxt_cancel_free(cancel: wxt_cancel);
}
