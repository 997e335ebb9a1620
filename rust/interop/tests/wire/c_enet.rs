//! The installed C library as an [`Endpoint`], in a driver process that is spoken to by lines.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use enet_proto::PacketFlags;

use crate::endpoint::{Endpoint, Goodbye, Options, Seen};

/// Compiles the driver once; `None`, said on standard error, if the compiler or the library is missing.
///
/// With `ENET_INTEROP_REQUIRE_C` set, that is a failure instead.
pub(crate) fn driver() -> Option<&'static PathBuf> {
    static DRIVER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let driver = DRIVER.get_or_init(|| match compile() {
        Ok(path) => Some(path),
        Err(reason) => {
            assert!(
                std::env::var_os("ENET_INTEROP_REQUIRE_C").is_none(),
                "C ENet is required: {reason}"
            );
            let notice = format!("\nSKIPPED: no test against C ENet, because {reason}\n");
            // Written past the test harness, which shows what it captures of failed tests only.
            std::io::stderr()
                .write_all(notice.as_bytes())
                .expect("standard error is open");
            None
        }
    });
    driver.as_ref()
}

fn compile() -> Result<PathBuf, String> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wire/c_enet_driver.c");
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("c_enet_driver");
    let output = Command::new("cc")
        .args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .args([source, "-lenet"])
        .output()
        .map_err(|error| format!("cc does not run: {error}"))?;
    if output.status.success() {
        return Ok(program);
    }
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        message.contains("enet/enet.h: No such file") || message.contains("-lenet"),
        "the driver does not compile:\n{message}"
    );
    Err("the library is not installed (package libenet-dev on Debian)".to_owned())
}

pub(crate) struct CEnet {
    process: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    sent: Vec<(SocketAddr, Vec<u8>)>,
    events: Vec<Seen>,
}

impl CEnet {
    pub(crate) fn new(driver: &PathBuf, options: Options) -> Self {
        let flag = |on: bool| if on { "1" } else { "0" };
        let mut process = Command::new(driver)
            .args([options.peer_count, options.channel_limit].map(|number| number.to_string()))
            .args(
                [options.incoming_bandwidth, options.outgoing_bandwidth]
                    .map(|number| number.to_string()),
            )
            .args([flag(options.range_coder), flag(options.checksum)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the driver starts");
        let commands = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("standard output is a pipe"));
        Self {
            process,
            commands,
            answers,
            sent: Vec::new(),
            events: Vec::new(),
        }
    }

    fn tell(&mut self, command: &str) {
        let commands = self.commands.as_mut().expect("open until dropped");
        writeln!(commands, "{command}").expect("the driver runs");
    }

    /// Reads answers up to the one that begins with `last`, and returns what follows there.
    fn answers_up_to(&mut self, last: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self
                .answers
                .read_line(&mut line)
                .expect("the driver writes text");
            assert!(length > 0, "the driver died before it answered \"{last}\"");
            let (word, rest) = line
                .trim_end()
                .split_once(' ')
                .unwrap_or((line.trim_end(), ""));
            if word == last {
                return rest.to_owned();
            }
            self.take_answer(word, rest);
        }
    }

    fn take_answer(&mut self, word: &str, rest: &str) {
        let fields: Vec<&str> = rest.split(' ').collect();
        let number = |index: usize| fields[index].parse::<u32>().expect("a number");
        match word {
            "datagram" => {
                let port = fields[1].parse::<u16>().expect("a port");
                let address = SocketAddr::from((Ipv4Addr::from(number(0)), port));
                self.sent.push((address, bytes_of(fields[2])));
            }
            "connected" => self.events.push(Seen::Connect { data: number(0) }),
            "disconnected" => self.events.push(Seen::Disconnect { data: number(0) }),
            "received" => self.events.push(Seen::Receive {
                channel_id: fields[0].parse().expect("a channel"),
                flags: Some(PacketFlags::from_bits(number(1)).expect("flags of a received packet")),
                data: bytes_of(fields[2]),
            }),
            _ => panic!("the driver said \"{word}\""),
        }
    }
}

impl Endpoint for CEnet {
    fn connect(&mut self, address: SocketAddr, channel_count: usize, data: u32) {
        let (host, port) = numbers_of(address);
        self.tell(&format!("connect {host} {port} {channel_count} {data}"));
    }

    fn send(&mut self, channel_id: u8, flags: PacketFlags, data: &[u8]) -> bool {
        self.tell(&format!(
            "send {channel_id} {} {}",
            flags.bits(),
            hex_of(data)
        ));
        self.answers_up_to("accepted") == "1"
    }

    fn end(&mut self, goodbye: Goodbye, data: u32) {
        let how = match goodbye {
            Goodbye::Disconnect => "disconnect",
            Goodbye::Now => "now",
            Goodbye::Later => "later",
        };
        self.tell(&format!("end {how} {data}"));
    }

    fn service(
        &mut self,
        now_micros: u64,
        datagrams: Vec<(SocketAddr, Vec<u8>)>,
    ) -> Vec<(SocketAddr, Vec<u8>)> {
        for (from, data) in datagrams {
            let (host, port) = numbers_of(from);
            self.tell(&format!("datagram {host} {port} {}", hex_of(&data)));
        }
        self.tell(&format!("service {}", now_micros / 1000));
        self.answers_up_to("done");
        std::mem::take(&mut self.sent)
    }

    fn memory(&mut self) -> usize {
        self.tell("memory");
        let bytes = self.answers_up_to("memory");
        bytes.parse().expect("a number")
    }

    fn take_events(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.events)
    }
}

impl Drop for CEnet {
    fn drop(&mut self) {
        self.commands = None; // The end of its input ends the driver.
        let status = self.process.wait();
        if !std::thread::panicking() {
            assert!(
                status.is_ok_and(|status| status.success()),
                "the driver failed"
            );
        }
    }
}

fn numbers_of(address: SocketAddr) -> (u32, u16) {
    let SocketAddr::V4(address) = address else {
        panic!("the library knows IPv4 only")
    };
    ((*address.ip()).into(), address.port())
}

fn hex_of(data: &[u8]) -> String {
    if data.is_empty() {
        return "-".to_owned();
    }
    let mut hex = String::with_capacity(2 * data.len());
    for byte in data {
        write!(hex, "{byte:02x}").expect("a string takes everything");
    }
    hex
}

fn bytes_of(hex: &str) -> Vec<u8> {
    if hex == "-" {
        return Vec::new();
    }
    let digits = |index| u8::from_str_radix(&hex[index..index + 2], 16).expect("hex digits");
    (0..hex.len()).step_by(2).map(digits).collect()
}
