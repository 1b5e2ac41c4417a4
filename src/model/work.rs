//! Counts the processed items in tests: a key press may cost only what it draws, however much there is to show.

#[cfg(test)]
thread_local! {
    static DONE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Notes a number of processed rows, lines or texts; does nothing outside of tests.
#[inline]
pub(crate) fn count(of: usize) {
    #[cfg(test)]
    DONE.set(DONE.get().saturating_add(of));
    #[cfg(not(test))]
    let _ = of;
}

/// Returns the count on this thread since the last call.
#[cfg(test)]
pub(crate) fn taken() -> usize {
    DONE.take()
}
