//! A link to a file, a heading or an image that is not there.

use super::{is_document, is_of_the_past};
use crate::check::{Context, File, Finding, Rule, RuleInput};
use crate::markdown::MarkdownDocument;
use crate::repo::{contents, path};

pub(in crate::check) const RULE: Rule = Rule {
    id: "document-link",
    about: "a link of a document to a file, heading or image that is not there",
    check: RuleInput::File(check),
};

fn check(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    if !is_document(&file.path) || is_of_the_past(&file.path) {
        return;
    }
    // Pages for a site generator have links of a form that only the generator resolves.
    if is_of_site(context, &file.path) {
        return;
    }
    let document = MarkdownDocument::read(file.text.as_deref().unwrap_or_default());
    for link in &document.links {
        let target = link.target.as_str();
        // Links with other protocols are not checked; a generator of pages replaces braces.
        let is_elsewhere = target.contains("://") || target.starts_with("mailto:") || target.starts_with("tel:");
        if is_elsewhere || target.is_empty() || target.contains('{') {
            continue;
        }
        if let Some(message) = missing(file, &document, context, target) {
            let why = "who follows it in trouble finds nothing";
            let fix = "correct the link, or add what it leads to";
            let habit = "links of documents lead nowhere";
            found.push(Finding::new(RULE.id, &file.path, message, why, fix).on(link.source).warning().habit(habit));
        }
    }
}

/// Configuration files of site generators: Jekyll, `MkDocs`, mdBook, Docusaurus, Hugo, Astro.
const SITES: [&str; 9] = [
    "_config.yml",
    "_config.yaml",
    "mkdocs.yml",
    "mkdocs.yaml",
    "book.toml",
    "docusaurus.config.js",
    "docusaurus.config.ts",
    "hugo.toml",
    "astro.config.mjs",
];

/// Tells whether a document lies below the configuration of a site generator, unless that is at the root: such
/// documents are read on the forge.
fn is_of_site(context: &Context<'_>, file: &str) -> bool {
    let mut folder = path::parent(file);
    while !folder.is_empty() {
        let above = path::parent(folder);
        let is_set_up = |place: &str| SITES.iter().any(|name| context.snapshot.root.join(place).join(name).is_file());
        if is_set_up(folder) || above.is_empty() && is_set_up("") {
            return true;
        }
        folder = above;
    }
    false
}

/// Tells whether a path begins with a folder of the repository; another path is an address of a site.
fn is_of_repository(context: &Context<'_>, place: &str) -> bool {
    place.split_once('/').is_some_and(|(first, _)| context.snapshot.root.join(first).is_dir())
}

fn missing(file: &File, document: &MarkdownDocument, context: &Context<'_>, target: &str) -> Option<String> {
    let (place, heading) = target.split_once('#').map_or((target, None), |(place, heading)| (place, Some(heading)));
    let place = place.split('?').next().unwrap_or_default().replace("%20", " ");
    let heading = heading.filter(|heading| !heading.is_empty() && !heading.starts_with(":~:"));
    if place.is_empty() {
        let heading = heading.filter(|heading| !document.has_anchor(heading))?;
        return Some(format!("it has no heading #{heading}"));
    }
    // GitHub resolves a link from the folder of the document, or from the root when it begins with a slash. A link out
    // of the repository cannot be checked.
    let name = match place.strip_prefix('/') {
        // The address of a page has no file extension; a file has.
        Some(rest) if !path::name(rest).contains('.') || !is_of_repository(context, rest) => return None,
        Some(rest) => path::resolve("", rest),
        None => path::resolve(path::parent(&file.path), &place),
    }?;
    if !context.snapshot.root.join(&name).exists() {
        return Some(format!("the link to {target} leads nowhere: there is no {name}"));
    }
    // GitHub's own anchors, such as L10, belong to files that are not documents.
    let heading = heading.filter(|_| is_document(&name))?;
    let other = MarkdownDocument::read(&contents::text(&context.snapshot.root, &name).ok()?);
    (!other.has_anchor(heading)).then(|| format!("{name} has no heading #{heading}"))
}
