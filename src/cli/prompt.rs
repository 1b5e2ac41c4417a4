//! Prompts on the terminal, whatever standard input and output are: for a passphrase, a PIN.

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use zeroize::Zeroizing;

use super::out::{remark, remarks_are_read, rub_out};
use crate::model::Shown;
use crate::secret::Secret;
use crate::sops::{Asker, SecretPrompt};

/// The longest answer, in bytes; the buffer has this size from the start, so that growing leaves no copies in memory.
const LONGEST: usize = 4096;

/// Prompts on the terminal of the process.
pub(super) struct Terminal;

/// Restores the terminal when it is dropped.
struct Raw;

impl Drop for Raw {
    fn drop(&mut self) {
        // An error here cannot be reported.
        let _restored = disable_raw_mode();
        say("\n");
    }
}

fn say(text: &str) {
    remark(&Shown::lines(text));
}

impl Asker for Terminal {
    /// Reads the answer, without an echo where the question is hidden; `None` without a terminal, at ctrl-c, or for an
    /// empty answer.
    fn ask(&self, question: &SecretPrompt) -> Option<Secret> {
        if !remarks_are_read() {
            return None;
        }
        enable_raw_mode().ok()?;
        let raw = Raw;
        say(&format!("{}: ", question.text));
        let typed = typed(question.hidden);
        drop(raw);
        typed.filter(|typed| !typed.is_empty()).map(|typed| Secret::new(typed.as_str()))
    }

    fn tell(&self, text: &str) {
        say(&format!("{text}\n"));
    }
}

/// Reads a line of keys.
fn typed(hidden: bool) -> Option<Zeroizing<String>> {
    let mut typed = Zeroizing::new(String::with_capacity(LONGEST));
    loop {
        let Event::Key(key) = read().ok()? else { continue };
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            _ if key.kind == KeyEventKind::Release => {}
            KeyCode::Char('c' | 'd') if ctrl => return None,
            KeyCode::Char('u') if ctrl => typed.clear(),
            KeyCode::Char('j' | 'm') if ctrl => return Some(typed),
            KeyCode::Enter => return Some(typed),
            KeyCode::Backspace => {
                typed.pop();
                if !hidden {
                    rub_out();
                }
            }
            KeyCode::Char(letter) if typed.len() + letter.len_utf8() <= LONGEST => {
                typed.push(letter);
                if !hidden {
                    say(letter.encode_utf8(&mut [0; 4]));
                }
            }
            _ => {}
        }
    }
}
