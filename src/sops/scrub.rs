//! Wiping what is left on the stack: hashes and ciphers work on blocks there, and returning from a function clears nothing.

/// How far below the caller the stack is overwritten, in bytes: several times what sealing or opening a file uses.
const DEPTH: usize = 128 * 1024;

/// Does something with plain values, and then overwrites the part of the stack that it used.
pub(super) fn scrubbed<T>(work: impl FnOnce() -> T) -> T {
    let done = apart(work);
    overwrite();
    done
}

/// Keeps the work out of the caller's frame, which stays.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn overwrite() {
    let mut zeros = [0_u8; DEPTH];
    std::hint::black_box(&mut zeros);
}
