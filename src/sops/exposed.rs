//! The values of a file that belong to Secrets: they are never written in plain text, whatever rule the file or a
//! configuration has.
//!
//! A file's own rule comes from its author, and its MAC proves no more: anyone can encrypt a file for us with a rule
//! that leaves the password out. So this module finds the values of Secrets as Kubernetes would see them.

use std::collections::HashMap;

use super::cipher::is_sealed;
use super::error::SopsError;
use super::file::SopsFile;
use super::format::Format;
use super::parsed::{Leaf, Parsed};
use super::path::{Path, Segment};
use super::rules::{Rule, RuleKind, Verdict};
use super::value::ValueType;
use crate::yaml::secrets::{self, Held, Scalar, ScalarKind, ValuePlacement, YamlNode, YamlStep};

/// The most values that are named.
const NAMED: usize = 3;

/// Holds the values of a text that belong to Secrets.
pub(super) struct Secrets<'a>(HashMap<(usize, &'a Path), Held>);

impl<'a> Secrets<'a> {
    /// Finds the Secrets of a text: its documents, and the Secrets inside of them.
    pub(super) fn find(parsed: &'a Parsed) -> Self {
        let mut documents: Vec<(usize, YamlNode<'a>)> = Vec::new();
        for (index, leaf) in parsed.leaves.iter().enumerate() {
            if documents.last().is_none_or(|(document, _)| *document != leaf.document) {
                documents.push((leaf.document, YamlNode::empty()));
            }
            if let Some((_, node)) = documents.last_mut() {
                node.put(&without_merges(&leaf.path), scalar(index, leaf));
            }
        }
        let mut found: HashMap<(usize, &Path), Held> = HashMap::new();
        for held in documents.iter().flat_map(|(_, node)| secrets::of_node(node)) {
            let Some(leaf) = parsed.leaves.get(held.leaf) else { continue };
            let known = found.entry((leaf.document, &leaf.path)).or_insert_with(|| held.clone());
            // A text may hold several.
            if held.must_be_sealed() && !known.must_be_sealed() {
                *known = held;
            }
        }
        Self(found)
    }

    fn get(&self, leaf: &'a Leaf) -> Option<&Held> {
        self.0.get(&(leaf.document, &leaf.path))
    }

    /// Tells whether a value belongs to a Secret, and so is text to its readers.
    pub(super) fn holds(&self, leaf: &'a Leaf) -> bool {
        self.get(leaf).is_some_and(|held| {
            matches!(held.form, ValuePlacement::Secret | ValuePlacement::Copy | ValuePlacement::Within)
        })
    }
}

fn scalar(index: usize, leaf: &Leaf) -> Scalar<'_> {
    let kind = match leaf.value.kind {
        ValueType::Null => ScalarKind::Null,
        ValueType::Boolean => ScalarKind::Boolean,
        ValueType::Text => ScalarKind::Text,
        _ => ScalarKind::Other,
    };
    Scalar { text: leaf.value.canonical.expose().into(), kind, leaf: index }
}

/// Returns the steps without merge keys: content below `<<`, or in a list there, belongs to the mapping with that key.
fn without_merges(path: &Path) -> Vec<YamlStep<'_>> {
    let mut found = Vec::new();
    let mut merges = false;
    for segment in path.segments() {
        match segment {
            Segment::Key(key) if key == "<<" => merges = true,
            Segment::Index(_) if merges => merges = false,
            Segment::Key(key) => {
                found.push(YamlStep::Key(key));
                merges = false;
            }
            Segment::Index(index) => found.push(YamlStep::Index(*index)),
        }
    }
    found
}

/// Tells whether a value is not empty: sops leaves empty strings and null as they are.
pub(super) fn is_filled(leaf: &Leaf) -> bool {
    leaf.value.kind != ValueType::Null && !leaf.value.canonical.is_empty()
}

/// Refuses a text with a plain value of a Secret; `encrypted` tells for each value whether it is encrypted.
///
/// # Errors
/// Names those values, and the rule that leaves them out.
pub(super) fn refuse(
    parsed: &Parsed,
    encrypted: impl Fn(usize, &Leaf) -> bool,
    rule: &dyn std::fmt::Display,
) -> Result<(), SopsError> {
    let secrets = Secrets::find(parsed);
    let must_be_sealed = |leaf: &Leaf| secrets.get(leaf).is_some_and(Held::must_be_sealed);
    let plain = parsed.leaves.iter().enumerate().filter(|(index, leaf)| is_filled(leaf) && !encrypted(*index, leaf));
    let plain: Vec<&Path> = plain.filter(|(_, leaf)| must_be_sealed(leaf)).map(|(_, leaf)| &leaf.path).collect();
    if plain.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = plain.iter().take(NAMED).map(ToString::to_string).collect();
    let more = plain.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(SopsError::LeftPlain { paths: named.join(", ") + &more, rule: rule.to_string() })
}

/// Checks a whole text before it is written, whatever its file's name: only YAML and JSON hold objects.
///
/// # Errors
/// If it leaves a value of a Secret in plain text.
pub(super) fn judge(text: &str) -> Result<(), SopsError> {
    let files = [Format::Yaml, Format::Json].into_iter().filter_map(|format| SopsFile::parse(format, text).ok());
    files.take(1).try_for_each(|file| refuse(&file.parsed, |_, leaf| is_ciphertext(leaf), &file.rule))
}

fn is_ciphertext(leaf: &Leaf) -> bool {
    leaf.value.kind == ValueType::Text && is_sealed(leaf.value.canonical.expose())
}

/// Names a plain value of a Secret in an encrypted file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// The line, from one.
    pub line: usize,
    /// The path of the value.
    pub path: Path,
    /// The value's role in the Secret.
    pub held: Held,
}

/// Describes a value that a file's own rule and another treat differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// The line, from one.
    pub line: usize,
    /// The path of the value.
    pub path: Path,
    /// Whether the other rule would encrypt it; otherwise only the file's own does.
    pub wanted: bool,
}

impl SopsFile {
    /// Returns the plain values of Secrets in the file, whatever its rule. Doubtful ones are among them.
    pub fn exposed(&self) -> Vec<Exposed> {
        let secrets = Secrets::find(&self.parsed);
        let exposed = |leaf: &Leaf| {
            let held = secrets.get(leaf).filter(|held| held.must_be_sealed() || held.doubtful)?;
            Some(Exposed { line: leaf.line, path: leaf.path.clone(), held: held.clone() })
        };
        let plain = self.parsed.leaves.iter().filter(|leaf| is_filled(leaf) && !is_ciphertext(leaf));
        plain.filter_map(exposed).collect()
    }

    /// Returns the values of the file that its own rule and another treat differently: empty if the two cover the same
    /// values in whatever form, and if one of them is a rule by comments, which no path decides.
    pub fn diverges(&self, wanted: Option<&(RuleKind, String)>) -> Vec<Divergence> {
        let wanted = Rule::compile(wanted.map(|(kind, text)| (*kind, text.as_str())));
        let Some(wanted) = wanted.ok().filter(|_| self.rule.is_of_values()) else { return Vec::new() };
        let differs = |leaf: &Leaf| {
            let wanted = match (self.rule.verdict(&leaf.path), wanted.verdict(&leaf.path)) {
                (Verdict::Plain, Verdict::Encrypted) => true,
                (Verdict::Encrypted, Verdict::Plain) => false,
                _ => return None,
            };
            Some(Divergence { line: leaf.line, path: leaf.path.clone(), wanted })
        };
        self.parsed.leaves.iter().filter(|leaf| is_filled(leaf)).filter_map(differs).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::refuse;
    use crate::secret::Secret;
    use crate::sops::rules::RuleKind;
    use crate::sops::{Format, Identities, NewFile, Opened, Path, SopsError, SopsFile, create, generate};

    const NOW: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;
    const SECRET: &str =
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  PASSWORD: hunter2\n  token: x\n";

    fn plain(format: Format, text: &str) -> bool {
        refuse(&format.read(text).unwrap(), |_, _| false, &"none").is_err()
    }

    #[test]
    fn what_kubernetes_takes_for_a_secret_is_one() {
        let yaml = [
            SECRET,
            "\"kind\": \"Secret\"\n\"data\": {\"a\": \"aHVudGVyMg==\"}\n",
            "apiVersion: v1\nkind: List\nitems:\n- kind: Secret\n  stringData: {a: hunter2}\n",
            "kind: SecretList\nitems:\n- metadata: {name: a}\n  data: {a: aHVudGVyMg==}\n",
            "a: b\n---\nkind: Secret\r\nstringData:\r\n  a: 7\r\n",
            "x: &x {a: hunter2}\nkind: Secret\nstringData:\n  <<: *x\n",
            "x: &x {kind: Secret, stringData: {a: hunter2}}\n<<: *x\n",
            "kind: ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]\nstringData: {a: hunter2}\n",
        ];
        for text in yaml {
            assert!(plain(Format::Yaml, text), "{text}");
        }
        assert!(plain(Format::Json, "{\"kind\": \"Secret\", \"data\": {\"a\": \"aHVudGVyMg==\"}}"));
        for text in [
            "kind: Secret\nstringData: {a: \"\", b: null, c: {}}\ndata:\n",
            "kind: ConfigMap\ndata: {a: b}\n",
            "apiVersion: secrets.example.com/v1\nkind: Secret\ndata: {a: b}\n",
            "kind: List\nitems:\n- kind: ConfigMap\n  data: {a: b}\n",
            "kind: Ref\nspec:\n  kind: Secret\n  name: a\n",
        ] {
            assert!(!plain(Format::Yaml, text), "{text}");
        }
    }

    /// Creates a file as a stranger can who has only our public key: no program of ours would leave its values plain.
    fn foreign(rule: (RuleKind, &str)) -> Opened {
        let (key, recipient) = generate();
        let rule = Some((rule.0, rule.1.to_owned()));
        let wanted = NewFile { rule, mac_only_encrypted: true, ..NewFile::for_recipients(&[recipient], "") };
        let other = SECRET.replace("kind: Secret", "kind: Other");
        let made =
            create(Format::Yaml, &Secret::new(other), &wanted, NOW).unwrap().replace("kind: Other", "kind: Secret");
        assert!(made.contains("hunter2"), "{made}");
        let file = SopsFile::parse(Format::Yaml, made).unwrap();
        assert_eq!(file.exposed().len(), 1);
        file.decrypt(&Identities::from_text(&key).unwrap()).unwrap()
    }

    #[test]
    fn no_rule_has_a_value_of_a_secret_written_in_plain_text() {
        let rules = [
            (RuleKind::EncryptedRegex, "^(token|metadata)$"),
            (RuleKind::UnencryptedRegex, "PASSWORD"),
            (RuleKind::UnencryptedSuffix, "PASSWORD"),
            (RuleKind::EncryptedSuffix, "token"),
        ];
        for rule in rules {
            let (_, recipient) = generate();
            let wanted =
                NewFile { rule: Some((rule.0, rule.1.to_owned())), ..NewFile::for_recipients(&[recipient], "") };
            let made = create(Format::Yaml, &Secret::new(SECRET), &wanted, NOW);
            assert!(matches!(made, Err(SopsError::LeftPlain { .. })), "{rule:?}: {made:?}");
        }
        // A rule that encrypts the kind, too, leaves no recognizable Secret.
        let foreigners = [
            (RuleKind::EncryptedRegex, "^(token|metadata)$"),
            (RuleKind::UnencryptedRegex, "^(PASSWORD|kind|apiVersion)$"),
            (RuleKind::EncryptedSuffix, "token"),
        ];
        for rule in foreigners {
            let mut opened = foreign(rule);
            let (_, other) = generate();
            let groups = vec![vec![other.clone()]];
            assert!(matches!(opened.for_recipients(&groups, None), Err(SopsError::LeftPlain { .. })));
            opened.set(0, &Path::parse("stringData.token"), &Secret::new("y")).unwrap();
            let text = opened.plaintext().unwrap();
            assert!(matches!(opened.validate(&text), Err(SopsError::LeftPlain { .. })));
            for refused in [opened.save(NOW), opened.reencrypted(None, NOW)] {
                let Err(SopsError::LeftPlain { paths, .. }) = refused else { panic!("{rule:?}: {refused:?}") };
                assert!(paths.contains("stringData.PASSWORD"), "{paths}");
            }
            // With a rule for all of them it can be written again.
            let right = NewFile::for_recipients(&[other], "^(data|stringData)$");
            let again = opened.reencrypted(Some(&right), NOW).unwrap();
            assert!(!again.contains("hunter2"), "{again}");
        }
    }

    #[test]
    fn rules_differ_only_where_they_treat_a_value_differently() {
        let wanted = NewFile::for_recipients(&[generate().1], "^(data|stringData)$");
        let made = create(Format::Yaml, &Secret::new(SECRET), &wanted, NOW).unwrap();
        let file = SopsFile::parse(Format::Yaml, made).unwrap();
        let rule = |kind, text: &str| Some((kind, text.to_owned()));
        for same in [
            rule(RuleKind::EncryptedRegex, "^stringData$"),
            rule(RuleKind::UnencryptedRegex, "^(apiVersion|kind|metadata)$"),
            rule(RuleKind::EncryptedSuffix, "Data"),
        ] {
            assert_eq!(file.diverges(same.as_ref()), [], "{same:?}");
        }
        let less = file.diverges(rule(RuleKind::EncryptedRegex, "PASSWORD").as_ref());
        assert_eq!(less.len(), 1);
        assert!(!less[0].wanted && less[0].path == Path::parse("stringData.token"));
        let more = file.diverges(None);
        assert!(more.iter().all(|one| one.wanted) && more.len() == 3, "{more:?}");
        assert!(file.exposed().is_empty());
    }

    #[test]
    fn a_copy_of_a_secret_in_an_annotation_is_never_left_in_plain_text() {
        let copy = "{\"kind\":\"Secret\",\"stringData\":{\"p\":\"throwaway\"}}";
        let text = |name: &str| {
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n    {name}: '{copy}'\nstringData:\n  p: throwaway\n"
            )
        };
        let (_, recipient) = generate();
        let file = NewFile {
            rule: Some((RuleKind::EncryptedRegex, "^(data|stringData)$".to_owned())),
            ..NewFile::for_recipients(&[recipient], "")
        };
        let made = |name: &str| create(Format::Yaml, &Secret::new(text(name)), &file, NOW);
        let refused = made("kubectl.kubernetes.io/last-applied-configuration");
        assert!(
            matches!(&refused, Err(SopsError::LeftPlain { paths, .. }) if paths.contains("annotations")),
            "{refused:?}"
        );
        assert!(made("kubectl.kubernetes.io/other").is_ok());
    }
}
