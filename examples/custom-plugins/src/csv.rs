//! A converter for flat rows as lines of CSV (RFC 4180): `7,"a ""quoted"" word",`.

use bytes::Bytes;
use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Error, PluginType, Properties, Result,
    config::{Config, ConfigDef},
    converter_type,
    model::{Field, Schema, SchemaAndValue, SchemaRef, Struct, Type, Value},
};

/// Settings of the converter.
#[derive(Debug, Clone, Config)]
struct CsvConfig {
    /// Names of the columns of what is read. What is written has the columns of its struct.
    #[config(key = "columns", default = "", importance = High)]
    columns: Vec<String>,
}

/// `com.example.CsvConverter`: a struct is a line without a line end. What is read is text, and null where nothing stands.
pub struct CsvConverter;

impl ConverterFactory for CsvConverter {
    fn name(&self) -> &'static str {
        "com.example.CsvConverter"
    }

    fn kinds(&self) -> &'static [PluginType] {
        &[PluginType::Converter]
    }

    fn definition(&self) -> ConfigDef {
        let mut definition = CsvConfig::definition();
        definition.keys.push(converter_type());
        definition
    }

    fn create(&self, settings: &Properties, _: ConverterRole) -> Result<Box<dyn Converter>> {
        let config =
            CsvConfig::parse(settings).map_err(|report| Error::fatal(report.to_string()))?;
        let text = SchemaRef::new(Schema::optional(Type::String));
        let field = |name: &String| Field { name: name.as_str().into(), schema: text.clone() };
        let row = Type::Struct(config.columns.iter().map(field).collect());
        Ok(Box::new(Csv { row: SchemaRef::new(Schema::optional(row)) }))
    }
}

struct Csv {
    /// Schema of what is read.
    row: SchemaRef,
}

impl Converter for Csv {
    fn encode(&mut self, _: &str, _: Option<&SchemaRef>, value: &Value) -> Result<Option<Bytes>> {
        let row = match value {
            Value::Null => return Ok(None),
            Value::Struct(row) => row,
            _ => return Err(Error::bad_record("CSV has rows: the value must be a struct")),
        };
        let mut line = String::new();
        for (index, (field, value)) in row.schema().fields().iter().zip(row.values()).enumerate() {
            if index > 0 {
                line.push(',');
            }
            match value {
                Value::Null => {}
                Value::Struct(_) | Value::Array(_) | Value::Map(_) | Value::Bytes(_) => {
                    return Err(Error::bad_record(format!(
                        "CSV has flat rows: the field {} is none; flatten or remove it first",
                        field.name
                    )));
                }
                Value::String(text) => quote(text, &mut line),
                other => line.push_str(&other.to_string()),
            }
        }
        Ok(Some(line.into()))
    }

    fn decode(&mut self, _: &str, bytes: Option<Bytes>) -> Result<SchemaAndValue> {
        let row = self.row.clone();
        let Some(bytes) = bytes else {
            return Ok(SchemaAndValue { schema: Some(row), value: Value::Null });
        };
        let line = std::str::from_utf8(&bytes)
            .map_err(|cause| Error::bad_record("the line is no UTF-8").because(cause))?;
        let values = cells(line)?;
        if values.len() != row.fields().len() {
            return Err(Error::bad_record(format!(
                "the line has {} cells, and columns names {}",
                values.len(),
                row.fields().len()
            )));
        }
        let value = Value::Struct(Struct::new(row.clone(), values));
        Ok(SchemaAndValue { schema: Some(row), value })
    }
}

/// Text that needs no quotes stands as it is. Empty text has quotes, so that it differs from null.
fn quote(text: &str, line: &mut String) {
    if !text.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        line.push_str(text);
        return;
    }
    line.push('"');
    line.push_str(&text.replace('"', "\"\""));
    line.push('"');
}

/// The cells of a line, from the left to the right; takes as long as the line is.
fn cells(line: &str) -> Result<Vec<Value>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, left) = if let Some(quoted) = rest.strip_prefix('"') {
            let (text, left) = quoted_cell(quoted)?;
            (Value::from(text), left)
        } else {
            let (text, left) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
            (if text.is_empty() { Value::Null } else { Value::from(text) }, left)
        };
        cells.push(cell);
        match left.strip_prefix(',') {
            Some(next) => rest = next,
            None if left.is_empty() => return Ok(cells),
            None => return Err(Error::bad_record("a comma has to follow a cell in quotes")),
        }
    }
}

/// The text up to the closing quote, and what follows that.
fn quoted_cell(mut rest: &str) -> Result<(String, &str)> {
    let mut text = String::new();
    loop {
        let end = rest.find('"').ok_or_else(|| Error::bad_record("a closing quote is missing"))?;
        text.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                text.push('"');
                rest = next;
            }
            None => return Ok((text, rest)),
        }
    }
}
