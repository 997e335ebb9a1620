//! [`HostSettings`]: what scripts set once for the hosts and connections that come.

use std::time::Duration;

use enet_proto::{PeerTimes, Recovery};
use enet_udp::UdpHost;

use crate::error::SettingError;
use crate::limits::HostLimits;

/// Longest span that can be set, in seconds: more than eleven days. A longer one is a slip of the pen.
const LONGEST_SECONDS: f64 = 1_000_000.0;
/// How long a game may stay away unless it says otherwise, in seconds.
const DEFAULT_STALL_SECONDS: f64 = 120.0;
/// How long a game may run without a poll, in seconds of its frames. A game that left without `close` while something
/// keeps its peer alive is gone for the others about as soon as if it were of the built-in class.
pub(crate) const MAX_IDLE_SECONDS: u8 = 10;

/// Settings of a host. Both classes keep them in the form in which scripts give and read them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HostSettings {
    pub(crate) recovery: Recovery,
    pub(crate) throttle_enabled: bool,
    /// Seconds; 0 is ENet's own limit.
    connect_timeout: f64,
    /// ENet's factor and milliseconds; 0 is ENet's own of each.
    times: PeerTimes,
    /// Seconds; 0 is for ever.
    max_stall_time: f64,
    pub(crate) limits: HostLimits,
}

/// The whole numbers among the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WholeSetting {
    TimeoutLimit,
    TimeoutMinimum,
    TimeoutMaximum,
    PingInterval,
}

impl WholeSetting {
    /// The name of the property.
    const fn name(self) -> &'static str {
        match self {
            Self::TimeoutLimit => "timeout_limit",
            Self::TimeoutMinimum => "timeout_minimum",
            Self::TimeoutMaximum => "timeout_maximum",
            Self::PingInterval => "ping_interval",
        }
    }
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            recovery: Recovery::Fast,
            throttle_enabled: true,
            connect_timeout: 0.0,
            times: PeerTimes::default(),
            max_stall_time: DEFAULT_STALL_SECONDS,
            limits: HostLimits::default(),
        }
    }
}

impl HostSettings {
    /// Tells a host. Peers that it has keep the times that they began with.
    pub(crate) fn apply(&self, host: &UdpHost) {
        host.set_recovery(self.recovery);
        host.set_throttle_enabled(self.throttle_enabled);
        host.set_peer_times(PeerTimes {
            connect_timeout: span(self.connect_timeout),
            ..self.times
        });
        host.set_max_stall_time(span(self.max_stall_time));
        host.set_max_idle_time(Some(Duration::from_secs(MAX_IDLE_SECONDS.into())));
        self.limits.apply(host);
    }

    pub(crate) const fn connect_timeout(&self) -> f64 {
        self.connect_timeout
    }

    pub(crate) fn set_connect_timeout(&mut self, seconds: f64) -> Result<(), SettingError> {
        self.connect_timeout = checked_seconds("connect_timeout", seconds)?;
        Ok(())
    }

    pub(crate) const fn max_stall_time(&self) -> f64 {
        self.max_stall_time
    }

    pub(crate) fn set_max_stall_time(&mut self, seconds: f64) -> Result<(), SettingError> {
        self.max_stall_time = checked_seconds("max_stall_time", seconds)?;
        Ok(())
    }

    pub(crate) fn whole(&self, setting: WholeSetting) -> i64 {
        let mut times = self.times;
        i64::from(*slot(&mut times, setting))
    }

    pub(crate) fn set_whole(
        &mut self,
        setting: WholeSetting,
        value: i64,
    ) -> Result<(), SettingError> {
        let number = i32::try_from(value).ok().filter(|number| *number >= 0);
        let number = number.ok_or(SettingError::Whole {
            name: setting.name(),
            value,
        })?;
        *slot(&mut self.times, setting) = number.cast_unsigned();
        Ok(())
    }
}

const fn slot(times: &mut PeerTimes, setting: WholeSetting) -> &mut u32 {
    match setting {
        WholeSetting::TimeoutLimit => &mut times.timeout_limit,
        WholeSetting::TimeoutMinimum => &mut times.timeout_minimum,
        WholeSetting::TimeoutMaximum => &mut times.timeout_maximum,
        WholeSetting::PingInterval => &mut times.ping_interval,
    }
}

fn checked_seconds(name: &'static str, seconds: f64) -> Result<f64, SettingError> {
    if (0.0..=LONGEST_SECONDS).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(SettingError::Seconds {
            name,
            value: seconds,
        })
    }
}

/// `seconds`, which were checked; 0 is none.
fn span(seconds: f64) -> Option<Duration> {
    let span = Duration::try_from_secs_f64(seconds).ok()?;
    (seconds > 0.0).then(|| span.max(Duration::from_millis(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_seconds_are_named_and_change_nothing() {
        let mut settings = HostSettings::default();
        settings.set_connect_timeout(2.5).unwrap();
        for wrong in [-0.1, f64::NAN, f64::INFINITY, 1e9] {
            let error = settings.set_connect_timeout(wrong).unwrap_err();
            assert!(error.to_string().contains("connect_timeout"), "{error}");
            assert!(settings.set_max_stall_time(wrong).is_err());
        }
        assert_eq!(
            (settings.connect_timeout(), settings.max_stall_time()),
            (2.5, 120.0)
        );
        settings.set_max_stall_time(0.0).unwrap();
        assert_eq!(settings.max_stall_time(), 0.0);
    }

    #[test]
    fn wrong_numbers_are_named_and_change_nothing() {
        let mut settings = HostSettings::default();
        for setting in [
            WholeSetting::TimeoutLimit,
            WholeSetting::TimeoutMinimum,
            WholeSetting::TimeoutMaximum,
            WholeSetting::PingInterval,
        ] {
            assert_eq!(settings.whole(setting), 0);
            settings.set_whole(setting, 77).unwrap();
            for wrong in [-1, i64::from(i32::MAX) + 1, i64::MIN] {
                let error = settings.set_whole(setting, wrong).unwrap_err();
                assert!(error.to_string().contains(setting.name()), "{error}");
            }
            assert_eq!(settings.whole(setting), 77);
        }
    }

    #[test]
    fn no_span_is_none_and_the_shortest_is_a_millisecond() {
        assert_eq!(span(0.0), None);
        assert_eq!(span(1e-9), Some(Duration::from_millis(1)));
        assert_eq!(span(2.5), Some(Duration::from_millis(2500)));
    }
}
