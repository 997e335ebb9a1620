#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| enet_fuzz::run("peer", data));
