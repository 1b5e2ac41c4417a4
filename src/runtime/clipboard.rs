//! The clipboard over SSH: OSC 52, the one way that reaches the operator's own desk.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Terminals drop longer sequences; xterm's limit is the smallest that is known, and 74,994 bytes of text fit into it.
pub const LIMIT: usize = 74_994;

/// What stands between us and the operator's terminal, and may keep the sequence from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalMultiplexer {
    /// Nothing that is known of.
    Nothing,
    /// tmux, which takes the sequence itself (`set-clipboard`) or lets what is wrapped pass (`allow-passthrough`), both or neither.
    Tmux,
    /// GNU screen, which lets what is wrapped pass.
    Screen,
}

impl TerminalMultiplexer {
    /// Tells it by the variables that each sets.
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

    /// Says what must be set for a copied text to arrive; nobody answers whether it did.
    pub fn condition(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Tmux => Some("it arrives if tmux hands it on: tmux set -g set-clipboard on"),
            Self::Screen => Some("it arrives if screen hands it on, which it does for short texts"),
        }
    }
}

/// Writes the sequence that puts a text on the clipboard. tmux is given it plainly and wrapped for the terminal outside: how it is set decides
/// which of the two it takes, and to copy the same text twice does no harm.
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
