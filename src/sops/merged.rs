//! Aliases and merge keys expanded, as go-yaml reads `.sops.yaml` into sops's own types; sops does not expand them in
//! encrypted files, and neither does this program.

use std::collections::HashSet;

use super::parsed::{Node, NodeKind, Parsed};
use super::path::{Path, Segment};

/// Moves merged entries (`<<: *base`) to their place, unless the mapping has the key itself, and gives every place
/// below an alias an entry.
pub(super) fn written_out(mut parsed: Parsed) -> Parsed {
    let own: HashSet<(usize, Path)> = parsed
        .nodes
        .iter()
        .filter(|node| !is_merged(&node.path))
        .map(|node| (node.document, node.path.clone()))
        .collect();
    let mut seen = HashSet::new();
    parsed.leaves.retain_mut(|leaf| {
        if !is_merged(&leaf.path) {
            return true;
        }
        let path = without_merges(&leaf.path);
        // A key of the mapping itself wins over everything merged below that key; the first of several merges wins over
        // the others.
        let key = path.segments().get(..merged_at(&leaf.path).saturating_add(1)).map(<[Segment]>::to_vec);
        let taken = key.is_some_and(|key| own.contains(&(leaf.document, Path::new(key))));
        leaf.path = path;
        !taken && seen.insert((leaf.document, leaf.path.clone()))
    });
    let mut known = own;
    let mut found = Vec::new();
    for leaf in &parsed.leaves {
        let segments = leaf.path.segments();
        for length in 1..=segments.len() {
            let path = Path::new(segments.get(..length).unwrap_or_default().to_vec());
            if !known.insert((leaf.document, path.clone())) {
                continue;
            }
            let kind = kind_of(segments.get(length));
            let (column, line, in_flow) = (leaf.column, leaf.line, leaf.in_flow);
            let key = leaf.span.start..leaf.span.start;
            let (document, end) = (leaf.document, leaf.span.end);
            found.push(Node { document, path, kind, key, end, column, line, in_flow, braces: false });
        }
    }
    // The target of an alias is no scalar if something is below it.
    for leaf in &parsed.leaves {
        for node in
            parsed.nodes.iter_mut().filter(|node| node.kind == NodeKind::Scalar && node.document == leaf.document)
        {
            let length = node.path.len();
            if leaf.path.len() > length && leaf.path.segments().starts_with(node.path.segments()) {
                node.kind = kind_of(leaf.path.segments().get(length));
            }
        }
    }
    parsed.nodes.extend(found);
    parsed
}

fn kind_of(next: Option<&Segment>) -> NodeKind {
    match next {
        None => NodeKind::Scalar,
        Some(Segment::Index(_)) => NodeKind::List,
        Some(Segment::Key(_)) => NodeKind::Mapping,
    }
}

fn is_merge(segment: &Segment) -> bool {
    matches!(segment, Segment::Key(key) if key == "<<")
}

fn is_merged(path: &Path) -> bool {
    path.segments().iter().any(is_merge)
}

/// Counts the steps before the first merge key.
fn merged_at(path: &Path) -> usize {
    path.segments().iter().take_while(|segment| !is_merge(segment)).count()
}

/// Removes merge keys, and the position in a list of several (`<<: [*a, *b]`).
fn without_merges(path: &Path) -> Path {
    let mut kept = Vec::new();
    let mut behind = false;
    for segment in path.segments() {
        if is_merge(segment) {
            behind = true;
        } else if !(std::mem::take(&mut behind) && matches!(segment, Segment::Index(_))) {
            kept.push(segment.clone());
        }
    }
    Path::new(kept)
}
