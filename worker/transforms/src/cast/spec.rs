//! The key `spec`.

use sluice_config::Validator;

use super::{Casts, Target};
use crate::settings;

/// What to cast.
pub(super) enum Spec {
    /// The whole key or value.
    Whole(Target),
    /// These fields.
    Fields(Casts),
}

impl Spec {
    /// Reads pairs `field:type`, or one type. Of two pairs for the same field the last counts. Casts come in the order
    /// of a `HashMap`.
    pub(super) fn parse(mappings: &[String]) -> Result<Self, String> {
        let mut casts = Casts::new();
        let mut whole = None;
        if mappings.is_empty() {
            return Err("Must specify at least one field to cast.".to_owned());
        }
        for mapping in mappings {
            // As in Java, colons at the end do not count.
            match *mapping.trim_end_matches(':').split(':').collect::<Vec<_>>() {
                [r#type] => whole = Some(target(r#type)?),
                [field, r#type] => {
                    let (field, target) = (trim(field), target(r#type)?);
                    match casts.iter_mut().find(|(known, _)| **known == *field) {
                        Some((_, known)) => *known = target,
                        None => casts.push((field.into(), target)),
                    }
                }
                _ => {
                    // Java names this key, too.
                    let reason = format!("Invalid rename mapping: {mapping}");
                    return Err(settings::invalid_list("renames", mappings, &reason));
                }
            }
        }
        match whole {
            None => {
                let order: Vec<String> = casts.iter().map(|(field, _)| field.to_string()).collect();
                let order = settings::as_a_set(&order);
                casts.sort_by_key(|(field, _)| order.iter().position(|it| **it == **field));
                Ok(Self::Fields(casts))
            }
            Some(target) if mappings.len() == 1 => Ok(Self::Whole(target)),
            Some(_) => Err("Cast transformations that specify a type to cast the entire value to may only specify a single cast in \
                 their spec".to_owned()),
        }
    }
}

/// What `spec` has to be.
pub(super) fn validator() -> Validator {
    let describes = "list of colon-delimited pairs, e.g. <code>foo:bar,abc:xyz</code>";
    settings::readable(describes, Spec::parse)
}

/// `String.trim`.
fn trim(text: &str) -> &str {
    text.trim_matches(|it: char| it <= ' ')
}

fn target(text: &str) -> Result<Target, String> {
    let text = trim(text);
    let name = text.to_uppercase();
    if let Some(target) = Target::ALL.into_iter().find(|it| it.name() == name) {
        return Ok(target);
    }
    Err(if ["BYTES", "ARRAY", "MAP", "STRUCT"].contains(&&*name) {
        format!(
            "Cast transformation does not support casting to {name}; supported types are [{}]",
            Target::ALL.map(Target::name).join(", ")
        )
    } else {
        let message = format!("Invalid type found in casting spec: {text}");
        let cause = format!("No enum constant org.apache.kafka.connect.data.Schema.Type.{name}");
        settings::caused(&message, &cause)
    })
}
