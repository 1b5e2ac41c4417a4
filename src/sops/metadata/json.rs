//! The `sops` member of a JSON file, in its present layout.

use super::node::Node;
use crate::sops::json;
use crate::sops::value::ValueType;

/// Describes the layout of a block.
pub(super) struct Layout {
    /// The line end; empty if everything is on one line.
    pub(super) newline: String,
    /// The indentation of a level.
    pub(super) unit: String,
}

impl Layout {
    /// Returns the layout of an object from the text before its first member, at a depth.
    pub(super) fn from_indent(before: &str, depth: usize) -> Self {
        let newline = if before.contains("\r\n") { "\r\n" } else { "\n" };
        // If the first member shares its line with the brace, there is no layout of lines to follow.
        let margin = before.rsplit_once('\n').map(|(_, margin)| margin).filter(|margin| margin.trim().is_empty());
        let Some(margin) = margin else {
            return Self { newline: String::new(), unit: String::new() };
        };
        let count = margin.len().checked_div(depth.max(1)).unwrap_or_default();
        Self { newline: newline.to_owned(), unit: margin.get(..count).unwrap_or_default().to_owned() }
    }

    /// Returns the start of a line at a depth.
    pub(super) fn line(&self, depth: usize) -> String {
        if self.newline.is_empty() { String::new() } else { format!("{}{}", self.newline, self.unit.repeat(depth)) }
    }

    /// Writes a member.
    pub(super) fn member(&self, name: &str, node: &Node, depth: usize) -> String {
        let space = if self.newline.is_empty() { "" } else { " " };
        format!("{}:{space}{}", json::quoted(name), self.value(node, depth))
    }

    fn value(&self, node: &Node, depth: usize) -> String {
        let inner = depth.saturating_add(1);
        let (open, close, parts) = match node {
            Node::Scalar(ValueType::Text, text) => return json::quoted(text),
            Node::Scalar(ValueType::Null, _) => return "null".to_owned(),
            Node::Scalar(_, text) => return text.clone(),
            Node::Map(members) => {
                ('{', '}', members.iter().map(|(name, node)| self.member(name, node, inner)).collect::<Vec<_>>())
            }
            Node::List(items) => ('[', ']', items.iter().map(|item| self.value(item, inner)).collect()),
        };
        if parts.is_empty() {
            return format!("{open}{close}");
        }
        let line = self.line(inner);
        format!("{open}{line}{}{}{close}", parts.join(&format!(",{line}")), self.line(depth))
    }
}
