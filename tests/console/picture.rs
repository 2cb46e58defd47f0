//! The pictures of the READMEs: the console with a sale under way. `make pictures` has them written to docs/.

use std::path::{Path, PathBuf};

use crate::browser::Browser;
use crate::gateway::{Gateway, pairs, red_packet, sale};
use crate::page::{Page, PageOptions};
use crate::shop::{Shop, code, customer};

/// What the pictures are of. Where one of these changes, they are old.
const SOURCES: [&str; 4] = ["index.html", "console.css", "console.js", "words.js"];

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

/// SHA-256 of the page's files.
fn sources() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("simulator/src/console/page");
    let all = SOURCES.map(|name| std::fs::read(folder.join(name)).unwrap()).concat();
    openssl::sha::sha256(&all).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn of_terminal(fields: Vec<(String, String)>) -> Vec<(String, String)> {
    [fields, pairs(&[("device_info", "POS-7")])].concat()
}

/// Sales that were paid, taken back and given back in part, a QR that waits, a red packet, and a customer who is asked for the password.
fn a_sale_under_way(shop: &Shop, page: &Page) {
    let gateway = Gateway::of(&shop.simulator);
    let sells = |number: &str, habit: &str, body: &str| {
        let code = if page.eval("document.querySelector('#habit').value") == habit {
            code(page)
        } else {
            customer(page, habit)
        };
        gateway.pays(&of_terminal(sale(number, body, &code)));
        page.wait_for(&format!("document.querySelector('#code').dataset.code !== '{code}'"), "another code");
        page.wait_for(&format!("document.querySelector('tr[data-number=\"{number}\"]')"), "the order");
    };
    let by_number = |number: &str| {
        let fields = sale(number, "", "");
        fields
            .into_iter()
            .filter(|(name, value)| !value.is_empty() && !["total_fee", "spbill_create_ip"].contains(&name.as_str()))
            .collect::<Vec<_>>()
    };
    sells("20261129003E4XMK1S", "pays", "天虹百货-矿泉水");
    sells("20261129003E4XMK1U", "silent", "天虹百货-雨伞");
    gateway.calls("/secapi/pay/reverse", &by_number("20261129003E4XMK1U"));
    sells("20261129003E4XMK1V", "pays", "天虹百货-牛奶");
    let refund = pairs(&[("out_refund_no", "20261129003E4XMK1W"), ("total_fee", "888"), ("refund_fee", "300")]);
    gateway.calls("/secapi/pay/refund", &[by_number("20261129003E4XMK1V"), refund].concat());
    gateway.sends(&red_packet("1900000109202611290032TV5YBP", "抽奖"));
    let order = pairs(&[("trade_type", "NATIVE"), ("product_id", "1"), ("notify_url", "https://shop.example/notify")]);
    let sold = of_terminal(sale("20261129003E4XMK1X", "天虹百货-咖啡", ""))
        .into_iter()
        .filter(|(name, _)| name != "auth_code");
    gateway.calls("/pay/unifiedorder", &sold.chain(order).collect::<Vec<_>>());
    sells("20261129003E4XMK1Y", "password", "天虹百货-面包");
    page.wait_for("!document.querySelector('#dialog').hidden", "the dialog");
    page.wait_for("document.querySelectorAll('#rows tr').length === 6", "six orders");
}

#[test]
fn the_console_with_a_sale_under_way() {
    let Some(browser) = Browser::start() else { return };
    for (language, name) in [("en", "console.png"), ("zh-CN", "console.zh-CN.png")] {
        let shop = Shop::open();
        let page = shop.page(&browser, &PageOptions { width: 1280, height: 860, language, ..PageOptions::default() });
        a_sale_under_way(&shop, &page);
        shop.agrees(&page);
        assert_eq!(page.console_errors(), [""; 0]);
        if std::env::var_os("WXPAY_PICTURES").is_some() {
            page.screenshot(&docs(name));
            std::fs::write(docs("console.sha256"), sources() + "\n").unwrap();
        }
    }
}

/// The READMEs show this build's page.
#[test]
fn the_pictures_are_of_this_page() {
    let noted = std::fs::read_to_string(docs("console.sha256")).unwrap_or_default();
    assert!(noted.trim() == sources() || std::env::var_os("WXPAY_PICTURES").is_some(), "make pictures");
}
