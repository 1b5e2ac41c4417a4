//! The last lines of a container, for who needs no more.

use futures::AsyncReadExt as _;

use super::super::address::Address;
use super::super::{Cluster, request};
use crate::model::{Fault, ObjectRef};

/// The most bytes that are read: one line may be long.
const MOST_BYTES: u64 = 16 * 1024;

/// The longest wait for the first byte, and for all.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

impl Cluster {
    /// Reads the last lines of a container, or of the one before its last start, without times.
    ///
    /// # Errors
    /// Fails when the server refuses, when the container has no log, and after five seconds.
    pub async fn last_lines(
        &self,
        pod: &ObjectRef,
        container: &str,
        previous: bool,
        count: u32,
    ) -> Result<Vec<String>, Fault> {
        let tried = format!("read the log of {pod}");
        let fault = |failure: super::super::failure::Failure| failure.fault(&self.name, &tried);
        let address = Address::core(&pod.namespace, "pods").at(&pod.name).at("log");
        let address = address.with("container", container).with("tailLines", count).with("limitBytes", MOST_BYTES);
        let address = if previous { address.with("previous", true) } else { address };
        let read = async {
            let body = request::log(self, &address).await.map_err(fault)?;
            let mut bytes = Vec::new();
            let ended = std::pin::pin!(body.take(MOST_BYTES)).read_to_end(&mut bytes).await;
            ended.map_err(|error| Fault::failed(tried.clone(), error.to_string(), "try again"))?;
            Ok(bytes)
        };
        let late = || Fault::failed(tried.clone(), "the kubelet does not answer", "is its node ready?");
        let bytes = tokio::time::timeout(PATIENCE, read).await.map_err(|_| late())??;
        Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
    }
}
