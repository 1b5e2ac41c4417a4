//! A document by its name and its title, and its subjects.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::MarkdownDocument;

/// Describes a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentPage {
    /// The file, below the repository's root.
    pub file: String,
    /// The title.
    pub title: String,
    /// The file's name and the title, in small letters with dashes.
    names: [String; 2],
    /// Its parts from heading to heading, in order.
    sections: Vec<PageSection>,
    /// The hashes of the words of its headings, in order.
    heading_words: Vec<u64>,
}

/// A part of a document below a heading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct PageSection {
    /// The heading; empty above the first.
    heading: String,
    /// The line of the file, from one.
    line: usize,
    /// The texts between backquotes.
    codes: BTreeSet<String>,
    /// The hashes of its words, in order: a part of any length takes eight bytes for each different word.
    words: Vec<u64>,
}

/// Names the place in a document that speaks of a subject. It is written as `docs/disk.md:12 (The disk is full)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentPlace<'a> {
    /// The document.
    pub page: &'a DocumentPage,
    /// The heading; empty at the document's beginning.
    pub heading: &'a str,
    /// The line of the file, from one; `None` at the document's beginning.
    pub line: Option<usize>,
}

impl fmt::Display for DocumentPlace<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.page.file)?;
        match self.line {
            Some(line) => write!(out, ":{line} ({})", self.heading),
            None => Ok(()),
        }
    }
}

/// Splits a written place into file and line; an address is none.
pub fn document_place(text: &str) -> Option<(&str, Option<usize>)> {
    if text.contains("://") {
        return None;
    }
    let Some((file, rest)) = text.split_once(".md:") else { return Some((text, None)) };
    let line = rest.split(' ').next().and_then(|line| line.parse().ok());
    Some((text.get(..file.len() + ".md".len())?, line))
}

/// The most words of one part that are kept; a longer part is found by its beginning.
const MOST_WORDS: usize = 20_000;

/// The least relevance of a page that is offered: one telling word, or a name beside an ordinary word.
const RELEVANT: u32 = 4;

/// Words that every page about clusters has.
const COMMON: &[&str] = &[
    "about",
    "after",
    "again",
    "because",
    "before",
    "cannot",
    "cluster",
    "container",
    "deployment",
    "error",
    "failed",
    "first",
    "found",
    "image",
    "kubernetes",
    "namespace",
    "object",
    "ready",
    "secret",
    "service",
    "status",
    "their",
    "there",
    "these",
    "which",
    "while",
    "would",
];

/// Names what documents are looked for: the name of an object, words that a page may quote, and ordinary words.
#[derive(Debug, Clone, Default)]
pub struct DocumentSubject {
    name: String,
    quoted: Vec<String>,
    words: BTreeSet<String>,
}

impl DocumentSubject {
    /// Begins with the name of an object; an empty one names none.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Adds a word that a page about it quotes, such as the id of a rule or a file.
    #[must_use]
    pub fn quoting(mut self, word: &str) -> Self {
        self.quoted.push(word.to_owned());
        self
    }

    /// Adds the words of a text, such as a kind, a reason or a message.
    #[must_use]
    pub fn saying(mut self, text: &str) -> Self {
        self.words.extend(words_of(text).filter(|word| word.len() > 4).map(str::to_owned));
        self
    }
}

/// Finds the pages about a subject, the most telling first. A word that half of several pages have tells nothing.
pub fn documents_about<'a>(pages: &'a [DocumentPage], subject: &DocumentSubject) -> Vec<DocumentPlace<'a>> {
    // The name counts by itself; it is no word beside it.
    let is_telling = |word: &&String| {
        let has = pages.iter().filter(|page| page.has_word(word)).count();
        let lower = word.to_lowercase();
        let is_name = lower == subject.name.to_lowercase();
        has > 0 && !is_name && !COMMON.contains(&lower.as_str()) && (pages.len() < 4 || has * 2 <= pages.len())
    };
    let telling: Vec<&String> = subject.words.iter().filter(is_telling).collect();
    let mut found: Vec<(u32, &DocumentPage)> = pages
        .iter()
        .map(|page| (page.relevance(subject, &telling), page))
        .filter(|(one, _)| *one >= RELEVANT)
        .collect();
    found.sort_by_key(|(relevance, page)| (std::cmp::Reverse(*relevance), page.file.as_str()));
    found.into_iter().map(|(_, page)| page.place(subject, &telling)).collect()
}

/// Splits a text into words; dashes, dots and underscores within a word stay, as names have them.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|letter: char| !letter.is_alphanumeric() && !"-._".contains(letter));
    parts.map(|word| word.trim_matches(['-', '.', '_'])).filter(|word| !word.is_empty())
}

/// Tells whether a word is in camel case, as kinds and reasons are and ordinary words are not.
fn is_mixed(word: &str) -> bool {
    let inner = word.char_indices().skip(1).any(|(_, letter)| letter.is_uppercase());
    inner && word.chars().any(char::is_lowercase)
}

fn hashed(word: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    word.to_lowercase().hash(&mut hasher);
    hasher.finish()
}

fn hashes<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<u64> {
    let all: BTreeSet<u64> = texts.flat_map(words_of).take(MOST_WORDS).map(hashed).collect();
    all.into_iter().collect()
}

impl DocumentPage {
    /// Reads the document of a file, if its name is that of one.
    pub fn of_file(file: &str, read: impl FnOnce() -> MarkdownDocument) -> Option<Self> {
        let stem = file.rsplit('/').next()?.strip_suffix(".md")?;
        let document = read();
        let title = document.title().unwrap_or(stem).to_owned();
        let names = [dashed(stem), dashed(&title)];
        let heading_words = hashes(document.headings.iter().map(|heading| heading.text.as_str()));
        let sections = sections(&document);
        Some(Self { file: file.to_owned(), title, names, sections, heading_words })
    }

    fn has_word(&self, word: &str) -> bool {
        let hash = hashed(word);
        self.sections.iter().any(|section| section.words.binary_search(&hash).is_ok())
    }

    /// Finds the part that speaks most of a subject; its beginning if none does.
    fn place<'a>(&'a self, subject: &DocumentSubject, telling: &[&String]) -> DocumentPlace<'a> {
        let mut best: (u32, Option<&PageSection>) = (0, None);
        for section in &self.sections {
            let weight = section.weight(subject, telling);
            if weight > best.0 {
                best = (weight, Some(section));
            }
        }
        // The title leads to the document as a whole.
        let first = self.sections.iter().find(|section| !section.heading.is_empty()).map(|section| section.line);
        let found = best.1.filter(|section| !section.heading.is_empty() && first != Some(section.line));
        DocumentPlace {
            page: self,
            heading: found.map_or("", |section| section.heading.as_str()),
            line: found.map(|section| section.line),
        }
    }

    /// Ranks the page: its name and what it quotes count most, then names and camel-case words in its text, those of
    /// headings twice.
    fn relevance(&self, subject: &DocumentSubject, telling: &[&String]) -> u32 {
        let name = subject.name.as_str();
        let weigh = |word: &str, weight: u32| {
            let is_heading = self.heading_words.binary_search(&hashed(word)).is_ok();
            if is_heading { weight * 2 } else { u32::from(self.has_word(word)) * weight }
        };
        let by_name = if name.is_empty() { 0 } else { u32::from(self.is_about(name)) * 12 + weigh(name, 3) };
        let by_quote: u32 = subject.quoted.iter().map(|word| u32::from(self.quotes(word)) * 12).sum();
        let by_words: u32 = telling.iter().map(|word| weigh(word, if is_mixed(word) { 4 } else { 1 })).sum();
        by_name + by_quote + by_words
    }

    /// Tells whether it is about an object of this name, by its file or its title.
    pub fn is_about(&self, name: &str) -> bool {
        let wanted = format!("-{}-", name.to_lowercase());
        self.names.iter().any(|known| known.contains(&wanted))
    }

    /// Tells whether it contains a word between backquotes, such as the name of a rule or a path.
    pub fn quotes(&self, word: &str) -> bool {
        self.sections.iter().any(|section| section.codes.contains(word))
    }
}

impl PageSection {
    /// Tells how much it says of a subject.
    fn weight(&self, subject: &DocumentSubject, telling: &[&String]) -> u32 {
        let heading = hashes(std::iter::once(self.heading.as_str()));
        let weigh = |word: &str, weight: u32| {
            let hash = hashed(word);
            let is_heading = heading.binary_search(&hash).is_ok();
            if is_heading { weight * 2 } else { u32::from(self.words.binary_search(&hash).is_ok()) * weight }
        };
        let by_name = if subject.name.is_empty() { 0 } else { weigh(&subject.name, 3) };
        let by_quote: u32 = subject.quoted.iter().map(|word| u32::from(self.codes.contains(word)) * 12).sum();
        by_name + by_quote + telling.iter().map(|word| weigh(word, if is_mixed(word) { 4 } else { 1 })).sum::<u32>()
    }
}

/// Cuts a document at its headings.
fn sections(document: &MarkdownDocument) -> Vec<PageSection> {
    let starts = std::iter::once((0, "")).chain(document.headings.iter().map(|one| (one.line, one.text.as_str())));
    let mut found: Vec<PageSection> = Vec::new();
    let starts: Vec<(usize, &str)> = starts.collect();
    for (index, (start, heading)) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(document.lines.len(), |(next, _)| *next);
        let lines = document.lines.get(*start..end).unwrap_or_default();
        let Some(first) = lines.first() else { continue };
        let last = lines.last().map_or(first.source, |line| line.source);
        let next = document.lines.get(end).map_or(usize::MAX, |line| line.source);
        let is_here = |line: usize| line >= first.source && (line <= last || line < next);
        found.push(PageSection {
            heading: (*heading).to_owned(),
            line: first.source,
            codes: document.codes.iter().filter(|(_, line)| is_here(*line)).map(|(code, _)| code.clone()).collect(),
            words: hashes(lines.iter().map(|line| line.text.as_str())),
        });
    }
    found
}

fn dashed(text: &str) -> String {
    let dash = |letter: char| if letter.is_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    format!("-{}-", text.chars().map(dash).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{DocumentPage, DocumentSubject, MarkdownDocument, document_place, documents_about};

    #[test]
    fn pages_are_found_by_what_they_speak_about_the_most_telling_first() {
        let page = |path: &str, text: &str| DocumentPage::of_file(path, || MarkdownDocument::read(text)).unwrap();
        let pages = [
            page(
                "docs/a.md",
                "# The night the disk was full\n\nPods were Evicted, then `CrashLoopBackOff` for linkding.\n",
            ),
            page(
                "docs/b.md",
                "# Certificates\n\nThe wildcard is renewed by cert-manager; a Challenge waits for DNS.\n",
            ),
            page("docs/linkding.md", "# Bookmarks\n\nHow it is restored.\n"),
            page("docs/c.md", "# Nothing of this\n\nWords about the cluster that failed.\n"),
        ];
        let found = |subject: DocumentSubject| {
            documents_about(&pages, &subject).iter().map(|place| place.page.file.clone()).collect::<Vec<_>>()
        };
        assert_eq!(
            found(DocumentSubject::named("").saying("Back-off: CrashLoopBackOff of a container")),
            ["docs/a.md"]
        );
        assert_eq!(
            found(DocumentSubject::named("linkding").saying("crashloopbackoff Pod")),
            ["docs/linkding.md", "docs/a.md"]
        );
        assert_eq!(found(DocumentSubject::named("wildcard").saying("renewed by nobody")), ["docs/b.md"]);
        assert_eq!(found(DocumentSubject::named("").saying("the cluster failed before")), Vec::<String>::new());
        assert_eq!(found(DocumentSubject::named("").quoting("CrashLoopBackOff")), ["docs/a.md"]);
        assert_eq!(found(DocumentSubject::named("other")), Vec::<String>::new());
    }

    #[test]
    fn the_part_that_speaks_of_the_subject_is_the_place() {
        let text = "# Runbook\n\nOf everything.\n\n## The disk is full\n\nPods say CrashLoopBackOff.\n\n## Keys\n\nSee `sops-age`;\nwhat linkding needs.\n";
        let page = DocumentPage::of_file("docs/runbook.md", || MarkdownDocument::read(text)).unwrap();
        let pages = [page];
        let told = |subject: DocumentSubject| documents_about(&pages, &subject).first().map(ToString::to_string);
        let restarted = DocumentSubject::named("").saying("CrashLoopBackOff");
        assert_eq!(told(restarted).as_deref(), Some("docs/runbook.md:5 (The disk is full)"));
        let key = DocumentSubject::named("").quoting("sops-age");
        assert_eq!(told(key).as_deref(), Some("docs/runbook.md:9 (Keys)"));
        // The title is the document as a whole.
        assert_eq!(told(DocumentSubject::named("runbook")).as_deref(), Some("docs/runbook.md"));
        assert_eq!(document_place("docs/runbook.md:9 (Keys)"), Some(("docs/runbook.md", Some(9))));
        assert_eq!(document_place("docs/runbook.md"), Some(("docs/runbook.md", None)));
        assert_eq!(document_place("https://example.org/a.md:9"), None);
    }

    #[test]
    fn a_page_that_only_lists_a_name_is_no_help() {
        let page = |path: &str, text: &str| DocumentPage::of_file(path, || MarkdownDocument::read(text)).unwrap();
        let pages = [
            page("README.md", "# Homelab\n\nlinkding and others run here.\n"),
            page("docs/restore.md", "# Restore\n\nScale the Deployment of linkding down, with its image.\n"),
            page("docs/registry.md", "# Registry\n\nlinkding comes through the mirror docker.io.\n"),
        ];
        let subject = DocumentSubject::named("linkding")
            .saying("Deployment")
            .saying("Image docker.io/linkding:1.0 of container linkding of Deployment/linkding/linkding is not there");
        let found: Vec<&str> = documents_about(&pages, &subject).iter().map(|place| place.page.file.as_str()).collect();
        assert_eq!(found, ["docs/registry.md"]);
    }

    #[test]
    fn a_word_that_most_pages_have_tells_nothing() {
        let page = |index: usize| {
            let text = format!("# Page {index}\n\nBuildFailed is told here.\n");
            DocumentPage::of_file(&format!("docs/{index}.md"), || MarkdownDocument::read(&text)).unwrap()
        };
        let pages: Vec<DocumentPage> = (0..6).map(page).collect();
        assert!(documents_about(&pages, &DocumentSubject::named("").saying("BuildFailed")).is_empty());
    }

    #[test]
    fn a_page_is_about_what_its_name_or_title_says() {
        let page = |path: &str, text: &str| DocumentPage::of_file(path, || MarkdownDocument::read(text)).unwrap();
        let chart = page("docs/stack/prometheus.md", "# kube-prometheus-stack\n\nsee `apps/a.yaml`\n");
        assert!(chart.is_about("prometheus") && chart.is_about("kube-prometheus-stack"));
        assert!(!chart.is_about("prom") && !chart.is_about("stack-two"));
        assert!(chart.quotes("apps/a.yaml") && !chart.quotes("apps"));
        assert!(page("docs/metallb.md", "").is_about("metallb"));
        assert_eq!(DocumentPage::of_file("a.yaml", MarkdownDocument::default), None);
    }
}
