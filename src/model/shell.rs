//! Command lines for lessons, hints, confirmations and the journal, which can be typed unchanged.

use std::fmt;

use serde::{Serialize, Serializer};

use super::context::IN_CLUSTER;
use super::text::hides_or_steers;

/// Quotes a word for a POSIX shell if needed; characters that would steer a terminal are written by their bytes
/// (`$'…'`, POSIX.1-2024).
fn quoted(word: &str) -> String {
    let plain = |one: char| one.is_ascii_alphanumeric() || "-_./:@%+=,".contains(one);
    // `=name` is a path in zsh.
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(plain) {
        return word.to_owned();
    }
    if !word.chars().any(hides_or_steers) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut out = "$'".to_owned();
    for one in word.chars() {
        match one {
            '\\' | '\'' => out.extend(['\\', one]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ if hides_or_steers(one) => {
                let mut bytes = [0; 4];
                out.extend(one.encode_utf8(&mut bytes).bytes().map(|byte| format!("\\{byte:03o}")));
            }
            _ => out.push(one),
        }
    }
    out.push('\'');
    out
}

/// Splits a context of a named file, `/FILE:NAME`, into the parts that kubectl and flux take.
fn context_of_file(word: &str) -> Option<(&str, &str)> {
    let (file, name) = word.split_once(':')?;
    file.starts_with('/').then_some((name, file))
}

/// Returns a path in a form that no program takes for an option.
fn path(word: &str) -> String {
    if word.starts_with('-') { quoted(&format!("./{word}")) } else { quoted(word) }
}

/// Holds lines for a POSIX shell, in which every variable word is quoted.
///
/// Only a `&'static str` is part of the program and not quoted. The text after the offset in the number is the
/// operator's: it is shown and never kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShellLine(String, Option<usize>);

impl ShellLine {
    /// Builds a line from its fixed part, in which each `{}` stands for a word and each `{path}` for the path of a
    /// file.
    ///
    /// A word without a place comes at the end.
    pub fn new(fixed: &'static str, words: &[&str]) -> Self {
        Self::default().and_then(fixed, words)
    }

    /// Builds lines of words alone.
    pub fn from_words(lines: &[Vec<String>]) -> Self {
        let line =
            |words: &Vec<String>| Self(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "), None);
        Self::join(lines.iter().map(line), "\n")
    }

    /// Appends such a part to the same line, without a separator.
    pub fn and_then(mut self, fixed: &'static str, words: &[&str]) -> Self {
        let mut words = words.iter();
        let mut rest = fixed;
        loop {
            let next = ["{}", "{path}"].into_iter().filter_map(|place| Some((rest.find(place)?, place))).min();
            let Some((at, place)) = next else { break };
            self.0.push_str(rest.get(..at).unwrap_or_default());
            let word = words.next().copied().unwrap_or_default();
            if word == IN_CLUSTER
                && let Some(before) = self.0.strip_suffix(" --context ")
            {
                // Inside of a pod, programs find its service account if no context is named.
                self.0.truncate(before.len());
                rest = rest.get(at + place.len()..).unwrap_or_default();
                continue;
            }
            let of_context = self.0.ends_with("context ").then(|| context_of_file(word)).flatten();
            match of_context {
                Some((name, file)) => {
                    self.0.push_str(&quoted(name));
                    self.0.push_str(" --kubeconfig ");
                    self.0.push_str(&path(file));
                }
                None if place == "{}" => self.0.push_str(&quoted(word)),
                None => self.0.push_str(&path(word)),
            }
            rest = rest.get(at + place.len()..).unwrap_or_default();
        }
        self.0.push_str(rest);
        for word in words {
            self = self.word(word);
        }
        self
    }

    /// Appends a word, a space before it.
    pub fn word(mut self, word: &str) -> Self {
        self.0.push(' ');
        self.0.push_str(&quoted(word));
        self
    }

    /// Appends the path of a file, a space before it.
    pub fn path(mut self, word: &str) -> Self {
        self.0.push(' ');
        self.0.push_str(&path(word));
        self
    }

    /// Appends a path as an operator typed it, whose `~/` a shell resolves, without a separator.
    pub fn typed(mut self, word: &str) -> Self {
        match word.strip_prefix("~/") {
            Some("") => self.0.push_str("~/"),
            Some(rest) => self.0.extend(["~/", &quoted(rest)]),
            None => self.0.push_str(&path(word)),
        }
        self
    }

    /// Appends the paths of files, a space before each.
    pub fn paths(self, words: &[String]) -> Self {
        words.iter().fold(self, |line, word| line.path(word))
    }

    /// Appends an option and its value, if it has one: `option(" -n {}", namespace)` writes nothing for no namespace.
    pub fn option(self, fixed: &'static str, value: &str) -> Self {
        if value.is_empty() { self } else { self.and_then(fixed, &[value]) }
    }

    /// Appends a remark, which ends the line: `# staging`. Its words are quoted, too: an interactive zsh runs a remark
    /// as words.
    pub fn remark(mut self, text: &str) -> Self {
        self.0.push_str("   #");
        text.split(' ').filter(|word| !word.is_empty()).fold(self, Self::word)
    }

    /// Appends the content of another line.
    pub fn line(mut self, other: &Self) -> Self {
        self.1 = self.1.or_else(|| Some(self.0.len().saturating_add(other.1?)));
        self.0.push_str(&other.0);
        self
    }

    /// Joins lines with a separator: a line feed, or ` && `.
    pub fn join(lines: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        let put = |all: Self, (index, line): (usize, Self)| {
            let all = if index > 0 { all.and_then(between, &[]) } else { all };
            all.line(&line)
        };
        lines.into_iter().enumerate().fold(Self::default(), put)
    }

    /// Returns one line of several, such as that of one object.
    pub fn nth(&self, index: usize) -> Option<Self> {
        let whole = self.kept();
        let text = if self.1.is_some() { whole.as_str() } else { &self.0 };
        text.split('\n').nth(index).map(|line| Self(line.to_owned(), None))
    }

    /// Marks everything that follows as shown and never kept: arguments of an unknown program may be a password.
    pub fn unkept(mut self) -> Self {
        self.1 = self.1.or(Some(self.0.len()));
        self
    }

    /// Returns the text for the journal.
    pub fn kept(&self) -> String {
        match self.1.and_then(|at| self.0.split_at_checked(at)) {
            Some((kept, rest)) if !rest.is_empty() => format!("{kept} …"),
            _ => self.0.clone(),
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether the lines hold a text.
    pub fn contains(&self, text: &str) -> bool {
        self.0.contains(text)
    }
}

impl From<&'static str> for ShellLine {
    fn from(fixed: &'static str) -> Self {
        Self(fixed.to_owned(), None)
    }
}

impl fmt::Display for ShellLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for ShellLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Returns the unquoted part of a line.
#[cfg(test)]
pub(crate) fn unquoted(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line.chars();
    while let Some(one) = rest.next() {
        match one {
            '\\' => _ = rest.next(),
            '\'' => {
                let escapes = out.ends_with('$');
                while let Some(one) = rest.next().filter(|one| *one != '\'') {
                    if escapes && one == '\\' {
                        rest.next();
                    }
                }
            }
            _ => out.push(one),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::ShellLine;

    #[test]
    fn what_may_be_a_password_is_shown_and_not_kept() {
        let line = ShellLine::from("kubectl exec a --").word("mysql").unkept().word("-phunter2");
        assert_eq!(
            (line.as_str(), line.kept().as_str()),
            ("kubectl exec a -- mysql -phunter2", "kubectl exec a -- mysql …")
        );
        let several = ShellLine::join([ShellLine::from("a"), line], "\n");
        assert_eq!(several.kept(), "a\nkubectl exec a -- mysql …");
        assert_eq!(ShellLine::from("a").unkept().kept(), "a");
    }

    #[test]
    fn the_pod_s_own_cluster_needs_no_context() {
        let line = ShellLine::new("kubectl get {} --context {} -o yaml", &["pods", crate::model::IN_CLUSTER]);
        assert_eq!(line.as_str(), "kubectl get pods -o yaml");
    }

    #[test]
    fn words_of_others_are_quoted() {
        let line = |word: &str| ShellLine::new("git show {}", &[word]).to_string();
        assert_eq!(line("apps/base.yaml"), "git show apps/base.yaml");
        assert_eq!(line("a b"), "git show 'a b'");
        assert_eq!(line("x; rm -rf ~"), "git show 'x; rm -rf ~'");
        assert_eq!(line("$(id)`id`"), "git show '$(id)`id`'");
        assert_eq!(line("it's"), r"git show 'it'\''s'");
        assert_eq!(line("~root"), "git show '~root'");
        assert_eq!(line("=ls"), "git show '=ls'");
        assert_eq!(line(""), "git show ''");
        assert_eq!(line("a\nb\u{1b}'\\\u{202e}"), r"git show $'a\nb\033\'\\\342\200\256'");
    }

    #[test]
    fn a_path_is_no_option_and_a_place_is_not_looked_for_in_words() {
        let line = ShellLine::new("cat {path} > {path}", &["-rf", "{}"]).path("-x").word("{path}");
        assert_eq!(line.as_str(), "cat ./-rf > '{}' ./-x '{path}'");
        assert_eq!(ShellLine::new("a", &["b"]).option(" -n {}", "").option(" -n {}", "c d").as_str(), "a b -n 'c d'");
        assert_eq!(ShellLine::from("cat ").typed("~/a b").as_str(), "cat ~/'a b'");
        assert_eq!(ShellLine::from("a").remark("b\n; rm /").as_str(), r"a   # $'b\n;' rm /");
        assert_eq!(ShellLine::join([ShellLine::from("a"), "b".into()], " && ").as_str(), "a && b");
    }

    /// A shell parses the words back unchanged.
    #[test]
    fn a_shell_reads_what_was_meant() {
        let words = ["a b", "it's", "$(exit 1)", "a\nb", "\\", "*", "!x", "", "a\tb", "\u{202e}", "é"];
        let line = ShellLine::new("printf '%s\\0'", &words).to_string();
        // `$'…'` is new in POSIX; bash has long had it.
        let read = std::process::Command::new("bash").args(["-c", &line]).output().unwrap();
        let expected = words.join("\0") + "\0";
        assert_eq!(String::from_utf8(read.stdout).unwrap(), expected, "{line}");
    }
}
