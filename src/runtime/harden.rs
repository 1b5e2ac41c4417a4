//! Keeps secrets out of core dumps and, where the system allows, out of swap.

/// Makes the process undumpable, which also keeps others of the same account from attaching to it, and locks its memory.
///
/// Both are best effort: a container or a small limit may refuse them, and nothing else depends on them.
pub fn harden() {
    let _refused = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    let _refused = rustix::mm::mlockall(rustix::mm::MlockAllFlags::ONFAULT | rustix::mm::MlockAllFlags::FUTURE);
}
