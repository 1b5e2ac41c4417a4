//! A link to a file, a heading or an image that is not there.

use super::is_document;
use crate::check::{Context, File, Finding, Look, Rule};
use crate::markdown::Document;
use crate::repo::{contents, path};

pub(in crate::check) const RULE: Rule = Rule {
    id: "document-link",
    about: "a link of a document to a file, heading or image that is not there",
    look: Look::File(look),
};

fn look(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    if !is_document(&file.path) {
        return;
    }
    let document = Document::read(file.text.as_deref().unwrap_or_default());
    for link in &document.links {
        let target = link.target.as_str();
        // Other protocols are not looked at; braces are put in by a generator of pages.
        let is_elsewhere = target.contains("://") || target.starts_with("mailto:") || target.starts_with("tel:");
        if is_elsewhere || target.is_empty() || target.contains('{') {
            continue;
        }
        if let Some(message) = missing(file, &document, context, target) {
            let why = "who follows it in trouble finds nothing";
            let fix = "correct the link, or add what it leads to";
            found.push(Finding::new(RULE.id, &file.path, message, why, fix).on(link.source).warning());
        }
    }
}

fn missing(file: &File, document: &Document, context: &Context<'_>, target: &str) -> Option<String> {
    let (place, heading) = target.split_once('#').map_or((target, None), |(place, heading)| (place, Some(heading)));
    let place = place.split('?').next().unwrap_or_default().replace("%20", " ");
    let heading = heading.filter(|heading| !heading.is_empty() && !heading.starts_with(":~:"));
    if place.is_empty() {
        let heading = heading.filter(|heading| !document.has_anchor(heading))?;
        return Some(format!("it has no heading #{heading}"));
    }
    // From the folder of the document, or from the root when it begins with a slash, as GitHub reads it. What leads out of the repository
    // cannot be looked at.
    let name = match place.strip_prefix('/') {
        Some(rest) => path::resolve("", rest),
        None => path::resolve(path::parent(&file.path), &place),
    }?;
    if !context.snapshot.root.join(&name).exists() {
        return Some(format!("the link to {target} leads nowhere: there is no {name}"));
    }
    // GitHub's own anchors, such as L10, are of files that are no documents.
    let heading = heading.filter(|_| is_document(&name))?;
    let other = Document::read(&contents::text(&context.snapshot.root, &name).ok()?);
    (!other.has_anchor(heading)).then(|| format!("{name} has no heading #{heading}"))
}
