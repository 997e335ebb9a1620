//! [`Diagnosis`]: why a handshake failed, which the engine does not tell.
//!
//! It tells that it failed, whatever the reason. So the handshake is repeated with less asked of the server, until it
//! succeeds: what was left out is the reason. Nothing is sent over these connections.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use godot::classes::{PacketPeerUdp, TlsOptions};
use godot::obj::{Gd, NewGd as _};

use super::DtlsFailure;
use super::contexts::{Context as _, Received};
use super::link::Link;
use crate::raw::SharedGd;

/// After this the reason is not looked for any more: the attempt is over, and somebody waits to hear it.
const LIMIT: Duration = Duration::from_secs(3);

pub(super) struct Diagnosis {
    to: SocketAddr,
    hostname: String,
    options: SharedGd<TlsOptions>,
    /// Still to be asked, the next one last.
    questions: Vec<Question>,
    /// The handshake that answers `asked`.
    link: Option<Link>,
    asked: Option<Question>,
    deadline: Instant,
}

/// A handshake in which something does not matter, and what it means if it succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Question {
    lets_pass: Lenience,
    meaning: DtlsFailure,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lenience {
    /// Any name.
    Name,
    /// Any certificate.
    Certificate,
}

/// What to ask when a handshake failed that demanded this, the first question last.
fn questions(checks_name: bool, has_chain: bool) -> Vec<Question> {
    let any_name = Question {
        lets_pass: Lenience::Name,
        meaning: DtlsFailure::WrongName,
    };
    let any_certificate = |meaning| Question {
        lets_pass: Lenience::Certificate,
        meaning,
    };
    match (checks_name, has_chain) {
        (true, true) => vec![any_certificate(DtlsFailure::NotTrusted), any_name],
        (true, false) => vec![any_certificate(DtlsFailure::Certificate)],
        (false, true) => vec![any_certificate(DtlsFailure::NotTrusted)],
        (false, false) => Vec::new(),
    }
}

impl Diagnosis {
    /// Begins to find out why the handshake with `to` failed.
    pub(super) fn new(
        to: SocketAddr,
        hostname: &str,
        options: &Gd<TlsOptions>,
        now: Instant,
    ) -> Self {
        let has_chain = options.get_trusted_ca_chain().is_some();
        Self {
            to,
            hostname: hostname.to_owned(),
            questions: questions(!options.is_unsafe_client(), has_chain),
            options: SharedGd::new(options.clone()),
            link: None,
            asked: None,
            deadline: now + LIMIT,
        }
    }

    /// Goes on; `Some` when the reason is found, or cannot be.
    pub(super) fn poll(&mut self, now: Instant) -> Option<DtlsFailure> {
        if now >= self.deadline {
            return Some(DtlsFailure::Handshake);
        }
        loop {
            if let (Some(link), Some(asked)) = (&mut self.link, self.asked) {
                match link.receive() {
                    Received::Handshaking => return None,
                    Received::Nothing | Received::Datagram(_) => return Some(asked.meaning),
                    Received::Over => {}
                }
            }
            let Some(question) = self.questions.pop() else {
                return Some(DtlsFailure::Handshake);
            };
            self.asked = Some(question);
            self.link = self.ask(question.lets_pass);
        }
    }

    fn ask(&self, lets_pass: Lenience) -> Option<Link> {
        let options = match (lets_pass, self.options.get().get_trusted_ca_chain()) {
            (Lenience::Name, Some(chain)) => {
                TlsOptions::client_unsafe_ex().trusted_chain(&chain).done()
            }
            (Lenience::Name, None) | (Lenience::Certificate, _) => TlsOptions::client_unsafe(),
        };
        let mut socket = PacketPeerUdp::new_gd();
        Link::begin(&mut socket, self.to, &self.hostname, &options?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_demand_that_may_have_failed_is_left_out_once_and_the_name_first() {
        let meanings = |checks_name, has_chain| {
            let mut asked = questions(checks_name, has_chain);
            asked.reverse();
            asked
                .iter()
                .map(|question| (question.lets_pass, question.meaning))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            meanings(true, true),
            [
                (Lenience::Name, DtlsFailure::WrongName),
                (Lenience::Certificate, DtlsFailure::NotTrusted),
            ]
        );
        assert_eq!(
            meanings(true, false),
            [(Lenience::Certificate, DtlsFailure::Certificate)]
        );
        assert_eq!(
            meanings(false, true),
            [(Lenience::Certificate, DtlsFailure::NotTrusted)]
        );
        assert_eq!(meanings(false, false), []);
    }
}
