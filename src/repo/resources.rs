//! Adding a file to the `resources` of a kustomization file, with every other byte as it was.

use crate::yaml::{self, Value};

/// Adds an entry to `resources`: among the others if they are sorted, else after them. `None` if the file's form does
/// not allow that safely, or it has the entry already.
pub fn add(text: &str, entry: &str) -> Option<String> {
    let before = list(text)?;
    if before.iter().any(|known| known == entry) {
        return None;
    }
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let head = lines.iter().position(|line| line.starts_with("resources:"));
    let written = match head {
        None => {
            let gap = if text.is_empty() || text.ends_with('\n') { "" } else { newline };
            format!("{text}{gap}resources:{newline}  - {entry}{newline}")
        }
        Some(head) => {
            let line = lines.get(head)?;
            let value = line.trim_start_matches("resources:").trim();
            if let Some(inside) = value.strip_prefix('[') {
                let inside = inside.strip_suffix(']')?;
                let items =
                    if inside.trim().is_empty() { entry.to_owned() } else { format!("{}, {entry}", inside.trim_end()) };
                replace(&lines, head, 1, &format!("resources: [{items}]{}", line_end(line)))
            } else if value.is_empty() {
                block(&lines, head, &before, entry, newline)?
            } else {
                return None;
            }
        }
    };
    // The new text must parse to the intended content, and to nothing else.
    let mut wanted = before;
    let after = list(&written)?;
    wanted.push(entry.to_owned());
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    (sorted(&after) == sorted(&wanted) && without(&written) == without(text)).then_some(written)
}

fn block(lines: &[&str], head: usize, before: &[String], entry: &str, newline: &str) -> Option<String> {
    let is_item = |line: &&str| line.trim_start().starts_with("- ");
    let behind = lines.get(head.saturating_add(1)..)?;
    // Items may be in the column of the key.
    let inside = |line: &&&str| line.starts_with([' ', '-', '#']) || line.trim().is_empty();
    let items: Vec<usize> = behind
        .iter()
        .take_while(inside)
        .enumerate()
        .filter(|(_, line)| is_item(line))
        .map(|(index, _)| index.saturating_add(head).saturating_add(1))
        .collect();
    let last = *items.last()?;
    let line = lines.get(last)?;
    let indent: String = line.chars().take_while(|letter| *letter == ' ').collect();
    // Folders (`../…`) come before files by habit; among the files the order counts.
    let files: Vec<&String> = before.iter().filter(|item| !item.starts_with('.')).collect();
    let sorted = files.len() > 1 && files.windows(2).all(|pair| matches!(pair, [one, other] if one <= other));
    let place = if sorted && items.len() == before.len() {
        let next = before.iter().position(|item| !item.starts_with('.') && item.as_str() > entry);
        next.and_then(|next| items.get(next)).copied().unwrap_or(last.saturating_add(1))
    } else {
        last.saturating_add(1)
    };
    let mut out: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    // A last line without an end gets one.
    if place == out.len()
        && let Some(last) = out.last_mut().filter(|last| !last.ends_with('\n'))
    {
        last.push_str(newline);
    }
    out.insert(place, format!("{indent}- {entry}{newline}"));
    Some(out.concat())
}

fn line_end(line: &str) -> &str {
    line.get(line.trim_end_matches(['\r', '\n']).len()..).unwrap_or_default()
}

fn replace(lines: &[&str], at: usize, count: usize, with: &str) -> String {
    let before = lines.iter().take(at).copied();
    let behind = lines.iter().skip(at.saturating_add(count)).copied();
    before.chain(std::iter::once(with)).chain(behind).collect()
}

fn body(text: &str) -> Option<Value> {
    match yaml::documents(text).ok()?.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

fn list(text: &str) -> Option<Vec<String>> {
    match body(text)?.get("resources") {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Sequence(items)) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        Some(_) => None,
    }
}

/// Returns the content without the list.
fn without(text: &str) -> Option<Value> {
    let mut body = body(text)?;
    if let Value::Mapping(fields) = &mut body {
        fields.remove("resources");
    }
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::add;

    #[test]
    fn an_entry_goes_where_it_belongs_and_all_else_stays() {
        let cases = [
            (
                "resources:\n  - ../../base\n  - a.yaml # first\n  - c.yaml\nimages: []\n",
                "resources:\n  - ../../base\n  - a.yaml # first\n  - b.yaml\n  - c.yaml\nimages: []\n",
            ),
            (
                "resources:\n- z.yaml\n- a.yaml\n\npatches: []\n",
                "resources:\n- z.yaml\n- a.yaml\n- b.yaml\n\npatches: []\n",
            ),
            ("resources: [a.yaml]\nx: 1\n", "resources: [a.yaml, b.yaml]\nx: 1\n"),
            ("resources: []\n", "resources: [b.yaml]\n"),
            ("kind: Kustomization\n", "kind: Kustomization\nresources:\n  - b.yaml\n"),
            ("resources:\n  - a.yaml", "resources:\n  - a.yaml\n  - b.yaml\n"),
            ("resources:\r\n  - a.yaml\r\nx: 1\r\n", "resources:\r\n  - a.yaml\r\n  - b.yaml\r\nx: 1\r\n"),
        ];
        for (before, after) in cases {
            assert_eq!(add(before, "b.yaml").as_deref(), Some(after), "{before:?}");
        }
    }

    #[test]
    fn what_is_there_already_or_cannot_be_told_is_left_alone() {
        for text in [
            "resources:\n  - b.yaml\n",
            "resources: &a\n  - a.yaml\n",
            "a: 1\n---\nresources: []\n",
            "resources: {a: 1}\n",
        ] {
            assert_eq!(add(text, "b.yaml"), None, "{text}");
        }
    }
}
