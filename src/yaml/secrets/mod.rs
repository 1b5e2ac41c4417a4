//! The values of Secrets in a document, wherever they stand: in a Secret, in an object that carries one, and in what makes or changes one.
//!
//! Whoever refuses, tells, hides or encrypts the values of a Secret asks here, so that no form passes one of them and not another:
//!
//! ```text
//! a Secret                 itself, and as an item of a list
//! an annotation            the copy of a Secret that `kubectl apply` keeps in it
//! another object           a ResourceSet, values of a chart, wrappers of other operators, at any depth
//! a text within it         `resourcesTemplate`, a manifest in a ConfigMap, a patch
//! secretGenerator          literals, also of the plug-in of that kind
//! a patch                  JSON patches and replacements of what a Secret holds
//! templates of operators   ExternalSecret, SealedSecret and the like, and `stringData` among the values of a chart
//! the inputs of a set      where its templates put them into a Secret; those of a provider by [`SecretInputs`]
//! variables                what Flux puts into a value, by [`templates`]
//! ```
//!
//! Files that a generator reads are none of the document's: [`sources`] names them.

mod inputs;
mod lines;
mod node;
mod operators;
mod sources;
mod targets;
mod variables;
mod walk;

pub use lines::in_lines;
pub use node::{Scalar, ScalarKind, YamlNode, YamlStep};
pub use sources::{Source, SourceUse, sources};
pub use variables::ValueTemplate;

use super::Value;
use inputs::Use;

/// What begins a ciphertext of SOPS.
const SEALED: &str = "ENC[AES256_GCM,";

/// Says where a value of a Secret stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValuePlacement {
    /// In a Secret of its own.
    Secret,
    /// In the annotation of one in which a program keeps a copy of the whole object.
    Copy,
    /// In a Secret that another object carries.
    Within,
    /// In a text of another object, or of the annotation of one.
    Text,
    /// In a generator of kustomize.
    Generator,
    /// In a patch or a replacement of kustomize.
    Patch,
    /// In an input that a template puts into a Secret.
    Input,
    /// In what an operator or a chart makes a Secret of, most of which everybody may read.
    Template,
}

/// Names a value of a Secret, never what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Where it stands.
    pub form: ValuePlacement,
    /// The way to it in its document: `spec.resources[0].stringData.password`.
    pub path: String,
    /// The way to the Secret, the generator or the patch that has it.
    pub owner: String,
    /// What it is in the Secret: `stringData.password`.
    pub shown: String,
    /// Its own key.
    pub key: String,
    /// Which of the caller's values it is, where those are put in one by one.
    pub leaf: usize,
    /// Whether there is anything.
    pub filled: bool,
    /// Whether it is written as a ciphertext of SOPS.
    pub sealed: bool,
    /// Whether it is nothing but what somebody else fills in.
    pub placeholder: bool,
    /// Whether it must stay secret.
    pub confidential: bool,
    /// Whether that is a guess: the template that takes an input is encrypted.
    pub doubtful: bool,
}

impl Held {
    /// Tells whether everybody reads what must stay secret. A ciphertext is one only where something vouches for it.
    pub fn is_plain(&self, vouched: bool) -> bool {
        if self.sealed { !vouched } else { self.confidential && !self.doubtful }
    }

    /// Tells whether it has to be a ciphertext in an encrypted file, whatever the file's rule says: all that a Secret holds, and elsewhere what
    /// is nothing that others fill in.
    pub fn must_be_sealed(&self) -> bool {
        match self.form {
            ValuePlacement::Secret | ValuePlacement::Copy => self.filled,
            ValuePlacement::Within => self.filled && !self.placeholder,
            ValuePlacement::Text
            | ValuePlacement::Generator
            | ValuePlacement::Patch
            | ValuePlacement::Input
            | ValuePlacement::Template => self.confidential && !self.doubtful,
        }
    }
}

/// Finds the values of Secrets in a document of YAML.
pub fn of_document(document: &Value) -> Vec<Held> {
    walk::of(&YamlNode::of_yaml(&merged(document)))
}

/// Finds the values of Secrets in a patch of kustomize that is for Secrets, as its target says.
pub fn of_patch(document: &Value) -> Vec<Held> {
    walk::of_patch(&YamlNode::of_yaml(&merged(document)))
}

/// Finds the values of Secrets in an object.
pub fn of_json(object: &serde_json::Value) -> Vec<Held> {
    walk::of(&YamlNode::of_json(object))
}

/// Finds the values of Secrets in a document whose values were put in one by one.
pub fn of_node(node: &YamlNode<'_>) -> Vec<Held> {
    walk::of(node)
}

/// Finds the values of Secrets in a document of YAML in which variables stand that Flux puts in.
pub fn templates(document: &Value) -> Vec<ValueTemplate> {
    walk::templates(&YamlNode::of_yaml(&merged(document)))
}

/// Finds the same in an object.
pub fn templates_of_json(object: &serde_json::Value) -> Vec<ValueTemplate> {
    walk::templates(&YamlNode::of_json(object))
}

/// Holds which inputs a `ResourceSet` puts into Secrets.
#[derive(Debug)]
pub struct SecretInputs {
    uses: Vec<Use>,
    may_be_more: bool,
}

impl SecretInputs {
    /// Takes them out of a set; `None` where there are none.
    pub fn of(set: &Value) -> Option<Self> {
        let (uses, may_be_more) = walk::uses(&YamlNode::of_yaml(&merged(set)));
        (!uses.is_empty() || may_be_more).then_some(Self { uses, may_be_more })
    }

    /// Finds the values of Secrets among what a provider of inputs brings, which is called so where inputs are combined by their names.
    pub fn among(&self, provider: &str, defaults: &Value) -> Vec<Held> {
        let name: String =
            provider.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
        let own = |one: &Use| match one.keys.split_first() {
            Some((first, rest)) if *first == name && !rest.is_empty() => Use { keys: rest.to_vec(), ..one.clone() },
            _ => one.clone(),
        };
        let uses: Vec<Use> = self.uses.iter().map(own).collect();
        walk::provided(&YamlNode::of_yaml(&merged(defaults)), &uses, self.may_be_more)
    }
}

fn merged(document: &Value) -> Value {
    let mut value = document.clone();
    // What cannot be merged is no merge.
    let _unmerged = value.apply_merge();
    value
}

#[cfg(test)]
mod tests;
