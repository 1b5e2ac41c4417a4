//! The rounds of an examination: a pure function is asked, what it noted down is read, and it is asked again.

use std::collections::BTreeSet;
use std::future::Future;

use super::graph::{LiveGraph, Want};
use crate::model::Fault;

/// Reads what causes ask for: from a cluster, or from what a test has.
pub(super) trait WantReader {
    /// Reads it into the graph, as far as it can be read.
    ///
    /// # Errors
    /// Fails when nothing can be read any more.
    fn read(&mut self, graph: &mut LiveGraph, wanted: BTreeSet<Want>)
    -> impl Future<Output = Result<(), Fault>> + Send;

    /// Tells whether it has room for another round.
    fn has_room(&self) -> bool;

    /// Notes how much stays unread at the end.
    fn left_open(&mut self, count: usize);
}

/// Reads what `look` needs, round by round, then what `join` needs to join it; at most so many rounds.
///
/// # Errors
/// Fails when the reader does.
pub(super) async fn rounds<F: Clone, T>(
    graph: &mut LiveGraph,
    reader: &mut impl WantReader,
    most: usize,
    look: impl Fn(&LiveGraph) -> F,
    join: impl Fn(&LiveGraph, F) -> T,
) -> Result<T, Fault> {
    let mut round = 0_usize;
    loop {
        // What was too much in a round before may be settled by what came since.
        graph.take_left_open();
        let found = look(graph);
        let mut wanted = graph.take_wanted();
        let mut joined = None;
        if wanted.is_empty() {
            joined = Some(join(graph, found.clone()));
            wanted = graph.take_wanted();
        }
        if wanted.is_empty() || round == most || !reader.has_room() {
            reader.left_open(wanted.len());
            return Ok(joined.unwrap_or_else(|| join(graph, found)));
        }
        // What is found so far is found again.
        drop((found, joined));
        round += 1;
        reader.read(graph, wanted).await?;
    }
}
