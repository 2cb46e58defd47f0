//! Chromium without a window: started, spoken to over pipes, ended with all that it started.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::page::{Page, PageOptions};
use crate::wire::Wire;

/// A host that leads to this machine, but is another site than 127.0.0.1. With the console's port behind it, it is also
/// what DNS rebinding makes: a stranger's name for the console.
pub const FOREIGN_HOST: &str = "stranger.example";

const OPTIONS: [&str; 16] = [
    "--remote-debugging-pipe",
    "--headless",
    // Root has no sandbox, and containers seldom do. The pages are our own.
    "--no-sandbox",
    "--disable-gpu",
    // A container's /dev/shm may be 64 MB, and a page too large for it dies.
    "--disable-dev-shm-usage",
    // Nothing but the pages' own requests.
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--no-first-run",
    // No keyring asks anything.
    "--password-store=basic",
    "--use-mock-keychain",
    // A page behind another one is still drawn, and its clocks go on.
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-background-timer-throttling",
];

pub struct Browser {
    process: Child,
    wire: Arc<Wire>,
    folder: PathBuf,
    user_agent: String,
}

impl Browser {
    /// `$CHROMIUM`, a path or a name, or what a system calls it.
    pub fn found() -> Option<PathBuf> {
        let asked = std::env::var("CHROMIUM").ok().filter(|name| !name.is_empty());
        match asked {
            Some(name) => in_path(&name),
            None => ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(in_path),
        }
    }

    /// `None`: there is none on this machine. That is said, and the test has to return.
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some(program) = Self::found() else {
            say_missing();
            return None;
        };
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("wxpay-browser-{}-{count}", std::process::id()));
        // A run that was killed may have left one under this number.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        let mut process = command(&program, &folder).spawn().unwrap();
        let (to_browser, from_browser) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let wire = Wire::open(to_browser, from_browser);
        // From here on Drop ends the process, whatever fails.
        let mut browser = Self { process, wire, folder, user_agent: String::new() };
        match browser.wire.call(None, "Browser.getVersion", json!({})) {
            Ok(version) => browser.user_agent = version["userAgent"].as_str().unwrap().into(),
            Err(error) => panic!("{} does not start: {error}\n{}", program.display(), browser.log()),
        }
        Some(browser)
    }

    /// Opens a page in a window of its own, and waits until it is loaded.
    #[track_caller]
    pub fn page(&self, url: &str, options: &PageOptions) -> Page {
        let page = Page::create(&self.wire, &self.user_agent, options).unwrap_or_else(|error| panic!("{url}: {error}"));
        page.open(url);
        page
    }

    /// What it wrote to stderr, which is much also when all is well.
    pub fn log(&self) -> String {
        std::fs::read(self.folder.join("log")).map(|text| String::from_utf8_lossy(&text).into()).unwrap_or_default()
    }

    /// What lives of it.
    pub fn processes(&self) -> Processes {
        Processes { group: self.process.id(), folder: self.folder.clone() }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let processes = self.processes();
        let began = Instant::now();
        // The first process is reaped last: until then nobody else can have its number.
        kill(&format!("-{}", processes.group));
        while began.elapsed() < Duration::from_secs(30) {
            let left = processes.living();
            if left.is_empty() {
                break;
            }
            left.iter().for_each(|process| kill(&process.to_string()));
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A browser's processes: its group, and the crash handlers, which leave the group but are told the folder.
pub struct Processes {
    group: u32,
    folder: PathBuf,
}

impl Processes {
    /// Empty where there is no /proc.
    pub fn living(&self) -> Vec<u32> {
        let Ok(all) = std::fs::read_dir("/proc") else { return Vec::new() };
        let number = |name: std::ffi::OsString| name.to_str()?.parse::<u32>().ok();
        let all = all.filter_map(|entry| number(entry.ok()?.file_name()));
        all.filter(|process| self.hold(*process)).collect()
    }

    /// Its own folder, with all that the browser wrote.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A dead process that nobody has reaped yet counts as gone.
    fn hold(&self, process: u32) -> bool {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { return false };
        // Number, name in brackets (which may hold anything), state, parent, group.
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let state = fields.next().unwrap_or("Z");
        let of_group = fields.nth(1).and_then(|field| field.parse().ok()) == Some(self.group);
        let started_with = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        // With the slash: folder 1 is not folder 10.
        let folder = format!("{}/", self.folder.display());
        !["Z", "X"].contains(&state) && (of_group || String::from_utf8_lossy(&started_with).contains(&folder))
    }
}

/// The shell makes the pipes of std the file descriptors 3 and 4, where Chromium reads and writes.
fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>"$LOG""#, "sh"])
        .arg(program)
        .args(OPTIONS)
        // Another site on this machine; whoever else is asked for is not found, so no test needs or meets a network.
        .arg(format!("--host-resolver-rules=MAP {FOREIGN_HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
        .arg("--no-proxy-server")
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg("about:blank")
        .env("LOG", folder.join("log"))
        // What it leaves behind when it is killed lies in the folder, too.
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CACHE_HOME")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // A group of its own can be ended as a whole. Ctrl-C then does not reach it, but the end of the pipe does.
        .process_group(0);
    command
}

/// A program by its name or its path.
fn in_path(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Once, and not with eprintln!, which the test harness keeps for itself when a test passes.
fn say_missing() {
    static SAID: Once = Once::new();
    SAID.call_once(|| drop(writeln!(std::io::stderr(), "no Chromium: not tested")));
}

/// The shell's own `kill`, which is there where the program is not.
fn kill(process: &str) {
    let _ = Command::new("sh").args(["-c", r#"kill -s KILL -- "$1" 2>/dev/null"#, "sh", process]).status();
}
