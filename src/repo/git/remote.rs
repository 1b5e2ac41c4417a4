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
/// one. The branch there is set by `remote.NAME.push`, else it is the one that it follows at that remote, else the one
/// of the same name.
///
/// # Errors
/// Fails for a detached HEAD, for a branch that follows one of the same repository, and if there is no remote, or
/// several without a choice.
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
    let commit = next().ok_or_else(|| Fault::failed(WHAT, "there is no commit yet", "c makes the first"))?;
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
    let reference = match (mapped, &followed) {
        (Some(mapped), _) => mapped,
        (None, Some(followed)) if upstream.as_deref() == Some(remote.as_str()) => followed.clone(),
        _ => full,
    };
    let addresses = ask(&["remote", "get-url", "--push", "--all", "--", &remote]).unwrap_or_default();
    // A remote may lack a name: `branch.NAME.remote` may be an address.
    let addresses: Vec<String> =
        if addresses.is_empty() { vec![remote.clone()] } else { addresses.lines().map(str::to_owned).collect() };
    Ok(Destination { from: branch, commit, remote, reference, addresses, followed: followed.is_some() })
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
