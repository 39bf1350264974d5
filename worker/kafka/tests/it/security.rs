//! Both clients on every secured listener, and what they say when they are refused.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use sluice_kafka::{
    Batch, ClientError, ClientSettings, OutgoingRecord, Producer, ProducerConfig, Share,
    wire::{Client, Error},
};
use sluice_kit::{
    java,
    kafka::{KafkaServer, Listener},
};
use tokio::time::timeout;

use crate::support::{LIMIT, consumer, create, produce, settings};

#[tokio::test(flavor = "multi_thread")]
async fn every_listener_takes_both_clients() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared_secured().await?;
    for listener in Listener::SECURED {
        let topic = format!("secured-{listener:?}");
        let settings = settings(kafka, listener, &[])?;
        create(&settings, &topic, 1, &[]).await.with_context(|| format!("{listener:?}"))?;
        produce(&settings, &topic, 1, 0, 10).await.with_context(|| format!("{listener:?}"))?;
        let mut reader = consumer(&settings, &format!("group-{listener:?}"))?;
        reader.subscribe(&[topic])?;
        let mut batch = Batch::default();
        while batch.len() < 10 {
            let event = timeout(LIMIT, reader.next(&mut batch, 100)).await??;
            if let sluice_kafka::Event::Assigned(partitions) = event {
                reader.acknowledge_assigned(&partitions, &sluice_kafka::TopicOffsets::new());
            }
        }
        reader.close().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_named_as_the_cause() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared_secured().await?;
    let module = "org.apache.kafka.common.security";
    let rows = [
        (Listener::SaslSslPlain, "PLAIN", "alice", format!("{module}.plain.PlainLoginModule")),
        (
            Listener::SaslSslScram256,
            "SCRAM-SHA-256",
            "bob",
            format!("{module}.scram.ScramLoginModule"),
        ),
        (
            Listener::SaslPlaintext,
            "SCRAM-SHA-512",
            "bob",
            format!("{module}.scram.ScramLoginModule"),
        ),
    ];
    for (listener, mechanism, user, class) in rows {
        let jaas = format!("{class} required username=\"{user}\" password=\"hunter2\";");
        let settings = settings(kafka, listener, &[("sasl.jaas.config", &jaas)])?;
        let refused = Client::new(&settings, "test")?.metadata(Some(&[])).await.err();
        let refused = refused.context("the wire client was let in")?;
        assert!(
            matches!(&refused, Error::Authentication { mechanism: m, user: u, .. }
                if *m == mechanism && *u == user),
            "{refused:?}"
        );
        for error in [deliver(&settings).await?, read(&settings).await?] {
            assert_eq!(
                error.java_class(),
                "org.apache.kafka.common.errors.SaslAuthenticationException",
                "{error}"
            );
            assert!(!error.is_retriable() && error.is_authentication());
            assert!(!format!("{error:?} {refused:?} {settings:?}").contains("hunter2"));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_refused_in_both_directions() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared_secured().await?;
    let files = kafka.certificates()?;
    let stranger = files.stranger_client.display().to_string();
    let foreign = files.stranger.display().to_string();
    for more in [
        ("ssl.keystore.location", stranger.as_str()),
        ("ssl.truststore.location", foreign.as_str()),
    ] {
        let settings = settings(kafka, Listener::MutualTls, &[more])?;
        let refused = Client::new(&settings, "test")?.metadata(Some(&[])).await.err();
        assert!(matches!(refused, Some(Error::Tls { .. })), "{more:?}: {refused:?}");
        let error = read(&settings).await?;
        assert_eq!(
            error.java_class(),
            "org.apache.kafka.common.errors.SslAuthenticationException",
            "{more:?}: {error}"
        );
    }
    Ok(())
}

/// OpenSSL takes certificates that the wire client does not read, so its words are all that there is.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_fashioned_certificate_is_named_with_its_flaw() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared_secured().await?;
    let plain = settings(kafka, Listener::Plain, &[])?;
    for (listener, flaw) in [
        (Listener::Nameless, "localhost as subjectAltName"),
        (Listener::VersionOne, "X.509 version 1"),
    ] {
        let topic = format!("old-fashioned-{listener:?}");
        create(&plain, &topic, 1, &[]).await?;
        let settings = settings(kafka, listener, &[])?;
        produce(&settings, &topic, 1, 0, 1).await.with_context(|| format!("{listener:?}"))?;
        let refused = Client::new(&settings, "test")?.metadata(Some(&[])).await.err();
        let refused = refused.context("the wire client takes it")?;
        assert!(matches!(refused, Error::Tls { .. }), "{refused:?}");
        assert!(refused.to_string().contains(flaw), "{flaw} is not in {refused}");
    }
    let any_host = [("ssl.endpoint.identification.algorithm", "")];
    let settings = settings(kafka, Listener::Nameless, &any_host)?;
    Client::new(&settings, "test")?.metadata(Some(&[])).await?;
    Ok(())
}

/// The outcome of a record that cannot be delivered, with Connect's endless delivery time.
async fn deliver(settings: &ClientSettings) -> Result<ClientError> {
    let (told, outcome) = tokio::sync::oneshot::channel();
    let told = Arc::new(Mutex::new(Some(told)));
    let config = ProducerConfig { share: Share::alone(1 << 20), ..ProducerConfig::default() };
    let producer = Producer::new(settings, config, move |_, outcome| {
        if let Some(told) = told.lock().ok().and_then(|mut told| told.take()) {
            let _ = told.send(outcome);
        }
    })?;
    let record = OutgoingRecord {
        topic: "any",
        partition: None,
        timestamp: None,
        key: None,
        value: Some(b"x"),
        headers: &[],
    };
    producer.send(&record, 1)?;
    let outcome = timeout(LIMIT, outcome).await??;
    let failure = outcome.err().context("the producer was let in")?;
    assert!(producer.send(&record, 2).is_err(), "a refused producer takes no more records");
    producer.close().await;
    Ok(failure)
}

async fn read(settings: &ClientSettings) -> Result<ClientError> {
    let mut reader = consumer(settings, "refused")?;
    reader.subscribe(&["any".to_owned()])?;
    let outcome = timeout(LIMIT, reader.next(&mut Batch::default(), 1)).await?;
    reader.close().await;
    outcome.err().context("the consumer was let in")
}
