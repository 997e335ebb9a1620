//! [`HostLimits`]: what others may cost a host, and the numbers by which scripts name each limit.

use enet_proto::Limits;
use enet_proto::consts::{HOST_DEFAULT_MAXIMUM_WAITING_DATA, PROTOCOL_MAXIMUM_PEER_ID};
use enet_udp::UdpHost;

use crate::error::SettingError;

/// All limits of a host; 0 lifts a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HostLimits {
    engine: Limits,
    connections_per_address: usize,
    memory_per_peer: usize,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self {
            engine: Limits::default(),
            connections_per_address: usize::from(PROTOCOL_MAXIMUM_PEER_ID),
            memory_per_peer: HOST_DEFAULT_MAXIMUM_WAITING_DATA,
        }
    }
}

/// A limit as a script names it: its constant, and where it is kept.
struct Named {
    constant: &'static str,
    field: fn(&mut HostLimits) -> Field<'_>,
}

enum Field<'a> {
    Count(&'a mut usize),
    Rate(&'a mut u32),
}

macro_rules! limits {
    ($($constant:literal: $kind:ident($($field:ident).+),)+) => {
        [$(Named {
            constant: $constant,
            field: |limits| Field::$kind(&mut limits.$($field).+),
        }),+]
    };
}

/// In order of their numbers.
static NAMED: [Named; 18] = limits! {
    "LIMIT_HALF_OPEN": Count(engine.half_open),
    "LIMIT_HALF_OPEN_PER_SOURCE": Count(engine.half_open_per_source),
    "LIMIT_WAITING": Count(engine.waiting),
    "LIMIT_WAITING_PER_SOURCE": Count(engine.waiting_per_source),
    "LIMIT_ATTEMPTS_PER_SECOND": Rate(engine.attempts),
    "LIMIT_REFUSALS_PER_SECOND": Rate(engine.refusals),
    "LIMIT_JOINS_PER_SECOND": Rate(engine.joins),
    "LIMIT_JOIN_BURST": Rate(engine.join_burst),
    "LIMIT_JOINS_PER_SECOND_PER_SOURCE": Rate(engine.joins_per_source),
    "LIMIT_JOIN_BURST_PER_SOURCE": Rate(engine.join_burst_per_source),
    "LIMIT_CONNECTIONS_PER_ADDRESS": Count(connections_per_address),
    "LIMIT_DATAGRAMS_PER_SECOND_PER_PEER": Rate(engine.datagrams_per_peer),
    "LIMIT_BYTES_PER_SECOND_PER_PEER": Rate(engine.bytes_per_peer),
    "LIMIT_MEMORY_PER_PEER": Count(memory_per_peer),
    "LIMIT_MEMORY": Count(engine.memory),
    "LIMIT_DECOMPRESSION_RATIO": Count(engine.decompression_ratio),
    "LIMIT_ACKNOWLEDGEMENTS_PER_DATAGRAM": Count(engine.acknowledgements_per_datagram),
    "LIMIT_LOG_LINES_PER_SECOND": Rate(engine.log_lines),
};

fn named(limit: i32) -> Result<&'static Named, SettingError> {
    let index = usize::try_from(limit).ok();
    index
        .and_then(|index| NAMED.get(index))
        .ok_or(SettingError::NoLimit {
            given: limit,
            last: NAMED.len() - 1,
        })
}

/// The constants with their numbers.
pub(crate) fn constants() -> Vec<(&'static str, i64)> {
    NAMED.iter().map(|named| named.constant).zip(0..).collect()
}

impl HostLimits {
    pub(crate) fn get(mut self, limit: i32) -> Result<i64, SettingError> {
        let value = match (named(limit)?.field)(&mut self) {
            Field::Count(count) => i64::try_from(*count),
            Field::Rate(rate) => Ok(i64::from(*rate)),
        };
        Ok(value.unwrap_or(i64::MAX))
    }

    /// Changes a limit: from 0, which lifts it, to what its kind of number can hold.
    pub(crate) fn set(&mut self, limit: i32, value: i64) -> Result<(), SettingError> {
        let named = named(limit)?;
        let wrong = |most| SettingError::Limit {
            name: named.constant,
            most,
            value,
        };
        match (named.field)(self) {
            Field::Count(count) => *count = usize::try_from(value).map_err(|_| wrong(i64::MAX))?,
            Field::Rate(rate) => {
                *rate = u32::try_from(value).map_err(|_| wrong(u32::MAX.into()))?
            }
        }
        Ok(())
    }

    /// Tells a host.
    pub(crate) fn apply(&self, host: &UdpHost) {
        let unless_lifted = |limit: usize| if limit == 0 { usize::MAX } else { limit };
        host.set_limits(self.engine);
        host.set_duplicate_peers(unless_lifted(self.connections_per_address));
        host.set_maximum_waiting_data(unless_lifted(self.memory_per_peer));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_limit_has_a_field_of_its_own() {
        let mut limits = HostLimits::default();
        let count = i32::try_from(NAMED.len()).unwrap();
        for limit in 0..count {
            limits.set(limit, 1000 + i64::from(limit)).unwrap();
        }
        for limit in 0..count {
            assert_eq!(limits.get(limit), Ok(1000 + i64::from(limit)));
        }
        let names: HashSet<_> = constants().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), NAMED.len());
    }

    #[test]
    fn what_is_no_limit_or_no_value_is_named_and_changes_nothing() {
        let mut limits = HostLimits::default();
        for wrong in [-1, 18, i32::MAX] {
            let error = limits.get(wrong).unwrap_err();
            assert!(
                error
                    .to_string()
                    .ends_with(&format!("0 to 17, not {wrong}")),
                "{error}"
            );
            assert_eq!(limits.set(wrong, 1), Err(error));
        }
        for (limit, wrong) in [(0, -1), (4, -1), (4, 1 << 32), (4, i64::MIN)] {
            let error = limits.set(limit, wrong).unwrap_err().to_string();
            assert!(error.contains("LIMIT_") && error.contains(&wrong.to_string()));
        }
        assert_eq!(limits, HostLimits::default());
    }
}
