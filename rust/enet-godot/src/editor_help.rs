//! The pages that F1 shows in Godot's editor.
//!
//! `doc_classes/` holds one page a class, in the format of Godot's own class reference, for readers of GDScript. They
//! are the only place where a method's arguments, units and errors are told: comments on `#[func]` say what a reader of
//! the Rust code needs beyond that. A scenario of the demo project's tests, `help_pages`, holds the pages against what
//! is registered, and runs their examples. Signals and virtual methods are inherited, so the text of a class tells
//! where they differ from their base class.

use crate::raw;

const PAGES: [&str; 3] = [
    include_str!("../doc_classes/ENetMultiplayerPeerRs.xml"),
    include_str!("../doc_classes/ENetConnectionRs.xml"),
    include_str!("../doc_classes/ENetPacketPeerRs.xml"),
];

/// Gives the pages to the editor. Called at the Editor stage, which exported games never reach.
pub(crate) fn register() {
    for page in PAGES {
        raw::load_help_page(page);
    }
}
