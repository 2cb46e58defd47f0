//! Which fault meets which request.

use std::collections::{HashMap, VecDeque};

use crate::faults::{Fault, Stage};

/// The faults that were asked for and have not struck yet, or that stay.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    next: VecDeque<Fault>,
    next_query: VecDeque<Fault>,
    orders: HashMap<String, Fault>,
    queries: HashMap<String, Fault>,
    amounts: HashMap<u64, Fault>,
}

impl Plan {
    pub(crate) fn next(&mut self, fault: Fault) {
        self.next.push_back(fault);
    }

    pub(crate) fn next_query(&mut self, fault: Fault) {
        self.next_query.push_back(fault);
    }

    pub(crate) fn order(&mut self, number: &str, fault: Fault) {
        self.orders.insert(number.to_owned(), fault);
    }

    pub(crate) fn query(&mut self, number: &str, fault: Fault) {
        self.queries.insert(number.to_owned(), fault);
    }

    pub(crate) fn amount(&mut self, fen: u64, fault: Fault) {
        self.amounts.insert(fen, fault);
    }

    pub(crate) fn clear(&mut self) {
        *self = Plan::default();
    }

    /// For a connection just accepted.
    pub(crate) fn for_connection(&mut self) -> Option<Fault> {
        let connection = |fault: &Fault| fault.stage() == Stage::Connection;
        take(&mut self.next, connection).or_else(|| take(&mut self.next_query, connection))
    }

    /// For a request of which only the head is there. `None` as kind: the body will tell.
    pub(crate) fn for_head(&mut self, query: Option<bool>) -> Option<Fault> {
        let head = |fault: &Fault| fault.stage() == Stage::Head;
        let payment = (query != Some(true)).then(|| take_first(&mut self.next, head));
        let payment = payment.flatten();
        payment.or_else(|| {
            let query = (query != Some(false)).then(|| take_first(&mut self.next_query, head));
            query.flatten()
        })
    }

    /// For a payment: order before amount before next; a keyed fault leaves the queue as it is.
    pub(crate) fn for_payment(&mut self, number: &str, fen: u64) -> Option<Fault> {
        let keyed = self.orders.get(number).or_else(|| self.amounts.get(&fen));
        keyed.copied().or_else(|| request(&mut self.next))
    }

    /// For a query or a close: order before next.
    pub(crate) fn for_query(&mut self, number: &str) -> Option<Fault> {
        let keyed = self.queries.get(number).copied();
        keyed.or_else(|| request(&mut self.next_query))
    }
}

fn request(queue: &mut VecDeque<Fault>) -> Option<Fault> {
    take(queue, |fault| fault.stage() != Stage::Connection)
}

fn take(queue: &mut VecDeque<Fault>, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
    let position = queue.iter().position(wanted)?;
    queue.remove(position)
}

// A fault at the head strikes only when it is the next one for a request.
fn take_first(queue: &mut VecDeque<Fault>, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
    let position = queue.iter().position(|fault| fault.stage() != Stage::Connection)?;
    wanted(&queue[position]).then(|| queue.remove(position))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_before_amount_before_next() {
        let mut plan = Plan::default();
        plan.next(Fault::CloseOnAccept);
        plan.next(Fault::EmptyBody);
        plan.amount(100, Fault::Gzip);
        plan.order("a", Fault::Garbage);
        assert_eq!(plan.for_payment("a", 100), Some(Fault::Garbage));
        assert_eq!(plan.for_payment("b", 100), Some(Fault::Gzip));
        assert_eq!(plan.for_payment("b", 1), Some(Fault::EmptyBody));
        assert_eq!(plan.for_payment("b", 1), None);
        assert_eq!(plan.for_connection(), Some(Fault::CloseOnAccept));
        assert_eq!(plan.for_connection(), None);
    }

    #[test]
    fn queries_have_their_own() {
        let mut plan = Plan::default();
        plan.order("a", Fault::Garbage);
        plan.next(Fault::EmptyBody);
        assert_eq!(plan.for_query("a"), None);
        plan.next_query(Fault::CloseAfterHead);
        assert_eq!(plan.for_head(Some(false)), None);
        assert_eq!(plan.for_head(Some(true)), Some(Fault::CloseAfterHead));
    }
}
