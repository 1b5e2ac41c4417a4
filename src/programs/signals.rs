//! Signals that end us, where nobody else has taken them: what we started ends first, and its folders go.

use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::registry::end_all;

/// Whether somebody else answers Ctrl-C.
static INTERRUPT: AtomicBool = AtomicBool::new(false);

/// Whether somebody else answers all of them.
static ALL: AtomicBool = AtomicBool::new(false);

/// Says which signals somebody answers himself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Ctrl-C alone.
    Interrupt,
    /// Whatever ends us.
    All,
}

/// Takes signals from this watch for good, for whoever ends us in good order himself.
///
/// They are not given back: this watch may hear of a signal only after the other has answered it, and would cut its answer short.
pub fn take_signals(which: Which) {
    let taken = match which {
        Which::Interrupt => &INTERRUPT,
        Which::All => &ALL,
    };
    taken.store(true, Ordering::SeqCst);
}

/// Begins to watch the signals that end us, on a thread of its own; those that we were started to ignore, as by nohup, stay ignored.
pub fn watch() {
    let ignored = ignored();
    let watched = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
    // Without the watch a signal ends us as ever, and the next start removes what is left.
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
