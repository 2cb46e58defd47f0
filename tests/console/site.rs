//! A web site on this machine, for a test: it answers what the test says, and remembers what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Reply {
    pub fn html(body: &str) -> Self {
        Self::of("text/html; charset=utf-8", body)
    }

    pub fn of(content_type: &str, body: &str) -> Self {
        Self { status: 200, headers: vec![("Content-Type", content_type.into())], body: body.into() }
    }

    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

pub struct Site {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    ending: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl Site {
    pub fn open(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let ending = Arc::new(AtomicBool::new(false));
        let (heard, ends, answer) = (Arc::clone(&asked), Arc::clone(&ending), Arc::new(answer));
        let server = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), heard, answer) = (stream, Arc::clone(&heard), Arc::clone(&answer)) else { continue };
                // A browser also opens connections on which it asks nothing.
                std::thread::spawn(move || serve(stream, &heard, &*answer));
            }
        });
        Self { port, asked, ending, server: Some(server) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// All but the icon of the tab, which a browser asks for when it likes.
    pub fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.path != "/favicon.ico").cloned().collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

fn serve(stream: TcpStream, heard: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked) -> Reply) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
    let Some(asked) = read(&mut BufReader::new(&stream)) else { return };
    heard.lock().unwrap().push(asked.clone());
    let reply = answer(&asked);
    let mut head = format!("HTTP/1.1 {} -\r\nConnection: close\r\n", reply.status);
    head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    // Who has gone does not read it.
    let _ = (&stream).write_all(format!("{head}\r\n{}", reply.body).as_bytes());
}

fn read(stream: &mut BufReader<&TcpStream>) -> Option<Asked> {
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_string())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_string(), words.next()?.to_string());
    let mut headers = Vec::new();
    while let Some((name, value)) = line()?.split_once(':') {
        headers.push((name.to_lowercase(), value.trim().to_string()));
    }
    let mut asked = Asked { method, path, headers, body: String::new() };
    let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap_or(0));
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8_lossy(&body).into();
    Some(asked)
}
