//! A command line of the user, from a file or a variable: split as a shell would, and run without one.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::{ProgramCommand, ProgramKind};

/// Holds a command line, and the folder for its relative paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The line, as written.
    pub text: String,
    /// The folder of its file; `None` for a variable, where a relative path would have no fixed base.
    pub folder: Option<PathBuf>,
}

impl CommandLine {
    /// Creates a line that is not from a file.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), folder: None }
    }

    /// Creates a line from a file in a folder.
    pub fn inside(text: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        Self { text: text.into(), folder: Some(folder.into()) }
    }

    /// Prepares the program with its arguments; `None` when a quote is not closed or the line is empty.
    pub fn command(&self, kind: ProgramKind) -> Option<ProgramCommand> {
        let words = split(&self.text)?;
        let (program, arguments) = words.split_first()?;
        let mut command = ProgramCommand::configured(kind, program, self.folder.as_deref());
        command.args(arguments);
        Some(command)
    }
}

impl Serialize for CommandLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// Splits a command line into words as a shell would, with quotes and backslashes and nothing else; `None` when a quote
/// is not closed.
fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), character) if open == character => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().push(characters.next()?),
            (None, character) if character.is_whitespace() => words.extend(word.take()),
            (_, character) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::{CommandLine, ProgramKind, split};

    #[test]
    fn a_command_line_is_split_as_a_shell_would() {
        assert_eq!(split("pass show 'a b' \"c \\\" d\" e\\ f").unwrap(), ["pass", "show", "a b", "c \" d", "e f"]);
        assert_eq!(split("a ''").unwrap(), ["a", ""]);
        assert_eq!(split("a 'b"), None);
    }

    #[test]
    fn a_relative_path_counts_from_the_folder_of_its_file() {
        let run = |line: CommandLine| line.command(ProgramKind::KeyCommand).unwrap().output();
        assert_eq!(run(CommandLine::inside("./sh -c 'echo key'", "/bin")).unwrap().stdout, b"key\n");
        assert!(run(CommandLine::new("./sh -c 'echo key'")).is_err());
        assert!(CommandLine::new("  ").command(ProgramKind::KeyCommand).is_none());
    }
}
