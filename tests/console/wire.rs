//! The Chrome DevTools Protocol over two pipes: messages in JSON, each ended by a NUL.
//!
//! One thread reads. It gives each answer to who asked, and keeps every event.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Finds a hang. It is no assertion of time: a busy machine may take long.
const ANSWER: Duration = Duration::from_secs(60);

/// Of messages whose answer nobody waits for.
const NOBODY: u64 = 0;

pub struct Wire {
    to_browser: Mutex<ChildStdin>,
    heard: Mutex<Heard>,
    news: Condvar,
    last_id: AtomicU64,
}

#[derive(Default)]
struct Heard {
    answers: HashMap<u64, Value>,
    events: Vec<Value>,
    /// The session of a frame of another site, or of a worker, and the session that it belongs to.
    parents: HashMap<String, String>,
    ended: bool,
}

impl Heard {
    /// The page's own session, which a frame's or a worker's session leads to.
    fn page_of<'a>(&'a self, session: &'a str) -> &'a str {
        let mut session = session;
        while let Some(parent) = self.parents.get(session) {
            session = parent;
        }
        session
    }
}

impl Wire {
    pub fn open(to_browser: ChildStdin, from_browser: ChildStdout) -> Arc<Self> {
        let wire = Arc::new(Self {
            to_browser: Mutex::new(to_browser),
            heard: Mutex::default(),
            news: Condvar::new(),
            last_id: AtomicU64::new(NOBODY),
        });
        let reader = Arc::clone(&wire);
        // It ends with the browser, who alone has the other end.
        std::thread::spawn(move || reader.read(BufReader::new(from_browser)));
        wire
    }

    /// Sends a command and waits for its answer. No session: it is for the browser itself.
    pub fn call(&self, session: Option<&str>, method: &str, parameters: Value) -> Result<Value, String> {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        self.send(id, session, method, parameters).map_err(|error| format!("{method}: {error}"))?;
        let began = Instant::now();
        let mut heard = self.heard();
        loop {
            if let Some(mut answer) = heard.answers.remove(&id) {
                return match answer.get("error") {
                    Some(error) => Err(format!("{method}: {}", error["message"].as_str().unwrap_or("no message"))),
                    None => Ok(answer["result"].take()),
                };
            }
            if heard.ended {
                return Err(format!("{method}: the browser has ended"));
            }
            let Some(rest) = ANSWER.checked_sub(began.elapsed()) else {
                return Err(format!("{method}: no answer within {ANSWER:?}"));
            };
            heard = self.news.wait_timeout(heard, rest).unwrap().0;
        }
    }

    /// Sends a command whose answer nobody needs.
    pub fn post(&self, session: Option<&str>, method: &str, parameters: Value) {
        // A browser that has ended cannot be told anything; who waits for an answer hears of it.
        let _ = self.send(NOBODY, session, method, parameters);
    }

    fn send(&self, id: u64, session: Option<&str>, method: &str, parameters: Value) -> std::io::Result<()> {
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to_browser.lock().unwrap().write_all(&bytes)
    }

    /// The events of one kind, of a page with its frames and workers, in the order in which they came.
    pub fn events(&self, page: &str, methods: &[&str]) -> Vec<Value> {
        let heard = self.heard();
        let of_page = |event: &&Value| {
            let session = event["sessionId"].as_str();
            session.is_some_and(|session| heard.page_of(session) == page)
                && event["method"].as_str().is_some_and(|method| methods.contains(&method))
        };
        heard.events.iter().filter(of_page).cloned().collect()
    }

    /// A page's session, and those of its frames of other sites and of its workers.
    pub fn sessions(&self, page: &str) -> Vec<String> {
        let heard = self.heard();
        let below = heard.parents.keys().filter(|session| heard.page_of(session) == page).cloned();
        std::iter::once(page.to_string()).chain(below).collect()
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap()
    }

    fn read(&self, mut from_browser: BufReader<ChildStdout>) {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let whole = from_browser.read_until(0, &mut bytes).is_ok() && bytes.pop() == Some(0);
            let message = if whole { serde_json::from_slice(&bytes).ok() } else { None };
            let Some(message) = message else { break };
            self.take(message);
        }
        self.heard().ended = true;
        self.news.notify_all();
    }

    fn take(&self, message: Value) {
        match message["id"].as_u64() {
            Some(NOBODY) => return,
            Some(id) => drop(self.heard().answers.insert(id, message)),
            None => {
                self.react(&message);
                self.heard().events.push(message);
            }
        }
        self.news.notify_all();
    }

    /// What cannot wait for the test: each of these holds a page up until it is answered.
    fn react(&self, event: &Value) {
        let session = event["sessionId"].as_str();
        let about = &event["params"];
        match event["method"].as_str() {
            // "No" to what a page asks, but a page that is left is left. `Page::console_errors` tells of it.
            Some("Page.javascriptDialogOpening") => {
                let accept = about["type"] == "beforeunload";
                self.post(session, "Page.handleJavaScriptDialog", json!({ "accept": accept }));
            }
            Some("Target.attachedToTarget") => {
                if let (Some(parent), Some(child)) = (session, about["sessionId"].as_str()) {
                    self.heard().parents.insert(child.into(), parent.into());
                    self.adopt(child);
                }
            }
            _ => {}
        }
    }

    /// A frame of another site and a worker have sessions of their own; they stand still until they are listened to.
    fn adopt(&self, child: &str) {
        for domain in ["Page", "Runtime", "Network", "Log"] {
            self.post(Some(child), &format!("{domain}.enable"), json!({}));
        }
        self.post(Some(child), "Target.setAutoAttach", attach_all());
        self.post(Some(child), "Runtime.runIfWaitingForDebugger", json!({}));
    }
}

/// Frames and workers come with sessions, and wait until these are listened to.
pub fn attach_all() -> Value {
    json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true })
}
