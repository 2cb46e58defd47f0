//! `client.check()` against the simulator: each broken terminal has its own bad part.

use std::sync::Arc;
use std::time::Duration;

use wxpay_simulator::{Fault, ServerCertificate, Settings, Simulator, credentials};
use wxpay_terminal::*;

use crate::support::gateways::{https, redpack_account};
use crate::support::{FixedClock, terminal};

fn client(simulator: &Simulator, https: Arc<Https>) -> Client<RedpackAccount> {
    let account = redpack_account(&[&simulator.base_url()]);
    Client::new(account, terminal(), https).unwrap().within(Duration::from_secs(1)).unwrap()
}

/// The bad parts, in order.
fn bad(report: &Report) -> Vec<Part> {
    report.steps.iter().filter(|step| step.verdict == Verdict::Bad).map(|step| step.part).collect()
}

#[test]
fn a_good_terminal_is_good_in_every_part_and_nothing_moves() {
    let simulator = Simulator::start().unwrap();
    let client = client(&simulator, https(&simulator));
    for _ in 0..3 {
        let report = client.check();
        assert!(report.is_good(), "{report}");
        let parts: Vec<_> = report.steps.iter().map(|step| (step.part, step.verdict)).collect();
        let good = |part| (part, Verdict::Good);
        assert_eq!(
            parts,
            [
                good(Part::Clock),
                good(Part::Certificate),
                good(Part::Dns),
                good(Part::Route),
                good(Part::Tls),
                good(Part::Account),
                good(Part::Key)
            ]
        );
    }
    assert!(simulator.ledger().is_empty());
    assert!(client.check().steps.iter().all(|step| !step.text.is_empty() && !step.text_zh.is_empty()));
}

#[test]
fn every_gateway_can_be_checked() {
    let simulator = Simulator::start().unwrap();
    let https = https(&simulator);
    let workwx = WorkwxAccount::new(
        credentials::MCH_ID,
        credentials::CORPID,
        Secret::from(credentials::KEY),
        Secret::from(credentials::WORKWX_SECRET),
    );
    let workwx = workwx.unwrap().hosts(&[&simulator.base_url()]).unwrap();
    assert!(Client::new(workwx, terminal(), https.clone()).unwrap().check().is_good());
    let url = simulator.base_url() + "/pay/gateway";
    let account = |key| SwiftpassAccount::new(&url, credentials::SWIFTPASS_MCH_ID, Secret::from(key)).unwrap();
    let swiftpass = Client::new(account(credentials::SWIFTPASS_KEY), terminal(), https.clone()).unwrap();
    assert!(swiftpass.check().is_good());
    assert!(swiftpass.check().is_good(), "on a warm connection as well");
    let wrong = Client::new(account("ffffffffffffffffffffffffffffffff"), terminal(), https.clone()).unwrap();
    assert_eq!(bad(&wrong.check()), [Part::Key]);
    let public = std::fs::read(&simulator.files().webgate_public_key_der).unwrap();
    let rule = RsaReply::new(PublicKey::read(&public).unwrap(), RsaDigest::Sha1);
    let key = Secret::from(credentials::PARTNER_KEY);
    let webgate = WebgateAccount::new(&simulator.base_url(), credentials::PARTNER_ID, key, rule).unwrap();
    let report = Client::new(webgate, terminal(), https).unwrap().check();
    assert!(report.is_good());
    assert_eq!(report.verdict(Part::Key), Some(Verdict::Warning), "this gateway has no query");
    assert!(simulator.ledger().is_empty());
}

#[test]
fn a_wrong_key() {
    let simulator = Simulator::start().unwrap();
    let key = Secret::from("ffffffffffffffffffffffffffffffff");
    let account = RedpackAccount::new(credentials::MCH_ID, credentials::APPID, key).unwrap();
    let account = account.hosts(&[&simulator.base_url()]).unwrap();
    let report = Client::new(account, terminal(), https(&simulator)).unwrap().check();
    assert_eq!(bad(&report), [Part::Key], "{report}");
}

#[test]
fn a_certificate_that_the_gateway_does_not_trust_and_one_of_another_merchant() {
    let simulator = Simulator::start().unwrap();
    let files = simulator.files();
    let roots = std::fs::read(&files.ca_pem).unwrap();
    for (file, password) in
        [(&files.p12_unknown_ca, credentials::MCH_ID), (&files.p12_other_merchant, credentials::OTHER_MCH_ID)]
    {
        let identity = Identity::from_pkcs12(&std::fs::read(file).unwrap(), password).unwrap();
        let https = Https::builder().only_roots(&roots).unwrap().identity(identity).build().unwrap();
        let report = client(&simulator, Arc::new(https)).check();
        assert_eq!(bad(&report), [Part::Certificate], "{report}");
    }
}

#[test]
fn a_clock_in_the_past_and_one_in_the_future() {
    let simulator = Simulator::start().unwrap();
    for (now, parts) in [
        // In 1970 the certificate is not valid yet either; in 2099 it has expired.
        (0, [Part::Clock, Part::Certificate].as_slice()),
        (4_070_908_800, &[Part::Clock, Part::Certificate]),
    ] {
        let inputs = Inputs {
            transport: Box::new(https(&simulator)),
            clock: Box::new(FixedClock(now)),
            random: Box::new(SystemRandom),
        };
        let client = Client::with_inputs(redpack_account(&[&simulator.base_url()]), terminal(), inputs).unwrap();
        let report = client.check();
        assert_eq!(bad(&report), parts, "{report}");
    }
}

#[test]
fn a_server_that_is_not_the_gateway() {
    for (certificate, words) in [
        (ServerCertificate::Expired, "clock"),
        (ServerCertificate::NotYetValid, "clock"),
        (ServerCertificate::WrongName, "another server"),
        (ServerCertificate::UnknownCa, "do not know"),
    ] {
        let settings = Settings { server_certificate: certificate, ..Settings::default() };
        let simulator = Simulator::start_with(settings).unwrap();
        let report = client(&simulator, https(&simulator)).check();
        assert_eq!(bad(&report), [Part::Tls], "{report}");
        assert!(report.to_string().contains(words), "{report}");
        assert_eq!(simulator.requests(), 0);
    }
}

#[test]
fn no_name_and_no_route() {
    struct NoName;
    impl Resolve for NoName {
        fn resolve(&self, _: &str, _: u16) -> std::io::Result<Vec<std::net::SocketAddr>> {
            Err(std::io::Error::other("no such name"))
        }
    }
    let simulator = Simulator::start().unwrap();
    let roots = std::fs::read(&simulator.files().ca_pem).unwrap();
    let p12 = std::fs::read(&simulator.files().p12_aes).unwrap();
    let builder = || {
        let identity = Identity::from_pkcs12(&p12, credentials::MCH_ID).unwrap();
        Https::builder().only_roots(&roots).unwrap().identity(identity)
    };
    let https = Arc::new(builder().resolver(NoName).build().unwrap());
    assert_eq!(bad(&client(&simulator, https).check()), [Part::Dns]);
    let https = Arc::new(builder().build().unwrap());
    // Nobody listens there, and nobody else can while the test runs.
    let closed = crate::support::raw_server::ClosedPort::new();
    let client = Client::new(redpack_account(&[&closed.url()]), terminal(), https).unwrap();
    assert_eq!(bad(&client.check()), [Part::Route]);
}

/// A gateway that is merely busy is no broken terminal.
#[test]
fn a_busy_gateway_is_a_warning() {
    let simulator = Simulator::start().unwrap();
    let client = client(&simulator, https(&simulator));
    simulator.fault_next_query(Fault::SystemErrorBeforeCommit);
    let report = client.check();
    assert!(report.is_good(), "{report}");
    assert_eq!(report.verdict(Part::Account), Some(Verdict::Warning));
}
