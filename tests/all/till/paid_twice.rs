//! How often the usual loop pays twice, and the till, as the way gets worse: the figure of the README, from the simulation's own runs.
//!
//! `WXPAY_PLOT=docs/paid-twice.svg cargo test --test all paid_twice -- --nocapture` draws it anew; `make pictures` does so.

use std::fmt::Write as _;

use crate::till::simulation::{FAULTS, naive, run_under};

const PAYMENTS: u32 = 500;
/// Of 100 requests so many draw a fault.
const WAYS: [u32; 10] = [0, 5, 10, 15, 20, 25, 30, 35, 40, 45];

/// By faults: the usual loop's, and the till's.
type Points = Vec<(u32, u32, u32)>;

#[test]
fn paid_twice_as_the_way_gets_worse() {
    let twice = |faults| (faults, naive("redpack", 1, PAYMENTS, faults), run_under("redpack", 1, PAYMENTS, faults).1);
    let points: Points = WAYS.into_iter().map(twice).collect();
    println!("red packets, {PAYMENTS} of them: requests with a fault, paid twice by the usual loop, by the till");
    points.iter().for_each(|(faults, usual, till)| println!("{faults:3} %  {usual:4}  {till:4}"));
    let [(0, 0, 0), .., (FAULTS, worst, 0)] = points[..] else { panic!("{points:?}") };
    assert!(worst > PAYMENTS / 5 && points.iter().all(|(_, _, till)| *till == 0), "{points:?}");
    if let Ok(path) = std::env::var("WXPAY_PLOT") {
        std::fs::write(path, drawing(&points)).unwrap();
    }
}

const LEFT: u32 = 70;
const TOP: u32 = 60;
const WIDE: u32 = 560;
const HIGH: u32 = 240;

/// One step of the way, and of the payments.
fn place(faults: u32, twice: u32) -> String {
    format!("{},{}", LEFT + WIDE * faults / FAULTS, TOP + HIGH - HIGH * twice / 200)
}

fn drawing(points: &Points) -> String {
    let mut out = String::from(concat!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 360" font-family="sans-serif" font-size="13" fill="#222">"##,
        "\n<rect width=\"680\" height=\"360\" fill=\"white\"/>\n",
        "<text x=\"70\" y=\"26\" font-size=\"16\" font-weight=\"bold\">Paid twice, of 500 red packets</text>\n",
        "<text x=\"70\" y=\"46\" fill=\"#666\">the same seeded faults; printed by cargo test --test all paid_twice</text>\n",
    ));
    for twice in (0..=200).step_by(50) {
        let y = TOP + HIGH - HIGH * twice / 200;
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {y}h{WIDE}\" stroke=\"#ddd\"/><text x=\"60\" y=\"{}\" text-anchor=\"end\">{twice}</text>",
            y + 4
        );
    }
    for (faults, _, _) in points {
        let x = LEFT + WIDE * faults / FAULTS;
        let _ = writeln!(out, "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{faults} %</text>", TOP + HIGH + 20);
    }
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">requests that meet a fault</text>",
        LEFT + WIDE / 2,
        TOP + HIGH + 42
    );
    let line = |of: fn(&(u32, u32, u32)) -> u32| {
        points.iter().map(|point| place(point.0, of(point))).collect::<Vec<_>>().join(" ")
    };
    let (worst, last) = points.last().map_or((0, 0), |(_, usual, till)| (*usual, *till));
    for (name, colour, line, end) in [
        ("the usual loop: a new number on any error", "#b3121d", line(|point| point.1), worst),
        ("the till of this library", "#0a7d4f", line(|point| point.2), last),
    ] {
        let _ = writeln!(out, "<polyline points=\"{line}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"3\"/>");
        let y = TOP + HIGH - HIGH * end / 200;
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" fill=\"{colour}\" font-weight=\"bold\" text-anchor=\"end\">{name}: {end}</text>",
            LEFT + WIDE,
            y - 10
        );
    }
    out + "</svg>\n"
}
