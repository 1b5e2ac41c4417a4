//! Certificates of an unknown authority, one of which the kubeconfig names. Their keys were deleted.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error, RootCertStore};

use super::{Named, ServerCertVerifier as _, WebPkiServerVerifier, readable};

const LEAF: &[u8] = include_bytes!("certificates/leaf.der");
const OTHER: &[u8] = include_bytes!("certificates/other.der");
const LATE: &[u8] = include_bytes!("certificates/late.der");

/// Verifies a certificate of a server where the kubeconfig names another one.
fn verdict(named: &'static [u8], shown: &'static [u8], server: &str) -> Result<(), Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(named)).unwrap();
    let provider = rustls::crypto::ring::default_provider().into();
    let inner = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
    let verifier = Named { inner, certificates: vec![CertificateDer::from(named)] };
    let server = ServerName::try_from(server.to_owned()).unwrap();
    // 2027: all but the late one are valid.
    let now = UnixTime::since_unix_epoch(Duration::from_hours(500_000));
    verifier.verify_server_cert(&CertificateDer::from(shown), &[], &server, &[], now).map(|_| ())
}

#[test]
fn the_servers_own_certificate_is_accepted_for_that_server_alone() {
    verdict(LEAF, LEAF, "127.0.0.1").unwrap();
    for (named, shown, server, what) in [
        (LEAF, LEAF, "127.0.0.2", "another server"),
        (LEAF, LEAF, "api.example", "another name"),
        (LEAF, OTHER, "127.0.0.1", "another certificate of the same authority"),
        (LATE, LATE, "127.0.0.1", "one that has expired"),
    ] {
        let refused = verdict(named, shown, server);
        assert!(matches!(refused, Err(Error::InvalidCertificate(_))), "{what}: {refused:?}");
    }
    assert!(matches!(
        verdict(LATE, LATE, "127.0.0.1"),
        Err(Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }))
    ));
}

#[test]
fn what_cannot_be_read_takes_nothing_from_the_others() {
    let mut bundle = Some(vec![b"no certificate".to_vec(), LEAF.to_vec()]);
    readable(&mut bundle);
    assert_eq!(bundle, Some(vec![LEAF.to_vec()]));
    let mut none = Some(vec![b"no certificate".to_vec()]);
    readable(&mut none);
    assert_eq!(none.map(|all| all.len()), Some(1), "then the fault is told");
}
