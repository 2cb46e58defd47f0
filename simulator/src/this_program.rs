//! Starting the program that runs, again, as another process.

use std::process::Command;

/// The program that runs, to be started again: tests kill it and look at what is left.
///
/// Under an emulator or with a board attached, cargo starts programs through the runner of the target. An emulator
/// starts no further process by itself, so the runner is put before the program here too.
///
/// # Panics
///
/// The system does not tell which program runs.
#[must_use]
pub fn this_program() -> Command {
    let program = std::env::current_exe().expect("the path of this program");
    let Some(runner) = std::env::vars().find_map(|(name, value)| runner(&name, value)) else {
        return Command::new(program);
    };
    let mut words = runner.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).arg(program);
    command
}

/// The value, if this variable is cargo's `CARGO_TARGET_<TRIPLE>_RUNNER` for the target this was compiled for.
///
/// A program is not told its triple, only its architecture and its C library, which is as much as a runner depends on.
fn runner(name: &str, value: String) -> Option<String> {
    let triple = name.strip_prefix("CARGO_TARGET_")?.strip_suffix("_RUNNER")?;
    let architecture = match std::env::consts::ARCH {
        "x86" => "I".into(),           // i586, i686
        other => other.to_uppercase(), // ARM begins armv7 as well
    };
    let same = triple.starts_with(&architecture) && triple.contains("_MUSL") == cfg!(target_env = "musl");
    (same && !value.trim().is_empty()).then_some(value)
}

#[cfg(all(test, target_arch = "x86_64", target_env = "gnu"))]
mod tests {
    use super::runner;

    #[test]
    fn only_the_runner_of_this_target_is_taken() {
        let of = |name| runner(name, "qemu-x86_64 -L /".into());
        assert_eq!(of("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER").as_deref(), Some("qemu-x86_64 -L /"));
        assert_eq!(of("CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUNNER"), None);
        assert_eq!(of("CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_RUNNER"), None);
        assert_eq!(of("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER"), None);
        assert_eq!(runner("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", " ".into()), None);
    }
}
