//! A text of JSON Schema, understood as Everit's library does (`SchemaLoader`): each schema is of one kind, and one that says
//! several things is all of them at once. References are resolved within the text and among those that the registry holds
//! with it; nothing is fetched from elsewhere.

mod references;

use std::collections::HashMap;

use crate::{
    json::Json,
    names::{INDEX, PARAMETERS, TYPE, VERSION},
};
use references::Texts;

/// Most schemas of a text, those that references lead to among them.
const MOST: usize = 20_000;
/// How deep they may be nested, from reference to reference as well.
const DEEPEST: usize = 128;

const ARRAYS: [&str; 6] =
    ["items", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains"];
const OBJECTS: [&str; 8] = [
    "properties",
    "required",
    "minProperties",
    "maxProperties",
    "dependencies",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
];
const NUMBERS: [&str; 5] =
    ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const TEXTS: [&str; 4] = ["minLength", "maxLength", "pattern", "format"];
const CONDITIONS: [&str; 3] = ["if", "then", "else"];

/// The place of a schema in its document.
pub(crate) type Id = usize;

/// The schemas of a text.
#[derive(Debug)]
pub(crate) struct Document {
    nodes: Vec<Node>,
    pub(crate) root: Id,
    /// The title of the whole, which subjects may be named by.
    pub(crate) title: Option<String>,
}

/// One schema.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) default: Option<Json>,
    /// `connect.type`
    pub(crate) connect_type: Option<String>,
    /// `connect.version`
    pub(crate) version: Option<i32>,
    /// `connect.index`
    pub(crate) index: Option<i32>,
    /// `connect.parameters`
    pub(crate) parameters: Vec<(String, String)>,
}

/// What a schema asks of its values.
#[derive(Debug, Default)]
pub(crate) enum Kind {
    /// Nothing.
    #[default]
    Anything,
    Null,
    Boolean,
    Number {
        integer: bool,
    },
    Text,
    Const(Json),
    Enum(Vec<Json>),
    /// Of the items, if all have one schema.
    Array(Option<Id>),
    Object(Object),
    All(Vec<Id>),
    /// `anyOf` and `oneOf` are told apart by validation alone.
    Any(Vec<Id>),
    Reference(Id),
    /// What describes no type: `false`, `not`, conditions.
    Other(&'static str),
}

#[derive(Debug, Default)]
pub(crate) struct Object {
    pub(crate) properties: Vec<(String, Id)>,
    pub(crate) required: Vec<String>,
    /// The schema of further properties, if there is one.
    pub(crate) additional: Option<Id>,
}

impl Document {
    /// Understands a text; `named` are the references that the registry holds with it. Drafts after 7 count as 7 if
    /// `old_drafts`.
    ///
    /// # Errors
    /// What is wrong, with its place as a JSON pointer.
    pub(crate) fn parse<'a>(
        text: &str,
        named: impl IntoIterator<Item = (&'a str, &'a str)>,
        old_drafts: bool,
    ) -> Result<Self, String> {
        let root = Json::parse(text).map_err(|error| format!("the schema is no JSON: {error}"))?;
        let title = root.get("title").and_then(Json::text).map(str::to_owned);
        let draft = root.get("$schema").and_then(Json::text).unwrap_or_default();
        let is_modern = !old_drafts && (draft.contains("/2019-09/") || draft.contains("/2020-12/"));
        let mut texts = Texts::new(root);
        for (name, text) in named {
            let json = Json::parse(text)
                .map_err(|error| format!("the reference {name} is no JSON: {error}"))?;
            texts.add(name, json);
        }
        let mut loading = Loading {
            texts: &texts,
            nodes: Vec::new(),
            known: HashMap::new(),
            is_modern,
            depth: 0,
        };
        let root = loading.load(0, texts.root(), "#")?;
        Ok(Self { nodes: loading.nodes, root, title })
    }

    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }
}

struct Loading<'a> {
    texts: &'a Texts,
    nodes: Vec<Node>,
    /// What references lead to.
    known: HashMap<*const Json, Id>,
    is_modern: bool,
    depth: usize,
}

impl<'a> Loading<'a> {
    /// Understands the schema at a place of a text.
    fn load(&mut self, text: usize, json: &'a Json, place: &str) -> Result<Id, String> {
        if self.depth == DEEPEST {
            return Err(format!("{place}: the schema is nested deeper than {DEEPEST} levels"));
        }
        let id = self.add(Kind::default())?;
        self.known.insert(json, id);
        self.depth += 1;
        let node = match json {
            Json::Bool(true) => Node::default(),
            Json::Bool(false) => Node { kind: Kind::Other("false"), ..Node::default() },
            Json::Object(_) => self.object(text, json, place)?,
            other => {
                return Err(format!(
                    "{place}: a schema is an object or a boolean, and not {}",
                    other.kind()
                ));
            }
        };
        self.depth -= 1;
        self.nodes[id] = node;
        Ok(id)
    }

    /// One more schema of a kind.
    fn add(&mut self, kind: Kind) -> Result<Id, String> {
        if self.nodes.len() >= MOST {
            return Err(format!("the schema has more than {MOST} parts"));
        }
        self.nodes.push(Node { kind, ..Node::default() });
        Ok(self.nodes.len() - 1)
    }

    fn object(&mut self, text: usize, json: &'a Json, place: &str) -> Result<Node, String> {
        let mut kinds = Vec::new();
        let reference = json.get("$ref");
        if let Some(reference) = reference {
            let reference = reference.text().ok_or_else(|| format!("{place}/$ref is no text"))?;
            kinds.push(Kind::Reference(self.follow(text, reference, place)?));
        }
        // Up to draft 7 a reference stands for all of it.
        if reference.is_none() || self.is_modern {
            self.kinds(text, json, place, &mut kinds)?;
        }
        let kind = match kinds.len() {
            0 => Kind::Anything,
            1 => kinds.pop().unwrap_or_default(),
            _ => {
                // What stands beside them is said of the whole.
                let ids = kinds.into_iter().map(|kind| self.add(kind));
                Kind::All(ids.collect::<Result<_, _>>()?)
            }
        };
        described(kind, json, place)
    }

    /// All that a schema says of its values.
    #[allow(clippy::too_many_lines, reason = "one keyword after the other, read top to bottom")]
    fn kinds(
        &mut self,
        text: usize,
        json: &'a Json,
        place: &str,
        kinds: &mut Vec<Kind>,
    ) -> Result<(), String> {
        if let Some(symbols) = json.get("enum") {
            let symbols = symbols.items().ok_or_else(|| format!("{place}/enum is no list"))?;
            kinds.push(Kind::Enum(symbols.to_vec()));
        }
        for word in ["allOf", "anyOf", "oneOf"] {
            let Some(types) = json.get(word) else { continue };
            let types = types.items().ok_or_else(|| format!("{place}/{word} is no list"))?;
            let mut ids = Vec::new();
            for (index, json) in types.iter().enumerate() {
                ids.push(self.load(text, json, &format!("{place}/{word}/{index}"))?);
            }
            kinds.push(if word == "allOf" { Kind::All(ids) } else { Kind::Any(ids) });
        }
        if json.get("not").is_some() {
            kinds.push(Kind::Other("not"));
        }
        if let Some(it) = json.get("const") {
            kinds.push(Kind::Const(it.clone()));
        }
        let mut named = Vec::new();
        match json.get("type") {
            None => {}
            Some(Json::Text(word)) => {
                named.push(word.as_str());
                kinds.push(self.r#type(text, json, word, place)?);
            }
            Some(Json::List(words)) => {
                let mut ids = Vec::new();
                for word in words {
                    let word = word.text().ok_or_else(|| format!("{place}/type has no name"))?;
                    named.push(word);
                    let kind = self.r#type(text, json, word, place)?;
                    ids.push(self.add(kind)?);
                }
                kinds.push(Kind::Any(ids));
            }
            Some(_) => return Err(format!("{place}/type is neither a name nor a list of names")),
        }
        // What keywords of other types say as well.
        let is = |words: &[&str]| words.iter().any(|it| named.contains(it));
        if json.has_any(&ARRAYS) && !is(&["array"]) {
            kinds.push(self.r#type(text, json, "array", place)?);
        }
        if json.has_any(&OBJECTS) && !is(&["object"]) {
            kinds.push(self.r#type(text, json, "object", place)?);
        }
        if json.has_any(&NUMBERS) && !is(&["integer", "number"]) {
            kinds.push(Kind::Number { integer: false });
        }
        if json.has_any(&TEXTS) && !is(&["string"]) {
            kinds.push(Kind::Text);
        }
        if json.has_any(&CONDITIONS) {
            kinds.push(Kind::Other("if"));
        }
        Ok(())
    }

    fn r#type(
        &mut self,
        text: usize,
        json: &'a Json,
        word: &str,
        place: &str,
    ) -> Result<Kind, String> {
        Ok(match word {
            "null" => Kind::Null,
            "boolean" => Kind::Boolean,
            "integer" => Kind::Number { integer: true },
            "number" => Kind::Number { integer: false },
            "string" => Kind::Text,
            "array" => match json.get("items") {
                Some(items @ (Json::Object(_) | Json::Bool(_))) => {
                    Kind::Array(Some(self.load(text, items, &format!("{place}/items"))?))
                }
                _ => Kind::Array(None),
            },
            "object" => self.properties(text, json, place)?,
            _ => return Err(format!("{place}/type: {word:?} is no type of JSON Schema")),
        })
    }

    fn properties(&mut self, text: usize, json: &'a Json, place: &str) -> Result<Kind, String> {
        let mut object = Object::default();
        if let Some(properties) = json.get("properties") {
            let wrong = || format!("{place}/properties is no object");
            for (name, json) in properties.members().ok_or_else(wrong)? {
                let id = self.load(text, json, &format!("{place}/properties/{name}"))?;
                object.properties.push((name.clone(), id));
            }
        }
        if let Some(additional @ Json::Object(_)) = json.get("additionalProperties") {
            let place = format!("{place}/additionalProperties");
            object.additional = Some(self.load(text, additional, &place)?);
        }
        for name in json.get("required").and_then(Json::items).unwrap_or_default() {
            let name = name.text().ok_or_else(|| format!("{place}/required has no name"))?;
            object.required.push(name.to_owned());
        }
        Ok(Kind::Object(object))
    }

    fn follow(&mut self, text: usize, reference: &str, place: &str) -> Result<Id, String> {
        let (text, json) = self.texts.find(text, reference).ok_or_else(|| {
            format!(
                "{place}: the reference {reference} is neither in the schema nor among those that the registry holds with it"
            )
        })?;
        if let Some(known) = self.known.get(&std::ptr::from_ref(json)) {
            return Ok(*known);
        }
        self.load(text, json, reference)
    }
}

/// A schema with what its text says beside its kind.
fn described(kind: Kind, json: &Json, place: &str) -> Result<Node, String> {
    let text = |name: &str| match json.get(name) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{place}/{name} is no text")),
    };
    let number = |name: &str| match json.get(name) {
        None => Ok(None),
        Some(it) => it.int().map(Some).ok_or_else(|| format!("{place}/{name} is no integer")),
    };
    let mut parameters = Vec::new();
    if let Some(all) = json.get(PARAMETERS) {
        let all = all.members().ok_or_else(|| format!("{place}/{PARAMETERS} is no object"))?;
        for (name, value) in all {
            let value =
                value.text().ok_or_else(|| format!("{place}/{PARAMETERS}/{name} is no text"))?;
            parameters.push((name.clone(), value.to_owned()));
        }
    }
    Ok(Node {
        kind,
        title: text("title")?,
        description: text("description")?,
        default: json.get("default").cloned(),
        connect_type: text(TYPE)?,
        version: number(VERSION)?,
        index: number(INDEX)?,
        parameters,
    })
}

#[cfg(test)]
mod tests;
