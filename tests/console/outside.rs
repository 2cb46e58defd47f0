//! A page of somebody else against the real console, which has an order that the customer could pay.

use serde_json::json;

use crate::browser::{Browser, FOREIGN_HOST};
use crate::page::PageOptions;
use crate::shop::Shop;
use crate::stranger::{Stranger, Tag, Where};

/// The line that a stranger would send, as a form of plain text can.
const LINE: [(&str, &str); 1] = [(r#"{"line":"next EmptyBody","x":""#, r#""}"#)];

#[test]
fn another_page_neither_drives_nor_reads_the_console() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    // It even knows the address.
    let url = |path: &str| format!("{}{path}", shop.console.url());
    for stranger in [Stranger::next_door(&browser), Stranger::from_afar(&browser)] {
        for enctype in ["text/plain", "application/x-www-form-urlencoded"] {
            for into in [Where::Frame, Where::Tab] {
                let posted = stranger.posts_form(&url("do"), enctype, &LINE, into);
                assert_eq!((posted.status, posted.read), (Some(403), None), "{enctype}");
            }
        }
        for (how, path) in [
            (json!({ "method": "POST", "mode": "no-cors", "body": LINE[0].0 }), "do"),
            (
                json!({ "method": "POST", "mode": "cors", "body": "{\"line\":\"next EmptyBody\"}", "headers": { "content-type": "application/json" } }),
                "do",
            ),
            (json!({ "method": "GET", "mode": "cors" }), "state"),
            (json!({ "method": "GET", "mode": "no-cors" }), "state"),
        ] {
            if let Ok(fetched) = stranger.fetches(&url(path), &how) {
                assert_eq!((fetched.status, fetched.body.as_str()), (0, ""), "{how}");
            }
        }
        for (tag, path) in
            [(Tag::Image, "qr.svg?text=1"), (Tag::Script, "words.js"), (Tag::Script, "state"), (Tag::Frame, "")]
        {
            let embedded = stranger.embeds(tag, &url(path));
            assert!(embedded.width == 0 && embedded.new_names.is_empty() && embedded.read.is_none(), "{embedded:?}");
            if tag == Tag::Frame {
                assert!(
                    embedded
                        .shown
                        .is_none_or(|frame| frame.url.starts_with("chrome-error:") || frame.text.trim() == "refused")
                );
            }
        }
    }
    assert_eq!(shop.simulator.obey("ledger"), "");
    let page = shop.page(&browser, &PageOptions::default());
    assert!(!page.text("#planned").contains("EmptyBody"));
}

/// Another host's name that resolves to this machine: the browser sees one origin, the console another host.
#[test]
fn a_rebound_name_is_refused() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    let rebound = shop.console.url().replace("127.0.0.1", FOREIGN_HOST);
    let page = browser.page(&rebound, &PageOptions::default());
    assert_eq!(page.text("body").trim(), "refused");
}

#[test]
fn a_wrong_token_is_refused_and_says_nothing() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    let root = shop.console.url().rsplitn(3, '/').nth(2).unwrap().to_owned();
    for path in ["/", "/state", "/0123456789abcdef0123456789abcdef/"] {
        let page = browser.page(&format!("{root}{path}"), &PageOptions::default());
        assert_eq!(page.text("body").trim(), "refused", "{path}");
    }
}
