//! Datagen keeps what sources owe.

use sluice_connector_datagen::Datagen;
use sluice_plugin::{
    Properties,
    conformance::{Broken, SourceCase, source},
};

#[tokio::test]
async fn datagen_does() -> Result<(), Broken> {
    for (interval, iterations) in [("0", "40"), ("3", "20")] {
        let settings = [
            ("kafka.topic", "t"),
            ("quickstart", "orders"),
            ("random.seed", "7"),
            ("max.interval", interval),
            ("iterations", iterations),
        ];
        let settings: Properties =
            settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let records = iterations.parse().expect("a number");
        source(&SourceCase::new(&Datagen, settings).tasks(2).records(records).ends()).await?;
    }
    Ok(())
}
