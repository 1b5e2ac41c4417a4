//! Reads INI into values with their spans.

use std::collections::HashSet;

use super::value;
use crate::secret::Secret;
use crate::sops::dotenv::{leaf, node, shape};
use crate::sops::error::SopsError;
use crate::sops::metadata::unflatten;
use crate::sops::parsed::{BLOCK, Comment, Document, NodeKind, Parsed};
use crate::sops::path::{Path, Segment};
use crate::sops::value::Value;

/// The section of the content before the first one.
const DEFAULT: &str = "DEFAULT";

/// Reads an INI text.
pub(in crate::sops) fn read(text: &str) -> Result<Parsed, SopsError> {
    let mut reader = Reader {
        text,
        position: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 },
        line: 1,
        section: DEFAULT.to_owned(),
        sections: HashSet::from([DEFAULT.to_owned()]),
        keys: HashSet::new(),
        parsed: Parsed { documents: vec![Document { end: text.len(), ..Document::default() }], ..Parsed::default() },
        comment: None,
    };
    while reader.position < text.len() {
        reader.line()?;
    }
    // A comment at the end belongs to nothing in sops, which drops it; here it stays plain.
    reader.comment_belongs_to(Path::default());
    if let Some(block) = reader.parsed.documents.first_mut().and_then(|document| document.block.as_mut())
        && reader.section == BLOCK
    {
        block.end = text.len();
    }
    Ok(reader.parsed)
}

struct Reader<'a> {
    text: &'a str,
    position: usize,
    line: usize,
    section: String,
    sections: HashSet<String>,
    keys: HashSet<String>,
    parsed: Parsed,
    /// The comment above the next entry: its bytes and its line.
    comment: Option<(std::ops::Range<usize>, usize)>,
}

impl Reader<'_> {
    fn line(&mut self) -> Result<(), SopsError> {
        let rest = self.text.get(self.position..).unwrap_or_default();
        let whole = rest.split_inclusive('\n').next().unwrap_or_default();
        let start = self.position.saturating_add(whole.len().saturating_sub(whole.trim_start().len()));
        let content = whole.trim();
        let end = start.saturating_add(content.len());
        let (line, next) = (self.line, self.position.saturating_add(whole.len()));
        self.position = next;
        self.line = line.saturating_add(1);
        if content.is_empty() {
            return Ok(());
        }
        if content.starts_with(['#', ';']) {
            match &mut self.comment {
                Some((span, _)) => span.end = end,
                None => self.comment = Some((start..end, line)),
            }
            return Ok(());
        }
        if content.starts_with('[') {
            return self.header(content, start, line);
        }
        self.key(content, start, line)
    }

    fn header(&mut self, content: &str, start: usize, line: usize) -> Result<(), SopsError> {
        let name = content.strip_prefix('[').and_then(|rest| rest.rsplit_once(']'));
        let (name, behind) = name.ok_or_else(|| shape(line, "a section has no closing ]"))?;
        if !behind.trim().is_empty() {
            return Err(shape(line, "something stands behind the section; put it on a line of its own"));
        }
        if !self.sections.insert(name.to_owned()) {
            return Err(shape(line, &format!("the section {name} stands there twice")));
        }
        let inside = self.section == BLOCK;
        if let Some(document) = self.parsed.documents.first_mut() {
            if name == BLOCK {
                document.block = Some(start..self.text.len());
            } else if let Some(block) = document.block.as_mut().filter(|_| inside) {
                block.end = self.comment.as_ref().map_or(start, |(span, _)| span.start);
            }
        }
        name.clone_into(&mut self.section);
        self.keys.clear();
        if name == BLOCK {
            // Comments before the block are not its own: they stay plain, as sops would drop them.
            self.comment_belongs_to(Path::default());
            return Ok(());
        }
        let path = Path::new(vec![Segment::Key(name.to_owned())]);
        self.comment_belongs_to(path.clone());
        let mut entry =
            node(path, start..start.saturating_add(content.len()), start.saturating_add(content.len()), line);
        entry.kind = NodeKind::Mapping;
        self.parsed.nodes.push(entry);
        Ok(())
    }

    fn key(&mut self, content: &str, start: usize, line: usize) -> Result<(), SopsError> {
        if content.starts_with(['"', '`', '-']) {
            return Err(shape(line, "a key in quotes, or a dash for a number that is counted up, is not handled yet"));
        }
        let at = content.find(['=', ':']).ok_or_else(|| shape(line, "the line has neither = nor :"))?;
        let name = content.get(..at).unwrap_or_default().trim_end();
        if name.is_empty() {
            return Err(shape(line, "a key has no name"));
        }
        if !self.keys.insert(name.to_owned()) {
            return Err(shape(line, &format!("the key {name} stands there twice")));
        }
        let behind = start.saturating_add(at).saturating_add(1);
        let rest = self.text.get(behind..).unwrap_or_default();
        let written = value::read(rest).map_err(|message| shape(line, message))?;
        let first = behind.saturating_add(written.start);
        let span = first..first.saturating_add(written.length);
        // A value of several lines uses them up.
        let taken = self.text.get(span.clone()).unwrap_or_default().matches('\n').count();
        if taken > 0 {
            let after = self.text.get(span.end..).unwrap_or_default();
            let tail = after.find('\n').map_or(after.len(), |position| position.saturating_add(1));
            self.position = span.end.saturating_add(tail);
            self.line = self.line.saturating_add(taken);
        }
        let section = Segment::Key(self.section.clone());
        if self.section == BLOCK {
            let steps = unflatten(name).ok_or_else(|| shape(line, &format!("{name} is not a name that sops knows")))?;
            let value = Value::text(written.says.expose().replace("\\n", "\n"));
            self.parsed.metadata.push(leaf(Path::new([vec![section], steps].concat()), value, span, line));
            return Ok(());
        }
        self.comment_belongs_to(Path::new(vec![section.clone()]));
        let path = Path::new(vec![section, Segment::Key(name.to_owned())]);
        self.parsed.nodes.push(node(path.clone(), start..start.saturating_add(name.len()), span.end, line));
        let value = Value::text(written.says.expose());
        self.parsed.leaves.push(leaf(path, value, span, line));
        Ok(())
    }

    /// Assigns the last comment to a section.
    fn comment_belongs_to(&mut self, parent: Path) {
        let Some((span, line)) = self.comment.take() else { return };
        let raw = self.text.get(span.clone()).unwrap_or_default();
        let lines: Vec<&str> = raw.split('\n').map(str::trim_start).collect();
        let joined = lines.join("\n");
        let first = joined.chars().next().unwrap_or('#');
        // sops removes the sign and its repetitions, and writes a single one.
        let text = joined.trim_start_matches([first, ' ']);
        let sign = joined.strip_suffix(text).unwrap_or_default().to_owned();
        let text = Secret::new(text);
        self.parsed.comments.push(Comment { document: 0, parent, line, text, sign, span });
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn sections_keys_and_comments_are_read() {
        let text = "; top\ntop = 1\n\n[db]\n# about\n# more\nuser : admin\nm = \"\"\"x\ny\"\"\"\nlast=`a # b`\n";
        let parsed = read(text).unwrap();
        let shown: Vec<_> = parsed
            .leaves
            .iter()
            .map(|leaf| (leaf.path.to_string(), leaf.value.canonical.expose(), text.get(leaf.span.clone()).unwrap()))
            .collect();
        let expected = [
            ("DEFAULT.top", "1", "1"),
            ("db.user", "admin", "admin"),
            ("db.m", "x\ny", "\"\"\"x\ny\"\"\""),
            ("db.last", "a # b", "`a # b`"),
        ];
        assert_eq!(shown, expected.map(|(path, value, written)| (path.to_owned(), value, written)));
        let comments: Vec<_> =
            parsed.comments.iter().map(|one| (one.parent.to_string(), one.sign.as_str(), one.text.expose())).collect();
        assert_eq!(comments, [("DEFAULT".to_owned(), "; ", "top"), ("db".to_owned(), "# ", "about\n# more")]);
        assert_eq!(parsed.leaves[3].line, 10);
    }

    #[test]
    fn the_block_is_its_section() {
        let text = "[a]\nb = c\n\n[sops]\nmac = ENC\nage__list_0__map_enc = x\\ny\n";
        let parsed = read(text).unwrap();
        assert!(text.get(parsed.documents[0].block.clone().unwrap()).unwrap().starts_with("[sops]"));
        assert_eq!(parsed.metadata_text("mac"), Some("ENC"));
        assert_eq!(parsed.metadata[1].value.canonical.expose(), "x\ny");
        let wrong = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(wrong("[a]\nb\n"), "line 2: the line has neither = nor :");
        assert_eq!(wrong("[a]\nb=1\nb=2\n"), "line 3: the key b stands there twice");
        assert!(wrong("a = b#c\n").starts_with("line 1: what follows # or ; is taken for a comment"));
    }
}
