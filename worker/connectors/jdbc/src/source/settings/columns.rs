//! Which columns rows are told by: the same for all tables, or by patterns of the tables' names.

use sluice_plugin::config::regex::JavaRegex;

/// A choice of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) enum ColumnChoice {
    /// For every table.
    Same(Vec<String>),
    /// For the tables whose full name a pattern matches; the first one counts.
    Mapped(Vec<(String, Vec<String>)>),
}

impl ColumnChoice {
    /// Reads `regex:column` or `regex:[column|column]`.
    pub(super) fn mapped(elements: &[String]) -> Result<Self, String> {
        let read = |element: &String| {
            let wrong =
                || format!("{element} is not of the form regex:column or regex:[column|column]");
            let (pattern, columns) = element.rsplit_once(':').ok_or_else(wrong)?;
            let columns = columns.trim().trim_start_matches('[').trim_end_matches(']');
            let columns: Vec<String> = columns.split('|').map(|it| it.trim().to_owned()).collect();
            if columns.iter().any(String::is_empty) {
                return Err(wrong());
            }
            JavaRegex::new(pattern).map_err(|error| format!("{pattern} is no regex: {error}"))?;
            Ok((pattern.to_owned(), columns))
        };
        elements.iter().map(read).collect::<Result<_, _>>().map(Self::Mapped)
    }

    /// The columns of a table; none if no pattern matches its name.
    pub(in crate::source) fn of(&self, table: &str) -> Option<&[String]> {
        match self {
            Self::Same(columns) => Some(columns),
            Self::Mapped(choices) => {
                let fits = |pattern: &str| {
                    JavaRegex::new(pattern).is_ok_and(|it| it.matches(table).unwrap_or(false))
                };
                choices.iter().find(|it| fits(&it.0)).map(|it| &*it.1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pattern_that_matches_counts() {
        let elements = [".*orders:[changed|created]", "public\\..*:made"].map(str::to_owned);
        let choice = ColumnChoice::mapped(&elements).expect("patterns");
        for (table, expected) in [
            ("public.orders", Some(&["changed", "created"][..])),
            ("public.users", Some(&["made"])),
            ("other.users", None),
        ] {
            let seen: Option<Vec<&str>> =
                choice.of(table).map(|it| it.iter().map(|it| &**it).collect());
            assert_eq!(seen.as_deref(), expected, "{table}");
        }
        for wrong in ["orders", ".*:", "(:a", ".*:[a||b]"] {
            assert!(ColumnChoice::mapped(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
