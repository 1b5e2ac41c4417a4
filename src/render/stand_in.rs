//! Stand-ins for the values of encrypted files of variables (`envs` of a generator), which Flux decrypts before it builds:
//! kustomize is given texts that name the file and the variable, so that no value is in its input.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The encrypted files of variables that stand-ins name, by their paths, as they are in the repository.
pub type EncryptedInputs = BTreeMap<String, Arc<Vec<u8>>>;

/// The text around a stand-in; `ENC[` is the mark of every encrypted value.
const START: &str = "ENC[variable ";
const END: char = ']';
/// The sign between the file and the variable, which no name of a variable may have.
const BETWEEN: char = '#';

/// Returns the text in place of the value of a variable.
pub(super) fn stand_in(file: &str, name: &str) -> String {
    format!("{START}{file}{BETWEEN}{name}{END}")
}

/// Returns the file and the variable of a text that is a stand-in.
pub fn stood_for(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(START)?.strip_suffix(END)?.rsplit_once(BETWEEN)
}

/// Tells whether a text has a stand-in in it.
pub fn has_stand_in(text: &str) -> bool {
    text.contains(START)
}

#[cfg(test)]
mod tests {
    use super::{has_stand_in, stand_in, stood_for};

    #[test]
    fn a_stand_in_names_its_file_and_its_variable() {
        let text = stand_in("apps/#1/a].env", "PASSWORD");
        assert_eq!(stood_for(&text), Some(("apps/#1/a].env", "PASSWORD")));
        assert!(has_stand_in(&format!("x{text}")) && !has_stand_in("ENC[AES256_GCM,data:a]"));
        assert_eq!(stood_for("ENC[]"), None);
    }
}
