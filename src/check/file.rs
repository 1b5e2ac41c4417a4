//! One file as the rules see it: read, parsed and decrypted once.

use std::borrow::Cow;

use super::finding::Finding;
use super::readings;
use super::sources::{ListedFile, Unread};
use crate::sops::{self, Format, Identities, SopsError, SopsFile};
use crate::yaml;

/// Holds a file.
pub struct File {
    /// Its path below the repository's root.
    pub path: String,
    /// Its text; `None` where it is none in UTF-8.
    pub text: Option<String>,
    /// Why nobody looked into it, where that is so.
    pub(super) unread: Option<Unread>,
    /// What else its bytes may be read as.
    decoded: Vec<String>,
    /// What SOPS makes of it, where it is encrypted.
    sops: Option<Result<Sealed, SopsError>>,
    /// The documents of a manifest that is not encrypted.
    documents: Vec<(usize, yaml::Value)>,
}

/// Holds an encrypted file that can be read.
struct Sealed {
    file: SopsFile,
    /// Whether its values are those that its MAC vouches for; `None` where no key opens it.
    verified: Option<Result<(), SopsError>>,
}

impl File {
    /// Reads what is known of a file.
    pub fn new(listed: &ListedFile, identities: &Identities) -> Self {
        listed.read(|read| {
            let (bytes, unread) = match read {
                Ok(bytes) => (bytes, None),
                Err(why) => (Cow::Borrowed(&[][..]), Some(why)),
            };
            Self { unread, ..Self::parse(&listed.path, bytes, identities) }
        })
    }

    fn parse(path: &str, bytes: Cow<'_, [u8]>, identities: &Identities) -> Self {
        let decoded = readings::decoded(&bytes);
        let text = String::from_utf8(bytes.into_owned()).ok();
        let format = Format::from_path(path);
        // A page that tells of sops shows what its files look like.
        let is_page = [".md", ".markdown", ".adoc", ".rst", ".html"].iter().any(|end| path.ends_with(end));
        let encrypted = text
            .as_deref()
            .is_some_and(|text| sops::sniff(text).is_some() && !(is_page && SopsFile::parse(format, text).is_err()));
        let sops = text.as_deref().filter(|_| encrypted).map(|text| {
            let file = SopsFile::parse(format, text)?;
            let verified = match file.verify(identities) {
                Err(SopsError::WrongKey { .. }) => None,
                verified => Some(verified),
            };
            Ok(Sealed { file, verified })
        });
        let documents = match &text {
            Some(text) if format == Format::Yaml && !encrypted => documents(text),
            _ => Vec::new(),
        };
        Self { path: path.to_owned(), text, unread: None, decoded, sops, documents }
    }

    /// Iterates over the texts that its bytes may be read as: what must not be missed is looked for in each.
    pub fn readings(&self) -> impl Iterator<Item = &str> {
        self.text.iter().chain(&self.decoded).map(String::as_str)
    }

    /// Tells whether it is encrypted with SOPS.
    pub fn is_encrypted(&self) -> bool {
        self.sops.is_some()
    }

    /// Tells whether it is encrypted and no key at hand opens it.
    pub fn is_closed(&self) -> bool {
        matches!(&self.sops, Some(Ok(Sealed { verified: None, .. })))
    }

    /// Returns the encrypted file, where it can be read.
    pub fn sealed(&self) -> Option<&SopsFile> {
        self.sops.as_ref()?.as_ref().ok().map(|sealed| &sealed.file)
    }

    /// Returns why nobody can open the encrypted file, where that is so.
    pub fn damage(&self) -> Option<&SopsError> {
        match self.sops.as_ref()? {
            Err(error) => Some(error),
            Ok(_) => self.mistake().filter(|error| {
                matches!(error, SopsError::Value { .. } | SopsError::DataKey(_) | SopsError::Joined { .. })
            }),
        }
    }

    /// Returns what decrypting the values told, where a key opens the file.
    pub fn mistake(&self) -> Option<&SopsError> {
        self.sops.as_ref()?.as_ref().ok()?.verified.as_ref()?.as_ref().err()
    }

    /// Returns the documents of a manifest that is not encrypted, each with the line on which it starts, from one.
    pub fn documents(&self) -> &[(usize, yaml::Value)] {
        &self.documents
    }

    /// Iterates over the lines with their numbers, from one.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .as_deref()
            .unwrap_or_default()
            .lines()
            .enumerate()
            .map(|(index, line)| (index.saturating_add(1), line))
    }

    /// Tells whether the file silences a finding: beside it, on the line above, or in the comments at its top.
    pub fn ignores(&self, finding: &Finding) -> bool {
        let silences = |line: &str| {
            let mut words = line.split_once("fluxdeck:ignore").map_or("", |(_, rest)| rest).split_whitespace();
            // Without a reason it is not meant.
            words.next() == Some(finding.rule) && words.next().is_some()
        };
        let mut top = true;
        self.lines().any(|(number, line)| {
            top &= line.trim().is_empty() || line.trim_start().starts_with(['#', ';', '/', '<']);
            let near = finding.line.is_some_and(|at| number == at || number.saturating_add(1) == at);
            (top || near) && silences(line)
        })
    }
}

/// Reads the documents of a manifest; what is no YAML is another rule's.
fn documents(text: &str) -> Vec<(usize, yaml::Value)> {
    if !text.contains("kind:") && !text.contains("creation_rules") {
        return Vec::new();
    }
    let read = |(line, _, documents): (usize, String, Result<Vec<yaml::Value>, yaml::Error>)| {
        documents.unwrap_or_default().into_iter().map(move |value| (line, value))
    };
    parts(text).into_iter().flat_map(read).collect()
}

/// Reads a text part by part, as lines of dashes divide it: the line on which each begins, its text, and its documents.
pub(super) fn parts(text: &str) -> Vec<(usize, String, Result<Vec<yaml::Value>, yaml::Error>)> {
    // Some programs put a mark before a text, which is none of its characters.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    let mut line: usize = 1;
    for part in text.split_inclusive('\n').collect::<Vec<_>>().split(|line| line.trim_end() == "---") {
        let whole: String = part.concat();
        let documents = yaml::documents(&whole);
        found.push((line, whole, documents));
        line = line.saturating_add(part.len()).saturating_add(1);
    }
    found
}
