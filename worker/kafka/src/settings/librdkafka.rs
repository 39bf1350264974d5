//! librdkafka's settings, made from the same [`ClientSettings`] as the wire client's connections. Where the
//! two clients' defaults differ, Java's and Connect's are set explicitly.

use std::collections::BTreeMap;

use super::{ClientSettings, Sasl, SettingsError, keys};

/// What a record on its way takes of the budget at least.
const RECORD: u64 = 512;

/// `transaction.timeout.ms` unless it is set, in Java's clients and librdkafka alike.
const TRANSACTION_TIMEOUT: u64 = 60_000;

/// Settings by librdkafka's names.
pub(crate) type Native = BTreeMap<&'static str, String>;

impl ClientSettings {
    /// The settings of a librdkafka producer whose queue takes at most `budget` bytes unless `buffer.memory`
    /// says otherwise.
    pub(crate) fn producer(&self, budget: usize) -> Result<Native, SettingsError> {
        let mut native = Native::from([
            // Java's partitioner; librdkafka's default (CRC32) would put keys elsewhere.
            ("partitioner", "murmur2_random".to_owned()),
            // Connect's defaults, each of them weaker or shorter in librdkafka.
            ("acks", "all".to_owned()),
            ("enable.idempotence", "false".to_owned()),
            ("max.in.flight.requests.per.connection", "1".to_owned()),
            // Java waits 5 ms for more; here a batch grows while the request before it is on its way, and no longer.
            ("linger.ms", "0".to_owned()),
        ]);
        native.extend(self.shared()?);
        if self.text("partitioner.ignore.keys") == Some("true") {
            native.insert("partitioner", "random".to_owned());
        }
        native.insert("message.timeout.ms", self.delivery_timeout()?);
        let bytes = self.number("buffer.memory")?.unwrap_or(budget as u64);
        native.insert("queue.buffering.max.kbytes", (bytes / 1024).clamp(1, 2_097_151).to_string());
        // Small records cost more than their bytes: librdkafka's own of each, and its position until it is done.
        let records = (bytes / RECORD).clamp(1000, 1_000_000);
        native.insert("queue.buffering.max.messages", records.to_string());
        if let Some(id) = self.text("transactional.id") {
            native.insert("transactional.id", id.to_owned());
        }
        if let Some(level) = self
            .text("compression.type")
            .and_then(|kind| self.text(&format!("compression.{kind}.level")))
        {
            native.insert("compression.level", level.to_owned());
        }
        if let Some(wait) = self.number("request.timeout.ms")? {
            native.insert("request.timeout.ms", wait.clamp(1, 900_000).to_string());
        }
        for key in ["retry.backoff.ms", "retry.backoff.max.ms"] {
            if let Some(wait) = self.number(key)? {
                native.insert(key, wait.clamp(1, 300_000).to_string());
            }
        }
        Ok(native)
    }

    /// Makes the producer with these settings transactional under an id, whatever the settings say (`ConnectUtils.ensureProperty`).
    pub(crate) fn make_transactional(
        &self,
        native: &mut Native,
        id: String,
    ) -> Result<(), SettingsError> {
        for (key, needed) in [("enable.idempotence", "true"), ("transactional.id", id.as_str())] {
            if self.text(key).is_some_and(|it| !it.eq_ignore_ascii_case(needed)) {
                tracing::warn!(
                    key,
                    needed,
                    "a producer's setting gives way to what transactions need"
                );
            }
        }
        // A record that waits longer than its transaction may last is in none.
        let most = self.number("transaction.timeout.ms")?.unwrap_or(TRANSACTION_TIMEOUT);
        let wait = self.number("delivery.timeout.ms")?.map_or(most, |it| it.clamp(1, most.max(1)));
        native.insert("message.timeout.ms", wait.to_string());
        native.insert("enable.idempotence", "true".to_owned());
        // Its order is kept by sequence numbers.
        native.insert("max.in.flight.requests.per.connection", "5".to_owned());
        native.insert("transactional.id", id);
        Ok(())
    }

    fn shared(&self) -> Result<Native, SettingsError> {
        let mut native = Native::from([
            ("bootstrap.servers", self.bootstrap_text()),
            // Reported through tracing by the owner of the handle.
            ("log.connection.close", "false".to_owned()),
            ("reconnect.backoff.ms", "50".to_owned()),
            ("reconnect.backoff.max.ms", "1000".to_owned()),
            ("enable.metrics.push", "false".to_owned()),
        ]);
        for (key, value) in self.entries() {
            if let Some(name) = keys::native(key) {
                native.insert(name, value.trim().to_owned());
            }
        }
        if let Some(age) = self.number("metadata.max.age.ms")? {
            native.insert("topic.metadata.refresh.interval.ms", age.max(10).to_string());
            native.insert("metadata.max.age.ms", age.max(10).to_string());
        }
        if let Some(wait) = self.number("request.timeout.ms")? {
            native.insert("socket.timeout.ms", wait.clamp(10, 300_000).to_string());
        }
        for (key, name) in [
            ("send.buffer.bytes", "socket.send.buffer.bytes"),
            ("receive.buffer.bytes", "socket.receive.buffer.bytes"),
        ] {
            // Java says "the system's default" with -1, librdkafka with 0.
            if let Some(bytes) = self.text(key).filter(|bytes| *bytes != "-1") {
                native.insert(name, bytes.to_owned());
            }
        }
        self.secure(&mut native)?;
        Ok(native)
    }

    fn secure(&self, native: &mut Native) -> Result<(), SettingsError> {
        let security = self.security();
        let protocol = match (&security.tls, &security.sasl) {
            (None, None) => "plaintext",
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        };
        native.insert("security.protocol", protocol.to_owned());
        if let Some(tls) = &security.tls {
            let check = if tls.check_host { "https" } else { "none" };
            native.insert("ssl.endpoint.identification.algorithm", check.to_owned());
            if let Some(trust) = &tls.trust {
                native.insert("ssl.ca.pem", trust.load()?.reveal().to_owned());
            }
            if let Some(identity) = &tls.identity {
                native.insert("ssl.certificate.pem", identity.chain.load()?.reveal().to_owned());
                native.insert("ssl.key.pem", identity.key.load()?.reveal().to_owned());
            }
        }
        if let Some(sasl) = &security.sasl {
            native.insert("sasl.mechanism", sasl.mechanism().to_owned());
            // Tokens are given to the client as they come.
            if let Sasl::User(user) = sasl {
                native.insert("sasl.username", user.name.clone());
                native.insert("sasl.password", user.password.reveal().to_owned());
            }
        }
        Ok(())
    }

    /// librdkafka's 5 minutes would drop records that Connect waits for; 0 is endless.
    fn delivery_timeout(&self) -> Result<String, SettingsError> {
        let wait = self.number("delivery.timeout.ms")?.unwrap_or(0);
        Ok(if wait >= i32::MAX as u64 { 0 } else { wait }.to_string())
    }
}
