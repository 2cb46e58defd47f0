//! Certificates as a test wants them.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};

/// What a certificate is made of. `dns` and `ips` are its subjectAltName.
pub struct Form<'a> {
    pub name: &'a str,
    pub digest: MessageDigest,
    pub dns: Option<&'a str>,
    pub ips: &'a [&'a str],
    pub is_ca: bool,
}

/// A certificate of `key`, valid for a month. Without an issuer it is signed with its own key.
pub fn certificate(form: &Form<'_>, key: &PKey<Private>, issuer: Option<(&X509, &PKey<Private>)>) -> X509 {
    let mut name = X509Name::builder().unwrap();
    if !form.name.is_empty() {
        name.append_entry_by_nid(Nid::COMMONNAME, form.name).unwrap();
    }
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    // The issuer is told from what it signs by its serial number.
    let serial = BigNum::from_u32(u32::try_from(form.name.len()).unwrap()).unwrap();
    builder.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(issuer.map_or(&name, |(ca, _)| ca.subject_name())).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(30).unwrap()).unwrap();
    if form.is_ca {
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    }
    let mut names = SubjectAlternativeName::new();
    form.dns.map(|dns| names.dns(dns));
    form.ips.iter().for_each(|ip| {
        names.ip(ip);
    });
    if form.dns.is_some() || !form.ips.is_empty() {
        let names = names.build(&builder.x509v3_context(issuer.map(|(ca, _)| &**ca), None)).unwrap();
        builder.append_extension(names).unwrap();
    }
    builder.sign(issuer.map_or(key, |(_, key)| key), form.digest).unwrap();
    builder.build()
}
