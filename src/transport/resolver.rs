//! Name resolution that a dead modem cannot pile up.
//!
//! `getaddrinfo` cannot be cancelled, so it runs on a thread of its own: one at a time, however many callers wait. The
//! last good addresses are kept, so that a burst of payments asks once, and a name server that died does not stop a
//! terminal that knew the address a minute ago.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::descriptors::above_stdio;
use crate::moment::Moment;

/// How a name becomes addresses. The default asks the system.
pub trait Resolve: Send + Sync {
    /// All addresses of a host.
    ///
    /// # Errors
    ///
    /// The name is not known, or nobody answered.
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

crate::pointers::through_pointers!(Resolve {
    fn resolve(&self, host: &str, port: u16) -> std::io::Result<std::vec::Vec<std::net::SocketAddr>>;
});

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok((host, port).to_socket_addrs()?.collect())
    }
}

/// Addresses younger than this are used without asking.
const FRESH: Duration = Duration::from_secs(60);
/// Addresses younger than this are used when nobody answers.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Names kept at most. A terminal has a handful of gateways.
const NAMES: usize = 16;

type Name = (String, u16);

/// Resolves with a deadline.
#[derive(Clone)]
pub(crate) struct Resolver(Arc<Shared>);

struct Shared {
    resolve: Box<dyn Resolve>,
    state: Mutex<State>,
    answered: Condvar,
}

#[derive(Default)]
struct State {
    known: HashMap<Name, (Vec<SocketAddr>, Moment)>,
    /// The last failure of a name, for its message.
    failed: Option<(Name, String)>,
    /// The lookup that runs now.
    running: Option<Name>,
}

impl Resolver {
    pub(crate) fn new(resolve: Box<dyn Resolve>) -> Resolver {
        Resolver(Arc::new(Shared { resolve, state: Mutex::default(), answered: Condvar::new() }))
    }

    /// The addresses of a host, or why there are none by the deadline.
    pub(crate) fn lookup(&self, host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, String> {
        if let Ok(ip) = host.trim_matches(['[', ']']).parse() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let name = (String::from(host), port);
        let mut state = self.lock();
        let deadline = if known(&state, &name, KEPT).is_some() { sooner(deadline) } else { deadline };
        let mut started = false;
        loop {
            if let Some(addresses) = known(&state, &name, FRESH) {
                return Ok(addresses);
            }
            if started && state.running.as_ref() != Some(&name) {
                break;
            }
            if state.running.is_none() {
                state.failed = None;
                state.running = Some(name.clone());
                started = true;
                if !self.start(name.clone(), deadline) {
                    state.running = None;
                    return Err(String::from("no thread for name resolution"));
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.0.answered.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        known(&state, &name, KEPT).ok_or_else(|| match &state.failed {
            Some((failed, why)) if *failed == name => format!("the name {host} has no address: {why}"),
            _ => format!("the name server did not answer for {host}"),
        })
    }

    fn start(&self, name: Name, deadline: Instant) -> bool {
        let shared = self.0.clone();
        let run = move || {
            let answer = shared.ask(&name, deadline);
            let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            match answer {
                Ok(addresses) if !addresses.is_empty() => {
                    if state.known.len() >= NAMES {
                        state.known.clear();
                    }
                    state.known.insert(name, (addresses, Moment::now()));
                }
                Ok(_) => state.failed = Some((name, String::from("no address"))),
                Err(error) => state.failed = Some((name, error.to_string())),
            }
            state.running = None;
            shared.answered.notify_all();
        };
        std::thread::Builder::new().name("wxpay-dns".into()).stack_size(256 * 1024).spawn(run).is_ok()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// A signal that interrupts a lookup is no answer: it is asked again as long as somebody waits.
    fn ask(&self, name: &Name, deadline: Instant) -> io::Result<Vec<SocketAddr>> {
        loop {
            let call = std::panic::AssertUnwindSafe(|| above_stdio(|| self.resolve.resolve(&name.0, name.1)));
            match std::panic::catch_unwind(call) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Ok(answer) => return answer,
                Err(_) => return Err(io::Error::other("the resolver panicked")),
            }
        }
    }
}

/// With an address at hand a dead name server must leave time to connect: wait a quarter, at most two seconds.
fn sooner(deadline: Instant) -> Instant {
    let now = Instant::now();
    let left = deadline.saturating_duration_since(now);
    let part = left.checked_div(4).unwrap_or(left).min(Duration::from_secs(2));
    now.checked_add(part).unwrap_or(deadline)
}

fn known(state: &State, name: &Name, younger: Duration) -> Option<Vec<SocketAddr>> {
    let (addresses, at) = state.known.get(name)?;
    (at.age() < younger).then(|| addresses.clone())
}
