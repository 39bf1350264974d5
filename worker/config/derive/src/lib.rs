//! `#[derive(Config)]`: one struct is the definition, the parser and the documentation of a plugin's keys.
//!
//! Each field has `#[config(key = "…")]`. Its doc comment is the key's documentation. It may have
//!
//! - `default = "…"`, as a user would write it; without one the key must be set, unless the field is an `Option`
//! - `importance = High | Medium | Low`, and `java = Class` where the Java type is not the Rust type's own
//! - what its value must satisfy: `min = 1`, `max = 9`, `one_of("a", "b")`, `one_of_any_case("A", "B")`, `non_empty`,
//!   `list` or `list("a", "b")` (no duplicates), `check = path` (a `fn(&str) -> Result<(), String>`), or
//!   `valid = expression` (a `Validator`); several count together, in this order
//! - how a form shows it: `group = "…"`, `order = 1` (else its place in the group, from 1), `width = Short`, `name = "…"`,
//!   `dependents("key", …)`, `recommend = expression` (a `Recommender`)
//!
//! `#[config(check = path)]` on the struct names a `fn(&Self, &mut Report)` for rules over several keys.

mod attributes;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Path, parse_macro_input};

use attributes::Key;

/// Derives `sluice_config::Config`.
#[proc_macro_derive(Config, attributes(config))]
pub fn derive_config(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

// One expansion, read top to bottom; cutting the quoted code in two would hide its shape.
#[allow(clippy::too_many_lines)]
fn expand(input: &DeriveInput) -> Result<Tokens, Error> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(input, "settings are a struct with one field for each key"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(input, "settings are a struct with named fields"));
    };
    let keys = fields.named.iter().map(Key::read).collect::<Result<Vec<_>, _>>()?;
    let check = read_struct_check(&input.attrs)?;
    let name = &input.ident;
    let definitions = definitions(&keys);
    let values = keys.iter().map(|Key { field, rust_type, text: key, .. }| {
        quote! { #field: <#rust_type as ::sluice_config::Setting>::from_text(text(#key))? }
    });
    let check = check.map(|path| {
        quote! {
            #path(&parsed, &mut report);
            if !report.is_ok() {
                return ::core::result::Result::Err(report);
            }
        }
    });
    Ok(quote! {
        impl ::sluice_config::Config for #name {
            fn definition() -> ::sluice_config::ConfigDef {
                ::sluice_config::ConfigDef { keys: ::std::vec![#(#definitions),*] }
            }

            #[allow(unused_mut)]
            fn read(
                settings: &::sluice_config::Properties,
            ) -> ::core::result::Result<(Self, ::sluice_config::Report), ::sluice_config::Report> {
                let definition = <Self as ::sluice_config::Config>::definition();
                let mut report = ::sluice_config::Report::to_use(&definition, settings);
                if !report.is_ok() {
                    return ::core::result::Result::Err(report);
                }
                let text = |name: &str| {
                    settings.get(name).map(::std::string::String::as_str).or_else(|| {
                        match &definition.key(name)?.default {
                            ::sluice_config::Default::Value(text) => {
                                ::core::option::Option::Some(text.as_ref())
                            }
                            _ => ::core::option::Option::None,
                        }
                    })
                };
                let build = || ::core::option::Option::Some(Self { #(#values),* });
                let ::core::option::Option::Some(parsed) = build() else {
                    for key in &definition.keys {
                        let value = settings.get(key.name.as_ref()).map_or("null", ::std::string::String::as_str);
                        if settings.contains_key(key.name.as_ref()) {
                            report.error(
                                &key.name,
                                ::std::format!(
                                    "Invalid value {value} for configuration {}: Value is out of range", key.name
                                ),
                            );
                        }
                    }
                    return ::core::result::Result::Err(report);
                };
                #check
                ::core::result::Result::Ok((parsed, report))
            }
        }
    })
}

fn read_struct_check(attributes: &[Attribute]) -> Result<Option<Path>, Error> {
    let mut check = None;
    for attribute in attributes.iter().filter(|it| it.path().is_ident("config")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("check") {
                return Err(meta.error("expected check"));
            }
            check = Some(meta.value()?.parse()?);
            Ok(())
        })?;
    }
    Ok(check)
}

/// The keys as code; one without an order of its own stands after those of its group so far.
fn definitions(keys: &[Key]) -> Vec<Tokens> {
    let place = |index: usize| {
        let group = |key: &Key| key.group.as_ref().map(syn::LitStr::value);
        let own = group(&keys[index]);
        let before = keys[..index].iter().filter(|it| group(it) == own).count();
        i32::try_from(before + 1).unwrap_or(i32::MAX)
    };
    keys.iter().enumerate().map(|(index, key)| definition(key, place(index))).collect()
}

fn definition(key: &Key, place: i32) -> Tokens {
    let Key { rust_type, text: name, importance, documentation, dependents, .. } = key;
    let java_type = key.java_type.as_ref().map_or_else(
        || quote! { <#rust_type as ::sluice_config::Setting>::TYPE },
        |it| quote! { ::sluice_config::Type::#it },
    );
    let default = key.default.as_ref().map_or_else(
        || {
            quote! {
                if <#rust_type as ::sluice_config::Setting>::NULLABLE {
                    ::sluice_config::Default::Null
                } else {
                    ::sluice_config::Default::Required
                }
            }
        },
        |text| quote! { ::sluice_config::Default::value(#text) },
    );
    let validators = key.validators();
    let grouped = key.group.as_ref().map(|group| {
        let order = key.order.as_ref().map_or_else(|| quote! { #place }, |it| quote! { #it });
        quote! { .grouped(#group, #order, ::sluice_config::Width::None) }
    });
    let width = key.width.as_ref().map(|it| quote! { .wide(::sluice_config::Width::#it) });
    let shown = key.name.as_ref().map(|it| quote! { .shown(#it) });
    let dependents =
        (!dependents.is_empty()).then(|| quote! { .with_dependents([#(#dependents),*]) });
    let recommending = key.recommender.as_ref().map(|it| quote! { .recommending(#it) });
    quote! {
        ::sluice_config::ConfigKey::new(
            #name, #java_type, #default, ::sluice_config::Importance::#importance, #documentation,
        ) #(.valid(#validators))* #grouped #width #shown #dependents #recommending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the compiler says about a struct with this field.
    fn told(field: &str) -> String {
        let text = format!("struct Settings {{ {field} }}");
        let input = syn::parse_str(&text).expect("the test's own Rust");
        expand(&input).err().map(|it| it.to_string()).unwrap_or_default()
    }

    #[test]
    fn mistakes_are_told_with_what_to_do() {
        let known = "expected key, default, importance, java, min, max, one_of";
        for (field, expected) in [
            ("/// Why.\n#[config(key = \"a\", min = 1, list(\"x\"))] a: i32", ""),
            ("/// Why.\n a: i32", "the field needs #[config(key = \"…\")]"),
            (
                "#[config(key = \"a\")] a: i32",
                "the field needs a doc comment: it is the key's documentation",
            ),
            ("/// Why.\n#[config(key = \"a\", defualt = \"1\")] a: i32", known),
            (
                "/// Why.\n#[config(key = \"a\", default = 1)] a: i32",
                "expected text in quotes, as a user would write it",
            ),
            (
                "/// Why.\n#[config(key = \"a\", importance = Hi)] a: i32",
                "expected one of High, Medium, Low",
            ),
            (
                "/// Why.\n#[config(key = \"a\", width = Wide)] a: i32",
                "expected one of None, Short, Medium, Long",
            ),
            (
                "/// Why.\n#[config(key = \"a\", java = Text)] a: i32",
                "expected one of String, Int, Short",
            ),
            (
                "/// Why.\n#[config(key = \"a\", one_of = \"x\")] a: i32",
                "expected texts in brackets, such as (\"a\", \"b\")",
            ),
            (
                "/// Why.\n#[config(key = \"a\", order = 1)] a: i32",
                "an order counts within a group: add group = \"…\"",
            ),
        ] {
            let told = told(field);
            assert!(
                told.starts_with(expected) && expected.is_empty() == told.is_empty(),
                "{field}: {told}"
            );
        }
        let tuple = syn::parse_str("struct Settings(i32);").expect("the test's own Rust");
        let error = expand(&tuple).err().map(|it| it.to_string());
        assert_eq!(error.as_deref(), Some("settings are a struct with named fields"));
    }
}
