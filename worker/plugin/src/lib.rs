//! What a plugin author needs: records, configuration, the plugin traits and their errors.

#[cfg(feature = "conformance")]
pub mod conformance;
mod connector;
mod converter;
mod error;
pub mod files;
mod sink_context;
mod task;
mod transactions;
mod transform;
mod version;

pub use connector::{
    AnySinkConnector, AnySourceConnector, ConnectorPlugin, ExactlyOnceSupport, PluginType,
    SinkConnector, SourceConnector, Watched,
};
pub use converter::{
    Converter, ConverterFactory, ConverterPlugin, ConverterRole, RawHeaders, converter_type,
};
pub use error::{Error, Kind, Result};
pub use sink_context::{ErrantRecordReporter, Reported, SinkContext, SinkWishes};
pub use sluice_config::{self as config, Properties};
pub use sluice_model as model;
pub use task::{OffsetReader, SinkTask, SourceContext, SourceTask, TopicOffsets};
pub use transactions::{TransactionContext, TransactionEnd};
pub use transform::{
    AnyPredicate, AnyTransform, Class, Predicate, PredicatePlugin, Transform, TransformPlugin,
    Verdict,
};
pub use version::{KAFKA_VERSION, usual_version};
