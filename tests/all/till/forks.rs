//! A till, a journal and a transport over `fork`: in another process they refuse, and what happens there leaves the first
//! process as it is.
//!
//! The forks are real: `tests/tools/forks.c`. Each story is told by a child of this test program, line by line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use wxpay_simulator::{Simulator, this_program};
use wxpay_terminal::*;

use crate::support::*;
use crate::till::crash_till::Place;

/// The shim, compiled once. `None`: there is no C compiler.
fn shim() -> Option<&'static Path> {
    static SHIM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let made = SHIM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (new, shim) = (folder.join(format!("forks-{}.so", std::process::id())), folder.join("forks.so"));
        let mut cc = Command::new("cc");
        cc.args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"]).arg(&new);
        let Ok(output) = cc.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/forks.c")).output() else {
            println!("skipped: no C compiler");
            return None;
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::rename(&new, &shim).unwrap();
        Some(shim)
    });
    made.as_deref()
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("wxpay-forks-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Folder(fs::canonicalize(folder).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One story, told by a process that forks as `how` says.
fn tell(story: &str, how: &str, run: impl FnOnce(Command, &Simulator, &Path)) {
    let Some(shim) = shim() else { return };
    let simulator = Simulator::start().unwrap();
    let folder = Folder::new(&story.replace(' ', "-"));
    let mut command = this_program();
    command.args(["--exact", "till::forks::child", "--nocapture", "--test-threads=1"]);
    Place::new(&simulator, 7, folder.0.join("pay.db")).tell(&mut command);
    command.env("WXPAY_FORKS_STORY", story).env("FORKS", how).env("FORKS_GO", folder.0.join("go"));
    command.env("LD_PRELOAD", shim).stdin(Stdio::null());
    run(command, &simulator, &folder.0.join("pay.db"));
}

/// What it said, in the order of its processes, `P: …` or `C: …`.
fn said(mut command: Command) -> Vec<String> {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}{words}");
    let mine = |line: &&str| line.starts_with("P: ") || line.starts_with("C: ");
    text.lines().filter(mine).map(String::from).collect()
}

fn paid(simulator: &Simulator) -> usize {
    simulator.ledger().iter().map(|entry| entry.paid as usize).sum()
}

// -- in the child ----------------------------------------------------------------------------------------------------

struct Desk {
    place: Place,
    https: Arc<Https>,
    till: Option<Till>,
}

impl Desk {
    fn open() -> Desk {
        let place = Place::told();
        let https = place.https();
        let till = till(&place, &https).unwrap();
        Desk { place, https, till: Some(till) }
    }

    fn pay(&self, intent: &str) -> String {
        let payee = intent.replace(' ', "-");
        let request = SendRedPack { re_openid: &payee, remark: intent, ..red_packet("") };
        match self.till.as_ref().unwrap().pay(intent, &request) {
            Ok(Outcome::Accepted(receipt)) => format!("accepted {:?}", receipt.journal_fault.is_some()),
            Ok(other) => format!("{other:?}"),
            Err(error) => format!("{:?} {error}", error.kind()),
        }
    }

    fn client(&self) -> Client<RedpackAccount> {
        Client::new(self.place.redpack(), terminal(), self.https.clone()).unwrap()
    }
}

fn till(place: &Place, https: &Arc<Https>) -> Result<Till, JournalFault> {
    let journal = SqliteJournal::open(&place.journal, 7, Some("013467007045764"), &SystemRandom)?;
    let client = Client::new(place.redpack(), terminal(), https.clone()).unwrap();
    Ok(Till::open(journal).with(client).patience(Duration::from_secs(3)))
}

/// Forks. True in the child.
fn forked() -> bool {
    let before = std::process::id();
    std::thread::yield_now();
    std::process::id() != before
}

fn say(words: impl std::fmt::Display) {
    static FIRST: OnceLock<u32> = OnceLock::new();
    let first = *FIRST.get_or_init(std::process::id);
    println!("\n{}: {words}", if first == std::process::id() { "P" } else { "C" });
}

/// Ends without handlers, as a program that calls `exit` does with them.
fn end() -> ! {
    std::process::exit(0)
}

/// Not a test of its own: what a process does, when a test starts it.
#[test]
fn child() {
    let Ok(story) = std::env::var("WXPAY_FORKS_STORY") else { return };
    say("begins");
    match story.as_str() {
        "the child is refused" => refused(Desk::open()),
        "warmed before forking" => warmed(Desk::open()),
        "the child frees" => frees(Desk::open()),
        "the child only exits" => {
            let desk = Desk::open();
            say(desk.pay("before"));
            if forked() {
                end();
            }
            say(desk.pay("after"));
        }
        "the child opens again" => opens_again(Desk::open()),
        "the parent frees" => parent_frees(Desk::open()),
        "open after forking" => {
            if forked() {
                let desk = Desk::open();
                say(desk.pay("in the child"));
                drop(desk);
                end();
            }
            say(Desk::open().pay("in the parent"));
        }
        "closed before forking" => {
            let desk = Desk::open();
            say(desk.pay("before"));
            drop(desk);
            if forked() {
                let desk = Desk::open();
                say(desk.pay("in the child"));
                drop(desk);
                end();
            }
            say(Desk::open().pay("in the parent"));
        }
        "an opening fails" => an_opening_fails(),
        "a worker of its own" => own_worker(Desk::open()),
        "daemon" => daemon(Desk::open()),
        other => panic!("no story {other}"),
    }
}

/// Any thread of a program may fork while another one opens a journal: `system`, a helper program. For a moment, or as long as the
/// helper lives, it has what the opening had.
fn an_opening_fails() {
    struct Forking;
    impl Random for Forking {
        fn fill(&self, _: &mut [u8]) -> Result<(), Error> {
            if forked() {
                end();
            }
            Err(Fen::new(-1).unwrap_err())
        }
    }
    let journal = Place::told().journal;
    let open = |random: &dyn Random| SqliteJournal::open(&journal, 7, Some("013467007045764"), random);
    say(open(&Forking).map_or_else(|fault| format!("{:?}", fault.kind()), |_| "opened".into()));
    say(open(&SystemRandom).map_or_else(|fault| format!("{:?} {fault}", fault.kind()), |_| "opened".into()));
    fs::write(std::env::var_os("FORKS_GO").unwrap(), "").unwrap();
}

/// Each verb, and the transport by itself.
fn refused(desk: Desk) {
    say(desk.pay("before"));
    let client = desk.client();
    let request = red_packet("19000001092026112100000001");
    let mut prepared = client.prepare(&request).unwrap();
    let mut repeat = client.prepare_repeat(&request).unwrap();
    if forked() {
        let till = desk.till.as_ref().unwrap();
        say(desk.pay("in the child"));
        say(desk.pay("before"));
        let fault = |kind: JournalFaultKind| format!("{kind:?}");
        say(till.recover(Duration::ZERO).map_or_else(|error| fault(error.kind()), |_| "recovered".into()));
        say(till.unacknowledged().map_or_else(|error| fault(error.kind()), |_| "listed".into()));
        say(till
            .acknowledge(EntryVersion { id: 1, revision: 2 })
            .map_or_else(|error| fault(error.kind()), |()| "acknowledged".into()));
        say(till.prune(Duration::ZERO).map_or_else(|error| fault(error.kind()), |_| "pruned".into()));
        say(till.payment_of("1").map_or_else(|error| format!("{:?}", error.kind()), |_| "asked".into()));
        say(till.notified(b"<xml/>").map_or_else(|error| error.reason().to_string(), |_| "notified".into()));
        say(client.send(&mut prepared).map_or_else(|error| format!("{:?}", error.kind()), |_| "sent".into()));
        say(client.send(&mut repeat).map_or_else(|error| format!("{:?}", error.kind()), |said| format!("{said:?}")));
        say(client.check().is_good());
        let reach = desk.https.reach(&desk.place.redpack_url(), Duration::from_secs(2));
        say(reach.map_or_else(|fault| format!("{:?}", fault.sent), |()| "reached".into()));
        end();
    }
    say(desk.pay("after"));
}

#[test]
fn in_the_child_everything_is_refused_and_the_parent_goes_on() {
    tell("the child is refused", "wait", |command, simulator, _| {
        let said = said(command);
        let child: Vec<_> = said.iter().filter_map(|line| line.strip_prefix("C: ")).collect();
        for pay in &child[..2] {
            assert!(pay.starts_with("Process ") && pay.contains("fork") && pay.contains("nothing"), "{said:#?}");
        }
        assert_eq!(&child[2..7], ["Process"; 5], "{said:#?}");
        assert!(child[7].contains("another process"), "{said:#?}");
        assert_eq!(child[8], "Process");
        // An earlier attempt may have left: an error would deny it.
        assert!(child[9].starts_with("Unknown"), "{said:#?}");
        assert_eq!(&child[10..], ["false", "No"], "{said:#?}");
        assert_eq!(said.last().unwrap(), "P: accepted false");
        assert_eq!(paid(simulator), 2);
        // The kept connection was not touched.
        assert_eq!(simulator.handshakes(), 1);
    });
}

/// A connection that waits for its first request.
fn warmed(desk: Desk) {
    let url = desk.place.redpack_url();
    let warm = |how| {
        let warmed = desk.https.warm(&url, Duration::from_secs(2), how);
        say(warmed.map_or_else(|fault| format!("{:?} {}", fault.sent, fault.text), |()| "warmed".into()));
        let warmed = desk.till.as_ref().unwrap().warm(how);
        say(warmed.map_or_else(|error| format!("{:?}", error.kind()), |()| "warmed".into()));
    };
    warm(Warm::InThisThread);
    if forked() {
        warm(Warm::InBackground);
        say(desk.pay("in the child"));
        // It goes with the child's memory, and not a byte goes over it.
        drop(desk);
        end();
    }
    say(desk.pay("after"));
}

#[test]
fn a_child_leaves_a_warmed_connection_to_the_parent() {
    tell("warmed before forking", "wait", |command, simulator, _| {
        let said = said(command);
        assert_eq!(said[1..3], ["P: warmed", "P: warmed"], "{said:#?}");
        assert!(said[3].starts_with("C: No ") && said[3].contains("fork"), "{said:#?}");
        assert_eq!(said[4], "C: Process");
        assert!(said[5].starts_with("C: Process "), "{said:#?}");
        assert_eq!(said[6], "P: accepted false");
        assert_eq!((paid(simulator), simulator.handshakes(), simulator.requests()), (1, 1, 1));
    });
}

/// F2: the lock stays, and so do file, WAL and connections.
fn frees(mut desk: Desk) {
    say(desk.pay("before"));
    if forked() {
        desk.till = None;
        drop(desk);
        end();
    }
    let other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "till::forks::child", "--nocapture", "--test-threads=1"])
        .env("WXPAY_FORKS_STORY", "closed before forking")
        .env_remove("FORKS")
        .output()
        .unwrap();
    say(if String::from_utf8_lossy(&other.stderr).contains("Busy") { "busy" } else { "it opens" });
    say(desk.pay("after"));
    say(desk.till.as_ref().unwrap().unacknowledged().unwrap().len());
}

#[test]
fn a_child_that_frees_leaves_lock_file_and_connection() {
    tell("the child frees", "wait", |command, simulator, _| {
        let said = said(command);
        assert_eq!(said[1..], ["P: accepted false", "P: busy", "P: accepted false", "P: 2"], "{said:#?}");
        assert_eq!((paid(simulator), simulator.handshakes()), (2, 1));
    });
}

#[test]
fn a_child_that_exits_leaves_the_parent_as_it_is() {
    for how in ["wait", "twice"] {
        tell("the child only exits", how, |command, simulator, _| {
            let said = said(command);
            assert_eq!(said[1..], ["P: accepted false", "P: accepted false"], "{how}: {said:#?}");
            assert_eq!((paid(simulator), simulator.handshakes()), (2, 1));
        });
    }
}

/// SQLite's list of open files came over the fork.
fn opens_again(mut desk: Desk) {
    if forked() {
        desk.till = None;
        match till(&desk.place, &desk.https) {
            Ok(_) => say("it opens"),
            Err(fault) => say(format!("{:?} {fault}", fault.kind())),
        }
        end();
    }
    say(desk.pay("after"));
}

#[test]
fn a_child_does_not_open_what_came_over_the_fork() {
    tell("the child opens again", "wait", |command, simulator, _| {
        let said = said(command);
        assert!(said[1].starts_with("C: Busy") && said[1].contains("after forking"), "{said:#?}");
        assert_eq!(said[2], "P: accepted false");
        assert_eq!(paid(simulator), 1);
    });
    // Nor when the parent is gone.
    tell("the child opens again", "exit", |command, simulator, _| {
        let said = said(command);
        assert!(said[1].starts_with("C: Busy") && said[1].contains("after forking"), "{said:#?}");
        assert_eq!(paid(simulator), 0);
    });
}

/// The parent closes first, and opens again while the child still has the descriptors.
fn parent_frees(mut desk: Desk) {
    say(desk.pay("before"));
    if forked() {
        say(desk.pay("in the child"));
        end();
    }
    desk.till = None;
    desk.till = Some(till(&desk.place, &desk.https).unwrap());
    say(desk.pay("after"));
    desk.till = None;
    desk.till = Some(till(&desk.place, &desk.https).unwrap());
    fs::write(std::env::var_os("FORKS_GO").unwrap(), "").unwrap();
    say(desk.pay("at last"));
}

#[test]
fn a_parent_that_frees_first_opens_again_and_the_child_stays_refused() {
    tell("the parent frees", "go on", |command, simulator, _| {
        let said = said(command);
        let parent = said.iter().filter(|line| *line == "P: accepted false").count();
        assert_eq!(parent, 3, "{said:#?}");
        assert!(said.iter().any(|line| line.starts_with("C: Process ")), "{said:#?}");
        assert_eq!(paid(simulator), 3);
    });
}

#[test]
fn who_opens_after_forking_pays() {
    for story in ["open after forking", "closed before forking"] {
        tell(story, "wait", |command, simulator, journal| {
            let said = said(command);
            assert_eq!(said.last().unwrap(), "P: accepted false", "{said:#?}");
            assert!(said.contains(&"C: accepted false".into()), "{said:#?}");
            let entries = rusqlite::Connection::open(journal).unwrap();
            let count: u32 = entries.query_row("SELECT count(*) FROM entries", [], |row| row.get(0)).unwrap();
            assert_eq!(count as usize, paid(simulator));
        });
    }
}

/// A pre-fork server: each worker has a journal of its own.
fn own_worker(desk: Desk) {
    say(desk.pay("before"));
    if forked() {
        let mut place = Place::told();
        place.journal.set_extension("worker");
        let https = place.https();
        let till = Some(till(&place, &https).unwrap());
        let own = Desk { place, https, till };
        say(own.pay("worker"));
        say(desk.pay("in the child"));
        drop(own);
        end();
    }
    say(desk.pay("after"));
}

#[test]
fn a_worker_pays_from_its_own_journal() {
    tell("a worker of its own", "wait", |command, simulator, _| {
        let said = said(command);
        assert_eq!(said[1..3], ["P: accepted false", "C: accepted false"], "{said:#?}");
        assert!(said[3].starts_with("C: Process "), "{said:#?}");
        assert_eq!(said[4], "P: accepted false");
        assert_eq!(paid(simulator), 3);
    });
}

/// F1: the parent is gone, and with it the record locks. An outside reader removes the WAL when it closes.
fn daemon(desk: Desk) {
    say(desk.pay("before"));
    if !forked() {
        return;
    }
    if let Ok(shell) = Command::new("sqlite3").arg(&desk.place.journal).arg("SELECT count(*) FROM entries").output() {
        say(String::from_utf8_lossy(&shell.stdout).trim().to_string());
    }
    for intent in ["one", "two", "three"] {
        say(desk.pay(intent));
    }
    drop(desk);
    end();
}

#[test]
fn a_daemon_that_opened_before_forking_pays_nothing_and_loses_nothing() {
    tell("daemon", "exit", |command, simulator, journal| {
        let said = said(command);
        let refused = said.iter().filter(|line| line.starts_with("C: Process ")).count();
        assert_eq!(refused, 3, "{said:#?}");
        assert_eq!(paid(simulator), 1);
        let entries = rusqlite::Connection::open(journal).unwrap();
        let state: String = entries.query_row("SELECT state FROM entries", [], |row| row.get(0)).unwrap();
        assert_eq!(state, "accepted");
    });
}

/// A refused opening lets its locks go, also where a process that was forked in that moment lives on.
#[test]
fn a_failed_opening_leaves_no_lock_with_a_child() {
    tell("an opening fails", "go on", |command, _, _| {
        assert_eq!(said(command), ["P: begins", "P: Number", "P: opened"]);
    });
}
