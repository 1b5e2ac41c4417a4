//! The connection to a cluster.
//!
//! kube's own client leaves Nagle's algorithm on, which costs 44 ms on every fresh connection, speaks HTTP/1.1, which
//! costs a connection for every watch, and runs credential plug-ins on our terminal. So the HTTP stack is built here,
//! and only here, which a test enforces. Nothing is built, read or run before the first request, so that [`connect`]
//! never waits and a hanging cluster delays no other.

use std::sync::atomic::{AtomicBool, Ordering};
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

/// The longest wait for the head of an answer: a list of everything may take the server some seconds to begin.
const ANSWER: Duration = Duration::from_secs(30);

/// The most characters of a redirect's target in an error.
const LONGEST_LOCATION: usize = 200;

/// A response of the stack.
pub(crate) type HttpResponse = Response<UnsyncBoxBody<Bytes, BoxError>>;

/// Names the HTTP version of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// HTTP/2 where the server agrees: one connection for all requests and watches.
    Http2,
    /// HTTP/1.1: a connection for each stream, so that an unread log does not block the others.
    Http1,
}

/// Reports why there is no connection, and what to do about it; every waiting request gets a clone.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Broken {
    /// The reason, as near to the cause as is known.
    pub(crate) why: Arc<str>,
    /// The remedy; empty where the reason contains it.
    pub(crate) todo: Arc<str>,
}

impl Broken {
    /// Builds it from the reason and the remedy.
    pub(crate) fn new(why: impl Into<Arc<str>>, todo: impl Into<Arc<str>>) -> Self {
        Self { why: why.into(), todo: todo.into() }
    }
}

/// Prepares the connections to the cluster of a kube context; its only I/O is to read the files that the kubeconfig
/// names.
///
/// Must be called inside a tokio runtime.
///
/// # Errors
/// Fails when the kubeconfig lacks the context, or when the context cannot be used.
pub fn connect(env: Env, name: &str, kubeconfig: &Kubeconfig, context: &str) -> Result<Cluster, Fault> {
    let reread = kubeconfig.rereading(context);
    let cluster = connect_by(env, name, kubeconfig.config_for(context)?, Some(Arc::new(reread)));
    cluster.look_in(kubeconfig.namespace_of(context));
    Ok(cluster)
}

/// Prepares the connections to a cluster from a configuration; as lazy as [`connect`].
pub fn connect_with(env: Env, name: &str, config: kube::Config) -> Cluster {
    connect_by(env, name, config, None)
}

/// Reads the configuration of a context anew; `None` where it cannot be used any more.
type Reread = dyn Fn() -> Option<kube::Config> + Send + Sync;

fn connect_by(env: Env, name: &str, mut config: kube::Config, reread: Option<Arc<Reread>>) -> Cluster {
    let agent = http::HeaderValue::from_static(concat!("fluxdeck/", env!("CARGO_PKG_VERSION")));
    config.headers.push((http::header::USER_AGENT, agent));
    trust::readable(&mut config.root_cert);
    let login = &mut config.auth_info;
    as_kubectl_logs_in(login);
    // kube's order: a token or a password wins over the plug-in.
    let plain = login.token.is_some() || login.token_file.is_some() || login.password.is_some();
    let plugin = login.exec.take().filter(|_| !plain).map(|exec| Arc::new(Plugin::new(exec)));
    let skew = Arc::new(Skew::default());
    let exposure = exposure(&config);
    let client = |speaks| {
        let stack = Arc::new(Stack {
            config: Mutex::new(config.clone()),
            plugin: plugin.clone(),
            reread: reread.clone(),
            is_refused: AtomicBool::new(false),
            speaks,
            skew: skew.clone(),
            building: Mutex::default(),
        });
        let service = tower::service_fn(move |request| stack.clone().call(request));
        kube::Client::new(service, config.default_namespace.clone())
    };
    let (requests, streams) = (client(Speaks::Http2), client(Speaks::Http1));
    // Each further client connects only once those before it are full.
    let more = (1..watch_connections::MOST).map(|_| client(Speaks::Http2));
    let watches = WatchConnections::new(std::iter::once(requests.clone()).chain(more));
    Cluster { watches, plugin, ..Cluster::new(env, name, requests, streams, skew, exposure) }
}

/// Changes what kube does otherwise with a login than kubectl.
fn as_kubectl_logs_in(login: &mut kube::config::AuthInfo) {
    // kube would run this command, wherever it finds it; kubectl has ignored it since 1.26.
    if let Some(provider) = &mut login.auth_provider {
        provider.config.remove("cmd-path");
    }
    trim_token(login);
    // kubectl sends an empty password for a user without one; kube sends no header at all.
    if login.username.as_ref().is_some_and(|name| !name.is_empty()) && login.password.is_none() {
        login.password = Some(String::new().into());
    }
}

/// The largest token, in bytes.
const LARGEST_TOKEN: u64 = 1024 * 1024;

/// Reads a token from a file with a line break behind it, as `echo` writes one: kubectl trims it, but kube sends it as
/// it is, which is not a valid header. Any other file is left to kube, which rereads it, because the kubelet replaces
/// it.
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

/// Finds an unsafe part of the way to the server; a server on this machine is reached without a network.
fn exposure(config: &kube::Config) -> Option<Exposure> {
    if config.cluster_url.scheme_str() == Some("http") {
        return (!dial::is_local(&config.cluster_url)).then_some(Exposure::Unencrypted);
    }
    config.accept_invalid_certs.then_some(Exposure::Unverified)
}

/// Refuses a redirect: the credentials are for this server alone, and an API server never redirects.
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

/// Builds the HTTP stack on the first request, and again when its credentials have expired.
struct Stack {
    config: Mutex<kube::Config>,
    plugin: Option<Arc<Plugin>>,
    reread: Option<Arc<Reread>>,
    /// Whether the server refused the credentials, so that the next request looks for new ones.
    is_refused: AtomicBool,
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
        if self.is_refused.swap(false, Ordering::Relaxed) {
            self.log_in_again();
        }
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
            // The kubelet answers with the first line of the log, which may take days.
            Speaks::Http1 => response.await?,
        };
        self.skew.learn(response.headers(), Timestamp::now());
        if response.status() == StatusCode::UNAUTHORIZED
            && let (Some(plugin), Some(credential)) = (&self.plugin, &built.credential)
        {
            plugin.forget(credential).await;
            self.discard();
        } else if response.status() == StatusCode::UNAUTHORIZED {
            self.is_refused.store(true, Ordering::Relaxed);
        }
        if let Some(refused) = redirect(&response) {
            return Err(refused.into());
        }
        let bound = bound.for_status(response.status());
        Ok(response.map(|body| bound.hold(body)))
    }

    /// Takes the credentials that the kubeconfig has now: a login in another terminal writes a new token into it, or new
    /// certificates into the files that it names. Only the credentials are taken, and only for the same server, by which
    /// the environment's protection was judged.
    fn log_in_again(&self) {
        let fresh = self.reread.as_ref().filter(|_| self.plugin.is_none()).and_then(|reread| reread());
        if let Some(mut fresh) = fresh.filter(|fresh| fresh.auth_info.exec.is_none()) {
            let mut config = self.config.lock().unwrap_or_else(PoisonError::into_inner);
            if config.cluster_url == fresh.cluster_url {
                as_kubectl_logs_in(&mut fresh.auth_info);
                config.auth_info = fresh.auth_info;
            }
        }
        self.discard();
    }

    /// Returns the stack, building it where there is none; concurrent callers wait for the same attempt, and share its
    /// failure.
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

    /// Returns the time by the server's clock, by which credentials expire.
    fn server_now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.skew.get()).unwrap_or(now)
    }

    fn discard(&self) {
        *self.building.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn build(self: Arc<Self>) -> Result<Arc<Built>, Broken> {
        let mut config = self.config.lock().unwrap_or_else(PoisonError::into_inner).clone();
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
