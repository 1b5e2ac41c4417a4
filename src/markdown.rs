//! Markdown documents as lines for display, with their links and headings (`CommonMark` and the extensions of GitHub).

mod page;

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};
use unicode_width::UnicodeWidthStr as _;

pub use page::{DocumentPage, DocumentPlace, DocumentSubject, document_place, documents_about};

/// The greatest width of the columns before a table's last, in cells: more leaves too little room for the last on 80
/// columns.
const LEAD: usize = 44;

/// A row of a table: its cells, its line in the file and its links.
type Row = (Vec<String>, usize, Range<usize>);

/// Holds a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarkdownDocument {
    /// The lines for display; a paragraph is one line.
    pub lines: Vec<MarkdownLine>,
    /// The headings, in order.
    pub headings: Vec<Heading>,
    /// Every link and image.
    pub links: Vec<MarkdownLink>,
    /// Every piece of code in running text, with its line.
    pub codes: Vec<(String, usize)>,
    /// The anchors in HTML, in small letters.
    pub anchors: Vec<String>,
}

/// Holds a line for display.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarkdownLine {
    /// The style.
    pub style: Style,
    /// The text before it: indentation, the sign of a list or a quotation.
    pub lead: String,
    /// The text, without marks.
    pub text: String,
    /// The links in it, by their indexes in [`MarkdownDocument::links`].
    pub links: Range<usize>,
    /// The first line in the file, from one.
    pub source: usize,
}

/// Classifies a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// A heading, of a level from one to six.
    Heading(u8),
    /// Running text.
    #[default]
    Text,
    /// A line of code, verbatim.
    Code,
    /// A row of a table.
    Row,
    /// An empty line between two blocks.
    Blank,
}

/// Holds a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The text.
    pub text: String,
    /// The anchor in GitHub's form: small letters, no punctuation, dashes for spaces, numbered if repeated.
    pub anchor: String,
    /// The index in [`MarkdownDocument::lines`].
    pub line: usize,
}

/// Holds a link or an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkdownLink {
    /// The displayed text.
    pub text: String,
    /// The target, as written.
    pub target: String,
    /// The line of the file, from one.
    pub source: usize,
}

impl MarkdownDocument {
    /// Parses a document; every text is valid.
    pub fn read(text: &str) -> Self {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_GFM;
        let mut reading = Reading { starts: starts(text), ..Reading::default() };
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            reading.take(event, range.start);
        }
        reading.end_line(Style::Text);
        while reading.document.lines.last().is_some_and(|line| line.style == Style::Blank) {
            reading.document.lines.pop();
        }
        reading.document
    }

    /// Returns the title: the first heading.
    pub fn title(&self) -> Option<&str> {
        self.headings.first().map(|heading| heading.text.as_str())
    }

    /// Finds the line of an anchor.
    pub fn line_of(&self, anchor: &str) -> Option<usize> {
        // Some forges keep variation selectors in anchors, others remove them.
        let plain = |text: &str| -> String {
            text.chars().filter(|letter| !matches!(letter, '\u{fe0e}' | '\u{fe0f}' | '\u{20e3}' | '\u{200d}')).collect()
        };
        let wanted = plain(&anchor.to_lowercase());
        self.headings.iter().find(|heading| plain(&heading.anchor) == wanted).map(|heading| heading.line)
    }

    /// Tells whether an anchor exists.
    pub fn has_anchor(&self, anchor: &str) -> bool {
        self.line_of(anchor).is_some() || self.anchors.contains(&anchor.to_lowercase())
    }
}

#[derive(Default)]
struct Reading {
    document: MarkdownDocument,
    /// The start of each line of the file.
    starts: Vec<usize>,
    text: String,
    source: Option<usize>,
    first_link: usize,
    /// The open lists: the next number, where they are numbered.
    lists: Vec<Option<u64>>,
    /// The list sign before the next line.
    sign: Option<String>,
    quotes: usize,
    code: bool,
    heading: Option<u8>,
    /// The open links, by their index and the start of their text.
    open: Vec<(usize, usize)>,
    cells: Vec<String>,
    rows: Vec<Row>,
}

impl Reading {
    fn take(&mut self, event: Event<'_>, at: usize) {
        match event {
            Event::Start(tag) => self.start(&tag, at),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code => {
                for line in text.lines() {
                    self.begin(at);
                    self.text.push_str(line);
                    self.push_line(Style::Code);
                }
            }
            Event::Text(text) | Event::InlineMath(text) | Event::DisplayMath(text) => self.add(&text, at),
            Event::Code(text) => {
                self.add(&text, at);
                self.document.codes.push((text.into_string(), self.line(at)));
            }
            Event::SoftBreak => self.add(" ", at),
            Event::HardBreak => self.end_line(Style::Text),
            Event::Rule => {
                self.add("---", at);
                self.block(Style::Text);
            }
            Event::TaskListMarker(done) => self.add(if done { "[x] " } else { "[ ] " }, at),
            Event::FootnoteReference(name) => self.add(&format!("[{name}]"), at),
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html),
        }
    }

    fn start(&mut self, tag: &Tag<'_>, at: usize) {
        match tag {
            Tag::Heading { level, .. } => self.heading = Some(depth(*level)),
            Tag::BlockQuote(_) => {
                self.end_line(Style::Text);
                self.quotes = self.quotes.saturating_add(1);
            }
            Tag::CodeBlock(_) => {
                self.end_line(Style::Text);
                self.code = true;
            }
            Tag::List(first) => {
                self.end_line(Style::Text);
                self.lists.push(*first);
            }
            Tag::Item => {
                self.end_line(Style::Text);
                self.sign = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let sign = format!("{number}. ");
                        *number = number.saturating_add(1);
                        sign
                    }
                    _ => "- ".to_owned(),
                });
            }
            Tag::Link { dest_url, link_type, .. } => {
                let mail = if *link_type == LinkType::Email { "mailto:" } else { "" };
                self.open_link(format!("{mail}{dest_url}"), at);
            }
            Tag::Image { dest_url, .. } => {
                self.add("image: ", at);
                self.open_link(dest_url.to_string(), at);
            }
            Tag::TableHead | Tag::TableRow => {
                self.begin(at);
                self.cells.clear();
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                let level = self.heading.take().unwrap_or(1);
                let text = self.text.trim().to_owned();
                let anchor = self.anchor(&text);
                self.document.headings.push(Heading { text, anchor, line: self.document.lines.len() });
                self.block(Style::Heading(level));
            }
            // Items of a list have no blank lines between them.
            TagEnd::Paragraph if self.lists.is_empty() => self.block(Style::Text),
            TagEnd::Paragraph | TagEnd::Item => self.end_line(Style::Text),
            TagEnd::BlockQuote(_) => {
                self.end_line(Style::Text);
                self.quotes = self.quotes.saturating_sub(1);
                self.blank();
            }
            TagEnd::CodeBlock => {
                self.code = false;
                self.blank();
            }
            TagEnd::List(_) => {
                self.end_line(Style::Text);
                self.lists.pop();
                if self.lists.is_empty() {
                    self.blank();
                }
            }
            TagEnd::Link | TagEnd::Image => {
                if let Some((link, begin)) = self.open.pop() {
                    let text = self.text.get(begin..).unwrap_or_default().to_owned();
                    if let Some(link) = self.document.links.get_mut(link) {
                        link.text = text;
                    }
                }
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.text);
                self.cells.push(cell.trim().to_owned());
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                let links = self.first_link..self.document.links.len();
                self.first_link = links.end;
                self.rows.push((std::mem::take(&mut self.cells), self.source.take().unwrap_or(1), links));
            }
            TagEnd::Table => self.table(),
            _ => {}
        }
    }

    /// Formats the rows of a table: in columns where the last one has room, else each cell below its row's first.
    fn table(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let columns = rows.iter().map(|(cells, ..)| cells.len()).max().unwrap_or_default();
        let of_column = |column: usize| {
            rows.iter().filter_map(|(cells, ..)| cells.get(column)).map(|cell| cell.width()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns.saturating_sub(1)).map(of_column).collect();
        if widths.iter().map(|width| width.saturating_add(2)).sum::<usize>() > LEAD {
            self.records(rows);
        } else {
            self.columns(rows, &widths);
        }
        self.blank();
    }

    fn columns(&mut self, rows: Vec<Row>, widths: &[usize]) {
        let indent = "  ".repeat(self.lists.len());
        for (index, (cells, source, links)) in rows.into_iter().enumerate() {
            let mut lead = indent.clone();
            for (cell, room) in cells.iter().zip(widths) {
                lead.push_str(cell);
                lead.push_str(&" ".repeat(room.saturating_sub(cell.width()).saturating_add(2)));
            }
            let text = cells.into_iter().nth(widths.len()).unwrap_or_default();
            let style = if index == 0 { Style::Heading(6) } else { Style::Row };
            self.document.lines.push(MarkdownLine { style, lead, text, links, source });
        }
    }

    fn records(&mut self, rows: Vec<Row>) {
        let indent = "  ".repeat(self.lists.len());
        let mut rows = rows.into_iter();
        let heads = rows.next().map(|(cells, ..)| cells).unwrap_or_default();
        let widest = heads.iter().skip(1).map(|head| head.width()).max().unwrap_or_default();
        for (cells, source, links) in rows {
            let mut cells = cells.into_iter();
            let text = cells.next().unwrap_or_default();
            let none = links.start..links.start;
            let last = heads.len().saturating_sub(1);
            let line =
                MarkdownLine { style: Style::Heading(6), lead: indent.clone(), text, links: none.clone(), source };
            self.document.lines.push(line);
            for (index, (head, text)) in heads.iter().skip(1).zip(cells).enumerate() {
                let gap = " ".repeat(widest.saturating_sub(head.width()).saturating_add(2));
                let lead = if head.is_empty() { format!("{indent}  ") } else { format!("{indent}  {head}{gap}") };
                // The links of a row are listed below it.
                let links = if index.saturating_add(1) == last { links.clone() } else { none.clone() };
                self.document.lines.push(MarkdownLine { style: Style::Row, lead, text, links, source });
            }
        }
    }

    fn open_link(&mut self, target: String, at: usize) {
        self.begin(at);
        self.open.push((self.document.links.len(), self.text.len()));
        let source = self.line(at);
        self.document.links.push(MarkdownLink { text: String::new(), target, source });
    }

    fn html(&mut self, html: &str) {
        for mark in ["id=\"", "name=\""] {
            let found = html.split(mark).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_lowercase()));
            self.document.anchors.extend(found);
        }
    }

    fn begin(&mut self, at: usize) {
        if self.source.is_none() {
            self.source = Some(self.line(at));
        }
    }

    fn add(&mut self, text: &str, at: usize) {
        self.begin(at);
        self.text.push_str(text);
    }

    /// Ends a block: a line and a blank one.
    fn block(&mut self, style: Style) {
        self.end_line(style);
        self.blank();
    }

    fn blank(&mut self) {
        if self.document.lines.last().is_some_and(|line| line.style != Style::Blank) {
            self.document.lines.push(MarkdownLine { style: Style::Blank, ..MarkdownLine::default() });
        }
    }

    fn end_line(&mut self, style: Style) {
        if !self.text.trim().is_empty() {
            self.push_line(style);
        }
        self.text.clear();
    }

    fn push_line(&mut self, style: Style) {
        let depth = self.lists.len().saturating_sub(1);
        let mut lead = "> ".repeat(self.quotes) + &"  ".repeat(depth);
        match self.sign.take() {
            Some(sign) => lead.push_str(&sign),
            None if !self.lists.is_empty() => lead.push_str("  "),
            None => {}
        }
        if style == Style::Code {
            lead.push_str("    ");
        }
        let text = std::mem::take(&mut self.text);
        let text = if style == Style::Code { text.replace('\t', "    ") } else { text.trim().to_owned() };
        let links = self.first_link..self.document.links.len();
        self.first_link = links.end;
        let source = self.source.take().unwrap_or(1);
        self.document.lines.push(MarkdownLine { style, lead, text, links, source });
    }

    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).max(1)
    }

    fn anchor(&self, title: &str) -> String {
        let slug: String = title
            .to_lowercase()
            .chars()
            // Marks stay, such as the selector that displays a sign as an emoji.
            .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_' | '\u{FE0F}'))
            .map(|letter| if letter == ' ' { '-' } else { letter })
            .collect();
        let taken = |anchor: &str| self.document.headings.iter().any(|known| known.anchor == anchor);
        let numbered = (1..).map(|number| format!("{slug}-{number}"));
        std::iter::once(slug.clone()).chain(numbered).find(|anchor| !taken(anchor)).unwrap_or(slug)
    }
}

fn starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index.saturating_add(1))).collect()
}

fn depth(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::{MarkdownDocument, Style};

    fn shown(text: &str) -> Vec<String> {
        MarkdownDocument::read(text).lines.iter().map(|line| format!("{}{}", line.lead, line.text)).collect()
    }

    #[test]
    fn a_document_is_shown_without_its_marks() {
        let text = "# Set *it* up\n\nFirst `one`,\nthen **two**: see [the plan](plan.md).\n\n1. a\n   - b\n2. c\n\n> so\n\n```sh\nls  -l\n```\n";
        assert_eq!(
            shown(text),
            [
                "Set it up",
                "",
                "First one, then two: see the plan.",
                "",
                "1. a",
                "  - b",
                "2. c",
                "",
                "> so",
                "",
                "    ls  -l"
            ]
        );
        assert_eq!(shown("| a | b |\n|---|---|\n| long | [x](y.md) |\n"), ["a     b", "long  x"]);
        let long = "x".repeat(50);
        assert_eq!(
            shown(&format!("| a | b | c |\n|---|---|---|\n| {long} | two | three |\n")),
            [long.as_str(), "  b  two", "  c  three"]
        );
        assert_eq!(shown(""), [""; 0]);
    }

    #[test]
    fn links_know_their_line_and_code_is_none() {
        let document = MarkdownDocument::read(
            "# A\n\nsee [one](a.md#x \"t\") and ![two](b.png)\n\n`[no](c.md)` [r]\n\n    [no](d.md)\n\n[r]: e.md\n| t |\n|--|\n| [f](f.md) |\n",
        );
        let links: Vec<_> =
            document.links.iter().map(|link| (link.target.as_str(), link.text.as_str(), link.source)).collect();
        assert_eq!(links[..3], [("a.md#x", "one", 3), ("b.png", "two", 3), ("e.md", "r", 5)]);
        let line = document.lines.iter().find(|line| line.text.starts_with("see")).unwrap();
        assert_eq!((line.links.clone(), line.style, line.source), (0..2, Style::Text, 3));
        assert_eq!(document.codes, [("[no](c.md)".to_owned(), 5)]);
    }

    #[test]
    fn headings_have_the_anchors_of_github() {
        let document = MarkdownDocument::read(
            "# Set it up!\n\n## Keys & recipients\n\nUnder\n-----\n\n<a id=\"Own\"></a>\n\n```\n# no heading\n```\n\n## Set it up!\n\n## Set `it` up 1\n",
        );
        for anchor in ["set-it-up", "keys--recipients", "under", "own", "set-it-up-1", "set-it-up-1-1"] {
            assert!(document.has_anchor(anchor), "{anchor}: {document:?}");
        }
        assert!(!document.has_anchor("no-heading"));
        assert_eq!(document.title(), Some("Set it up!"));
        assert_eq!(document.line_of("UNDER").map(|line| document.lines[line].text.as_str()), Some("Under"));
    }
}
