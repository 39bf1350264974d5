//! Keys of the clients that connectors may override, as Kafka 4.3 defines them: `ProducerConfig`, `ConsumerConfig`,
//! `AdminClientConfig`.

use std::fmt;

use crate::{
    ConfigDef, ConfigKey, Default,
    Importance::{self, High, Low, Medium},
    Type::{self, Boolean, Class, Double, Int, List, Long, Password, Short, String},
};

/// A client of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Writes records.
    Producer,
    /// Reads records.
    Consumer,
    /// Creates topics.
    Admin,
}

impl Client {
    const fn letter(self) -> char {
        match self {
            Self::Producer => 'P',
            Self::Consumer => 'C',
            Self::Admin => 'A',
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Producer => "producer",
            Self::Consumer => "consumer",
            Self::Admin => "admin",
        })
    }
}

/// The keys of a client.
pub fn definition(client: Client) -> ConfigDef {
    let of_client = KEYS.iter().filter(|it| it.0.contains(client.letter()));
    let key = |(_, name, r#type, default, importance): &Key| {
        let documentation = format!("The {client}'s {name}, as Apache Kafka documents it.");
        ConfigKey::new(*name, *r#type, default.clone(), *importance, documentation)
    };
    ConfigDef { keys: of_client.map(key).collect() }
}

/// Letters of the clients that have the key, its name, type, default and importance.
type Key = (&'static str, &'static str, Type, Default, Importance);

const REQUIRED: Default = Default::Required;
const NULL: Default = Default::Null;

const fn of(text: &'static str) -> Default {
    Default::value(text)
}

#[rustfmt::skip]
const KEYS: &[Key] = &[
    ("P", "acks", String, of("all"), Low),
    ("C", "allow.auto.create.topics", Boolean, of("true"), Medium),
    ("C", "auto.commit.interval.ms", Int, of("5000"), Low),
    ("C", "auto.offset.reset", String, of("latest"), Medium),
    ("P", "batch.size", Int, of("16384"), Medium),
    ("A", "bootstrap.controllers", List, of(""), High),
    ("A", "bootstrap.servers", List, of(""), High),
    ("PC", "bootstrap.servers", List, REQUIRED, High),
    ("P", "buffer.memory", Long, of("33554432"), High),
    ("C", "check.crcs", Boolean, of("true"), Low),
    ("PCA", "client.dns.lookup", String, of("use_all_dns_ips"), Medium),
    ("C", "client.id", String, of(""), Low),
    ("PA", "client.id", String, of(""), Medium),
    ("C", "client.rack", String, of(""), Low),
    ("P", "compression.gzip.level", Int, of("-1"), Medium),
    ("P", "compression.lz4.level", Int, of("9"), Medium),
    ("P", "compression.type", String, of("none"), High),
    ("P", "compression.zstd.level", Int, of("3"), Medium),
    ("PCA", "config.providers", List, of(""), Low),
    ("A", "connections.max.idle.ms", Long, of("300000"), Medium),
    ("PC", "connections.max.idle.ms", Long, of("540000"), Medium),
    ("CA", "default.api.timeout.ms", Int, of("60000"), Medium),
    ("P", "delivery.timeout.ms", Int, of("120000"), Medium),
    ("C", "enable.auto.commit", Boolean, of("true"), Medium),
    ("P", "enable.idempotence", Boolean, of("true"), Low),
    ("A", "enable.metrics.push", Boolean, of("false"), Low),
    ("PC", "enable.metrics.push", Boolean, of("true"), Low),
    ("C", "exclude.internal.topics", Boolean, of("true"), Medium),
    ("C", "fetch.max.bytes", Int, of("52428800"), Medium),
    ("C", "fetch.max.wait.ms", Int, of("500"), Low),
    ("C", "fetch.min.bytes", Int, of("1"), High),
    ("C", "group.id", String, NULL, High),
    ("C", "group.instance.id", String, NULL, Medium),
    ("C", "group.protocol", String, of("classic"), High),
    ("C", "group.remote.assignor", String, NULL, Medium),
    ("C", "heartbeat.interval.ms", Int, of("3000"), High),
    ("PC", "interceptor.classes", List, of(""), Low),
    ("C", "internal.throw.on.fetch.stable.offset.unsupported", Boolean, of("false"), Low),
    ("C", "isolation.level", String, of("read_uncommitted"), Medium),
    ("C", "key.deserializer", Class, REQUIRED, High),
    ("P", "key.serializer", Class, REQUIRED, High),
    ("P", "linger.ms", Long, of("5"), Medium),
    ("P", "max.block.ms", Long, of("60000"), Medium),
    ("P", "max.in.flight.requests.per.connection", Int, of("5"), Low),
    ("C", "max.partition.fetch.bytes", Int, of("1048576"), High),
    ("C", "max.poll.interval.ms", Int, of("300000"), Medium),
    ("C", "max.poll.records", Int, of("500"), Medium),
    ("P", "max.request.size", Int, of("1048576"), Medium),
    ("PCA", "metadata.max.age.ms", Long, of("300000"), Low),
    ("P", "metadata.max.idle.ms", Long, of("300000"), Low),
    ("PCA", "metadata.recovery.rebootstrap.trigger.ms", Long, of("300000"), Low),
    ("PCA", "metadata.recovery.strategy", String, of("rebootstrap"), Low),
    ("PCA", "metric.reporters", List, of("org.apache.kafka.common.metrics.JmxReporter"), Low),
    ("PCA", "metrics.num.samples", Int, of("2"), Low),
    ("PCA", "metrics.recording.level", String, of("INFO"), Low),
    ("PCA", "metrics.sample.window.ms", Long, of("30000"), Low),
    ("C", "partition.assignment.strategy", List, of("class org.apache.kafka.clients.consumer.RangeAssignor,class org.apache.kafka.clients.consumer.CooperativeStickyAssignor"), Medium),
    ("P", "partitioner.adaptive.partitioning.enable", Boolean, of("true"), Low),
    ("P", "partitioner.availability.timeout.ms", Long, of("0"), Low),
    ("P", "partitioner.class", Class, NULL, Medium),
    ("P", "partitioner.ignore.keys", Boolean, of("false"), Medium),
    ("P", "receive.buffer.bytes", Int, of("32768"), Medium),
    ("CA", "receive.buffer.bytes", Int, of("65536"), Medium),
    ("PCA", "reconnect.backoff.max.ms", Long, of("1000"), Low),
    ("PCA", "reconnect.backoff.ms", Long, of("50"), Low),
    ("PCA", "request.timeout.ms", Int, of("30000"), Medium),
    ("P", "retries", Int, of("2147483647"), High),
    ("A", "retries", Int, of("2147483647"), Low),
    ("PCA", "retry.backoff.max.ms", Long, of("1000"), Low),
    ("PCA", "retry.backoff.ms", Long, of("100"), Low),
    ("PCA", "sasl.client.callback.handler.class", Class, NULL, Medium),
    ("PCA", "sasl.jaas.config", Password, NULL, Medium),
    ("PCA", "sasl.kerberos.kinit.cmd", String, of("/usr/bin/kinit"), Low),
    ("PCA", "sasl.kerberos.min.time.before.relogin", Long, of("60000"), Low),
    ("PCA", "sasl.kerberos.service.name", String, NULL, Medium),
    ("PCA", "sasl.kerberos.ticket.renew.jitter", Double, of("0.05"), Low),
    ("PCA", "sasl.kerberos.ticket.renew.window.factor", Double, of("0.8"), Low),
    ("PCA", "sasl.login.callback.handler.class", Class, NULL, Medium),
    ("PCA", "sasl.login.class", Class, NULL, Medium),
    ("PCA", "sasl.login.connect.timeout.ms", Int, NULL, Low),
    ("PCA", "sasl.login.read.timeout.ms", Int, NULL, Low),
    ("PCA", "sasl.login.refresh.buffer.seconds", Short, of("300"), Low),
    ("PCA", "sasl.login.refresh.min.period.seconds", Short, of("60"), Low),
    ("PCA", "sasl.login.refresh.window.factor", Double, of("0.8"), Low),
    ("PCA", "sasl.login.refresh.window.jitter", Double, of("0.05"), Low),
    ("PCA", "sasl.login.retry.backoff.max.ms", Long, of("10000"), Low),
    ("PCA", "sasl.login.retry.backoff.ms", Long, of("100"), Low),
    ("PCA", "sasl.mechanism", String, of("GSSAPI"), Medium),
    ("PCA", "sasl.oauthbearer.assertion.algorithm", String, of("RS256"), Medium),
    ("PCA", "sasl.oauthbearer.assertion.claim.aud", String, NULL, Medium),
    ("PCA", "sasl.oauthbearer.assertion.claim.exp.seconds", Int, of("300"), Low),
    ("PCA", "sasl.oauthbearer.assertion.claim.iss", String, NULL, Medium),
    ("PCA", "sasl.oauthbearer.assertion.claim.jti.include", Boolean, of("false"), Medium),
    ("PCA", "sasl.oauthbearer.assertion.claim.nbf.seconds", Int, of("60"), Low),
    ("PCA", "sasl.oauthbearer.assertion.claim.sub", String, NULL, Medium),
    ("PCA", "sasl.oauthbearer.assertion.file", String, NULL, Medium),
    ("PCA", "sasl.oauthbearer.assertion.private.key.file", String, NULL, Medium),
    ("PCA", "sasl.oauthbearer.assertion.private.key.passphrase", Password, NULL, Medium),
    ("PCA", "sasl.oauthbearer.assertion.template.file", String, NULL, Medium),
    ("PCA", "sasl.oauthbearer.client.credentials.client.id", String, NULL, Medium),
    ("PCA", "sasl.oauthbearer.client.credentials.client.secret", Password, NULL, Medium),
    ("PCA", "sasl.oauthbearer.clock.skew.seconds", Int, of("30"), Low),
    ("PCA", "sasl.oauthbearer.expected.audience", List, of(""), High),
    ("PCA", "sasl.oauthbearer.expected.issuer", String, NULL, High),
    ("PCA", "sasl.oauthbearer.header.urlencode", Boolean, of("false"), Low),
    ("PCA", "sasl.oauthbearer.jwks.endpoint.refresh.ms", Long, of("3600000"), Low),
    ("PCA", "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", Long, of("10000"), Low),
    ("PCA", "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", Long, of("100"), Low),
    ("PCA", "sasl.oauthbearer.jwks.endpoint.url", String, NULL, Medium),
    ("PCA", "sasl.oauthbearer.jwt.retriever.class", Class, of("org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever"), Medium),
    ("PCA", "sasl.oauthbearer.jwt.validator.class", Class, of("org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator"), Medium),
    ("PCA", "sasl.oauthbearer.scope", String, NULL, Medium),
    ("PCA", "sasl.oauthbearer.scope.claim.name", String, of("scope"), Low),
    ("PCA", "sasl.oauthbearer.sub.claim.name", String, of("sub"), Low),
    ("PCA", "sasl.oauthbearer.token.endpoint.url", String, NULL, Medium),
    ("PCA", "security.protocol", String, of("PLAINTEXT"), Medium),
    ("PCA", "security.providers", String, NULL, Low),
    ("PCA", "send.buffer.bytes", Int, of("131072"), Medium),
    ("C", "session.timeout.ms", Int, of("45000"), High),
    ("C", "share.acknowledgement.mode", String, of("implicit"), Medium),
    ("C", "share.acquire.mode", String, of("BATCH_OPTIMIZED"), Medium),
    ("PCA", "socket.connection.setup.timeout.max.ms", Long, of("30000"), Medium),
    ("PCA", "socket.connection.setup.timeout.ms", Long, of("10000"), Medium),
    ("PCA", "ssl.cipher.suites", List, of(""), Low),
    ("PCA", "ssl.enabled.protocols", List, of("TLSv1.2,TLSv1.3"), Medium),
    ("PCA", "ssl.endpoint.identification.algorithm", String, of("https"), Low),
    ("PCA", "ssl.engine.factory.class", Class, NULL, Low),
    ("PCA", "ssl.key.password", Password, NULL, High),
    ("PCA", "ssl.keymanager.algorithm", String, of("SunX509"), Low),
    ("PCA", "ssl.keystore.certificate.chain", Password, NULL, High),
    ("PCA", "ssl.keystore.key", Password, NULL, High),
    ("PCA", "ssl.keystore.location", String, NULL, High),
    ("PCA", "ssl.keystore.password", Password, NULL, High),
    ("PCA", "ssl.keystore.type", String, of("JKS"), Medium),
    ("PCA", "ssl.protocol", String, of("TLSv1.3"), Medium),
    ("PCA", "ssl.provider", String, NULL, Medium),
    ("PCA", "ssl.secure.random.implementation", String, NULL, Low),
    ("PCA", "ssl.trustmanager.algorithm", String, of("PKIX"), Low),
    ("PCA", "ssl.truststore.certificates", Password, NULL, High),
    ("PCA", "ssl.truststore.location", String, NULL, High),
    ("PCA", "ssl.truststore.password", Password, NULL, High),
    ("PCA", "ssl.truststore.type", String, of("JKS"), Medium),
    ("P", "transaction.timeout.ms", Int, of("60000"), Low),
    ("P", "transaction.two.phase.commit.enable", Boolean, of("false"), Low),
    ("P", "transactional.id", String, NULL, Low),
    ("C", "value.deserializer", Class, REQUIRED, High),
    ("P", "value.serializer", Class, REQUIRED, High),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_have_keys_of_their_own_and_in_common() {
        for (client, name, expected) in [
            (Client::Producer, "acks", Some(of("all"))),
            (Client::Consumer, "acks", None),
            (Client::Consumer, "group.id", Some(NULL)),
            (Client::Admin, "retries", Some(of("2147483647"))),
            (Client::Admin, "bootstrap.servers", Some(of(""))),
        ] {
            let definition = definition(client);
            assert_eq!(
                definition.key(name).map(|it| it.default.clone()),
                expected,
                "{client} {name}"
            );
        }
    }

    #[test]
    fn no_client_has_a_key_twice() {
        for client in [Client::Producer, Client::Consumer, Client::Admin] {
            let keys = definition(client).keys;
            let names: std::collections::BTreeSet<_> = keys.iter().map(|it| &it.name).collect();
            assert_eq!(names.len(), keys.len(), "{client}");
        }
    }
}
