//! A day at the counter: a person at the phone in the browser, the POS program, and the ledger, which must say the same.

use crate::browser::Browser;
use crate::page::{Page, PageOptions};
use crate::shop::{Pos, Shop, code, customer};

/// The dialog on the phone, and what it asks.
#[track_caller]
fn asked(page: &Page, amount: &str) {
    page.wait_for("!document.querySelector('#dialog').hidden", "the dialog on the phone");
    assert_eq!(page.text("#dialog-amount"), amount);
    assert_eq!(page.text("#dialog-merchant"), "天虹百货-矿泉水");
}

#[track_caller]
fn message(page: &Page, kind: &str, amount: &str) {
    let found = format!("document.querySelector('#messages .{kind} strong')?.textContent.includes('{amount}')");
    page.wait_for(&found, "the message on the phone");
}

#[test]
fn a_password_a_refusal_a_qr_and_a_refund() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    let page = shop.page(&browser, &PageOptions::default());
    let mut pos = Pos::start(&shop);

    // The customer is asked for the password, and pays on the phone.
    pos.types("8.88");
    pos.types(&customer(&page, "password"));
    asked(&page, "¥8.88");
    page.click("#dialog-pay");
    let first = pos.says("sale 1", "accepted");
    assert_eq!((shop.entry(&first).amount, shop.entry(&first).paid), (888, 1));
    message(&page, "paid", "¥8.88");

    // The card has not enough money; another code of the same sale pays.
    pos.types("1.00");
    pos.types(&customer(&page, "not-enough"));
    pos.says("sale 2", "declined");
    pos.types(&customer(&page, "pays"));
    let second = pos.says("sale 2", "accepted");
    assert_eq!((shop.entry(&second).amount, shop.entry(&second).paid), (100, 1));

    // The phone scans the order that the POS shows.
    pos.types("20.00");
    pos.types("qr");
    let third = pos.says("sale 3", "ordered");
    page.wait_for(&format!("document.querySelector('[data-number=\"{third}\"]')"), "the order that waits");
    page.click(&format!("#open-orders [data-number='{third}']"));
    asked(&page, "¥20.00");
    page.click("#dialog-pay");
    assert_eq!(pos.says("sale 3", "accepted"), third);
    assert_eq!((shop.entry(&third).amount, shop.entry(&third).paid), (2_000, 1));

    // A part is given back, and arrives.
    pos.types(&format!("r {third} 5.00"));
    let back = pos.says("return 1", "taken");
    assert_eq!(shop.entry(&third).refunded, 500);
    message(&page, "refund-begun", "¥5.00");
    page.click(&format!("[data-refund='{back}']"));
    message(&page, "refunded", "¥5.00");
    pos.types(&format!("q {back}"));
    pos.says("return 1", "accepted");

    shop.agrees(&page);
    let paid: u32 = shop.simulator.ledger().iter().map(|entry| entry.paid).sum();
    assert_eq!(paid, 3);
    pos.ends();
    assert_eq!(page.console_errors(), [""; 0]);
}

#[test]
fn a_cancelled_sale_is_taken_back() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    let page = shop.page(&browser, &PageOptions { language: "zh-CN", ..PageOptions::default() });
    let mut pos = Pos::start(&shop);
    pos.types("8.88");
    pos.types(&customer(&page, "silent"));
    // Cancelled before it was sent, it would be no payment.
    let number = pos.says("sale 1", "begun");
    shop.shows(&page, &number);
    pos.types("x");
    assert_eq!(pos.says("sale 1", "cancelled"), number);
    assert_eq!((shop.entry(&number).paid, shop.entry(&number).state.as_str()), (0, "REVOKED"));
    // A QR that nobody scans is closed.
    pos.types("1.00");
    pos.types("qr");
    let number = pos.says("sale 2", "ordered");
    pos.types("x");
    assert_eq!(pos.says("sale 2", "cancelled"), number);
    assert_eq!(shop.entry(&number).state, "CLOSED");
    shop.agrees(&page);
    pos.ends();
    assert_eq!(page.console_errors(), [""; 0]);
}

#[test]
fn lost_answers_and_a_power_cut_are_recovered_from() {
    let Some(browser) = Browser::start() else { return };
    let shop = Shop::open();
    let page = shop.page(&browser, &PageOptions::default());
    let mut pos = Pos::start(&shop);
    let plan = |fault: &str| {
        page.choose("#fault-when", "next");
        page.choose("#fault-name", fault);
        page.click("#fault button");
        page.wait_for(&format!("document.querySelector('#planned').textContent.includes('next {fault}')"), "the plan");
    };
    // The answer is lost: the till asks.
    plan("CloseAfterCommit");
    pos.types("8.88");
    pos.types(&code(&page));
    let first = pos.says("sale 1", "accepted");
    assert_eq!(shop.entry(&first).paid, 1);
    page.wait_for("document.querySelector('#exchanges .fault')?.textContent.includes('CloseAfterCommit')", "the fault");
    // It is lost, and the POS is killed while it waits. Money moved, and the POS does not know it.
    plan("SilenceAfterCommit");
    pos.types("1.00");
    pos.types(&code(&page));
    pos.says("sale 2", "begun");
    page.wait_for("document.querySelectorAll('#rows tr').length === 2", "the second order");
    pos.kill();
    let mut pos = Pos::start(&shop);
    let second = pos.says("recovered sale 2", "accepted");
    assert_eq!((shop.entry(&second).amount, shop.entry(&second).paid), (100, 1));
    assert_eq!(shop.simulator.ledger().len(), 2);
    shop.agrees(&page);
    // The books of the day agree with the gateway's bill.
    pos.types("d");
    let date = page.text("#clock").replace('-', "");
    let date: String = date.chars().filter(char::is_ascii_digit).take(8).collect();
    assert_eq!(pos.says(&format!("day {date}"), "closed"), "0");
    pos.ends();
    assert_eq!(page.console_errors(), [""; 0]);
}
