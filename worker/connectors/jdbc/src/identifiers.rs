//! Names of tables and columns: as users and offsets write them, and as SQL does.

use std::fmt;

use crate::Dialect;

/// Whether identifiers are quoted in SQL (`quote.sql.identifiers`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// Always: names are taken exactly as they are.
    Always,
    /// Never: the database folds their case, and reserved words are errors.
    Never,
}

/// How names are written in SQL of one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    /// Whose SQL.
    pub dialect: Dialect,
    /// Whether names are quoted.
    pub quoting: Quoting,
}

impl Names {
    /// Names that are always quoted.
    pub const fn quoted(dialect: Dialect) -> Self {
        Self { dialect, quoting: Quoting::Always }
    }

    /// One identifier. Without quoting, a name that is no plain word is quoted all the same: it could be read as SQL.
    pub fn identifier(self, name: &str) -> String {
        if self.quoting == Quoting::Never && is_word(name) {
            return name.to_owned();
        }
        let quote = self.dialect.quote();
        let mut text = String::with_capacity(name.len() + 2);
        text.push(quote);
        for char in name.chars() {
            if char == quote {
                text.push(quote);
            }
            text.push(char);
        }
        text.push(quote);
        text
    }

    /// A table with the schema and catalog that it has.
    pub fn table(self, table: &TableId) -> String {
        let parts = table.parts().map(|part| self.identifier(part));
        parts.collect::<Vec<_>>().join(".")
    }

    /// Identifiers, comma-separated.
    pub fn list<'a>(self, names: impl IntoIterator<Item = &'a str>) -> String {
        names.into_iter().map(|it| self.identifier(it)).collect::<Vec<_>>().join(",")
    }
}

fn is_word(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|it| it.is_alphabetic() || it == '_')
        && chars.all(|it| it.is_alphanumeric() || it == '_' || it == '$')
}

/// A table (`io.confluent.connect.jdbc.util.TableId`). Its text is the name without quotes, which offsets hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId {
    /// Catalog: the database, where names have one (MySQL).
    pub catalog: Option<String>,
    /// Schema, where tables have one (PostgreSQL).
    pub schema: Option<String>,
    /// Name.
    pub table: String,
}

impl TableId {
    /// A table without schema and catalog.
    pub fn unqualified(table: impl Into<String>) -> Self {
        Self { catalog: None, schema: None, table: table.into() }
    }

    /// Reads `table`, `schema.table` or `catalog.schema.table`, each part quoted or not. With MySQL, which has no
    /// schemas, the part before the table is the catalog.
    pub fn parse(dialect: Dialect, text: &str) -> Result<Self, String> {
        let mut parts = split(dialect, text)?;
        let table = parts.pop().filter(|it| !it.is_empty());
        let table = table.ok_or_else(|| format!("{text} names no table"))?;
        let (catalog, schema) = match (dialect, parts.len()) {
            (_, 0) => (None, None),
            (Dialect::MySql, 1) => (parts.pop(), None),
            (_, 1) => (None, parts.pop()),
            (Dialect::Postgres, 2) => {
                let schema = parts.pop();
                (parts.pop(), schema)
            }
            _ => return Err(format!("{text} has more parts than a table of {dialect} has")),
        };
        Ok(Self { catalog, schema, table })
    }

    /// The parts that it has, the table last.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        [self.catalog.as_deref(), self.schema.as_deref(), Some(&*self.table)].into_iter().flatten()
    }
}

impl fmt::Display for TableId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts().enumerate() {
            if index > 0 {
                out.write_str(".")?;
            }
            out.write_str(part)?;
        }
        Ok(())
    }
}

/// The parts of a name at the dots outside of quotes, which are taken off.
fn split(dialect: Dialect, text: &str) -> Result<Vec<String>, String> {
    let quote = dialect.quote();
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    let mut inside = false;
    while let Some(char) = chars.next() {
        let last = parts.len() - 1;
        if char == quote && inside && chars.peek() == Some(&quote) {
            chars.next();
            parts[last].push(quote);
        } else if char == quote {
            inside = !inside;
        } else if char == '.' && !inside {
            parts.push(String::new());
        } else {
            parts[last].push(char);
        }
    }
    if inside { Err(format!("{text} has a quote that does not end")) } else { Ok(parts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_back() {
        for (dialect, text, plain, quoted) in [
            (Dialect::Postgres, "orders", "orders", "\"orders\""),
            (Dialect::Postgres, "public.Orders", "public.Orders", "\"public\".\"Orders\""),
            (Dialect::Postgres, "db.public.o", "db.public.o", "\"db\".\"public\".\"o\""),
            (Dialect::Postgres, "\"a.b\".\"c\"\"d\"", "a.b.c\"d", "\"a.b\".\"c\"\"d\""),
            (Dialect::MySql, "shop.orders", "shop.orders", "`shop`.`orders`"),
            (Dialect::MySql, "`a``b`", "a`b", "`a``b`"),
            (Dialect::Sqlite, "main.orders", "main.orders", "\"main\".\"orders\""),
        ] {
            let table = TableId::parse(dialect, text).expect(text);
            assert_eq!(table.to_string(), plain);
            assert_eq!(Names::quoted(dialect).table(&table), quoted);
            assert_eq!(TableId::parse(dialect, quoted), Ok(table));
        }
        for (dialect, text) in [
            (Dialect::Postgres, "\"a"),
            (Dialect::Postgres, "a.b.c.d"),
            (Dialect::MySql, "a.b.c"),
            (Dialect::Postgres, "a."),
            (Dialect::Postgres, ""),
        ] {
            assert!(TableId::parse(dialect, text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_word_is_quoted_in_any_case() {
        let names = Names { dialect: Dialect::Postgres, quoting: Quoting::Never };
        assert_eq!(names.identifier("Größe_1"), "Größe_1");
        for name in ["a b", "1a", "a;DROP TABLE b", "a\"b", "", "a-b"] {
            assert!(names.identifier(name).starts_with('"'), "{name}");
        }
        assert_eq!(names.list(["a", "b c"]), "a,\"b c\"");
    }
}
