//! A Markdown document as a page: without its marks, and with links that enter follows.

use std::collections::BTreeMap;

use crate::app::{CommandTarget, Facts};
use crate::markdown::{MarkdownDocument, MarkdownLink, Style};
use crate::repo::path;
use crate::theme::Scope;
use crate::views::parts::page::PageLine;

/// Names the target of a line's link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Jump {
    /// Another line of the same page.
    Here(usize),
    /// A file, and the heading in it.
    File(String, Option<String>),
    /// An address that a terminal cannot open.
    Elsewhere(String),
}

/// Holds the page of a document.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Its lines.
    pub(super) lines: Vec<PageLine>,
    /// The link target of each line.
    pub(super) jumps: Vec<Option<Jump>>,
    /// The source line of each line of the document, and its place on the page.
    pub(super) sources: Vec<(usize, usize)>,
    /// The line of each heading, by its anchor.
    pub(super) anchors: BTreeMap<String, usize>,
}

/// Tells whether a file is a document.
pub(in crate::views) fn is_document(path: &str) -> bool {
    matches!(path.rsplit('.').next(), Some("md" | "markdown"))
}

impl Page {
    /// Lays a document out.
    pub(super) fn new(file: &str, text: &str, facts: &Facts) -> Self {
        let document = MarkdownDocument::read(text);
        let mut page = Self::default();
        // The place of each line of the document on the page.
        let mut places = Vec::with_capacity(document.lines.len());
        let mut pending = Vec::new();
        for line in &document.lines {
            places.push(page.lines.len());
            if line.style != Style::Blank {
                page.sources.push((line.source, page.lines.len()));
            }
            let links = document.links.get(line.links.clone()).unwrap_or_default();
            // A line that is only a link opens it; in other lines each link has a row of its own.
            let whole = links.first().filter(|link| links.len() == 1 && link.text == line.text);
            let scope = match line.style {
                Style::Heading(_) => Scope::Heading,
                Style::Text | Style::Row if whole.is_some() => Scope::Linked,
                Style::Code => Scope::Dim,
                _ => Scope::Text,
            };
            let shown = match line.style {
                Style::Code => PageLine::cut(&*line.text, scope),
                _ => PageLine::wrapped(&*line.text, scope),
            };
            let shown = if line.lead.is_empty() {
                shown
            } else {
                shown.after(&*line.lead, if line.style == Style::Row { Scope::Text } else { Scope::Dim })
            };
            pending.push((page.lines.len(), whole.cloned()));
            page.lines.push(shown);
            for link in links.iter().filter(|_| whole.is_none()) {
                pending.push((page.lines.len(), Some(link.clone())));
                let lead = " ".repeat(line.lead.len().min(8));
                page.lines.push(PageLine::cut(&*link.text, Scope::Linked).after(format!("{lead}-> "), Scope::Dim));
            }
        }
        page.jumps = vec![None; page.lines.len()];
        for (place, link) in pending {
            let jump = link.and_then(|link| jump(file, &link, &document, &places, facts));
            if let (Some(slot), Some(line)) = (page.jumps.get_mut(place), page.lines.get_mut(place)) {
                if let Some(Jump::File(target, _)) = &jump {
                    let target = CommandTarget::File(facts.environment_of(target), target.clone());
                    *line = std::mem::take(line).opens(Some(target));
                }
                *slot = jump;
            }
        }
        let anchors = document.headings.iter().filter_map(|one| Some((one.anchor.clone(), *places.get(one.line)?)));
        page.anchors = anchors.collect();
        page
    }
}

fn jump(file: &str, link: &MarkdownLink, document: &MarkdownDocument, places: &[usize], facts: &Facts) -> Option<Jump> {
    let (place, anchor) =
        link.target.split_once('#').map_or((link.target.as_str(), None), |(place, anchor)| (place, Some(anchor)));
    if place.is_empty() {
        return Some(Jump::Here(*places.get(document.line_of(anchor?)?)?));
    }
    if place.contains("://") || place.starts_with("mailto:") {
        return Some(Jump::Elsewhere(link.target.clone()));
    }
    let place = place.split('?').next().unwrap_or_default().replace("%20", " ");
    let target = match place.strip_prefix('/') {
        Some(rest) => path::resolve("", rest),
        None => path::resolve(path::parent(file), &place),
    }?;
    let scan = &facts.repository.as_ref()?.scan;
    // A folder opens at its README, or else at its first document.
    let inside = |name: &str| scan.get(&path::join(&target, name)).map(|entry| entry.path.to_string());
    let page = if scan.get(&target).is_some_and(|entry| entry.kind == crate::repo::EntryKind::Directory) {
        let first =
            || scan.entries.iter().find(|entry| path::parent(&entry.path) == target && is_document(&entry.path));
        inside("README.md").or_else(|| first().map(|entry| entry.path.to_string()))?
    } else {
        target
    };
    Some(Jump::File(page, anchor.map(str::to_owned)))
}
