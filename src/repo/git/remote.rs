//! The destination of a push: the remote, the branch there and the addresses, as git itself resolves them from all of
//! its settings.

use std::path::Path;

use super::run;
use crate::model::Fault;

const WHAT: &str = "nothing was pushed";

/// Names the destination of a branch. The checks and the push use this same value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The local branch.
    pub from: String,
    /// The last commit of the branch in full: the user agrees to push this one.
    pub commit: String,
    /// The remote, such as `origin`.
    pub remote: String,
    /// The full reference on the remote, such as `refs/heads/main`.
    pub reference: String,
    /// The addresses that git pushes to, with `pushurl`, `insteadOf` and `pushInsteadOf` applied.
    pub addresses: Vec<String>,
    /// Whether the branch has an upstream already.
    pub followed: bool,
}

impl Destination {
    /// Returns the short name of the branch on the remote.
    pub fn branch(&self) -> &str {
        self.reference.strip_prefix("refs/heads/").unwrap_or(&self.reference)
    }

    /// Tells whether a source that fetches from an address may get the pushed commits: `false` only if both addresses
    /// are known to name different repositories of one host. A host alias may stand for any host (`Host` of ssh, a name
    /// inside of the cluster).
    pub fn may_reach(&self, address: &str) -> bool {
        let Some(theirs) = place(address) else { return true };
        self.addresses.is_empty()
            || self.addresses.iter().any(|own| match place(own) {
                Some(ours) => ours.0 != theirs.0 || ours.1 == theirs.1,
                None => true,
            })
    }
}

/// Resolves the destination of HEAD's branch.
///
/// The remote is the branch's `pushRemote`, else `remote.pushDefault`, else the remote that it follows, else the only
/// one. The branch there is set by `remote.NAME.push`, else by `push.default` and the branch that it follows, else it is
/// the one of the same name.
///
/// # Errors
/// Fails for a detached HEAD, for a branch that follows one of the same repository or one of another name where
/// `push.default` does not choose between the two, and if there is no remote, or several without a choice.
pub fn destination(root: &Path) -> Result<Destination, Fault> {
    let ask = |arguments: &[&str]| {
        run::output(root, WHAT, arguments).ok().map(|printed| String::from_utf8_lossy(&printed).trim_end().to_owned())
    };
    let Some(full) = ask(&["symbolic-ref", "--quiet", "HEAD"]) else {
        return Err(Fault::failed(
            WHAT,
            "HEAD is detached: no branch would carry the commit",
            "put it on one first: git switch -c NAME, or git switch main",
        ));
    };
    let branch = full.strip_prefix("refs/heads/").unwrap_or(&full).to_owned();
    // git itself resolves these, however they are set.
    let format = "--format=%(objectname)%00%(push:remotename)%00%(push:remoteref)%00%(upstream:remotename)%00%(upstream:remoteref)";
    let told = ask(&["for-each-ref", format, "--", &full]).unwrap_or_default();
    let mut fields = told.lines().next().unwrap_or_default().split('\0').map(str::to_owned);
    let mut next = || fields.next().filter(|text| !text.is_empty());
    let commit = next()
        .ok_or_else(|| Fault::failed(WHAT, "there is no commit yet", "‹key:git-message|git commit› makes the first"))?;
    let (remote, mapped, upstream, followed) = (next(), next(), next(), next());
    let remote = match remote {
        Some(remote) => remote,
        None => only_remote(&ask(&["remote"]).unwrap_or_default(), &branch)?,
    };
    if remote == "." {
        let there = followed.as_deref().unwrap_or(&full).trim_start_matches("refs/heads/").to_owned();
        return Err(Fault::failed(
            WHAT,
            format!(
                "{branch} follows {there}, a local branch of this repository: a push would only move that one, and reach no server"
            ),
            format!("choose where it goes: git push --set-upstream REMOTE {branch}"),
        ));
    }
    let there = followed.as_deref().filter(|_| upstream.as_deref() == Some(remote.as_str()));
    let reference = match mapped {
        Some(mapped) => mapped,
        None if there.is_none_or(|there| there == full) => full,
        None => {
            let default = ask(&["config", "--get", "push.default"]).unwrap_or_default();
            by_default(&default, &branch, &remote, there.unwrap_or(&full))?
        }
    };
    let addresses = ask(&["remote", "get-url", "--push", "--all", "--", &remote]).unwrap_or_default();
    // A remote may lack a name: `branch.NAME.remote` may be an address.
    let addresses: Vec<String> =
        if addresses.is_empty() { vec![remote.clone()] } else { addresses.lines().map(str::to_owned).collect() };
    Ok(Destination { from: branch, commit, remote, reference, addresses, followed: followed.is_some() })
}

/// Chooses between a branch's own name and that of the branch that it follows, as `push.default` says. git's default
/// is to refuse (`simple`): `git switch -c topic origin/main` makes topic follow main, and its commits are not meant
/// for main yet.
fn by_default(default: &str, branch: &str, remote: &str, there: &str) -> Result<String, Fault> {
    match default {
        "upstream" | "tracking" => Ok(there.to_owned()),
        "current" | "matching" => Ok(format!("refs/heads/{branch}")),
        _ => {
            let other = there.strip_prefix("refs/heads/").unwrap_or(there);
            Err(Fault::failed(
                WHAT,
                format!(
                    "{branch} follows {other} of {remote}, a branch of another name, and git does not push to it by itself"
                ),
                format!(
                    "to {branch}: git push --set-upstream {remote} {branch}; to {other}: git push {remote} {branch}:{other}, or always so: git config push.default upstream"
                ),
            ))
        }
    }
}

fn only_remote(listed: &str, branch: &str) -> Result<String, Fault> {
    match listed.lines().collect::<Vec<_>>().as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(Fault::failed(
            WHAT,
            "the repository has no remote",
            "name one: git remote add origin URL, the address that Flux fetches from",
        )),
        several => Err(Fault::failed(
            WHAT,
            format!("{branch} follows no branch, and there is more than one remote: {}", several.join(", ")),
            format!("choose one: git push --set-upstream REMOTE {branch}"),
        )),
    }
}

/// Returns host and path of an address in one form, for `ssh://`, `https://` and `host:path`; `None` for a folder.
fn place(address: &str) -> Option<(String, String)> {
    let (authority, path) = match address.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split_once('/')?,
        None => {
            let (authority, path) = address.split_once(':')?;
            if authority.contains('/') || authority.is_empty() || path.starts_with(':') {
                return None;
            }
            (authority, path)
        }
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let host = host.to_ascii_lowercase();
    // The same servers, for firewalls that let only the port of https through.
    let host =
        ["altssh.", "ssh.", "www."].iter().find_map(|start| host.strip_prefix(start)).unwrap_or(&host).to_owned();
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/').to_lowercase();
    let path = path.strip_suffix(".git").unwrap_or(&path);
    // Azure has two spellings of the same repository.
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | "v3" | "_git" | "~")).collect();
    (!host.is_empty() && !parts.is_empty()).then(|| (host, parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::super::tests::TestRepository;
    use super::{Destination, destination, place};

    fn sample_repository() -> TestRepository {
        let here = TestRepository::new();
        here.write("a.yaml", "a: 1\n");
        here.commit("one");
        here.git(&["remote", "add", "team/origin", "https://git.example.org/team/fleet.git"]);
        here
    }

    fn goes(here: &TestRepository) -> String {
        match destination(here.path()) {
            Ok(Destination { from, remote, reference, addresses, .. }) => {
                format!("{from} -> {remote} {reference} {}", addresses.join(" "))
            }
            Err(fault) => fault.why,
        }
    }

    #[test]
    fn a_push_goes_where_git_would_push() {
        const FLEET: &str = "https://git.example.org/team/fleet.git";
        let here = sample_repository();
        assert_eq!(goes(&here), format!("main -> team/origin refs/heads/main {FLEET}"));
        // The local branch has another name, and the remote's name has a slash.
        here.git(&["switch", "--quiet", "-c", "fix"]);
        for (key, value) in [("branch.fix.remote", "team/origin"), ("branch.fix.merge", "refs/heads/main")] {
            here.git(&["config", key, value]);
        }
        assert!(
            goes(&here).starts_with("fix follows main of team/origin, a branch of another name"),
            "{}",
            goes(&here)
        );
        here.git(&["config", "push.default", "upstream"]);
        assert_eq!(goes(&here), format!("fix -> team/origin refs/heads/main {FLEET}"));
        here.git(&["config", "remote.team/origin.push", "refs/heads/fix:refs/heads/prod"]);
        assert_eq!(goes(&here), format!("fix -> team/origin refs/heads/prod {FLEET}"));
        here.git(&["config", "--unset", "remote.team/origin.push"]);
        // A remote other than the upstream's: the same branch name there.
        here.git(&["remote", "add", "fork", "git@git.example.org:me/fleet"]);
        here.git(&["config", "remote.pushDefault", "fork"]);
        assert_eq!(goes(&here), "fix -> fork refs/heads/fix git@git.example.org:me/fleet");
        here.git(&["config", "branch.fix.pushRemote", "team/origin"]);
        assert_eq!(goes(&here), format!("fix -> team/origin refs/heads/main {FLEET}"));
        // The addresses are those for pushes.
        here.git(&["config", "url.ssh://git@push.example.org/.pushInsteadOf", "https://git.example.org/"]);
        assert_eq!(goes(&here), "fix -> team/origin refs/heads/main ssh://git@push.example.org/team/fleet.git");
        here.git(&["config", "remote.team/origin.pushurl", "https://other.example.org/x"]);
        assert_eq!(goes(&here), "fix -> team/origin refs/heads/main https://other.example.org/x");
    }

    /// Returns the reference to which git itself would push.
    fn git_goes(here: &TestRepository) -> Option<String> {
        let (said, is_good) = here.try_git(&["push", "--dry-run", "--porcelain"]);
        let pair =
            said.lines().find_map(|line| line.split('\t').nth(1).filter(|pair| pair.contains(':')).map(str::to_owned));
        pair.filter(|_| is_good).and_then(|pair| Some(pair.split_once(':')?.1.to_owned()))
    }

    #[test]
    fn of_two_names_the_one_counts_that_git_itself_would_push_to() {
        let there = tempfile::tempdir().unwrap();
        let here = TestRepository::new();
        here.write("a.yaml", "a: 1\n");
        here.commit("one");
        let bare = there.path().to_str().unwrap();
        here.git(&["init", "--quiet", "--bare", bare]);
        here.git(&["remote", "add", "origin", bare]);
        here.git(&["push", "--quiet", "origin", "main"]);
        here.git(&["switch", "--quiet", "-c", "topic"]);
        here.write("a.yaml", "a: 2\n");
        here.commit("two");
        here.git(&["config", "branch.topic.remote", "origin"]);
        for default in ["", "simple", "current", "upstream", "tracking", "nothing"] {
            for followed in ["main", "topic"] {
                here.git(&["config", "branch.topic.merge", &format!("refs/heads/{followed}")]);
                if !default.is_empty() {
                    here.git(&["config", "push.default", default]);
                }
                let ours = destination(here.path()).ok().map(|to| to.reference);
                // The question names the place, so that what git pushes nowhere by itself may go to the same name.
                let gits = git_goes(&here)
                    .or_else(|| (default == "nothing" && followed == "topic").then(|| "refs/heads/topic".to_owned()));
                assert_eq!(ours, gits, "push.default {default:?}, following {followed}");
            }
        }
    }

    #[test]
    fn a_branch_that_follows_a_local_one_reaches_no_server() {
        let here = sample_repository();
        here.git(&["switch", "--quiet", "--track", "-c", "fix", "main"]);
        assert!(goes(&here).starts_with("fix follows main, a local branch of this repository"), "{}", goes(&here));
        here.git(&["config", "branch.fix.pushRemote", "team/origin"]);
        assert!(goes(&here).starts_with("fix -> team/origin refs/heads/fix "), "{}", goes(&here));
    }

    #[test]
    fn one_repository_has_many_addresses() {
        let wanted = place("https://github.com/team/fleet");
        for same in [
            "git@github.com:team/fleet.git",
            "ssh://git@ssh.github.com:443/team/fleet",
            "https://token@GitHub.com/Team/Fleet.git/",
            "git://github.com//team/fleet",
        ] {
            assert_eq!(place(same), wanted, "{same}");
        }
        assert_eq!(place("https://dev.azure.com/o/p/_git/r"), place("git@ssh.dev.azure.com:v3/o/p/r"));
        for folder in ["/srv/git/fleet", "../origin.git", "file:///srv/git", "./a:b"] {
            assert_eq!(place(folder), None, "{folder}");
        }
    }

    #[test]
    fn only_another_repository_of_the_same_host_is_not_reached() {
        let to = |address: &str| Destination {
            from: "main".to_owned(),
            commit: String::new(),
            remote: "origin".to_owned(),
            reference: "refs/heads/main".to_owned(),
            addresses: vec![address.to_owned()],
            followed: true,
        };
        let fleet = "ssh://git@github.com/team/fleet.git";
        assert!(to("https://github.com/team/fleet").may_reach(fleet));
        assert!(!to("https://github.com/me/fleet").may_reach(fleet));
        // A host alias, a folder, and an empty address may be anything.
        assert!(to("work:me/fleet").may_reach(fleet));
        assert!(to("/srv/fleet").may_reach(fleet));
        assert!(to("https://github.com/me/fleet").may_reach(""));
    }
}
