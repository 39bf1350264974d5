//! What the attributes of one field say.

use proc_macro2::TokenStream as Tokens;
use quote::{ToTokens, quote};
use syn::{
    Attribute, Error, Expr, ExprLit, Field, Ident, Lit, LitStr, Path, Token, meta::ParseNestedMeta,
    parenthesized, punctuated::Punctuated,
};

const KNOWN: &str = "expected key, default, importance, java, min, max, one_of, one_of_any_case, non_empty, list, check, \
                     valid, group, order, width, name, dependents or recommend";

/// One field and its attributes.
pub(crate) struct Key {
    pub(crate) field: Ident,
    pub(crate) rust_type: syn::Type,
    pub(crate) text: LitStr,
    pub(crate) default: Option<LitStr>,
    pub(crate) importance: Ident,
    pub(crate) group: Option<LitStr>,
    pub(crate) order: Option<Expr>,
    pub(crate) width: Option<Ident>,
    pub(crate) name: Option<LitStr>,
    pub(crate) java_type: Option<Ident>,
    pub(crate) dependents: Vec<LitStr>,
    pub(crate) recommender: Option<Expr>,
    pub(crate) documentation: String,
    limits: (Option<Expr>, Option<Expr>),
    one_of: Option<Vec<LitStr>>,
    one_of_any_case: Option<Vec<LitStr>>,
    is_non_empty: bool,
    list: Option<Vec<LitStr>>,
    check: Option<Path>,
    valid: Option<Expr>,
}

impl Key {
    /// Reads a field; errors stand at the attribute that is wrong.
    pub(crate) fn read(field: &Field) -> Result<Self, Error> {
        let ident = field
            .ident
            .clone()
            .ok_or_else(|| Error::new_spanned(field, "the field needs a name"))?;
        let mut text = None;
        let mut read = Self {
            field: ident.clone(),
            rust_type: field.ty.clone(),
            text: LitStr::new("", ident.span()),
            default: None,
            importance: Ident::new("Medium", ident.span()),
            group: None,
            order: None,
            width: None,
            name: None,
            java_type: None,
            dependents: Vec::new(),
            recommender: None,
            documentation: documentation(&field.attrs),
            limits: (None, None),
            one_of: None,
            one_of_any_case: None,
            is_non_empty: false,
            list: None,
            check: None,
            valid: None,
        };
        for attribute in field.attrs.iter().filter(|it| it.path().is_ident("config")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("key") {
                    text = Some(meta.value()?.parse::<LitStr>()?);
                    return Ok(());
                }
                read.attribute(&meta)
            })?;
        }
        read.text = text
            .ok_or_else(|| Error::new_spanned(field, "the field needs #[config(key = \"…\")]"))?;
        if read.documentation.is_empty() {
            return Err(Error::new_spanned(
                field,
                "the field needs a doc comment: it is the key's documentation",
            ));
        }
        if read.order.is_some() && read.group.is_none() {
            return Err(Error::new_spanned(
                field,
                "an order counts within a group: add group = \"…\"",
            ));
        }
        Ok(read)
    }

    fn attribute(&mut self, meta: &ParseNestedMeta<'_>) -> Result<(), Error> {
        let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        match name.as_str() {
            "default" => self.default = Some(text(meta)?),
            "importance" => self.importance = word(meta, &["High", "Medium", "Low"])?,
            "group" => self.group = Some(text(meta)?),
            "order" => self.order = Some(meta.value()?.parse()?),
            "width" => self.width = Some(word(meta, &["None", "Short", "Medium", "Long"])?),
            "name" => self.name = Some(text(meta)?),
            "java" => {
                self.java_type = Some(word(
                    meta,
                    &[
                        "String", "Int", "Short", "Long", "Double", "Boolean", "List", "Class",
                        "Password",
                    ],
                )?);
            }
            "dependents" => self.dependents = texts(meta)?,
            "recommend" => self.recommender = Some(meta.value()?.parse()?),
            "min" => self.limits.0 = Some(meta.value()?.parse()?),
            "max" => self.limits.1 = Some(meta.value()?.parse()?),
            "one_of" => self.one_of = Some(texts(meta)?),
            "one_of_any_case" => self.one_of_any_case = Some(texts(meta)?),
            "non_empty" => self.is_non_empty = true,
            "list" if meta.input.peek(syn::token::Paren) => self.list = Some(texts(meta)?),
            "list" => self.list = Some(Vec::new()),
            "check" => self.check = Some(meta.value()?.parse()?),
            "valid" => self.valid = Some(meta.value()?.parse()?),
            _ => return Err(meta.error(KNOWN)),
        }
        Ok(())
    }

    /// The validators as expressions, in the order in which they count.
    pub(crate) fn validators(&self) -> Vec<Tokens> {
        let mut all = Vec::new();
        let limit = |it: &Option<Expr>| {
            it.as_ref().map_or_else(
                || quote! { ::core::option::Option::None },
                |it| quote! { ::core::option::Option::Some(#it) },
            )
        };
        if self.limits.0.is_some() || self.limits.1.is_some() {
            let (min, max) = (limit(&self.limits.0), limit(&self.limits.1));
            all.push(quote! { ::sluice_config::Validator::Range { min: #min, max: #max } });
        }
        if let Some(texts) = &self.one_of {
            all.push(quote! { ::sluice_config::Validator::In(&[#(#texts),*]) });
        }
        if let Some(texts) = &self.one_of_any_case {
            all.push(quote! { ::sluice_config::Validator::InAnyCase(&[#(#texts),*]) });
        }
        if self.is_non_empty {
            all.push(quote! { ::sluice_config::Validator::NonEmpty });
        }
        if let Some(texts) = &self.list {
            let rust_type = &self.rust_type;
            all.push(quote! {
                ::sluice_config::Validator::List {
                    of: &[#(#texts),*], may_be_empty: true,
                    may_be_null: <#rust_type as ::sluice_config::Setting>::NULLABLE,
                }
            });
        }
        if let Some(path) = &self.check {
            all.push(quote! { ::sluice_config::Validator::Text(#path) });
        }
        all.extend(self.valid.as_ref().map(ToTokens::to_token_stream));
        all
    }
}

/// A text after `=`.
fn text(meta: &ParseNestedMeta<'_>) -> Result<LitStr, Error> {
    let value: Expr = meta.value()?.parse()?;
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text),
        other => {
            Err(Error::new_spanned(other, "expected text in quotes, as a user would write it"))
        }
    }
}

/// Texts in brackets.
fn texts(meta: &ParseNestedMeta<'_>) -> Result<Vec<LitStr>, Error> {
    if !meta.input.peek(syn::token::Paren) {
        return Err(meta.error("expected texts in brackets, such as (\"a\", \"b\")"));
    }
    let content;
    parenthesized!(content in meta.input);
    let texts = Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?;
    Ok(texts.into_iter().collect())
}

/// One of these words after `=`.
fn word(meta: &ParseNestedMeta<'_>, known: &[&str]) -> Result<Ident, Error> {
    let word: Ident = meta.value()?.parse()?;
    if known.iter().any(|it| word == it) {
        return Ok(word);
    }
    Err(Error::new(word.span(), format!("expected one of {}", known.join(", "))))
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
