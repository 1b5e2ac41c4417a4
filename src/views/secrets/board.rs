//! The secrets of all environments side by side: the same secret of each is in one line.

use std::collections::BTreeMap;

use crate::model::Env;
use crate::repo::secrets::SecretEntry;

/// One line: the same secret in every environment that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Its identity across environments: the object, else the path of the file.
    pub identity: String,
    /// The title.
    pub title: String,
    /// Its place in the list for each environment.
    pub cells: Vec<Option<usize>>,
    /// Its place in the list, if no environment reads it.
    pub unread: Option<usize>,
}

impl Line {
    /// Returns the place in the list of a column's entry.
    pub fn entry(&self, column: usize) -> Option<usize> {
        self.unread.or_else(|| self.cells.get(column).copied().flatten())
    }
}

/// Sorts the secrets into lines, by their titles; those that no environment reads are last.
pub(super) fn board(entries: &[SecretEntry], names: &[String], env: impl Fn(&str) -> Option<Env>) -> Vec<Line> {
    let mut lines: BTreeMap<(bool, String, usize), Line> = BTreeMap::new();
    let mut met: BTreeMap<(Option<usize>, String), usize> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let column = env(&entry.env).map(Env::index);
        let identity = identity(entry, names);
        // Two files may declare the same object: each has a line.
        let count = met.entry((column, identity.clone())).or_default();
        let line = lines.entry((column.is_none(), identity.clone(), *count)).or_insert_with(|| Line {
            identity: format!("{identity} {count}"),
            title: entry.title(),
            cells: vec![None; names.len()],
            unread: None,
        });
        *count = count.saturating_add(1);
        match column.and_then(|column| line.cells.get_mut(column)) {
            Some(cell) => *cell = Some(index),
            None => line.unread = Some(index),
        }
    }
    let mut lines: Vec<Line> = lines.into_values().collect();
    lines.sort_by(|one, other| (one.unread.is_some(), &one.title).cmp(&(other.unread.is_some(), &other.title)));
    lines
}

/// Returns the identity of an entry, the same in every environment.
fn identity(entry: &SecretEntry, names: &[String]) -> String {
    if entry.is_object() {
        // A namespace with the environment's name in it has the same identity in each.
        let title = if entry.env.is_empty() { entry.title() } else { entry.title().replace(&entry.env, "*") };
        return format!("{} {title}", entry.kind);
    }
    let part = |part: &str| if names.iter().any(|name| name == part) { "*".to_owned() } else { part.to_owned() };
    let path: Vec<String> = entry.file.split('/').map(part).collect();
    format!("{} {}", path.join("/"), entry.document)
}

#[cfg(test)]
mod tests {
    use super::board;
    use crate::model::Env;
    use crate::repo::secrets::SecretEntry;

    fn entry(env: &str, file: &str, name: &str) -> SecretEntry {
        SecretEntry {
            env: env.to_owned(),
            file: file.to_owned(),
            document: 0,
            kind: if name.is_empty() { String::new() } else { "Secret".to_owned() },
            namespace: String::new(),
            name: name.to_owned(),
            recipients: Vec::new(),
            keys: Vec::new(),
            encrypted: true,
            plain: Vec::new(),
            filled_by: None,
            generator: None,
            version: None,
            rule: None,
            configured: None,
            differences: Vec::new(),
            kustomization: None,
            last_change: None,
            problem: None,
        }
    }

    #[test]
    fn the_same_secret_of_both_environments_shares_a_line_and_files_do_by_their_place() {
        let entries = [
            entry("staging", "apps/staging/b.yaml", "b"),
            entry("staging", "apps/staging/values.env", ""),
            entry("production", "apps/production/other.yaml", "b"),
            entry("production", "apps/production/values.env", ""),
            entry("production", "apps/production/a.yaml", "a"),
            entry("production", "apps/production/again.yaml", "a"),
            entry("", "old/b.yaml", "b"),
        ];
        let names = ["staging", "production"].map(str::to_owned);
        let env = |name: &str| match name {
            "staging" => Some(Env(0)),
            "production" => Some(Env(1)),
            _ => None,
        };
        let lines = board(&entries, &names, env);
        let shown: Vec<_> = lines.iter().map(|line| (line.title.as_str(), line.cells.clone(), line.unread)).collect();
        assert_eq!(
            shown,
            [
                ("a", vec![None, Some(4)], None),
                ("a", vec![None, Some(5)], None),
                ("b", vec![Some(0), Some(2)], None),
                ("values.env", vec![Some(1), Some(3)], None),
                ("b", vec![None, None], Some(6)),
            ]
        );
        assert_eq!((lines[4].entry(1), lines[2].entry(0)), (Some(6), Some(0)));
    }
}
