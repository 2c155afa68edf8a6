//! The fuzzer for the target that `FUZZ_TARGET` names: see `scripts/fuzz-parsers`.
#![no_main]

use std::sync::LazyLock;

use fuzz_parsers::{TARGETS, Target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var_os("FUZZ_TARGET").unwrap_or_default();
    let known = TARGETS.iter().find(|target| name == target.name);
    known.unwrap_or_else(|| std::process::exit(2))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
