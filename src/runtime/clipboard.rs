//! The clipboard over SSH: OSC 52, the only way to the clipboard of the operator's own machine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest sequence that terminals accept; xterm's limit is the smallest known, and allows 74,994 bytes of text.
pub const LIMIT: usize = 74_994;

/// The program between us and the operator's terminal, which may stop the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalMultiplexer {
    /// None that is known.
    Nothing,
    /// tmux, which takes the sequence itself (`set-clipboard`) or passes on a wrapped one (`allow-passthrough`), both
    /// or neither.
    Tmux,
    /// GNU screen, which passes on a wrapped sequence.
    Screen,
}

impl TerminalMultiplexer {
    /// Detects it by the variables that each sets.
    pub fn here() -> Self {
        Self::detect(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    }

    fn detect(is_set: impl Fn(&str) -> bool) -> Self {
        if is_set("TMUX") {
            Self::Tmux
        } else if is_set("STY") {
            Self::Screen
        } else {
            Self::Nothing
        }
    }

    /// Returns the setting that a copied text needs to arrive; no answer confirms the arrival.
    pub fn condition(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Tmux => Some("it arrives if tmux hands it on: tmux set -g set-clipboard on"),
            Self::Screen => Some("it arrives if screen hands it on, which it does for short texts"),
        }
    }
}

/// Returns the sequence that puts a text on the clipboard. tmux gets it both plain and wrapped for the terminal
/// outside: its settings decide which of the two it takes, and copying the same text twice does no harm.
pub fn sequence(text: &str, between: TerminalMultiplexer) -> String {
    let osc = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    match between {
        TerminalMultiplexer::Nothing => osc,
        TerminalMultiplexer::Tmux => format!("{osc}\x1bPtmux;\x1b{osc}\x1b\\"),
        TerminalMultiplexer::Screen => format!("\x1bP{osc}\x1b\\"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_sequence_carries_the_text_as_base64() {
        use super::{TerminalMultiplexer, sequence};
        assert_eq!(sequence("hi", TerminalMultiplexer::Nothing), "\x1b]52;c;aGk=\x07");
        let tmux = "\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\";
        assert_eq!(sequence("hi", TerminalMultiplexer::Tmux), tmux);
        assert_eq!(sequence("hi", TerminalMultiplexer::Screen), "\x1bP\x1b]52;c;aGk=\x07\x1b\\");
    }

    #[test]
    fn what_may_swallow_it_is_told() {
        use super::TerminalMultiplexer;
        assert_eq!(TerminalMultiplexer::detect(|_| false).condition(), None);
        assert!(TerminalMultiplexer::detect(|name| name == "TMUX").condition().unwrap().contains("set-clipboard"));
        assert!(TerminalMultiplexer::detect(|name| name == "STY").condition().unwrap().contains("screen"));
    }
}
