//! [`Proxy`]: the sockets of all flows, and what makes them move.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use enet_netsim::LinkStatistics;
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use serde::Serialize;

use crate::arguments::Arguments;
use crate::control::Order;
use crate::flow::{Flow, is_absence};

/// No datagram of ENet is longer.
const LONGEST: usize = 4096;
const LISTENER: Token = Token(0);
const CONTROL: Token = Token(1);
const FIRST_FLOW: usize = 2;
/// Longest wait, so that flows that are over are noticed.
const IDLE: Duration = Duration::from_secs(1);

/// What a proxy did, from start to end.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    flows: u64,
    cut: u64,
    outages: u64,
    sent: u64,
    delivered: u64,
    lost: u64,
    duplicated: u64,
    reordered: u64,
    /// Datagrams that arrived and the system did not take.
    refused: u64,
}

/// One proxy in front of one server.
pub(crate) struct Proxy {
    poll: Poll,
    listener: UdpSocket,
    control: UdpSocket,
    server: SocketAddr,
    seed: u64,
    started: Instant,
    flows: BTreeMap<usize, Flow>,
    by_client: BTreeMap<SocketAddr, usize>,
    report: Report,
}

impl Proxy {
    /// # Errors
    /// If a port is taken.
    pub(crate) fn open(arguments: &Arguments) -> Result<Self> {
        let bind = |address: SocketAddr| {
            let socket = UdpSocket::bind(address);
            socket.with_context(|| format!("cannot listen at {address}"))
        };
        let mut listener = bind(arguments.listen)?;
        let mut control = bind(arguments.control)?;
        let poll = Poll::new()?;
        let registry = poll.registry();
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        registry.register(&mut control, CONTROL, Interest::READABLE)?;
        Ok(Self {
            poll,
            listener,
            control,
            server: arguments.server,
            seed: arguments.seed,
            started: Instant::now(),
            flows: BTreeMap::new(),
            by_client: BTreeMap::new(),
            report: Report::default(),
        })
    }

    /// Carries datagrams until it is told to end.
    ///
    /// # Errors
    /// If the system gives no socket for a new client, or no events.
    pub(crate) fn run(mut self) -> Result<Report> {
        let mut events = Events::with_capacity(256);
        loop {
            self.wait(&mut events)?;
            // First of all, for an order is about what its sender sends next.
            if self.obey() {
                return Ok(self.end());
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.take_from_clients()?,
                    CONTROL => {}
                    Token(index) => self.take_from_server(index),
                }
            }
            let now = self.now();
            for flow in self.flows.values_mut() {
                self.report.refused += flow.deliver(now, &self.listener);
            }
            self.end_flows(|flow| flow.is_over(now));
        }
    }

    fn wait(&mut self, events: &mut Events) -> Result<()> {
        let next = self.flows.values().filter_map(Flow::next_arrival).min();
        let rest = next.map_or(IDLE, |next| {
            Duration::from_micros(next.saturating_sub(self.now())).min(IDLE)
        });
        match self.poll.poll(events, Some(rest)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            waited => waited.context("no events from the system"),
        }
    }

    /// Microseconds since the start.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).expect("less than 500,000 years")
    }

    fn take_from_clients(&mut self) -> Result<()> {
        let mut buffer = [0; LONGEST + 1];
        while let Some((len, client)) = arrived(|| self.listener.recv_from(&mut buffer)) {
            let now = self.now();
            let index = match self.by_client.get(&client) {
                Some(&index) => index,
                None => self.open_flow(client, now)?,
            };
            if let Some(flow) = self.flows.get_mut(&index) {
                flow.take_from_client(now, &buffer[..len]);
            }
        }
        Ok(())
    }

    fn open_flow(&mut self, client: SocketAddr, now: u64) -> Result<usize> {
        let mut socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into())
            .context("no socket for a new client")?;
        socket.connect(self.server)?;
        let number = self.report.flows;
        let index = FIRST_FLOW + usize::try_from(number).context("too many flows")?;
        let registry = self.poll.registry();
        registry.register(&mut socket, Token(index), Interest::READABLE)?;
        let seed = self.seed.wrapping_add(number);
        let flow = Flow::new(client, self.server, socket, seed, now);
        self.flows.insert(index, flow);
        self.by_client.insert(client, index);
        self.report.flows += 1;
        Ok(index)
    }

    fn take_from_server(&mut self, index: usize) {
        let now = self.now();
        let Some(flow) = self.flows.get_mut(&index) else {
            return; // It is over.
        };
        let mut buffer = [0; LONGEST + 1];
        while let Some(len) = arrived(|| flow.socket.recv(&mut buffer)) {
            flow.take_from_server(now, &buffer[..len]);
        }
    }

    /// Does what was ordered; answers whether that was to end.
    fn obey(&mut self) -> bool {
        let mut buffer = [0; 64];
        while let Some(len) = arrived(|| self.control.recv(&mut buffer)) {
            match Order::parse(&buffer[..len]) {
                Some(Order::Cut(port)) => {
                    if let Some(flow) = self.flow_of(port) {
                        flow.cut();
                        self.report.cut += 1;
                    }
                }
                Some(Order::Forget(port)) => {
                    if let Some(flow) = self.flow_of(port) {
                        flow.cut();
                    }
                    self.by_client.remove(&client_at(port));
                }
                Some(Order::End) => return true,
                None => {}
            }
        }
        false
    }

    fn flow_of(&mut self, port: u16) -> Option<&mut Flow> {
        let index = self.by_client.get(&client_at(port))?;
        self.flows.get_mut(index)
    }

    fn end_flows(&mut self, is_over: impl Fn(&Flow) -> bool) {
        let report = &mut self.report;
        self.flows.retain(|_, flow| {
            let is_over = is_over(flow);
            if is_over {
                report.add(flow.statistics(), flow.outages());
            }
            !is_over
        });
        let flows = &self.flows;
        self.by_client.retain(|_, index| flows.contains_key(index));
    }

    fn end(mut self) -> Report {
        self.end_flows(|_| true);
        self.report
    }
}

impl Report {
    const fn add(&mut self, flow: LinkStatistics, outages: u64) {
        self.outages += outages;
        self.sent += flow.sent;
        self.delivered += flow.delivered;
        self.lost += flow.lost;
        self.duplicated += flow.duplicated;
        self.reordered += flow.reordered;
    }
}

/// All clients are on this machine.
fn client_at(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// What a receive call brought; what it tells of earlier datagrams that reached nobody is passed over.
fn arrived<T>(mut receive: impl FnMut() -> io::Result<T>) -> Option<T> {
    loop {
        match receive() {
            Ok(received) => return Some(received),
            Err(error) if is_absence(&error) => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket as StdSocket;
    use std::thread;

    use super::*;

    /// Asks at `to` again and again which port one is seen at, until there is an answer to this `question`.
    fn ask(socket: &StdSocket, to: SocketAddr, question: &[u8]) -> [u8; 2] {
        let mut buffer = [0; 64];
        socket
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        for _ in 0..100 {
            socket.send_to(question, to).unwrap();
            while let Ok(len) = socket.recv(&mut buffer) {
                if let Some((port, answered)) = buffer[..len].split_first_chunk()
                    && answered == question
                {
                    return *port;
                }
            }
        }
        panic!("no answer from {to}");
    }

    #[test]
    fn clients_reach_the_server_each_by_a_socket_of_its_own_until_told_to_end() {
        let open = || StdSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = open();
        let free = || open().local_addr().unwrap();
        let arguments = Arguments {
            listen: free(),
            server: server.local_addr().unwrap(),
            control: free(),
            seed: 3,
        };
        let proxy = Proxy::open(&arguments).unwrap();
        let running = thread::spawn(move || proxy.run().unwrap());
        // It answers each client with the port that it sees him at and his question, and ends with its socket's timeout.
        server
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let answering = thread::spawn(move || {
            let mut buffer = [0; 64];
            while let Ok((len, from)) = server.recv_from(&mut buffer) {
                if &buffer[..len] == b"over" {
                    return;
                }
                let answer = [&from.port().to_be_bytes(), &buffer[..len]].concat();
                server.send_to(&answer, from).unwrap();
            }
        });
        let (one, other) = (open(), open());
        let ports = [&one, &other].map(|client| ask(client, arguments.listen, b"who am I"));
        assert_ne!(ports[0], ports[1]);
        assert_eq!(ask(&one, arguments.listen, b"and now"), ports[0]);
        let order = format!("forget {}", one.local_addr().unwrap().port());
        one.send_to(order.as_bytes(), arguments.control).unwrap();
        let anew = ask(&one, arguments.listen, b"and who now");
        assert!(!ports.contains(&anew), "a port that the server knows");
        one.send_to(b"over", arguments.server).unwrap();
        answering.join().unwrap();
        one.send_to(b"end", arguments.control).unwrap();
        let report = running.join().unwrap();
        assert_eq!((report.flows, report.cut), (3, 0));
        assert!(report.delivered >= 8 && report.refused == 0, "{report:?}");
    }
}
