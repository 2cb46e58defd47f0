//! Where the simulator is. It runs as another process, and has a folder for this user alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use wxpay_simulator::credentials;
use wxpay_terminal::{Client, Https, Identity, Secret, SqliteJournal, SystemRandom, Terminal, WxpayAccount};

use super::Result;

/// Every terminal of a merchant has another one.
const TERMINAL: u16 = 7;

/// What was asked for at the start.
pub struct Wanted {
    pub simulator: Option<PathBuf>,
    journal: Option<PathBuf>,
    terminal: u16,
}

impl Wanted {
    pub fn read(mut given: impl Iterator<Item = String>) -> Option<Wanted> {
        let mut wanted = Wanted { simulator: None, journal: None, terminal: TERMINAL };
        while let Some(option) = given.next() {
            let value = given.next()?;
            match option.as_str() {
                "--simulator" => wanted.simulator = Some(value.into()),
                "--journal" => wanted.journal = Some(value.into()),
                "--terminal" => wanted.terminal = value.parse().ok()?,
                _ => return None,
            }
        }
        Some(wanted)
    }
}

/// A running simulator.
pub struct Place {
    pub folder: PathBuf,
    pub url: String,
    pub console: Option<String>,
}

impl Place {
    /// In this folder, or the one that was started last.
    pub fn find(folder: Option<&Path>) -> Option<Place> {
        match folder {
            Some(folder) => Place::read(folder.to_owned()),
            None => {
                let all = fs::read_dir(std::env::temp_dir()).ok()?.flatten().map(|entry| entry.path());
                Place::read(all.filter(|folder| is_running(folder)).max_by_key(|folder| started(folder))?)
            }
        }
    }

    /// The file `address` has the gateway's URL, then the console's.
    fn read(folder: PathBuf) -> Option<Place> {
        let text = fs::read_to_string(folder.join("address")).ok()?;
        let mut lines = text.lines().map(str::to_owned);
        Some(Place { folder, url: lines.next()?, console: lines.next().filter(|line| !line.is_empty()) })
    }

    /// In the simulator's folder, so that an entry never meets another simulator's ledger. On a real terminal: a durable path.
    pub fn journal(&self, wanted: &Wanted) -> Result<SqliteJournal> {
        let name = match wanted.terminal {
            TERMINAL => "pos.db".into(),
            other => format!("pos-{other}.db"),
        };
        let path = wanted.journal.clone().unwrap_or_else(|| self.folder.join(name));
        let device = terminal(wanted)?;
        let journal = SqliteJournal::open(&path, wanted.terminal, device.device_info(), &SystemRandom);
        Ok(journal.map_err(|fault| format!("{}: {fault}", path.display()))?)
    }

    /// On a real terminal: your numbers, your key, your certificate, and no `hosts`.
    pub fn client(&self, wanted: &Wanted) -> Result<Client<WxpayAccount>> {
        let identity = Identity::from_pkcs12(&fs::read(self.folder.join("apiclient_cert.p12"))?, credentials::MCH_ID)?;
        let roots = fs::read(self.folder.join("ca.pem"))?;
        let https = Https::builder().only_roots(&roots)?.identity(identity).build()?;
        let account = WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))?;
        Ok(Client::new(account.hosts(&[&self.url])?, terminal(wanted)?, https)?)
    }
}

fn terminal(wanted: &Wanted) -> Result<Terminal> {
    Ok(Terminal::new(&format!("POS-{}", wanted.terminal))?)
}

/// A simulator that was killed leaves its folder behind: `wxpay-simulator-PROCESS-TIME-COUNT`.
fn is_running(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let process = name.strip_prefix("wxpay-simulator-").and_then(|rest| rest.split('-').next());
    let Some(process) = process.and_then(|process| process.parse::<u32>().ok()) else { return false };
    // Where there is no /proc, nobody says so.
    let is_alive = !Path::new("/proc/self").exists() || Path::new("/proc").join(process.to_string()).exists();
    is_alive && is_own(folder) && folder.join("address").is_file()
}

/// Whoever else may write there could make a folder of that name.
#[cfg(unix)]
fn is_own(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(found) = fs::symlink_metadata(folder) else { return false };
    found.is_dir() && fs::metadata("/proc/self").map_or(true, |own| own.uid() == found.uid())
}

#[cfg(not(unix))]
fn is_own(_: &Path) -> bool {
    true
}

fn started(folder: &Path) -> Option<SystemTime> {
    fs::metadata(folder.join("address")).ok()?.modified().ok()
}
