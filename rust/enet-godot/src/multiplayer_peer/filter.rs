//! [`Filter`]: the callable by which a script decides who gets in, and how it is asked.
//!
//! The network thread calls nothing of Godot: it lets a CONNECT wait in the engine, without a slot, and `poll` asks the
//! script about it. Nothing is locked meanwhile. The script may close the session, begin another, set another filter,
//! or poll: the latter does not ask, so that a filter is never called from inside itself.

use std::sync::Arc;

use enet_proto::{ConnectRequest, Reason, Verdict, WaitingId};
use godot::builtin::{Callable, VariantType};
use godot::meta::ToGodot as _;

use super::core::Core;
use crate::connection::ConnectionCore;
use crate::convert::{Said, address_text};
use crate::error::FilterError;
use crate::raw::{self, SharedCallable};

/// Questions of one poll at most. Those who wait keep their order, and the rest is asked about by the next poll.
const MOST_QUESTIONS: usize = 128;

/// The `connection_filter` of a multiplayer peer; kept from one session to the next.
#[derive(Default)]
pub(super) struct Filter {
    callable: Option<SharedCallable>,
    /// Whether a poll is asking it.
    is_asking: bool,
    /// Whether it was reported that it gives no answer.
    is_reported: bool,
}

/// A connection that a script has to decide about.
struct Question {
    filter: SharedCallable,
    connection: Arc<ConnectionCore>,
    id: WaitingId,
    request: ConnectRequest,
}

impl Question {
    /// Calls the script, which may do anything.
    fn ask(&self) -> Result<bool, FilterError> {
        let ConnectRequest { from, data, .. } = self.request;
        let arguments = [
            address_text(from.ip()).to_variant(),
            from.port().to_variant(),
            data.to_variant(),
        ];
        let answer = raw::call(self.filter.get(), &arguments).ok_or(FilterError::NotCallable)?;
        match answer.get_type() {
            VariantType::BOOL => Ok(answer.booleanize()),
            other => Err(FilterError::NoBool(other)),
        }
    }

    /// Lets the remote in, or tells it that it is not.
    fn answer(&self, lets_in: bool) {
        let verdict = if lets_in {
            Verdict::Accept
        } else {
            Verdict::Refuse {
                data: Reason::Filtered.to_data(),
            }
        };
        // The script may have closed the session.
        if let Ok(host) = self.connection.host() {
            host.answer(self.id, verdict);
        }
    }
}

impl Core {
    pub(super) fn connection_filter(&self) -> Callable {
        let filter = self.lock().filter.callable.clone();
        filter.map_or_else(Callable::invalid, |filter| filter.get().clone())
    }

    pub(super) fn has_connection_filter(&self) -> bool {
        self.lock().filter.callable.is_some()
    }

    /// Replaces the filter; an empty callable is none. Those who wait are let in without it when they ask again.
    pub(super) fn set_connection_filter(&self, callable: Callable) {
        let callable = (!callable.is_null()).then(|| SharedCallable::new(callable));
        let former = {
            let mut state = self.lock();
            if let Some(door) = state
                .session
                .as_ref()
                .and_then(|session| session.door.as_ref())
            {
                door.ask(callable.is_some());
            }
            state.filter.is_reported = false;
            std::mem::replace(&mut state.filter.callable, callable)
        };
        drop(former);
    }

    /// Asks the filter about those who wait to get into the session of number `epoch`, as many as one poll may.
    pub(super) fn ask_filter(&self, epoch: u64) {
        {
            let filter = &mut self.lock().filter;
            if filter.callable.is_none() || std::mem::replace(&mut filter.is_asking, true) {
                return;
            }
        }
        let mut asked = None;
        for _ in 0..MOST_QUESTIONS {
            let Some(question) = self.next_question(epoch) else {
                break;
            };
            let answer = question.ask();
            question.answer(answer == Ok(true));
            if let Err(error) = answer {
                self.report(error);
            }
            asked = Some(question);
        }
        self.lock().filter.is_asking = false;
        // With the network thread the answers have left.
        let to_flush = asked.and_then(|question| question.connection.host_to_flush());
        if let Some(host) = to_flush {
            host.flush();
        }
    }

    fn next_question(&self, epoch: u64) -> Option<Question> {
        let (filter, connection) = {
            let mut state = self.lock();
            let filter = state.filter.callable.clone()?;
            let session = state.session_of(epoch)?;
            session.door.as_ref()?;
            (filter, session.shared_connection()?.core().clone())
        };
        let (id, request) = connection.host().ok()?.next_waiting()?;
        Some(Question {
            filter,
            connection,
            id,
            request,
        })
    }

    /// Prints what is wrong with the filter, once.
    fn report(&self, error: FilterError) {
        if !std::mem::replace(&mut self.lock().filter.is_reported, true) {
            Said::nothing(Err(error)).speak();
        }
    }
}
