//! Lets the program's own definitions of some functions of C ENet take the place of the library's.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for symbol in [
        "enet_time_get",
        "enet_socket_create",
        "enet_socket_bind",
        "enet_socket_get_address",
        "enet_socket_set_option",
        "enet_socket_destroy",
        "enet_socket_send",
        "enet_socket_receive",
    ] {
        println!("cargo::rustc-link-arg-bins=-Wl,--export-dynamic-symbol={symbol}");
    }
}
