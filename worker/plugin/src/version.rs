//! Versions of plugins, as the REST API shows them and `*.plugin.version` asks for them (KIP-891).

/// The release of Apache Kafka whose REST API, framework and own plugins are spoken here.
pub const KAFKA_VERSION: &str = "4.3.1";

/// The version of a plugin that does not name one: that of Kafka for a class of Kafka's own, so that a configuration
/// that asks a Java worker for a version is right here too; else that of this crate.
pub const fn usual_version(class: &str) -> &'static str {
    if starts_with(class.as_bytes(), b"org.apache.kafka.") {
        KAFKA_VERSION
    } else {
        env!("CARGO_PKG_VERSION")
    }
}

/// `starts_with` where constants are made.
const fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    if text.len() < prefix.len() {
        return false;
    }
    let mut at = 0;
    while at < prefix.len() {
        if text[at] != prefix[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_kafka_have_its_version() {
        for (class, expected) in [
            ("org.apache.kafka.connect.file.FileStreamSinkConnector", KAFKA_VERSION),
            ("org.apache.kafkaesque.Sink", env!("CARGO_PKG_VERSION")),
            ("org.apache", env!("CARGO_PKG_VERSION")),
            ("", env!("CARGO_PKG_VERSION")),
        ] {
            assert_eq!(usual_version(class), expected, "{class}");
        }
    }
}
