//! What remains of a key in memory when everything that had it is dropped (F21).
//!
//! The test reads its own memory as a core dump would: every writable mapping, stacks and freed heap included.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;

use wxpay_terminal::endpoint::Digest;
use wxpay_terminal::*;

use crate::support::{self, Canned, run_again, terminal};

/// What is looked for is never in memory as it is: all its bytes are turned over.
const TURNED: u8 = 0xA5;

/// A key of 32 characters that nothing else has, turned over. (Digits and letters, as the platforms have them.)
fn a_key(seed: u8) -> Vec<u8> {
    (0..32_u8).map(|at| (b'A' + (seed.wrapping_mul(7) ^ at.wrapping_mul(11)) % 26) ^ TURNED).collect()
}

fn secret(turned_key: &[u8]) -> Secret {
    Secret::new(turned_key.iter().map(|byte| byte ^ TURNED).collect::<Vec<u8>>())
}

/// How many of the pieces of 8 bytes of something are in the writable memory of this process.
fn remains(sought: &[u8]) -> usize {
    let begins = |first: u8, second: u8| usize::from(first ^ TURNED) << 8 | usize::from(second ^ TURNED);
    let mut is_begin = vec![false; 1 << 16];
    sought.windows(2).for_each(|pair| is_begin[begins(pair[0], pair[1])] = true);
    let mut maps = String::new();
    File::open("/proc/self/maps").unwrap().read_to_string(&mut maps).unwrap();
    let memory = File::open("/proc/self/mem").unwrap();
    let mut found = HashSet::new();
    let mut buffer = vec![0_u8; 1 << 16];
    for line in maps.lines().filter(|line| line.split(' ').nth(1).unwrap().starts_with("rw")) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (mut at, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        while at < to {
            let length = usize::try_from(to - at).unwrap().min(buffer.len());
            // What is mapped and cannot be read has nothing in it.
            if memory.read_exact_at(&mut buffer[..length], at).is_ok() {
                for start in 0..length.saturating_sub(7) {
                    if !is_begin[usize::from(buffer[start]) << 8 | usize::from(buffer[start + 1])] {
                        continue;
                    }
                    // Byte by byte, so that no piece is turned back on the stack.
                    let is_piece = |piece: &[u8]| (0..8).all(|at| buffer[start + at] ^ TURNED == piece[at]);
                    if sought.windows(8).any(is_piece) {
                        found.insert(at + start as u64);
                    }
                }
            }
            // Pieces on the edge are seen with the next one.
            at += if length == buffer.len() { length as u64 - 8 } else { length as u64 };
        }
    }
    found.len()
}

/// Runs something so far down the stack that what it leaves there is not overwritten by the search.
#[inline(never)]
fn far_down(work: impl FnOnce()) {
    let far = std::hint::black_box([0_u8; 1 << 16]);
    work();
    std::hint::black_box(&far);
}

const BODY: &str = "a body that gives the digest more than one block to work on, so that the key is at any place in it";

fn sign_and_verify(digest: Digest, key: &Secret) {
    for length in 0..64 {
        let fields = [("body", BODY), ("nonce", &BODY[..length])];
        let sign = signature(digest, &fields, Some("&key="), key);
        let mut reply = Pairs::default();
        fields.iter().chain([&("sign", sign.as_str())]).for_each(|(name, value)| reply.add(name, value).unwrap());
        assert_eq!(verify_signature(digest, &reply, key), Ok(()));
    }
}

#[test]
fn nothing_remains_of_a_key() {
    if std::env::var_os("TEST_INNER").is_none() {
        run_again(module_path!(), "nothing_remains_of_a_key", &[("TEST_INNER", "1")], "");
        return;
    }
    let key = a_key(1);
    let held = secret(&key);
    assert!(remains(&key) >= 25, "the key is there while it is held: the test can see it");
    drop(held);
    assert_eq!(remains(&key), 0, "after a Secret");

    for (seed, digest) in [(2, Digest::Md5), (3, Digest::HmacSha1), (4, Digest::HmacSha256)] {
        let key = a_key(seed);
        far_down(|| sign_and_verify(digest, &secret(&key)));
        assert_eq!(remains(&key), 0, "after {digest:?}");
    }

    let key = a_key(5);
    let fields = [("mch_id", b"1900000109".as_slice()), ("sign", b"0123456789ABCDEF0123456789ABCDEF")];
    far_down(|| drop(explain(&redpack::SEND_REDPACK, &fields, &secret(&key), Some(BODY))));
    assert_eq!(remains(&key), 0, "after explain");

    let key = a_key(6);
    far_down(|| {
        let url = "https://g.example/pay";
        let account = SwiftpassAccount::new(url, support::SWIFTPASS_MCH_ID, secret(&key)).unwrap();
        let body = crate::till::orders::notification("B1", "1");
        assert!(account.notification(body.as_bytes()).is_err(), "signed with another key");
    });
    assert_eq!(remains(&key), 0, "after a notification");

    let (key, second) = (a_key(7), a_key(8));
    far_down(|| pay_with_all(&key, &second));
    assert_eq!((remains(&key), remains(&second)), (0, 0), "after payments");
}

/// A payment at each gateway, prepared, sent, and gone.
fn pay_with_all(key: &[u8], second: &[u8]) {
    let canned = Canned::default();
    let account = RedpackAccount::new(support::MCH_ID, support::APPID, secret(key)).unwrap();
    let client = Client::with_inputs(account, terminal(), support::inputs(&canned)).unwrap();
    let mut prepared = client.prepare(&support::red_packet("B1")).unwrap();
    canned.then(&support::redpack_success("B1", &[]));
    let _ = client.send(&mut prepared);
    let account = WorkwxAccount::new(support::MCH_ID, support::CORPID, secret(key), secret(second)).unwrap();
    let client = Client::with_inputs(account, terminal(), support::inputs(&canned)).unwrap();
    let _ = client.send(&mut client.prepare(&support::employee("B1")).unwrap());
    let account = SwiftpassAccount::new("https://g.example/pay", support::SWIFTPASS_MCH_ID, secret(key)).unwrap();
    let account = account.without_sub_fields();
    let client = Client::with_inputs(account, terminal(), support::inputs(&canned)).unwrap();
    let mut prepared = client.prepare(&WapOrder { sub_openid: None, ..support::wap_order("B1000") }).unwrap();
    canned.then(&support::wap_success(&[]));
    let _ = client.send(&mut prepared);
    let account = WebgateAccount::new("https://g.example", "10001", secret(key), support::SaysGood).unwrap();
    let client = Client::with_inputs(account, terminal(), support::inputs(&canned)).unwrap();
    let _ = client.send(&mut client.prepare(&support::charge("1")).unwrap());
}

/// F21: what OpenSSL leaves of a private key, for SECURITY.md. Each kind of file in a process of its own.
#[cfg(feature = "https")]
#[test]
fn what_remains_of_a_private_key_is_told() {
    if let Some(folder) = std::env::var_os("TEST_FOLDER") {
        let kind = std::env::var("TEST_KIND").unwrap();
        let sought = openssl::bn::BigNum::from_hex_str(&std::env::var("TEST_TURNED").unwrap()).unwrap().to_vec();
        let file = |name: &str| std::fs::read(std::path::Path::new(&folder).join(name)).unwrap();
        far_down(|| {
            // Wiped by the test, as the caller's own copy.
            let read = Wiped(file(&kind));
            drop(match kind.strip_suffix(".p12") {
                Some(_) => Identity::from_pkcs12(&read.0, support::MCH_ID).unwrap(),
                None => Identity::from_pem(&file("cert.pem"), &read.0).unwrap(),
            });
        });
        let found = remains(&sought);
        println!("{kind}: {found} of {} pieces of the private exponent remain", sought.len() - 7);
        let pieces = sought.len() - 7;
        let told = if kind.ends_with(".p12") { pieces } else { pieces / 2 };
        assert!(found <= told, "SECURITY.md: one copy at most after a PKCS#12 file, less than half of one after PEM");
        return;
    }
    let simulator = wxpay_simulator::Simulator::start().unwrap();
    let files = simulator.files();
    let key = openssl::rsa::Rsa::private_key_from_pem(&std::fs::read(&files.key_pem_pkcs1).unwrap()).unwrap();
    let turned: String = key.d().to_vec().iter().map(|byte| format!("{:02x}", byte ^ TURNED)).collect();
    let folder = std::env::temp_dir().join(format!("wxpay-remains-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(&files.cert_pem, folder.join("cert.pem")).unwrap();
    let kinds = [
        (&files.p12_aes, "aes.p12"),
        (&files.p12_3des, "3des.p12"),
        (&files.p12_rc2, "rc2.p12"),
        (&files.key_pem_pkcs8, "pkcs8.pem"),
        (&files.key_pem_pkcs1, "pkcs1.pem"),
    ];
    for (from, kind) in kinds.into_iter().filter(|(from, _)| from.exists()) {
        std::fs::copy(from, folder.join(kind)).unwrap();
        let folder = folder.to_str().unwrap();
        let variables = [("TEST_TURNED", turned.as_str()), ("TEST_FOLDER", folder), ("TEST_KIND", kind)];
        print!("{}", run_again(module_path!(), "what_remains_of_a_private_key_is_told", &variables, ""));
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[cfg(feature = "https")]
struct Wiped(Vec<u8>);

#[cfg(feature = "https")]
impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|byte| *byte = 0);
        std::hint::black_box(&self.0);
    }
}
