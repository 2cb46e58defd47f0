//! A burst of payments shakes hands once. Handshakes cost most of a payment's time, and of a modem's bytes.

use wxpay_simulator::{Simulator, credentials};
use wxpay_terminal::{Client, Terminal, Transport};

use crate::support::gateways::{https, redpack_account};
use crate::support::{accepted, red_packet};

#[test]
fn a_hundred_payments_make_one_handshake() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.base_url();
    let https = https(&simulator);
    let client = Client::new(redpack_account(&[&url]), Terminal::unnamed(), https.clone()).unwrap();
    let pay = |serial: u32| {
        let number = format!("{}20261121{serial:010}", credentials::MCH_ID);
        accepted(client.prepare(&red_packet(&number)).and_then(|mut prepared| client.send(&mut prepared)));
    };
    (0..100).for_each(pay);
    assert_eq!((simulator.handshakes(), simulator.requests(), simulator.ledger().len()), (1, 100, 100));

    // The counter does count: a connection that is given up costs another handshake.
    for serial in 100..103 {
        https.forget(&url);
        pay(serial);
    }
    assert_eq!((simulator.handshakes(), simulator.requests()), (4, 103));
}
