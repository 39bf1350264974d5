//! Schemas as text, byte for byte that of Avro's Java library (`Schema.toString`).

use std::{collections::HashMap, fmt::Write as _, sync::Arc};

use super::{Avro, Id, Kind, Name};
use crate::json::{Json, write_text};

/// What has been written so far.
struct Printer<'a> {
    avro: &'a Avro,
    out: String,
    /// Types by their full names: each is written once.
    written: HashMap<String, Id>,
    space: Option<Arc<str>>,
}

impl Avro {
    /// The text of the whole.
    ///
    /// # Errors
    /// If two different types have one name.
    pub(crate) fn to_text(&self) -> Result<String, String> {
        let mut printer =
            Printer { avro: self, out: String::new(), written: HashMap::new(), space: None };
        printer.schema(self.root)?;
        Ok(printer.out)
    }

    /// Whether two types of one name are one type (`Schema.equals`).
    fn is_same(&self, left: Id, right: Id, assumed: &mut Vec<(Id, Id)>) -> bool {
        if left == right || assumed.contains(&(left, right)) {
            return true;
        }
        assumed.push((left, right));
        let (one, other) = (self.node(left), self.node(right));
        let mut parts = |left: &Id, right: &Id| self.is_same(*left, *right, assumed);
        let kinds = match (&one.kind, &other.kind) {
            (Kind::Array(left), Kind::Array(right)) | (Kind::Map(left), Kind::Map(right)) => {
                parts(left, right)
            }
            (Kind::Union(left), Kind::Union(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(l, r)| parts(l, r))
            }
            (Kind::Record(left), Kind::Record(right)) => {
                left.name == right.name
                    && left.fields.len() == right.fields.len()
                    && left.fields.iter().zip(&right.fields).all(|(left, right)| {
                        left.name == right.name
                            && left.default == right.default
                            && parts(&left.schema, &right.schema)
                    })
            }
            (Kind::Enum(left), Kind::Enum(right)) => {
                left.name == right.name && left.symbols == right.symbols
            }
            (Kind::Fixed(left), Kind::Fixed(right)) => {
                left.name == right.name && left.size == right.size
            }
            (left, right) => left.word() == right.word(),
        };
        kinds && one.props == other.props
    }
}

impl Printer<'_> {
    #[allow(clippy::too_many_lines, reason = "one arm for each type, read top to bottom")]
    fn schema(&mut self, id: Id) -> Result<(), String> {
        let node = self.avro.node(id);
        let kind = &node.kind;
        if let Some(name) = kind.name()
            && self.reference(name, id)?
        {
            return Ok(());
        }
        match kind {
            Kind::Union(branches) => {
                self.out.push('[');
                for (index, branch) in branches.iter().enumerate() {
                    if index > 0 {
                        self.out.push(',');
                    }
                    self.schema(*branch)?;
                }
                self.out.push(']');
                return Ok(());
            }
            Kind::Array(items) => {
                self.out.push_str("{\"type\":\"array\",\"items\":");
                self.schema(*items)?;
            }
            Kind::Map(values) => {
                self.out.push_str("{\"type\":\"map\",\"values\":");
                self.schema(*values)?;
            }
            Kind::Record(record) => {
                let outer = self.begin("record", &record.name, record.doc.as_deref());
                self.out.push_str(",\"fields\":[");
                for (index, field) in record.fields.iter().enumerate() {
                    self.out.push_str(if index > 0 { ",{\"name\":" } else { "{\"name\":" });
                    write_text(&field.name, &mut self.out);
                    self.out.push_str(",\"type\":");
                    self.schema(field.schema)?;
                    self.member("doc", field.doc.as_deref());
                    if let Some(default) = &field.default {
                        self.out.push_str(",\"default\":");
                        default.write(&mut self.out);
                    }
                    self.out.push('}');
                }
                self.out.push(']');
                self.props(id);
                self.aliases(&record.aliases);
                self.out.push('}');
                self.space = outer;
                return Ok(());
            }
            Kind::Enum(it) => {
                let outer = self.begin("enum", &it.name, it.doc.as_deref());
                self.space = outer;
                self.out.push_str(",\"symbols\":");
                let symbols = it.symbols.iter().map(|it| Json::Text((**it).to_owned()));
                Json::List(symbols.collect()).write(&mut self.out);
                self.member("default", it.default.as_deref());
            }
            Kind::Fixed(it) => {
                let outer = self.begin("fixed", &it.name, it.doc.as_deref());
                self.space = outer;
                let _ = write!(self.out, ",\"size\":{}", it.size);
            }
            _ if node.props.is_empty() => {
                write_text(kind.word(), &mut self.out);
                return Ok(());
            }
            _ => {
                self.out.push_str("{\"type\":");
                write_text(kind.word(), &mut self.out);
            }
        }
        self.props(id);
        self.out.push('}');
        Ok(())
    }

    /// Writes the name of a type that was written before; whether it was.
    fn reference(&mut self, name: &Name, id: Id) -> Result<bool, String> {
        let full = name.to_full();
        let Some(known) = self.written.get(&full) else {
            self.written.insert(full, id);
            return Ok(false);
        };
        if *known != id && !self.avro.is_same(*known, id, &mut Vec::new()) {
            return Err(format!("Can't redefine: {full}"));
        }
        let is_near = name.space.is_none() || name.space == self.space;
        write_text(if is_near { &name.name } else { &full }, &mut self.out);
        Ok(true)
    }

    /// Writes kind, name and doc; returns the namespace around it, which has to be set again.
    fn begin(&mut self, word: &str, name: &Name, doc: Option<&str>) -> Option<Arc<str>> {
        self.out.push_str("{\"type\":");
        write_text(word, &mut self.out);
        self.member("name", Some(&name.name));
        if name.space != self.space {
            self.member("namespace", Some(name.space.as_deref().unwrap_or_default()));
        }
        self.member("doc", doc);
        std::mem::replace(&mut self.space, name.space.clone())
    }

    fn member(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.out.push(',');
            write_text(name, &mut self.out);
            self.out.push(':');
            write_text(text, &mut self.out);
        }
    }

    fn props(&mut self, id: Id) {
        let avro = self.avro;
        for (name, value) in &avro.node(id).props {
            self.out.push(',');
            write_text(name, &mut self.out);
            self.out.push(':');
            value.write(&mut self.out);
        }
    }

    fn aliases(&mut self, aliases: &[String]) {
        if !aliases.is_empty() {
            self.out.push_str(",\"aliases\":");
            Json::List(aliases.iter().cloned().map(Json::Text).collect()).write(&mut self.out);
        }
    }
}
