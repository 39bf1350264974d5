//! Defaults as JSON, as org.json prints them and Jackson reads them again.

use sluice_converters::tree;
use sluice_plugin::model::{Decimal, Schema, Type, Value};

use super::{in_order, member};
use crate::{
    Options,
    json::Json,
    names::{KEY, VALUE, has_names, is_union},
};

/// The JSON of a default.
pub(super) fn of(schema: &Schema, value: &Value, options: &Options) -> Result<Json, String> {
    match (&schema.r#type, value) {
        (_, Value::Null) => match &schema.default {
            Some(default) if !options.ignore_default && !default.is_null() => {
                of(schema, default, options)
            }
            _ => Ok(Json::Null),
        },
        (Type::Array(items), Value::Array(values)) => {
            let values = values.iter().map(|it| of(items, it, options));
            Ok(Json::List(values.collect::<Result<_, _>>()?))
        }
        (Type::Map(keys, values), Value::Map(entries)) => {
            let mut all = Vec::new();
            for (key, value) in entries {
                all.push((of(keys, key, options)?, of(values, value, options)?));
            }
            if !has_names(keys) {
                let entry = |(key, value)| {
                    Json::Object(in_order(vec![member(KEY, key), member(VALUE, value)]))
                };
                return Ok(Json::List(all.into_iter().map(entry).collect()));
            }
            let named = |(key, value): (Json, Json)| match key {
                Json::Text(name) => Ok((name, value)),
                other => Err(format!("{} is no key of a map in a default", other.to_text())),
            };
            let members = all.into_iter().map(named).collect::<Result<_, _>>()?;
            Ok(Json::Object(in_order(members)))
        }
        (Type::Struct(fields), Value::Struct(row)) => {
            let mut members = Vec::new();
            for (field, value) in fields.iter().zip(row.values()) {
                let json = of(&field.schema, value, options)?;
                if is_union(schema) {
                    if json != Json::Null {
                        return Ok(json);
                    }
                } else if json != Json::Null || field.schema.optional {
                    members.push(member(&field.name, json));
                }
            }
            Ok(if is_union(schema) { Json::Null } else { Json::Object(in_order(members)) })
        }
        _ => plain(schema, value, options),
    }
}

/// A default without parts.
fn plain(schema: &Schema, value: &Value, options: &Options) -> Result<Json, String> {
    let is_finite = match value {
        Value::Float32(it) => it.is_finite(),
        Value::Float64(it) => it.is_finite(),
        _ => true,
    };
    if !is_finite {
        return Err(format!("the default {value} is no number of JSON"));
    }
    let mut text = String::new();
    tree::write_plain(&mut text, schema, value, options.numeric).map_err(|it| it.to_string())?;
    Ok(match Json::parse(&text)? {
        Json::Number(number) => Json::Number(shortened(&number)),
        other => other,
    })
}

/// `JSONObject.numberToString`, then `BigDecimal.toString`.
fn shortened(number: &str) -> String {
    if number.contains(['e', 'E']) {
        let decimal = Decimal::parse(number).map(|it| it.to_string());
        return decimal.unwrap_or_else(|| number.to_owned());
    }
    if !number.contains('.') {
        return number.to_owned();
    }
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_what_org_json_leaves_out() {
        for (number, expected) in [
            ("1.0", "1"),
            ("1.50", "1.5"),
            ("100", "100"),
            ("1.5E10", "1.5E+10"),
            ("1.0E-5", "0.000010"),
            ("-0.25", "-0.25"),
        ] {
            assert_eq!(shortened(number), expected);
        }
    }
}
