//! One file as the rules see it: read, parsed and decrypted once.

use std::borrow::Cow;

use super::finding::Finding;
use super::sources::{ListedFile, Unread};
use crate::sops::{self, Format, Identities, SopsError, SopsFile};
use crate::yaml::{self, manifest, readings};

/// Holds a file.
pub struct File {
    /// The path below the repository's root.
    pub path: String,
    /// The text; `None` where the file is not UTF-8.
    pub text: Option<String>,
    /// The reason why the file was not inspected, where there is one.
    pub(super) unread: Option<Unread>,
    /// The other texts that the bytes may be decoded as.
    decoded: Vec<String>,
    /// The result of parsing the file with SOPS, where it is encrypted.
    sops: Option<Result<Sealed, SopsError>>,
    /// The documents of an unencrypted manifest.
    documents: Vec<(usize, yaml::Value)>,
}

/// Holds an encrypted file that can be read.
struct Sealed {
    file: SopsFile,
    /// The result of verifying the MAC; `None` where no key decrypts the file.
    verified: Option<Result<(), SopsError>>,
}

impl File {
    /// Parses and, where a key is at hand, decrypts a file.
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
        // Documentation of sops may contain an example of an encrypted file.
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

    /// Iterates over the texts that the bytes may be decoded as: a search for secrets goes through each.
    pub fn readings(&self) -> impl Iterator<Item = &str> {
        self.text.iter().chain(&self.decoded).map(String::as_str)
    }

    /// Tells whether the file is encrypted with SOPS.
    pub fn is_encrypted(&self) -> bool {
        self.sops.is_some()
    }

    /// Tells whether the file is encrypted and no key at hand decrypts it.
    pub fn is_closed(&self) -> bool {
        matches!(&self.sops, Some(Ok(Sealed { verified: None, .. })))
    }

    /// Returns the encrypted file, where it can be parsed.
    pub fn sealed(&self) -> Option<&SopsFile> {
        self.sops.as_ref()?.as_ref().ok().map(|sealed| &sealed.file)
    }

    /// Returns the reason why no key can decrypt the encrypted file, where there is one.
    pub fn damage(&self) -> Option<&SopsError> {
        match self.sops.as_ref()? {
            Err(error) => Some(error),
            Ok(_) => self.mistake().filter(|error| {
                matches!(error, SopsError::Value { .. } | SopsError::DataKey(_) | SopsError::Joined { .. })
            }),
        }
    }

    /// Returns the error of decrypting the values, where a key decrypts the file.
    pub fn mistake(&self) -> Option<&SopsError> {
        self.sops.as_ref()?.as_ref().ok()?.verified.as_ref()?.as_ref().err()
    }

    /// Returns the documents of an unencrypted manifest, each with the line on which it starts, from one.
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

    /// Tells whether the file silences a finding: on its line, on the line above, or in the comments at the top.
    pub fn ignores(&self, finding: &Finding) -> bool {
        let silences = |line: &str| {
            let mut words = line.split_once("fluxdeck:ignore").map_or("", |(_, rest)| rest).split_whitespace();
            // A comment without a reason silences nothing.
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

/// Reads the documents of a manifest; another rule reports invalid YAML.
fn documents(text: &str) -> Vec<(usize, yaml::Value)> {
    if !text.contains("kind:") && !text.contains("creation_rules") {
        return Vec::new();
    }
    let read = |(line, _, documents): (usize, String, Result<Vec<yaml::Value>, yaml::Error>)| {
        documents.unwrap_or_default().into_iter().map(move |value| (line, value))
    };
    manifest::parts(text).into_iter().flat_map(read).collect()
}
