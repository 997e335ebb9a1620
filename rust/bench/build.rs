//! Lets the program's own definitions of some functions of C ENet, those of `c-enet`, take the place of the library's.

fn main() {
    println!("cargo::rerun-if-changed=../c-enet/exported.list");
    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/../c-enet/exported.list");
    println!("cargo::rustc-link-arg-bins=-Wl,--dynamic-list={list}");
}
