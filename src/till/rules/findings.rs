//! What a bill and the journal say of each other. A bill settles nothing (POS ruling 10): what differs is found, and told.
//!
//! Document: POS flows 7.3 to 7.5, 20.15.

use crate::endpoint::Endpoint;
use crate::journal::{Entry, EntryState, Settlement};
use crate::wire::bill::{BillRow, BillState};

/// What differs, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// The journal says that it was not paid, or is being taken back; the bill says that it was paid, and not reversed by the end of the next
    /// day. Ask, and give the money back.
    ChargedThoughDeclined,
    /// The journal says that it is paid; the bill says that the money went back. A person: goods went out.
    ReversedThoughAccepted,
    /// The bill has another amount than the journal. A person.
    AmountDiffers,
    /// The journal says that it was paid on this day; the bill has no such row. Ask; then a person.
    NotInBill,
    /// Nothing is proven yet, or a person is to look at it; the bill says that it was paid. Ask.
    PaidThoughOpen,
    /// A number of this terminal that the journal does not have: it was lost, pruned, or replaced by an older one. A person.
    UnknownOwnNumber,
    /// A refund that this journal did not make, or that it has as refused: made elsewhere. Ask, before more is given back.
    RefundUnknown,
    /// The journal has a refund that was taken on this day; neither this bill nor the next one has it. Ask.
    RefundNotInBill,
    /// A row that cannot be read. Nothing is concluded from it; a person looks at the line.
    Unreadable,
}

impl FindingKind {
    /// All of them, the worst first.
    pub const ALL: [FindingKind; 9] = [
        FindingKind::ChargedThoughDeclined,
        FindingKind::ReversedThoughAccepted,
        FindingKind::AmountDiffers,
        FindingKind::NotInBill,
        FindingKind::PaidThoughOpen,
        FindingKind::UnknownOwnNumber,
        FindingKind::RefundUnknown,
        FindingKind::RefundNotInBill,
        FindingKind::Unreadable,
    ];

    /// In Chinese, for the bookkeeper.
    pub const fn zh(self) -> &'static str {
        match self {
            FindingKind::ChargedThoughDeclined => "日志为未收款，账单为已扣款：请查询并退款",
            FindingKind::ReversedThoughAccepted => "日志为已收款，账单为已撤销：货已交，款已退，请人工处理",
            FindingKind::AmountDiffers => "金额与账单不符：请人工处理",
            FindingKind::NotInBill => "日志为已收款，账单中没有：请查询，再人工处理",
            FindingKind::PaidThoughOpen => "日志中结果未定，账单为已扣款：请查询",
            FindingKind::UnknownOwnNumber => "本机订单号，日志中没有：日志丢失或已清理，请人工处理",
            FindingKind::RefundUnknown => "账单中的退款不是本日志所发：请查询后再退款",
            FindingKind::RefundNotInBill => "日志中的退款，账单中没有：请查询",
            FindingKind::Unreadable => "账单中有一行无法读取：请人工查看",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            FindingKind::ChargedThoughDeclined => "the journal says not paid, the bill says charged: ask, and refund",
            FindingKind::ReversedThoughAccepted => "the journal says paid, the bill says reversed: a person must look",
            FindingKind::AmountDiffers => "the amount is not the bill's: a person must look",
            FindingKind::NotInBill => "the journal says paid, the bill does not have it: ask, then a person",
            FindingKind::PaidThoughOpen => "nothing is proven in the journal, the bill says charged: ask",
            FindingKind::UnknownOwnNumber => {
                "a number of this terminal that the journal does not have: a person must look"
            }
            FindingKind::RefundUnknown => "a refund that this journal did not make: ask before more is given back",
            FindingKind::RefundNotInBill => "a refund of the journal that the bill does not have: ask",
            FindingKind::Unreadable => "a row that cannot be read: a person must look at the line",
        }
    }
}

/// What a row comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::till) enum Verdict {
    Agrees,
    /// Paid and reversed, as the journal has it.
    ReversedAgrees,
    RefundAgrees,
    /// Only the next day's bill can say.
    Waits,
    Differs(FindingKind),
}

/// What is known of the other rows about an entry.
#[derive(Clone, Copy)]
pub(in crate::till) struct Others {
    /// There is a row that says that it was reversed.
    pub is_reversed: bool,
    /// The next day's bill was read, too.
    pub has_next_day: bool,
}

/// A row about an entry of the journal, or about a number of this terminal that it does not have.
pub(in crate::till) fn of_row(entry: Option<&Entry>, row: &BillRow<'_>, others: Others) -> Verdict {
    let state = row.state();
    let Some(entry) = entry else {
        return Verdict::Differs(match state {
            Some(BillState::Refund) => FindingKind::RefundUnknown,
            _ => FindingKind::UnknownOwnNumber,
        });
    };
    if !row.is_about(entry.amount.get().into()) {
        return Verdict::Differs(FindingKind::AmountDiffers);
    }
    match state {
        Some(BillState::Success) => paid(entry, others),
        Some(BillState::Revoked) if is_kept(entry) => Verdict::Differs(FindingKind::ReversedThoughAccepted),
        Some(BillState::Revoked) => Verdict::ReversedAgrees,
        Some(BillState::Refund) if is_refused(entry) => Verdict::Differs(FindingKind::RefundUnknown),
        Some(BillState::Refund) => Verdict::RefundAgrees,
        None => Verdict::Differs(FindingKind::Unreadable),
    }
}

/// The customer was charged.
fn paid(entry: &Entry, others: Others) -> Verdict {
    match &entry.state {
        // What was told as late is found, whatever becomes of it.
        _ if entry.is_paid() => Verdict::Agrees,
        EntryState::Recorded(Settlement::Declined { code, .. }) if code == "REFUNDED" => Verdict::ReversedAgrees,
        _ if others.is_reversed => Verdict::ReversedAgrees,
        EntryState::Recorded(Settlement::ForAPerson { .. }) => Verdict::Differs(FindingKind::PaidThoughOpen),
        _ if entry.is_pending() && entry.reversals == 0 => Verdict::Differs(FindingKind::PaidThoughOpen),
        _ if others.has_next_day => Verdict::Differs(FindingKind::ChargedThoughDeclined),
        _ => Verdict::Waits,
    }
}

/// Somebody acted on the money.
fn is_kept(entry: &Entry) -> bool {
    entry.is_paid() && !entry.is_paid_late()
}

/// A refund that the journal has as never taken. One that the gateway closed was begun all the same, and has its row.
fn is_refused(entry: &Entry) -> bool {
    match &entry.state {
        EntryState::Recorded(Settlement::Declined { code, .. }) => code != "REFUNDCLOSE",
        EntryState::Recorded(Settlement::NotSent | Settlement::ByHand { paid: false, .. }) => true,
        _ => false,
    }
}

/// What a bill without a row of an entry means. `in_next`: the next day's bill has one. `None`: nothing.
pub(in crate::till) fn of_no_row(
    entry: &Entry,
    endpoint: &Endpoint,
    day: Day,
    (in_next, has_next_day): (bool, bool),
) -> Option<Verdict> {
    let is_refund = endpoint.refund().is_some();
    let was_taken = matches!(entry.state, EntryState::Recorded(Settlement::Refunding { .. })) || entry.is_paid();
    match day {
        Day::Other => None,
        _ if is_refund && !was_taken => None,
        _ if !(is_refund || endpoint.takes_money() && by_the_gateway(entry)) => None,
        _ if in_next => None,
        // The device's clock alone says that it was this day: it may be the next one's.
        Day::Perhaps if !has_next_day => Some(Verdict::Waits),
        _ if is_refund => Some(Verdict::Differs(FindingKind::RefundNotInBill)),
        _ => Some(Verdict::Differs(FindingKind::NotInBill)),
    }
}

/// The gateway said that it is paid. (What a person found is a person's word.)
fn by_the_gateway(entry: &Entry) -> bool {
    entry.is_paid() && !matches!(entry.state, EntryState::Recorded(Settlement::ByHand { .. }))
}

/// Whether an entry belongs to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::till) enum Day {
    /// By the gateway's time in its evidence.
    This,
    /// There is none; it was begun on this day, as the device believed.
    Perhaps,
    Other,
}

/// The gateway's time in its evidence, never the device's clock nor the date in its number (POS flows 7.4): 23:59:50 sold, 00:00:05 paid is the
/// next day's row. `date`: eight digits; `from`, `until`: the same day in seconds since 1970.
pub(in crate::till) fn day_of(entry: &Entry, date: &str, (from, until): (i64, i64)) -> Day {
    let of_refund = entry.of.is_some();
    // When a refund was begun is in no evidence.
    match entry.evidence("time_end").and_then(|time| time.get(..8)).filter(|_| !of_refund) {
        Some(day) if day == date => Day::This,
        Some(_) => Day::Other,
        None if (from..until).contains(&entry.begun_at) => Day::Perhaps,
        None => Day::Other,
    }
}
