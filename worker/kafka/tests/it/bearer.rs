//! Sessions that brokers end after seconds (KIP-368), and tokens that last hardly longer: all clients go on, by whatever they
//! log in.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use sluice_kafka::{
    Batch, ClientError, ClientSettings, Logins, OutgoingRecord, Producer, ProducerConfig,
    RecordMetadata, Share,
    wire::{Client, Error},
};
use sluice_kit::{
    issuer::{CLIENT, TokenIssuer},
    java,
    kafka::{KafkaServer, Listener},
};
use tokio::{sync::mpsc, time::timeout};

use crate::support::{LIMIT, consumer, create, produce, settings};

const LIFETIME: Duration = Duration::from_secs(5);
const SESSION: Duration = Duration::from_secs(2);
/// Tokens of which each client sees the end.
const TOKENS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn clients_outlive_their_sessions_and_tokens() -> Result<()> {
    sluice_kit::require!(java::missing());
    let issuer = TokenIssuer::start(LIFETIME).await?;
    let kafka = issuer.broker(SESSION).await?;
    let logins = Logins::default();
    let bearer = ClientSettings::parse_with(&issuer.client(&kafka), &logins)?;
    let scram = settings(&kafka, Listener::SaslPlaintext, &[])?;
    tokio::try_join!(outlives(&issuer, "bearer", bearer), outlives(&issuer, "scram", scram))?;
    // All clients of these settings had the same tokens.
    ensure!(issuer.issued() <= TOKENS + 2, "{} tokens were asked for", issuer.issued());
    as_strimzi_has_it(&issuer, &kafka).await?;
    waits(&issuer, &kafka).await?;
    refused(&issuer, &kafka).await
}

/// With the options of Strimzi's handler.
async fn as_strimzi_has_it(issuer: &TokenIssuer, kafka: &KafkaServer) -> Result<()> {
    let ((client, secret), url) = (CLIENT, issuer.url());
    let class = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule";
    let mut keys: BTreeMap<_, _> = issuer.client(kafka);
    for (key, value) in [
        (
            "sasl.login.callback.handler.class",
            "io.strimzi.kafka.oauth.client.JaasClientOauthLoginCallbackHandler".to_owned(),
        ),
        (
            "sasl.jaas.config",
            format!(
                "{class} required oauth.client.id=\"{client}\" oauth.client.secret=\"{secret}\" \
                 oauth.token.endpoint.uri=\"{url}\";"
            ),
        ),
    ] {
        keys.insert(key.to_owned(), value);
    }
    let settings = ClientSettings::parse(&keys)?;
    create(&settings, "strimzi", 1, &[]).await?;
    produce(&settings, "strimzi", 1, 0, 10).await
}

async fn outlives(issuer: &TokenIssuer, topic: &str, settings: ClientSettings) -> Result<()> {
    create(&settings, topic, 1, &[]).await?;
    let (told, mut outcomes) = mpsc::channel(1000);
    let producer = producer(&settings, told)?;
    let mut reader = consumer(&settings, topic)?;
    reader.subscribe(&[topic.to_owned()])?;
    let client = Client::new(&settings, "test")?;
    let mut number = 0;
    while issuer.issued() < TOKENS {
        let value = number.to_string();
        send(&producer, topic, value.as_bytes())?;
        timeout(LIMIT, outcomes.recv()).await?.context("an outcome")??;
        let mut batch = Batch::default();
        while batch.is_empty() {
            let event = timeout(LIMIT, reader.next(&mut batch, 1)).await??;
            if let sluice_kafka::Event::Assigned(partitions) = event {
                reader.acknowledge_assigned(&partitions, &sluice_kafka::TopicOffsets::new());
            }
        }
        let read = batch.iter().next().and_then(|it| it.value);
        ensure!(read.as_deref() == Some(value.as_bytes()), "{read:?} instead of {value}");
        client.metadata(Some(&[])).await?;
        number += 1;
    }
    reader.close().await;
    producer.close().await;
    Ok(())
}

/// For an endpoint that is away.
async fn waits(issuer: &TokenIssuer, kafka: &KafkaServer) -> Result<()> {
    let mut keys: BTreeMap<_, _> = issuer.client(kafka);
    keys.insert("sasl.login.retry.backoff.max.ms".to_owned(), "100".to_owned());
    let client = Client::new(&ClientSettings::parse(&keys)?, "test")?;
    issuer.be_away(true);
    let error = client.metadata(Some(&[])).await.err().context("there is a token")?;
    ensure!(matches!(error, Error::Login { .. }) && error.is_retriable(), "{error:?}");
    issuer.be_away(false);
    client.metadata(Some(&[])).await.map(drop).map_err(Into::into)
}

/// What each client says that is not let in.
async fn refused(issuer: &TokenIssuer, kafka: &KafkaServer) -> Result<()> {
    let mut keys: BTreeMap<_, _> = issuer.client(kafka);
    keys.insert(
        "sasl.oauthbearer.client.credentials.client.secret".to_owned(),
        "hunter2".to_owned(),
    );
    let settings = ClientSettings::parse(&keys)?;
    let refused = Client::new(&settings, "test")?.metadata(Some(&[])).await.err();
    let refused = refused.context("the wire client was let in")?;
    ensure!(
        matches!(&refused, Error::Authentication { mechanism: "OAUTHBEARER", user, .. } if user == CLIENT.0),
        "{refused:?}"
    );
    let (told, mut outcomes) = mpsc::channel(1);
    let producer = producer(&settings, told)?;
    // It may have learned of it before.
    let failure = if let Err(error) = send(&producer, "any", b"x") {
        error
    } else {
        let outcome = timeout(LIMIT, outcomes.recv()).await?.context("an outcome")?;
        outcome.err().context("the producer was let in")?.into()
    };
    producer.close().await;
    for told in [refused.to_string(), failure.to_string()] {
        for part in [issuer.url(), "invalid_client", "401"] {
            ensure!(told.contains(part), "{part} is not in {told}");
        }
        ensure!(!told.contains("hunter2"), "{told}");
    }
    Ok(())
}

type Outcome = Result<RecordMetadata, ClientError>;

fn producer(settings: &ClientSettings, told: mpsc::Sender<Outcome>) -> Result<Producer> {
    let config = ProducerConfig { share: Share::alone(1 << 20), ..ProducerConfig::default() };
    let told = move |_, outcome| drop(told.try_send(outcome));
    Ok(Producer::new(settings, config, told)?)
}

fn send(producer: &Producer, topic: &str, value: &[u8]) -> Result<()> {
    let (key, headers) = (None, &[][..]);
    let (partition, timestamp) = (None, None);
    let record = OutgoingRecord { topic, partition, timestamp, key, value: Some(value), headers };
    Ok(producer.send(&record, 1)?)
}
