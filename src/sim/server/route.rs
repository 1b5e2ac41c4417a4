//! The meaning of a URL.

use std::collections::HashMap;

use crate::sim::kinds::{self, ServedKind};

/// Names the subject of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// `/version`.
    Version,
    /// `/readyz` and the like.
    Healthy,
    /// `/api`.
    CoreVersions,
    /// `/apis`.
    Groups,
    /// `/apis/GROUP`.
    Group(&'a str),
    /// `/api/v1` and `/apis/GROUP/VERSION`: group and version.
    Resources(&'a str, &'a str),
    /// `/apis/authentication.k8s.io/v1/selfsubjectreviews`.
    SelfSubjectReview,
    /// A kind's list or an object.
    Objects(RequestTarget<'a>),
    /// Nothing that is served.
    Unknown,
}

/// Names the objects of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestTarget<'a> {
    /// The kind.
    pub(crate) served: &'static ServedKind,
    /// The namespace; empty for all or for cluster scope.
    pub(crate) namespace: &'a str,
    /// The object's name; empty for the list.
    pub(crate) name: &'a str,
    /// The subresource; empty for the object itself.
    pub(crate) subresource: &'a str,
}

/// Reads a URL.
pub(crate) fn route(path: &str) -> Route<'_> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["version"] => Route::Version,
        ["readyz" | "livez" | "healthz"] => Route::Healthy,
        ["api"] => Route::CoreVersions,
        ["apis"] => Route::Groups,
        ["apis", group] => Route::Group(group),
        ["api", version] => Route::Resources("", version),
        ["apis", group, version] => Route::Resources(group, version),
        ["apis", "authentication.k8s.io", "v1", "selfsubjectreviews"] => Route::SelfSubjectReview,
        ["api", version, rest @ ..] => objects("", version, rest),
        ["apis", group, version, rest @ ..] => objects(group, version, rest),
        _ => Route::Unknown,
    }
}

/// Tells whether a URL is below a group of the API server itself, not one of CRDs: the words of its 404 differ.
pub(crate) fn is_builtin(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["api", "v1", _, ..] => true,
        ["apis", group, version, _, ..] => {
            kinds::SERVED.iter().any(|served| served.group == *group && served.version == *version && !served.custom)
        }
        _ => false,
    }
}

fn objects<'a>(group: &str, version: &str, rest: &[&'a str]) -> Route<'a> {
    let (namespace, rest) = match rest {
        // A Namespace's own subresources look like a kind inside of it.
        ["namespaces", _, "status" | "finalize"] => ("", rest),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        _ => ("", rest),
    };
    let (plural, name, subresource) = match rest {
        [plural] => (*plural, "", ""),
        [plural, name] => (*plural, *name, ""),
        [plural, name, subresource] => (*plural, *name, *subresource),
        _ => return Route::Unknown,
    };
    match kinds::by_plural(group, version, plural) {
        Some(served) if served.namespaced || namespace.is_empty() => {
            Route::Objects(RequestTarget { served, namespace, name, subresource })
        }
        _ => Route::Unknown,
    }
}

/// Reads the parameters of a query, decoding `%XX` and `+`.
pub(crate) fn parameters(query: &str) -> HashMap<String, String> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

/// Reads every value of a parameter that may be given several times.
pub(crate) fn repeated(query: &str, name: &str) -> Vec<String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| decode(key) == name)
        .map(|(_, value)| decode(value))
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).unwrap_or_default();
                let value = digit(bytes.next()) * 16 + digit(bytes.next());
                decoded.push(u8::try_from(value).unwrap_or(b'?'));
            }
            other => decoded.push(other),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Route, parameters, route};

    #[test]
    fn addresses_are_read_as_the_api_server_reads_them() {
        let read = |path: &'static str| match route(path) {
            Route::Objects(target) => (target.served.kind, target.namespace, target.name, target.subresource),
            other => panic!("{path}: {other:?}"),
        };
        assert_eq!(read("/api/v1/namespaces"), ("Namespace", "", "", ""));
        assert_eq!(read("/api/v1/namespaces/apps"), ("Namespace", "", "apps", ""));
        assert_eq!(read("/api/v1/namespaces/apps/status"), ("Namespace", "", "apps", "status"));
        assert_eq!(read("/api/v1/namespaces/apps/pods"), ("Pod", "apps", "", ""));
        assert_eq!(read("/api/v1/namespaces/apps/pods/a/log"), ("Pod", "apps", "a", "log"));
        assert_eq!(
            read("/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/apps"),
            ("Kustomization", "flux-system", "apps", "")
        );
        assert_eq!(route("/apis/apps"), Route::Group("apps"));
        assert_eq!(route("/api/v1"), Route::Resources("", "v1"));
        assert_eq!(route("/apis/apps/v1/nonsense"), Route::Unknown);
    }

    #[test]
    fn queries_are_decoded() {
        let read = parameters("labelSelector=app%3Dlinkding%2Cx&watch&limit=5");
        assert_eq!(read["labelSelector"], "app=linkding,x");
        assert_eq!(read["limit"], "5");
        assert!(read.contains_key("watch"));
    }
}
