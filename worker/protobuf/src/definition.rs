//! A file of Protobuf definitions that a Connect schema becomes, and whether it may stand.

use std::collections::HashSet;

use crate::names::is_identifier;

/// A file with one message, under which all others lie.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FileDefinition {
    pub(crate) package: Option<String>,
    pub(crate) imports: Vec<&'static str>,
    pub(crate) message: MessageDefinition,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct MessageDefinition {
    pub(crate) name: String,
    pub(crate) fields: Vec<FieldDefinition>,
    pub(crate) oneofs: Vec<(String, Vec<FieldDefinition>)>,
    pub(crate) messages: Vec<MessageDefinition>,
    pub(crate) enums: Vec<EnumDefinition>,
}

/// What stands before a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    None,
    Optional,
    Repeated,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldDefinition {
    pub(crate) label: Label,
    /// A scalar, the full name of a well-known type, or the name of a type nearby.
    pub(crate) r#type: String,
    pub(crate) name: String,
    pub(crate) number: u32,
    /// Parameters of the option `confluent.field_meta`.
    pub(crate) parameters: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EnumDefinition {
    pub(crate) name: String,
    pub(crate) values: Vec<(String, i32)>,
}

/// The greatest number of a field.
const MOST: u32 = (1 << 29) - 1;
/// Numbers that Protobuf keeps for itself.
const RESERVED: std::ops::RangeInclusive<u32> = 19_000..=19_999;

impl FileDefinition {
    /// Looks for what no Protobuf file may hold. Every name that [`crate::text`] writes has gone through here.
    pub(crate) fn check(&self) -> Result<(), String> {
        for part in self.package.iter().flat_map(|it| it.split('.')) {
            check_name("package", part)?;
        }
        self.message.check()
    }
}

impl MessageDefinition {
    fn check(&self) -> Result<(), String> {
        check_name("schema", &self.name)?;
        let mut names = HashSet::new();
        let mut claim = |what: &str, name: &str| {
            check_name(what, name)?;
            let is_new = names.insert(name.to_owned());
            is_new.then_some(()).ok_or_else(|| {
                format!("The {what} \"{name}\" of \"{}\" has the name of another part", self.name)
            })
        };
        let members = self.oneofs.iter().flat_map(|(_, members)| members);
        let mut numbers = HashSet::new();
        for field in self.fields.iter().chain(members) {
            claim("field", &field.name)?;
            let FieldDefinition { name, number, .. } = field;
            if !(1..=MOST).contains(number) || RESERVED.contains(number) {
                return Err(format!(
                    "Field \"{name}\" has the number {number}, which no field can have"
                ));
            }
            if !numbers.insert(number) {
                return Err(format!("Field \"{name}\" has the number {number} of another field"));
            }
        }
        for (oneof, members) in &self.oneofs {
            claim("union", oneof)?;
            if members.is_empty() {
                return Err(format!("The union \"{oneof}\" has no members"));
            }
        }
        for r#enum in &self.enums {
            claim("enum", &r#enum.name)?;
            for (value, _) in &r#enum.values {
                claim("enum value", value)?;
            }
        }
        for message in &self.messages {
            claim("schema", &message.name)?;
            message.check()?;
        }
        Ok(())
    }
}

fn check_name(what: &str, name: &str) -> Result<(), String> {
    if is_identifier(name) {
        return Ok(());
    }
    Err(format!(
        "The {what} name \"{name}\" is no name in Protobuf (letters, digits and underscores, no digit first): rename it, or \
         set scrub.invalid.names to true"
    ))
}
