//! `cargo xtask export`: the demo as an exported game, played and probed.
//!
//! A game for release is another program than the editor: it has other checks, another allocator's luck (defect D03
//! kills it where the editor survives), and finds the extension's library beside itself. The library is the one of
//! `cargo xtask stage`, optimised as a whole, which the other commands leave to their users.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::build::Profile;
use crate::process::{self, Godot, Launcher};
use crate::setup::{self, Template};
use crate::{args, build, demo, godot_tests, stage, workspace};

pub(crate) const HELP: &str = "\
Builds the extension as it is shipped, which takes some minutes the first time, and exports the demo for release with
Godot's export template. Then, with the exported game, all headless: plays a match with a server and two clients as
`cargo xtask demo` does, and runs the scenario that crashes a release build with the engine's own classes. Linux on
x86_64 only.

The template is looked for where Godot's editor installs it, then in the cache, where Debian's is fetched together with
Godot. It must be of the same version as Godot. The game lies in the folder `export` of Cargo's target folder.";

/// The name of the preset in `export_presets.cfg`.
const PRESET: &str = "Linux";

const PLAYERS: [&str; 2] = ["Ada", "Grace"];

/// Length of the match.
const SECONDS: u32 = 6;

/// An export takes some seconds; a slow machine may need many more.
const EXPORT_LIMIT: Duration = Duration::from_secs(180);

/// What Debian's template for release prints whenever a node leaves a container, in a project without any extension
/// too; the editor does not.
const NOISE: [&str; 1] = ["Attempt to disconnect a nonexistent connection"];

/// The scenario of defect D03: what it does to a release build of Godot with the built-in classes is a crash.
const CRASH_SCENARIO: &str = "dead_peers";

/// Whether the preset's system and processor are those of this machine.
pub(crate) const IS_SUPPORTED: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

pub(crate) fn run(args: &[String]) -> Result<()> {
    args::none("export", args)?;
    ensure!(
        IS_SUPPORTED,
        "the demo's export preset is for Linux on x86_64"
    );
    let game = Game::export()?;
    println!("exported {}", workspace::shown(&game.program()));
    let port = process::free_udp_port()?;
    demo::play(&game.launcher(), &PLAYERS, port, SECONDS)?;
    let tests = game.with_main_scene(godot_tests::RUNNER)?;
    godot_tests::play_scenario(&tests.launcher(), CRASH_SCENARIO)
}

/// An exported game: its folder, with the program, its data and the extension's library.
struct Game(PathBuf);

impl Game {
    const PROGRAM: &str = "demo.x86_64";
    const DATA: &str = "demo.pck";

    /// Exports the demo.
    fn export() -> Result<Self> {
        let (godot, template) = setup::godot_and_template()?;
        // One of the tests is played with the game.
        stage::ready_with(setup::godot_for_tests()?, &build::library(Profile::Dist)?)?;
        let folder = workspace::target_dir()?.join("export");
        let game = Self(folder.join("game"));
        game.clear()?;
        game.ask_for_export(&godot, &template)?;
        for file in game.files() {
            workspace::require_file(&file, "the export")?;
        }
        Ok(game)
    }

    fn ask_for_export(&self, godot: &Godot, template: &Template) -> Result<()> {
        let mut command = godot.command(&workspace::godot_project());
        command
            .args(["--export-release", PRESET])
            .arg(self.program());
        // The user's own folder of templates stays as it is.
        let data_home = workspace::target_dir()?.join("export/data");
        if template.offer(&data_home, godot)? {
            command.env("XDG_DATA_HOME", &data_home);
        }
        process::run_clean("export", &mut command, EXPORT_LIMIT)
    }

    /// The same game, but it starts with another scene. A game for release takes no scene from its command line.
    fn with_main_scene(&self, scene: &str) -> Result<Self> {
        let other = Self(self.0.with_file_name("tests"));
        other.clear()?;
        for (file, copy) in self.files().iter().zip(other.files()) {
            workspace::link_or_copy(file, &copy)?;
        }
        let settings = other.0.join("override.cfg");
        fs::write(
            &settings,
            format!("[application]\nrun/main_scene=\"{scene}\"\n"),
        )
        .with_context(|| format!("cannot write {}", settings.display()))?;
        Ok(other)
    }

    fn program(&self) -> PathBuf {
        self.0.join(Self::PROGRAM)
    }

    /// Everything that has to be in the folder.
    fn files(&self) -> [PathBuf; 3] {
        let library = workspace::library_file_name();
        [Self::PROGRAM, Self::DATA, &library].map(|name| self.0.join(name))
    }

    fn launcher(&self) -> Launcher {
        Launcher {
            program: self.program(),
            arguments: vec!["--headless".into()],
            allowed_errors: &NOISE,
        }
    }

    /// Makes the folder anew.
    fn clear(&self) -> Result<()> {
        workspace::remove_folder(&self.0)?;
        fs::create_dir_all(&self.0).with_context(|| format!("cannot create {}", self.0.display()))
    }
}
