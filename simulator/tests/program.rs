//! The program itself: what it prints, what it writes down for other programs of this user, and its lines on stdin.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(arguments: &[&str]) -> Program {
        let program = env!("CARGO_BIN_EXE_wxpay-simulator");
        let mut child =
            Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Program { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    /// The lines up to the one that says how to end it, as a name and what stands behind it.
    fn printed(&mut self) -> Vec<(String, String)> {
        let mut printed = Vec::new();
        loop {
            let line = self.line();
            if line.starts_with("Ctrl-C") {
                return printed;
            }
            if let Some((name, value)) = line.split_once("  ") {
                printed.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
    }

    fn asks(&mut self, line: &str) -> Vec<String> {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
        let mut said = Vec::new();
        loop {
            match self.line() {
                end if end == "." => return said,
                more => said.push(more),
            }
        }
    }

    fn ends(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

fn value(printed: &[(String, String)], name: &str) -> Option<String> {
    printed.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

#[test]
fn it_prints_the_address_of_its_console_and_writes_it_down() {
    let mut program = Program::start(&["--bills-at-once", "--fault", "amount=888:EmptyBody"]);
    let printed = program.printed();
    let console = value(&printed, "console").unwrap();
    let folder = PathBuf::from(value(&printed, "certificates in").unwrap());
    let base = value(&printed, "listening on").unwrap();
    assert_eq!(fs::read_to_string(folder.join("address")).unwrap(), format!("{base}\n{console}\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
    // The same console, and the same simulator behind it.
    let (host, path) = console.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut tcp = TcpStream::connect(host).unwrap();
    write!(tcp, "GET /{path}state HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut state = String::new();
    tcp.read_to_string(&mut state).unwrap();
    assert!(state.contains("fault amount=888:EmptyBody"), "{state}");
    assert_eq!(program.asks("ledger"), [""; 0]);
    assert_eq!(program.asks("code")[0].len(), 18);
    assert!(program.asks("help").len() > 20);
    assert_eq!(program.asks("dance"), ["what? dance"]);
    program.ends();
    assert!(!folder.exists());
}

#[test]
fn without_a_console() {
    let mut program = Program::start(&["--no-console"]);
    let printed = program.printed();
    assert_eq!(value(&printed, "console"), None);
    let folder = PathBuf::from(value(&printed, "certificates in").unwrap());
    let base = value(&printed, "listening on").unwrap();
    assert_eq!(fs::read_to_string(folder.join("address")).unwrap(), format!("{base}\n\n"));
    program.ends();
}

#[test]
fn what_it_does_not_understand() {
    for arguments in [&["--port", "x"][..], &["--dance"], &["--console-port"], &["--swiftpass-sign-type", "MD4"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_wxpay-simulator")).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let fault =
        Command::new(env!("CARGO_BIN_EXE_wxpay-simulator")).args(["--fault", "amount=1:Dance"]).output().unwrap();
    assert_eq!(fault.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&fault.stderr), "no fault Dance\n");
}
