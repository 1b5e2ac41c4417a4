//! The accepted certificates of a server: those signed by the kubeconfig's authority, and the certificates in the
//! kubeconfig themselves.
//!
//! kubectl accepts the latter because Go trusts any certificate in its pool, whoever signed it; rustls requires an
//! authority that signed it. Here that one certificate is accepted, byte for byte, for its own names and as long as it
//! is valid.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Accepts the certificates of another verifier, and the named ones themselves.
#[derive(Debug)]
struct Named {
    inner: Arc<WebPkiServerVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

/// Keeps the readable certificates of a bundle, as Go does: an unreadable one does not affect the others.
pub(super) fn readable(bundle: &mut Option<Vec<Vec<u8>>>) {
    let Some(all) = bundle else { return };
    let is_readable = |der: &Vec<u8>| RootCertStore::empty().add(CertificateDer::from(der.clone())).is_ok();
    if all.iter().any(is_readable) {
        all.retain(is_readable);
    }
}

/// Makes a configuration accept the certificates in an authority's file themselves, beside those that they signed.
pub(super) fn accept_named(tls: &mut ClientConfig, authority: &[Vec<u8>]) {
    let certificates: Vec<_> = authority.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.iter().cloned());
    // Without any readable certificate, the existing verifier refuses every server, with a reason.
    if let Ok(inner) = WebPkiServerVerifier::builder(Arc::new(roots)).build() {
        tls.dangerous().set_certificate_verifier(Arc::new(Named { inner, certificates }));
    }
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        server: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.inner.verify_server_cert(shown, between, server, ocsp, now) {
            // The inner verifier checks dates and key usage before it searches the issuer; it has not checked the name
            // yet.
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) if self.certificates.contains(shown) => {
                rustls::client::verify_server_name(&ParsedCertificate::try_from(shown)?, server)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests;
