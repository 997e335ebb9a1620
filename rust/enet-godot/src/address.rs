//! Addresses as scripts give them: literals, `*`, and names.

use std::net::{IpAddr, Ipv4Addr};

use enet_udp::Bind;
use godot::classes::Ip;
use godot::obj::Singleton as _;

use crate::error::AddressError;

/// The IP address that `text` spells, if it is a literal in Godot's sense; scopes (`%eth0`) are not.
pub(crate) fn parse_literal(text: &str) -> Option<IpAddr> {
    text.parse()
        .ok()
        .or_else(|| parse_dotted(text).map(IpAddr::V4))
}

/// Four decimal numbers. Godot allows leading zeros, which Rust refuses as ambiguous.
fn parse_dotted(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *octet = part.parse().ok()?;
    }
    parts.next().is_none().then(|| octets.into())
}

/// Where to listen: a literal, or every address for `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum BindAddress {
    /// `*`.
    #[default]
    Any,
    /// One address.
    One(IpAddr),
}

impl BindAddress {
    /// `None` if `text` is neither `*` nor a literal.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        parse_literal(text).map(Self::One)
    }

    /// This address with a port.
    pub(crate) fn with_port(self, port: u16) -> Bind {
        match self {
            Self::Any => Bind::Any { port },
            Self::One(address) => Bind::Address((address, port).into()),
        }
    }
}

/// Whether `text` can be the name of a machine: not empty, not `*`, and not a number that failed to be an address.
fn is_name(text: &str) -> bool {
    let last_label = text.trim_end_matches('.').rsplit('.').next().unwrap_or("");
    let is_number = last_label.bytes().all(|byte| byte.is_ascii_digit());
    !is_number && !text.contains([':', '%', '*'])
}

/// A remote machine as a script gives it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Remote<'a> {
    /// An IP address.
    Address(IpAddr),
    /// What can be the name of one.
    Name(&'a str),
}

impl<'a> Remote<'a> {
    /// # Errors
    /// [`AddressError::Unresolved`] for what is neither an address nor a name.
    pub(crate) fn parse(text: &'a str) -> Result<Self, AddressError> {
        match parse_literal(text) {
            Some(address) => Ok(Self::Address(address)),
            None if is_name(text) => Ok(Self::Name(text)),
            None => Err(AddressError::Unresolved(text.to_owned())),
        }
    }
}

/// The address that `text` stands for. A name is looked up through the engine, which blocks until the system answers.
///
/// # Errors
/// [`AddressError::Unresolved`] for what is no address and no name, and for a name that nobody knows.
pub(crate) fn resolve(text: &str) -> Result<IpAddr, AddressError> {
    match Remote::parse(text)? {
        Remote::Address(address) => Ok(address),
        Remote::Name(name) => parse_literal(&Ip::singleton().resolve_hostname(name).to_string())
            .ok_or_else(|| AddressError::Unresolved(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_godot_reads_them() {
        assert_eq!(parse_literal("127.0.0.1"), Some(Ipv4Addr::LOCALHOST.into()));
        assert_eq!(
            parse_literal("127.000.0.01"),
            Some(Ipv4Addr::LOCALHOST.into())
        );
        assert_eq!(
            parse_literal("::1"),
            Some(IpAddr::V6("::1".parse().unwrap()))
        );
        for wrong in [
            "",
            "*",
            "256.1.1.1",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.",
            "+1.2.3.4",
            "fe80::1%eth0",
            "localhost",
        ] {
            assert_eq!(parse_literal(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_bind_address_is_a_literal_or_a_star() {
        assert_eq!(BindAddress::parse("*"), Some(BindAddress::Any));
        assert_eq!(
            BindAddress::parse("0.0.0.0"),
            Some(BindAddress::One(Ipv4Addr::UNSPECIFIED.into()))
        );
        assert_eq!(BindAddress::parse("localhost"), None);
        assert_eq!(BindAddress::parse(""), None);
    }

    #[test]
    fn what_cannot_be_a_name_fails_at_once_d30() {
        for name in ["localhost", "example.com", "a1", "1.example"] {
            assert_eq!(Remote::parse(name), Ok(Remote::Name(name)));
        }
        for other in [
            "",
            "*",
            "256.1.1.1",
            "1.2.3",
            "fe80::1%eth0",
            "example.123",
            ".",
        ] {
            let unresolved = AddressError::Unresolved(other.to_owned());
            assert_eq!(Remote::parse(other), Err(unresolved));
        }
    }
}
