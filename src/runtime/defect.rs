//! Panics: defects of our own, reported after the terminal is restored, without any possible secret.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use super::terminal::restore;
use crate::model::Shown;

/// The panic messages of tasks, reported when the screen is left.
static LATE: Mutex<String> = Mutex::new(String::new());

/// Makes a panic of this thread restore the terminal before its report.
///
/// A panic of another thread is that of a task, which ends alone: the cockpit continues, so the report waits until the
/// screen is left.
pub fn restore_on_panic() {
    let ours = std::thread::current().id();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload_as_str().unwrap_or_default();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        if std::thread::current().id() == ours {
            restore();
            let trace = std::backtrace::Backtrace::capture();
            let traced = matches!(trace.status(), std::backtrace::BacktraceStatus::Captured);
            let trace = if traced { format!("{trace}") } else { String::new() };
            let report = format!(
                "fluxdeck ended by a defect of its own\n  why: {} ({place})\n  what to do: start it again; what was running is told \
                 there, and clusters go on by themselves. Please report these lines.\n{trace}",
                without_values(message)
            );
            // A closed standard error cannot report its own failure.
            let _closed = io::stderr().write_all(Shown::lines(&report).as_str().as_bytes());
        } else {
            let mut late = LATE.lock().unwrap_or_else(PoisonError::into_inner);
            let what = without_values(message);
            // Writing to a String cannot fail.
            let _ = writeln!(late, "fluxdeck: a task ended early, which is a defect: {what} ({place})");
        }
    }));
}

/// Reports the panic messages of tasks; the screen must be left.
pub(super) fn tell_late() {
    let late = std::mem::take(&mut *LATE.lock().unwrap_or_else(PoisonError::into_inner));
    // A closed standard error cannot report its own failure.
    let _closed = io::stderr().write_all(Shown::lines(&late).as_str().as_bytes());
}

/// Cuts a panic message at the first possible value: that of a slice quotes the whole text, which may be a secret.
fn without_values(message: &str) -> &str {
    message.split(['`', '\'', '"', ':']).next().unwrap_or_default().trim_end()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_message_of_a_panic_holds_no_value() {
        let said = std::panic::catch_unwind(|| "hunter2é".split_at(8).0.len()).unwrap_err();
        let said = said.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(!super::without_values(&said).contains("hunter2"), "{said}");
        assert_eq!(super::without_values("called `Result::unwrap()` on an `Err` value: hunter2"), "called");
        assert_eq!(super::without_values("the deck is on fire"), "the deck is on fire");
    }
}
