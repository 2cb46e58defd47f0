//! Writes the C header from `src/capi`: `header FROM TO`.

use std::error::Error;

use cbindgen::{
    Builder, Config, DocumentationStyle, EnumConfig, ExportConfig, FunctionConfig, Language, Layout, Style,
};

const TOP: &str = "\
/* wxpay-terminal: WeChat payments from POS terminals and kiosks, and never wrong about money.
 *
 * Written by cbindgen from src/capi. Do not edit: run `make header`. The first hour: docs/c-api.md.
 *
 * Rules of every function:
 * - It returns a wxt_code, or it is a getter that takes NULL.
 * - Outputs come last. Outcomes and reply pointers are set to WXT_UNKNOWN and NULL before anything else, also when the
 *   arguments are wrong. All other outputs are written only with WXT_DONE.
 * - `error` comes last of all and may be NULL. It is set to NULL with WXT_DONE, and to an error to be freed with
 *   wxt_error_free otherwise.
 * - Texts going in are NUL-terminated UTF-8, unless a length stands beside them. They are copied.
 * - Texts coming out are NUL-terminated UTF-8 and belong to the handle they were read from: they end with it.
 * - A _free function takes NULL. After it the handle and its texts must not be used. No thread may be in a call with a
 *   handle that is freed.
 * - Callbacks must not throw C++ exceptions, nor longjmp.
 * - There is no global state but the words of each thread's last call. A handle's thread rule stands at its type.
 * - C90 with <stdint.h>, or newer; C++98 with <stdint.h>, or newer.
 */";

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = std::env::args().skip(1);
    let (Some(from), Some(to)) = (paths.next(), paths.next()) else {
        return Err("header FROM TO".into());
    };
    let config = Config {
        language: Language::C,
        header: Some(TOP.into()),
        include_guard: Some("WXPAY_TERMINAL_H".into()),
        sys_includes: vec!["stddef.h".into(), "stdint.h".into()],
        no_includes: true,
        cpp_compat: true,
        style: Style::Both,
        line_length: 118,
        tab_width: 4,
        usize_is_size_t: true,
        documentation_style: DocumentationStyle::C,
        function: FunctionConfig { args: Layout::Auto, ..FunctionConfig::default() },
        enumeration: EnumConfig::default(),
        // Read through pointers that a callback lends, or only behind one: cbindgen would leave some of them out.
        export: ExportConfig {
            include: INCLUDE.iter().map(|name| (*name).into()).collect(),
            ..ExportConfig::default()
        },
        ..Config::default()
    };
    let folder = std::env::temp_dir().join(format!("wxpay-header-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut builder = Builder::new().with_config(config);
    for file in FILES {
        let plain = folder.join(file).with_extension("rs");
        std::fs::write(&plain, without_macro(&std::fs::read_to_string(format!("{from}/{file}.rs"))?))?;
        builder = builder.with_src(plain);
    }
    let bindings = builder.generate()?;
    std::fs::remove_dir_all(&folder)?;
    let mut written = Vec::new();
    bindings.write(&mut written);
    std::fs::write(to, old_compilers_too(&String::from_utf8(written)?))?;
    Ok(())
}

/// cbindgen reads functions, and no macros: those that `abi!` (src/capi/ffi.rs) makes are written out, without what they do.
fn without_macro(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line != "abi! {" {
            out += line;
            out.push('\n');
            continue;
        }
        while let Some(line) = lines.next().filter(|line| *line != "}") {
            let mut item = line.trim().to_string();
            let is_function = ["call ", "tell ", "get ", "free "].iter().any(|word| item.starts_with(word));
            while is_function && !item.ends_with('{') && !item.ends_with(';') {
                item += " ";
                item += lines.next().expect("a function ends").trim();
            }
            if is_function && item.ends_with('{') {
                // Its body ends where its own bracket does.
                lines.by_ref().find(|line| *line == "    }");
            }
            out += &if is_function { function(&item) } else { item };
            out.push('\n');
        }
    }
    out
}

/// `call f(a: A) {` as cbindgen reads it.
fn function(item: &str) -> String {
    let (kind, rest) = item.split_once(' ').expect("a kind");
    let (name, rest) = rest.split_once('(').expect("a name");
    let (arguments, rest) = rest.split_once(')').expect("arguments");
    let returned = match kind {
        "call" | "tell" => " -> wxt_code",
        "get" => rest.split_once(" =").expect("what it returns").0,
        _ => "",
    };
    let arguments = match (kind, arguments.split_once(": ")) {
        ("call", _) => format!("{arguments}, error: *mut *mut wxt_error"),
        ("get", Some((handle, kind))) => format!("{handle}: *const {kind}"),
        ("free", Some((handle, kind))) => format!("{handle}: *mut {kind}"),
        _ => arguments.to_string(),
    };
    format!("#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn {name}({arguments}){returned} {{ loop {{}} }}")
}

/// C90 has no `//` comments and no comma at the end of an enum, C++98 no enums with a type: there they are as large as an
/// `int`, which is the same. And what is one line stays one line.
fn old_compilers_too(header: &str) -> String {
    let typed = "#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L";
    let lines: Vec<&str> = header.lines().collect();
    let mut out = String::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let (next, after) = (lines.get(at + 1).unwrap_or(&""), lines.get(at + 2).unwrap_or(&""));
        match line {
            line if line.trim() == "/*" && after.trim() == "*/" => {
                out += &format!("{} {} */", line, next.trim());
                at += 2;
            }
            line if line.starts_with("}  //") => out.push('}'),
            line if *line == typed => out += "#if __cplusplus >= 201103L || __STDC_VERSION__ >= 202311L",
            line if line.starts_with("#endif") => out += "#endif",
            line if next.starts_with('}') => out += line.trim_end_matches(','),
            line => out += line,
        }
        out.push('\n');
        at += 1;
    }
    out
}

/// In the order in which a reader of the header meets them.
const FILES: &[&str] = &[
    "numbers",
    "ffi",
    "library",
    "requests",
    "accounts",
    "transports",
    "clients",
    "replies",
    "checks",
    "explanations",
    "notifications",
    "tills",
    "entries",
    "options",
    "bills",
    "cashier",
];

const INCLUDE: &[&str] = &[
    "wxt_gateway",
    "wxt_call",
    "wxt_sent",
    "wxt_stage",
    "wxt_phase",
    "wxt_language",
    "wxt_reversals",
    "wxt_finding",
    "wxt_warm",
    "wxt_recorded",
    "wxt_proof",
    "wxt_reading",
    "wxt_rsa",
    "wxt_bill",
    "wxt_difference_kind",
];
