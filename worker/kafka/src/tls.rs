//! rustls' settings from the `ssl.*` keys: PEM trust, PEM identity, and the host check that Java can switch off; for brokers,
//! and for whatever else is secured by keys of this kind.

use std::sync::Arc;

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::{NoClientAuth, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use sluice_config::Properties;

use crate::settings::{SettingsError, Tls, parse_tls};

/// Settings of a client of a secured server.
pub fn client(settings: &Properties) -> Result<ClientConfig, SettingsError> {
    of(&parse_tls(settings)?)
}

/// Settings of a secured server, with `ssl.client.auth` as `none`, `requested` or `required`.
pub fn server(settings: &Properties) -> Result<ServerConfig, SettingsError> {
    let tls = parse_tls(settings)?;
    let Some(identity) = &tls.identity else {
        let key = "ssl.keystore.location";
        return Err(invalid(key, &"a secured listener needs a key and a certificate"));
    };
    let chain = certificates("ssl.keystore.certificate.chain", identity.chain.load()?.reveal())?;
    let key = private_key(identity.key.load()?.reveal())?;
    let provider = provider();
    ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|cause| invalid("ssl.protocol", &cause))?
        .with_client_cert_verifier(client_verifier(settings, &tls, provider)?)
        .with_single_cert(chain, key)
        .map_err(|cause| invalid("ssl.keystore.key", &cause))
}

fn client_verifier(
    settings: &Properties,
    tls: &Tls,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, SettingsError> {
    const KEY: &str = "ssl.client.auth";
    let wanted = settings.get(KEY).map_or("none", |it| it.trim()).to_ascii_lowercase();
    let is_required = match wanted.as_str() {
        "" | "none" => return Ok(Arc::new(NoClientAuth)),
        "requested" => false,
        "required" => true,
        _ => return Err(invalid(KEY, &"String must be one of: required, requested, none")),
    };
    if tls.trust.is_none() {
        // The public authorities would let in anybody who has a certificate of a web site.
        let reason = "authorities that sign clients' certificates must be named";
        return Err(invalid("ssl.truststore.location", &reason));
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(tls)?), provider);
    let verifier = if is_required { verifier } else { verifier.allow_unauthenticated() };
    verifier.build().map(|it| it as _).map_err(|cause| invalid(KEY, &cause))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Reads the PEM material and makes the settings of a connector.
pub(crate) fn of(tls: &Tls) -> Result<ClientConfig, SettingsError> {
    let provider = provider();
    let roots = Arc::new(roots(tls)?);
    let verifier: Arc<dyn ServerCertVerifier> =
        WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
            .build()
            .map_err(|cause| invalid("ssl.truststore.certificates", &cause))?;
    let verifier = if tls.check_host { verifier } else { Arc::new(AnyHost(verifier)) };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|cause| invalid("security.protocol", &cause))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let Some(identity) = &tls.identity else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates("ssl.keystore.certificate.chain", identity.chain.load()?.reveal())?;
    let key = private_key(identity.key.load()?.reveal())?;
    builder.with_client_auth_cert(chain, key).map_err(|cause| invalid("ssl.keystore.key", &cause))
}

fn roots(tls: &Tls) -> Result<RootCertStore, SettingsError> {
    let Some(trust) = &tls.trust else {
        return Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
    };
    let mut store = RootCertStore::empty();
    for certificate in certificates("ssl.truststore.certificates", trust.load()?.reveal())? {
        store.add(certificate).map_err(|cause| invalid("ssl.truststore.certificates", &cause))?;
    }
    Ok(store)
}

fn certificates(
    key: &'static str,
    pem: &str,
) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    let found = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|cause| invalid(key, &cause))?;
    if found.is_empty() {
        Err(invalid(key, &"holds no certificate in PEM form"))
    } else {
        Ok(found)
    }
}

fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, SettingsError> {
    if pem.contains("ENCRYPTED") {
        return Err(invalid(
            "ssl.key.password",
            &"encrypted private keys cannot be read; decrypt the key with `openssl pkcs8 -in KEY \
              -out KEY.pem`",
        ));
    }
    PrivateKeyDer::from_pem_slice(pem.as_bytes())
        // The cause could quote the key; what is wrong is that there is none.
        .map_err(|_| invalid("ssl.keystore.key", &"holds no private key in PEM form"))
}

fn invalid(key: &'static str, cause: &impl std::fmt::Display) -> SettingsError {
    SettingsError::Invalid { key, reason: cause.to_string() }
}

/// Checks the chain but takes any host name: `ssl.endpoint.identification.algorithm` empty.
#[derive(Debug)]
struct AnyHost(Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use rustls::CertificateError::{NotValidForName, NotValidForNameContext};
        // The chain is checked before the name, so a wrong name means that all else is right.
        match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        {
            Err(rustls::Error::InvalidCertificate(
                NotValidForName | NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            outcome => outcome,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
