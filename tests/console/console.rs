//! The console itself: its words, its looks, its keys, and what hostile texts do to it.

use serde_json::json;

use crate::browser::Browser;
use crate::gateway::{Gateway, pairs, red_packet, sale};
use crate::page::{Page, PageOptions};
use crate::shop::{Shop, code};

#[test]
fn in_both_languages() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    let page = shop.page(&browser, &PageOptions { language: "zh-CN", ..PageOptions::default() });
    assert_eq!(page.eval("document.documentElement.lang"), "zh-CN");
    assert_eq!(page.text("#ledger h2"), "账本");
    assert_eq!(page.eval("Object.keys(WORDS.en).sort().join() === Object.keys(WORDS.zh).sort().join()"), true);
    // No word is missing, and none is a key.
    let bare = "[...document.querySelectorAll('[data-word], [data-name]')].filter(one => !one.textContent || /^[a-z]+[_-][a-z_-]+$/.test(one.textContent)).length";
    assert_eq!(page.eval(bare), 0);
    page.click("#language");
    page.wait_for("document.querySelector('#ledger h2').textContent === 'Ledger'", "English");
    assert_eq!(page.eval(bare), 0);
    // It is remembered.
    page.reload();
    page.wait_for("document.querySelector('#ledger h2').textContent === 'Ledger'", "English");
    assert_eq!(shop.page(&browser, &PageOptions::default()).text("#ledger h2"), "Ledger");
    assert_eq!(page.console_errors(), [""; 0]);
}

#[test]
fn on_a_phone_and_in_the_dark() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    let gateway = Gateway::of(&shop.simulator);
    gateway.pays(&sale("PHONE-0001", "天虹百货-矿泉水", "130000000000000001"));
    let options = PageOptions { width: 360, height: 740, dark: true, language: "zh-CN" };
    let page = shop.page(&browser, &options);
    page.wait_for("document.querySelector('#rows tr')", "the order");
    // Nothing is wider than the display.
    assert_eq!(page.eval("document.documentElement.scrollWidth <= innerWidth"), true);
    let light = |page: &Page| {
        let paper = page.eval("getComputedStyle(document.body).backgroundColor");
        let numbers = paper.as_str().unwrap().matches(|c: char| c.is_ascii_digit() || c == ',').collect::<String>();
        numbers.split(',').map(|part| part.parse::<u32>().unwrap()).sum::<u32>()
    };
    assert!(light(&page) < 150, "dark");
    page.click("#theme");
    assert!(light(&page) > 600, "light");
    // Everything comes from the console's own address.
    let own = |url: &String| url.starts_with(shop.console.url()) || url.starts_with("data:");
    assert!(page.requests().iter().all(own), "{:?}", page.requests());
    assert_eq!(page.console_errors(), [""; 0]);
}

/// Without a mouse: the customer's habit, a fault and a line.
#[test]
fn by_keyboard_alone() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    let page = shop.page(&browser, &PageOptions::default());
    let reach = |id: &str| {
        page.eval("document.activeElement.blur()");
        for _ in 0..60 {
            page.key("Tab");
            let focus = page.eval("document.activeElement.id");
            if focus == id {
                let ring = page.eval("getComputedStyle(document.activeElement).outlineStyle");
                assert_ne!(ring, "none", "{id}: its focus is not seen");
                return;
            }
        }
        panic!("no key leads to {id}");
    };
    let before = code(&page);
    reach("habit");
    page.key("ArrowDown");
    page.wait_for(&format!("document.querySelector('#code').dataset.code !== '{before}'"), "another code");
    let gateway = Gateway::of(&shop.simulator);
    gateway.pays(&sale("KEYS-0001", "天虹百货-矿泉水", &code(&page)));
    page.wait_for("!document.querySelector('#dialog').hidden", "the dialog");
    reach("dialog-pay");
    page.key("Enter");
    page.wait_for("document.querySelector('#dialog').hidden", "the end of the dialog");
    assert_eq!(shop.entry("KEYS-0001").paid, 1);
    reach("fault-name");
    page.key("ArrowDown");
    page.key("Tab");
    page.key("Enter");
    page.wait_for("document.querySelector('#planned').textContent.includes('next CloseInHandshake')", "the plan");
    reach("line");
    page.type_text("#line", "clear");
    page.key("Enter");
    page.wait_for("!document.querySelector('#planned').textContent.includes('next')", "the cleared plan");
    assert_eq!(page.console_errors(), [""; 0]);
}

#[test]
fn a_row_that_moved_twice_is_red_and_says_so() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    let page = shop.page(&browser, &PageOptions::default());
    let gateway = Gateway::of(&shop.simulator);
    let number = "1900000109202611300000000001";
    gateway.sends(&red_packet(number, "恭喜发财"));
    page.choose("#behaviour", "RepeatPaysAgain");
    page.click("#behave button");
    page.wait_for("document.querySelector('#planned').textContent.includes('RepeatPaysAgain')", "the plan");
    gateway.sends(&red_packet(number, "恭喜发财"));
    page.wait_for("document.querySelector('tr.twice strong')", "the red row");
    assert_eq!(page.text("tr.twice strong"), "MOVED 2 TIMES");
    assert_eq!(page.text("[data-total=twice]"), "1");
    shop.agrees(&page);
    assert_eq!(page.console_errors(), [""; 0]);
}

#[test]
fn hostile_texts_stay_texts() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    let page = shop.page(&browser, &PageOptions::default());
    let gateway = Gateway::of(&shop.simulator);
    for (at, text) in HOSTILE.iter().enumerate() {
        // In what the gateway takes, and in what it refuses.
        gateway.pays(&sale(&format!("EVIL-{at:04}"), text, &format!("13{at:016}")));
        gateway.pays(
            &[sale(text, text, "130000000000000099"), pairs(&[("device_info", text), ("attach", text)])].concat(),
        );
        gateway.sends(&red_packet(&format!("19000001092026113000000001{at:02}"), text));
    }
    let long = "微".repeat(22_000);
    gateway.pays(&sale("EVIL-LONG", &long, "130000000000000098"));
    page.wait_for("document.querySelectorAll('#rows tr').length === 12", "the orders");
    page.wait_for("document.querySelectorAll('#exchanges details').length >= 19", "the exchanges");
    page.eval("document.querySelectorAll('details').forEach(one => { one.open = true })");
    page.wait_for("document.querySelector('#exchanges pre').offsetHeight > 0", "the texts");
    assert_eq!(page.eval("document.body.textContent.includes('⟨202E⟩88.8')"), true);
    is_unharmed(&page);
}

/// One field after the other, in a payment by code and in a red packet, signed rightly.
#[test]
fn hostile_texts_in_every_field() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    let page = shop.page(&browser, &PageOptions::default());
    let gateway = Gateway::of(&shop.simulator);
    let more =
        pairs(&[("device_info", "7"), ("attach", "1"), ("detail", "1"), ("goods_tag", "1"), ("scene_info", "1")]);
    let by_code = [sale("EVIL-0001", "天虹百货-矿泉水", "130000000000000001"), more].concat();
    let long = "微".repeat(22_000);
    for (path, fields) in [
        ("/pay/micropay", by_code),
        ("/mmpaymkttransfers/sendredpack", red_packet("1900000109202611300000000001", "恭喜发财")),
    ] {
        for at in 0..fields.len() {
            for text in HOSTILE.into_iter().chain([long.as_str()]) {
                let mut hostile = fields.clone();
                hostile[at].1 = text.to_owned();
                gateway.calls(path, &hostile);
            }
            // Every one was on the page.
            let newest = shop.simulator.exchanges()[0].serial;
            page.wait_for(
                &format!("document.querySelector('#exchanges').firstElementChild.dataset.key === '{newest}'"),
                "the newest exchange",
            );
            is_unharmed(&page);
        }
    }
    shop.agrees(&page);
}

const HOSTILE: [&str; 6] = [
    "<script>pwned=1</script>",
    "<img src=x onerror=pwned=1>",
    "\"><svg onload=pwned=1>",
    "javascript:pwned=1",
    "\u{202e}88.8\u{202c} \u{2066}x\u{200f}",
    "${pwned=1}{{pwned=1}}",
];

/// No text became an element, ran, turned another one around, or pushed the page apart.
#[track_caller]
fn is_unharmed(page: &Page) {
    let made = "document.querySelectorAll('main script, main svg, main [onerror], main img:not(.picture)').length";
    assert_eq!((page.eval(made), page.eval("typeof pwned")), (json!(0), json!("undefined")));
    assert_eq!(page.eval("/[\\u202a-\\u202e\\u2066-\\u2069\\u200e\\u200f]/.test(document.body.textContent)"), false);
    assert_eq!(page.eval("document.documentElement.scrollWidth <= innerWidth"), true);
    assert_eq!(page.console_errors(), [""; 0]);
}

/// What a person did last stands, however long what came before was on its way.
#[test]
fn one_after_the_other() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    let page = shop.page(&browser, &PageOptions::default());
    let slow = "(() => { const known = fetch; let first = window.told = []; window.fetch = async (path, request) => {
        if (path !== 'do') return known(path, request);
        if (first) { first = null; await new Promise(go => setTimeout(go, 500)); }
        const reply = await known(path, request);
        told.push(JSON.parse(request.body).line);
        return reply;
    }; })()";
    page.eval(slow);
    page.choose("#habit", "refuses");
    page.wait_for("told.length === 2", "both choices, of which the first takes longer");
    assert_eq!(page.eval("told.join()"), "customer password,customer refuses");
    page.wait_for("document.querySelector('#code').dataset.habit === 'refuses'", "the last choice");
    assert_eq!(page.console_errors(), [""; 0]);
}

#[test]
fn ten_thousand_orders() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    let gateway = Gateway::of(&shop.simulator);
    let numbers = (0..10_000).map(|at| format!("19000001092026113{at:011}"));
    gateway.send_all(numbers.map(|number| red_packet(&number, "恭喜发财")));
    let page = shop.page(&browser, &PageOptions::default());
    page.wait_for("document.querySelector('[data-total=orders]')?.textContent === '10000'", "the orders");
    assert_eq!(page.eval("document.querySelectorAll('#rows tr').length"), 200);
    page.type_text("#find", "1900000109202611300000004711");
    page.wait_for("document.querySelectorAll('#rows tr').length === 1", "the one order");
    shop.shows(&page, "1900000109202611300000004711");
    assert_eq!(page.console_errors(), [""; 0]);
}
