//! The connections that watches are spread over: a server limits the streams of a connection, and a request beyond the
//! limit waits in silence.

use std::sync::Arc;

/// The number of watches that share a connection. An API server allows 250 streams on one, a proxy before it often 100;
/// other requests need some too.
const SHARED_BY: usize = 60;

/// The most connections: seven kinds in each of 32 namespaces fit.
pub(super) const MOST: usize = 4;

/// Holds the clients of the connections: an unused one is not opened.
#[derive(Debug)]
pub(super) struct WatchConnections<C>(Vec<(C, Arc<()>)>);

/// Keeps the place of a watch on its connection until it is dropped.
#[derive(Debug)]
pub(crate) struct WatchPlace {
    _held: Arc<()>,
}

impl<C> WatchConnections<C> {
    /// Spreads watches over clients that have a connection each, the first before the others.
    pub(super) fn new(clients: impl IntoIterator<Item = C>) -> Self {
        Self(clients.into_iter().map(|client| (client, Arc::new(()))).collect())
    }

    /// Returns the first client with room, else the one with the fewest watches.
    pub(super) fn lend(&self) -> Option<(&C, WatchPlace)> {
        let watches = |held: &Arc<()>| Arc::strong_count(held) - 1;
        let free = self.0.iter().find(|(_, held)| watches(held) < SHARED_BY);
        let (client, held) = free.or_else(|| self.0.iter().min_by_key(|(_, held)| watches(held)))?;
        Some((client, WatchPlace { _held: held.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, SHARED_BY, WatchConnections};

    #[test]
    fn watches_are_spread_so_that_no_connection_has_too_many() {
        let connections = WatchConnections::new(0..MOST);
        let lend = || connections.lend().unwrap();
        let mut open: Vec<_> = (0..SHARED_BY).map(|_| lend()).collect();
        assert!(open.iter().all(|(client, _)| **client == 0), "few watches share one");
        open.push(lend());
        assert_eq!(*open[SHARED_BY].0, 1);
        open.remove(0);
        assert_eq!(*lend().0, 0, "the place of one that ended is free");
        // Seven kinds in each of 32 namespaces.
        open.extend((open.len()..7 * 32).map(|_| lend()));
        for client in 0..MOST {
            assert!(open.iter().filter(|(other, _)| **other == client).count() <= SHARED_BY);
        }
        open.extend((open.len()..10 * SHARED_BY).map(|_| lend()));
        let on = |client: usize| open.iter().filter(|(other, _)| **other == client).count();
        assert!((1..MOST).all(|client| on(client).abs_diff(on(0)) <= 1), "beyond that they are spread evenly");
    }
}
