//! The way to the gateways: slow, or losing what is sent on it.

use std::time::Duration;

use openssl::rand::rand_bytes;

use crate::faults::Fault;

/// The longest delay of one direction.
const LONGEST: Duration = Duration::from_secs(60);

/// What the way does to every exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Network {
    /// Of each direction.
    pub(crate) delay: Duration,
    /// So many of 100 requests are lost, and so many of 100 replies.
    pub(crate) loss: u8,
}

impl Network {
    pub(crate) fn delayed(&mut self, by: Duration) -> bool {
        let taken = by <= LONGEST;
        if taken {
            self.delay = by;
        }
        taken
    }

    pub(crate) fn losing(&mut self, percent: u8) -> bool {
        let taken = percent <= 100;
        if taken {
            self.loss = percent;
        }
        taken
    }

    /// Whether this exchange loses something. To a client both are silence; what differs is whether the gateway was asked.
    pub(crate) fn lost(&self) -> Option<Fault> {
        let mut dice = [0; 4];
        // Without random numbers nothing is lost.
        if self.loss == 0 || rand_bytes(&mut dice).is_err() {
            return None;
        }
        let meets = |high: u8, low: u8| u16::from_be_bytes([high, low]) % 100 < u16::from(self.loss);
        match (meets(dice[0], dice[1]), meets(dice[2], dice[3])) {
            (true, _) => Some(Fault::SilenceBeforeCommit),
            (false, true) => Some(Fault::SilenceAfterCommit),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost() {
        let mut network = Network::default();
        assert!((0..1_000).all(|_| network.lost().is_none()));
        assert!(network.losing(100) && !network.losing(101));
        assert!((0..1_000).all(|_| network.lost() == Some(Fault::SilenceBeforeCommit)));
        assert!(network.losing(50));
        let lost: Vec<_> = (0..1_000).map(|_| network.lost()).collect();
        for one in [None, Some(Fault::SilenceBeforeCommit), Some(Fault::SilenceAfterCommit)] {
            assert!(lost.contains(&one), "{one:?}");
        }
        assert!(network.delayed(Duration::from_secs(60)) && !network.delayed(Duration::from_secs(61)));
        assert_eq!(network.delay, Duration::from_secs(60));
    }
}
