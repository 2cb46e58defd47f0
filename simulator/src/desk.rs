//! The answer to a question, under the fault that was asked for.

use crate::distort;
use crate::faults::{Fault, Stage};
use crate::parcel::Parcel;
use crate::question::Question;
use crate::shared::Shared;

/// The fault that this question meets.
pub(crate) fn fault(shared: &Shared, question: &Question) -> Option<Fault> {
    let number = question.order_number();
    let fen = question.fields.fen(question.gateway.amount_field(question.act));
    let planned = shared.plan().for_request(question.act.track(), number, fen);
    planned.or_else(|| shared.network().lost())
}

/// The answer to a question, under that fault.
pub(crate) fn answer(shared: &Shared, question: &Question, fault: Option<Fault>) -> Parcel {
    match fault {
        None => Parcel::of(&question.carry_out(shared)),
        Some(fault) if fault.stage() == Stage::After => {
            let truth = question.carry_out(shared);
            distort::after(fault, truth, question, shared)
        }
        Some(fault) => distort::before(fault, question, shared),
    }
}
