//! Wiping what is left on the stack: hashes and ciphers work on blocks there, and returning from a function clears nothing.

/// How far below the caller the stack is overwritten: several times what sealing or opening a file uses.
const FRAMES: usize = 16;
/// The bytes of each step.
const FRAME: usize = 8 * 1024;

/// Does something with plain values, and then overwrites the part of the stack that it used.
pub(super) fn scrubbed<T>(work: impl FnOnce() -> T) -> T {
    let done = apart(work);
    overwrite(FRAMES);
    done
}

/// Keeps the work out of the caller's frame, which stays.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn overwrite(frames: usize) {
    let mut zeros = [0_u8; FRAME];
    std::hint::black_box(&mut zeros);
    if let Some(rest) = frames.checked_sub(1) {
        overwrite(rest);
    }
    // Used after the call, so that the frames lie one below the other.
    std::hint::black_box(&zeros);
}
