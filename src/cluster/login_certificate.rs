//! A client certificate that is sent to the server as it is, whatever its version.
//!
//! `openssl x509 -req` without extensions creates one of X.509 version 1, which API servers accept. rustls compares
//! certificate and key before it uses them, and parses only version 3 for that; the server compares them anyway.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::AuthInfo;
use rustls::ClientConfig;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// The largest certificate or key, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Presents one certificate to every server.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Returns a configuration that presents no certificate.
pub(super) fn without(config: &kube::Config) -> kube::Config {
    let mut config = config.clone();
    let login = &mut config.auth_info;
    (login.client_certificate, login.client_certificate_data) = (None, None);
    (login.client_key, login.client_key_data) = (None, None);
    config
}

/// Makes a TLS configuration present the certificate of a user.
pub(super) fn put(tls: &mut ClientConfig, login: &AuthInfo) -> Result<(), String> {
    use age::secrecy::ExposeSecret;
    let key = login.client_key_data.as_ref().map(ExposeSecret::expose_secret);
    let key = zeroize::Zeroizing::new(pem(key, login.client_key.as_deref(), "client-key")?);
    let certificate =
        pem(login.client_certificate_data.as_deref(), login.client_certificate.as_deref(), "client-certificate")?;
    let shown = certified(&certificate, &key)?;
    tls.client_auth_cert_resolver = Arc::new(Shown(Arc::new(shown)));
    Ok(())
}

/// Reads the data in the kubeconfig, else the file that it names.
fn pem(data: Option<&str>, file: Option<&str>, what: &str) -> Result<Vec<u8>, String> {
    match (data, file) {
        (Some(data), _) => STANDARD.decode(data).map_err(|error| format!("{what}-data is no base64: {error}")),
        (None, Some(file)) => crate::files::own(std::path::Path::new(file), LARGEST)
            .map_err(|error| format!("{what} {file} cannot be read: {error}")),
        (None, None) => Err(format!("the user has no {what}")),
    }
}

fn certified(certificate: &[u8], key: &[u8]) -> Result<CertifiedKey, String> {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(certificate).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    if chain.is_empty() {
        return Err("the client certificate is no PEM".to_owned());
    }
    // An error about a key must not contain any of it.
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| "the client key is no PEM".to_owned())?;
    let key = any_supported_type(&key).map_err(|_| "the client key is of no kind that is known".to_owned())?;
    Ok(CertifiedKey::new(chain, key))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use kube::config::AuthInfo;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ClientConfig, RootCertStore};

    use super::put;

    /// Created by `openssl x509 -req` for this test only.
    const CERTIFICATE: &[u8] = include_bytes!("login_certificate/version1.der");
    const KEY: &[u8] = include_bytes!("login_certificate/version1-throwaway.key.der");

    fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
        let provider = rustls::crypto::ring::default_provider().into();
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        builder.with_root_certificates(RootCertStore::empty())
    }

    fn encoded(label: &str, der: &[u8]) -> String {
        STANDARD.encode(format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der)))
    }

    #[test]
    fn a_certificate_of_version_1_is_shown_as_it_is() {
        let refused = builder()
            .with_client_auth_cert(vec![CertificateDer::from(CERTIFICATE)], PrivateKeyDer::try_from(KEY).unwrap());
        assert!(format!("{refused:?}").contains("UnsupportedCertVersion"), "what this is here for: {refused:?}");
        let mut tls = builder().with_no_client_auth();
        let key = encoded("PRIVATE KEY", KEY);
        let login = AuthInfo {
            client_certificate_data: Some(encoded("CERTIFICATE", CERTIFICATE)),
            client_key_data: Some(key.into()),
            ..AuthInfo::default()
        };
        put(&mut tls, &login).unwrap();
        let shown = tls.client_auth_cert_resolver.resolve(&[], &[]).unwrap();
        assert_eq!(shown.cert, [CertificateDer::from(CERTIFICATE)]);
        // The error must not contain any of the key.
        let broken = AuthInfo { client_key_data: Some(STANDARD.encode("hunter2").into()), ..login };
        let told = put(&mut tls, &broken).unwrap_err();
        assert!(told.contains("no PEM") && !told.contains("hunter2"), "{told}");
    }

    /// [`super::super::dial`] relies on kube's message about such a certificate.
    #[test]
    fn kube_names_the_version_that_it_does_not_read() {
        use kube::client::ConfigExt as _;

        let mut config = kube::Config::new("https://127.0.0.1:1".parse().unwrap());
        config.auth_info.client_certificate_data = Some(encoded("CERTIFICATE", CERTIFICATE));
        config.auth_info.client_key_data = Some(encoded("PRIVATE KEY", KEY).into());
        let error = config.rustls_client_config().unwrap_err();
        assert!(super::super::fault::chain(&error).contains("UnsupportedCertVersion"), "{error:?}");
        assert!(super::without(&config).rustls_client_config().is_ok());
    }
}
