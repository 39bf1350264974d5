//! Connect's data as Protobuf and back, as Confluent's `ProtobufData` maps it: schemas to the text of a `.proto` file that
//! a registry holds, text to schemas, and values by plans that are made once for each schema.

mod codec;
mod compatible;
mod compile;
mod converter;
mod decode;
mod definition;
mod encode;
mod from_connect;
mod indexes;
mod known;
mod logical;
mod mapping;
mod names;
mod options;
mod scalar;
mod text;
mod to_connect;
mod wire;

pub use compile::ProtoText;
pub use converter::ProtobufConverter;
pub use mapping::{Decoding, Encoding};
pub use options::MappingOptions;
