//! Schemas that say several things of one value (`JsonSchemaData.allOfToConnectSchema`).

use sluice_plugin::model::SchemaRef;

use super::{Shape, Translation, described, in_java_order};
use crate::{
    document::{Id, Kind, Node},
    read::Read,
};

impl Translation<'_> {
    /// What all of the schemas say together: the properties of all, else a choice among types, else one plain type.
    pub(super) fn all(
        &mut self,
        types: &[Id],
        version: Option<i32>,
        optional: bool,
    ) -> Result<(SchemaRef, Read), String> {
        let mut properties = Vec::new();
        let mut seen = Vec::new();
        for id in types {
            self.collect(*id, &mut properties, &mut seen)?;
        }
        if !properties.is_empty() {
            let named: Vec<(&str, Id, bool)> =
                properties.iter().map(|(name, id, it)| (name.as_str(), *id, *it)).collect();
            let shape: Shape = self.row(&named)?;
            return described(&Node::default(), shape, None, optional);
        }
        let document = self.document;
        let last = |is_it: fn(&Kind) -> bool| {
            types.iter().rev().copied().find(|id| is_it(&document.node(*id).kind))
        };
        let combined = last(|it| matches!(it, Kind::All(_) | Kind::Any(_)));
        let constant = last(|it| matches!(it, Kind::Const(_)));
        let symbols = last(|it| matches!(it, Kind::Enum(_)));
        let number = last(|it| matches!(it, Kind::Number { .. }));
        let text = last(|it| matches!(it, Kind::Text));
        let reference = last(|it| matches!(it, Kind::Reference(_)));
        let other = last(|it| matches!(it, Kind::Boolean | Kind::Array(_) | Kind::Object(_)));
        let found = match (combined, constant, symbols, text) {
            (Some(combined), ..) => Some(combined),
            (None, Some(_), _, text) => text.or(number),
            (None, None, Some(symbols), Some(_)) => Some(symbols),
            (None, None, Some(_), None) => number,
            (None, None, None, Some(text)) => number.or(Some(text)),
            (None, None, None, None) => reference.or(number),
        };
        // Java leaves out these, and refuses the schema.
        let found = found.or(other).or(symbols).or(constant);
        let found = found.ok_or("allOf describes no type of Connect: name a type")?;
        self.schema(found, version, optional)
    }

    /// The properties that a schema and those in it describe; of one name the last counts, at the place of the first.
    fn collect(
        &self,
        id: Id,
        properties: &mut Vec<(String, Id, bool)>,
        seen: &mut Vec<Id>,
    ) -> Result<(), String> {
        if seen.contains(&id) {
            return Ok(());
        }
        if seen.len() == super::DEEPEST {
            return Err(format!("allOf has more than {} parts", super::DEEPEST));
        }
        seen.push(id);
        match &self.document.node(id).kind {
            Kind::All(types) => {
                for id in types {
                    self.collect(*id, properties, seen)?;
                }
            }
            Kind::Object(object) => {
                for (name, id) in in_java_order(object) {
                    let is_required = object.required.iter().any(|it| it == name);
                    match properties.iter_mut().find(|(known, ..)| known == name) {
                        Some(known) => (known.1, known.2) = (id, is_required),
                        None => properties.push((name.to_owned(), id, is_required)),
                    }
                }
            }
            Kind::Reference(target) => self.collect(*target, properties, seen)?,
            _ => {}
        }
        Ok(())
    }
}
