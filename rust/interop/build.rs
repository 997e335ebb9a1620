//! Lets the tests' own definitions of some functions of C ENet, those of `c-enet`, take the place of the library's.

fn main() {
    println!("cargo::rerun-if-changed=../c-enet/exported.list");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        let list = concat!(env!("CARGO_MANIFEST_DIR"), "/../c-enet/exported.list");
        println!("cargo::rustc-link-arg-tests=-Wl,--dynamic-list={list}");
    }
}
