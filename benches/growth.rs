//! How the cost grows with the number of fields and with the size of the reply: `cargo bench --bench growth -- FILE.svg`
//! prints tables and draws them.
//!
//! Each case and its floor are timed in turn, many times, and the quickest run counts: on a busy machine that is the one
//! nobody disturbed.

mod cases;

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use wxpay_terminal::*;

/// How many times each case is timed, and for how many nanoseconds about each time.
const TIMES: usize = 300;
const SLICE: f64 = 200_000.0;

type Run = Box<dyn FnMut()>;

/// A name, and what is timed.
type Case = (&'static str, Run);

/// Nanoseconds of each case, timed in turn.
fn quickest(cases: &mut [Case]) -> Vec<f64> {
    let mut runs = vec![1_u32; cases.len()];
    let mut best = vec![f64::MAX; cases.len()];
    for _ in 0..TIMES {
        for (((_, run), runs), best) in cases.iter_mut().zip(&mut runs).zip(&mut best) {
            let start = Instant::now();
            for _ in 0..*runs {
                run();
            }
            *best = best.min(start.elapsed().as_nanos() as f64 / f64::from(*runs));
            *runs = (SLICE / *best).clamp(1.0, 10_000.0) as u32;
        }
    }
    best
}

fn md5_of(bytes: Vec<u8>) -> Run {
    Box::new(move || {
        black_box(cases::md5(black_box(&bytes)));
    })
}

/// The two budgets, each with its floor in the same run.
fn budgets() {
    let (client, system) = (cases::client(), cases::client_of_the_system());
    let body = client.prepare(&cases::red_packet(cases::NUMBER)).expect("prepared").body().to_vec();
    let (text, key) = cases::real_reply();
    let (reply, tree) = (cases::signed_bytes(text.as_bytes(), &key), text.clone());
    let key = Secret::from(&*key);
    let judging = cases::client();
    let mut all: Vec<Case> = vec![
        ("floor: MD5 of the request's signed bytes", md5_of(cases::signed_bytes(&body, cases::KEY))),
        (
            "sign + encode (prepare, 12-field sendredpack)",
            Box::new(move || drop(black_box(client.prepare(black_box(&cases::red_packet(cases::NUMBER)))))),
        ),
        (
            "the same with the system's clock and random numbers",
            Box::new(move || drop(black_box(system.prepare(black_box(&cases::red_packet(cases::NUMBER)))))),
        ),
        ("floor: MD5 of the reply's signed bytes", md5_of(reply)),
        (
            "floor: roxmltree alone",
            Box::new(move || {
                black_box(cases::tree(black_box(&tree)));
            }),
        ),
        (
            "parse + verify (21-field signed reply)",
            Box::new(move || drop(black_box(cases::read_and_verify(black_box(&text), &key)))),
        ),
        (
            "prepare, send to memory, judge",
            Box::new(move || {
                let mut prepared = judging.prepare(black_box(&cases::red_packet(cases::NUMBER))).expect("prepared");
                drop(black_box(judging.send(&mut prepared)));
            }),
        ),
    ];
    let best = quickest(&mut all);
    for ((name, _), ns) in all.iter().zip(&best) {
        println!("{name:52} {:8.2} us", ns / 1000.0);
    }
    println!("sign + encode / MD5: {:.2}", best[1] / best[0]);
    println!("parse + verify / MD5: {:.2}", best[5] / best[3]);
}

/// A curve: its name and its points, (x, microseconds).
type Curve = (&'static str, Vec<(f64, f64)>);

/// All points are timed in turn, so that a disturbance of some seconds bends no curve.
fn curves(xs: &[usize], make: fn(usize) -> (f64, Vec<Case>)) -> Vec<Curve> {
    let (mut at, mut all) = (Vec::new(), Vec::new());
    for (x, cases) in xs.iter().map(|x| make(*x)) {
        at.extend(cases.iter().map(|_| x));
        all.extend(cases);
    }
    let best = quickest(&mut all);
    let mut curves: Vec<Curve> = Vec::new();
    for (((name, _), x), ns) in all.iter().zip(at).zip(best) {
        match curves.iter_mut().find(|(have, _)| have == name) {
            Some((_, points)) => points.push((x, ns / 1000.0)),
            None => curves.push((name, vec![(x, ns / 1000.0)])),
        }
    }
    curves
}

/// Reply fields of 20 characters each.
fn by_fields(fields: usize) -> (f64, Vec<Case>) {
    (fields as f64, reply(fields, 20).1)
}

/// A reply of 21 fields whose values grow.
fn by_size(length: usize) -> (f64, Vec<Case>) {
    let (bytes, all) = reply(21, length);
    (bytes as f64 / 1024.0, all)
}

fn reply(fields: usize, length: usize) -> (usize, Vec<Case>) {
    let text = cases::signed_reply(fields, length);
    let signed = cases::signed_bytes(text.as_bytes(), cases::KEY);
    let pairs: Vec<(String, String)> =
        read_xml(&text).expect("XML").iter().map(|(name, value)| (name.into(), value.into())).collect();
    let (bytes, tree) = (text.len(), text.clone());
    let all: Vec<Case> = vec![
        (
            "parse + verify",
            Box::new({
                let key = Secret::from(cases::KEY);
                move || drop(black_box(cases::read_and_verify(black_box(&text), &key)))
            }),
        ),
        (
            "floor: roxmltree alone",
            Box::new(move || {
                black_box(cases::tree(black_box(&tree)));
            }),
        ),
        (
            "sign",
            Box::new(move || {
                let key = Secret::from(cases::KEY);
                let fields: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                drop(black_box(signature(endpoint::Digest::Md5, black_box(&fields), Some("&key="), &key)));
            }),
        ),
        ("floor: MD5 of the same bytes", md5_of(signed)),
    ];
    (bytes, all)
}

fn print(unit: &str, curves: &[Curve]) {
    print!("\n{unit:>12}");
    curves.iter().for_each(|(name, _)| print!("  {name:>28}"));
    println!("   (microseconds)");
    for at in 0..curves[0].1.len() {
        print!("{:12.1}", curves[0].1[at].0);
        curves.iter().for_each(|(_, points)| print!("  {:28.2}", points[at].1));
        println!();
    }
}

// ---- the drawing ----

const COLOURS: [&str; 4] = ["#0b6e4f", "#8a8a8a", "#b3541e", "#c9c9c9"];
const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 300.0;

/// One panel, both axes from zero.
fn panel(out: &mut String, left: f64, title: &str, unit: &str, curves: &[Curve]) {
    let points = || curves.iter().flat_map(|(_, points)| points);
    let most = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(1.0, f64::max);
    let (most_x, most_y) = (most(|p| p.0), most(|p| p.1));
    let place = |(x, y): (f64, f64)| (left + 60.0 + x / most_x * WIDTH, 340.0 - y / most_y * HEIGHT);
    let mut text = |x: f64, y: f64, anchor: &str, words: &str| {
        let _ = writeln!(out, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{words}</text>"#);
    };
    text(left + 60.0, 20.0, "start", title);
    text(left + 60.0 + WIDTH / 2.0, 375.0, "middle", unit);
    for part in 0..=4 {
        let (x, y) = (most_x * f64::from(part) / 4.0, most_y * f64::from(part) / 4.0);
        text(place((x, 0.0)).0, 356.0, "middle", &format!("{x:.0}"));
        text(left + 54.0, place((0.0, y)).1 + 4.0, "end", &format!("{y:.0} µs"));
    }
    for (at, (name, _)) in curves.iter().enumerate() {
        text(left + 90.0, 54.0 + 18.0 * at as f64, "start", name);
    }
    let (x, y) = (left + 60.0, 340.0);
    let _ = writeln!(out, r##"<path d="M{x} 40V{y}H{:.1}" fill="none" stroke="#555"/>"##, x + WIDTH);
    for (at, ((_, points), colour)) in curves.iter().zip(COLOURS).enumerate() {
        let line: Vec<String> =
            points.iter().map(|point| place(*point)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ =
            writeln!(out, r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#, line.join(" "));
        let y = 50.0 + 18.0 * at as f64;
        let _ = writeln!(out, r#"<path d="M{:.1} {y}h20" stroke="{colour}" stroke-width="3"/>"#, left + 66.0);
    }
}

fn main() {
    budgets();
    let fields = curves(&[2, 5, 9, 16, 21, 32, 48, 64, 96, 128], by_fields);
    let size = curves(&[1, 20, 100, 200, 400, 800, 1_500, 3_000], by_size);
    print("fields", &fields);
    print("KiB", &size);
    let Some(path) = std::env::args().skip(1).find(|argument| argument.ends_with(".svg")) else {
        return;
    };
    let mut out = String::from(concat!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1040 390" font-family="sans-serif" font-size="13">"#,
        "\n<rect width=\"1040\" height=\"390\" fill=\"white\"/>\n"
    ));
    panel(&mut out, 0.0, "Replies of 2 to 128 fields, 20 characters each", "fields", &fields);
    panel(&mut out, 520.0, "Replies of 21 fields whose values grow", "KiB", &size);
    out.push_str("</svg>\n");
    std::fs::write(&path, out).expect("the drawing is written");
    println!("\n{path}");
}
