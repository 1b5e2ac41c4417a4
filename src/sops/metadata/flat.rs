//! The lines of a block in the flat formats, dotenv (`sops_mac=…`) and INI (`mac = …` below `[sops]`).

use super::node::Node;

/// Splits lines into flat names and the lines themselves; `prefix` comes before every name.
pub(super) fn split<'a>(block: &'a str, prefix: &str) -> Vec<(String, &'a str)> {
    let named = |line: &'a str| {
        let (name, _) = line.split_once('=')?;
        Some((name.trim().strip_prefix(prefix)?.to_owned(), line.trim_end_matches('\r')))
    };
    block.split('\n').filter_map(named).collect()
}

/// Writes a line: the name, the text between name and value, and the value with `\n` for its line ends.
pub(super) fn line(prefix: &str, name: &str, equals: &str, text: &str) -> String {
    format!("{prefix}{name}{equals}{}", text.replace('\n', "\\n"))
}

/// Returns the width to which INI pads names, if sops aligned the values; `None` if it did not.
pub(super) fn width(found: &[(String, &str)]) -> Option<usize> {
    let (_, first) = found.first()?;
    let at = first.find('=')?;
    found.iter().all(|(_, line)| line.find('=') == Some(at)).then_some(at)
}

/// Returns the text between a name and its value in INI.
pub(super) fn equals(name: &str, width: Option<usize>) -> String {
    let padding = width.unwrap_or_default().saturating_sub(name.len()).max(1);
    format!("{}= ", " ".repeat(padding))
}

/// Converts flat values to a tree of single lines, so that they are merged like fields.
pub(super) fn fields(node: &Node) -> Node {
    Node::Map(node.flat().into_iter().map(|(name, text)| (name, Node::text(&text))).collect())
}
