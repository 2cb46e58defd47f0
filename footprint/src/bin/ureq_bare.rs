//! The least that could be compared with: a POST with a client certificate, by ureq over native-tls, with a connector of its own
//! as the library has one, and nothing of the library. `ureq_bare URL P12 ROOTS`.

use std::error::Error;
use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use native_tls::{Certificate, Identity, TlsConnector, TlsStream};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("ureq_bare URL P12 ROOTS");
    let (url, p12, roots) = (next()?, next()?, next()?);
    let mut tls = TlsConnector::builder();
    tls.identity(Identity::from_pkcs12(&std::fs::read(p12)?, "1900000109")?).disable_built_in_roots(true);
    for root in Certificate::stack_from_pem(&std::fs::read(roots)?)? {
        tls.add_root_certificate(root);
    }
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None).build();
    let agent = ureq::Agent::with_parts(config, Over(tls.build()?), NoNames);
    let mut response = agent.post(&url).header("content-type", "text/xml").send("<xml></xml>".as_bytes())?;
    let body = response.body_mut().with_config().limit(64 * 1024).read_to_vec()?;
    println!("{} {}", response.status().as_u16(), String::from_utf8_lossy(&body));
    Ok(())
}

/// Connects by the system's resolver and native-tls.
struct Over(TlsConnector);

impl fmt::Debug for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Over")
    }
}

impl Connector for Over {
    type Out = Wire;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> std::result::Result<Option<Wire>, ureq::Error> {
        let name = details.uri.host().unwrap_or_default();
        let tcp = TcpStream::connect((name, details.uri.port_u16().unwrap_or(443)))?;
        let tls = self.0.connect(name, tcp).map_err(|_| ureq::Error::ConnectionFailed)?;
        Ok(Some(Wire { tls, buffers: LazyBuffers::new(8192, 8192) }))
    }
}

/// The connector resolves by itself.
#[derive(Debug)]
struct NoNames;

impl Resolver for NoNames {
    fn resolve(
        &self,
        _: &ureq::http::Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> std::result::Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(SocketAddr::from(([0, 0, 0, 0], 0)));
        Ok(addresses)
    }
}

struct Wire {
    tls: TlsStream<TcpStream>,
    buffers: LazyBuffers,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> std::result::Result<(), ureq::Error> {
        self.tls.write_all(self.buffers.output().get(..amount).unwrap_or_default())?;
        Ok(self.tls.flush()?)
    }

    fn await_input(&mut self, _: NextTimeout) -> std::result::Result<bool, ureq::Error> {
        let amount = self.tls.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        true
    }
}
