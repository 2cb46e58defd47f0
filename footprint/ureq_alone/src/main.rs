//! The program to compare with: a POST with a client certificate, by ureq with its own TLS over native-tls, and nothing
//! of the library. `ureq_alone URL CERTIFICATE KEY ROOTS`, all in PEM: ureq takes no PKCS#12.

use std::error::Error;
use std::sync::Arc;

use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsProvider};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("ureq_alone URL CERTIFICATE KEY ROOTS");
    let (url, certificate, key, roots) = (next()?, next()?, next()?, next()?);
    let certificate = Certificate::from_pem(&std::fs::read(certificate)?)?;
    let key = PrivateKey::from_pem(&std::fs::read(key)?)?;
    let roots = Certificate::from_pem(&std::fs::read(roots)?)?;
    let tls = TlsConfig::builder()
        .provider(TlsProvider::NativeTls)
        .client_cert(Some(ClientCert::new_with_certs(&[certificate], key)))
        .root_certs(RootCerts::Specific(Arc::new(vec![roots])))
        .build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .https_only(true)
        .timeout_global(Some(std::time::Duration::from_secs(30)))
        .build();
    let agent = config.new_agent();
    let mut response = agent.post(&url).header("content-type", "text/xml").send("<xml></xml>".as_bytes())?;
    let body = response.body_mut().with_config().limit(64 * 1024).read_to_vec()?;
    println!("{} {}", response.status().as_u16(), String::from_utf8_lossy(&body));
    Ok(())
}
