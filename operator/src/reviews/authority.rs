//! The authority that workers trust when they ask, and the certificate that they are shown. Its key is derived from those
//! of the operator and its certificate is made of nothing else, so that each replica has the same one without keeping any; the
//! certificates that it signs live in the memory of a replica for a while.

use std::sync::Arc;

use k8s_openapi::jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ED25519, SerialNumber, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// How long a certificate is valid.
const VALID: SignedDuration = SignedDuration::from_hours(24 * 90);
/// When it is replaced.
const RENEWED: SignedDuration = SignedDuration::from_hours(24 * 60);
/// What a private key of Ed25519 begins with (RFC 8410).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Signs the certificates of one operator's replicas.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate with its key, ready to be shown, and when to make another one.
#[derive(Clone)]
pub struct Shown {
    /// For connections that come in.
    pub tls: Arc<ServerConfig>,
    /// Before it expires.
    pub until: Timestamp,
}

/// What could not be made of a key or a host.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A certificate.
    #[error("no certificate can be made for {0}: {1}")]
    Certificate(String, rcgen::Error),
    /// What is shown.
    #[error("TLS cannot be served: {0}")]
    Tls(#[from] rustls::Error),
}

impl Authority {
    /// Whose private key is made of a seed.
    pub fn new(seed: &[u8; 32]) -> Result<Self, Error> {
        let failed = |error| Error::Certificate("the authority".to_owned(), error);
        let der = PrivatePkcs8KeyDer::from([PKCS8.as_slice(), seed].concat());
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_ED25519).map_err(failed)?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, "sluice-operator");
        // Nothing of it is by chance: it is the same each time. It ends with its key.
        params.serial_number = Some(SerialNumber::from(1_u64));
        let pem = params.self_signed(&key).map_err(failed)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// Its certificate, in PEM form.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Signs a certificate for a host, valid from yesterday on, as clocks differ.
    pub fn issue(&self, host: &str, now: Timestamp) -> Result<Shown, Error> {
        let (certificate, key) = self.certificate(host, now)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        Ok(Shown { tls: Arc::new(tls), until: now + RENEWED })
    }

    fn certificate(
        &self,
        host: &str,
        now: Timestamp,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), Error> {
        let failed = |error| Error::Certificate(host.to_owned(), error);
        // The beginning of a day: rcgen takes it without another crate for times.
        let day = |time: Timestamp| {
            let date = time.to_zoned(TimeZone::UTC).date();
            let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
            date_time_ymd(date.year().into(), month, day)
        };
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = CertificateParams::new(vec![host.to_owned()]).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, "sluice-operator");
        params.not_before = day(now - SignedDuration::from_hours(24));
        params.not_after = day(now + VALID);
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok((certificate.der().clone(), key))
    }
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    const HOST: &str = "sluice-operator.sluice-system.svc";

    /// Whether who trusts an authority takes a certificate for the host, some days after it was made.
    fn is_trusted(
        authority: &str,
        certificate: &CertificateDer<'_>,
        host: &str,
        days: u64,
    ) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        let now = std::time::Duration::from_secs(START + days * 86_400);
        let now = UnixTime::since_unix_epoch(now);
        let host = ServerName::try_from(host.to_owned()).unwrap();
        verifier.build().unwrap().verify_server_cert(certificate, &[], &host, &[], now).is_ok()
    }

    /// 2026-01-01.
    const START: u64 = 1_767_225_600;

    #[test]
    fn what_an_authority_signs_is_trusted_for_its_host_and_its_time() {
        let now = Timestamp::from_second(i64::try_from(START).unwrap()).unwrap();
        let authority = Authority::new(&[1; 32]).unwrap();
        let same = Authority::new(&[1; 32]).unwrap();
        let other = Authority::new(&[2; 32]).unwrap();
        assert_eq!(authority.pem(), same.pem(), "replicas have the same one");
        let (certificate, _) = authority.certificate(HOST, now).unwrap();
        assert!(is_trusted(same.pem(), &certificate, HOST, 0));
        assert!(!is_trusted(other.pem(), &certificate, HOST, 0));
        assert!(!is_trusted(same.pem(), &certificate, "elsewhere", 0));
        let until = authority.issue(HOST, now).unwrap().until;
        let days = u64::try_from(until.duration_since(now).as_hours() / 24).unwrap();
        assert!(is_trusted(same.pem(), &certificate, HOST, days), "it is replaced in time");
        assert!(!is_trusted(same.pem(), &certificate, HOST, 91));
    }
}
