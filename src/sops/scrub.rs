//! Wiping the remains on the stack: hashes and ciphers work on blocks there, and returning from a function clears
//! nothing.

/// The depth, in steps, to which the stack below the caller is overwritten: several times the need of encrypting or
/// opening a file.
const FRAMES: usize = 16;
/// The bytes of each step.
const FRAME: usize = 8 * 1024;

/// Works with plain values, and then overwrites the used part of the stack.
pub(super) fn scrubbed<T>(work: impl FnOnce() -> T) -> T {
    let done = apart(work);
    overwrite(FRAMES);
    done
}

/// Keeps the work out of the caller's frame, which remains.
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
    // Used after the call, so that each frame is below the other.
    std::hint::black_box(&zeros);
}
