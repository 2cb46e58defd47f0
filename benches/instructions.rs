//! One case, for callgrind to count its instructions: `ci/instructions` runs it once a case. Without arguments it names
//! its cases.

mod cases;

use std::hint::black_box;

use wxpay_terminal::Secret;

/// How often the counted part runs. What each first run does once for the process is not counted.
const RUNS: usize = 100;

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let Some((name, case)) = CASES.iter().find(|(name, _)| *name == wanted) else {
        CASES.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let mut run = case();
    run();
    counted(&mut *run);
    println!("{name} {RUNS}");
}

/// Callgrind counts from its first instruction to its last: `--toggle-collect=*counted*`.
#[inline(never)]
fn counted(run: &mut dyn FnMut()) {
    for _ in 0..RUNS {
        run();
    }
}

type Case = fn() -> Box<dyn FnMut()>;

const CASES: &[(&str, Case)] = &[
    ("md5-of-the-request", || {
        let body = cases::client().prepare(&cases::red_packet(cases::NUMBER)).expect("prepared").body().to_vec();
        let signed = cases::signed_bytes(&body, cases::KEY);
        Box::new(move || {
            black_box(cases::md5(black_box(&signed)));
        })
    }),
    ("sign-and-encode", || {
        let client = cases::client();
        Box::new(move || drop(black_box(client.prepare(black_box(&cases::red_packet(cases::NUMBER))))))
    }),
    ("sign-and-encode-system", || {
        let client = cases::client_of_the_system();
        Box::new(move || drop(black_box(client.prepare(black_box(&cases::red_packet(cases::NUMBER))))))
    }),
    ("md5-of-the-reply", || {
        let (text, key) = cases::real_reply();
        let signed = cases::signed_bytes(text.as_bytes(), &key);
        Box::new(move || {
            black_box(cases::md5(black_box(&signed)));
        })
    }),
    ("roxmltree-alone", || {
        let (text, _) = cases::real_reply();
        Box::new(move || {
            black_box(cases::tree(black_box(&text)));
        })
    }),
    ("read-and-verify", || {
        let (text, key) = cases::real_reply();
        let key = Secret::from(&*key);
        Box::new(move || drop(black_box(cases::read_and_verify(black_box(&text), &key))))
    }),
    ("prepare-to-judge", || {
        let client = cases::client();
        Box::new(move || {
            let mut prepared = client.prepare(black_box(&cases::red_packet(cases::NUMBER))).expect("prepared");
            drop(black_box(client.send(&mut prepared)));
        })
    }),
];
