//! [`Lookup`]: the address of a name, found by the engine's resolver while nobody waits.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use godot::classes::Ip;
use godot::classes::ip::ResolverStatus;
use godot::obj::Singleton as _;
use parking_lot::Mutex;

use crate::address::parse_literal;
use crate::error::AddressError;

/// A place of ours in the engine's queue of names.
struct Item {
    number: i32,
    name: String,
    /// Whether a [`Lookup`] waits for it.
    wanted: bool,
}

/// Our places in the engine's queue.
///
/// The engine would give the number of an erased item to the next name at once, and the answer to the erased name,
/// when it comes, to that name. So an item that nobody wants is erased only when the resolver has finished it; until then
/// it serves who asks for the same name again, as games do that try until they are connected.
static ITEMS: Mutex<Vec<Item>> = Mutex::new(Vec::new());
/// How many of them nobody wants, so that a poll without them costs a load.
static UNWANTED: AtomicUsize = AtomicUsize::new(0);

/// What the engine answers when its queue has no place.
const INVALID_ITEM: i32 = -1;

/// One name that is looked up, or was. To be made and dropped on threads of scripts.
#[derive(Debug)]
pub(crate) struct Lookup {
    name: String,
    /// Until there is an answer.
    item: Option<i32>,
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
        let item = match take_unwanted(name) {
            Some(item) => item,
            None => new_item(name)?,
        };
        Ok(Self {
            name: name.to_owned(),
            item: Some(item),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Asks how it stands; the answer is given once.
    pub(crate) fn ask(&mut self) -> Outcome {
        let Some(item) = self.item else {
            return Outcome::Unknown;
        };
        let outcome = match status(item) {
            ResolverStatus::WAITING => return Outcome::Pending,
            ResolverStatus::DONE => {
                let addresses = Ip::singleton().get_resolve_item_addresses(item);
                let found = addresses
                    .iter_shared()
                    .filter_map(|address| parse_literal(&address.to_string()))
                    .collect();
                Outcome::Found(found)
            }
            _ => Outcome::Unknown,
        };
        self.give_up();
        outcome
    }

    /// Wants the item no longer.
    fn give_up(&mut self) {
        let Some(item) = self.item.take() else {
            return;
        };
        let mut items = ITEMS.lock();
        if let Some(item) = items.iter_mut().find(|other| other.number == item) {
            item.wanted = false;
            UNWANTED.fetch_add(1, Ordering::Release);
        }
        drop(items);
        sweep();
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// An item for `name` that was given up and is not finished.
fn take_unwanted(name: &str) -> Option<i32> {
    if UNWANTED.load(Ordering::Acquire) == 0 {
        return None;
    }
    let mut items = ITEMS.lock();
    let item = items
        .iter_mut()
        .find(|item| !item.wanted && item.name == name)?;
    item.wanted = true;
    UNWANTED.fetch_sub(1, Ordering::Release);
    Some(item.number)
}

/// A new item for `name`. Nothing is locked meanwhile: a full queue prints a warning.
fn new_item(name: &str) -> Result<i32, AddressError> {
    let number = Ip::singleton().resolve_hostname_queue_item(name);
    if number == INVALID_ITEM {
        return Err(AddressError::ResolverBusy(name.to_owned()));
    }
    ITEMS.lock().push(Item {
        number,
        name: name.to_owned(),
        wanted: true,
    });
    Ok(number)
}

fn status(item: i32) -> ResolverStatus {
    Ip::singleton().get_resolve_item_status(item)
}

/// Erases the items that nobody wants and that are finished. Cheap when there are none.
pub(crate) fn sweep() {
    if UNWANTED.load(Ordering::Acquire) > 0 {
        erase(|item| !item.wanted && status(item.number) != ResolverStatus::WAITING);
    }
}

/// Erases all items, for the end of the library. An engine that ends with names in its queue may crash: its resolver
/// goes on with the next one while it is taken apart.
pub(crate) fn shutdown() {
    erase(|_| true);
}

fn erase(which: impl Fn(&Item) -> bool) {
    let mut items = ITEMS.lock();
    items.retain(|item| {
        let erased = which(item);
        if erased {
            Ip::singleton().erase_resolve_item(item.number);
        }
        !erased
    });
    let unwanted = items.iter().filter(|item| !item.wanted).count();
    UNWANTED.store(unwanted, Ordering::Release);
}
