//! The broker's settings, and what its clients need to reach each listener.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Certificates, KafkaOptions, PLAIN_USER, SCRAM_USER};
use crate::ports;

/// Java properties.
pub type Settings = BTreeMap<String, String>;

/// A way to reach the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// No encryption, no user.
    Plain,
    /// TLS, and PLAIN as [`PLAIN_USER`].
    SaslSslPlain,
    /// TLS, and SCRAM-SHA-256 as [`SCRAM_USER`].
    SaslSslScram256,
    /// TLS, and SCRAM-SHA-512 as [`SCRAM_USER`].
    SaslSslScram512,
    /// TLS with a client certificate.
    MutualTls,
    /// SCRAM-SHA-512 as [`SCRAM_USER`] without encryption.
    SaslPlaintext,
    /// TLS with a broker whose certificate names its host, localhost, in the common name alone.
    Nameless,
    /// The same with a certificate of X.509 version 1.
    VersionOne,
}

impl Listener {
    /// All that are secured, and that any client can use.
    pub const SECURED: [Self; 5] = [
        Self::SaslSslPlain,
        Self::SaslSslScram256,
        Self::SaslSslScram512,
        Self::MutualTls,
        Self::SaslPlaintext,
    ];
}

/// Where the broker listens.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    host: String,
    plain: u16,
    pub(super) controller: u16,
    sasl_ssl: u16,
    mutual_tls: u16,
    sasl_plaintext: u16,
    nameless: u16,
    version_one: u16,
}

impl Addresses {
    pub(super) fn choose(options: &KafkaOptions) -> Result<Self> {
        Ok(Self {
            host: options.host.clone(),
            plain: options.port.map_or_else(ports::free, Ok)?,
            controller: ports::free()?,
            sasl_ssl: ports::free()?,
            mutual_tls: ports::free()?,
            sasl_plaintext: ports::free()?,
            nameless: ports::free()?,
            version_one: ports::free()?,
        })
    }

    pub(super) fn of(&self, listener: Listener) -> String {
        let port = match listener {
            Listener::Plain => self.plain,
            Listener::SaslSslPlain | Listener::SaslSslScram256 | Listener::SaslSslScram512 => {
                self.sasl_ssl
            }
            Listener::MutualTls => self.mutual_tls,
            Listener::SaslPlaintext => self.sasl_plaintext,
            Listener::Nameless => return format!("localhost:{}", self.nameless),
            Listener::VersionOne => return format!("localhost:{}", self.version_one),
        };
        format!("{}:{port}", self.host)
    }
}

/// A broker's place in its cluster.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// `node.id`.
    pub(super) id: usize,
    /// The port of the controller that each broker is too, in the order of their ids; none for a cluster of one.
    pub(super) controllers: Vec<u16>,
}

impl Place {
    pub(super) const ALONE: Self = Self { id: 1, controllers: Vec::new() };

    /// Where the controllers are, as the key has it for a quorum of one that may grow, or of so many that may not.
    fn quorum(&self, own: u16) -> (&'static str, String) {
        if self.controllers.is_empty() {
            return ("controller.quorum.bootstrap.servers", format!("127.0.0.1:{own}"));
        }
        let voter = |(index, port): (usize, &u16)| format!("{}@127.0.0.1:{port}", index + 1);
        let voters: Vec<String> = self.controllers.iter().enumerate().map(voter).collect();
        ("controller.quorum.voters", voters.join(","))
    }
}

const COMMON: &[(&str, &str)] = &[
    // Records of tests have any time: the broker looks for old ones half a minute after its start, and none is to go.
    ("log.retention.ms", "-1"),
    // Not half of a small heap at once: there are few keys to compact.
    ("log.cleaner.dedupe.buffer.size", "8388608"),
    ("process.roles", "broker,controller"),
    ("controller.listener.names", "CONTROLLER"),
    ("inter.broker.listener.name", "PLAINTEXT"),
    ("num.partitions", "1"),
    ("offsets.topic.replication.factor", "1"),
    ("offsets.topic.num.partitions", "1"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("transaction.state.log.num.partitions", "1"),
    ("share.coordinator.state.topic.replication.factor", "1"),
    ("share.coordinator.state.topic.min.isr", "1"),
    ("group.initial.rebalance.delay.ms", "0"),
];

const SECURED: &[(&str, &str)] = &[
    ("ssl.keystore.type", "PEM"),
    ("ssl.truststore.type", "PEM"),
    ("listener.name.mtls.ssl.client.auth", "required"),
    ("listener.name.mtls.ssl.principal.mapping.rules", "RULE:^CN=([^,]+).*$/$1/,DEFAULT"),
    ("sasl.enabled.mechanisms", "SCRAM-SHA-256,SCRAM-SHA-512,PLAIN"),
    ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
    ("allow.everyone.if.no.acl.found", "true"),
    ("super.users", "User:ANONYMOUS"),
];

const SCRAM: &str = "org.apache.kafka.common.security.scram.ScramLoginModule required";
const PLAIN: &str = "org.apache.kafka.common.security.plain.PlainLoginModule required";

/// Writes the broker's file.
pub(super) fn write(
    folder: &Path,
    options: &KafkaOptions,
    addresses: &Addresses,
    place: &Place,
) -> Result<()> {
    let mut settings = owned(COMMON);
    let mut set = |key: &str, value: String| settings.insert(key.to_owned(), value);
    let host = &addresses.host;
    let mut listeners = format!("PLAINTEXT://{host}:{}", addresses.plain);
    if options.secured {
        listeners = format!(
            "{listeners},SASLSSL://{host}:{},MTLS://{host}:{},SASLPLAIN://{host}:{},\
             NAMELESS://localhost:{},VERSIONONE://localhost:{}",
            addresses.sasl_ssl,
            addresses.mutual_tls,
            addresses.sasl_plaintext,
            addresses.nameless,
            addresses.version_one
        );
    }
    set("advertised.listeners", listeners.clone());
    set("listeners", format!("{listeners},CONTROLLER://127.0.0.1:{}", addresses.controller));
    set("node.id", place.id.to_string());
    let (key, quorum) = place.quorum(addresses.controller);
    set(key, quorum);
    let protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASLSSL:SASL_SSL,MTLS:SSL,\
                     SASLPLAIN:SASL_PLAINTEXT,NAMELESS:SSL,VERSIONONE:SSL";
    set("listener.security.protocol.map", protocols.to_owned());
    set("log.dirs", folder.join("data").display().to_string());
    if options.secured {
        settings.extend(secured(folder));
    }
    settings.extend(options.properties.clone());
    save(&folder.join("server.properties"), &settings)
}

fn secured(folder: &Path) -> Settings {
    let mut settings = owned(SECURED);
    let tls = |name: &str| folder.join("tls").join(name).display().to_string();
    settings.insert("ssl.keystore.location".to_owned(), tls("broker.pem"));
    settings.insert("ssl.truststore.location".to_owned(), tls("ca.pem"));
    for name in ["nameless", "version-one"] {
        let key = format!("listener.name.{}.ssl.keystore.location", name.replace('-', ""));
        settings.insert(key, tls(&format!("{name}.pem")));
    }
    let (name, password) = PLAIN_USER;
    for listener in ["saslssl", "saslplain"] {
        for (mechanism, module) in [
            ("scram-sha-256", format!("{SCRAM};")),
            ("scram-sha-512", format!("{SCRAM};")),
            ("plain", format!("{PLAIN} user_{name}=\"{password}\";")),
        ] {
            let key = format!("listener.name.{listener}.{mechanism}.sasl.jaas.config");
            settings.insert(key, module);
        }
    }
    settings
}

/// The keys of a Java client.
pub(super) fn client(
    listener: Listener,
    addresses: &Addresses,
    certificates: Option<&Certificates>,
) -> Settings {
    let mut settings = Settings::new();
    let mut set = |key: &str, value: &str| settings.insert(key.to_owned(), value.to_owned());
    let (protocol, mechanism) = match listener {
        Listener::Plain => ("PLAINTEXT", None),
        Listener::SaslSslPlain => ("SASL_SSL", Some("PLAIN")),
        Listener::SaslSslScram256 => ("SASL_SSL", Some("SCRAM-SHA-256")),
        Listener::SaslSslScram512 => ("SASL_SSL", Some("SCRAM-SHA-512")),
        Listener::MutualTls | Listener::Nameless | Listener::VersionOne => ("SSL", None),
        Listener::SaslPlaintext => ("SASL_PLAINTEXT", Some("SCRAM-SHA-512")),
    };
    set("bootstrap.servers", &addresses.of(listener));
    set("security.protocol", protocol);
    if let Some(mechanism) = mechanism {
        let (module, (name, password)) =
            if mechanism == "PLAIN" { (PLAIN, PLAIN_USER) } else { (SCRAM, SCRAM_USER) };
        set("sasl.mechanism", mechanism);
        let jaas = format!("{module} username=\"{name}\" password=\"{password}\";");
        set("sasl.jaas.config", &jaas);
    }
    if let Some(certificates) = certificates.filter(|_| protocol.ends_with("SSL")) {
        set("ssl.truststore.type", "PEM");
        set("ssl.truststore.location", &certificates.authority.display().to_string());
        if listener == Listener::MutualTls {
            set("ssl.keystore.type", "PEM");
            set("ssl.keystore.location", &certificates.client.display().to_string());
        }
    }
    settings
}

/// Writes a properties file.
pub(crate) fn save(file: &Path, settings: &Settings) -> Result<()> {
    let line =
        |(key, value): (&String, &String)| format!("{key}={}\n", value.replace('\\', "\\\\"));
    let text: String = settings.iter().map(line).collect();
    fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}

fn owned(settings: &[(&str, &str)]) -> Settings {
    settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
