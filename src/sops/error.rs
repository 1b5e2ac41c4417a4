//! Errors of encrypted files, and their messages to the operator.

use super::path::Path;
use crate::model::{Fault, FaultKind, WantedPlugin};

/// Explains why an encrypted file cannot be read, opened or saved; it never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SopsError {
    /// The text has no `sops` block.
    #[error("it is not encrypted with SOPS: there is no sops block")]
    NotEncrypted,
    /// The text is already encrypted.
    #[error("it is encrypted already")]
    AlreadyEncrypted,
    /// The text is not YAML.
    #[error("line {line}, column {column}: {message}")]
    Yaml {
        /// The line, from one.
        line: usize,
        /// The column, from one.
        column: usize,
        /// The parser's message.
        message: String,
    },
    /// The text is not of its file's format, which is not YAML.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// The line, from one.
        line: usize,
        /// The column in bytes, from one.
        column: usize,
        /// The fault there.
        message: String,
    },
    /// The text is something that SOPS cannot hold, such as a list at the top.
    #[error("line {line}: {message}")]
    Shape {
        /// The line, from one.
        line: usize,
        /// The part that SOPS cannot hold.
        message: String,
    },
    /// Git could not merge two versions of the text, and left both in it.
    #[error("line {line}: two versions of it were merged, and the marks of their conflict stand in it")]
    Conflict {
        /// The line, from one.
        line: usize,
    },
    /// One file has documents that were encrypted separately, or plain ones beside an encrypted one.
    #[error(
        "{}, and sops opens a file of several documents only when they were sealed together; Flux opens each object by itself",
        if sealed == documents {
            format!("its {documents} documents were sealed each by itself")
        } else {
            format!("{sealed} of its {documents} documents are sealed, and the others are plain")
        }
    )]
    Joined {
        /// The number of documents with content.
        documents: usize,
        /// The number of them with a `sops` block.
        sealed: usize,
    },
    /// The `sops` block lacks something or holds something unknown.
    #[error("the sops block is broken: {0}")]
    Metadata(String),
    /// The rule for the encrypted values cannot be applied.
    #[error("the rule {rule} cannot be applied: {message}")]
    Rule {
        /// The rule from the file.
        rule: String,
        /// The reason.
        message: String,
    },
    /// No available age key is one that the file is encrypted for.
    #[error("none of the age keys at hand can open it")]
    WrongKey {
        /// The public keys that the file is encrypted for.
        recipients: Vec<String>,
        /// The public keys of the available identities.
        at_hand: Vec<String>,
    },
    /// An identity that may open it has a question, which was not answered.
    #[error("the key that may open it is locked, and its question was not answered: {}", identities.join(", "))]
    Unanswered {
        /// The identities that ask.
        identities: Vec<String>,
    },
    /// An identity that may open it could not be used, such as one of a plug-in that is not installed.
    #[error("{why}")]
    LockedKey {
        /// The public keys that the file is encrypted for.
        recipients: Vec<String>,
        /// The fault.
        why: String,
    },
    /// The data key is split between groups of keys, and too few of them can be opened.
    #[error(
        "its data key is split between {count} groups of keys of which {needed} are needed, and the keys at hand open {opened}; not opened: {}",
        missing.join(", ")
    )]
    MissingGroups {
        /// The number of needed groups.
        needed: usize,
        /// The number of opened groups.
        opened: usize,
        /// The number of groups.
        count: usize,
        /// The groups that could not be opened, with their keys.
        missing: Vec<String>,
    },
    /// The data key is damaged.
    #[error("its data key cannot be unwrapped: {0}")]
    DataKey(String),
    /// A ciphertext is damaged, was moved, or its key was renamed.
    #[error("{path} cannot be decrypted: {message}")]
    Value {
        /// The path of the value.
        path: Path,
        /// The reason.
        message: String,
    },
    /// A value that the rule encrypts is in plain text.
    #[error("{path} should be encrypted but is in plain text")]
    PlainValue {
        /// The path of the value.
        path: Path,
    },
    /// The values are not the saved ones: something was changed outside of SOPS.
    #[error("its MAC does not match its values: it was changed without SOPS, or two versions were merged")]
    MacMismatch,
    /// There is no such value to change.
    #[error("there is no value at {0}")]
    NoSuchValue(String),
    /// A feature of SOPS or YAML that is not supported yet.
    #[error("{0}")]
    Unsupported(String),
    /// The rule encrypts nothing, so the result would be plain text that passes for a secret.
    #[error("the rule {0} encrypts nothing in it")]
    NothingEncrypted(String),
    /// A value of a Secret would be written in plain text.
    #[error("the rule {rule} leaves {paths} of a Secret in plain text")]
    LeftPlain {
        /// The first such values.
        paths: String,
        /// The rule that does not reach them.
        rule: String,
    },
    /// A public key cannot be read.
    #[error("{recipient} is not an age or SSH public key")]
    Recipient {
        /// The given text.
        recipient: String,
    },
    /// A recipient needs a program that the user has not agreed to run.
    #[error(
        "encrypting for {recipient} runs the program age-plugin-{plugin}, which the file or .sops.yaml names and you have not agreed to"
    )]
    Plugin {
        /// The plug-in's name.
        plugin: String,
        /// The recipient.
        recipient: String,
    },
    /// The new text does not read back as intended; nothing was written.
    #[error("what would be written does not read back as intended ({0})")]
    ReadBack(String),
}

impl SopsError {
    /// Describes it to the operator: what, why, what to do; with the names `file` and `environment`.
    pub fn fault(&self, file: &str, environment: Option<&str>) -> Fault {
        let place = environment.map(|name| format!(" for {name}")).unwrap_or_default();
        let what = format!("cannot open {file}{place}");
        let fault = |kind, todo: String| Fault::new(kind, what.clone(), self.to_string(), todo);
        match self {
            Self::WrongKey { recipients, at_hand } => {
                let wanted = recipients.join(", ");
                let why = if at_hand.is_empty() {
                    format!("it is encrypted for {wanted}, and no age key is at hand")
                } else {
                    format!("it is encrypted for {wanted}; your key is {}", at_hand.join(", "))
                };
                let name = environment.unwrap_or("NAME");
                let todo = format!(
                    "give the matching key: set age_key_file under [env.{name}] in your configuration, or SOPS_AGE_KEY_FILE; or have \
                     somebody who has it add your public key"
                );
                Fault::new(FaultKind::Undecryptable, what, why, todo)
            }
            Self::Unanswered { .. } => fault(
                FaultKind::Undecryptable,
                "answer it: headless it is asked on the terminal, in the cockpit where the file is opened; an answer holds until \
                 fluxdeck ends"
                    .to_owned(),
            ),
            Self::LockedKey { recipients, .. } => fault(
                FaultKind::Undecryptable,
                format!("mend that, or give another key: it is encrypted for {}", recipients.join(", ")),
            ),
            Self::MissingGroups { .. } => fault(
                FaultKind::Undecryptable,
                "give a key of one more of these groups, or open it together with somebody who has one".to_owned(),
            ),
            Self::DataKey(_) | Self::Value { .. } => {
                fault(FaultKind::Undecryptable, format!("bring back the last version that opens: git log -p -- {file}"))
            }
            Self::MacMismatch => fault(
                FaultKind::Undecryptable,
                format!(
                    "see what changed: git log -p -- {file}; when the values are right: sops --ignore-mac edit {file}, change one and save"
                ),
            ),
            Self::PlainValue { path } => fault(
                FaultKind::Failed,
                format!("take {path} out, treat it as leaked if it was ever pushed, and set it again through SOPS"),
            ),
            Self::Yaml { .. } | Self::Shape { .. } | Self::Syntax { .. } => {
                fault(FaultKind::Failed, format!("mend that line of {file}"))
            }
            Self::Conflict { .. } => fault(
                FaultKind::Failed,
                format!(
                    "no line of a sealed file can be taken from either: take one version whole, git checkout --ours {file} (or --theirs), \
                     and set the other's values again: fluxdeck secret set {file} PATH"
                ),
            ),
            Self::Joined { .. } => fault(
                FaultKind::Failed,
                format!("split {file}: one file for each document, named in kustomization.yaml in its place"),
            ),
            Self::NotEncrypted => fault(FaultKind::Failed, format!("encrypt it first: sops encrypt -i {file}")),
            Self::AlreadyEncrypted => fault(FaultKind::Usage, format!("change its values instead, or encrypt it again by its creation rule: fluxdeck secret encrypt --again {file}")),
            Self::NothingEncrypted(_) | Self::Rule { .. } => fault(
                FaultKind::Failed,
                "mend the rule: for Kubernetes, encrypted_regex: ^(data|stringData)$".to_owned(),
            ),
            Self::LeftPlain { .. } => fault(
                FaultKind::Refused,
                format!(
                    "encrypt it again by its creation rule: fluxdeck secret encrypt --again {file}; where that rule leaves it plain, mend \
                     it in .sops.yaml: encrypted_regex: ^(data|stringData)$; what stands in a text, a literal, a patch or an input, which \
                     that does not reach, belongs into a Secret of its own"
                ),
            ),
            Self::Plugin { plugin, recipient } => {
                let todo = format!(
                    "where you know the plug-in, say so once in your personal configuration: [plugins] allow = [\"{plugin}\"]; else take \
                     the recipient out"
                );
                let (name, recipient, file) = (plugin.clone(), recipient.clone(), file.to_owned());
                Fault {
                    plugin: Some(Box::new(WantedPlugin { name, recipient, file })),
                    ..fault(FaultKind::Refused, todo)
                }
            }
            Self::NoSuchValue(_) => fault(FaultKind::Usage, format!("see what there is: sops decrypt {file}")),
            Self::Metadata(_) | Self::Recipient { .. } | Self::Unsupported(_) => {
                fault(FaultKind::Failed, format!("sops itself may say more: sops decrypt {file}"))
            }
            Self::ReadBack(_) => fault(
                FaultKind::Failed,
                format!(
                    "nothing was written; change it with sops edit {file}, and report this with the shape of the file"
                ),
            ),
        }
    }
}
