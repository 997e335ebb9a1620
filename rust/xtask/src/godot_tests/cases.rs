//! Which scenarios are played, with which class in which role.

use std::time::Duration;

/// A peer class of Godot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// The engine's own, which must behave as the scenario says too: it proves the scenario, and the wire.
    BuiltIn,
    /// The successor.
    Ours,
    /// The successor without its network thread.
    Unthreaded,
}

/// A run of one scenario.
#[derive(Debug)]
pub(super) struct Case {
    /// The scenario and the classes, of the server first: `packets ours/built-in`.
    pub(super) name: String,
    /// A file in `godot-project/tests/scenarios`, without its ending.
    pub(super) scenario: &'static str,
    /// One process each.
    pub(super) players: Vec<Player>,
    /// For all its processes together; generous, since others may be using the machine.
    pub(super) limit: Duration,
}

/// A process of a case.
#[derive(Debug)]
pub(super) struct Player {
    pub(super) role: &'static str,
    class: Class,
    /// The class on the far side, for scenarios that play both in one process.
    other: Option<Class>,
    expect: Option<&'static str>,
}

/// Scenarios of several processes that are played by every pair of classes, and their roles.
const SESSIONS: [(&str, &[&str]); 6] = [
    ("rpc", &["server", "alpha", "beta"]),
    ("packets", &["server", "client"]),
    ("replication", &["server", "alpha", "beta"]),
    ("lifecycle", &["server", "client"]),
    ("scene_session", &["server", "client"]),
    ("compression_session", &["server", "client"]),
];

/// The roles of a mesh, and the classes in them: in the mixed ones each role is played by both, and each two classes
/// are on both ends of a link.
const MESH_ROLES: [&str; 4] = ["one", "two", "three", "four"];
const MESHES: [(&str, [Class; 4]); 5] = [
    ("built-in", [Class::BuiltIn; 4]),
    ("ours", [Class::Ours; 4]),
    ("unthreaded", [Class::Unthreaded; 4]),
    (
        "ours+built-in",
        [Class::Ours, Class::BuiltIn, Class::Ours, Class::BuiltIn],
    ),
    (
        "built-in+ours",
        [Class::BuiltIn, Class::Ours, Class::BuiltIn, Class::Ours],
    ),
];

/// Scenarios of one process, and the pairs that play them.
const SINGLE: [(&str, &[(Class, Class)]); 34] = [
    ("sequences", &[OURS, UNTHREADED]),
    ("outcomes", &[OURS, UNTHREADED, OUR_SERVER, OUR_CLIENT]),
    ("settings", &[OURS, UNTHREADED]),
    ("reentrant", &[OURS, UNTHREADED]),
    ("cycles", &[BUILT_IN, OURS, UNTHREADED]),
    ("inactive", &[BUILT_IN, OURS]),
    ("arguments", &[BUILT_IN, OURS]),
    ("addressing", &ALL_PAIRS),
    ("admission", &ALL_PAIRS),
    ("entry", &[OURS, OUR_SERVER, UNTHREADED]),
    ("bans", &[OURS, OUR_SERVER, UNTHREADED]),
    ("statistics", &[OURS, OUR_SERVER, UNTHREADED]),
    ("limits", &[OURS, OUR_SERVER, UNTHREADED]),
    ("entry_ids", &[OURS, OUR_SERVER, OUR_CLIENT, UNTHREADED]),
    ("compression", &ALL_PAIRS),
    ("names", &[OURS, UNTHREADED]),
    ("dtls", &[OURS, UNTHREADED]),
    ("dtls_contexts", &[OURS, UNTHREADED]),
    ("dtls_wire", &[OURS, UNTHREADED]),
    ("defects", &[OURS, OUR_SERVER, UNTHREADED]),
    ("mesh", &ALL_PAIRS),
    ("mesh_leaving", &ALL_PAIRS),
    ("mesh_pair", &[OURS]),
    ("defects_of_traffic", &[OURS, OUR_SERVER, UNTHREADED]),
    ("ip_versions", &[OURS, UNTHREADED]),
    ("call_costs", &[BUILT_IN, OURS, UNTHREADED]),
    ("migration", &[BUILT_IN, OURS]),
    ("dead_peers", &[BUILT_IN, OURS, UNTHREADED]),
    ("threads", &[BUILT_IN, OURS, UNTHREADED]),
    ("subclass", &[BUILT_IN, OURS]),
    ("left_open", &[BUILT_IN, OURS, UNTHREADED]),
    ("forgotten", &[BUILT_IN, OURS, OUR_CLIENT, UNTHREADED]),
    ("help_pages", &[OURS]),
    ("reflection", &[OURS]),
];

/// Server and client of the encrypted session. The engine's own class has no DTLS in the builds of distributions.
const ENCRYPTED: [(Class, Class); 3] = [OURS, UNTHREADED, (Class::Ours, Class::Unthreaded)];

/// Scenarios of a server and a client that end in one way or another: the classes, and what becomes of the client or its
/// packets. They last for long.
const ENDINGS: [(&str, Class, Class, &str); 8] = [
    ("stall", Class::Ours, Class::Ours, "kept"),
    ("stall", Class::BuiltIn, Class::Ours, "kept"),
    ("stall", Class::BuiltIn, Class::BuiltIn, "dropped"),
    ("unthrottled", Class::Ours, Class::Ours, "kept"),
    ("unthrottled", Class::Ours, Class::BuiltIn, "kept"),
    ("unthrottled", Class::BuiltIn, Class::Ours, "kept"),
    ("unthrottled", Class::Unthreaded, Class::Unthreaded, "kept"),
    ("unthrottled", Class::BuiltIn, Class::BuiltIn, "dropped"),
];

const BUILT_IN: (Class, Class) = (Class::BuiltIn, Class::BuiltIn);
const OURS: (Class, Class) = (Class::Ours, Class::Ours);
const UNTHREADED: (Class, Class) = (Class::Unthreaded, Class::Unthreaded);
const OUR_SERVER: (Class, Class) = (Class::Ours, Class::BuiltIn);
const OUR_CLIENT: (Class, Class) = (Class::BuiltIn, Class::Ours);
const ALL_PAIRS: [(Class, Class); 5] = [BUILT_IN, OUR_SERVER, OUR_CLIENT, OURS, UNTHREADED];

const LIMIT: Duration = Duration::from_secs(300);

/// Every case, the long ones first so that they run beside the others.
pub(super) fn all() -> Vec<Case> {
    let endings = ENDINGS
        .map(|(scenario, server, client, expect)| Case::ending(scenario, server, client, expect));
    let single = SINGLE.into_iter().flat_map(|(scenario, pairs)| {
        pairs
            .iter()
            .map(move |&(class, other)| Case::single(scenario, class, other))
    });
    let sessions = SESSIONS.into_iter().flat_map(|(scenario, roles)| {
        ALL_PAIRS.map(|(server, client)| Case::session(scenario, roles, server, client))
    });
    let encrypted = ENCRYPTED.map(|(server, client)| {
        Case::session("dtls_session", &["server", "client"], server, client)
    });
    let mixed = Case {
        name: "rpc ours/ours+built-in".to_owned(),
        scenario: "rpc",
        players: vec![
            Player::new("server", Class::Ours),
            Player::new("alpha", Class::Ours),
            Player::new("beta", Class::BuiltIn),
        ],
        limit: LIMIT,
    };
    // As `cargo xtask hostile` plays it, but in peace.
    let siege = [OUR_SERVER, OURS]
        .map(|(server, client)| Case::session("siege", &["server", "clients"], server, client));
    // As `cargo xtask soak` plays it, but shortly and on a good network.
    let soak = [OUR_SERVER, OURS].map(|(server, client)| {
        Case::session("soak", &["server", "clients", "crasher"], server, client)
    });
    let meshes = MESHES.map(|(name, classes)| Case::mesh(name, classes));
    endings
        .into_iter()
        .chain(single)
        .chain(sessions)
        .chain(encrypted)
        .chain([mixed])
        .chain(siege)
        .chain(soak)
        .chain(meshes)
        .collect()
}

impl Class {
    /// The name by which Godot knows it.
    fn godot_name(self) -> &'static str {
        match self {
            Self::BuiltIn => "ENetMultiplayerPeer",
            Self::Ours | Self::Unthreaded => "ENetMultiplayerPeerRs",
        }
    }

    /// What tells a process of Godot to play with this class.
    pub(crate) fn arguments(self) -> Vec<String> {
        let mut arguments = vec![format!("--class={}", self.godot_name())];
        if self == Self::Unthreaded {
            arguments.push("--unthreaded".to_owned());
        }
        arguments
    }

    /// The name by which people know it here.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Ours => "ours",
            Self::Unthreaded => "unthreaded",
        }
    }
}

impl Case {
    /// The first of `roles` is the server.
    fn session(
        scenario: &'static str,
        roles: &[&'static str],
        server: Class,
        client: Class,
    ) -> Self {
        let mut class = server;
        let players = roles
            .iter()
            .map(|role| Player::new(role, std::mem::replace(&mut class, client)))
            .collect();
        Self {
            name: format!("{scenario} {}/{}", server.label(), client.label()),
            scenario,
            players,
            limit: LIMIT,
        }
    }

    fn mesh(name: &str, classes: [Class; 4]) -> Self {
        let players = MESH_ROLES.into_iter().zip(classes);
        Self {
            name: format!("mesh_session {name}"),
            scenario: "mesh_session",
            players: players
                .map(|(role, class)| Player::new(role, class))
                .collect(),
            limit: LIMIT,
        }
    }

    fn single(scenario: &'static str, class: Class, other: Class) -> Self {
        let mut player = Player::new("both", class);
        player.other = Some(other);
        Self {
            name: format!("{scenario} {}/{}", class.label(), other.label()),
            scenario,
            players: vec![player],
            limit: LIMIT,
        }
    }

    /// Whether only the engine's own class plays.
    pub(super) fn is_without_ours(&self) -> bool {
        let is_built_in = |class| class == Class::BuiltIn;
        self.players
            .iter()
            .all(|player| is_built_in(player.class) && player.other.is_none_or(is_built_in))
    }

    fn ending(scenario: &'static str, server: Class, client: Class, expect: &'static str) -> Self {
        let mut case = Self::session(scenario, &["server", "client"], server, client);
        for player in &mut case.players {
            player.expect = Some(expect);
        }
        case
    }
}

impl Player {
    fn new(role: &'static str, class: Class) -> Self {
        Self {
            role,
            class,
            other: None,
            expect: None,
        }
    }

    /// What tells the process its part, beside the scenario and the ports.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![format!("--role={}", self.role)];
        arguments.extend(self.class.arguments());
        if let Some(other) = self.other {
            arguments.push(format!("--other={}", other.godot_name()));
        }
        if let Some(expect) = self.expect {
            arguments.push(format!("--expect={expect}"));
        }
        arguments
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::workspace;

    #[test]
    fn every_session_is_played_by_every_pair_of_classes() {
        let names: HashSet<String> = all().into_iter().map(|case| case.name).collect();
        for (scenario, _) in SESSIONS {
            for pair in [
                "built-in/built-in",
                "built-in/ours",
                "ours/built-in",
                "ours/ours",
            ] {
                assert!(
                    names.contains(&format!("{scenario} {pair}")),
                    "{scenario} {pair}"
                );
            }
        }
    }

    #[test]
    fn names_are_unique_and_every_scenario_file_is_played() {
        let cases = all();
        let names: HashSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names.len(), cases.len());
        let played: HashSet<String> = cases
            .iter()
            .map(|case| format!("{}.gd", case.scenario))
            .collect();
        let folder = workspace::godot_project().join("tests/scenarios");
        let files: HashSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".gd"))
            .collect();
        assert_eq!(played, files);
    }
}
