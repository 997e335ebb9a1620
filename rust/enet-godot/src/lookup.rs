//! [`Lookup`]: the address of a name, found by the engine's resolver while nobody waits.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use godot::classes::Ip;
use godot::classes::ip::ResolverStatus;
use godot::obj::Singleton as _;
use parking_lot::Mutex;

use crate::address::parse_literal;
use crate::error::AddressError;

/// A place in the engine's queue of names.
#[derive(Debug, PartialEq, Eq)]
struct Item(i32);

/// Items that nobody wants any more and that the resolver has not finished.
///
/// The engine would give the number of an erased item to the next name at once, and the answer to the erased name,
/// when it comes, to that name. So an item is erased only when it is finished.
static ABANDONED: Mutex<Vec<Item>> = Mutex::new(Vec::new());
/// How many there are, so that a poll without them costs a load.
static ABANDONED_COUNT: AtomicUsize = AtomicUsize::new(0);

/// One name that is looked up, or was. To be made and dropped on threads of scripts.
#[derive(Debug)]
pub(crate) struct Lookup {
    name: String,
    item: Option<Item>,
}

/// What became of a [`Lookup`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The resolver is not done.
    Pending,
    /// Addresses of both families, the system's favourite first.
    Found(Vec<IpAddr>),
    /// There is no such name, or nobody who knows it was reached.
    Unknown,
}

impl Lookup {
    /// Begins to look up `name`; a name that the engine knows from before is found at once.
    ///
    /// # Errors
    /// [`AddressError::ResolverBusy`] if 256 names are being looked up in this process.
    pub(crate) fn begin(name: &str) -> Result<Self, AddressError> {
        sweep();
        // -1 is the engine's `RESOLVER_INVALID_ID`.
        match Ip::singleton().resolve_hostname_queue_item(name) {
            -1 => Err(AddressError::ResolverBusy(name.to_owned())),
            item => Ok(Self {
                name: name.to_owned(),
                item: Some(Item(item)),
            }),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Asks how it stands; the answer is given once.
    pub(crate) fn ask(&mut self) -> Outcome {
        let Some(item) = self.item.take() else {
            return Outcome::Unknown;
        };
        match item.status() {
            ResolverStatus::WAITING => {
                self.item = Some(item);
                Outcome::Pending
            }
            ResolverStatus::DONE => {
                let addresses = Ip::singleton().get_resolve_item_addresses(item.0);
                item.erase();
                let found = addresses
                    .iter_shared()
                    .filter_map(|address| parse_literal(&address.to_string()))
                    .collect();
                Outcome::Found(found)
            }
            _ => {
                item.erase();
                Outcome::Unknown
            }
        }
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            let mut abandoned = ABANDONED.lock();
            abandoned.push(item);
            ABANDONED_COUNT.store(abandoned.len(), Ordering::Release);
        }
        sweep();
    }
}

impl Item {
    fn status(&self) -> ResolverStatus {
        Ip::singleton().get_resolve_item_status(self.0)
    }

    fn erase(self) {
        Ip::singleton().erase_resolve_item(self.0);
    }
}

/// Erases abandoned items that are finished. Cheap when there are none.
pub(crate) fn sweep() {
    if ABANDONED_COUNT.load(Ordering::Acquire) == 0 {
        return;
    }
    let mut abandoned = ABANDONED.lock();
    for item in std::mem::take(&mut *abandoned) {
        if item.status() == ResolverStatus::WAITING {
            abandoned.push(item);
        } else {
            item.erase();
        }
    }
    ABANDONED_COUNT.store(abandoned.len(), Ordering::Release);
}
