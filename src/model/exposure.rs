//! Connections that others can read or change.

use serde::Serialize;

/// Explains why the traffic with a cluster may be read and changed on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Exposure {
    /// The kubeconfig has `insecure-skip-tls-verify`: any server that answers is trusted.
    #[serde(rename = "TLS not verified")]
    Unverified,
    /// The server's address begins with `http:` and is not this very machine's.
    #[serde(rename = "not encrypted")]
    Unencrypted,
}

impl Exposure {
    /// Returns the text for a title.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unverified => "TLS not verified",
            Self::Unencrypted => "not encrypted",
        }
    }

    /// Explains what it means, and what to change.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Unverified => {
                "TLS not verified: anyone who answers at its address gets the credentials and can change every answer; put the cluster's certificate-authority into the kubeconfig in place of insecure-skip-tls-verify"
            }
            Self::Unencrypted => {
                "not encrypted: anyone on the way gets the credentials and can change every answer; `server` of this cluster in the kubeconfig should begin with https:"
            }
        }
    }
}
