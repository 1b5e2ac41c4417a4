//! The unknown parts of an environment, and the rules that are silent because of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::render::{Brings, Rendered, Unseen};

/// Names rules that did not check everything, because of one unknown thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quiet {
    /// The rules, sorted.
    pub rules: Vec<&'static str>,
    /// The environments, sorted.
    pub envs: Vec<String>,
    /// The unknown things, such as addresses or Kustomizations.
    pub unknown: Vec<String>,
    /// The reason.
    pub because: String,
    /// The file that names the first unknown thing, where a file does.
    pub file: String,
}

/// The most unknown things that are named.
const NAMED: usize = 3;

/// The most characters of a name.
const LONGEST: usize = 90;

impl Quiet {
    /// Returns the unknown things, with the reason.
    pub fn cause(&self) -> String {
        let named: Vec<String> = self.unknown.iter().take(NAMED).map(|name| short(name)).collect();
        let more = match self.unknown.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if named.is_empty() { self.because.clone() } else { format!("{}{more}: {}", named.join(", "), self.because) }
    }

    /// Joins those with one reason in several environments.
    pub(super) fn joined(all: Vec<Self>) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for one in all {
            let Some(known) = found.iter_mut().find(|known| known.because == one.because) else {
                found.push(one);
                continue;
            };
            known.rules.extend(one.rules);
            known.envs.extend(one.envs);
            known
                .unknown
                .extend(one.unknown.into_iter().filter(|name| !known.unknown.contains(name)).collect::<Vec<_>>());
            known.rules.sort_unstable();
            known.rules.dedup();
            known.envs.sort_unstable();
            known.envs.dedup();
        }
        found
    }

    /// Counts the distinct rules of several.
    pub fn count(all: &[Self]) -> usize {
        all.iter().flat_map(|one| &one.rules).collect::<BTreeSet<_>>().len()
    }
}

/// Shortens a long name in its middle: its beginning tells the place, and its end the name.
fn short(name: &str) -> String {
    let count = name.chars().count();
    if count <= LONGEST {
        return name.to_owned();
    }
    let half = LONGEST / 2;
    let begin: String = name.chars().take(half).collect();
    let end: String = name.chars().skip(count.saturating_sub(half)).collect();
    format!("{begin}...{end}")
}

impl std::fmt::Display for Quiet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rules = if self.rules.len() == 1 { "rule" } else { "rules" };
        let (count, envs, names) = (self.rules.len(), self.envs.join(", "), self.rules.join(", "));
        write!(formatter, "{count} {rules} did not run on all of {envs} ({names}), because of {}", self.cause())
    }
}

/// Holds one unknown thing.
#[derive(Debug)]
struct Unknown {
    name: String,
    because: String,
    what: Unseen,
}

/// Holds the unknown things of an environment.
#[derive(Debug, Default)]
pub(super) struct Unknowns {
    all: Vec<Unknown>,
    /// The running rule, and the rules that each unknown thing silenced.
    quiet: Mutex<(&'static str, BTreeMap<usize, BTreeSet<&'static str>>)>,
}

impl Unknowns {
    /// Lists the unknown things of Kustomizations; `target` returns the target namespace of one of them.
    pub(super) fn of<'a>(
        rendered: impl Iterator<Item = &'a Rendered>,
        target: impl Fn(&Rendered) -> Option<String>,
    ) -> Self {
        let mut all = Vec::new();
        for one in rendered {
            let own = format!("Kustomization {}", one.shown());
            let mut add = |name: String, because: &str, what: &Unseen| {
                all.push(Unknown { name, because: because.to_owned(), what: what.clone() });
            };
            let anything = || Unseen {
                file: String::new(),
                what: own.clone(),
                why: String::new(),
                changes: true,
                brings: Brings::Anything,
                namespace: target(one),
            };
            if let Some(finding) = &one.finding {
                let what = Unseen { file: finding.file.clone(), ..anything() };
                add(own.clone(), "it cannot be rendered, as its error says", &what);
            } else if let Some(why) = &one.unsure {
                add(own.clone(), &format!("it is known by its file alone: {why}"), &anything());
            }
            for unseen in &one.unseen {
                let because = unseen.why.strip_prefix("which is ").unwrap_or(&unseen.why);
                add(unseen.what.clone(), because.strip_prefix("which ").unwrap_or(because), unseen);
            }
        }
        Self { all, quiet: Mutex::default() }
    }

    /// Notes that any other object may exist, with the reason.
    pub(super) fn anything(&mut self, why: &str) {
        let what = Unseen {
            file: String::new(),
            what: String::new(),
            why: String::new(),
            changes: false,
            brings: Brings::Anything,
            namespace: None,
        };
        self.all.push(Unknown { name: String::new(), because: why.to_owned(), what });
    }

    /// Sets the running rule.
    pub(super) fn ask_for(&self, rule: &'static str) {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner).0 = rule;
    }

    /// Tells whether an unknown thing may create an object of one of these kinds in a namespace, and notes the rule
    /// that this silences.
    pub(super) fn may_bring(&self, kinds: &[(&str, &str)], namespace: &str) -> bool {
        let brings =
            |unknown: &Unknown| kinds.iter().any(|(group, kind)| unknown.what.may_bring(group, kind, namespace));
        self.noted(brings)
    }

    /// Tells whether objects may have keys that are not known.
    pub(super) fn may_fill(&self, namespace: &str) -> bool {
        let fills = |unknown: &Unknown| {
            let what = &unknown.what;
            let is_here = what.namespace.as_deref().is_none_or(|own| own == namespace);
            is_here && (what.changes || what.brings == Brings::Contents)
        };
        self.noted(fills)
    }

    fn noted(&self, is_it: impl Fn(&Unknown) -> bool) -> bool {
        let found: Vec<usize> = self.all.iter().enumerate().filter(|(_, one)| is_it(one)).map(|(at, _)| at).collect();
        let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let rule = quiet.0;
        for at in &found {
            quiet.1.entry(*at).or_default().insert(rule);
        }
        !found.is_empty()
    }

    /// Returns the silenced rules, with the reasons.
    pub(super) fn quiet(&self, env: &str) -> Vec<Quiet> {
        let quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |(at, rules): (&usize, &BTreeSet<&'static str>)| {
            let unknown = self.all.get(*at)?;
            Some(Quiet {
                rules: rules.iter().copied().collect(),
                envs: vec![env.to_owned()],
                unknown: Some(unknown.name.clone()).filter(|name| !name.is_empty()).into_iter().collect(),
                because: unknown.because.clone(),
                file: unknown.what.file.clone(),
            })
        };
        quiet.1.iter().filter_map(of).collect()
    }
}
