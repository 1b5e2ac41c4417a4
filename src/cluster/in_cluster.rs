//! The service account of the pod that fluxdeck runs in, as a kubeconfig with one context.
//!
//! Kubernetes mounts it into each pod ("Accessing the Kubernetes API from a Pod"): `KUBERNETES_SERVICE_HOST` and
//! `KUBERNETES_SERVICE_PORT` hold the address, and a folder holds the authority's certificates, the namespace and a
//! token. The kubelet replaces the token before it expires, so it is given as a file, which the client rereads.

use std::path::{Path, PathBuf};

use kube::config::Kubeconfig;

use crate::model::IN_CLUSTER;
use crate::programs::own_folder;

/// The folder in which Kubernetes mounts it.
const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The variable that names another folder.
const VARIABLE: &str = "FLUXDECK_SERVICE_ACCOUNT";

/// Finds the service account: its folder, and its kubeconfig; `None` outside of a pod.
pub(super) fn find() -> Option<(PathBuf, Kubeconfig)> {
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let folder = own_folder(VARIABLE).unwrap_or_else(|| FOLDER.into());
    let port = said("KUBERNETES_SERVICE_PORT").unwrap_or_else(|| "443".to_owned());
    let config = read(&folder, &said("KUBERNETES_SERVICE_HOST")?, &port)?;
    Some((folder, config))
}

/// Builds the kubeconfig of a service account in a folder; `None` where the folder has no token.
fn read(folder: &Path, host: &str, port: &str) -> Option<Kubeconfig> {
    let token = folder.join("token");
    if !token.is_file() {
        return None;
    }
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let authority = folder.join("ca.crt");
    let namespace = crate::files::own(&folder.join("namespace"), 256).ok();
    let namespace = namespace.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let server = format!("https://{host}:{port}");
    let cluster = if authority.is_file() {
        serde_json::json!({"server": server, "certificate-authority": authority.to_string_lossy()})
    } else {
        serde_json::json!({"server": server})
    };
    let config = serde_json::json!({
        "clusters": [{"name": IN_CLUSTER, "cluster": cluster}],
        "users": [{"name": IN_CLUSTER, "user": {"tokenFile": token.to_string_lossy()}}],
        "contexts": [{"name": IN_CLUSTER, "context": {
            "cluster": IN_CLUSTER, "user": IN_CLUSTER, "namespace": namespace.filter(|name| !name.is_empty()),
        }}],
    });
    serde_json::from_value(config).ok()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_service_account_is_a_context_whose_token_is_a_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path(), "10.43.0.1", "443").is_none(), "no pod");
        std::fs::write(folder.path().join("token"), "first").unwrap();
        std::fs::write(folder.path().join("namespace"), "tools\n").unwrap();
        let config = read(folder.path(), "fd00::1", "6443").unwrap();
        let cluster = config.clusters[0].cluster.as_ref().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("https://[fd00::1]:6443"));
        assert_eq!(cluster.certificate_authority, None, "none is mounted: the system's count");
        let user = config.auth_infos[0].auth_info.as_ref().unwrap();
        assert!(user.token.is_none() && user.token_file.as_deref().unwrap().ends_with("/token"));
        assert_eq!(config.contexts[0].context.as_ref().unwrap().namespace.as_deref(), Some("tools"));
    }
}
