//! The program: parse, run, return the exit code; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    spanwatch::cli::run(std::env::args_os())
}
