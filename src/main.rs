//! The fluxdeck binary: its allocator, its arguments, its exit code.

/// Wipes every block of memory when it is freed, so that secrets do not outlive their owners in the heap.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<mimalloc::MiMalloc> = zeroizing_alloc::ZeroAlloc(mimalloc::MiMalloc);

fn main() -> std::process::ExitCode {
    // Before any secret is read.
    fluxdeck::secret::harden();
    fluxdeck::cli::main().into()
}
