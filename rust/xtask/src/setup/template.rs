//! The export template: the program that a game becomes when it is exported for release.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::{ask_version, cached_program, debian, fetch, godot};
use crate::process::Godot;
use crate::workspace;

/// The package of Debian, and the program in it.
pub(super) const PACKAGE: &str = "godot-template-release";

/// What Godot calls the template in the folder of its version.
const FILE_NAME: &str = "linux_release.x86_64";

/// Where the template for release is.
#[derive(Debug)]
pub(crate) enum Template {
    /// Where Godot itself looks: it was installed with "Manage Export Templates".
    Installed,
    /// Elsewhere; [`Self::offer`] puts it where Godot looks.
    Fetched(PathBuf),
}

/// Finds or fetches Godot and a template of its version.
///
/// # Errors
/// As [`super::godot`]; or if there is no template of Godot's version, and none can be fetched.
pub(crate) fn godot_and_template() -> Result<(Godot, Template)> {
    let found = godot()?;
    if data_home().is_some_and(|home| path_below(&home, &found.version).is_file()) {
        return Ok((found, Template::Installed));
    }
    let template = cached_or_fetched(&workspace::cache_dir()?, &found)?;
    // If Godot is that of the cache, it may be a new one now.
    let found = godot()?;
    let version = ask_version(&template)?.version;
    ensure!(
        folder_name(&version) == folder_name(&found.version),
        "Godot is {}, and its export template of {version} does not fit. {}",
        found.version,
        advice(&found)
    );
    Ok((found, Template::Fetched(template)))
}

impl Template {
    /// Makes Godot find the template if `data_home` is its `$XDG_DATA_HOME`; answers whether it has to be.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn offer(&self, data_home: &Path, godot: &Godot) -> Result<bool> {
        let Self::Fetched(template) = self else {
            return Ok(false);
        };
        workspace::link_or_copy(template, &path_below(data_home, &godot.version))?;
        Ok(true)
    }
}

fn cached_or_fetched(cache: &Path, godot: &Godot) -> Result<PathBuf> {
    let lock = workspace::lock(&cache.join("setup.lock"))?;
    let template = cached_program(cache, PACKAGE);
    if !template.exists() {
        ensure!(debian::is_usable(), "no export template. {}", advice(godot));
        fetch(cache, &lock).with_context(|| format!("no export template. {}", advice(godot)))?;
    }
    Ok(template)
}

fn advice(godot: &Godot) -> String {
    format!(
        "Install those of Godot {} with the editor: Editor > Manage Export Templates.",
        folder_name(&godot.version)
    )
}

/// The user's folder of data, where Godot has its own folder.
fn data_home() -> Option<PathBuf> {
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
}

fn path_below(data_home: &Path, version: &str) -> PathBuf {
    data_home
        .join("godot/export_templates")
        .join(folder_name(version))
        .join(FILE_NAME)
}

/// The folder of a version's templates: its number and state, and `mono` if it has that, but not who built it.
fn folder_name(version: &str) -> String {
    let parts: Vec<&str> = version.split('.').collect();
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = parts.iter().take_while(|part| is_number(part)).count();
    let is_mono = parts.get(numbers + 1) == Some(&"mono");
    let kept = (numbers + 1 + usize::from(is_mono)).min(parts.len());
    parts[..kept].join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_lie_in_the_folder_of_the_version_whoever_built_it() {
        let cases = [
            ("4.6.3.stable.debian4.6.3+ds-2", "4.6.3.stable"),
            ("4.6.stable.official.77dcf97d8", "4.6.stable"),
            ("4.6.3.stable.mono.official.77dcf97d8", "4.6.3.stable.mono"),
            ("4.7.beta1.official.77dcf97d8", "4.7.beta1"),
            ("4.6.3.stable", "4.6.3.stable"),
        ];
        for (version, expected) in cases {
            assert_eq!(folder_name(version), expected, "{version}");
        }
    }
}
