//! Signals that end us, unless another handler has taken them: the programs that we started end first, and their
//! folders are removed.

use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::registry::end_all;

/// Whether another handler answers Ctrl-C.
static INTERRUPT: AtomicBool = AtomicBool::new(false);

/// Whether another handler answers all of them.
static ALL: AtomicBool = AtomicBool::new(false);

/// Names the signals that another handler answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Ctrl-C alone.
    Interrupt,
    /// All signals that end us.
    All,
}

/// Takes signals from this watch for good, for a handler that ends us in good order itself.
///
/// They are never given back: this watch may receive a signal only after the handler has answered it, and would
/// interrupt the answer.
pub fn take_signals(which: Which) {
    let taken = match which {
        Which::Interrupt => &INTERRUPT,
        Which::All => &ALL,
    };
    taken.store(true, Ordering::SeqCst);
}

/// Watches the signals that end us, on a separate thread; signals that were ignored at our start, as by nohup, stay
/// ignored.
pub fn watch() {
    let ignored = ignored();
    let watched = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
    // Without the watch a signal ends us by default, and the next start removes the leftovers.
    let Ok(mut signals) = signal_hook::iterator::Signals::new(watched) else { return };
    let _thread = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            let taken = ALL.load(Ordering::SeqCst) || (signal == SIGINT && INTERRUPT.load(Ordering::SeqCst));
            if !taken {
                end_all();
                let _ended = signal_hook::low_level::emulate_default_handler(signal);
            }
        }
    });
}

/// Returns the signals that this process ignores, as bits.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or_default()
}
