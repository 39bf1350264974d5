//! `#[derive(Config)]`: one struct is the definition, the parser and the documentation of a plugin's keys.
//!
//! Each field has `#[config(key = "…")]` and may have `default = "…"`, `importance = High | Medium | Low`, `group = "…"`,
//! `name = "…"` (what user interfaces show), `java = Class` (in place of the Rust type's own) and `check = path`.
//! Its doc comment is the key's documentation. `#[config(check = path)]` on the struct names a `fn(&Self, &mut Report)`
//! for rules over several keys.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, ExprLit, Field, Fields, Ident, Lit, LitStr, Path,
    parse_macro_input,
};

/// Derives `sluice_config::Config`.
#[proc_macro_derive(Config, attributes(config))]
pub fn derive_config(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// What the attributes of one field say.
struct Key {
    field: Ident,
    rust_type: syn::Type,
    text: LitStr,
    default: Option<LitStr>,
    importance: Ident,
    group: Option<LitStr>,
    name: Option<LitStr>,
    java_type: Option<Ident>,
    check: Option<Path>,
    documentation: String,
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
    let keys = fields.named.iter().map(read_field).collect::<Result<Vec<_>, _>>()?;
    let check = read_struct_check(&input.attrs)?;
    let name = &input.ident;
    let definitions = keys.iter().map(definition);
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
            fn parse(
                settings: &::sluice_config::Properties,
            ) -> ::core::result::Result<Self, ::sluice_config::Report> {
                let definition = <Self as ::sluice_config::Config>::definition();
                let mut report = ::sluice_config::Report::of(&definition, settings);
                if !report.is_ok() {
                    return ::core::result::Result::Err(report);
                }
                let text = |name: &str| {
                    settings.get(name).map(::std::string::String::as_str).or_else(|| {
                        match definition.key(name)?.default {
                            ::sluice_config::Default::Value(text) => ::core::option::Option::Some(text),
                            _ => ::core::option::Option::None,
                        }
                    })
                };
                let build = || ::core::option::Option::Some(Self { #(#values),* });
                let ::core::option::Option::Some(parsed) = build() else {
                    for key in &definition.keys {
                        let value = settings.get(key.name).map_or("null", ::std::string::String::as_str);
                        if settings.contains_key(key.name) {
                            report.error(
                                key.name,
                                ::std::format!(
                                    "Invalid value {value} for configuration {}: Value is out of range", key.name
                                ),
                            );
                        }
                    }
                    return ::core::result::Result::Err(report);
                };
                #check
                ::core::result::Result::Ok(parsed)
            }
        }
    })
}

fn read_field(field: &Field) -> Result<Key, Error> {
    let ident =
        field.ident.clone().ok_or_else(|| Error::new_spanned(field, "the field needs a name"))?;
    let mut key = None;
    let mut read = Key {
        field: ident.clone(),
        rust_type: field.ty.clone(),
        text: LitStr::new("", ident.span()),
        default: None,
        importance: Ident::new("Medium", ident.span()),
        group: None,
        name: None,
        java_type: None,
        check: None,
        documentation: documentation(&field.attrs),
    };
    for attribute in field.attrs.iter().filter(|it| it.path().is_ident("config")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("key") {
                key = Some(meta.value()?.parse::<LitStr>()?);
            } else if meta.path.is_ident("default") {
                read.default = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("importance") {
                read.importance = meta.value()?.parse()?;
            } else if meta.path.is_ident("group") {
                read.group = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("name") {
                read.name = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("java") {
                read.java_type = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("check") {
                read.check = Some(meta.value()?.parse()?);
            } else {
                return Err(
                    meta.error("expected key, default, importance, group, name, java or check")
                );
            }
            Ok(())
        })?;
    }
    read.text =
        key.ok_or_else(|| Error::new_spanned(field, "the field needs #[config(key = \"…\")]"))?;
    Ok(read)
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

fn definition(key: &Key) -> Tokens {
    let Key { rust_type, text: name, importance, documentation, .. } = key;
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
        |text| quote! { ::sluice_config::Default::Value(#text) },
    );
    let checked = key.check.as_ref().map(|path| quote! { .checked(#path) });
    let shown = key.group.as_ref().map(|group| {
        let display = key.name.as_ref().unwrap_or(name);
        quote! { .shown(#group, #display) }
    });
    quote! {
        ::sluice_config::ConfigKey::new(
            #name, #java_type, #default, ::sluice_config::Importance::#importance, #documentation,
        ) #checked #shown
    }
}

/// The doc comment as one paragraph.
fn documentation(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| {
        let meta = attribute.meta.require_name_value().ok()?;
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &meta.value else { return None };
        Some(text.value().trim().to_owned())
    };
    attributes
        .iter()
        .filter(|it| it.path().is_ident("doc"))
        .filter_map(line)
        .collect::<Vec<_>>()
        .join(" ")
}
