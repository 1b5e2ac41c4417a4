//! The keymap: the motion or command of each key, by the defaults and the user's settings.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::command::{Command, KeyScope};
use super::key::Key;
use super::motion::{MOTIONS, Motion};
use crate::model::with_keys;

/// Maps keys to motions and commands.
#[derive(Debug, Default)]
pub struct Keymap {
    motions: Vec<(Key, Motion)>,
    commands: Vec<(Key, &'static Command)>,
    /// Every command, those without a key too.
    known: &'static [&'static Command],
}

impl Keymap {
    /// Builds the keymap from the defaults, replaced by the user's own keys for a motion or command id.
    ///
    /// # Errors
    /// Returns a message for each setting that names no command or no key, and for each key with two meanings in one
    /// place.
    pub fn new(
        commands: &'static [&'static Command],
        own: &BTreeMap<String, Vec<String>>,
    ) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut keymap = Self { known: commands, ..Self::default() };
        let mut read = |id: &str, defaults: &[&str]| -> Vec<Key> {
            let texts: Vec<&str> =
                own.get(id).map_or_else(|| defaults.to_vec(), |texts| texts.iter().map(String::as_str).collect());
            texts
                .into_iter()
                .filter_map(|text| {
                    text.parse().map_err(|fault: String| faults.push(format!("keys of {id}: {fault}"))).ok()
                })
                .collect()
        };
        for (motion, id, defaults, _) in MOTIONS {
            keymap.motions.extend(read(id, defaults).into_iter().map(|key| (key, *motion)));
        }
        for command in commands {
            keymap.commands.extend(read(command.id, command.keys).into_iter().map(|key| (key, *command)));
        }
        for id in own.keys() {
            if !MOTIONS.iter().any(|(_, known, ..)| known == id) && !commands.iter().any(|command| command.id == id) {
                faults.push(format!("keys of {id}: there is no such command; `fluxdeck keys` lists them"));
            }
        }
        faults.extend(keymap.clashes());
        if faults.is_empty() { Ok(keymap) } else { Err(faults) }
    }

    /// Finds the motion of a key.
    pub fn motion(&self, key: Key) -> Option<Motion> {
        self.motions.iter().find(|(known, _)| *known == key).map(|(_, motion)| *motion)
    }

    /// Returns the commands of a key, those of one view first.
    pub fn commands(&self, key: Key) -> impl Iterator<Item = &'static Command> {
        let bound = move |(known, command): &(Key, &'static Command)| (*known == key).then_some(*command);
        let of_view = |command: &&'static Command| matches!(command.scope, KeyScope::View(_));
        self.commands
            .iter()
            .filter_map(bound)
            .filter(of_view)
            .chain(self.commands.iter().filter_map(bound).filter(move |command| !of_view(command)))
    }

    /// Returns the keys of a command.
    pub fn keys_of(&self, id: &str) -> Vec<Key> {
        self.commands.iter().filter(|(_, command)| command.id == id).map(|(key, _)| *key).collect()
    }

    /// Returns the keys of a motion.
    pub fn keys_of_motion(&self, motion: Motion) -> Vec<Key> {
        self.motions.iter().filter(|(_, known)| *known == motion).map(|(key, _)| *key).collect()
    }

    /// Writes the keys into a text that names their commands or motions; for a command without a key, its name in the
    /// palette.
    pub fn written<'a>(&self, text: &'a str) -> Cow<'a, str> {
        with_keys(text, |hint| self.key_name(hint.id))
    }

    fn key_name(&self, id: &str) -> String {
        // The motion that opens has the key, not the command of that name.
        let motion = MOTIONS.iter().find(|(_, known, ..)| *known == id).map(|(motion, ..)| *motion);
        let keys = motion.map_or_else(|| self.keys_of(id), |motion| self.keys_of_motion(motion));
        let command = self.known.iter().find(|command| command.id == id);
        let unbound = || command.map_or_else(|| id.to_owned(), |command| format!(":{}", command.title));
        keys.first().map_or_else(unbound, ToString::to_string)
    }

    /// Finds keys with two meanings in one place. A view's own keys may hide those that work everywhere; two kinds of
    /// target may share one.
    fn clashes(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (index, (key, command)) in self.commands.iter().enumerate() {
            if self.motion(*key).is_some() && !matches!(command.scope, KeyScope::View(_)) {
                faults.push(format!("{key} means both a motion and {}", command.id));
            }
            for (other_key, other) in self.commands.iter().skip(index + 1) {
                // Two kinds of target, or a view and everywhere, may share a key: only one of them applies at a time.
                let same_place = match (command.scope, other.scope) {
                    (KeyScope::View(one), KeyScope::View(two)) => one == two,
                    (KeyScope::View(_), _) | (_, KeyScope::View(_)) => false,
                    (one, two) => one.is_general() || two.is_general(),
                };
                if key == other_key && same_place {
                    faults.push(format!("{key} means both {} and {}", command.id, other.id));
                }
            }
        }
        faults
    }
}
