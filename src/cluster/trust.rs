//! Which certificate of a server is accepted: what the authority of the kubeconfig signed, and the very certificate that stands there itself.
//!
//! kubectl accepts the latter because Go trusts whatever is in its pool, whoever signed it; rustls asks for an authority that signed it. Here that
//! one certificate is accepted, byte for byte, for the names that it was made for and as long as it is valid.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Accepts what another verifier does, and the named certificates themselves.
#[derive(Debug)]
struct Named {
    inner: Arc<WebPkiServerVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

/// Leaves the certificates of a bundle that can be read, as Go does: one that cannot takes nothing from the others.
pub(super) fn readable(bundle: &mut Option<Vec<Vec<u8>>>) {
    let Some(all) = bundle else { return };
    let is_readable = |der: &Vec<u8>| RootCertStore::empty().add(CertificateDer::from(der.clone())).is_ok();
    if all.iter().any(is_readable) {
        all.retain(is_readable);
    }
}

/// Makes a configuration accept the certificates of an authority's file themselves, besides what they signed.
pub(super) fn accept_named(tls: &mut ClientConfig, authority: &[Vec<u8>]) {
    let certificates: Vec<_> = authority.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.iter().cloned());
    // Without any that can be read, what is there already refuses every server, and says why.
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
            // Its dates and what it may be used for were looked at before its issuer was searched for; its name was not.
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
