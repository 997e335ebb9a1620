//! Programs out of Debian packages, without installing them.
//!
//! `apt-get` runs with a state folder of its own and with the archive that the machine itself is set up for, but asks
//! that archive for a newer release. An empty status file makes it fetch every dependency, the C library too, so that
//! what is unpacked runs beside any older system. Nothing outside the given folders is written.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

/// Releases to ask, in this order: the first that has the packages is taken.
const RELEASES: [&str; 2] = ["forky", "sid"];

/// Folders below the library folder that hold libraries of some packages.
const LIBRARY_FOLDERS: [&str; 3] = ["pulseaudio", "blas", "lapack"];

/// Whether the machine has the programs that this needs.
pub(crate) fn is_usable() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let has = |name: &str| env::split_paths(&path).any(|folder| folder.join(name).is_file());
    ["apt-get", "dpkg", "dpkg-deb"].iter().all(|name| has(name))
}

/// Unpacks `packages` and all they depend on into `folder`, which is made.
///
/// - `work`: for apt's lists and downloads. An interrupted run goes on from there; a finished one removes it.
/// - `lock`: an empty file, locked. The programs started here hold it too: if this one is killed, the next waits for
///   what it has left running.
///
/// # Errors
/// If the machine is not set up for an archive of Debian, or none of the releases has the packages.
pub(crate) fn unpack(packages: &[&str], folder: &Path, work: &Path, lock: &File) -> Result<()> {
    let apt = Apt::new(work, lock)?;
    let archive = apt.find_archive()?;
    apt.download(packages, &archive)?;

    let archives = apt.downloads();
    let mut files: Vec<PathBuf> = fs::read_dir(&archives)
        .with_context(|| format!("cannot list {}", archives.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .collect();
    files.sort();
    println!("unpacking {} packages", files.len());
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for file in &files {
        let mut command = Command::new("dpkg-deb");
        run(command.arg("--extract").arg(file).arg(folder), lock)?;
    }
    fs::remove_dir_all(work).with_context(|| format!("cannot remove {}", work.display()))
}

/// Makes each `usr/bin/<program>` below `folder` run with the loader and the libraries there, once `folder` has been
/// moved to `home`. The package `patchelf` must have been unpacked too.
///
/// The paths are written into the program itself, so that a copy of it runs elsewhere on this machine. A script that
/// calls the loader would do for most uses, but then the system takes the loader for the running program, and Godot's
/// editor starts that when it plays a scene, and an exported game looks for its data beside that.
///
/// # Errors
/// If a file is missing in `folder`, or cannot be changed.
pub(crate) fn bind_libraries(folder: &Path, home: &Path, programs: &[&str]) -> Result<()> {
    let (libraries, loader) = find_loader(folder)?;
    let below = folder.join(&libraries);
    let patchelf = |arguments: &[&OsStr], file: &Path| {
        let mut command = Command::new(below.join(&loader));
        command
            .arg("--library-path")
            .arg(&below)
            .arg(folder.join("usr/bin/patchelf"));
        let output = command
            .args(arguments)
            .arg(file)
            .output()
            .context("cannot start patchelf")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "patchelf {}: {}",
            file.display(),
            errors.trim()
        );
        Ok(output.stdout)
    };
    // A search path of a library's own, often an absolute one, would keep the program's from being used.
    let entries =
        fs::read_dir(&below).with_context(|| format!("cannot list {}", below.display()))?;
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let is_library = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().contains(".so"));
        if !is_library || path.is_symlink() || !path.is_file() {
            continue;
        }
        // It fails on the few that are no libraries but texts for a linker.
        let own = patchelf(&["--print-rpath".as_ref()], &path).unwrap_or_default();
        if !own.trim_ascii().is_empty() {
            patchelf(&["--remove-rpath".as_ref()], &path)?;
        }
    }
    let here = home.join(&libraries);
    let mut search = here.as_os_str().to_owned();
    for name in LIBRARY_FOLDERS
        .iter()
        .filter(|name| below.join(name).is_dir())
    {
        search.push(":");
        search.push(here.join(name));
    }
    let interpreter = here.join(&loader);
    let arguments: [&OsStr; 5] = [
        "--set-interpreter".as_ref(),
        interpreter.as_ref(),
        "--force-rpath".as_ref(),
        "--set-rpath".as_ref(),
        &search,
    ];
    for program in programs {
        patchelf(&arguments, &folder.join("usr/bin").join(program))?;
    }
    Ok(())
}

/// Where the unpacked libraries are, relative to `folder`, and the dynamic loader's name among them.
fn find_loader(folder: &Path) -> Result<(PathBuf, String)> {
    let base = folder.join("usr/lib");
    for entry in fs::read_dir(&base).with_context(|| format!("cannot list {}", base.display()))? {
        let libraries = entry?.path();
        let Ok(names) = fs::read_dir(&libraries) else {
            continue;
        };
        for name in names.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
            if name.starts_with("ld-linux") && name.contains(".so.") {
                let libraries = libraries
                    .strip_prefix(folder)
                    .expect("listed below it")
                    .to_path_buf();
                return Ok((libraries, name));
            }
        }
    }
    bail!("{} holds no dynamic loader", base.display())
}

/// Where the machine gets its own packages, and how it knows that they are genuine.
#[derive(Debug, PartialEq, Eq)]
struct Archive {
    uri: String,
    /// The field of that name: a path or a whole key. Without it apt's trusted keys hold.
    signed_by: Option<String>,
}

/// `apt-get` with a state of its own.
struct Apt<'a> {
    work: PathBuf,
    lock: &'a File,
}

impl<'a> Apt<'a> {
    /// Prepares the folders; what is in them from an earlier run is kept.
    fn new(work: &Path, lock: &'a File) -> Result<Self> {
        let apt = Self {
            work: work.to_path_buf(),
            lock,
        };
        for folder in ["state/lists/partial", "cache/archives/partial", "sources"] {
            let path = work.join(folder);
            fs::create_dir_all(&path)
                .with_context(|| format!("cannot create {}", path.display()))?;
        }
        apt.write("status", "")?;
        apt.write("machine.conf", &apt.configuration(None))?;
        apt.write("private.conf", &apt.configuration(Some("sources")))?;
        Ok(apt)
    }

    /// Finds the archive of Debian among the machine's sources.
    fn find_archive(&self) -> Result<Archive> {
        // The origin is known only where package lists have been fetched: on a fresh machine that is done here.
        let mut targets = self.targets(None)?;
        if targets.is_empty() {
            println!(
                "apt has no package lists yet: reading them into the cache to find the archive"
            );
            // Some other source of the machine may fail; whether Debian's was read shows below.
            if let Err(error) = self.apt_get("machine.conf", &["update"]) {
                println!("apt-get update: {error:#}");
            }
            targets = self.targets(Some("machine.conf"))?;
        }
        let (uri, entry) = parse_targets(&targets)
            .context("this machine's apt has no source of Debian's packages")?;
        let file = entry.rsplit_once(':').map_or(entry, |(file, _)| file);
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
        Ok(Archive {
            uri: uri.to_owned(),
            signed_by: signed_by(&text, uri),
        })
    }

    /// The package lists of Debian that the machine knows, a line each: component, release, address, entry.
    fn targets(&self, configuration: Option<&str>) -> Result<String> {
        let mut command = Command::new("apt-get");
        if let Some(name) = configuration {
            command.arg("-c").arg(self.work.join(name));
        }
        command.args([
            "indextargets",
            "--format",
            "$(COMPONENT) $(RELEASE) $(REPO_URI) $(SOURCESENTRY)",
        ]);
        command.args(["Created-By: Packages", "Origin: Debian"]);
        let output = command
            .env("LC_ALL", "C")
            .output()
            .context("cannot start apt-get")?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Downloads `packages` and all they depend on from the first release that has them.
    fn download(&self, packages: &[&str], archive: &Archive) -> Result<()> {
        let mut failures = Vec::new();
        for release in RELEASES {
            println!(
                "fetching {} and all they need from Debian {release}",
                packages.join(" and ")
            );
            match self.download_from(release, packages, archive) {
                Ok(()) => return Ok(()),
                Err(error) => failures.push(format!("{release}: {error:#}")),
            }
        }
        bail!(
            "no release of Debian has {}\n{}",
            packages.join(", "),
            failures.join("\n")
        )
    }

    fn download_from(&self, release: &str, packages: &[&str], archive: &Archive) -> Result<()> {
        let mut source = format!(
            "Types: deb\nURIs: {}\nSuites: {release}\nComponents: main\n",
            archive.uri
        );
        if let Some(key) = &archive.signed_by {
            source += &format!("Signed-By: {key}\n");
        }
        self.write("sources/newer.sources", &source)?;
        self.apt_get("private.conf", &["update"])?;
        // Versions that an earlier, interrupted run fetched and that are out of date now must not be unpacked too.
        self.apt_get("private.conf", &["autoclean"])?;
        let install = [
            "--yes",
            "--no-install-recommends",
            "--download-only",
            "install",
        ];
        self.apt_get("private.conf", &[&install, packages].concat())
    }

    fn downloads(&self) -> PathBuf {
        self.work.join("cache/archives")
    }

    /// Runs apt-get; of its output shows how much there is to fetch, and everything in the error if it fails.
    fn apt_get(&self, configuration: &str, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new("apt-get");
        command
            .arg("-c")
            .arg(self.work.join(configuration))
            .arg("-q")
            .args(arguments);
        run(
            command
                .env("LC_ALL", "C")
                .env("DEBIAN_FRONTEND", "noninteractive"),
            self.lock,
        )
    }

    /// Settings on top of the machine's own ones, of which proxies and the like stay in force.
    ///
    /// - `sources`: a folder of sources to use instead of the machine's, relative to `work`.
    fn configuration(&self, sources: Option<&str>) -> String {
        let work = self.work.display();
        let sources = sources.map_or_else(String::new, |folder| {
            format!(
                "Dir::Etc::sourcelist \"/dev/null\";\nDir::Etc::sourceparts \"{work}/{folder}\";\n"
            )
        });
        format!(
            "Dir::State \"{work}/state\";\n\
             Dir::State::status \"{work}/status\";\n\
             Dir::Cache \"{work}/cache\";\n\
             Dir::Cache::archives \"archives\";\n\
             Dir::Etc::preferences \"/dev/null\";\n\
             Dir::Etc::preferencesparts \"/dev/null\";\n\
             {sources}\
             #clear APT::Default-Release;\n\
             #clear APT::Update::Pre-Invoke;\n\
             #clear APT::Update::Post-Invoke;\n\
             #clear APT::Update::Post-Invoke-Success;\n\
             #clear DPkg::Pre-Install-Pkgs;\n\
             APT::Sandbox::User \"\";\n\
             APT::Keep-Downloaded-Packages \"true\";\n\
             Acquire::Languages \"none\";\n\
             Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
             Acquire::Retries \"3\";\n\
             Acquire::http::Timeout \"30\";\n\
             Acquire::https::Timeout \"30\";\n"
        )
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.work.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Address and entry of the archive's main part in what `apt-get indextargets` printed.
fn parse_targets(text: &str) -> Option<(&str, &str)> {
    text.lines().find_map(|line| {
        let mut words = line.split(' ');
        let (component, release) = (words.next()?, words.next()?);
        let (uri, entry) = (words.next()?, words.next()?);
        // Updates and security fixes, `bookworm-security` and the like, lie in archives without the other releases.
        (component == "main" && !release.contains('-') && !release.contains('/'))
            .then_some((uri, entry))
    })
}

/// The key that a sources file names for `uri`, as the value of a `Signed-By` field.
///
/// Knows both forms of these files: paragraphs of fields, and a line for each source.
fn signed_by(text: &str, uri: &str) -> Option<String> {
    let uri = uri.trim_end_matches('/');
    let names_uri = |text: &str| {
        text.split_whitespace()
            .any(|word| word.trim_end_matches('/') == uri)
    };
    for paragraph in text.split("\n\n").filter(|paragraph| names_uri(paragraph)) {
        if let Some(value) = field(paragraph, "Signed-By") {
            return Some(value);
        }
    }
    let line = text
        .lines()
        .find(|line| line.starts_with("deb") && names_uri(line))?;
    let options = line.split_once('[')?.1.split_once(']')?.0;
    options
        .split_whitespace()
        .find_map(|option| Some(option.strip_prefix("signed-by=")?.replace(',', " ")))
}

/// The value of a field with its continuation lines.
fn field(paragraph: &str, name: &str) -> Option<String> {
    let mut lines = paragraph.lines();
    let start = lines.find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })?;
    let rest = lines.take_while(|line| line.starts_with([' ', '\t', '#']));
    Some(
        rest.filter(|line| !line.starts_with('#'))
            .fold(start, |value, line| format!("{value}\n{line}")),
    )
}

/// Runs a program quietly; its whole output is in the error if it fails.
///
/// - `lock`: an empty file, which is its standard input: so it holds the lock on it as long as it runs.
fn run(command: &mut Command, lock: &File) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(lock.try_clone().context("cannot share the lock")?)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let stderr = child.stderr.take().expect("piped above");
    let errors = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap_or_default());
    let mut text = String::new();
    for line in BufReader::new(child.stdout.take().expect("piped above"))
        .lines()
        .map_while(Result::ok)
    {
        if line.starts_with("Need to get") || line.starts_with("Fetched") {
            println!("  {line}");
        }
        text += &line;
        text.push('\n');
    }
    let status = child.wait()?;
    let errors = errors.join().expect("reading a pipe does not panic");
    ensure!(
        status.success(),
        "{program} ended with {status}:\n{text}{errors}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::TestFolder;

    #[test]
    fn the_archive_is_the_one_with_whole_releases() {
        let text = "main bookworm-security http://a.example/debian-security/ /etc/apt/sources.list.d/x.sources:2\n\
                    contrib bookworm http://b.example/debian/ /etc/apt/sources.list.d/x.sources:1\n\
                    main bookworm http://a.example/debian/ /etc/apt/sources.list.d/x.sources:1\n";
        let expected = (
            "http://a.example/debian/",
            "/etc/apt/sources.list.d/x.sources:1",
        );
        assert_eq!(parse_targets(text), Some(expected));
        assert_eq!(parse_targets(""), None);
        assert_eq!(parse_targets("main bookworm\n\nmain"), None);
    }

    #[test]
    fn the_key_is_found_in_paragraphs() {
        let text = "Types: deb\nURIs: http://other.example/x\nSigned-By: /other.gpg\n\n\
                    # a comment\nTypes: deb\nURIs: http://a.example/debian\nSuites: bookworm\nsigned-by: /a.gpg\n";
        assert_eq!(
            signed_by(text, "http://a.example/debian/").as_deref(),
            Some("/a.gpg")
        );
        assert_eq!(signed_by(text, "http://b.example/debian/"), None);
        let whole_key = "URIs: http://a.example/debian/\nSigned-By:\n -----BEGIN\n .\n abc\n -----END\nSuites: x\n";
        let expected = "\n -----BEGIN\n .\n abc\n -----END";
        assert_eq!(
            signed_by(whole_key, "http://a.example/debian").as_deref(),
            Some(expected)
        );
    }

    #[test]
    fn the_key_is_found_in_lines() {
        let text = "# deb [signed-by=/no.gpg] http://a.example/debian bookworm main\n\
                    deb [arch=amd64 signed-by=/a.gpg,/b.gpg] http://a.example/debian bookworm main\n";
        assert_eq!(
            signed_by(text, "http://a.example/debian/").as_deref(),
            Some("/a.gpg /b.gpg")
        );
        assert_eq!(
            signed_by(
                "deb http://a.example/debian bookworm main\n",
                "http://a.example/debian"
            ),
            None
        );
    }

    #[test]
    fn the_loader_is_found_whatever_the_processor() {
        let folder = TestFolder::new("loader");
        let libraries = folder.path().join("usr/lib/riscv64-linux-gnu");
        fs::create_dir_all(&libraries).unwrap();
        fs::write(folder.path().join("usr/lib/os-release"), "").unwrap();
        assert!(find_loader(folder.path()).is_err(), "there is none yet");
        fs::write(libraries.join("ld-linux-riscv64-lp64d.so.1"), "").unwrap();
        let expected = (
            PathBuf::from("usr/lib/riscv64-linux-gnu"),
            "ld-linux-riscv64-lp64d.so.1".to_owned(),
        );
        assert_eq!(find_loader(folder.path()).unwrap(), expected);
    }
}
