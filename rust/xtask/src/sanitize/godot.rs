//! AddressSanitizer in headless Godot.
//!
//! Godot itself has no sanitizer in it, so the runtime comes as a library that is loaded ahead of it: it then watches
//! every allocation of the process, and every access of the extension's own code.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{ADDRESS_FLAGS, Nightly, succeed};
use crate::process::Godot;
use crate::{godot_tests, setup, stage, workspace};

/// Scenarios by what they put at risk: memory lent to Godot, calls back into the caller, threads, transports, teardown.
const SCENARIOS: [&str; 6] = [
    "cycles",
    "reentrant",
    "dtls",
    "mesh",
    "packets",
    "lifecycle",
];

/// Godot leaks some at its end, and both it and we define what C++ programs define twice.
const OPTIONS: &str = "detect_leaks=0:detect_odr_violation=0:verify_asan_link_order=0";

const SHALLOW_DLOPEN: &str = include_str!("shallow_dlopen.c");

pub(super) fn lacks(nightly: &Nightly) -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("only Linux loads the runtime ahead of Godot".to_owned());
    }
    let has_compiler = Command::new("cc").arg("--version").output().is_ok();
    let lacks_compiler = (!has_compiler).then(|| "there is no C compiler here".to_owned());
    nightly.lacks_runtime("asan").or(lacks_compiler)
}

pub(super) fn run(nightly: &Nightly) -> Result<()> {
    let arguments = [
        "build",
        "--release",
        "--package",
        "enet-godot",
        "--no-default-features",
    ];
    nightly.cargo("address", ADDRESS_FLAGS, &arguments)?;
    let folder = Nightly::folder("address")?;
    let library = folder
        .join(&nightly.host)
        .join("release")
        .join(workspace::library_file_name());
    let godot = watched(&setup::godot_for_tests()?, nightly, &folder)?;
    let scenarios = SCENARIOS.map(str::to_owned);
    godot_tests::run_in(&stage::ready_with(godot, &library)?, &scenarios)
}

/// A Godot that has the runtime in it.
fn watched(godot: &Godot, nightly: &Nightly, folder: &Path) -> Result<Godot> {
    // By its usual name the runtime would take itself for another one.
    let (runtime, shallow) = (folder.join("libwatch.so"), folder.join("libshallow.so"));
    let archive = folder.join("asan.a");
    copy(&nightly.runtime("asan"), &archive)?;
    // Only a program may have what this member has in it.
    succeed(
        Command::new("ar")
            .arg("d")
            .arg(&archive)
            .arg("asan_preinit.cpp.o"),
    )?;
    succeed(
        Command::new("cc")
            .args(["-shared", "-o"])
            .arg(&runtime)
            .arg("-Wl,--whole-archive")
            .arg(&archive)
            .args(["-Wl,--no-whole-archive", "-lpthread", "-ldl", "-lrt", "-lm"])
            .arg("-lstdc++"),
    )?;
    let source = folder.join("shallow_dlopen.c");
    write(&source, SHALLOW_DLOPEN)?;
    succeed(
        Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .arg(&shallow)
            .arg(&source)
            .arg("-ldl"),
    )?;
    let program = folder.join("godot.sh");
    let script = format!(
        "#!/bin/sh\nexport LD_PRELOAD='{} {}' ASAN_OPTIONS={OPTIONS}\nexec '{}' \"$@\"\n",
        shallow.display(),
        runtime.display(),
        godot.program.display(),
    );
    write(&program, &script)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("cannot make {} a program", program.display()))?;
    }
    Ok(Godot {
        program,
        version: godot.version.clone(),
    })
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot write {}", to.display()))?;
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
