//! Kubeconfig files: their contexts, and the cluster of each. They are only ever read.
//!
//! kubectl merges the files of `KUBECONFIG` by name, so two K3s files that both call their cluster `default` are mixed
//! up: the second context reaches the first cluster. Here each context is resolved in its own file, and the other files
//! add only what that one lacks. A context is called `FILE:NAME` if another file uses the name for something else; the
//! name alone is then ambiguous.
//!
//! A file that the settings name for an environment is separate: it is not merged with the others, and its contexts are
//! always called `FILE:NAME`. Without any file, the service account of our own pod is used.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
// The same crate as kube's own, which kube does not re-export.
use age::secrecy::ExposeSecret as _;
use kube::config::{KubeConfigOptions, KubeconfigError};

use crate::files;
use crate::model::{Fault, FaultKind, KubeContext, Server};
use crate::programs::own_folder;

/// The largest file of an authority's certificates, in bytes.
const AUTHORITY_LIMIT: u64 = 1024 * 1024;

/// The largest kubeconfig, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Holds the kubeconfig files in use, in their order.
#[derive(Debug)]
pub struct Kubeconfig {
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    parsed: Result<kube::config::Kubeconfig, Fault>,
    /// Whether the settings name it for an environment.
    apart: bool,
}

impl File {
    fn read(path: &Path, apart: bool) -> Self {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self { path: whole, parsed: parse(path), apart }
    }

    /// Reports that a file which the settings name for an environment lacks a context.
    fn lacks(&self, context: &str) -> Fault {
        let parsed = match &self.parsed {
            Ok(parsed) => parsed,
            Err(fault) => return fault.clone(),
        };
        let names: Vec<&str> = parsed.contexts.iter().map(|context| context.name.as_str()).collect();
        let why =
            if names.is_empty() { "there are none".to_owned() } else { format!("there are {}", names.join(", ")) };
        Fault::new(
            FaultKind::Unreachable,
            format!("no context {context} in {}", self.path.display()),
            why,
            "name the right one as `context` of the environment in your settings, beside `kubeconfig`",
        )
    }
}

impl Kubeconfig {
    /// Reads the given file, else those that `KUBECONFIG` names, else `~/.kube/config`, else the service account of our
    /// own pod.
    ///
    /// # Errors
    /// Fails when there is none. An existing file that cannot be read is reported when a context is not found.
    pub fn load(path: Option<&Path>) -> Result<Self, Fault> {
        if let Some(path) = path {
            return Self::read(&[path.to_owned()]);
        }
        let named: Vec<PathBuf> = std::env::var_os("KUBECONFIG")
            .map(|value| std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect())
            .unwrap_or_default();
        let read = if named.is_empty() {
            // Without HOME, the system's user database has the folder.
            let home = own_folder("HOME").or_else(|| std::env::home_dir().filter(|home| home.is_absolute()));
            Self::read(&home.map(|home| vec![home.join(".kube").join("config")]).unwrap_or_default())
        } else {
            Self::read(&named)
        };
        read.or_else(|fault| {
            let (path, parsed) = super::in_cluster::find().ok_or(fault)?;
            Ok(Self { files: vec![File { path, parsed: Ok(parsed), apart: false }] })
        })
    }

    /// Adds the files that the settings name for environments to the found ones, or takes them alone where none were
    /// found.
    ///
    /// # Errors
    /// Fails where none were found and none are named.
    pub fn with(found: Result<Self, Fault>, named: &[PathBuf]) -> Result<Self, Fault> {
        let mut all = match found {
            Err(fault) if named.is_empty() => return Err(fault),
            found => found.unwrap_or(Self { files: Vec::new() }),
        };
        for path in named {
            let added = File::read(path, true);
            if !all.files.iter().any(|file| file.apart && file.path == added.path) {
                all.files.push(added);
            }
        }
        Ok(all)
    }

    /// Reads these files; missing ones are skipped, as in kubectl.
    ///
    /// # Errors
    /// Fails when all of them are missing.
    pub fn read(paths: &[PathBuf]) -> Result<Self, Fault> {
        // The empty device is an explicit "none".
        let is_none = |path: &PathBuf| path == Path::new("/dev/null");
        let there = paths.iter().filter(|path| path.exists() && !is_none(path));
        let files: Vec<File> = there.map(|path| File::read(path, false)).collect();
        if files.is_empty() {
            let looked: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            let why = match paths {
                [] => "there is no home folder to look in, and KUBECONFIG names no file".to_owned(),
                _ if paths.iter().all(is_none) => "it is said to be /dev/null, which holds none".to_owned(),
                _ => format!("there is no file {}", looked.join(", ")),
            };
            return Err(Fault::new(
                FaultKind::Unreachable,
                "no kubeconfig",
                why,
                "name one with --kubeconfig, or set KUBECONFIG",
            ));
        }
        Ok(Self { files })
    }

    /// Lists the names of the contexts, in the order of the files. A name in several files is listed once where it
    /// means the same in all, and once per file where it does not.
    ///
    /// # Errors
    /// Fails when no file could be read.
    pub fn contexts(&self) -> Result<Vec<String>, Fault> {
        let mut names: Vec<String> = Vec::new();
        for (file, context) in
            self.readable().flat_map(|(file, parsed)| parsed.contexts.iter().map(move |context| (file, context)))
        {
            let several = || matches!(self.holders(&context.name).as_slice(), [_, _, ..]);
            let name =
                if file.apart || several() { qualified(&file.path, &context.name) } else { context.name.clone() };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        match self.broken() {
            Some(fault) if names.is_empty() => Err(fault.clone()),
            _ => Ok(names),
        }
    }

    /// Describes the contexts, in the order of the files.
    ///
    /// # Errors
    /// Fails when no file could be read.
    pub fn known(&self) -> Result<Vec<KubeContext>, Fault> {
        Ok(self.contexts()?.iter().map(|name| self.describe(name)).collect())
    }

    fn describe(&self, name: &str) -> KubeContext {
        let found = self.merged_for(name);
        let file = found.as_ref().map(|(_, file, _)| file.display().to_string()).unwrap_or_default();
        let (merged, bare) = found.map(|(merged, _, bare)| (merged, bare)).unwrap_or_default();
        let context = merged.contexts.iter().find(|named| named.name == bare).and_then(|named| named.context.as_ref());
        let cluster = context.map(|context| context.cluster.clone()).unwrap_or_default();
        let known = merged.clusters.iter().find(|named| named.name == cluster).and_then(|named| named.cluster.as_ref());
        let server = known.and_then(|known| {
            let server = Server::at(known.server.as_deref()?)?;
            let (proxy, certified) = (known.proxy_url.as_deref(), known.tls_server_name.as_deref());
            Some(server.through(proxy, certified, authority(known).as_deref()))
        });
        KubeContext { name: name.to_owned(), file, cluster, server }
    }

    /// Returns the files in which a name differs in meaning; the first of those that agree.
    fn holders(&self, name: &str) -> Vec<&File> {
        let mut holders: Vec<(&File, serde_json::Value)> = Vec::new();
        for (at, file) in self.files.iter().enumerate() {
            if !file.apart
                && file.parsed.as_ref().is_ok_and(|parsed| holds(parsed, name))
                && let Some(meant) = self.merged_from(at).map(|merged| meaning(&merged, name))
                && !holders.iter().any(|(_, known)| *known == meant)
            {
                holders.push((file, meant));
            }
        }
        holders.into_iter().map(|(file, _)| file).collect()
    }

    /// Builds the configuration that reaches a context's cluster.
    ///
    /// # Errors
    /// Fails when no file holds the context, or when its cluster, its certificates or its address cannot be used.
    pub fn config_for(&self, context: &str) -> Result<kube::Config, Fault> {
        let Some((parsed, path, bare)) = self.merged_for(context) else { return Err(self.unknown(context)) };
        let file = path.display();
        let cannot_use = |why: String| {
            let todo = format!("look at context {context} in {file}");
            Fault::new(FaultKind::Unreachable, format!("cannot use context {context}"), why, todo)
        };
        names_files(&parsed, bare).map_err(cannot_use)?;
        let proxy = proxy_url(&parsed, bare);
        let options = KubeConfigOptions { context: Some(bare.to_owned()), cluster: None, user: None };
        // The function is async by its signature only: it reads files and never waits.
        let built = futures::FutureExt::now_or_never(kube::Config::from_custom_kubeconfig(parsed, &options));
        let built = built.unwrap_or(Err(KubeconfigError::CurrentContextNotSet));
        let mut config = built.map_err(|error| cannot_use(super::fault::chain(&error)))?;
        // kube adds the proxy of the environment, but compares NO_PROXY with the proxy instead of the server: dialling
        // does that.
        config.proxy_url = proxy.and_then(|url| url.parse().ok());
        Ok(config)
    }

    /// Returns what reads the files again and builds the configuration of a context; `None` from it where that fails.
    pub(super) fn rereading(&self, context: &str) -> impl Fn() -> Option<kube::Config> + Send + Sync + use<> {
        let places: Vec<(PathBuf, bool)> = self.files.iter().map(|file| (file.path.clone(), file.apart)).collect();
        let context = context.to_owned();
        move || {
            let files = places.iter().map(|(path, apart)| File::read(path, *apart)).collect();
            Self { files }.config_for(&context).ok()
        }
    }

    /// Returns the namespace that a context names.
    pub(super) fn namespace_of(&self, context: &str) -> Option<String> {
        let (parsed, _, bare) = self.merged_for(context)?;
        let named = parsed.contexts.into_iter().find(|named| named.name == bare)?;
        named.context?.namespace.filter(|name| !name.is_empty())
    }

    /// Merges the files as a context sees them, and returns the context's file and its name there; `None` where the
    /// name is ambiguous.
    fn merged_for<'a>(&'a self, context: &'a str) -> Option<(kube::config::Kubeconfig, &'a Path, &'a str)> {
        let in_file = |file: &File, name: &str| file.parsed.as_ref().is_ok_and(|it| holds(it, name));
        let (at, bare) = match self.holders(context).as_slice() {
            [only] => (self.files.iter().position(|file| std::ptr::eq(file, *only))?, context),
            [] => self.files.iter().enumerate().find_map(|(at, file)| {
                let name = context.strip_prefix(file.path.to_str()?)?.strip_prefix(':')?;
                in_file(file, name).then_some((at, name))
            })?,
            _ => return None,
        };
        Some((self.merged_from(at)?, self.files.get(at)?.path.as_path(), bare))
    }

    /// Merges the files as a context of one of them sees them.
    fn merged_from(&self, at: usize) -> Option<kube::config::Kubeconfig> {
        if let Some(File { apart: true, parsed: Ok(parsed), .. }) = self.files.get(at) {
            return Some(parsed.clone());
        }
        let (before, rest) = self.files.split_at_checked(at)?;
        // The context's own file comes first, so that its cluster and user win over equal names elsewhere.
        let files = rest.iter().take(1).chain(before).chain(rest.iter().skip(1));
        let parsed = files.filter(|file| !file.apart).filter_map(|file| file.parsed.as_ref().ok());
        Some(parsed.fold(kube::config::Kubeconfig::default(), adopt))
    }

    fn readable(&self) -> impl Iterator<Item = (&File, &kube::config::Kubeconfig)> {
        self.files.iter().filter_map(|file| Some((file, file.parsed.as_ref().ok()?)))
    }

    fn broken(&self) -> Option<&Fault> {
        self.files.iter().find_map(|file| file.parsed.as_ref().err())
    }

    fn unknown(&self, context: &str) -> Fault {
        let apart = self
            .files
            .iter()
            .filter(|file| file.apart)
            .find_map(|file| Some((file, context.strip_prefix(file.path.to_str()?)?.strip_prefix(':')?)));
        if let Some((file, name)) = apart {
            return file.lacks(name);
        }
        let names = match self.contexts() {
            Ok(names) if !names.is_empty() => format!("there are {}", names.join(", ")),
            Ok(_) => "there are none".to_owned(),
            Err(fault) => return fault,
        };
        let why = match self.broken() {
            Some(fault) => format!("{names}; and {fault}"),
            None => names,
        };
        Fault::new(
            FaultKind::Unreachable,
            format!("no context {context} in the kubeconfig"),
            why,
            "name the right one with --context, or as `context` of the environment in the configuration",
        )
    }
}

/// Reads a file. kube reads any path to its end, so an endless one is refused before.
fn parse(path: &Path) -> Result<kube::config::Kubeconfig, Fault> {
    readable(path, LARGEST).map_err(|why| not_read(format!("{}: {why}", path.display())))?;
    // From an absolute path, kube also makes the relative paths in the file absolute.
    let whole = std::path::absolute(path);
    let parsed = kube::config::Kubeconfig::read_from(whole.as_deref().unwrap_or(path));
    parsed.map(as_kubectl_reads).map_err(|error| unreadable(path, &error))
}

/// Reads values as kubectl does (client-go, `clientcmd`): base64 may contain line breaks, an empty text is none, a
/// token's file precedes a token where it can be read, and a server without a scheme speaks plain HTTP.
fn as_kubectl_reads(mut parsed: kube::config::Kubeconfig) -> kube::config::Kubeconfig {
    let none_if_empty = |text: &mut Option<String>| *text = text.take().filter(|text| !text.is_empty());
    // kube has made absolute paths of the empty ones: the file's folder with a slash.
    let no_path_if_empty =
        |path: &mut Option<String>| *path = path.take().filter(|path| !path.is_empty() && !path.ends_with('/'));
    let joined = |data: &mut Option<String>| {
        if let Some(text) = data.as_mut().filter(|text| text.contains(char::is_whitespace)) {
            text.retain(|letter| !letter.is_whitespace());
        }
        none_if_empty(data);
    };
    for cluster in parsed.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        joined(&mut cluster.certificate_authority_data);
        no_path_if_empty(&mut cluster.certificate_authority);
        none_if_empty(&mut cluster.proxy_url);
        none_if_empty(&mut cluster.tls_server_name);
        if let Some(server) = cluster.server.as_mut().filter(|server| !server.is_empty() && !server.contains("://")) {
            server.insert_str(0, "http://");
        }
    }
    for user in parsed.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        joined(&mut user.client_certificate_data);
        if let Some(key) = &user.client_key_data {
            let text: String = key.expose_secret().split_whitespace().collect();
            user.client_key_data = if text.is_empty() { None } else { Some(text.into()) };
        }
        for path in [&mut user.client_certificate, &mut user.client_key, &mut user.token_file] {
            no_path_if_empty(path);
        }
        none_if_empty(&mut user.username);
        none_if_empty(&mut user.impersonate);
        user.token = user.token.take().filter(|token| !token.expose_secret().is_empty());
        let is_there = |file: &String| files::own(Path::new(file), AUTHORITY_LIMIT).is_ok();
        match (&user.token, &user.token_file) {
            (Some(_), Some(file)) if !is_there(file) => user.token_file = None,
            (_, Some(_)) => user.token = None,
            _ => {}
        }
    }
    parsed
}

/// Refuses a file that is not regular, or too large.
fn readable(path: &Path, limit: u64) -> Result<(), String> {
    // What a shell's `<(…)` or a pipe gives can be read once only; kubectl does not get along with it either.
    let why = |error: std::io::Error| match path.metadata() {
        Ok(there) if !there.is_file() && !there.is_dir() => "it is not a regular file: write it to one".to_owned(),
        _ => error.to_string(),
    };
    let length = files::open_own(path).and_then(|file| file.metadata()).map_err(why)?.len();
    if length > limit { Err(format!("it is larger than {limit} bytes")) } else { Ok(()) }
}

/// Refuses a context whose cluster or user names an irregular file: kube reads each to its end.
fn names_files(parsed: &kube::config::Kubeconfig, context: &str) -> Result<(), String> {
    let named = parsed.contexts.iter().find(|named| named.name == context).and_then(|named| named.context.as_ref());
    let Some(named) = named else { return Ok(()) };
    let of_cluster = parsed.clusters.iter().filter(|known| known.name == named.cluster);
    let of_user = parsed.auth_infos.iter().filter(|known| named.user.as_ref() == Some(&known.name));
    let authorities = of_cluster.filter_map(|known| known.cluster.as_ref()?.certificate_authority.as_ref());
    let keys = of_user
        .filter_map(|known| known.auth_info.as_ref())
        .flat_map(|user| [&user.client_certificate, &user.client_key, &user.token_file].into_iter().flatten());
    for file in authorities.chain(keys).filter(|file| !file.is_empty()) {
        // A missing file is reported by its reader.
        if Path::new(file).exists() {
            readable(Path::new(file), AUTHORITY_LIMIT).map_err(|why| format!("{file}: {why}"))?;
        }
    }
    Ok(())
}

/// Prefixes a context's name with its file.
fn qualified(path: &Path, name: &str) -> String {
    format!("{}:{name}", path.display())
}

/// Returns the meaning of a context: its server and its user. It holds secrets, and is only compared.
fn meaning(merged: &kube::config::Kubeconfig, name: &str) -> serde_json::Value {
    let context = merged.contexts.iter().find(|named| named.name == name).and_then(|named| named.context.as_ref());
    let cluster = context.and_then(|context| merged.clusters.iter().find(|known| known.name == context.cluster));
    let user =
        context.and_then(|context| merged.auth_infos.iter().find(|known| Some(&known.name) == context.user.as_ref()));
    let value = |part: Result<serde_json::Value, serde_json::Error>| part.unwrap_or_default();
    serde_json::Value::Array(vec![
        value(serde_json::to_value(cluster.map(|known| &known.cluster))),
        value(serde_json::to_value(user.map(|known| &known.auth_info))),
        value(serde_json::to_value(context.and_then(|context| context.namespace.as_ref()))),
    ])
}

fn holds(parsed: &kube::config::Kubeconfig, context: &str) -> bool {
    parsed.contexts.iter().any(|named| named.name == context)
}

fn proxy_url(parsed: &kube::config::Kubeconfig, context: &str) -> Option<String> {
    let context = parsed.contexts.iter().find(|named| named.name == context)?.context.as_ref()?;
    let cluster = parsed.clusters.iter().find(|named| named.name == context.cluster)?.cluster.as_ref()?;
    cluster.proxy_url.clone().filter(|url| !url.is_empty())
}

/// Returns the certificates of a cluster's authority; `None` where they cannot be read.
fn authority(cluster: &kube::config::Cluster) -> Option<String> {
    let data = cluster.certificate_authority_data.as_ref().filter(|data| !data.is_empty());
    let bytes = match (data, &cluster.certificate_authority) {
        (Some(data), _) => STANDARD.decode(data.split_whitespace().collect::<String>()).ok()?,
        (None, Some(file)) => files::own(Path::new(file), AUTHORITY_LIMIT).ok()?,
        (None, None) => return None,
    };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Adds the entries of another file; the first of equal names wins. Kind and version are ignored, as in kubectl.
fn adopt(mut all: kube::config::Kubeconfig, next: &kube::config::Kubeconfig) -> kube::config::Kubeconfig {
    for cluster in &next.clusters {
        if !all.clusters.iter().any(|known| known.name == cluster.name) {
            all.clusters.push(cluster.clone());
        }
    }
    for user in &next.auth_infos {
        if !all.auth_infos.iter().any(|known| known.name == user.name) {
            all.auth_infos.push(user.clone());
        }
    }
    for context in &next.contexts {
        if !all.contexts.iter().any(|known| known.name == context.name) {
            all.contexts.push(context.clone());
        }
    }
    all
}

/// Reports an unreadable file. The parser's own text is left out where it quotes the file, which holds tokens and keys.
fn unreadable(path: &Path, error: &KubeconfigError) -> Fault {
    let why = match error {
        KubeconfigError::Parse(error) => match error.location() {
            Some(at) => format!("{}:{}:{} is not what a kubeconfig has there", path.display(), at.line(), at.column()),
            None => format!("{} is not a kubeconfig", path.display()),
        },
        KubeconfigError::ReadConfig(error, _) => format!("{}: {error}", path.display()),
        other => format!("{}: {}", path.display(), super::fault::chain(other)),
    };
    not_read(why)
}

fn not_read(why: String) -> Fault {
    Fault::new(
        FaultKind::Unreachable,
        "cannot read the kubeconfig",
        why,
        "mend it (`kubectl config view` shows what kubectl makes of it), or name another: set KUBECONFIG, or --kubeconfig FILE",
    )
}

#[cfg(test)]
mod tests {
    use super::Kubeconfig;
    use std::path::PathBuf;

    fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn what_never_ends_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let refused = Kubeconfig::read(&["/dev/zero".into()]).unwrap().config_for("mine").unwrap_err();
        assert!(refused.why.contains("not a regular file"), "{refused}");
        for (of_cluster, of_user) in [
            ("certificate-authority: /dev/zero", ""),
            ("", "client-certificate: /dev/zero, client-key: /dev/zero"),
            ("", "tokenFile: /dev/zero"),
        ] {
            let text = format!(
                "clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:1', {of_cluster}}}}}]\nusers: [{{name: u, user: {{{of_user}}}}}]\ncontexts: \
                 [{{name: mine, context: {{cluster: c, user: u}}}}]\n"
            );
            let refused = Kubeconfig::read(&[file(&folder, "config", &text)]).unwrap().config_for("mine").unwrap_err();
            assert!(refused.why.contains("/dev/zero: it is not a regular file"), "{of_cluster}{of_user}: {refused}");
        }
    }

    fn k3s(context: &str, port: u16, token: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\nclusters: [{{name: default, cluster: {{server: 'https://127.0.0.1:{port}', \
             tls-server-name: {context}.example}}}}]\nusers: [{{name: default, user: {{token: {token}}}}}]\n\
             contexts: [{{name: {context}, context: {{cluster: default, user: default, namespace: apps}}}}]\n"
        )
    }

    #[test]
    fn equal_cluster_names_in_different_files_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [
            folder.path().join("missing"),
            file(&folder, "staging", &k3s("staging", 1001, "s")),
            file(&folder, "production", &k3s("production", 1002, "p")),
        ];
        let all = Kubeconfig::read(&paths).unwrap();
        assert_eq!(all.contexts().unwrap(), ["staging", "production"]);
        let production = all.config_for("production").unwrap();
        assert_eq!(production.cluster_url.port_u16(), Some(1002));
        assert_eq!(production.tls_server_name.as_deref(), Some("production.example"));
        assert_eq!(all.config_for("staging").unwrap().cluster_url.port_u16(), Some(1001));
        let known = all.known().unwrap();
        assert_eq!(known[1].file, paths[2].display().to_string());
    }

    #[test]
    fn equal_context_names_in_different_files_are_told_apart_by_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [
            file(&folder, "a.yaml", &k3s("default", 1001, "s")),
            file(&folder, "b.yaml", &k3s("default", 1002, "p")),
            file(&folder, "copy.yaml", &k3s("default", 1002, "p")),
        ];
        let named = |path: &PathBuf| format!("{}:default", path.display());
        let all = Kubeconfig::read(&paths).unwrap();
        assert!(all.config_for("default").is_err(), "its name alone means neither");
        assert_eq!(all.config_for(&named(&paths[0])).unwrap().cluster_url.port_u16(), Some(1001));
        assert_eq!(all.config_for(&named(&paths[1])).unwrap().cluster_url.port_u16(), Some(1002));
        let known = all.known().unwrap();
        let meant = |words: &str| known.iter().filter(|context| context.is_meant(words)).count();
        assert_eq!(
            (meant("b.yaml:default"), meant(&named(&paths[1])), meant("default"), meant("yaml:default")),
            (1, 1, 0, 0)
        );
        // Two files that agree on it.
        let same = Kubeconfig::read(&paths[1..]).unwrap();
        assert_eq!(same.contexts().unwrap(), ["default"]);
        assert_eq!(same.config_for("default").unwrap().cluster_url.port_u16(), Some(1002));
        assert!(same.known().unwrap()[0].is_meant("b.yaml:default"), "a file may be named all the same");
    }

    #[test]
    fn a_file_of_an_environment_stands_apart() {
        let folder = tempfile::tempdir().unwrap();
        let usual = file(&folder, "usual", &k3s("staging", 1001, "s"));
        let own = file(&folder, "own", &k3s("default", 1002, "p"));
        let missing = folder.path().join("missing");
        let both = Kubeconfig::with(Kubeconfig::read(&[usual]), &[own.clone(), missing.clone()]).unwrap();
        let named = format!("{}:default", own.display());
        assert_eq!(both.contexts().unwrap(), ["staging", named.as_str()]);
        assert_eq!(both.config_for(&named).unwrap().cluster_url.port_u16(), Some(1002));
        assert!(both.config_for("default").is_err(), "nothing but its environment means it");
        let lacks = both.config_for(&format!("{}:mine", own.display())).unwrap_err();
        assert!(lacks.to_string().ends_with("own: there are default"), "{lacks}");
        let gone = both.config_for(&format!("{}:mine", missing.display())).unwrap_err();
        assert!(gone.to_string().contains("missing: No such file"), "{gone}");
        let none = || Kubeconfig::read(std::slice::from_ref(&missing));
        assert!(Kubeconfig::with(none(), std::slice::from_ref(&own)).unwrap().config_for(&named).is_ok());
        assert!(Kubeconfig::with(none(), &[]).is_err());
    }

    #[test]
    fn empty_texts_a_missing_token_file_and_a_bare_server_are_read_as_kubectl_reads_them() {
        use age::secrecy::ExposeSecret as _;
        let folder = tempfile::tempdir().unwrap();
        let config = |of_cluster: &str, of_user: &str| {
            let text = format!(
                "clusters: [{{name: c, cluster: {{{of_cluster}}}}}]\nusers: [{{name: u, user: {{{of_user}}}}}]\n\
                 contexts: [{{name: mine, context: {{cluster: c, user: u}}}}]\n"
            );
            Kubeconfig::read(&[file(&folder, "config", &text)]).unwrap().config_for("mine").unwrap()
        };
        let server = "server: 'https://127.0.0.1:1'";
        let token = |config: &kube::Config| config.auth_info.token.as_ref().map(|it| it.expose_secret().to_owned());
        for empty in [
            "client-certificate-data: '', client-key-data: '', token: t",
            "client-certificate: '', client-key: '', tokenFile: '', username: '', as: '', token: t",
        ] {
            let login = config(server, empty).auth_info;
            let none = [&login.client_certificate_data, &login.client_certificate, &login.client_key];
            assert!(none.iter().all(|text| text.is_none()) && login.client_key_data.is_none(), "{empty}");
            assert!(login.token_file.is_none() && login.username.is_none() && login.impersonate.is_none(), "{empty}");
        }
        let empty = format!("{server}, certificate-authority-data: '', proxy-url: '', tls-server-name: ''");
        let config_of = config(&empty, "token: ''");
        assert!(config_of.root_cert.is_none() && config_of.tls_server_name.is_none() && token(&config_of).is_none());
        // The token stands in for a file that is not there.
        let there = file(&folder, "token", "from the file");
        let both = |path: &std::path::Path| config(server, &format!("token: t, tokenFile: '{}'", path.display()));
        assert_eq!(token(&both(&folder.path().join("missing"))).as_deref(), Some("t"));
        assert_eq!(both(&there).auth_info.token_file.as_deref(), there.to_str());
        for bare in ["127.0.0.1:8080", "localhost:8080"] {
            assert_eq!(config(&format!("server: '{bare}'"), "").cluster_url.to_string(), format!("http://{bare}/"));
        }
    }

    #[test]
    fn what_a_file_lacks_is_taken_from_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [
            file(&folder, "contexts", "contexts: [{name: mine, context: {cluster: default, user: default}}]"),
            file(&folder, "clusters", &k3s("theirs", 1003, "t")),
        ];
        let config = Kubeconfig::read(&paths).unwrap().config_for("mine").unwrap();
        assert_eq!(config.cluster_url.port_u16(), Some(1003));
        assert!(config.auth_info.token.is_some());
    }

    #[test]
    fn faults_say_file_line_and_what_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let none = Kubeconfig::read(&[folder.path().join("none")]).unwrap_err();
        assert!(none.why.ends_with("none") && none.todo.contains("--kubeconfig"), "{none:?}");

        let good = file(&folder, "good", &k3s("staging", 1001, "s"));
        let unknown = Kubeconfig::read(std::slice::from_ref(&good)).unwrap().config_for("prod").unwrap_err();
        assert_eq!(unknown.to_string(), "no context prod in the kubeconfig: there are staging");

        let bad = file(&folder, "bad", "users:\n- name: a\n  user: {token: [hunter2]}\n");
        let both = Kubeconfig::read(&[bad.clone(), good]).unwrap();
        assert!(both.config_for("staging").is_ok());
        let broken = both.config_for("production").unwrap_err();
        assert!(broken.why.contains("bad:3:"), "{broken}");
        assert!(!broken.to_string().contains("hunter2"), "{broken}");
        assert!(Kubeconfig::read(&[bad]).unwrap().contexts().is_err());
    }
}
