//! The driver itself: what the console's tests rest on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde_json::json;

use crate::browser::Browser;
use crate::page::{Page, PageOptions, known};
use crate::site::{Reply, Site};

const WORKER: &str =
    "fetch('/asked-by-worker').then(() => postMessage('asked')).then(() => { throw new Error('at work'); })";

/// A page of markup, served: a data: URL has no origin.
fn served(markup: &str) -> Site {
    // A page without an icon is asked for one, some time after it is loaded.
    let head = "<!doctype html><meta charset=utf-8><title>test</title><link rel=icon href=data:,>";
    let page = format!("{head}<body>{markup}");
    Site::open(move |asked| match asked.path.as_str() {
        "/" => Reply::html(&page),
        "/worker.js" => Reply::of("text/javascript", WORKER),
        "/missing" => Reply::empty(404),
        _ => Reply::of("text/plain", "here"),
    })
}

fn page(browser: &Browser, site: &Site) -> Page {
    browser.page(&site.url("/"), &PageOptions::default())
}

fn panics(deed: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(deed)).unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn an_expression_and_a_promise_have_values_and_an_exception_its_text() {
    let Some(browser) = Browser::start() else { return };
    let site = served("<p id=p>one <b>two</b></p><p hidden>three</p>");
    let page = page(&browser, &site);
    assert_eq!(page.eval("1 + 1"), 2);
    assert_eq!(page.eval("fetch('/x').then(reply => reply.text())"), "here");
    assert_eq!(page.eval("({ a: [1, '二', null] })"), json!({ "a": [1, "二", null] }));
    assert_eq!(page.eval("undefined"), json!(null));
    assert_eq!(page.text("#p"), "one two");
    let error = page.try_eval("nothing.here").unwrap_err();
    assert!(error.contains("ReferenceError: nothing is not defined"), "{error}");
    assert_eq!(page.try_eval("Promise.reject('no')").unwrap_err(), "no");
    let panic = panics(|| drop(page.eval("throw new Error('some words')")));
    assert!(panic.contains("some words"), "{panic}");
    assert_eq!(page.console_errors(), [""; 0]);
}

/// `isTrusted`: the event was made by the browser, not by a script.
#[test]
fn a_click_is_a_users_click() {
    let Some(browser) = Browser::start() else { return };
    let site = served(
        "<button id=top>a</button><div style='height:5000px'></div><button id=low>b</button>
        <p><label><input type=checkbox id=box> agree</label></p>
        <script>
        seen = [];
        for (const kind of ['mousedown', 'mouseup', 'click']) {
          addEventListener(kind, event => seen.push([event.target.id, kind, event.isTrusted, event.detail]));
        }
        </script>",
    );
    let page = page(&browser, &site);
    page.click("#low");
    let clicked = json!([["low", "mousedown", true, 1], ["low", "mouseup", true, 1], ["low", "click", true, 1]]);
    assert_eq!(page.eval("seen"), clicked);
    assert_eq!(page.eval("scrollY > 1000"), true);
    page.click("label");
    assert_eq!(page.eval("box.checked"), true);
    page.click("#top");
    assert_eq!(page.eval("seen.at(-1)[0]"), "top");
    assert_eq!(page.eval("document.activeElement.id"), "top");
}

#[test]
fn what_a_user_cannot_click_yet_is_waited_for() {
    let Some(browser) = Browser::start() else { return };
    let site = served(
        "<div id=cover style='position:fixed;inset:0;background:white'></div>
        <button id=later disabled onclick='clicks++'>later</button>
        <script>
        clicks = 0;
        setTimeout(() => cover.remove(), 200);
        setTimeout(() => { later.disabled = false; }, 400);
        setTimeout(() => later.insertAdjacentHTML('afterend', '<button id=new onclick=clicks++>new</button>'), 600);
        </script>",
    );
    let page = page(&browser, &site);
    page.click("#later");
    page.click("#new");
    assert_eq!(page.eval("clicks"), 2);
}

#[test]
fn text_is_typed_as_an_input_method_does_it() {
    let Some(browser) = Browser::start() else { return };
    let site = served(
        "<input id=line><textarea id=area></textarea><label>name <input id=named maxlength=3></label>
        <script>
        inputs = [];
        addEventListener('input', event => inputs.push([event.target.id, event.isTrusted]));
        </script>",
    );
    let page = page(&browser, &site);
    page.type_text("#line", "张三的红包 ¥8.88 🧧");
    assert_eq!(page.eval("line.value"), "张三的红包 ¥8.88 🧧");
    assert_eq!(page.eval("inputs"), json!([["line", true]]));
    page.retype("#line", "李四");
    assert_eq!(page.eval("line.value"), "李四");
    page.type_text("#area", "一\n二");
    assert_eq!(page.eval("area.value"), "一\n二");
    page.type_text("label", "四五六七");
    assert_eq!(page.eval("named.value"), "四五六");
    let panic = panics(|| page.type_text("script ~ *, body", "nowhere"));
    assert!(panic.contains("does not focus it"), "{panic}");
}

#[test]
fn keys_move_send_press_and_leave() {
    let Some(browser) = Browser::start() else { return };
    let site = served(
        "<form onsubmit='sent++; return false'><input id=first><input id=second><button id=send>send</button></form>
        <button id=press onclick='pressed++'>press</button>
        <select id=list><option value=a>A<option value=b>B<option value=c>C</select>
        <script>
        sent = pressed = 0; keys = []; changes = [];
        addEventListener('keydown', event => keys.push([event.key, event.code, event.shiftKey, event.isTrusted]));
        list.onchange = event => changes.push([list.value, event.isTrusted]);
        </script>",
    );
    let page = page(&browser, &site);
    page.click("#first");
    page.key("Tab");
    assert_eq!(page.eval("document.activeElement.id"), "second");
    page.key("Shift+Tab");
    assert_eq!(page.eval("document.activeElement.id"), "first");
    page.key("a");
    page.key("7");
    page.key("Space");
    page.key("Backspace");
    page.key("Enter");
    assert_eq!(page.eval("[first.value, sent]"), json!(["a7", 1]));
    page.click("#press");
    page.key("Space");
    page.key("Enter");
    assert_eq!(page.eval("pressed"), 3);
    page.key("Escape");
    assert_eq!(page.eval("keys[0]"), json!(["Tab", "Tab", false, true]));
    assert_eq!(page.eval("keys[1]"), json!(["Tab", "Tab", true, true]));
    assert_eq!(page.eval("keys.at(-1)"), json!(["Escape", "Escape", false, true]));
    page.choose("#list", "c");
    assert_eq!(page.eval("[list.value, changes.at(-1)]"), json!(["c", ["c", true]]));
    page.choose("#list", "a");
    assert_eq!(page.eval("list.value"), "a");
}

#[test]
fn a_picture_has_the_size_of_the_window() {
    let Some(browser) = Browser::start() else { return };
    let site = served("<style>body { background: #b22 }</style>");
    let options = PageOptions { width: 390, height: 844, ..PageOptions::default() };
    let page = browser.page(&site.url("/"), &options);
    assert_eq!(page.eval("[innerWidth, innerHeight, devicePixelRatio]"), json!([390, 844, 1]));
    let path = browser.processes().folder().join("picture.png");
    page.screenshot(&path);
    let picture = std::fs::read(path).unwrap();
    assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
    // The first chunk says the size.
    let number = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    assert_eq!((&picture[12..16], number(16), number(20)), (&b"IHDR"[..], 390, 844));
    assert_eq!(&picture[picture.len() - 8..picture.len() - 4], b"IEND");
}

#[test]
fn each_kind_of_error_is_collected() {
    let Some(browser) = Browser::start() else { return };
    let site = Site::open(|asked| match asked.path.as_str() {
        "/" => Reply::html(
            "<!doctype html><link rel=icon href=data:,><script>
            console.error('said', 42, { a: 1 });
            console.warn('a warning is none');
            setTimeout(() => { throw new TypeError('thrown'); });
            Promise.reject(new Error('unheard'));
            if (confirm('sure?')) console.error('the driver said yes');
            </script>
            <img src=/missing><img src=http://127.0.0.1:1/><script>worked = 1</script>
            <p style='color:red' onclick='x()'>",
        )
        .with("Content-Security-Policy", "script-src 'unsafe-inline'; img-src 'self' data:"),
        _ => Reply::empty(404),
    });
    let page = page(&browser, &site);
    let errors = page.console_errors();
    let holds = |words: &str| errors.iter().filter(|error| error.contains(words)).count();
    for words in
        ["said 42", "TypeError: thrown", "Error: unheard", "a dialog: sure?", "404", "violates the following Content"]
    {
        assert_eq!(holds(words), 1, "{words}: {errors:#?}");
    }
    assert_eq!(errors.len(), 6, "{errors:#?}");
    // One page's errors are not another's.
    let quiet = served("");
    assert_eq!(self::page(&browser, &quiet).console_errors(), [""; 0]);
}

#[test]
fn workers_sockets_and_frames_are_heard_too() {
    let Some(browser) = Browser::start() else { return };
    let neighbour = served("<script>console.error('in a frame')</script>");
    let port = neighbour.port;
    let site = served(&format!(
        "<img src=http://127.0.0.1:{port}/picture><iframe src=http://stranger.example:{port}/></iframe>
        <script>
        new Worker('/worker.js').onmessage = () => {{ workerAsked = true; }};
        navigator.sendBeacon('/beacon', 'x');
        new WebSocket('ws://127.0.0.1:{port}/socket').onerror = () => {{ socketEnded = true; }};
        </script>"
    ));
    let page = page(&browser, &site);
    page.wait_for("window.workerAsked && window.socketEnded", "the worker and the socket");
    let asked = page.requests();
    let expected = [
        site.url("/"),
        site.url("/worker.js"),
        site.url("/asked-by-worker"),
        site.url("/beacon"),
        neighbour.url("/picture"),
        format!("http://stranger.example:{port}/"),
        format!("ws://127.0.0.1:{port}/socket"),
    ];
    for url in &expected {
        assert_eq!(asked.iter().filter(|asked| *asked == url).count(), 1, "{url}: {asked:#?}");
    }
    assert_eq!(asked.len(), expected.len(), "{asked:#?}");
    // A worker's error comes when the worker likes.
    for words in ["in a frame", "Error: at work"] {
        let heard = || known(page.console_errors().iter().any(|error| error.contains(words)));
        page.poll(words, heard);
    }
    // Elsewhere there is no network.
    let error = page.try_eval("fetch('http://example.com/')").unwrap_err();
    assert!(error.contains("Failed to fetch"), "{error}");
}

#[test]
fn language_and_colours_are_each_pages_own() {
    let Some(browser) = Browser::start() else { return };
    let site = served(
        "<style>body { color: black; background: white }
        @media (prefers-color-scheme: dark) { body { color: white; background: black } }</style>",
    );
    let says = "[navigator.language, navigator.languages[0], Intl.NumberFormat().resolvedOptions().locale,
        matchMedia('(prefers-color-scheme: dark)').matches, getComputedStyle(document.body).backgroundColor]";
    let chinese = PageOptions { dark: true, language: "zh-CN", ..PageOptions::default() };
    let chinese = browser.page(&site.url("/"), &chinese);
    // Both are open at once, on one origin.
    let english = browser.page(&site.url("/"), &PageOptions { language: "en", ..PageOptions::default() });
    for again in [true, false] {
        assert_eq!(chinese.eval(says), json!(["zh-CN", "zh-CN", "zh-CN", true, "rgb(0, 0, 0)"]));
        assert_eq!(english.eval(says), json!(["en", "en", "en", false, "rgb(255, 255, 255)"]));
        if again {
            chinese.reload();
            english.open(&site.url("/"));
        }
    }
    let languages: Vec<String> =
        site.asked().iter().map(|asked| asked.header("accept-language").unwrap_or("none").to_string()).collect();
    assert_eq!(languages, ["zh-CN", "en", "zh-CN", "en"]);
}

#[test]
fn waiting_ends_with_the_condition_or_says_what_it_waited_for() {
    let Some(browser) = Browser::start() else { return };
    let site = served("<p>still the same</p><script>setTimeout(() => { arrived = { yes: 1 }; }, 300)</script>");
    let mut page = page(&browser, &site);
    // It throws until it is true.
    page.wait_for("arrived.yes", "arrival");
    page.patience = Duration::from_millis(500);
    let panic = panics(|| page.wait_for("nothing.ever", "what never comes"));
    for words in ["what never comes", "nothing is not defined", "still the same", &site.url("/")] {
        assert!(panic.contains(words), "{words}: {panic}");
    }
    let panic = panics(|| page.open("http://127.0.0.1:1/"));
    assert!(panic.contains("net::ERR_"), "{panic}");
}

#[test]
fn nothing_is_left_of_a_browser() {
    let Some(browser) = Browser::start() else { return };
    let site = served("");
    let page = page(&browser, &site);
    let (processes, other) = (browser.processes(), Browser::start().unwrap());
    if cfg!(target_os = "linux") {
        // The browser, and at least one process that draws.
        assert!(processes.living().len() > 1, "{:?}", processes.living());
    }
    assert!(processes.folder().is_dir());
    drop(browser);
    assert_eq!(processes.living(), [0; 0]);
    assert!(!processes.folder().exists());
    let error = page.try_eval("1").unwrap_err();
    assert!(error.contains("has ended") || error.contains("pipe"), "{error}");
    // The other one is another one.
    let there = served("<p>there</p>");
    assert_eq!(self::page(&other, &there).text("p"), "there");
}
