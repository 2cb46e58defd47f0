//! Keys and certificates, made once in a process, and the files that hold them.
//!
//! The merchant platform hands out `apiclient_cert.p12`: RC2-40 for the certificates, 3DES for the
//! key, a SHA-1 MAC, and the `mch_id` as password (docs: F.1).

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::provider::Provider;
use openssl::rsa::Rsa;
use openssl::stack::Stack;
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};

use crate::clock;
use crate::credentials::{MCH_ID, OTHER_MCH_ID};
use crate::settings::ServerCertificate;

/// The files of one simulator. They vanish with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Files {
    /// The temporary directory that holds all the others.
    pub directory: PathBuf,
    /// The CA of the server and of the merchants, PEM.
    pub ca_pem: PathBuf,
    /// A CA that signed nothing the server trusts, PEM.
    pub other_ca_pem: PathBuf,
    /// `apiclient_cert.p12` as the merchant platform makes it: RC2-40, 3DES, SHA-1.
    /// Missing when this OpenSSL has no legacy provider.
    pub p12_rc2: PathBuf,
    /// The same identity: 3DES for certificates and key, SHA-1.
    pub p12_3des: PathBuf,
    /// The same identity: AES-256, SHA-256.
    pub p12_aes: PathBuf,
    /// Right CN, but the certificate has expired.
    pub p12_expired: PathBuf,
    /// A valid certificate of another merchant.
    pub p12_other_merchant: PathBuf,
    /// The certificate without its key.
    pub p12_no_key: PathBuf,
    /// Right CN, signed by a CA that the server does not trust.
    pub p12_unknown_ca: PathBuf,
    /// `apiclient_cert.pem`.
    pub cert_pem: PathBuf,
    /// `apiclient_key.pem`, PKCS#8.
    pub key_pem_pkcs8: PathBuf,
    /// The same key as PKCS#1.
    pub key_pem_pkcs1: PathBuf,
    /// A key that belongs to no certificate here, PKCS#8.
    pub other_key_pem: PathBuf,
    /// The private key of the Swiftpass-type gateway's merchant, PKCS#8 PEM: she signs requests with it where
    /// [`Settings::swiftpass_sign_type`](crate::Settings::swiftpass_sign_type) is one of RSA.
    pub swiftpass_merchant_key_pem: PathBuf,
    /// The Swiftpass-type gateway's public key, PEM: its replies and notifications are verified with it.
    pub swiftpass_public_key_pem: PathBuf,
    /// The web gateway's public key, PEM.
    pub webgate_public_key_pem: PathBuf,
    /// The same key, DER (SubjectPublicKeyInfo).
    pub webgate_public_key_der: PathBuf,
    /// The same key, bare base64 in one line.
    pub webgate_public_key_base64: PathBuf,
}

impl Files {
    /// Writes everything into `directory`, which must exist.
    pub(crate) fn write(directory: &Path) -> io::Result<Files> {
        let material = material()?;
        for (name, content) in &material.files {
            write_private(&directory.join(name), content)?;
        }
        let path = |name: &str| directory.join(name);
        Ok(Files {
            directory: directory.to_owned(),
            ca_pem: path("ca.pem"),
            other_ca_pem: path("other_ca.pem"),
            p12_rc2: path("apiclient_cert.p12"),
            p12_3des: path("3des.p12"),
            p12_aes: path("aes.p12"),
            p12_expired: path("expired.p12"),
            p12_other_merchant: path("other_merchant.p12"),
            p12_no_key: path("no_key.p12"),
            p12_unknown_ca: path("unknown_ca.p12"),
            cert_pem: path("apiclient_cert.pem"),
            key_pem_pkcs8: path("apiclient_key.pem"),
            key_pem_pkcs1: path("apiclient_key_pkcs1.pem"),
            other_key_pem: path("other_key.pem"),
            swiftpass_merchant_key_pem: path("swiftpass_merchant_key.pem"),
            swiftpass_public_key_pem: path("swiftpass_public_key.pem"),
            webgate_public_key_pem: path("webgate_public_key.pem"),
            webgate_public_key_der: path("webgate_public_key.der"),
            webgate_public_key_base64: path("webgate_public_key.txt"),
        })
    }
}

/// Keys are for this user alone, from the first byte on.
fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content)
}

/// What the process makes once: RSA keys are slow.
pub(crate) struct Material {
    keys: Keys,
    pub(crate) ca: X509,
    other_ca: X509,
    files: Vec<(&'static str, Vec<u8>)>,
}

struct Keys {
    ca: PKey<Private>,
    other_ca: PKey<Private>,
    server: PKey<Private>,
    client: PKey<Private>,
    webgate: PKey<Private>,
    swiftpass: PKey<Private>,
    swiftpass_merchant: PKey<Private>,
}

/// The keys and certificates of this process.
pub(crate) fn material() -> io::Result<&'static Material> {
    static MATERIAL: OnceLock<Result<Material, String>> = OnceLock::new();
    MATERIAL
        .get_or_init(|| Material::make().map_err(|error| error.to_string()))
        .as_ref()
        .map_err(|text| io::Error::other(text.clone()))
}

impl Material {
    fn make() -> io::Result<Material> {
        Ok(Material::of(match std::env::var_os("WXPAY_SIMULATOR_KEYS") {
            Some(folder) => Keys::read(Path::new(&folder))?,
            None => Keys::make()?,
        })?)
    }

    fn of(keys: Keys) -> Result<Material, ErrorStack> {
        let ca = authority("Simulator CA", &keys.ca)?;
        let other_ca = authority("Unknown CA", &keys.other_ca)?;
        let mut material = Material { keys, ca, other_ca, files: Vec::new() };
        material.files = material.all_files()?;
        Ok(material)
    }

    /// The server's certificate of that kind, and its key.
    pub(crate) fn server(&self, kind: ServerCertificate) -> Result<(X509, PKey<Private>), ErrorStack> {
        let day = 86_400;
        let now = clock::now();
        let (from, until) = match kind {
            ServerCertificate::Expired => (now - 30 * day, now - day),
            ServerCertificate::NotYetValid => (now + day, now + 30 * day),
            _ => (now - day, now + 3650 * day),
        };
        let leaf = Leaf {
            name: "localhost",
            key: &self.keys.server,
            server: Some(kind != ServerCertificate::WrongName),
            from,
            until,
        };
        let certificate = match kind {
            ServerCertificate::UnknownCa => leaf.signed(&self.other_ca, &self.keys.other_ca)?,
            _ => leaf.signed(&self.ca, &self.keys.ca)?,
        };
        Ok((certificate, self.keys.server.clone()))
    }

    /// The key that signs the web gateway's replies.
    pub(crate) fn webgate_key(&self) -> &PKey<Private> {
        &self.keys.webgate
    }

    /// The key that signs the Swiftpass-type gateway's replies.
    pub(crate) fn swiftpass_key(&self) -> &PKey<Private> {
        &self.keys.swiftpass
    }

    /// The key of that gateway's merchant. The gateway knows but its public half.
    pub(crate) fn swiftpass_merchant_key(&self) -> &PKey<Private> {
        &self.keys.swiftpass_merchant
    }

    fn client(&self, name: &str, valid: bool) -> Result<X509, ErrorStack> {
        self.client_leaf(name, valid).signed(&self.ca, &self.keys.ca)
    }

    fn client_leaf<'a>(&'a self, name: &'a str, valid: bool) -> Leaf<'a> {
        let day = 86_400;
        let now = clock::now();
        Leaf {
            name,
            key: &self.keys.client,
            server: None,
            from: now - 30 * day,
            until: if valid { now + 3650 * day } else { now - day },
        }
    }

    fn all_files(&self) -> Result<Vec<(&'static str, Vec<u8>)>, ErrorStack> {
        let (key, public) = (&self.keys.client, &self.keys.webgate);
        let good = self.client(MCH_ID, true)?;
        let foreign = self.client_leaf(MCH_ID, true).signed(&self.other_ca, &self.keys.other_ca)?;
        let mut files = vec![
            ("ca.pem", self.ca.to_pem()?),
            ("other_ca.pem", self.other_ca.to_pem()?),
            ("3des.p12", self.p12(&good, TRIPLE_DES, MCH_ID)?),
            ("aes.p12", self.p12(&good, AES, MCH_ID)?),
            ("expired.p12", self.p12(&self.client(MCH_ID, false)?, AES, MCH_ID)?),
            ("other_merchant.p12", self.p12(&self.client(OTHER_MCH_ID, true)?, AES, OTHER_MCH_ID)?),
            ("no_key.p12", p12(&good, None, &self.ca, AES, MCH_ID)?),
            ("unknown_ca.p12", p12(&foreign, Some(key), &self.other_ca, AES, MCH_ID)?),
            ("apiclient_cert.pem", good.to_pem()?),
            ("apiclient_key.pem", key.private_key_to_pem_pkcs8()?),
            ("apiclient_key_pkcs1.pem", key.rsa()?.private_key_to_pem()?),
            ("other_key.pem", self.keys.server.private_key_to_pem_pkcs8()?),
            ("swiftpass_merchant_key.pem", self.keys.swiftpass_merchant.private_key_to_pem_pkcs8()?),
            ("swiftpass_public_key.pem", self.keys.swiftpass.public_key_to_pem()?),
            ("webgate_public_key.pem", public.public_key_to_pem()?),
            ("webgate_public_key.der", public.public_key_to_der()?),
            ("webgate_public_key.txt", openssl::base64::encode_block(&public.public_key_to_der()?).into_bytes()),
        ];
        // RC2 lives in the legacy provider. It is held only here, so that a library tested in this
        // process must load it by itself.
        if let Ok(_legacy) = Provider::try_load(None, "legacy", true) {
            files.push(("apiclient_cert.p12", self.p12(&good, RC2, MCH_ID)?));
        }
        Ok(files)
    }

    fn p12(&self, certificate: &X509, kind: P12, password: &str) -> Result<Vec<u8>, ErrorStack> {
        p12(certificate, Some(&self.keys.client), &self.ca, kind, password)
    }
}

impl Keys {
    /// Keys made elsewhere, in PEM: making them takes an emulator a minute. The server's may be of any kind, the others
    /// are RSA.
    fn read(folder: &Path) -> io::Result<Keys> {
        let read = |name: &str| {
            let pem = fs::read(folder.join(name).with_extension("pem"))?;
            Ok::<_, io::Error>(PKey::private_key_from_pem(&pem)?)
        };
        let (ca, other_ca, server) = (read("ca")?, read("other_ca")?, read("server")?);
        let (swiftpass, swiftpass_merchant) = (read("swiftpass")?, read("swiftpass_merchant")?);
        let (client, webgate) = (read("client")?, read("webgate")?);
        Ok(Keys { ca, other_ca, server, client, webgate, swiftpass, swiftpass_merchant })
    }

    fn make() -> Result<Keys, ErrorStack> {
        let make = || PKey::from_rsa(Rsa::generate(2048)?);
        // Two threads, because the small machines that run the tests have two cores.
        thread::scope(|scope| {
            let others = scope.spawn(move || Ok([make()?, make()?, make()?]));
            let (ca, server, client, swiftpass) = (make()?, make()?, make()?, make()?);
            let others: Result<[PKey<Private>; 3], ErrorStack> =
                others.join().unwrap_or_else(|_| Err(ErrorStack::get()));
            let [other_ca, webgate, swiftpass_merchant] = others?;
            Ok(Keys { ca, other_ca, server, client, webgate, swiftpass, swiftpass_merchant })
        })
    }
}

/// Algorithms of a PKCS#12 file: key, certificates, MAC.
type P12 = (Nid, Nid, fn() -> MessageDigest);

const RC2: P12 = (Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC, Nid::PBE_WITHSHA1AND40BITRC2_CBC, MessageDigest::sha1);
const TRIPLE_DES: P12 =
    (Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC, Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC, MessageDigest::sha1);
const AES: P12 = (Nid::AES_256_CBC, Nid::AES_256_CBC, MessageDigest::sha256);

fn p12(
    certificate: &X509,
    key: Option<&PKey<Private>>,
    ca: &X509,
    (key_algorithm, cert_algorithm, mac): P12,
    password: &str,
) -> Result<Vec<u8>, ErrorStack> {
    let mut chain = Stack::new()?;
    chain.push(ca.clone())?;
    let mut builder = Pkcs12::builder();
    builder
        .name("Tenpay Certificate")
        .cert(certificate)
        .ca(chain)
        .key_algorithm(key_algorithm)
        .cert_algorithm(cert_algorithm)
        .mac_md(mac());
    if let Some(key) = key {
        builder.pkey(key);
    }
    builder.build2(password)?.to_der()
}

struct Leaf<'a> {
    name: &'a str,
    key: &'a PKey<Private>,
    /// `None`: a client. `Some(false)`: a server with the wrong names.
    server: Option<bool>,
    from: u64,
    until: u64,
}

impl Leaf<'_> {
    fn signed(&self, ca: &X509, ca_key: &PKey<Private>) -> Result<X509, ErrorStack> {
        let mut builder = X509::builder()?;
        builder.set_version(2)?;
        builder.set_serial_number(&*serial()?)?;
        builder.set_subject_name(&*subject(self.name)?)?;
        builder.set_issuer_name(ca.subject_name())?;
        builder.set_pubkey(self.key)?;
        builder.set_not_before(&*asn1_time(self.from)?)?;
        builder.set_not_after(&*asn1_time(self.until)?)?;
        builder.append_extension(BasicConstraints::new().build()?)?;
        let mut usage = ExtendedKeyUsage::new();
        match self.server {
            Some(_) => usage.server_auth(),
            None => usage.client_auth(),
        };
        builder.append_extension(usage.build()?)?;
        if let Some(right) = self.server {
            let mut names = SubjectAlternativeName::new();
            match right {
                true => names.dns("localhost").ip("127.0.0.1").ip("::1"),
                false => names.dns("wrong.example"),
            };
            let context = builder.x509v3_context(Some(ca), None);
            let names = names.build(&context)?;
            builder.append_extension(names)?;
        }
        builder.sign(ca_key, MessageDigest::sha256())?;
        Ok(builder.build())
    }
}

fn authority(name: &str, key: &PKey<Private>) -> Result<X509, ErrorStack> {
    let now = clock::now();
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*serial()?)?;
    builder.set_subject_name(&*subject(name)?)?;
    builder.set_issuer_name(&*subject(name)?)?;
    builder.set_pubkey(key)?;
    builder.set_not_before(&*asn1_time(now - 60 * 86_400)?)?;
    builder.set_not_after(&*asn1_time(now + 3650 * 86_400)?)?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

/// Spelled out, because the C library's seconds end in 2038 on 32-bit boards.
fn asn1_time(unix: u64) -> Result<Asn1Time, ErrorStack> {
    Asn1Time::from_str_x509(&(clock::packed_utc(unix) + "Z"))
}

fn serial() -> Result<openssl::asn1::Asn1Integer, ErrorStack> {
    let mut number = BigNum::new()?;
    number.rand(120, MsbOption::MAYBE_ZERO, false)?;
    number.to_asn1_integer()
}

fn subject(name: &str) -> Result<X509Name, ErrorStack> {
    let mut builder = X509Name::builder()?;
    builder.append_entry_by_nid(Nid::COUNTRYNAME, "CN")?;
    builder.append_entry_by_nid(Nid::ORGANIZATIONNAME, "Tencent")?;
    builder.append_entry_by_nid(Nid::COMMONNAME, name)?;
    Ok(builder.build())
}

/// The web gateway's private key, PKCS#8 PEM. It is made anew in every process.
pub fn webgate_private_key() -> io::Result<String> {
    private_pem(material()?.webgate_key())
}

/// The Swiftpass-type gateway's private key, PKCS#8 PEM, to make messages that it did not send. It is made anew in every
/// process, as the merchant's is.
pub fn swiftpass_private_key() -> io::Result<String> {
    private_pem(material()?.swiftpass_key())
}

/// The content of [`Files::swiftpass_merchant_key_pem`].
pub fn swiftpass_merchant_private_key() -> io::Result<String> {
    private_pem(material()?.swiftpass_merchant_key())
}

/// The content of [`Files::swiftpass_public_key_pem`].
pub fn swiftpass_public_key() -> io::Result<String> {
    String::from_utf8(material()?.swiftpass_key().public_key_to_pem()?).map_err(io::Error::other)
}

fn private_pem(key: &PKey<Private>) -> io::Result<String> {
    String::from_utf8(key.private_key_to_pem_pkcs8()?).map_err(io::Error::other)
}
