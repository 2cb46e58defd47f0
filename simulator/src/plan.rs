//! Which fault meets which request.

use std::collections::{HashMap, VecDeque};

use crate::faults::{Fault, Stage};
use crate::gateway::Track;

/// The faults that were asked for and have not struck yet, or that stay.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    payments: Queue,
    refunds: Queue,
    questions: Queue,
    reversals: Queue,
    amounts: HashMap<u64, Fault>,
}

/// The faults of one track.
#[derive(Debug, Default)]
struct Queue {
    next: VecDeque<Fault>,
    numbers: HashMap<String, Fault>,
}

impl Plan {
    fn queue(&mut self, track: Track) -> &mut Queue {
        match track {
            Track::Payment => &mut self.payments,
            Track::Refund => &mut self.refunds,
            Track::Question => &mut self.questions,
            Track::Reversal => &mut self.reversals,
        }
    }

    pub(crate) fn next(&mut self, track: Track, fault: Fault) {
        self.queue(track).next.push_back(fault);
    }

    pub(crate) fn number(&mut self, track: Track, number: &str, fault: Fault) {
        self.queue(track).numbers.insert(number.to_owned(), fault);
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
        TRACKS.into_iter().find_map(|track| take(&mut self.queue(track).next, connection))
    }

    /// For a request of which only the head is there. `None` as track: the body will tell.
    pub(crate) fn for_head(&mut self, track: Option<Track>) -> Option<Fault> {
        let head = |fault: &Fault| fault.stage() == Stage::Head;
        let mut wanted = TRACKS.into_iter().filter(|known| track.is_none_or(|track| met_by(track).contains(known)));
        wanted.find_map(|track| take_first(&mut self.queue(track).next, head))
    }

    /// For a whole request: number before amount before next; a keyed fault leaves the queue as it is.
    pub(crate) fn for_request(&mut self, track: Track, number: &str, fen: u64) -> Option<Fault> {
        let tracks = met_by(track);
        let number = tracks.iter().find_map(|track| self.queue(*track).numbers.get(number).copied());
        let amount = self.amounts.get(&fen).copied().filter(|_| tracks.contains(&Track::Payment));
        number.or(amount).or_else(|| tracks.iter().find_map(|track| request(&mut self.queue(*track).next)))
    }

    /// What is planned and has not struck, each as the command line would ask for it.
    pub(crate) fn planned(&self) -> Vec<String> {
        let queues = [
            ("next", "order", &self.payments),
            ("next-refund", "refund", &self.refunds),
            ("next-query", "query", &self.questions),
            ("next-reversal", "reversal", &self.reversals),
        ];
        let mut planned: Vec<String> = Vec::new();
        for (next, keyed, queue) in queues {
            planned.extend(queue.next.iter().map(|fault| format!("{next} {}", fault.name())));
            let numbers = queue.numbers.iter();
            planned.extend(numbers.map(|(number, fault)| format!("fault {keyed}={number}:{}", fault.name())));
        }
        planned.extend(self.amounts.iter().map(|(fen, fault)| format!("fault amount={fen}:{}", fault.name())));
        planned.sort_unstable();
        planned
    }
}

const TRACKS: [Track; 4] = [Track::Payment, Track::Refund, Track::Question, Track::Reversal];

/// Whose faults a request of this track meets, the first before the second.
fn met_by(track: Track) -> &'static [Track] {
    match track {
        Track::Payment => &[Track::Payment],
        Track::Refund => &[Track::Refund, Track::Payment],
        Track::Question => &[Track::Question],
        Track::Reversal => &[Track::Reversal],
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

    use Track::{Payment, Question, Refund, Reversal};

    #[test]
    fn number_before_amount_before_next() {
        let mut plan = Plan::default();
        plan.next(Payment, Fault::CloseOnAccept);
        plan.next(Payment, Fault::EmptyBody);
        plan.amount(100, Fault::Gzip);
        plan.number(Payment, "a", Fault::Garbage);
        assert_eq!(plan.for_request(Payment, "a", 100), Some(Fault::Garbage));
        assert_eq!(plan.for_request(Payment, "b", 100), Some(Fault::Gzip));
        assert_eq!(plan.for_request(Payment, "b", 1), Some(Fault::EmptyBody));
        assert_eq!(plan.for_request(Payment, "b", 1), None);
        assert_eq!(plan.for_connection(), Some(Fault::CloseOnAccept));
        assert_eq!(plan.for_connection(), None);
    }

    #[test]
    fn queries_and_reversals_have_their_own() {
        let mut plan = Plan::default();
        plan.number(Payment, "a", Fault::Garbage);
        plan.next(Payment, Fault::EmptyBody);
        plan.amount(100, Fault::Gzip);
        assert_eq!(plan.for_request(Question, "a", 100), None);
        plan.next(Question, Fault::CloseAfterHead);
        assert_eq!(plan.for_head(Some(Payment)), None);
        assert_eq!(plan.for_head(Some(Reversal)), None);
        assert_eq!(plan.for_head(Some(Question)), Some(Fault::CloseAfterHead));
        plan.next(Reversal, Fault::Redirect);
        assert_eq!(plan.for_request(Question, "a", 0), None);
        assert_eq!(plan.for_request(Reversal, "a", 0), Some(Fault::Redirect));
    }

    #[test]
    fn refunds_have_their_own_before_the_payments() {
        let mut plan = Plan::default();
        plan.next(Payment, Fault::Garbage);
        plan.next(Refund, Fault::EmptyBody);
        plan.amount(300, Fault::Gzip);
        assert_eq!(plan.planned(), ["fault amount=300:Gzip", "next Garbage", "next-refund EmptyBody"]);
        assert_eq!(plan.for_request(Refund, "r", 300), Some(Fault::Gzip));
        assert_eq!(plan.for_request(Refund, "r", 1), Some(Fault::EmptyBody));
        assert_eq!(plan.for_request(Refund, "r", 1), Some(Fault::Garbage));
        assert_eq!(plan.for_request(Refund, "r", 1), None);
        plan.next(Refund, Fault::EmptyBody);
        assert_eq!(plan.for_request(Payment, "p", 1), None);
        assert_eq!(plan.planned(), ["fault amount=300:Gzip", "next-refund EmptyBody"]);
    }
}
