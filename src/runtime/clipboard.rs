//! The clipboard over SSH: OSC 52, the one way that reaches the operator's own desk.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Terminals drop longer sequences; xterm's limit is the smallest that is known, and 74,994 bytes of text fit into it.
pub const LIMIT: usize = 74_994;

/// Writes the sequence that puts a text on the clipboard; inside tmux it is wrapped for the terminal outside (`DCS tmux;`).
pub fn sequence(text: &str, tmux: bool) -> String {
    let osc = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    if tmux { format!("\x1bPtmux;\x1b{osc}\x1b\\") } else { osc }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_sequence_carries_the_text_as_base64() {
        assert_eq!(super::sequence("hi", false), "\x1b]52;c;aGk=\x07");
        assert_eq!(super::sequence("hi", true), "\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
    }
}
