//! A page that no index links to.

use std::collections::{BTreeMap, BTreeSet};

use super::is_document;
use crate::check::{Context, Finding, Rule, RuleInput};
use crate::markdown::MarkdownDocument;
use crate::repo::{contents, path};

pub(in crate::check) const RULE: Rule = Rule {
    id: "document-unreached",
    about: "a page of the documents that no link from the README leads to",
    check: RuleInput::Repository(check),
};

fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let mut links: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in context.listed().iter().filter(|file| is_document(file)) {
        let text = contents::text(&context.snapshot.root, file).unwrap_or_default();
        let targets = MarkdownDocument::read(&text).links.into_iter().filter_map(|link| {
            let place = link.target.split(['#', '?']).next().unwrap_or_default().replace("%20", " ");
            match place.strip_prefix('/') {
                // A link within the page leads to no other page.
                None if place.is_empty() => None,
                Some(rest) => path::resolve("", rest),
                None => path::resolve(path::parent(file), &place),
            }
        });
        links.insert(file, targets.collect());
    }
    let Some(readme) = links.keys().find(|file| file.eq_ignore_ascii_case("readme.md")).copied() else { return };
    let mut reached = BTreeSet::new();
    let mut next = vec![readme.to_owned()];
    while let Some(one) = next.pop() {
        if !reached.insert(one.clone()) {
            continue;
        }
        next.extend(links.get(one.as_str()).into_iter().flatten().cloned());
        // A link to a folder reaches its pages, because a forge lists them.
        if !links.contains_key(one.as_str()) && !one.is_empty() {
            next.extend(links.keys().filter(|file| path::parent(file) == one).map(|&file| file.to_owned()));
        }
    }
    for page in links.keys().filter(|page| !reached.contains(**page)) {
        // Only folders of which the index reaches a page are checked: others, such as .github, have readers of their
        // own.
        let folder = path::parent(page);
        let is_indexed = reached.iter().any(|known| is_document(known) && path::parent(known) == folder);
        if folder.is_empty() || !is_indexed {
            continue;
        }
        let message = format!("no link leads from {readme} to this page");
        let why = "who needs it does not know that it is there";
        let fix = "link to it from the page that lists its neighbours, or delete it";
        found.push(Finding::new(RULE.id, page, message, why, fix).hint());
    }
}
