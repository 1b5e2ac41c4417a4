//! `fluxdeck secret recipients`: who can open files, and changing that.

use clap::Args;
use serde::Serialize;

use super::{Many, Named};
use crate::app::Facts;
use crate::cli::Call;
use crate::cli::call::columns;
use crate::commands;
use crate::files;
use crate::model::{Fault, FaultKind};
use crate::runtime::Session;
use crate::sops::{Format, Identities, SopsFile};

// Flags of `secret recipients`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    many: Many,
    /// Add a recipient: an age or SSH public key
    #[arg(long, value_name = "RECIPIENT")]
    add: Vec<String>,
    /// Remove a recipient; rotate afterwards
    #[arg(long, value_name = "RECIPIENT")]
    remove: Vec<String>,
    /// Take the recipients that .sops.yaml names
    #[arg(long, conflicts_with_all = ["add", "remove"])]
    update: bool,
}

#[derive(Serialize)]
struct Line {
    file: String,
    environments: Vec<String>,
    recipients: Vec<Key>,
    others: Vec<String>,
    rule: String,
    config: Option<String>,
    differences: Vec<String>,
}

#[derive(Serialize)]
struct Key {
    recipient: String,
    group: usize,
    /// The environment whose key it is, if any.
    env: Option<String>,
    /// Whether its private key is at hand.
    ours: bool,
}

pub(super) fn run(arguments: &Arguments, call: &Call) -> Result<u8, Fault> {
    if arguments.update {
        return arguments.many.dispatch(
            call,
            &commands::SECRET_UPDATE_KEYS,
            Some(&commands::SECRET_UPDATE_KEYS_ALL),
            &[],
        );
    }
    if !arguments.add.is_empty() || !arguments.remove.is_empty() {
        let answers = [("add", arguments.add.join(",")), ("remove", arguments.remove.join(","))];
        return arguments.many.dispatch(
            call,
            &commands::SECRET_RECIPIENTS,
            Some(&commands::SECRET_RECIPIENTS_ALL),
            &answers,
        );
    }
    call.block_on(async {
        let session = call.session_of_any()?;
        let facts = session.facts_with_repository();
        let identities = super::identities(&session);
        let files = arguments.many.files(call, &session, &facts)?;
        let lines =
            files.iter().map(|named| line(named, &session, &facts, &identities)).collect::<Result<Vec<_>, _>>()?;
        call.print(&lines, |lines| lines.iter().map(text).collect())?;
        Ok(0)
    })
}

fn line(named: &Named, session: &Session, facts: &Facts, identities: &Identities) -> Result<Line, Fault> {
    let cannot = |why: String| {
        let what = format!("cannot tell who opens {}", named.name);
        Fault::new(FaultKind::Usage, what, why, "name an encrypted file")
    };
    let text = files::text(&named.path, crate::sops::LARGEST).map_err(|error| cannot(error.to_string()))?;
    let file = SopsFile::parse(Format::from_path(&named.name), text).map_err(|error| cannot(error.to_string()))?;
    let whose = |recipient: &String| {
        let known = session.environments.iter().find(|known| known.recipients.contains(recipient));
        known.map(|known| known.name.clone())
    };
    let groups = file.metadata().groups.iter().enumerate();
    let recipients = groups.flat_map(|(group, keys)| {
        let entry = |recipient: String| Key {
            env: whose(&recipient),
            ours: identities.recipients().contains(&recipient),
            recipient,
            group,
        };
        keys.recipients().into_iter().map(entry).collect::<Vec<_>>()
    });
    let recipients = recipients.collect();
    let others = file.metadata().groups.iter().flat_map(crate::sops::KeyGroup::others);
    let snapshot = facts.repository.as_ref();
    let creation = snapshot.and_then(|snapshot| snapshot.creation(&named.name).ok());
    let differences = creation.as_ref().map(|creation| creation.differences(&file.recipients(), &file.rule_text()));
    Ok(Line {
        environments: snapshot.map(|snapshot| snapshot.readers_of(&named.name)).unwrap_or_default(),
        recipients,
        others: others.map(|(kind, name)| format!("{kind} {name}")).collect(),
        rule: file.rule_text(),
        config: creation.map(|creation| creation.explanation()),
        differences: differences.unwrap_or_default(),
        file: named.name.clone(),
    })
}

fn text(line: &Line) -> String {
    let several = line.recipients.iter().any(|one| one.group > 0);
    let rows: Vec<Vec<String>> = line
        .recipients
        .iter()
        .map(|one| {
            let group = if several { format!("group {}", one.group.saturating_add(1)) } else { String::new() };
            let whose = one.env.clone().unwrap_or_else(|| "?".to_owned());
            let ours = if one.ours { "its key is at hand" } else { "" }.to_owned();
            vec![format!("  {group}"), whose, one.recipient.clone(), ours]
        })
        .collect();
    let mut out = format!(
        "{}   read by {}\n",
        line.file,
        if line.environments.is_empty() { "nobody".to_owned() } else { line.environments.join(", ") }
    );
    out.push_str(&columns(&rows));
    let mut say = |text: String| {
        out.push_str("  ");
        out.push_str(&text);
        out.push('\n');
    };
    line.others.iter().for_each(|other| say(format!("also {other}, kept as it is")));
    say(format!("encrypts {}", line.rule));
    match &line.config {
        Some(config) => say(config.clone()),
        None => say("no rule of a .sops.yaml is for it".to_owned()),
    }
    line.differences.iter().for_each(|difference| say(format!("! {difference}")));
    out
}
