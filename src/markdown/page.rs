//! A document by its name and its title, and which things it is about.

use std::collections::BTreeSet;

use super::MarkdownDocument;

/// Describes a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentPage {
    /// The file, below the repository's root.
    pub file: String,
    /// What it calls itself.
    pub title: String,
    /// Its file's name and its title, as names are written: small letters and dashes.
    names: [String; 2],
    /// What it has between backquotes.
    codes: BTreeSet<String>,
}

impl DocumentPage {
    /// Reads the document of a file, if it is one by its name.
    pub fn of_file(file: &str, read: impl FnOnce() -> MarkdownDocument) -> Option<Self> {
        let stem = file.rsplit('/').next()?.strip_suffix(".md")?;
        let document = read();
        let title = document.title().unwrap_or(stem).to_owned();
        let names = [dashed(stem), dashed(&title)];
        let codes = document.codes.into_iter().map(|(code, _)| code).collect();
        Some(Self { file: file.to_owned(), title, names, codes })
    }

    /// Tells whether it is about what has this name: its file or its title says so.
    pub fn is_about(&self, name: &str) -> bool {
        let wanted = format!("-{}-", name.to_lowercase());
        self.names.iter().any(|known| known.contains(&wanted))
    }

    /// Tells whether it has a word between backquotes, such as the name of a rule or a path.
    pub fn quotes(&self, word: &str) -> bool {
        self.codes.contains(word)
    }
}

fn dashed(text: &str) -> String {
    let dash = |letter: char| if letter.is_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    format!("-{}-", text.chars().map(dash).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{DocumentPage, MarkdownDocument};

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
