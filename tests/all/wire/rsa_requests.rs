//! Requests that are signed with the merchant's private key (protocol C.3): beside the published vectors, and beside OpenSSL.

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::sign::{Signer, Verifier};
use serde_json::Value;
use wxpay_terminal::*;

use crate::support::*;

/// Makes the `nonce_str` of the vector.
struct Nonce(Vec<u8>);

impl Random for Nonce {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        bytes.copy_from_slice(&self.0);
        Ok(())
    }
}

fn vector() -> Value {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/vectors.json")).unwrap();
    let list = vectors.as_array().or_else(|| vectors["vectors"].as_array()).unwrap();
    list.iter().find(|vector| vector["id"] == "swift-rsa-1-256").unwrap().clone()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

fn keys(vector: &Value) -> (PrivateKey, PublicKey) {
    let merchant = PrivateKey::read(text(vector, "private_key_pem_TEST_ONLY").as_bytes()).unwrap();
    (merchant, PublicKey::read(text(vector, "public_key_pem").as_bytes()).unwrap())
}

fn account(digest: RsaDigest) -> SwiftpassAccount {
    let (merchant, platform) = keys(&vector());
    let url = "https://gateway.example/pay/gateway";
    let account = SwiftpassAccount::with_rsa(url, "10000100", digest, merchant, platform).unwrap();
    account.sub_appid("wx2421b1c4370ec43b").unwrap()
}

fn client(canned: &Canned, digest: RsaDigest) -> Client<SwiftpassAccount> {
    Client::with_inputs(account(digest), terminal(), inputs(canned)).unwrap()
}

/// The vector's request, field for field, has the vector's signature: PKCS#1 v1.5 leaves no choice.
#[test]
fn the_vectors_request_has_the_vectors_signature() {
    let vector = vector();
    let params = vector["params"].as_object().unwrap();
    let param = |name: &str| params[name].as_str().unwrap();
    const ALPHABET: &str = "0123456789abcdefghjkmnpqrstuvwxy";
    let nonce = param("nonce_str").chars().map(|c| u8::try_from(ALPHABET.find(c).unwrap()).unwrap()).collect();
    let canned = Canned::default();
    let inputs = Inputs { random: Box::new(Nonce(nonce)), ..inputs(&canned) };
    let client = Client::with_inputs(account(RsaDigest::Sha256), Terminal::unnamed(), inputs).unwrap();
    let order = WapOrder {
        charset: Some("UTF-8"),
        out_trade_no: param("out_trade_no"),
        body: param("body"),
        attach: Some(param("attach")),
        total_fee: Fen::new(1).unwrap(),
        mch_create_ip: param("mch_create_ip"),
        notify_url: param("notify_url"),
        sub_openid: Some(param("sub_openid")),
        ..WapOrder::default()
    };
    let body = String::from_utf8(client.prepare(&order).unwrap().body().to_vec()).unwrap();
    for (name, value) in params {
        assert_eq!(xml_value(&body, name).as_deref(), value.as_str(), "{name}");
    }
    assert_eq!(xml_value(&body, "sign").unwrap(), text(&vector, "sign"));
}

/// Every call, in both hashes: what is sent is what OpenSSL verifies with the merchant's public key, over all fields but `sign`, with
/// nothing behind them; and it names its sign type.
#[test]
fn every_call_is_signed() {
    let public = PKey::public_key_from_pem(text(&vector(), "public_key_pem").as_bytes()).unwrap();
    for (digest, name, hash) in
        [(RsaDigest::Sha256, "RSA_1_256", MessageDigest::sha256()), (RsaDigest::Sha1, "RSA_1_1", MessageDigest::sha1())]
    {
        let canned = Canned::default();
        let client = client(&canned, digest);
        let fen = Fen::new(888).unwrap();
        let sale = UnifiedMicropay {
            out_trade_no: "T20261121",
            auth_code: "280000000000000001",
            body: "矿泉水 & 面包",
            total_fee: fen,
            mch_create_ip: "14.23.150.211",
            ..UnifiedMicropay::default()
        };
        let back =
            UnifiedRefund { out_refund_no: "R1", ..UnifiedRefund::new(RefundOf::OutTradeNo("T20261121"), fen, fen) };
        let mut bodies =
            vec![client.prepare(&sale).unwrap().body().to_vec(), client.prepare(&back).unwrap().body().to_vec()];
        let _ = client.ask(&TradeQuery { out_trade_no: "T20261121" });
        let _ = client.ask(&UnifiedRefundQuery { out_refund_no: "R1" });
        let _ = client.close(&UnifiedReverse { out_trade_no: "T20261121" });
        bodies.extend(canned.sent().into_iter().map(|sent| sent.body.into_bytes()));
        assert_eq!(bodies.len(), 5);
        for body in bodies {
            let body = String::from_utf8(body).unwrap();
            let fields = read_xml(&body).unwrap();
            assert_eq!(fields.get("sign_type"), Some(name));
            let pairs: Vec<_> = fields.iter().filter(|(name, _)| *name != "sign").collect();
            let mut verifier = Verifier::new(hash, &public).unwrap();
            let sign = openssl::base64::decode_block(fields.get("sign").unwrap()).unwrap();
            assert!(verifier.verify_oneshot(&sign, sorted(&pairs).as_bytes()).unwrap(), "{body}");
        }
    }
}

/// Replies count under the platform's key and the account's hash alone, whatever they name (protocol C.3).
#[test]
fn a_reply_counts_under_the_accounts_sign_type_only() {
    let vector = vector();
    let platform = PKey::private_key_from_pem(text(&vector, "private_key_pem_TEST_ONLY").as_bytes()).unwrap();
    let signed = |hash: MessageDigest, named: &'static str| {
        let pairs = [
            ("status", "0"),
            ("result_code", "0"),
            ("mch_id", "10000100"),
            ("out_trade_no", "T20261121"),
            ("trade_state", "SUCCESS"),
            ("total_fee", "888"),
            ("sign_type", named),
        ];
        let mut signer = Signer::new(hash, &platform).unwrap();
        let sign = openssl::base64::encode_block(&signer.sign_oneshot_to_vec(sorted(&pairs).as_bytes()).unwrap());
        reply(&[&pairs[..], &[("sign", sign.as_str())]].concat())
    };
    let (sha256, sha1) = (MessageDigest::sha256, MessageDigest::sha1);
    let with_md5 = swiftpass_signed(&[
        ("status", "0"),
        ("result_code", "0"),
        ("mch_id", "10000100"),
        ("trade_state", "SUCCESS"),
        ("sign_type", "MD5"),
    ]);
    for (answer, counts) in [
        (signed(sha256(), "RSA_1_256"), true),
        (signed(sha256(), "MD5"), true),
        (signed(sha1(), "RSA_1_1"), false),
        (signed(sha1(), "RSA_1_256"), false),
        (with_md5, false),
    ] {
        let canned = Canned::default();
        canned.then(&answer);
        let answer = client(&canned, RsaDigest::Sha256).ask(&TradeQuery { out_trade_no: "T20261121" }).unwrap();
        assert_eq!(matches!(answer, Answer::Known(_)), counts, "{answer:?}");
    }
}

/// A private key: PEM of two kinds, DER of two kinds, and the base64 that key tools print. Its text is in no Debug.
#[test]
fn a_private_key_in_each_of_its_forms() {
    let key = Rsa::private_key_from_pem(text(&vector(), "private_key_pem_TEST_ONLY").as_bytes()).unwrap();
    let pkcs8 = PKey::from_rsa(key.clone()).unwrap();
    let der = pkcs8.private_key_to_pkcs8().unwrap();
    let base64 = openssl::base64::encode_block(&der);
    let forms = [
        pkcs8.private_key_to_pem_pkcs8().unwrap(),
        key.private_key_to_pem().unwrap(),
        key.private_key_to_der().unwrap(),
        der,
        base64.clone().into_bytes(),
    ];
    for form in &forms {
        assert_eq!(format!("{:?}", PrivateKey::read(form).unwrap()), "PrivateKey(2048 bits)");
    }
    let shown = format!("{:?}", account(RsaDigest::Sha256));
    assert!(!shown.contains("PRIVATE") && !shown.contains(&base64[..20]), "{shown}");

    let locked = pkcs8.private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_256_cbc(), b"secret").unwrap();
    let short = Rsa::generate(512).unwrap().private_key_to_pem().unwrap();
    let curve = openssl::ec::EcKey::generate(
        &openssl::ec::EcGroup::from_curve_name(openssl::nid::Nid::X9_62_PRIME256V1).unwrap(),
    );
    let curve = PKey::from_ec_key(curve.unwrap()).unwrap().private_key_to_pem_pkcs8().unwrap();
    let public = text(&vector(), "public_key_pem").as_bytes().to_vec();
    for (form, words) in [
        (&locked, "passphrase"),
        (&short, "1024 bits"),
        (&curve, "RSA key"),
        (&public, "private key"),
        (&b"not a key".to_vec(), "private key"),
        (&Vec::new(), "private key"),
    ] {
        let error = PrivateKey::read(form).unwrap_err();
        assert!(error.to_string().contains("private_key") && error.to_string().contains(words), "{error}");
    }
}

/// A key that is too short for today is told of by the check (NIST SP 800-57), and used.
#[test]
fn a_short_key_is_warned_of() {
    let key = Rsa::generate(1024).unwrap();
    let merchant = PrivateKey::read(&key.private_key_to_pem().unwrap()).unwrap();
    let (_, platform) = keys(&vector());
    let url = "https://gateway.example/pay/gateway";
    let account = SwiftpassAccount::with_rsa(url, "10000100", RsaDigest::Sha256, merchant, platform).unwrap();
    let canned = Canned::default();
    canned.then("<xml><status>400</status></xml>");
    let report = Client::with_inputs(account, terminal(), inputs(&canned)).unwrap().check();
    let warns =
        |step: &Step| step.part == Part::Key && step.verdict == Verdict::Warning && step.text.contains("private key");
    assert!(report.steps.iter().any(warns), "{report}");
}
