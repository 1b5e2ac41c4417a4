//! A topic's lines with the names of a real object in them, and what stays to be put in.

use super::topic::Topic;
use crate::kinds;
use crate::model::{Kind, ObjectRef, ShellLine};

/// Holds an object whose names stand in a topic's lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicObject {
    /// The object.
    pub object: ObjectRef,
    /// The environment.
    pub env: String,
    /// The kube context; empty if it is not known.
    pub context: String,
    /// The folder that it applies; empty if it is not known, or applies none.
    pub path: String,
}

/// What a word in capitals stands for.
const WORDS: &[(&str, &str)] = &[
    ("NAME", "its name"),
    ("NAMESPACE", "its namespace"),
    ("KIND", "its kind as kubectl calls it, such as kustomization"),
    ("POD", "the pod"),
    ("NODE", "the node"),
    ("PATH", "the folder of spec.path in your working tree"),
    ("SECRET", "the Secret that the spec names"),
    ("ACCOUNT", "the ServiceAccount that the spec names"),
    ("URL", "the address in spec.url"),
    ("HOST", "the host of that address"),
    ("FILE", "the file that declares it"),
    ("ENV", "the environment"),
    ("VARIABLES", "the ConfigMap that substituteFrom names"),
    ("DOMAIN", "the name that the certificate is for"),
    ("JOB", "the Job that the first line lists"),
    ("INSTANCE", "the instance that becomes the primary"),
    ("BACKUP", "the backup that the first line lists"),
    ("CHART", "the name of the chart"),
    ("CONTEXT", "the kube context"),
    ("TITLE", "what it is about"),
];

impl Topic {
    /// Finds the kind that the topic's lines are about: that of its name, else the one before the first NAME.
    pub fn kind(&self) -> Option<&'static Kind> {
        let of_id = self.id.split('.').next().and_then(kinds::find);
        of_id.or_else(|| self.command.shell.lines().find_map(kind_of_line))
    }

    /// Tells whether its lines have names to be put in.
    pub fn has_names(&self) -> bool {
        !open_words(&self.command.shell).is_empty()
    }

    /// Writes its lines with the names of an object.
    pub fn lines_for(&self, known: &TopicObject) -> String {
        self.command.shell.lines().map(|line| filled(line, known)).collect::<Vec<_>>().join("\n")
    }

    /// Says what has to be put into lines; empty if nothing has.
    pub fn to_put_in(&self, lines: &str) -> String {
        let words = open_words(lines);
        let told = words.iter().map(|word| {
            let meaning = WORDS.iter().find(|(known, _)| known == word).map_or("", |(_, meaning)| *meaning);
            let of = match (*word, self.kind()) {
                ("NAME", Some(kind)) => format!("the name of a {}", kind.kind),
                _ => meaning.to_owned(),
            };
            format!("{word}: {of}")
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

/// Finds the kind before the word NAME, in kubectl's names or those of the flux CLI.
fn kind_of_line(line: &str) -> Option<&'static Kind> {
    let words: Vec<&str> = line.split(' ').collect();
    let at = words.iter().position(|word| *word == "NAME")?;
    let before = at.checked_sub(1).and_then(|before| words.get(before))?;
    let noun = at.checked_sub(2).and_then(|first| Some(format!("{} {before}", words.get(first)?)));
    let by_noun = || kinds::KINDS.iter().copied().find(|kind| noun.as_deref().is_some_and(|noun| kind.noun == noun));
    kinds::find(before).or_else(by_noun)
}

/// Iterates over the pieces of a line: words in capitals that stand for something, and all else.
fn pieces(line: &str) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let is_in = |one: char| one.is_ascii_alphanumeric() || one == '_';
        let starts_word = rest.starts_with(is_in);
        let end = rest.find(|one: char| is_in(one) != starts_word).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        found.push((piece, starts_word && WORDS.iter().any(|(word, _)| *word == piece)));
        rest = after;
    }
    found
}

/// Lists the words of lines that stand for something, each once.
fn open_words(lines: &str) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    for (piece, _) in lines.lines().flat_map(pieces).filter(|(_, is_open)| *is_open) {
        let known = WORDS.iter().find(|(word, _)| *word == piece).map(|(word, _)| *word);
        found.extend(known.filter(|word| !found.contains(word)));
    }
    found
}

/// Puts the names of an object into a line, and its context behind kubectl and flux.
fn filled(line: &str, known: &TopicObject) -> String {
    let object = &known.object;
    let quoted = |word: &str| ShellLine::new("{}", &[word]).as_str().to_owned();
    let kind = kinds::kind_of(object).map_or(object.kind.as_str(), |kind| kind.plural);
    let flux = kinds::kind_of(object).map_or("", |kind| kind.noun);
    let word = |word: &str| match word {
        "NAME" => quoted(&object.name),
        "NAMESPACE" if !object.namespace.is_empty() => quoted(&object.namespace),
        "KIND" if line.starts_with("flux ") && !flux.is_empty() => flux.to_owned(),
        "KIND" => quoted(kind),
        "POD" if object.kind == "Pod" => quoted(&object.name),
        "NODE" if object.kind == "Node" => quoted(&object.name),
        "PATH" if !known.path.is_empty() => quoted(&known.path),
        "ENV" if !known.env.is_empty() => quoted(&known.env),
        "CONTEXT" if !known.context.is_empty() => quoted(&known.context),
        other => other.to_owned(),
    };
    let whole: String =
        pieces(line).into_iter().map(|(piece, is_open)| if is_open { word(piece) } else { piece.to_owned() }).collect();
    let has_own = known.context.is_empty() || whole.contains("--context");
    let Some((program, rest)) = whole.split_once(' ').filter(|_| !has_own) else { return whole };
    match program {
        "kubectl" => format!("{} {rest}", ShellLine::new("kubectl --context {}", &[&known.context]).as_str()),
        "flux" => format!("{} {rest}", ShellLine::new("flux --context {}", &[&known.context]).as_str()),
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::{TopicObject, WORDS, filled, open_words};
    use crate::explain::{TopicGroup, Topics};
    use crate::model::ObjectRef;

    fn known(object: ObjectRef) -> TopicObject {
        TopicObject { object, env: "prod".to_owned(), context: "prod x".to_owned(), path: "./apps".to_owned() }
    }

    #[test]
    fn a_line_names_the_object_and_its_cluster_quoted() {
        let of = known(ObjectRef::new("Kustomization", "kustomize.toolkit.fluxcd.io", "flux-system", "a b"));
        for (line, wanted) in [
            (
                "flux get kustomizations NAME -n NAMESPACE",
                "flux --context 'prod x' get kustomizations 'a b' -n flux-system",
            ),
            ("flux suspend KIND NAME", "flux --context 'prod x' suspend kustomization 'a b'"),
            ("kubectl describe KIND NAME", "kubectl --context 'prod x' describe kustomizations 'a b'"),
            (
                "flux build kustomization NAME --path PATH",
                "flux --context 'prod x' build kustomization 'a b' --path ./apps",
            ),
            ("kubectl get nodes --context CONTEXT", "kubectl get nodes --context 'prod x'"),
            (
                "kubectl auth can-i --as system:serviceaccount:NAMESPACE:ACCOUNT",
                "kubectl --context 'prod x' auth can-i --as system:serviceaccount:flux-system:ACCOUNT",
            ),
            ("git grep -n imagepolicy", "git grep -n imagepolicy"),
        ] {
            assert_eq!(filled(line, &of), wanted);
        }
        assert_eq!(open_words("kubectl get NAME -n NAMESPACE NAME_OF HEAD"), ["NAME", "NAMESPACE"]);
    }

    /// A word in capitals that no table knows would be typed as it stands.
    #[test]
    fn every_word_that_stands_for_something_says_for_what() {
        let topics = Topics::with_commands(Vec::new());
        let mut unknown = Vec::new();
        for topic in
            TopicGroup::ALL.into_iter().filter(|group| *group != TopicGroup::Causes).flat_map(|group| topics.of(group))
        {
            let shell = &topic.command.shell;
            for word in
                shell.split(|one: char| !(one.is_ascii_alphanumeric() || one == '_' || one == '-' || one == '.'))
            {
                let is_capital = word.len() > 2 && word.chars().all(|one| one.is_ascii_uppercase());
                if is_capital && word != "TXT" && WORDS.iter().all(|(known, _)| *known != word) {
                    unknown.push(format!("{}: {word}", topic.id));
                }
            }
            if topic.has_names() {
                assert!(!topic.to_put_in(shell).is_empty(), "{}", topic.id);
            }
        }
        assert!(unknown.is_empty(), "{unknown:#?}");
    }
}
