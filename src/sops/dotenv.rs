//! The dotenv store as sops's `stores/dotenv` reads it: lines of `KEY=value`, split at the first `=`, without quoting;
//! `\n` in a value is a line end, and `#` begins a comment only as the first sign of a line.

use std::collections::HashSet;
use std::ops::Range;

use super::error::SopsError;
use super::metadata::unflatten;
use super::parsed::{BLOCK, Comment, Document, Leaf, Node, NodeKind, Parsed, Style};
use super::path::{Path, Segment};
use super::value::Value;
use crate::secret::Secret;

/// The prefix of the block's names.
const PREFIX: &str = "sops_";

/// Reads a dotenv text.
pub(super) fn read(text: &str) -> Result<Parsed, SopsError> {
    let mut parsed = Parsed::default();
    let (mut seen, mut start) = (HashSet::new(), 0_usize);
    let (mut block, mut behind): (Option<Range<usize>>, bool) = (None, false);
    for (content, line) in text.split('\n').zip(1..) {
        let end = start.saturating_add(content.len());
        let next = end.saturating_add(1).min(text.len());
        let at = start;
        start = next;
        if content.is_empty() {
            continue;
        }
        if let Some(said) = content.strip_prefix('#') {
            let text = Secret::new(said);
            let (parent, sign) = (Path::default(), "#".to_owned());
            parsed.comments.push(Comment { document: 0, parent, line, text, sign, span: at..end });
            continue;
        }
        let Some((name, written)) = content.split_once('=') else {
            return Err(shape(line, "the line has no ="));
        };
        if !seen.insert(name) {
            return Err(shape(line, &format!("the key {name} stands there twice")));
        }
        let value = Value::text(written.replace("\\n", "\n"));
        let span = end.saturating_sub(written.len())..end;
        if let Some(flat) = name.strip_prefix(PREFIX) {
            let found = block.get_or_insert(at..next);
            if behind {
                return Err(shape(line, "lines of sops_ stand apart from each other; put them together at the end"));
            }
            found.end = next;
            let steps = unflatten(flat).ok_or_else(|| shape(line, &format!("{name} is not a name that sops knows")))?;
            let path = Path::new([vec![Segment::Key(BLOCK.to_owned())], steps].concat());
            parsed.metadata.push(leaf(path, value, span, line));
            continue;
        }
        behind = block.is_some();
        let path = Path::new(vec![Segment::Key(name.to_owned())]);
        let key = at..at.saturating_add(name.len());
        parsed.nodes.push(node(path.clone(), key, end, line));
        parsed.leaves.push(leaf(path, value, span, line));
    }
    parsed.documents.push(Document { block, end: text.len(), braces: false, column: 0 });
    Ok(parsed)
}

/// Writes a value; the read-back finds a value that sops would read differently.
pub(super) fn plain(value: &Value) -> Secret {
    Secret::new(value.canonical.expose().replace('\n', "\\n"))
}

/// Builds a leaf of a format of lines.
pub(super) fn leaf(path: Path, value: Value, span: Range<usize>, line: usize) -> Leaf {
    let (style, column) = (Style::Plain, 0);
    Leaf { document: 0, path, value, span, style, in_flow: false, column, line, alias: false, decorated: false }
}

/// Builds an entry of a format of lines.
pub(super) fn node(path: Path, key: Range<usize>, end: usize, line: usize) -> Node {
    let kind = NodeKind::Scalar;
    Node { document: 0, path, kind, key, end, column: 0, line, in_flow: false, braces: false }
}

/// Returns the error of an unreadable line.
pub(super) fn shape(line: usize, message: &str) -> SopsError {
    SopsError::Shape { line, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{plain, read};
    use crate::sops::value::Value;

    #[test]
    fn lines_are_read_as_sops_reads_them() {
        let text = "# c\nA=one\nB=\"x # y\"\n\n SPACED = a=b\nM=a\\nb\nE=\n";
        let parsed = read(text).unwrap();
        let shown: Vec<_> = parsed
            .leaves
            .iter()
            .map(|leaf| (leaf.path.to_string(), leaf.value.canonical.expose(), text.get(leaf.span.clone()).unwrap()))
            .collect();
        let expected = [
            ("A", "one", "one"),
            ("B", "\"x # y\"", "\"x # y\""),
            (" SPACED ", " a=b", " a=b"),
            ("M", "a\nb", "a\\nb"),
            ("E", "", ""),
        ];
        assert_eq!(shown, expected.map(|(key, value, written)| (key.to_owned(), value, written)));
        assert_eq!(parsed.comments[0].text.expose(), " c");
        assert_eq!(plain(&Value::text("a\nb")).expose(), "a\\nb");
    }

    #[test]
    fn the_block_is_its_lines() {
        let text = "A=1\nsops_mac=ENC\nsops_age__list_0__map_enc=x\\ny\n";
        let parsed = read(text).unwrap();
        let block = parsed.documents[0].block.clone().unwrap();
        assert!(text.get(block).unwrap().starts_with("sops_mac"));
        assert_eq!(parsed.metadata_text("mac"), Some("ENC"));
        assert_eq!(parsed.metadata[1].path.to_string(), "sops.age.0.enc");
        let wrong = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(wrong("A=1\nB\n"), "line 2: the line has no =");
        assert_eq!(wrong("A=1\nA=2\n"), "line 2: the key A stands there twice");
        assert!(wrong("sops_a=1\nB=2\nsops_c=3\n").starts_with("line 3: lines of sops_ stand apart"));
    }
}
