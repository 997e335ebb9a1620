//! Who may come in, by what the host knows and the [`Admission`](crate::Admission) says: asked when a CONNECT comes, and
//! once more when its address is proven.

use std::net::SocketAddr;

use super::Host;
use super::half_open::{Attempt, Source};
use super::proof::Knock;
use crate::admission::{ConnectRequest, Verdict};
use crate::consts::PROTOCOL_MAXIMUM_PEER_ID;
use crate::event::PeerId;
use crate::host::DropCause;
use crate::limits::{TokenBucket, refill_time};
use crate::outcome::Reason;
use crate::time::Time;

/// Why a remote that proved its address gets no slot.
pub(super) struct Dismissal {
    pub(super) cause: DropCause,
    /// What it is told; `None` leaves it without a word.
    pub(super) answer: Option<u32>,
}

impl Dismissal {
    const fn told(cause: DropCause, data: u32) -> Self {
        Self {
            cause,
            answer: Some(data),
        }
    }
}

impl Host {
    /// Counts the CONNECT of a banned address, and answers it if the ban has an answer.
    pub(super) fn turn_away_banned(&mut self, now: Time, knock: &Knock, answer: Option<u32>) {
        if let Some(data) = answer {
            self.refuse(now, knock, data);
        }
        self.statistics.count(DropCause::ConnectBanned);
    }

    /// Whether a CONNECT may become an attempt, or waits for the application. Otherwise it is counted here, and answered
    /// where it should be.
    pub(super) fn screen(&mut self, now: Time, knock: &Knock) -> Verdict {
        let (verdict, cause) = self.judge(now, knock);
        match verdict {
            Verdict::Accept | Verdict::Wait => return verdict,
            Verdict::Refuse { data } => self.refuse(now, knock, data),
            Verdict::Ignore => {}
        }
        self.statistics.count(cause);
        verdict
    }

    /// What becomes of a CONNECT, and as what it counts if it is dropped.
    fn judge(&mut self, now: Time, knock: &Knock) -> (Verdict, DropCause) {
        let from = knock.from;
        if self.addresses.knows(from, knock.connect.connect_id) {
            return (Verdict::Ignore, DropCause::ConnectIgnored); // a late copy
        }
        if self.addresses.count(from.ip()) >= self.config.duplicate_peers {
            // Without an admission nobody is told, as if the host were full.
            let data = Reason::TooMany.to_data();
            let verdict = match self.admission {
                Some(_) => Verdict::Refuse { data },
                None => Verdict::Ignore,
            };
            return (verdict, DropCause::ConnectLimited);
        }
        if !self.may_join(now, from) {
            // There is room again in no time: the next copy of the CONNECT finds it.
            return (Verdict::Ignore, DropCause::ConnectLimited);
        }
        match self.decide(from, knock.data) {
            refusal @ Verdict::Refuse { .. } => (refusal, DropCause::ConnectRefused),
            Verdict::Accept | Verdict::Wait if self.is_full() => {
                (Verdict::Ignore, DropCause::ConnectIgnored)
            }
            verdict => (verdict, DropCause::ConnectIgnored),
        }
    }

    /// The slot of an attempt that is proven.
    pub(super) fn seat(&mut self, now: Time, attempt: &Attempt) -> Result<PeerId, Dismissal> {
        if let Some(ban) = self.bans.of(attempt.from.ip(), now) {
            return Err(Dismissal {
                cause: DropCause::ConnectBanned,
                answer: ban.answer,
            });
        }
        let crowded = self.addresses.count(attempt.from.ip()) >= self.config.duplicate_peers;
        // Asked again: between CONNECT and proof others may have joined.
        let may_join = !crowded && self.may_join(now, attempt.from);
        if !may_join || self.slots.labelled(attempt.label).is_some() {
            let data = Reason::TooMany.to_data();
            return Err(Dismissal::told(DropCause::ConnectLimited, data));
        }
        let Some((id, _)) = self.slots.vacant(self.config.peer_count) else {
            let data = Reason::Full.to_data();
            return Err(Dismissal::told(DropCause::ConnectIgnored, data));
        };
        self.admit(attempt.from, attempt.data, id)
            .map_err(|data| Dismissal::told(DropCause::ConnectRefused, data))?;
        Ok(id)
    }

    fn is_full(&self) -> bool {
        let limit = self.config.peer_count.min(PROTOCOL_MAXIMUM_PEER_ID);
        self.slots.len() >= usize::from(limit)
    }

    /// Asks the admission, if there is one, for the last time; the error is what the remote is to be told.
    pub(super) fn admit(&mut self, from: SocketAddr, data: u32, id: PeerId) -> Result<(), u32> {
        if let Some(data) = self.suspended {
            return Err(data);
        }
        let Some(admission) = &mut self.admission else {
            return Ok(());
        };
        let full = false;
        admission.admit(&ConnectRequest { from, data, full }, id)
    }

    pub(super) fn decide(&mut self, from: SocketAddr, data: u32) -> Verdict {
        if let Some(data) = self.suspended {
            return Verdict::Refuse { data };
        }
        let request = self.request(from, data);
        let Some(admission) = &mut self.admission else {
            return Verdict::Accept;
        };
        if request.full && self.leaving_peers > 0 {
            // Somebody makes room: the next copy of the CONNECT finds a slot.
            return Verdict::Ignore;
        }
        admission.decide(&request)
    }

    /// What a CONNECT asks for.
    pub(super) fn request(&self, from: SocketAddr, data: u32) -> ConnectRequest {
        let full = self.is_full();
        ConnectRequest { from, data, full }
    }

    /// Whether the rates of joining have room for one more from there.
    fn may_join(&mut self, now: Time, from: SocketAddr) -> bool {
        let of_source = self.joins_by_source.get_mut(&Source::of(from.ip()));
        self.joins.has_one(now) && of_source.is_none_or(|bucket| bucket.has_one(now))
    }

    /// Books a join that [`may_join`](Self::may_join) found room for.
    pub(super) fn book_join(&mut self, now: Time, from: SocketAddr) {
        let limits = self.config.limits;
        self.joins.take(1, now);
        let (rate, burst) = (limits.joins_per_source, limits.join_burst_per_source);
        if now >= self.joins_swept + refill_time(rate, burst) {
            self.joins_by_source
                .retain(|_, bucket| !bucket.is_full(now));
            self.joins_swept = now;
        }
        self.joins_by_source
            .entry(Source::of(from.ip()))
            .or_insert_with(|| TokenBucket::new(rate, burst, now))
            .take(1, now);
    }
}
