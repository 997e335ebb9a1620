//! The two commands of the migration page do in a project's folder what the page says of them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::workspace::{self, TestFolder};

const PAGE: &str = "docs/migrating.md";
const SCENARIO: &str = "godot-project/tests/scenarios/migration.gd";

/// Files of a project that the commands change: path, before, after.
const CHANGED: [(&str, &str, &str); 3] = [
    (
        "main.gd",
        "var p: ENetMultiplayerPeer = ENetMultiplayerPeer.new()\nvar all: Array[ENetPacketPeer]\n",
        "var p: ENetMultiplayerPeerRs = ENetMultiplayerPeerRs.new()\nvar all: Array[ENetPacketPeerRs]\n",
    ),
    (
        "a level/it's one.tscn",
        "script/source = \"extends ENetConnection # ENetConnection.COMPRESS_ZLIB\"\n",
        "script/source = \"extends ENetConnectionRs # ENetConnectionRs.COMPRESS_ZLIB\"\n",
    ),
    (
        "names.gd",
        "class MyENetConnection extends ENetConnection:\n\tvar ENetConnections: int\n",
        "class MyENetConnection extends ENetConnectionRs:\n\tvar ENetConnections: int\n",
    ),
];

/// Files that stay: of another kind, of Godot's cache, of the addon itself, without a name to replace.
const KEPT: [(&str, &str); 5] = [
    ("notes.md", "ENetConnection and ENetPacketPeerRs\n"),
    (
        ".godot/cache.gd",
        "extends ENetConnection # ENetConnectionRs\n",
    ),
    (
        "addons/enet_multiplayer_peer_rs/dock.gd",
        "var host: ENetConnectionRs # not ENetConnection\n",
    ),
    ("other.gd", "extends MultiplayerPeer\n"),
    ("empty.tscn", ""),
];

/// The blocks of `sh` in `page`, in their order.
fn shell_blocks(page: &str) -> Vec<&str> {
    page.split("\n```sh\n")
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap_or_default())
        .collect()
}

fn run(script: &str, folder: &Path) {
    let status = Command::new("sh")
        .args(["-ec", script])
        .current_dir(folder)
        .status()
        .unwrap();
    assert!(status.success(), "{script} ended with {status}");
}

fn assert_content(folder: &Path, is_replaced: bool, when: &str) {
    for (path, before, after) in CHANGED {
        let expected = if is_replaced { after } else { before };
        let text = fs::read_to_string(folder.join(path)).unwrap();
        assert_eq!(text, expected, "{path} {when}");
    }
    for (path, expected) in KEPT {
        let text = fs::read_to_string(folder.join(path)).unwrap();
        assert_eq!(text, expected, "{path} {when}");
    }
}

#[test]
fn the_commands_of_the_page_replace_the_names_there_again_and_back() {
    let page = fs::read_to_string(workspace::root().join(PAGE)).unwrap();
    let blocks = shell_blocks(&page);
    let [there, back] = blocks[..] else {
        panic!("{PAGE} has {} blocks of sh", blocks.len());
    };
    let folder = TestFolder::new("migration");
    let changed = CHANGED.iter().map(|(path, before, _)| (path, before));
    let kept = KEPT.iter().map(|(path, text)| (path, text));
    for (path, text) in changed.chain(kept) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    for (script, is_replaced, when) in [
        (there, true, "after the replacement"),
        (there, true, "after a second replacement"),
        (back, false, "after the way back"),
        (back, false, "after the way back again"),
    ] {
        run(script, folder.path());
        assert_content(folder.path(), is_replaced, when);
    }
}

/// The scenario runs inside Godot, without a shell: it replaces by itself.
#[test]
fn the_scenario_replaces_the_names_that_the_page_does() {
    let root = workspace::root();
    let scenario = fs::read_to_string(root.join(SCENARIO)).unwrap();
    let constant = |name: &str| {
        let line = scenario
            .lines()
            .find_map(|line| line.strip_prefix(&format!("const {name}: String = \"")));
        line.unwrap().strip_suffix('"').unwrap()
    };
    let pattern = constant("NAMES").replace(r"\\", r"\");
    let replacement = constant("REPLACEMENT").replace("$0", "&");
    let page = fs::read_to_string(root.join(PAGE)).unwrap();
    let there = shell_blocks(&page)[0];
    for part in [
        format!(" '{pattern}' . "),
        format!("'s/{pattern}/{replacement}/g'"),
    ] {
        assert!(there.contains(&part), "{part} in\n{there}");
    }
}
