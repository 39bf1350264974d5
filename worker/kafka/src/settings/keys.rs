//! The keys of Java's clients: what each becomes in librdkafka, or why it has no effect or is refused.

use super::SettingsError;

/// What happens with a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Use {
    /// The same meaning under this name in a librdkafka producer.
    Native(&'static str),
    /// Read by our own code.
    Own,
    /// Means nothing outside a Java process, or nothing to Connect.
    Ignored,
    /// Would change behaviour and cannot be honoured.
    Refused(&'static str),
}

use Use::{Ignored, Native, Own, Refused};

const JAVA_ONLY: &str = "names a Java class, which cannot be loaded here";

/// Every key of Java's producer, consumer and admin client, and three of our own. Whatever is not listed never reaches
/// librdkafka: its own keys include ones that load code or run commands (`plugin.library.paths`,
/// `ssl.engine.location`, `ssl.providers`, `sasl.kerberos.kinit.cmd`).
const KEYS: &[(&str, Use)] = &[
    ("acks", Native("acks")),
    ("allow.auto.create.topics", Own),
    ("auto.commit.interval.ms", Ignored),
    ("auto.include.jmx.reporter", Ignored),
    ("auto.offset.reset", Own),
    ("batch.size", Native("batch.size")),
    ("bootstrap.servers", Own),
    ("buffer.memory", Own),
    ("check.crcs", Own),
    ("client.dns.lookup", Native("client.dns.lookup")),
    ("client.id", Own),
    ("client.rack", Own),
    ("compression.gzip.level", Own),
    ("compression.lz4.level", Own),
    ("compression.type", Native("compression.type")),
    ("compression.zstd.level", Own),
    ("config.providers", Ignored),
    ("connections.max.idle.ms", Native("connections.max.idle.ms")),
    ("default.api.timeout.ms", Ignored),
    ("delivery.timeout.ms", Own),
    ("enable.auto.commit", Ignored),
    ("enable.idempotence", Native("enable.idempotence")),
    ("enable.metrics.push", Ignored),
    ("exclude.internal.topics", Ignored),
    ("fetch.max.bytes", Own),
    ("fetch.max.wait.ms", Own),
    ("fetch.min.bytes", Own),
    ("group.id", Own),
    ("group.instance.id", Own),
    ("group.protocol", Own),
    ("group.remote.assignor", Refused("needs group.protocol=consumer")),
    ("heartbeat.interval.ms", Own),
    ("interceptor.classes", Refused(JAVA_ONLY)),
    ("isolation.level", Own),
    ("key.deserializer", Ignored),
    ("key.serializer", Ignored),
    ("linger.ms", Native("linger.ms")),
    ("max.block.ms", Ignored),
    ("max.in.flight.requests.per.connection", Native("max.in.flight.requests.per.connection")),
    ("max.partition.fetch.bytes", Own),
    ("max.poll.interval.ms", Own),
    ("max.poll.records", Own),
    ("max.request.size", Native("message.max.bytes")),
    ("metadata.max.age.ms", Own),
    ("metadata.max.idle.ms", Ignored),
    ("metadata.recovery.rebootstrap.trigger.ms", Ignored),
    ("metadata.recovery.strategy", Ignored),
    ("metric.reporters", Ignored),
    ("metrics.num.samples", Ignored),
    ("metrics.recording.level", Ignored),
    ("metrics.sample.window.ms", Ignored),
    ("org.apache.kafka.sasl.oauthbearer.allowed.files", Own),
    ("org.apache.kafka.sasl.oauthbearer.allowed.urls", Own),
    ("partition.assignment.strategy", Own),
    ("partitioner.adaptive.partitioning.enable", Ignored),
    ("partitioner.availability.timeout.ms", Ignored),
    ("partitioner.class", Refused(JAVA_ONLY)),
    ("partitioner.ignore.keys", Own),
    ("receive.buffer.bytes", Own),
    ("reconnect.backoff.max.ms", Native("reconnect.backoff.max.ms")),
    ("reconnect.backoff.ms", Native("reconnect.backoff.ms")),
    ("request.timeout.ms", Own),
    ("retries", Native("message.send.max.retries")),
    ("retry.backoff.max.ms", Own),
    ("retry.backoff.ms", Own),
    ("sasl.client.callback.handler.class", Refused(JAVA_ONLY)),
    ("sasl.jaas.config", Own),
    ("sasl.login.callback.handler.class", Own),
    ("sasl.login.class", Refused(JAVA_ONLY)),
    ("sasl.mechanism", Own),
    ("security.protocol", Own),
    ("security.providers", Refused(JAVA_ONLY)),
    ("send.buffer.bytes", Own),
    ("session.timeout.ms", Own),
    ("sluice.record.max.bytes", Own),
    ("socket.connection.setup.timeout.max.ms", Ignored),
    ("socket.connection.setup.timeout.ms", Native("socket.connection.setup.timeout.ms")),
    ("ssl.cipher.suites", Ignored),
    ("ssl.enabled.protocols", Ignored),
    ("ssl.endpoint.identification.algorithm", Own),
    ("ssl.engine.factory.class", Refused(JAVA_ONLY)),
    ("ssl.key.password", Own),
    ("ssl.keymanager.algorithm", Ignored),
    ("ssl.keystore.certificate.chain", Own),
    ("ssl.keystore.key", Own),
    ("ssl.keystore.location", Own),
    ("ssl.keystore.password", Ignored),
    ("ssl.keystore.type", Own),
    ("ssl.protocol", Ignored),
    ("ssl.provider", Ignored),
    ("ssl.secure.random.implementation", Ignored),
    ("ssl.trustmanager.algorithm", Ignored),
    ("ssl.truststore.certificates", Own),
    ("ssl.truststore.location", Own),
    ("ssl.truststore.password", Ignored),
    ("ssl.truststore.type", Own),
    ("transaction.timeout.ms", Native("transaction.timeout.ms")),
    ("transaction.two.phase.commit.enable", Refused("two-phase commit is not supported")),
    ("transactional.id", Own),
    ("value.deserializer", Ignored),
    ("value.serializer", Ignored),
];

/// Further keys of SASL mechanisms: refused as a whole, or read by the login.
const SASL_PREFIXES: &[&str] = &["sasl.kerberos.", "sasl.login.", "sasl.oauthbearer."];

/// What happens with `key`; none for a key that no client has.
pub(super) fn usage(key: &str) -> Option<Use> {
    match KEYS.binary_search_by_key(&key, |row| row.0) {
        Ok(row) => Some(KEYS[row].1),
        Err(_) => SASL_PREFIXES.iter().any(|prefix| key.starts_with(prefix)).then_some(Ignored),
    }
}

/// Whether a client has this key.
pub(super) fn is_known(key: &str) -> bool {
    usage(key).is_some()
}

/// Refuses a key that cannot be honoured; an empty value is Java's default for all of them.
pub(super) fn check(key: &str, value: &str) -> Result<(), SettingsError> {
    match usage(key) {
        Some(Refused(reason)) if !value.trim().is_empty() => {
            Err(SettingsError::Refused { key: key.to_owned(), reason })
        }
        _ => Ok(()),
    }
}

/// librdkafka's name of `key`, if the value passes through unchanged.
pub(super) fn native(key: &str) -> Option<&'static str> {
    match usage(key)? {
        Native(name) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(KEYS.is_sorted_by_key(|row| row.0));
    }

    #[test]
    fn keys_that_run_code_never_reach_the_client() {
        for key in
            ["plugin.library.paths", "ssl.engine.location", "ssl.providers", "debug", "log_level"]
        {
            assert!(!is_known(key), "{key}");
        }
        assert_eq!(native("sasl.kerberos.kinit.cmd"), None);
        for key in ["interceptor.classes", "security.providers", "sasl.login.class"] {
            assert!(check(key, "evil.Class").is_err(), "{key}");
            assert!(check(key, "").is_ok(), "{key}");
        }
    }
}
