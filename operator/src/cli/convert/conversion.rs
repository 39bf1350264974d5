//! One manifest on its way: what is still to be looked at, what has been made, and the book of both.

use serde_json::{Map, Value, json};

use super::fit::{Way, fit, list, schema_at};
use super::ledger::{Ledger, child, leaves};

/// Where a field of the source goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// To this field of our spec, as far as that takes it.
    To(&'static str),
    /// To this field, unless ours has one of the same name.
    Else(&'static str),
    /// Nowhere, for this reason.
    Nowhere(&'static str),
}

/// A row of a table: a field of the source's spec, and its fate.
pub(super) type Row = (&'static str, Fate);

/// A conversion under way.
#[derive(Debug)]
pub(super) struct Conversion {
    /// What of the source nobody has looked at yet.
    rest: Value,
    /// Our schema of `spec`.
    schema: Value,
    /// Our spec.
    spec: Value,
    /// What became of each field.
    pub(super) ledger: Ledger,
}

impl Conversion {
    /// Begins with a manifest that becomes a resource with this schema of `spec`.
    pub(super) fn new(source: Value, schema: Value) -> Self {
        Self { rest: source, schema, spec: json!({}), ledger: Ledger::default() }
    }

    /// What is left at a path of the source, to look at.
    pub(super) fn look(&self, path: &str) -> &Value {
        path.split('.').fold(&self.rest, |value, step| &value[step])
    }

    /// Takes what the source has at a path, and what is around it once nothing else is in there. Who takes it says what
    /// becomes of it.
    pub(super) fn take(&mut self, path: &str) -> Option<Value> {
        let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
        let mut steps = parent.split('.').filter(|step| !step.is_empty());
        let fields = steps.try_fold(&mut self.rest, |value, step| value.get_mut(step))?;
        let fields = fields.as_object_mut()?;
        let taken = fields.remove(last)?;
        if fields.is_empty() && !parent.is_empty() {
            self.take(parent);
        }
        Some(taken)
    }

    /// Takes one entry of a map at the top whose keys may have dots.
    pub(super) fn take_entry(&mut self, map: &str, key: &str) -> Option<Value> {
        self.rest.get_mut(map)?.as_object_mut()?.remove(key)
    }

    /// Whether our spec has a field at a path.
    pub(super) fn has_field(&self, path: &str) -> bool {
        !schema_at(&self.schema, path).is_null()
    }

    /// What our spec holds at a path so far.
    pub(super) fn made(&self, path: &str) -> &Value {
        path.split('.').fold(&self.spec, |value, step| &value[step])
    }

    /// Puts a value that came from the source at `from` to a field of our spec, as far as that takes it. Lists are added
    /// to those that are there.
    pub(super) fn put(&mut self, from: &str, to: &str, value: Value) {
        let schema = schema_at(&self.schema, to);
        if schema.is_null() {
            self.ledger.leave(from, "Sluice has no such field");
            return;
        }
        let way = Way::new(from, format!("spec.{to}"));
        let there = self.made(to);
        let fitted = match value {
            Value::Array(items) if there.is_array() => {
                let mut all = there.as_array().cloned().unwrap_or_default();
                all.extend(list(schema, items, all.len(), &way, &mut self.ledger));
                Some(Value::Array(all))
            }
            Value::Object(fields) if there.is_object() => {
                for (key, field) in fields {
                    self.put_field(from, to, &key, field);
                }
                return;
            }
            value => fit(schema, value, &way, &mut self.ledger),
        };
        if let Some(fitted) = fitted {
            *at(&mut self.spec, to) = fitted;
        }
    }

    /// Puts one field of an object that is there.
    fn put_field(&mut self, from: &str, to: &str, key: &str, value: Value) {
        let from = child(from, key);
        if !key.contains('.') {
            return self.put(&from, &format!("{to}.{key}"), value);
        }
        let map = schema_at(&self.schema, to);
        let is_free = map["x-kubernetes-preserve-unknown-fields"] == true;
        let schema = if is_free { map } else { &map["additionalProperties"] };
        let way = Way::new(from, child(&format!("spec.{to}"), key));
        if let Some(fitted) = fit(schema, value, &way, &mut self.ledger) {
            at(&mut self.spec, to)[key] = fitted;
        }
    }

    /// Puts an entry into a free map of our spec; its key may have dots.
    pub(super) fn put_entry(&mut self, from: &str, to: &str, key: &str, value: Value) {
        self.ledger.moved(from, &child(&format!("spec.{to}"), key), &value);
        self.write_entry(to, key, value);
    }

    /// Writes an entry that nobody gave into a free map of our spec.
    pub(super) fn write_entry(&mut self, to: &str, key: &str, value: Value) {
        let map = at(&mut self.spec, to);
        if !map.is_object() {
            *map = json!({});
        }
        map[key] = value;
    }

    /// Writes a field that nobody gave, and says so.
    pub(super) fn write(&mut self, to: &str, value: Value, why: &str) {
        self.ledger.remark(&format!("spec.{to}"), format!("{value} is written: {why}"));
        *at(&mut self.spec, to) = value;
    }

    /// Adds items that nobody gave to a list, and says so.
    pub(super) fn add(&mut self, to: &str, items: Vec<Value>, why: &str) {
        let list = at(&mut self.spec, to);
        if !list.is_array() {
            *list = json!([]);
        }
        for item in items {
            self.ledger.remark(&format!("spec.{to}"), format!("{item} is added: {why}"));
            if let Some(list) = list.as_array_mut() {
                list.push(item);
            }
        }
    }

    /// Deals with the fields of a table.
    pub(super) fn follow(&mut self, table: &[Row]) {
        for (path, fate) in table {
            let source = format!("spec.{path}");
            let is_ours = self.has_field(path);
            match fate {
                Fate::Else(_) if is_ours => {}
                Fate::To(to) | Fate::Else(to) => {
                    if let Some(value) = self.take(&source) {
                        self.put(&source, to, value);
                    }
                }
                Fate::Nowhere(why) => {
                    if self.take(&source).is_some() {
                        self.ledger.leave(&source, *why);
                    }
                }
            }
        }
    }

    /// Leaves out what is left of the source's spec, namesakes of our fields among it. Value by value: others around them
    /// may have been moved.
    pub(super) fn leave_rest(&mut self) {
        for path in self.take("spec").iter().flat_map(leaves) {
            self.ledger.leave(&format!("spec{path}"), "Sluice has no such field");
        }
    }

    /// Moves what is left of the source's spec to the fields of the same names, and leaves out what has none.
    pub(super) fn finish(mut self) -> (Value, Ledger) {
        if let Some(Value::Object(fields)) = self.take("spec") {
            for (key, field) in fields {
                self.put(&format!("spec.{key}"), &key, field);
            }
        }
        if self.take("status").is_some() {
            self.ledger.leave("status", "the operator writes it");
        }
        for (key, _) in std::mem::take(&mut self.rest).as_object().into_iter().flatten() {
            self.ledger.leave(key, "Sluice has no such field");
        }
        (self.spec, self.ledger)
    }
}

/// The place of a path in a value, made if it is not there.
fn at<'a>(value: &'a mut Value, path: &str) -> &'a mut Value {
    path.split('.').fold(value, |value, step| {
        if !value.is_object() {
            *value = Value::Object(Map::new());
        }
        &mut value[step]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversion(spec: &Value) -> Conversion {
        let text = || json!({"type": "string"});
        let schema = json!({"type": "object", "properties": {
            "a": text(),
            "list": {"type": "array", "items": text()},
            "deep": {"type": "object", "properties": {"a": text(), "b": text()}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        }});
        Conversion::new(json!({"spec": spec, "status": {"x": 1}, "odd": 1}), schema)
    }

    #[test]
    fn fields_go_where_the_table_says_and_else_to_their_namesakes() {
        let spec = json!({
            "a": "1", "old": ["x"], "list": ["y"], "gone": {"b": 1}, "below": {"a": "2"},
            "deep": {"b": "3", "c": 4}, "over": 5,
        });
        let mut conversion = conversion(&spec);
        conversion.follow(&[
            ("a", Fate::Else("free.a")),
            ("list", Fate::To("list")),
            ("old", Fate::To("list")),
            ("gone", Fate::Nowhere("it is gone")),
            ("below", Fate::To("deep")),
            ("over", Fate::Else("free.spec.over")),
        ]);
        let (spec, ledger) = conversion.finish();
        assert_eq!(
            spec,
            json!({"a": "1", "list": ["y", "x"], "deep": {"a": "2", "b": "3"}, "free": {"spec": {"over": 5}}})
        );
        let left: Vec<String> = ledger.left.iter().map(ToString::to_string).collect();
        assert_eq!(
            left,
            [
                "spec.gone: it is gone",
                "spec.deep.c: Sluice has no such field",
                "status: the operator writes it",
                "odd: Sluice has no such field",
            ]
        );
        let moved = ("spec.old[0]".to_owned(), "spec.list[1]".to_owned());
        assert!(ledger.moved.contains(&moved), "{:?}", ledger.moved);
    }
}
