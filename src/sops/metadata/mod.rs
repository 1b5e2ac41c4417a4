//! The `sops` block of a file of any format: its readers, its rule for encrypted values, and its MAC.
//!
//! [`Metadata`] is read from a file's values and written back in the file's own layout: unchanged parts keep their
//! bytes. `node` holds the content of a block without its format, `layout` the three orders in which versions of sops
//! write it, `rewrite` replaces a block by a changed one, `append` adds that of a new file, and `yaml`, `json` and
//! `flat` (dotenv and INI) write single fields. `keys` wraps the data key for the recipients.

mod append;
mod flat;
mod json;
mod keys;
mod layout;
mod node;
mod rewrite;
#[cfg(test)]
mod tests;
mod yaml;

pub(super) use append::appended;
pub(super) use node::unflatten;
pub(super) use rewrite::rewrite;

use layout::Layout;
use node::Node;

use super::error::SopsError;
use super::keys::recipients::Wrapped;
use super::parsed::Parsed;
use super::rules::RuleKind;

/// The kinds of keys other than age in a block. They cannot be used here and are kept as they are.
pub(super) const OTHER_KINDS: [&str; 6] = ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp"];

/// Holds the content of a `sops` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The groups of keys: with one, each of its keys opens the file; with several, the data key is split between them
    /// (Shamir).
    pub groups: Vec<KeyGroup>,
    /// The number of groups that open the file, if there are several; all of them if it is not set.
    pub shamir_threshold: Option<usize>,
    /// The time of the last change, in UTC to the second; the MAC is encrypted together with it.
    pub last_modified: String,
    /// The encrypted MAC.
    pub mac: String,
    /// The rule for the encrypted values; `None` means sops's default, `unencrypted_suffix: _unencrypted`.
    pub rule: Option<(RuleKind, String)>,
    /// Whether the MAC covers the encrypted values alone.
    pub mac_only_encrypted: bool,
    /// The version of sops that wrote the file.
    pub version: String,
    /// Whether the groups are under `key_groups`, as sops writes several.
    grouped: bool,
    /// Unknown fields, kept as they are.
    unknown: Vec<(String, Node)>,
}

/// Holds the keys of a group, each of which opens the group's part of the data key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyGroup {
    /// The age and SSH recipients, with the data key (or its part) wrapped for each.
    pub age: Vec<Wrapped>,
    /// Keys of other kinds (PGP and clouds), unchanged: the kind and its entries.
    others: Vec<(String, Node)>,
}

impl KeyGroup {
    /// Builds a group of age recipients without wrapped keys.
    pub fn for_recipients(recipients: &[String]) -> Self {
        let wrap = |recipient: &String| Wrapped { recipient: recipient.clone(), armor: String::new() };
        Self { age: recipients.iter().map(wrap).collect(), others: Vec::new() }
    }

    /// Returns the public keys of the group.
    pub fn recipients(&self) -> Vec<String> {
        self.age.iter().map(|one| one.recipient.clone()).collect()
    }

    /// Returns the keys of other kinds: the kind, such as `pgp`, and the identifier of the key.
    pub fn others(&self) -> Vec<(String, String)> {
        let named = |node: &Node| {
            let names = ["fp", "arn", "resource_id", "key_id", "vault_url", "vault_address"];
            names.iter().find_map(|name| node.get(name)?.as_text()).unwrap_or_default().to_owned()
        };
        let entries = self.others.iter();
        entries.flat_map(|(kind, list)| list.items().iter().map(move |node| (kind.clone(), named(node)))).collect()
    }
}

impl Metadata {
    /// Builds the content for a new file, before anything is wrapped or hashed.
    pub(super) fn new(groups: Vec<KeyGroup>, version: &str) -> Self {
        Self {
            grouped: groups.len() > 1,
            groups,
            shamir_threshold: None,
            last_modified: String::new(),
            mac: String::new(),
            rule: None,
            mac_only_encrypted: false,
            version: version.to_owned(),
            unknown: Vec::new(),
        }
    }

    /// Reads the block of a file.
    pub(super) fn read(parsed: &Parsed) -> Result<Self, SopsError> {
        let root = Node::read(parsed);
        let mut metadata = Self::new(Vec::new(), "");
        let mut single = KeyGroup::default();
        for (name, node) in root.members() {
            let text = || node.as_text().unwrap_or_default().to_owned();
            match name.as_str() {
                "age" => single.age = entries(node),
                "key_groups" => metadata.groups = node.items().iter().map(group).collect(),
                "lastmodified" => metadata.last_modified = text(),
                "mac" => metadata.mac = text(),
                "version" => metadata.version = text(),
                "shamir_threshold" => metadata.shamir_threshold = number(&text())?,
                "mac_only_encrypted" => metadata.mac_only_encrypted = truth(&text()),
                kind if OTHER_KINDS.contains(&kind) => {
                    if !node.items().is_empty() {
                        single.others.push((name.clone(), node.clone()));
                    }
                }
                kind => match RuleKind::from_field(kind) {
                    Some(_) if text().is_empty() => {}
                    Some(_) if metadata.rule.is_some() => {
                        let message = "it holds more than one rule for what is encrypted";
                        return Err(SopsError::Metadata(message.to_owned()));
                    }
                    Some(kind) => metadata.rule = Some((kind, text())),
                    None => metadata.unknown.push((name.clone(), node.clone())),
                },
            }
        }
        metadata.grouped = true;
        // sops reads the groups only if there are no keys beside them.
        if !single.age.is_empty() || !single.others.is_empty() {
            metadata.groups = vec![single];
            metadata.grouped = false;
        }
        if metadata.groups.iter().all(|group| group.age.is_empty() && group.others.is_empty()) {
            return Err(SopsError::Metadata("it names no keys".to_owned()));
        }
        Ok(metadata)
    }

    /// Returns all age and SSH recipients in the order of the file, each once.
    pub fn recipients(&self) -> Vec<String> {
        let mut recipients: Vec<String> = Vec::new();
        for recipient in self.groups.iter().flat_map(KeyGroup::recipients) {
            if !recipients.contains(&recipient) {
                recipients.push(recipient);
            }
        }
        recipients
    }

    /// Returns the number of groups that open the file.
    pub fn needed(&self) -> usize {
        self.shamir_threshold.filter(|_| self.groups.len() > 1).unwrap_or(self.groups.len())
    }

    /// Returns the kinds of keys that are not age, each once.
    pub fn other_kinds(&self) -> Vec<String> {
        let mut kinds: Vec<String> =
            self.groups.iter().flat_map(|group| group.others.iter().map(|(kind, _)| kind.clone())).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }

    /// Returns the block as its fields, in the order of a layout.
    fn node(&self, layout: Layout) -> Node {
        let mut members = self.unknown.clone();
        let mut put = |name: &str, node: Node| members.push((name.to_owned(), node));
        let text = Node::text;
        match self.groups.as_slice() {
            [only] if !self.grouped => {
                only.others.iter().for_each(|(kind, node)| put(kind, node.clone()));
                if !only.age.is_empty() {
                    put("age", layout.entries(&only.age));
                }
            }
            groups => put("key_groups", Node::List(groups.iter().map(|group| layout.group(group)).collect())),
        }
        if let Some(threshold) = self.shamir_threshold {
            put("shamir_threshold", Node::Scalar(super::value::ValueType::Integer, threshold.to_string()));
        }
        put("lastmodified", text(&self.last_modified));
        put("mac", text(&self.mac));
        if let Some((kind, rule)) = &self.rule {
            put(kind.key(), text(rule));
        }
        if self.mac_only_encrypted {
            put("mac_only_encrypted", Node::Scalar(super::value::ValueType::Boolean, "true".to_owned()));
        }
        put("version", text(&self.version));
        layout.sort(&mut members);
        Node::Map(members)
    }
}

fn entries(node: &Node) -> Vec<Wrapped> {
    let text = |item: &Node, name| item.get(name).and_then(Node::as_text).unwrap_or_default().to_owned();
    node.items().iter().map(|item| Wrapped { recipient: text(item, "recipient"), armor: text(item, "enc") }).collect()
}

fn group(node: &Node) -> KeyGroup {
    let others = node.members().iter().filter(|(name, node)| name != "age" && !node.items().is_empty());
    KeyGroup { age: node.get("age").map(entries).unwrap_or_default(), others: others.cloned().collect() }
}

fn number(text: &str) -> Result<Option<usize>, SopsError> {
    match text {
        "" | "0" => Ok(None),
        text => text.parse().map(Some).map_err(|_| SopsError::Metadata("shamir_threshold is not a number".to_owned())),
    }
}

/// Reads a boolean as sops does; the flat formats hold it as a text.
fn truth(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True")
}
