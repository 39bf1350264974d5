//! The keys of TLS, in PEM form; they mean what those without their prefix mean to a client of Kafka.

use sluice_plugin::{
    Properties,
    config::{Config, Secret},
};

/// `schema.registry.ssl.*`
#[derive(Config)]
pub(super) struct Keys {
    /// What the store of `schema.registry.ssl.truststore.*` is: PEM.
    #[config(key = "schema.registry.ssl.truststore.type", default = "JKS")]
    truststore_type: String,
    /// A file with the certificates to trust; public authorities are trusted where none are named.
    #[config(key = "schema.registry.ssl.truststore.location", importance = High)]
    truststore_location: Option<String>,
    /// Certificates to trust, in place.
    #[config(key = "schema.registry.ssl.truststore.certificates", importance = High)]
    truststore_certificates: Option<Secret>,
    /// What the store of `schema.registry.ssl.keystore.*` is: PEM.
    #[config(key = "schema.registry.ssl.keystore.type", default = "JKS")]
    keystore_type: String,
    /// A file with key and certificates to show.
    #[config(key = "schema.registry.ssl.keystore.location", importance = High)]
    keystore_location: Option<String>,
    /// Certificates to show, in place.
    #[config(key = "schema.registry.ssl.keystore.certificate.chain", importance = High)]
    keystore_chain: Option<Secret>,
    /// The key to show, in place.
    #[config(key = "schema.registry.ssl.keystore.key", importance = High)]
    keystore_key: Option<Secret>,
    /// Whether the registry's certificate has to name its host: https, or nothing for no.
    #[config(key = "schema.registry.ssl.endpoint.identification.algorithm", default = "https")]
    #[config(importance = Low)]
    host_check: String,
}

impl Keys {
    /// The keys without their prefix.
    pub(super) fn properties(self) -> Properties {
        let shown = |it: Option<Secret>| it.map(|it| it.reveal().to_owned());
        let all = [
            ("ssl.truststore.type", Some(self.truststore_type)),
            ("ssl.truststore.location", self.truststore_location),
            ("ssl.truststore.certificates", shown(self.truststore_certificates)),
            ("ssl.keystore.type", Some(self.keystore_type)),
            ("ssl.keystore.location", self.keystore_location),
            ("ssl.keystore.certificate.chain", shown(self.keystore_chain)),
            ("ssl.keystore.key", shown(self.keystore_key)),
            ("ssl.endpoint.identification.algorithm", Some(self.host_check)),
        ];
        all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}
