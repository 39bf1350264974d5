//! A class that the workers do not have, in words for whoever wrote it. Pure.

use std::collections::BTreeSet;

use crate::connect_api;

/// Java's words for it. It answers 500, so that only they tell this from a fault of the worker.
const WORDS: &str = "Failed to find any class that implements Connector";
/// What stands before the name of each class that there is (`PluginDesc.toString`).
const BEFORE_A_CLASS: &str = "klass=class ";
/// Most classes that are named.
const MOST: usize = 30;

/// A class that the workers do not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "spec.class: the workers have no connector class {class}; correct it, or give spec.image of the KafkaConnect an \
     image that has it{}",
    .known.as_deref().map(|it| format!(". There are: {it}")).unwrap_or_default()
)]
pub struct UnknownClass {
    class: String,
    /// What they have, if they told.
    known: Option<String>,
}

/// What an answer of the workers says about a class that they do not have; none of other answers.
pub fn of(error: &connect_api::Error, class: &str) -> Option<UnknownClass> {
    let connect_api::Error::Refused { message, .. } = error else { return None };
    message.contains(WORDS).then(|| UnknownClass { class: class.to_owned(), known: known(message) })
}

fn known(message: &str) -> Option<String> {
    let name = |rest: &str| rest.split([',', '}']).next().map(|it| it.trim().to_owned());
    let classes: BTreeSet<String> =
        message.split(BEFORE_A_CLASS).skip(1).filter_map(name).collect();
    let mut named = classes.iter().take(MOST).cloned().collect::<Vec<_>>();
    match classes.len().saturating_sub(MOST) {
        0 if named.is_empty() => return None,
        0 => {}
        more => named.push(format!("and {more} more")),
    }
    Some(named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: &str) -> Option<String> {
        let message = message.to_owned();
        of(&connect_api::Error::Refused { status: 500, message }, "x.Y").map(|it| it.to_string())
    }

    #[test]
    fn the_message_names_the_class_what_to_do_and_what_there_is() {
        let words = format!("{WORDS} and which name matches x.Y, available connectors are: ");
        let plugin = |class: &str| {
            format!("PluginDesc{{klass=class {class}, name='{class}', version='1', location='l'}}")
        };
        let advice = "spec.class: the workers have no connector class x.Y; correct it, or give spec.image of the \
                      KafkaConnect an image that has it";
        let two = format!("{words}{}, {}", plugin("b.Sink"), plugin("a.Source"));
        assert_eq!(told(&two), Some(format!("{advice}. There are: a.Source, b.Sink")));
        assert_eq!(told(&words), Some(advice.to_owned()));
        let many: Vec<String> = (10..45).map(|it| plugin(&format!("c{it}"))).collect();
        let many = told(&format!("{words}{}", many.join(", "))).unwrap();
        assert!(many.ends_with(", c39, and 5 more"), "{many}");
        assert_eq!(told("out of memory"), None);
    }
}
