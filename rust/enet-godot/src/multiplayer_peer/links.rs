//! [`Links`]: the connections of a session, in the order in which they came.

/// The key of the only connection of a server or client. In a mesh each connection has the id of its peer for a key.
pub(super) const SHARED_KEY: i32 = 0;

/// Connections by key, in order.
///
/// A session has a handful, so they are looked up one after the other.
pub(super) struct Links<C> {
    entries: Vec<Link<C>>,
    next_place: u64,
}

/// One entry of [`Links`].
pub(super) struct Link<C> {
    pub(super) key: i32,
    /// Grows with each key; a walk through the links goes on after it, whatever was added or removed meanwhile.
    pub(super) place: u64,
    pub(super) connection: C,
}

impl<C> Default for Links<C> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            next_place: 1,
        }
    }
}

impl<C> Links<C> {
    /// The one connection of a server or client.
    pub(super) fn shared(connection: C) -> Self {
        let mut links = Self::default();
        let replaced = links.insert(SHARED_KEY, connection);
        debug_assert!(replaced.is_none(), "there was none");
        links
    }

    /// Puts `connection` under `key` and hands out the one that was there, whose place it takes.
    #[must_use = "what is replaced must be dropped without a lock"]
    pub(super) fn insert(&mut self, key: i32, connection: C) -> Option<C> {
        if let Some(link) = self.entries.iter_mut().find(|link| link.key == key) {
            return Some(std::mem::replace(&mut link.connection, connection));
        }
        self.entries.push(Link {
            key,
            place: self.next_place,
            connection,
        });
        self.next_place += 1;
        None
    }

    #[must_use = "what is removed must be dropped without a lock"]
    pub(super) fn remove(&mut self, key: i32) -> Option<C> {
        let index = self.entries.iter().position(|link| link.key == key)?;
        Some(self.entries.remove(index).connection)
    }

    pub(super) fn get(&self, key: i32) -> Option<&C> {
        self.link(key).map(|link| &link.connection)
    }

    /// Where `key` stands in the order; 0, before all others, if it has no connection.
    pub(super) fn place(&self, key: i32) -> u64 {
        self.link(key).map_or(0, |link| link.place)
    }

    /// The first link behind `place`; 0 is before the first.
    pub(super) fn after(&self, place: u64) -> Option<&Link<C>> {
        self.entries.iter().find(|link| link.place > place)
    }

    pub(super) fn connections(&self) -> impl Iterator<Item = &C> {
        self.entries.iter().map(|link| &link.connection)
    }

    pub(super) fn connections_mut(&mut self) -> impl Iterator<Item = &mut C> {
        self.entries.iter_mut().map(|link| &mut link.connection)
    }

    fn link(&self, key: i32) -> Option<&Link<C>> {
        self.entries.iter().find(|link| link.key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mesh(keys: &[i32]) -> Links<i32> {
        let mut links = Links::default();
        for &key in keys {
            assert_eq!(links.insert(key, key * 10), None);
        }
        links
    }

    fn walk(links: &Links<i32>) -> Vec<(i32, i32)> {
        let mut place = 0;
        let next = || {
            let link = links.after(place)?;
            place = link.place;
            Some((link.key, link.connection))
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn links_are_walked_in_the_order_in_which_they_came() {
        assert_eq!(walk(&mesh(&[7, 2, 5])), [(7, 70), (2, 20), (5, 50)]);
        assert_eq!(walk(&Links::shared(1)), [(SHARED_KEY, 1)]);
        assert_eq!(walk(&Links::default()), []);
    }

    #[test]
    fn a_replaced_connection_leaves_its_place_to_the_new_one() {
        let mut links = mesh(&[7, 2]);
        assert_eq!(links.insert(7, 71), Some(70));
        assert_eq!(walk(&links), [(7, 71), (2, 20)]);
        assert_eq!((links.place(7), links.place(2)), (1, 2));
    }

    #[test]
    fn a_walk_goes_on_behind_a_link_that_was_removed_and_reaches_one_that_was_added() {
        let mut links = mesh(&[7, 2, 5]);
        let second = links.place(2);
        assert_eq!(links.remove(2), Some(20));
        assert_eq!(links.remove(2), None);
        assert_eq!(links.after(second).map(|link| link.key), Some(5));
        let third = links.place(5);
        assert_eq!(links.insert(2, 21), None);
        assert_eq!(links.after(third).map(|link| link.key), Some(2));
        assert_eq!(links.get(2), Some(&21));
        assert_eq!(links.place(9), 0);
    }
}
