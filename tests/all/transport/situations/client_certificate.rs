//! The client's certificate: missing, or refused.

use wxpay_simulator::{ClientCertificate, Settings, Simulator, TlsRange, credentials};
use wxpay_terminal::{
    Client, Error, ErrorKind, Fen, GetHbInfo, Outcome, Reason, Secret, SwiftpassAccount, Terminal, WapOrder,
};

use crate::support::raw_server::*;
use crate::transport::situations::{one_payment, simulator_client_with, unreached};

#[test]
fn a_missing_client_certificate_is_refused_before_any_io() {
    let server = RawServer::tls(Tls::V12, Visit::succeed_always);
    let client = client_with(anonymous().build().unwrap(), &[&server.url()]);
    let error = client.prepare(&red_packet("B1")).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Identity);
    let error = client.ask(&GetHbInfo { mch_billno: "B1" }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Identity);
    drop(client);
    assert_eq!(server.finish().connections, 0);
}

/// A gateway that needs no client certificate by its documents, at a server that wants one all the same.
fn order_without_certificate(server: &RawServer) -> Result<Outcome<wxpay_terminal::WapOrderMade>, Error> {
    let key = Secret::from(credentials::SWIFTPASS_KEY);
    let account = SwiftpassAccount::new(&(server.url() + "/pay/gateway"), credentials::SWIFTPASS_MCH_ID, key).unwrap();
    let terminal = Terminal::new("013467007045764").unwrap();
    let client = Client::new(account.without_sub_fields(), terminal, anonymous().build().unwrap()).unwrap();
    let order = WapOrder {
        out_trade_no: "T202611210001",
        body: "H5支付测试",
        total_fee: Fen::new(1).unwrap(),
        mch_create_ip: "14.23.150.211",
        notify_url: "https://shop.example/notify",
        ..WapOrder::default()
    };
    client.send(&mut client.prepare(&order).unwrap())
}

#[test]
fn a_client_certificate_that_is_missing_or_refused_at_tls_1_2_is_an_error() {
    let refusing = || RawServer::tls_with(Tls::V12, Clients::Refused, Visit::succeed_always);
    let error = unreached(refusing());
    assert!(error.rule().contains("alert"), "{error}");
    let server = refusing();
    let error = is_unreached(order_without_certificate(&server));
    assert!(error.rule().contains("alert"), "{error}");
    assert_eq!(server.finish().bytes, 0);
}

#[test]
fn a_client_certificate_that_is_missing_or_refused_at_tls_1_3_is_unknown_in_the_words_of_the_alert() {
    // The client's handshake is over before the server has looked: the request may have left.
    let refusing = || RawServer::tls_with(Tls::V13, Clients::Refused, Visit::succeed_always);
    let (outcome, log) = one_payment(refusing());
    let doubt = is_unknown(outcome);
    assert!(doubt.reason == Reason::Broken && doubt.text.contains("alert"), "{doubt}");
    assert_eq!((log.connections, log.bytes), (1, 0));
    let server = refusing();
    match order_without_certificate(&server).unwrap() {
        Outcome::Unknown(doubt) => assert!(doubt.text.contains("certificate required"), "{doubt}"),
        other => panic!("must be Unknown: {other:?}"),
    }
    assert_eq!(server.finish().bytes, 0);
}

#[test]
fn a_client_certificate_refused_with_a_reset_at_tls_1_3_is_never_an_error() {
    // The alert may be lost then; that the request may have left must not be.
    let require = ClientCertificate::Require;
    let settings = Settings { client_certificate: require, tls: TlsRange::Only13, ..Settings::default() };
    let simulator = Simulator::start_with(settings).unwrap();
    let client = simulator_client_with(&simulator, &simulator.files().p12_unknown_ca);
    for attempt in 0..40 {
        is_unknown(pay(&client, &format!("B{attempt}")));
    }
    assert_eq!((simulator.handshakes(), simulator.requests()), (0, 0));
}
