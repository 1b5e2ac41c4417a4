//! The damage that sops itself would do on its next edit of a sound file. Each case was tried with sops 3.13.3
//! (`tests/judge.rs`), which reads YAML into go-yaml's tree and writes all of it anew.

use super::cipher::is_sealed;
use super::file::SopsFile;
use super::format::Format;
use super::path::Segment;

/// Describes one place that sops would damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hazard {
    /// The line, from one.
    pub line: usize,
    /// The damage.
    pub what: &'static str,
}

const ITEM: &str = "sops would make the comment an item of the list, where Flux meets it";
const TWICE: &str =
    "sops would take the comment for one of another place and encrypt it once more, so that nobody reads it again";
const MERGE: &str = "sops would write the merge key as !!merge <<:, which Flux cannot read";
const ALIAS: &str = "sops would drop the anchor and write out what the alias stands for";

impl SopsFile {
    /// Lists the places that sops would damage on its next edit, in the order of the lines.
    pub fn hazards(&self) -> Vec<Hazard> {
        if self.format != Format::Yaml {
            return Vec::new();
        }
        let lines: Vec<&str> = self.text.lines().collect();
        let sealed = self.parsed.comments.iter().filter(|comment| is_sealed(comment.text.expose()));
        let mut found: Vec<Hazard> = sealed
            .filter_map(|comment| Some(Hazard { line: comment.line, what: of_comment(&lines, comment.line)? }))
            .collect();
        for leaf in self.parsed.leaves.iter().filter(|leaf| leaf.alias) {
            let merges = leaf.path.segments().iter().any(|segment| matches!(segment, Segment::Key(key) if key == "<<"));
            found.push(Hazard { line: leaf.line, what: if merges { MERGE } else { ALIAS } });
        }
        found.sort_by_key(|hazard| hazard.line);
        found.dedup();
        found
    }
}

/// Returns the damage of sops to an encrypted comment: go-yaml attaches a comment to the next value at its own
/// indentation, else to the last value before it, and sops decrypts it for the place of that value.
fn of_comment(lines: &[&str], number: usize) -> Option<&'static str> {
    let index = number.checked_sub(1)?;
    let line = lines.get(index)?;
    let (before, _) = line.split_once("#ENC[")?;
    let code = before.trim();
    if !code.is_empty() {
        let ends_flow = code.ends_with([']', '}']) && !code.contains("ENC[");
        return match (code.starts_with("- "), ends_flow || code.ends_with("]]") || code.ends_with("\"]")) {
            (true, _) => Some(ITEM),
            (false, true) => Some(TWICE),
            (false, false) => None,
        };
    }
    let is_content = |line: &&&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let column = indent(line);
    let is_item = |line: &str| line.trim_start().starts_with("- ") || line.trim() == "-";
    match lines.get(index.saturating_add(1)..)?.iter().find(is_content) {
        Some(next) if indent(next) >= column => return is_item(next).then_some(ITEM),
        _ => {}
    }
    let previous = lines.get(..index)?.iter().rev().find(is_content)?;
    match indent(previous).cmp(&column) {
        std::cmp::Ordering::Greater => Some(TWICE),
        std::cmp::Ordering::Equal if is_item(previous) => Some(ITEM),
        _ => None,
    }
}

fn indent(line: &str) -> usize {
    line.len().saturating_sub(line.trim_start_matches(' ').len())
}
