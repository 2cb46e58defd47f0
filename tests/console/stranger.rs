//! A page of somebody else, open in the same browser: what can it do to an address, and what does it learn?
//!
//! It is served from this machine. So Chromium's own guard of local networks, which may ask a user about a page from
//! the internet, does not help here: who is attacked defends itself, or not at all.

use serde_json::{Value, json};

use crate::browser::{Browser, FOREIGN_HOST};
use crate::page::{Frame, Page, PageOptions, quoted};
use crate::site::{Reply, Site};

pub struct Stranger<'b> {
    browser: &'b Browser,
    site: Site,
    host: &'static str,
}

/// Where the answer to a form is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Where {
    /// In a frame of the stranger's page.
    Frame,
    /// In place of the stranger's page.
    Tab,
}

/// What became of a form.
#[derive(Debug)]
pub struct Posted {
    /// The first answer, before any redirect: the test knows it, the stranger does not. None: there was no answer.
    pub status: Option<u16>,
    /// What the user then sees there.
    pub shown: Frame,
    /// What the stranger's script reads of the answer's document.
    pub read: Option<String>,
}

/// What `fetch` gave to the stranger's script.
#[derive(Debug, PartialEq)]
pub struct Fetched {
    /// "opaque" tells nothing: its status is 0, its body empty.
    pub kind: String,
    pub status: u64,
    pub body: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tag {
    Image,
    Script,
    Frame,
}

/// What the stranger's script learns of an address in its page.
#[derive(Debug)]
pub struct Embedded {
    /// `load` or `error`. A frame says `load` also of what the browser refused to show.
    pub loaded: bool,
    /// The width of an image.
    pub width: u64,
    /// Names that a script added to the page.
    pub new_names: Vec<String>,
    /// The text of a frame's document.
    pub read: Option<String>,
    /// What the user sees in the frame; the stranger does not know it, but may lay something over it.
    pub shown: Option<Frame>,
}

impl<'b> Stranger<'b> {
    /// Another origin of the same site: another port. Cookies go along, even those that are `SameSite=Strict`.
    pub fn next_door(browser: &'b Browser) -> Self {
        Self::on(browser, "127.0.0.1")
    }

    /// Another site.
    pub fn from_afar(browser: &'b Browser) -> Self {
        Self::on(browser, FOREIGN_HOST)
    }

    fn on(browser: &'b Browser, host: &'static str) -> Self {
        Self { browser, site: Site::open(|_| Reply::html(PAGE)), host }
    }

    pub fn origin(&self) -> String {
        format!("http://{}:{}", self.host, self.site.port)
    }

    /// Sends a form as soon as the page is open. `enctype`: "text/plain" writes each field as `name=value`, so that names
    /// with quotes make JSON; "application/x-www-form-urlencoded"; "multipart/form-data".
    #[track_caller]
    pub fn posts_form(&self, url: &str, enctype: &str, fields: &[(&str, &str)], into: Where) -> Posted {
        let page = self.page();
        let target = if into == Where::Tab { "_self" } else { "answer" };
        page.eval(&format!("sendForm({}, {}, {}, {})", quoted(url), quoted(enctype), json!(fields), quoted(target)));
        let status = page.poll(&format!("an answer to the form to {url}"), || answer_to(&page, url));
        let stays = matches!(status, Some(204 | 205));
        match into {
            Where::Tab => {
                let gone = format!("location.origin !== {}", quoted(&self.origin()));
                if !stays {
                    page.wait_for(&format!("{gone} && document.readyState === 'complete'"), "the form's answer");
                }
                let shown = Frame { url: told(&page, "location.href"), text: told(&page, "document.body?.innerText") };
                // The stranger's script went with its page.
                Posted { status, shown, read: None }
            }
            Where::Frame => {
                if !stays {
                    page.wait_for("window.answered", "the form's answer");
                }
                let shown = only_frame(&page);
                Posted {
                    status,
                    shown,
                    read: read_by_script(&page.eval("readFrame(document.querySelector('iframe'))")),
                }
            }
        }
    }

    /// `fetch(url, how)`, with `how` as `fetch` takes it: `{"method": "POST", "mode": "no-cors", "body": "..."}`.
    /// An error is what the script caught.
    #[track_caller]
    pub fn fetches(&self, url: &str, how: &Value) -> Result<Fetched, String> {
        let got = self.page().eval(&format!("readFetch({}, {how})", quoted(url)));
        match got["caught"].as_str() {
            Some(caught) => Err(caught.into()),
            None => Ok(Fetched {
                kind: got["kind"].as_str().unwrap().into(),
                status: got["status"].as_u64().unwrap(),
                body: got["body"].as_str().unwrap().into(),
            }),
        }
    }

    /// Puts an address into the page, as `src`.
    #[track_caller]
    pub fn embeds(&self, tag: Tag, url: &str) -> Embedded {
        let page = self.page();
        let name = match tag {
            Tag::Image => "img",
            Tag::Script => "script",
            Tag::Frame => "iframe",
        };
        let learnt = page.eval(&format!("embed({}, {})", quoted(name), quoted(url)));
        let names = learnt["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_string());
        Embedded {
            loaded: learnt["loaded"] == true,
            width: learnt["width"].as_u64().unwrap_or_default(),
            new_names: names.collect(),
            read: read_by_script(&learnt["read"]),
            shown: (tag == Tag::Frame).then(|| only_frame(&page)),
        }
    }

    /// The stranger's page itself, for what is not foreseen here.
    #[track_caller]
    pub fn page(&self) -> Page {
        self.browser.page(&format!("{}/", self.origin()), &PageOptions::default())
    }
}

/// The status of the first answer to the form; None when the connection gave none.
fn answer_to(page: &Page, url: &str) -> Result<Option<u16>, String> {
    let events = page.events(&["Network.requestWillBeSent", "Network.responseReceived", "Network.loadingFailed"]);
    let is_form = |about: &&Value| about["request"]["method"] == "POST" && about["request"]["url"] == *url;
    let form = events.iter().map(|event| &event["params"]).find(is_form).ok_or("the form is not sent")?;
    let later = events.iter().filter(|event| event["params"]["requestId"] == form["requestId"]);
    for event in later {
        let about = &event["params"];
        let status = |response: &Value| response["status"].as_u64().map(|status| status as u16);
        match event["method"].as_str() {
            Some("Network.responseReceived") => return Ok(status(&about["response"])),
            Some("Network.loadingFailed") => return Ok(None),
            _ if about.get("redirectResponse").is_some() => return Ok(status(&about["redirectResponse"])),
            _ => {}
        }
    }
    Err("sent, and not answered".into())
}

#[track_caller]
fn only_frame(page: &Page) -> Frame {
    page.poll("the frame", || match &page.frames()[..] {
        [frame] => Ok(frame.clone()),
        others => Err(format!("{others:?}")),
    })
}

fn told(page: &Page, js: &str) -> String {
    page.eval(js).as_str().unwrap_or_default().to_string()
}

fn read_by_script(value: &Value) -> Option<String> {
    value.as_str().map(String::from)
}

/// Its functions do what a hostile page's scripts would.
const PAGE: &str = r#"<!doctype html>
<meta charset="utf-8">
<title>stranger</title>
<body>
<p>Nothing to see here.</p>
<script>
function sendForm(url, enctype, fields, target) {
  const form = Object.assign(document.createElement('form'), { action: url, method: 'post', enctype, target });
  for (const [name, value] of fields) {
    form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
  }
  document.body.append(form);
  if (target !== '_self') {
    const frame = Object.assign(document.createElement('iframe'), { name: target });
    document.body.append(frame);
    // Not the load of the empty frame, which was when it came.
    frame.onload = () => { window.answered = true; };
  }
  form.submit();
}

async function readFetch(url, how) {
  try {
    const reply = await fetch(url, how);
    return { kind: reply.type, status: reply.status, body: await reply.text() };
  } catch (error) {
    return { caught: String(error) };
  }
}

function embed(tag, url) {
  const before = new Set(Object.getOwnPropertyNames(window));
  const element = document.createElement(tag);
  return new Promise(done => {
    const end = loaded => done({
      loaded,
      width: element.naturalWidth ?? 0,
      // Frames are numbered in the window, too.
      names: Object.getOwnPropertyNames(window).filter(name => !before.has(name) && !/^\d+$/.test(name)),
      read: tag === 'iframe' ? readFrame(element) : null,
    });
    element.onload = () => end(true);
    element.onerror = () => end(false);
    element.src = url;
    document.body.append(element);
  });
}

function readFrame(frame) {
  try {
    return frame.contentWindow.document.documentElement.innerText;
  } catch (error) {
    return null;
  }
}
</script>
"#;
