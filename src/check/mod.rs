//! Rules for what is in the repository: one file a rule below `rules/`, and one line in [`RULES`].
//!
//! A rule says nothing where it cannot be sure. `# fluxdeck:ignore RULE reason` on the line of a finding, on the line above, or in the
//! comments at the top of the file silences one; `[check.ignore]` with `RULE = "reason"` in `.fluxdeck.toml` silences a rule, but none about
//! secrets. What is about to be committed is judged strictly: there no comment silences a rule about secrets either. What is silenced is counted.

mod file;
mod finding;
mod image;
mod pages;
mod readings;
mod rules;
mod sources;
mod state;
mod subject;
mod survey;
#[cfg(test)]
mod testing;
mod world;

pub use file::File;
pub use finding::{Finding, Other, Severity, by_cause, told};
pub use pages::Page;
pub use sources::{Listed, folder, index, working_tree};
pub use state::State;
pub use survey::{Survey, Surveyed};
pub use world::Quiet;
use world::World;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use crate::config;
use crate::model::{Fault, FaultKind, Nodes};
use crate::render::{Installation, Rendering, Worker};
use crate::repo::{Committed, RepoEnvironment, Snapshot, Sync, contents};
use crate::sops::Identities;

/// Holds what rules may look at beside the file itself.
pub struct Context<'a> {
    /// What reads what.
    pub snapshot: &'a Snapshot,
    /// The private keys at hand.
    pub identities: &'a Identities,
    /// What the repository renders to, where that is known.
    pub rendering: Option<&'a Rendering>,
    /// What is known of the nodes of environments, beside what the settings tell.
    live: BTreeMap<String, Nodes>,
    /// What several rules read, read once.
    once: Once,
    /// Whether no comment silences a rule about secrets.
    strict: bool,
    /// Where git is asked: the working tree, also where the files are those of a state that was taken out of it.
    repository: &'a Path,
}

/// Holds what is read when the first rule asks for it.
#[derive(Default)]
struct Once {
    kustomizations: OnceLock<Vec<rules::kustomize::File>>,
    manifests: Mutex<HashMap<String, Option<Arc<rules::kustomize::Manifest>>>>,
    listed: OnceLock<Vec<String>>,
    committed: OnceLock<Committed>,
    flux: OnceLock<BTreeMap<String, Installation>>,
}

impl<'a> Context<'a> {
    /// Says what rules may look at; without a rendering those about objects say nothing.
    pub fn new(snapshot: &'a Snapshot, identities: &'a Identities, rendering: Option<&'a Rendering>) -> Self {
        let (live, once, repository) = (BTreeMap::new(), Once::default(), snapshot.root.as_path());
        Self { snapshot, identities, rendering, live, once, strict: false, repository }
    }

    /// Lets no comment of a file silence a rule about secrets: what is about to be committed is judged by what is there, not by its own word.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { strict: true, ..self }
    }

    /// Says what the clusters of environments say of their nodes; the settings come first.
    fn with_nodes(self, live: &BTreeMap<String, Nodes>) -> Self {
        Self { live: live.clone(), ..self }
    }

    /// Says where git is asked about the last commit.
    #[must_use]
    pub fn of_repository(self, repository: &'a Path) -> Self {
        Self { repository, ..self }
    }

    /// Looks at the same as it is known otherwise; what was told beside it stays.
    fn on<'b>(&'b self, snapshot: &'b Snapshot) -> Context<'b> {
        let listed = self.once.listed.get().map_or_else(OnceLock::new, |listed| OnceLock::from(listed.clone()));
        Context {
            strict: self.strict,
            repository: self.repository,
            live: self.live.clone(),
            once: Once { listed, ..Once::default() },
            ..Context::new(snapshot, self.identities, None)
        }
    }

    /// Says which files there are, where git has no list: in a state that was taken out of it.
    fn listing(self, files: &[Listed]) -> Self {
        let names: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        Self { once: Once { listed: OnceLock::from(names), ..self.once }, ..self }
    }

    /// Returns the recipients that the last commit names.
    fn committed(&self) -> &Committed {
        self.once.committed.get_or_init(|| Committed::of(self.repository))
    }

    /// Returns the Flux that an environment runs, as its repository says; `None` where nothing is rendered.
    fn flux(&self, env: &str) -> Option<&Installation> {
        let all = self.once.flux.get_or_init(|| {
            let Some(rendering) = self.rendering else { return BTreeMap::new() };
            let of = |env: &str| Installation::of(rendering.objects(env).map(|(_, object)| object));
            rendering.environments().into_iter().map(|env| (env.to_owned(), of(env))).collect()
        });
        all.get(env)
    }

    /// Lists the files that git has or would take.
    fn listed(&self) -> &[String] {
        self.once.listed.get_or_init(|| crate::repo::git::files(&self.snapshot.root, &[]).unwrap_or_default())
    }
}

/// Says what a rule looks at.
#[derive(Clone, Copy)]
enum Look {
    /// One file at a time.
    File(fn(&File, &Context<'_>, &mut Vec<Finding>)),
    /// All files that are looked at, each with what others say of it.
    Files(fn(&[Listed], &Context<'_>, &mut Vec<Finding>)),
    /// The repository as a whole.
    Repository(fn(&Context<'_>, &mut Vec<Finding>)),
    /// What an environment renders to.
    World(fn(&World<'_>, &mut Vec<Finding>)),
}

/// Describes a rule.
pub struct Rule {
    /// Its name, as `--rule` and `fluxdeck:ignore` take it.
    pub id: &'static str,
    /// What it looks for, in one sentence.
    pub about: &'static str,
    look: Look,
}

/// The rules about secrets, and those about what would hide one, such as a file that cannot be read: the settings of a repository silence none
/// of them.
pub const RULES: &[Rule] = &[
    rules::plain_secret::RULE,
    rules::plain_source::RULE,
    rules::private_key::RULE,
    rules::unreadable::RULE,
    rules::unread::RULE,
    rules::recipients::RULE,
    rules::new_reader::RULE,
    rules::unencrypted::RULE,
    rules::sops_scope::RULE,
    rules::mac::RULE,
    rules::value_types::RULE,
    rules::secret_data::RULE,
    rules::decryption::RULE,
    rules::sops_config::RULE,
    rules::sops_edit::RULE,
    rules::conflict::RULE,
];

/// All rules about everything else, by what they are about.
const OTHERS: &[&[Rule]] = &[
    &[rules::sops_unused::RULE, rules::closed::RULE],
    rules::flux::RULES,
    rules::kustomize::RULES,
    rules::helm::RULES,
    rules::references::RULES,
    rules::databases::RULES,
    rules::workloads::RULES,
    rules::monitors::RULES,
    rules::documents::RULES,
    rules::yaml::RULES,
];

/// Tells whether a rule is one about secrets: the settings of a repository never silence those, as whoever slips a key in could slip them in too.
fn is_about_secrets(rule: &str) -> bool {
    RULES.iter().any(|known| known.id == rule)
}

/// Iterates over all rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().chain(OTHERS.iter().copied().flatten())
}

/// Holds what was found, and what could not be looked at.
#[derive(Debug, Default)]
pub struct Report {
    /// The findings, by file and line.
    pub findings: Vec<Finding>,
    /// How many encrypted files were looked at.
    pub encrypted: usize,
    /// How many of them no key at hand opens, so that their MAC is not verified.
    pub closed: usize,
    /// How many findings a comment or the settings of the repository silence.
    pub silenced: usize,
    /// Which rules did not look at everything.
    pub quiet: Vec<Quiet>,
}

/// Looks at files by the rules about secrets, on as many threads as there are processors.
pub fn check(files: &[Listed], context: &Context<'_>, renderer: &Worker) -> Report {
    let rules: Vec<&Rule> = RULES.iter().collect();
    let report = look_at(files, context, &rules);
    // What the files declare is not what Flux applies: a parent may put the decryption in.
    let rests_on_graph = report.findings.iter().any(|finding| finding.rule == rules::decryption::RULE.id);
    if context.snapshot.is_rendered || !rests_on_graph {
        return report.told(context);
    }
    let Ok(rendering) = renderer.with(|renderer| renderer.render(context.snapshot)) else {
        return report.told(context);
    };
    let snapshot = context.snapshot.with_graph(&rendering.graph);
    let effective = context.on(&snapshot);
    look_at(files, &effective, &rules).told(&effective)
}

/// Looks at a repository by all rules: at its files, and at what it renders to.
pub fn inspect(files: &[Listed], context: &Context<'_>) -> Report {
    let mut report = look_at(files, context, &all().collect::<Vec<_>>());
    let mut found = Vec::new();
    let root = &context.snapshot.root;
    let told = config::checks(root);
    let worlds: Vec<World<'_>> = context
        .rendering
        .iter()
        .flat_map(|rendering| rendering.environments().into_iter().map(move |env| (rendering, env)))
        .map(|(rendering, env)| {
            let nodes = told.nodes.get(env).or_else(|| context.live.get(env));
            let mut world = World::new(env, rendering, root).with_nodes(nodes.cloned().unwrap_or_default());
            // A cluster that a hub manages has more than what the hub applies: what is not here may be there.
            let is_spoke = |known: &RepoEnvironment| known.name == env && known.sync == Sync::Hub;
            if context.snapshot.environments.iter().any(is_spoke) {
                world.has_more("a hub manages its cluster, and what else is there is not in this repository");
            }
            world
        })
        .collect();
    for rule in all() {
        match rule.look {
            Look::File(_) | Look::Files(_) => {}
            Look::Repository(look) => look(context, &mut found),
            Look::World(look) => {
                let mut of_worlds = Vec::new();
                for world in &worlds {
                    world.look(rule, look, &mut of_worlds);
                }
                // A name with a variable whose value cannot be read may be any name.
                let is_about_variables = rule.id == rules::flux::variable_left::RULE.id;
                of_worlds.retain(|finding: &Finding| is_about_variables || !finding.speaks_of("${"));
                found.append(&mut of_worlds);
            }
        }
    }
    report.quiet = worlds.iter().filter_map(World::quiet).collect();
    // What a file says of itself silences these too, once it is known which files are concerned.
    let mut read: BTreeMap<String, File> = BTreeMap::new();
    let none = Identities::default();
    let before = found.len();
    found.retain(|finding| {
        let file = read.entry(finding.file.clone()).or_insert_with(|| {
            let bytes = contents::bytes(&context.snapshot.root, &finding.file).unwrap_or_default();
            File::new(&Listed::known(&finding.file, bytes), &none)
        });
        !file.ignores(finding)
    });
    report.silenced = report.silenced.saturating_add(before.saturating_sub(found.len()));
    report.findings.extend(found);
    let before = report.findings.len();
    report
        .findings
        .retain(|finding| is_about_secrets(finding.rule) || !told.ignored.iter().any(|(rule, _)| rule == finding.rule));
    report.silenced = report.silenced.saturating_add(before.saturating_sub(report.findings.len()));
    report.told(context)
}

fn look_at(files: &[Listed], context: &Context<'_>, rules: &[&Rule]) -> Report {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(threads).max(1);
    let parts: Vec<Report> = std::thread::scope(|scope| {
        let look = |part: &'_ [Listed]| part.iter().map(|one| safely(one, context, rules)).collect::<Vec<_>>();
        let start = |part| (part, scope.spawn(move || look(part)));
        let workers: Vec<_> = files.chunks(share).map(start).collect();
        let done = |(part, worker): (&[Listed], std::thread::ScopedJoinHandle<'_, Vec<Report>>)| {
            worker.join().unwrap_or_else(|_| part.iter().map(Report::of_defect).collect())
        };
        workers.into_iter().flat_map(done).collect()
    });
    let mut whole = Report::default();
    for part in parts {
        whole.findings.extend(part.findings);
        whole.encrypted = whole.encrypted.saturating_add(part.encrypted);
        whole.closed = whole.closed.saturating_add(part.closed);
        whole.silenced = whole.silenced.saturating_add(part.silenced);
    }
    let mut found = Vec::new();
    for rule in rules {
        if let Look::Files(look) = rule.look {
            look(files, context, &mut found);
        }
    }
    let none = Identities::default();
    let before = found.len();
    found.retain(|finding| {
        let file = files.iter().find(|file| file.path == finding.file);
        let is_strict = context.strict && is_about_secrets(finding.rule);
        is_strict || !file.is_some_and(|file| File::new(file, &none).ignores(finding))
    });
    whole.silenced = whole.silenced.saturating_add(before.saturating_sub(found.len()));
    whole.findings.extend(found);
    whole
}

/// Looks at one file. A defect of ours is a finding of that file, and hides nothing about others.
fn safely(one: &Listed, context: &Context<'_>, rules: &[&Rule]) -> Report {
    let look = std::panic::AssertUnwindSafe(|| Report::of_file(one, context, rules));
    std::panic::catch_unwind(look).unwrap_or_else(|_| Report::of_defect(one))
}

/// Says why files must not get into a commit: the first error in them, or the first new reader of secrets. `allowed` are those that the operator let pass by name; no key is
/// used, so what only decrypting shows is left to `secret verify`.
pub fn refusal(
    files: &[Listed],
    snapshot: &Snapshot,
    allowed: &BTreeSet<String>,
    verb: &str,
    renderer: &Worker,
) -> Option<(String, Fault)> {
    let report = check(files, &Context::new(snapshot, &Identities::default(), None).strict(), renderer);
    // Somebody who becomes a reader is meant only where that is said.
    let counts = |finding: &Finding| finding.severity == Severity::Error || finding.rule == rules::new_reader::RULE.id;
    let is_refused = |finding: &Finding| counts(finding) && !allowed.contains(&finding.file);
    let finding = report.findings.into_iter().find(is_refused)?;
    let what = format!("{} is not {verb}", finding.file);
    let line = finding.line.map(|line| format!("line {line}: ")).unwrap_or_default();
    let why = format!("{line}{}; {}", finding.message, finding.why);
    // A leak may be meant, as an example is; a conflict never is.
    let kind = if finding.rule == rules::conflict::RULE.id { FaultKind::Failed } else { FaultKind::Refused };
    Some((finding.file, Fault::new(kind, what, why, finding.fix)))
}

impl Report {
    /// Says of each finding what it is about, and puts them in order.
    fn told(mut self, context: &Context<'_>) -> Self {
        for finding in &mut self.findings {
            subject::complete(finding, context.snapshot);
        }
        self.findings.sort_by(|one, other| {
            (&one.file, one.line, one.rule, &one.env).cmp(&(&other.file, other.line, other.rule, &other.env))
        });
        self.findings.dedup();
        self
    }

    /// Tells that a file was not looked at whole.
    fn of_defect(listed: &Listed) -> Self {
        let why = "fluxdeck has a defect that its content brings up";
        Self { findings: vec![rules::unread::never(&listed.path, why)], ..Self::default() }
    }

    fn of_file(listed: &Listed, context: &Context<'_>, rules: &[&Rule]) -> Self {
        let file = File::new(listed, context.identities);
        let mut found = Vec::new();
        for rule in rules {
            if let Look::File(look) = rule.look {
                look(&file, context, &mut found);
            }
        }
        let before = found.len();
        found.retain(|finding| context.strict && is_about_secrets(finding.rule) || !file.ignores(finding));
        Self {
            silenced: before.saturating_sub(found.len()),
            findings: found,
            encrypted: usize::from(file.is_encrypted()),
            closed: usize::from(file.is_closed()),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests;
