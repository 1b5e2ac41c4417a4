//! Counts in tests what is gone through: a key shall cost what it draws, however much there is to show.

#[cfg(test)]
thread_local! {
    static DONE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Notes that so many rows, lines or texts were gone through; nothing is done for it outside of tests.
#[inline]
pub(crate) fn count(of: usize) {
    #[cfg(test)]
    DONE.set(DONE.get().saturating_add(of));
    #[cfg(not(test))]
    let _ = of;
}

/// Returns what was counted on this thread since the last time.
#[cfg(test)]
pub(crate) fn taken() -> usize {
    DONE.take()
}
