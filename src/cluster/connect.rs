//! The one way to reach a cluster.
//!
//! kube's own client leaves Nagle's algorithm on, which costs 44 ms on every fresh connection, speaks HTTP/1.1, which costs a connection
//! for every watch, and runs credential plug-ins on our terminal. So the HTTP stack is built here, and only here: a test holds the rest of
//! the crate to that. Nothing is built, read or run before the first request, so that [`connect`] never waits and a cluster that hangs
//! delays nobody.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use jiff::Timestamp;
use kube::client::Body;
use tower::{BoxError, ServiceExt as _};

use super::bounded::Bound;
use super::credentials::{Credential, Plugin};
use super::kubeconfig::Kubeconfig;
use super::skew::Skew;
use super::watch_connections::{self, WatchConnections};
use super::{Cluster, dial, trust};
use crate::model::{Env, Exposure, Fault};

/// The server answers at once when it is there, even to a watch; a list of everything may take it some seconds to begin.
const ANSWER: Duration = Duration::from_secs(30);

/// Of where a redirect points, so much is told, in characters.
const LONGEST_LOCATION: usize = 200;

/// A response as the stack gives it.
pub(crate) type HttpResponse = Response<UnsyncBoxBody<Bytes, BoxError>>;

/// Says which HTTP a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// HTTP/2 where the server agrees: one connection for all requests and watches.
    Http2,
    /// HTTP/1.1: a connection for each stream, so that a log nobody reads holds up nothing else.
    Http1,
}

/// Says why there is no connection, and what to do about it; cloned to all that waited for it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Broken {
    /// Why, as near to the cause as is known.
    pub(crate) why: Arc<str>,
    /// What to do; empty where the cause says it.
    pub(crate) todo: Arc<str>,
}

impl Broken {
    /// Builds it from why and what to do.
    pub(crate) fn new(why: impl Into<Arc<str>>, todo: impl Into<Arc<str>>) -> Self {
        Self { why: why.into(), todo: todo.into() }
    }
}

/// Prepares the connections to the cluster of a kube context, without any of its own I/O but reading what the kubeconfig names.
///
/// Must be called inside a tokio runtime.
///
/// # Errors
/// Fails when the kubeconfig lacks the context, or when what it says of it cannot be used.
pub fn connect(env: Env, name: &str, kubeconfig: &Kubeconfig, context: &str) -> Result<Cluster, Fault> {
    let cluster = connect_with(env, name, kubeconfig.config_for(context)?);
    cluster.look_in(kubeconfig.namespace_of(context));
    Ok(cluster)
}

/// Prepares the connections to a cluster from a configuration; as lazy as [`connect`].
pub fn connect_with(env: Env, name: &str, mut config: kube::Config) -> Cluster {
    let agent = http::HeaderValue::from_static(concat!("fluxdeck/", env!("CARGO_PKG_VERSION")));
    config.headers.push((http::header::USER_AGENT, agent));
    trust::readable(&mut config.root_cert);
    let login = &mut config.auth_info;
    // kube would run this one itself, as it finds it; kubectl knows it no more since 1.26.
    if let Some(provider) = &mut login.auth_provider {
        provider.config.remove("cmd-path");
    }
    trim_token(login);
    // A user without a password has an empty one to kubectl, and no header at all to kube.
    if login.username.as_ref().is_some_and(|name| !name.is_empty()) && login.password.is_none() {
        login.password = Some(String::new().into());
    }
    // kube's order: a token or a password wins over the plug-in.
    let plain = login.token.is_some() || login.token_file.is_some() || login.password.is_some();
    let plugin = login.exec.take().filter(|_| !plain).map(|exec| Arc::new(Plugin::new(exec)));
    let skew = Arc::new(Skew::default());
    let exposure = exposure(&config);
    let client = |speaks| {
        let stack = Arc::new(Stack {
            config: config.clone(),
            plugin: plugin.clone(),
            speaks,
            skew: skew.clone(),
            building: Mutex::default(),
        });
        let service = tower::service_fn(move |request| stack.clone().call(request));
        kube::Client::new(service, config.default_namespace.clone())
    };
    let (requests, streams) = (client(Speaks::Http2), client(Speaks::Http1));
    // Of these, each but the first is connected once the ones before it are full.
    let more = (1..watch_connections::MOST).map(|_| client(Speaks::Http2));
    let watches = WatchConnections::new(std::iter::once(requests.clone()).chain(more));
    Cluster { watches, plugin, ..Cluster::new(env, name, requests, streams, skew, exposure) }
}

/// No token is larger, in bytes.
const LARGEST_TOKEN: u64 = 1024 * 1024;

/// Takes a token from its file where a line ends behind it, as `echo` writes one: kubectl trims it, and kube sends it as it stands, which is no
/// header. A file without is read anew by kube, as the kubelet replaces it.
fn trim_token(login: &mut kube::config::AuthInfo) {
    let Some(file) = login.token_file.as_ref().filter(|file| !file.is_empty()) else { return };
    let Ok(bytes) = crate::files::own(std::path::Path::new(file), LARGEST_TOKEN) else { return };
    let bytes = zeroize::Zeroizing::new(bytes);
    let Ok(text) = std::str::from_utf8(&bytes) else { return };
    if text.trim() != text && !text.trim().is_empty() {
        login.token = Some(text.trim().to_owned().into());
        login.token_file = None;
    }
}

/// Finds what makes the way to the server unsafe; a server on this very machine is reached through no network.
fn exposure(config: &kube::Config) -> Option<Exposure> {
    if config.cluster_url.scheme_str() == Some("http") {
        return (!dial::is_local(&config.cluster_url)).then_some(Exposure::Unencrypted);
    }
    config.accept_invalid_certs.then_some(Exposure::Unverified)
}

/// Refuses to be sent elsewhere: the credentials are this server's, and an API server never does so.
fn redirect(response: &HttpResponse) -> Option<Broken> {
    let status = response.status();
    if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
        return None;
    }
    let to = response.headers().get(http::header::LOCATION).map(|to| String::from_utf8_lossy(to.as_bytes()));
    let to: String = to.as_deref().unwrap_or("nowhere").chars().take(LONGEST_LOCATION).collect();
    Some(Broken::new(
        format!("the server answers {status} and points to {to}, which is not followed: an API server does not do so"),
        "`server` of this cluster in the kubeconfig may be the address of a proxy or of a login page",
    ))
}

type Building = Shared<BoxFuture<'static, Result<Arc<Built>, Broken>>>;

/// Builds the HTTP stack when it is needed, and again when its credentials have expired.
struct Stack {
    config: kube::Config,
    plugin: Option<Arc<Plugin>>,
    speaks: Speaks,
    skew: Arc<Skew>,
    building: Mutex<Option<Building>>,
}

/// Holds a stack that is ready for requests.
struct Built {
    service: dial::Service,
    credential: Option<Arc<Credential>>,
}

impl Stack {
    async fn call(self: Arc<Self>, request: Request<Body>) -> Result<HttpResponse, BoxError> {
        let built = match &self.plugin {
            Some(plugin) => plugin.told_of(self.clone().built()).await?,
            None => self.clone().built().await?,
        };
        let bound = Bound::for_request(&request);
        let response = built.service.clone().oneshot(request);
        let response = match self.speaks {
            Speaks::Http2 => tokio::time::timeout(ANSWER, response).await.map_err(|_| {
                Broken::new(format!("the API server did not answer within {} s", ANSWER.as_secs()), "is it overloaded?")
            })??,
            // The kubelet begins its answer with the first line of the log, which may take days.
            Speaks::Http1 => response.await?,
        };
        self.skew.learn(response.headers(), Timestamp::now());
        if response.status() == StatusCode::UNAUTHORIZED
            && let (Some(plugin), Some(credential)) = (&self.plugin, &built.credential)
        {
            plugin.forget(credential).await;
            self.discard();
        }
        if let Some(refused) = redirect(&response) {
            return Err(refused.into());
        }
        let bound = bound.for_status(response.status());
        Ok(response.map(|body| bound.hold(body)))
    }

    /// Returns the stack, building it where there is none; all who come meanwhile wait for the same attempt, and share its failure.
    async fn built(self: Arc<Self>) -> Result<Arc<Built>, Broken> {
        let attempt = {
            let mut building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
            let usable = building.take().filter(|attempt| match attempt.peek() {
                None => true,
                Some(Ok(built)) => {
                    built.credential.as_ref().is_none_or(|credential| credential.is_fresh(self.server_now()))
                }
                Some(Err(_)) => false,
            });
            let attempt = usable.unwrap_or_else(|| self.clone().build().boxed().shared());
            building.insert(attempt).clone()
        };
        attempt.await
    }

    /// Returns the time by the server's clock, which is the one that issued credentials expire by.
    fn server_now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.skew.get()).unwrap_or(now)
    }

    fn discard(&self) {
        *self.building.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn build(self: Arc<Self>) -> Result<Arc<Built>, Broken> {
        let mut config = self.config.clone();
        let credential = match &self.plugin {
            Some(plugin) => Some(plugin.credential(self.server_now()).await?),
            None => None,
        };
        if let Some(credential) = &credential {
            let login = &mut config.auth_info;
            login.token = credential.token.as_ref().map(|token| token.expose().to_owned().into());
            if let Some((certificate, key)) = &credential.certificate {
                use base64::Engine as _;
                let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
                login.client_certificate_data = Some(encode(certificate));
                login.client_key_data = Some(encode(key.expose()).into());
            }
        }
        let service = dial::service(config, self.speaks).await?;
        Ok(Arc::new(Built { service, credential }))
    }
}

#[cfg(test)]
mod tests;
