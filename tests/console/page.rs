//! One page: what it shows, what it is asked, what it asked for, what went wrong in it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::wire::{Wire, attach_all};

/// Finds a hang. It is no assertion of time: a busy machine may take long.
const DEADLINE: Duration = Duration::from_secs(20);

pub struct PageOptions<'a> {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
    /// As `navigator.language` says it: "zh-CN", "en".
    pub language: &'a str,
}

impl Default for PageOptions<'_> {
    fn default() -> Self {
        Self { width: 1280, height: 800, dark: false, language: "en" }
    }
}

pub struct Page {
    wire: Arc<Wire>,
    target: String,
    session: String,
    /// How long a test waits for the page.
    pub patience: Duration,
}

/// A frame in a page, as the user sees it, whoever it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// `chrome-error:` where the browser refused to show it.
    pub url: String,
    pub text: String,
}

/// Opened, looked at, asked.
impl Page {
    pub fn create(wire: &Arc<Wire>, user_agent: &str, options: &PageOptions) -> Result<Self, String> {
        let PageOptions { width, height, dark, language } = options;
        // A window of its own is in front, and is drawn.
        let window = json!({ "url": "about:blank", "newWindow": true, "width": width, "height": height });
        let target = wire.call(None, "Target.createTarget", window)?["targetId"].as_str().unwrap().to_string();
        let attach = json!({ "targetId": target, "flatten": true });
        let session = wire.call(None, "Target.attachToTarget", attach)?["sessionId"].as_str().unwrap().to_string();
        let page = Self { wire: Arc::clone(wire), target, session, patience: DEADLINE };
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        let scheme = json!([{ "name": "prefers-color-scheme", "value": if *dark { "dark" } else { "light" } }]);
        let agent = json!({ "userAgent": user_agent, "acceptLanguage": language });
        for (method, parameters) in [
            ("Page.enable", json!({})),
            ("Page.setLifecycleEventsEnabled", json!({ "enabled": true })),
            ("Runtime.enable", json!({})),
            ("Network.enable", json!({})),
            ("Log.enable", json!({})),
            ("Target.setAutoAttach", attach_all()),
            ("Emulation.setDeviceMetricsOverride", screen),
            ("Emulation.setEmulatedMedia", json!({ "features": scheme })),
            // navigator.language and Accept-Language.
            ("Network.setUserAgentOverride", agent),
            // Numbers and dates of Intl.
            ("Emulation.setLocaleOverride", json!({ "locale": language })),
            // Several pages have the focus at once.
            ("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })),
        ] {
            page.call(method, parameters)?;
        }
        Ok(page)
    }

    /// Goes to an address and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        let went = self.must("Page.navigate", json!({ "url": url }));
        if let Some(error) = went["errorText"].as_str() {
            panic!("{url}: {error}");
        }
        // Without a loader it was a place within the document.
        if let Some(loader) = went["loaderId"].as_str() {
            self.poll(&format!("{url} to load"), || known(self.loads().iter().any(|loaded| loaded == loader)));
        }
    }

    #[track_caller]
    pub fn reload(&self) {
        let before = self.loads().len();
        self.must("Page.reload", json!({}));
        self.poll("the page to load again", || known(self.loads().len() > before));
    }

    /// The value of an expression; of a promise, what it comes to. An exception is a panic with its text.
    #[track_caller]
    pub fn eval(&self, js: &str) -> Value {
        self.try_eval(js).unwrap_or_else(|error| panic!("{error}\nin {js}"))
    }

    pub fn try_eval(&self, js: &str) -> Result<Value, String> {
        evaluate(&self.wire, &self.session, json!({ "expression": js }))
    }

    /// What the user reads of the first element that the selector finds.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let js = format!("document.querySelector({}).innerText", quoted(selector));
        self.eval(&js).as_str().unwrap_or_default().to_string()
    }

    /// Waits until a condition of the page holds. One that throws does not hold yet.
    #[track_caller]
    pub fn wait_for(&self, js_condition: &str, what: &str) {
        // As the page's own language has it: "" and 0 are not yet.
        let js = format!("Promise.resolve({js_condition}).then(Boolean)");
        self.poll(what, || known(self.try_eval(&js)? == true));
    }

    /// The frames in it, in no order, also those of other sites.
    pub fn frames(&self) -> Vec<Frame> {
        let mut frames = Vec::new();
        for session in self.wire.sessions(&self.session) {
            // A worker has no frames, and a frame that has just gone does not answer.
            let Ok(tree) = self.wire.call(Some(&session), "Page.getFrameTree", json!({})) else { continue };
            let mut ids = Vec::new();
            collect_frames(&tree["frameTree"], &mut ids);
            ids.retain(|id| *id != self.target);
            frames.extend(ids.iter().filter_map(|id| read_frame(&self.wire, &session, id)));
        }
        frames
    }

    /// A picture of what is in the window, as PNG.
    #[track_caller]
    pub fn screenshot(&self, path: &Path) {
        let picture = self.must("Page.captureScreenshot", json!({ "format": "png" }));
        std::fs::write(path, from_base64(picture["data"].as_str().unwrap())).unwrap();
    }
}

/// What was heard of it, its frames and its workers since it was opened.
impl Page {
    /// Exceptions, promises that failed unheard, `console.error`, what the browser refused or could not load, and
    /// dialogs, which the driver answers with "no". A reply of 400 or more is such an error, too.
    #[track_caller]
    pub fn console_errors(&self) -> Vec<String> {
        self.settle();
        let kinds = [
            "Runtime.exceptionThrown",
            "Runtime.consoleAPICalled",
            "Log.entryAdded",
            "Page.javascriptDialogOpening",
            "Inspector.targetCrashed",
        ];
        self.events(&kinds).iter().filter_map(told).collect()
    }

    /// The addresses that were asked for, web sockets too, each as often as it was. A page without an icon is asked for
    /// `/favicon.ico`, some time after it is loaded.
    #[track_caller]
    pub fn requests(&self) -> Vec<String> {
        self.settle();
        let asked = self.events(&["Network.requestWillBeSent", "Network.webSocketCreated"]);
        let url = |event: &Value| {
            let about = &event["params"];
            about["request"]["url"].as_str().or(about["url"].as_str()).map(String::from)
        };
        asked.iter().filter_map(url).collect()
    }

    pub fn events(&self, methods: &[&str]) -> Vec<Value> {
        self.wire.events(&self.session, methods)
    }

    /// The events of what has happened come before the answer to a later question.
    #[track_caller]
    fn settle(&self) {
        self.eval("new Promise(done => setTimeout(done, 0))");
    }

    /// The loaders whose document is loaded.
    fn loads(&self) -> Vec<String> {
        let events = self.events(&["Page.lifecycleEvent"]);
        let about = events.iter().map(|event| &event["params"]);
        let loaded = about.filter(|about| about["name"] == "load" && about["frameId"] == *self.target);
        loaded.filter_map(|about| about["loaderId"].as_str().map(String::from)).collect()
    }

    pub fn call(&self, method: &str, parameters: Value) -> Result<Value, String> {
        self.wire.call(Some(&self.session), method, parameters)
    }

    #[track_caller]
    pub fn must(&self, method: &str, parameters: Value) -> Value {
        self.call(method, parameters).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Asks until there is an answer. A panic says what was waited for, why there was none, and what the page was then.
    #[track_caller]
    pub fn poll<T>(&self, what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
        let began = Instant::now();
        loop {
            let reason = match ask() {
                Ok(answer) => return answer,
                Err(reason) => reason,
            };
            assert!(
                began.elapsed() < self.patience,
                "waited {:?} for {what}: {reason}\n{}",
                self.patience,
                self.state()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// For who reads why a test failed.
    fn state(&self) -> String {
        let js = "location.href + '\\n' + document.title + '\\n' + document.body?.innerText.slice(0, 2000)";
        let shows = match self.try_eval(js) {
            Ok(text) => text.as_str().unwrap_or_default().to_string(),
            Err(error) => error,
        };
        let errors: Vec<String> =
            self.events(&["Runtime.exceptionThrown", "Log.entryAdded"]).iter().filter_map(told).collect();
        format!("the page: {shows}\nits errors: {errors:#?}")
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.wire.post(None, "Target.closeTarget", json!({ "targetId": self.target }));
    }
}

/// For `Page::poll`.
pub fn known(holds: bool) -> Result<(), String> {
    if holds { Ok(()) } else { Err("not yet".into()) }
}

fn evaluate(wire: &Wire, session: &str, mut parameters: Value) -> Result<Value, String> {
    parameters["awaitPromise"] = true.into();
    parameters["returnByValue"] = true.into();
    let mut answer = wire.call(Some(session), "Runtime.evaluate", parameters)?;
    match answer.get("exceptionDetails") {
        Some(details) => Err(exception(details)),
        None => Ok(answer["result"]["value"].take()),
    }
}

/// An exception's own words, with its stack where it has one; of a thrown string, the string.
fn exception(details: &Value) -> String {
    let thrown = &details["exception"];
    let words = thrown["description"].as_str().or(thrown["value"].as_str());
    words.or(details["text"].as_str()).unwrap_or("an exception without words").to_string()
}

/// What an event tells of an error, if it does.
fn told(event: &Value) -> Option<String> {
    let about = &event["params"];
    match event["method"].as_str()? {
        "Runtime.exceptionThrown" => Some(exception(&about["exceptionDetails"])),
        "Runtime.consoleAPICalled" if ["error", "assert"].contains(&about["type"].as_str()?) => {
            let shown = |part: &Value| match part["value"].as_str() {
                Some(text) => text.to_string(),
                None => part["description"].as_str().map_or_else(|| part["value"].to_string(), String::from),
            };
            Some(about["args"].as_array()?.iter().map(shown).collect::<Vec<_>>().join(" "))
        }
        "Log.entryAdded" if about["entry"]["level"] == "error" => {
            let entry = &about["entry"];
            Some(format!("{} {}", entry["text"].as_str()?, entry["url"].as_str().unwrap_or_default()))
        }
        "Page.javascriptDialogOpening" => Some(format!("a dialog: {}", about["message"].as_str()?)),
        "Inspector.targetCrashed" => Some("the page's process has died".into()),
        _ => None,
    }
}

fn collect_frames<'a>(tree: &'a Value, ids: &mut Vec<&'a str>) {
    ids.extend(tree["frame"]["id"].as_str());
    for child in tree["childFrames"].as_array().into_iter().flatten() {
        collect_frames(child, ids);
    }
}

/// Read from a world of the driver's own: the page's scripts neither see it nor change what it says.
fn read_frame(wire: &Wire, session: &str, id: &str) -> Option<Frame> {
    let world = wire.call(Some(session), "Page.createIsolatedWorld", json!({ "frameId": id })).ok()?;
    let js = "({ url: location.href, text: document.documentElement?.innerText ?? '' })";
    let read = json!({ "expression": js, "contextId": world["executionContextId"] });
    let frame = evaluate(wire, session, read).ok()?;
    Some(Frame { url: frame["url"].as_str()?.into(), text: frame["text"].as_str()?.into() })
}

/// A string as JavaScript writes it.
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn from_base64(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut have) = (Vec::with_capacity(text.len() / 4 * 3), 0_u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            bytes.push((bits >> have) as u8);
            bits &= (1 << have) - 1;
        }
    }
    bytes
}
