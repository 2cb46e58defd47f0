//! The stranger tells an open address from a closed one. (What the console is, its own tests say.)

use serde_json::json;

use crate::browser::{Browser, FOREIGN_HOST};
use crate::page::PageOptions;
use crate::site::{Asked, Reply, Site};
use crate::stranger::{Embedded, Fetched, Stranger, Tag, Where};

/// Lets everybody read everything.
fn open_house() -> Site {
    Site::open(|asked| {
        let reply = match (asked.method.as_str(), asked.path.as_str()) {
            (_, "/script.js") => Reply::of("text/javascript", "takenFromThere = 'key'"),
            (_, "/picture.svg") => {
                Reply::of("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' width='7' height='5'/>")
            }
            ("POST", "/moved") => Reply::empty(303).with("Location", "/"),
            ("POST", "/quiet") => Reply::empty(204),
            _ => Reply::html("<p>the till's secret</p>"),
        };
        reply
            .with("Access-Control-Allow-Origin", "*")
            .with("Access-Control-Allow-Headers", "content-type")
            .with("Access-Control-Allow-Methods", "DELETE")
    })
}

/// Refuses what comes from elsewhere.
fn closed_house() -> Site {
    Site::open(|asked| {
        let reply = match asked.header("sec-fetch-site") {
            Some("none" | "same-origin") => Reply::html("<p>the till's secret</p>"),
            _ => Reply { status: 403, ..Reply::html("<p>refused</p>") },
        };
        reply
            .with("X-Frame-Options", "DENY")
            .with("Cross-Origin-Resource-Policy", "same-origin")
            .with("X-Content-Type-Options", "nosniff")
    })
}

/// What a stranger's forms were, as they arrived.
fn arrived(site: &Site) -> Vec<Asked> {
    site.asked().into_iter().filter(|asked| asked.method == "POST").collect()
}

const JSON_IN_TEXT: [(&str, &str); 1] = [(r#"{"amount":1,"x":""#, r#""}"#)];

#[test]
fn a_form_arrives_in_each_encoding_with_the_strangers_origin() {
    let Some(browser) = Browser::start() else { return };
    for (stranger, site_is) in
        [(Stranger::next_door(&browser), "same-site"), (Stranger::from_afar(&browser), "cross-site")]
    {
        for into in [Where::Frame, Where::Tab] {
            let house = open_house();
            let url = house.url("/pay");
            let posted = stranger.posts_form(&url, "text/plain", &JSON_IN_TEXT, into);
            assert_eq!(posted.status, Some(200));
            assert_eq!((posted.shown.url, posted.shown.text), (url.clone(), "the till's secret".into()));
            // What is shown there the script cannot read.
            assert_eq!(posted.read, None);
            stranger.posts_form(&url, "application/x-www-form-urlencoded", &[("金额", "1"), ("a b", "&")], into);
            let [text, encoded] = &arrived(&house)[..] else { panic!("{:?}", house.asked()) };
            assert_eq!(text.header("content-type"), Some("text/plain"));
            assert_eq!(text.body.trim_end(), r#"{"amount":1,"x":"="}"#);
            assert_eq!(encoded.header("content-type"), Some("application/x-www-form-urlencoded"));
            assert_eq!(encoded.body, "%E9%87%91%E9%A2%9D=1&a+b=%26");
            for form in [text, encoded] {
                assert_eq!(form.header("origin"), Some(&*stranger.origin()));
                assert_eq!(form.header("sec-fetch-site"), Some(site_is));
            }
        }
    }
}

#[test]
fn a_forms_answer_may_be_a_refusal_a_redirect_or_nothing() {
    let Some(browser) = Browser::start() else { return };
    let (open, closed) = (open_house(), closed_house());
    for stranger in [Stranger::next_door(&browser), Stranger::from_afar(&browser)] {
        for into in [Where::Frame, Where::Tab] {
            let posts = |url: &str| stranger.posts_form(url, "text/plain", &[("a", "b")], into);
            let moved = posts(&open.url("/moved"));
            assert_eq!((moved.status, moved.shown.url), (Some(303), open.url("/")));
            let quiet = posts(&open.url("/quiet"));
            assert_eq!((quiet.status, quiet.shown.text.contains("secret")), (Some(204), false));
            let refused = posts(&closed.url("/pay"));
            assert_eq!((refused.status, refused.read), (Some(403), None));
            match into {
                Where::Frame => assert!(refused.shown.url.starts_with("chrome-error:"), "{:?}", refused.shown),
                Where::Tab => assert_eq!(refused.shown.text, "refused"),
            }
            // A connection that ends without an answer.
            let nobody = posts("http://127.0.0.1:1/");
            assert_eq!(nobody.status, None);
            assert!(nobody.shown.url.starts_with("chrome-error:"), "{:?}", nobody.shown);
        }
    }
}

#[test]
fn fetch_reads_what_it_is_let_read() {
    let Some(browser) = Browser::start() else { return };
    let (open, closed) = (open_house(), closed_house());
    for stranger in [Stranger::next_door(&browser), Stranger::from_afar(&browser)] {
        let read = stranger.fetches(&open.url("/"), &json!({ "mode": "cors" }));
        let secret = Fetched { kind: "cors".into(), status: 200, body: "<p>the till's secret</p>".into() };
        assert_eq!(read, Ok(secret));
        let refused = stranger.fetches(&closed.url("/"), &json!({ "mode": "cors" })).unwrap_err();
        assert!(refused.contains("Failed to fetch"), "{refused}");

        // Without CORS a POST arrives all the same, and its answer says nothing.
        let how = json!({ "method": "POST", "mode": "no-cors", "body": "{\"amount\":1}" });
        let opaque = Fetched { kind: "opaque".into(), status: 0, body: String::new() };
        assert_eq!(stranger.fetches(&open.url("/pay"), &how), Ok(opaque));
        let posts = arrived(&open);
        let post = posts.last().unwrap();
        assert_eq!((&*post.body, post.header("origin")), (r#"{"amount":1}"#, Some(&*stranger.origin())));
    }
    // JSON, and a method that no form has: the browser asks first.
    let stranger = Stranger::from_afar(&browser);
    let how = json!({ "method": "DELETE", "headers": { "Content-Type": "application/json" }, "body": "{}" });
    assert_eq!(stranger.fetches(&open.url("/order"), &how).unwrap().status, 200);
    stranger.fetches(&closed.url("/order"), &how).unwrap_err();
    let methods = |site: &Site| -> Vec<String> {
        let asked = site.asked().into_iter().filter(|asked| asked.path == "/order");
        asked.map(|asked| asked.method).collect()
    };
    assert_eq!(methods(&open), ["OPTIONS", "DELETE"]);
    assert_eq!(methods(&closed), ["OPTIONS"]);
}

#[test]
fn a_tag_shows_and_tells_what_it_is_let() {
    let Some(browser) = Browser::start() else { return };
    let (open, closed) = (open_house(), closed_house());
    for stranger in [Stranger::next_door(&browser), Stranger::from_afar(&browser)] {
        let image = stranger.embeds(Tag::Image, &open.url("/picture.svg"));
        assert_eq!((image.loaded, image.width), (true, 7));
        let script = stranger.embeds(Tag::Script, &open.url("/script.js"));
        assert_eq!((script.loaded, &*script.new_names), (true, &["takenFromThere".to_string()][..]));
        let Embedded { loaded, read, shown, .. } = stranger.embeds(Tag::Frame, &open.url("/"));
        assert_eq!((loaded, read), (true, None));
        assert_eq!(shown.unwrap().text, "the till's secret");

        for tag in [Tag::Image, Tag::Script] {
            let nothing = stranger.embeds(tag, &closed.url("/"));
            assert_eq!((nothing.loaded, nothing.width, nothing.new_names.len()), (false, 0, 0));
        }
        let frame = stranger.embeds(Tag::Frame, &closed.url("/"));
        // The script is told that something is there. The user sees an error.
        assert_eq!((frame.loaded, frame.read), (true, None));
        assert!(frame.shown.unwrap().url.starts_with("chrome-error:"));
    }
}

/// DNS rebinding: a stranger's name that leads to the house. Only `Host` shows it. The browser sends no `Sec-Fetch-Site`
/// where the connection is neither encrypted nor to 127.0.0.1 by its number.
#[test]
fn a_strangers_name_for_the_house_arrives_as_its_host() {
    let Some(browser) = Browser::start() else { return };
    let house = open_house();
    let name = format!("{FOREIGN_HOST}:{}", house.port);
    let page = browser.page(&format!("http://{name}/"), &PageOptions::default());
    assert_eq!(page.eval("fetch('/read').then(reply => reply.status)"), 200);
    for asked in house.asked() {
        assert_eq!((asked.header("host"), asked.header("sec-fetch-site")), (Some(&*name), None), "{asked:?}");
    }
}

/// The script does read what is its own: `None` above is the browser's doing.
#[test]
fn a_stranger_reads_its_own_frame() {
    let Some(browser) = Browser::start() else { return };
    let stranger = Stranger::next_door(&browser);
    let own = stranger.embeds(Tag::Frame, &format!("{}/", stranger.origin()));
    assert!(own.read.unwrap().contains("Nothing to see here."));
    assert_eq!(own.shown.unwrap().url, format!("{}/", stranger.origin()));
}
