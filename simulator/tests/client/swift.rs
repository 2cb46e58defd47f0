//! Requests to the Swiftpass-type gateway, signed as their `sign_type` says; each reply's signature is checked, with
//! OpenSSL's own calls where it is one of RSA.

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::{Signer, Verifier};
use wxpay_simulator::{Settings, SignType};

use super::*;

pub const CODE: &str = "134512345678901234";
pub const ALIPAY: &str = "283456789012345678";

pub fn start(sign_type: SignType) -> Simulator {
    Simulator::start_with(Settings { swiftpass_sign_type: sign_type, ..Settings::default() }).unwrap()
}

fn digest(fields: &Pairs) -> Option<MessageDigest> {
    match refs(fields).find(|(name, _)| *name == "sign_type").map(|(_, value)| value) {
        Some("RSA_1_256") => Some(MessageDigest::sha256()),
        Some("RSA_1_1") => Some(MessageDigest::sha1()),
        _ => None,
    }
}

/// Signed with the merchant's key.
pub fn sealed(simulator: &Simulator, fields: &Pairs) -> String {
    let mut fields = fields.clone();
    let text = sign::joined(refs(&fields));
    let signature = match digest(&fields) {
        None => sign::md5(refs(&fields), SWIFTPASS_KEY),
        Some(digest) => {
            let pem = fs::read(&simulator.files().swiftpass_merchant_key_pem).unwrap();
            let key = PKey::private_key_from_pem(&pem).unwrap();
            let signature = Signer::new(digest, &key).unwrap().sign_oneshot_to_vec(text.as_bytes()).unwrap();
            openssl::base64::encode_block(&signature)
        }
    };
    set(&mut fields, "sign", &signature);
    xml(&fields)
}

/// Whether a reply or a notification is signed as `asked` says.
pub fn is_signed(simulator: &Simulator, asked: &Pairs, answer: &Answer) -> bool {
    let pairs = answer.pairs();
    let Some(digest) = digest(asked) else {
        return answer.get("sign") == sign::md5(refs(&pairs), SWIFTPASS_KEY);
    };
    let key = PKey::public_key_from_pem(&fs::read(&simulator.files().swiftpass_public_key_pem).unwrap()).unwrap();
    let signature = openssl::base64::decode_block(&answer.get("sign")).unwrap_or_default();
    let text = sign::joined(refs(&pairs));
    Verifier::new(digest, &key).unwrap().verify_oneshot(&signature, text.as_bytes()).unwrap()
}

/// Without a certificate.
pub fn ask(simulator: &Simulator, fields: &Pairs) -> Answer {
    let answer = call_with(simulator, &connector(simulator, None), SWIFT, &sealed(simulator, fields)).unwrap();
    match answer.get("status") == "0" {
        true => assert!(is_signed(simulator, fields, &answer), "{}", answer.text()),
        false => assert_eq!((answer.get("sign"), answer.get("result_code")), (String::new(), String::new())),
    }
    answer
}

/// `result_code` and `err_code`, or the message of the gate.
pub fn word(answer: &Answer) -> String {
    match (answer.get("status").as_str(), answer.get("result_code").as_str()) {
        ("0", "0") => "0".into(),
        ("0", _) => answer.get("err_code"),
        _ => answer.get("message"),
    }
}

pub fn base(service: &str) -> Pairs {
    pairs(&[
        ("service", service),
        ("version", "2.0"),
        ("charset", "UTF-8"),
        ("mch_id", SWIFTPASS_MCH_ID),
        ("nonce_str", "1add1a30ac87aa2db72f57a2375d8fec"),
    ])
}

pub fn about(service: &str, number: &str) -> Pairs {
    [base(service), pairs(&[("out_trade_no", number)])].concat()
}

fn sale(service: &str, number: &str) -> Pairs {
    let own = pairs(&[("body", "天虹百货-矿泉水"), ("total_fee", "888"), ("mch_create_ip", "127.0.0.1")]);
    [about(service, number), own].concat()
}

pub fn micropay(number: &str, code: &str) -> Pairs {
    let own = pairs(&[("attach", "一号柜台"), ("op_user_id", "1"), ("device_info", "POS1"), ("auth_code", code)]);
    [sale("unified.trade.micropay", number), own].concat()
}

pub fn order(service: &str, number: &str) -> Pairs {
    [sale(service, number), pairs(&[("notify_url", "https://pay.example/notify")])].concat()
}

/// A refund of `fen` of the 888 that [`micropay`] takes.
pub fn refund(number: &str, refund_number: &str, fen: u64) -> Pairs {
    let own = pairs(&[
        ("out_refund_no", refund_number),
        ("total_fee", "888"),
        ("refund_fee", &fen.to_string()),
        ("op_user_id", SWIFTPASS_MCH_ID),
    ]);
    [about("unified.trade.refund", number), own].concat()
}

pub fn refunds_by(name: &str, value: &str) -> Pairs {
    [base("unified.trade.refundquery"), pairs(&[(name, value)])].concat()
}

pub fn pay(simulator: &Simulator, number: &str, code: &str) -> String {
    word(&ask(simulator, &micropay(number, code)))
}

pub fn state(simulator: &Simulator, number: &str) -> String {
    let answer = ask(simulator, &about("unified.trade.query", number));
    answer.get("trade_state") + &answer.get("err_code")
}

pub fn reverse(simulator: &Simulator, number: &str) -> String {
    let answer = ask(simulator, &about("unified.micropay.reverse", number));
    assert_eq!((answer.get("out_trade_no"), answer.get("transaction_id")), (String::new(), String::new()));
    word(&answer)
}

pub fn give_back(simulator: &Simulator, number: &str, refund_number: &str, fen: u64) -> String {
    word(&ask(simulator, &refund(number, refund_number, fen)))
}

pub fn refund_state(simulator: &Simulator, refund_number: &str) -> String {
    let answer = ask(simulator, &refunds_by("out_refund_no", refund_number));
    answer.get("refund_status_0") + &answer.get("err_code")
}
