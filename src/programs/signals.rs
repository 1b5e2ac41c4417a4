//! Signals that end us, where nobody else has taken them: what we started ends first, and its folders go.

use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::registry::end_all;

/// Who has taken Ctrl-C, and who has taken all of them.
static INTERRUPT: AtomicUsize = AtomicUsize::new(0);
static ALL: AtomicUsize = AtomicUsize::new(0);

/// Says which signals somebody answers himself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Ctrl-C alone.
    Interrupt,
    /// Whatever ends us.
    All,
}

/// Takes signals from this watch for as long as it is held, for whoever ends us in good order himself.
#[derive(Debug)]
pub struct Taken(Which);

impl Taken {
    /// Takes them.
    pub fn new(which: Which) -> Self {
        which.count().fetch_add(1, Ordering::SeqCst);
        Self(which)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.count().fetch_sub(1, Ordering::SeqCst);
    }
}

impl Which {
    fn count(self) -> &'static AtomicUsize {
        match self {
            Self::Interrupt => &INTERRUPT,
            Self::All => &ALL,
        }
    }
}

/// Begins to watch the signals that end us, on a thread of its own; those that we were started to ignore, as by nohup, stay ignored.
pub fn watch() {
    let ignored = ignored();
    let watched = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
    // Without the watch a signal ends us as ever, and the next start removes what is left.
    let Ok(mut signals) = signal_hook::iterator::Signals::new(watched) else { return };
    let _thread = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            let taken = ALL.load(Ordering::SeqCst) > 0 || (signal == SIGINT && INTERRUPT.load(Ordering::SeqCst) > 0);
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
