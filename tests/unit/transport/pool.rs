//! Unit tests of `src/transport/pool.rs`: which of the connections that wait is taken, and which are there no more.

use std::cell::Cell;
use std::rc::Rc;

use super::*;

/// A connection with a number. What it has to say can change while it waits.
struct Line {
    number: u32,
    closed: Rc<Cell<bool>>,
    ticket: bool,
}

impl Look for Line {
    fn is_silent(&mut self) -> bool {
        !self.closed.get() && !self.ticket
    }

    fn is_quiet(&mut self) -> bool {
        !self.closed.get()
    }
}

fn line(number: u32) -> Line {
    Line { number, closed: Rc::default(), ticket: false }
}

fn host(name: &str) -> Host {
    Host { name: name.into(), port: 443 }
}

/// A pool and its clock.
struct Place {
    pool: Pool<Line>,
    now: Moment,
}

impl Place {
    fn new() -> Place {
        Place { pool: Pool::default(), now: Moment::now() }
    }

    fn passes(&mut self, milliseconds: u64) {
        self.now = self.now.later(Duration::from_millis(milliseconds));
    }

    fn keeps(&mut self, number: u32) {
        self.pool.keep(host("a"), line(number), self.now);
    }

    /// Made at once. Whether one was wanted.
    fn warms(&mut self, name: &str, number: u32) -> bool {
        let begins = self.pool.begin(&host(name), &self.now);
        if begins {
            self.pool.end(&host(name), Some((line(number), self.now)));
        }
        begins
    }

    /// Its number, and whether it carried another exchange.
    fn takes(&mut self, name: &str, own: bool) -> Option<(u32, bool)> {
        self.pool.take(&host(name), own, &self.now).map(|taken| (taken.connection.number, taken.reused))
    }

    fn warmed(&mut self) -> usize {
        self.pool.drop_old(&self.now);
        self.pool.warmed.len()
    }
}

#[test]
fn the_oldest_kept_connection_is_taken_first() {
    let mut place = Place::new();
    for number in 1..=3 {
        place.keeps(number);
        place.passes(1);
    }
    // Taking one does not put another one in its place.
    assert_eq!(place.takes("a", false), Some((1, true)));
    place.keeps(4);
    for number in [2, 3, 4] {
        assert_eq!(place.takes("a", false), Some((number, true)));
    }
    assert_eq!(place.takes("a", false), None);
}

#[test]
fn a_kept_connection_is_not_taken_where_it_has_something_to_say_nor_after_ten_seconds() {
    let mut place = Place::new();
    let closed = line(1);
    closed.closed.set(true);
    place.pool.keep(host("a"), closed, place.now);
    place.pool.keep(host("a"), Line { ticket: true, ..line(2) }, place.now);
    place.keeps(3);
    assert_eq!(place.takes("b", false), None);
    assert_eq!(place.takes("a", false), Some((3, true)));
    place.keeps(4);
    place.passes(9_999);
    assert_eq!(place.takes("a", false), Some((4, true)));
    place.keeps(5);
    place.passes(10_000);
    assert_eq!(place.takes("a", false), None);
}

#[test]
fn four_are_kept_and_the_newest_four() {
    let mut place = Place::new();
    (1..=6).for_each(|number| place.keeps(number));
    let taken: Vec<_> = std::iter::from_fn(|| place.takes("a", false)).collect();
    assert_eq!(taken, [(3, true), (4, true), (5, true), (6, true)]);
}

#[test]
fn a_warmed_connection_is_for_whoever_comes_next_and_counts_as_new() {
    let mut place = Place::new();
    place.keeps(1);
    assert!(place.warms("a", 2));
    assert_eq!(place.takes("b", true), None);
    // Also where a connection of its own is wanted; and it goes before a kept one.
    assert_eq!(place.takes("a", true), Some((2, false)));
    assert_eq!(place.takes("a", true), None, "the other one carried an exchange");
    assert!(place.warms("a", 3));
    assert_eq!(place.takes("a", false), Some((3, false)));
    assert_eq!(place.takes("a", false), Some((1, true)));
}

#[test]
fn the_newest_warmed_connection_is_taken_and_none_after_nine_seconds() {
    let mut place = Place::new();
    assert!(place.warms("a", 1));
    place.passes(5_000);
    assert!(place.warms("a", 2));
    assert_eq!(place.takes("a", true), Some((2, false)));
    place.passes(3_999);
    assert_eq!(place.takes("a", true), Some((1, false)));
    assert!(place.warms("a", 3));
    place.passes(9_000);
    assert_eq!(place.takes("a", true), None);
}

/// A jump makes old (`Moment` takes the longest of three clocks), and the way back makes nothing young again.
#[test]
fn a_jump_of_the_clock_ages_and_never_renews() {
    let mut place = Place::new();
    assert!(place.warms("a", 1));
    let then = place.now;
    place.now = then.later(Duration::from_secs(3600));
    assert_eq!(place.warmed(), 0);
    place.now = then;
    assert_eq!(place.takes("a", true), None, "what grew old stays gone");
}

/// However often it is called, and whenever.
#[test]
fn at_most_two_wait_for_a_host_and_four_in_all() {
    let mut most = Vec::new();
    for step in [100, 999, 1_000, 2_500, 4_999, 5_000, 5_001, 8_999] {
        let mut place = Place::new();
        let (mut there, mut made) = (0, 0);
        for _ in 0..60_000_u64.div_euclid(step) {
            made += u32::from(place.warms("a", made));
            there = there.max(place.warmed());
            place.passes(step);
        }
        assert!((6..=12).contains(&made), "{step} ms: {made} made in a minute");
        most.push(there);
    }
    assert_eq!(most, [2, 2, 2, 2, 1, 2, 2, 2], "with 4,999 ms the first is too old when the next is wanted");
    let mut place = Place::new();
    for (number, name) in (0..).zip(["a", "b", "c", "d", "e", "f"]) {
        assert!(place.warms(name, number));
    }
    assert_eq!(place.warmed(), 4);
    assert_eq!((place.takes("b", true), place.takes("c", true)), (None, Some((2, false))));
}

#[test]
fn one_at_a_time_is_made_for_a_host_and_four_in_all() {
    let mut place = Place::new();
    let names = ["a", "b", "c", "d", "e"];
    let begins: Vec<bool> = names.iter().map(|name| place.pool.begin(&host(name), &place.now)).collect();
    assert_eq!(begins, [true, true, true, true, false]);
    assert!(!place.pool.begin(&host("a"), &place.now), "one is under way");
    place.pool.end(&host("a"), None);
    assert!(place.pool.begin(&host("a"), &place.now), "it failed: again");
    assert!(!place.pool.begin(&host("e"), &place.now));
    place.pool.end(&host("b"), Some((line(1), place.now)));
    assert!(place.pool.begin(&host("e"), &place.now));
}

#[test]
fn a_warmed_connection_that_closed_is_passed_over_and_made_anew() {
    let mut place = Place::new();
    let closed = line(1);
    let shut = closed.closed.clone();
    assert!(place.pool.begin(&host("a"), &place.now));
    place.pool.end(&host("a"), Some((closed, place.now)));
    assert!(!place.warms("a", 2), "a fresh one is there");
    shut.set(true);
    assert!(place.warms("a", 3), "it is there no more");
    assert_eq!(place.warmed(), 1);
    assert_eq!(place.takes("a", true), Some((3, false)));
    let closed = line(4);
    closed.closed.set(true);
    place.pool.end(&host("a"), Some((closed, place.now)));
    assert_eq!(place.takes("a", true), None);
}

/// What TLS 1.3 sends after the handshake is nothing that was said to a request.
#[test]
fn a_ticket_is_no_reason_against_a_warmed_connection() {
    let mut place = Place::new();
    place.pool.end(&host("a"), Some((Line { ticket: true, ..line(1) }, place.now)));
    assert_eq!(place.takes("a", true), Some((1, false)));
}

#[test]
fn kept_connections_go_after_a_payment_and_warmed_ones_after_a_broken_exchange() {
    let mut place = Place::new();
    place.keeps(1);
    assert!(place.warms("a", 2) && place.warms("b", 3));
    place.pool.forget(&host("a"));
    assert_eq!(place.takes("a", false), Some((2, false)), "no late reply can come on it");
    assert_eq!(place.takes("a", false), None);
    place.passes(1);
    assert!(place.warms("a", 4));
    place.pool.cool(&host("a"));
    assert_eq!((place.takes("a", true), place.takes("b", true)), (None, Some((3, false))));
}
