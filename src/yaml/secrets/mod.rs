//! The values of Secrets in a document, in all places: in a Secret, in an object that carries one, and in the
//! generators and patches of one.
//!
//! All code that refuses, reports, hides or encrypts the values of a Secret uses this module, so that no form passes
//! one of them and not another:
//!
//! ```text
//! a Secret                 itself, and as an item of a list
//! an annotation            the copy of a Secret that `kubectl apply` keeps in it
//! another object           a ResourceSet, values of a chart, wrappers of other operators, at any depth
//! a text within it         `resourcesTemplate`, a manifest in a ConfigMap, a patch
//! secretGenerator          literals, also of the plug-in of that kind
//! a patch                  JSON patches and replacements of a Secret's values
//! templates of operators   ExternalSecret, SealedSecret and the like, and `stringData` among the values of a chart
//! the inputs of a set      where its templates put them into a Secret; those of a provider by [`SecretInputs`]
//! variables                values that Flux substitutes, by [`templates`]
//! ```
//!
//! Files that a generator reads are not part of the document: [`sources`] names them.

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

/// The beginning of a ciphertext of SOPS.
const SEALED: &str = "ENC[AES256_GCM,";

/// Names the place of a value of a Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValuePlacement {
    /// In a Secret of its own.
    Secret,
    /// In an annotation of one in which a program keeps a copy of the whole object.
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
    /// In an object from which an operator or a chart creates a Secret, and which is mostly public.
    Template,
}

/// Names a value of a Secret, never the value itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The place of the value.
    pub form: ValuePlacement,
    /// Its path in the document: `spec.resources[0].stringData.password`.
    pub path: String,
    /// The path to the Secret, the generator or the patch with the value.
    pub owner: String,
    /// The name of the value in the Secret: `stringData.password`.
    pub shown: String,
    /// Its own key.
    pub key: String,
    /// Its index among the caller's values, if they were added one by one.
    pub leaf: usize,
    /// Whether it is not empty.
    pub filled: bool,
    /// Whether it is written as a ciphertext of SOPS.
    pub sealed: bool,
    /// Whether it is only a placeholder, a reference or empty.
    pub placeholder: bool,
    /// Whether it must stay secret.
    pub confidential: bool,
    /// Whether that is a guess: the template that uses an input is encrypted.
    pub doubtful: bool,
}

impl Held {
    /// Tells whether a value that must stay secret is readable. A ciphertext counts as one only if it is vouched for.
    pub fn is_plain(&self, vouched: bool) -> bool {
        if self.sealed { !vouched } else { self.confidential && !self.doubtful }
    }

    /// Tells whether it has to be a ciphertext in an encrypted file, whatever the file's rule: every value of a Secret,
    /// and elsewhere all that are no placeholders.
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

/// Finds the values of Secrets in a document whose values were added one by one.
pub fn of_node(node: &YamlNode<'_>) -> Vec<Held> {
    walk::of(node)
}

/// Finds the values of Secrets in a document of YAML that contain variables of Flux.
pub fn templates(document: &Value) -> Vec<ValueTemplate> {
    walk::templates(&YamlNode::of_yaml(&merged(document)))
}

/// Finds the same in an object.
pub fn templates_of_json(object: &serde_json::Value) -> Vec<ValueTemplate> {
    walk::templates(&YamlNode::of_json(object))
}

/// Holds the inputs that a `ResourceSet` inserts into Secrets.
#[derive(Debug)]
pub struct SecretInputs {
    uses: Vec<Use>,
    may_be_more: bool,
}

impl SecretInputs {
    /// Reads them from a set; `None` if there are none.
    pub fn of(set: &Value) -> Option<Self> {
        let (uses, may_be_more) = walk::uses(&YamlNode::of_yaml(&merged(set)));
        (!uses.is_empty() || may_be_more).then_some(Self { uses, may_be_more })
    }

    /// Finds the values of Secrets among the inputs of a provider, with its name as inputs are combined under it.
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
    // An invalid merge key is no merge.
    let _unmerged = value.apply_merge();
    value
}

#[cfg(test)]
mod tests;
