//! Which tables are read, by which task.

use sluice_plugin::{Error, Result, config::regex::JavaRegex};

use super::settings::TableChoice;
use crate::{Names, TableId};

/// The tables that are chosen of those that there are.
pub(super) fn chosen(names: Names, choice: &TableChoice, all: Vec<TableId>) -> Vec<TableId> {
    let is_named = |list: &[String], table: &TableId| {
        let (plain, quoted) = (table.to_string(), names.table(table));
        list.iter().any(|it| *it == plain || *it == quoted || *it == table.table)
    };
    let matches = |patterns: &[String], table: &TableId| {
        let plain = table.to_string();
        let fits =
            |it: &String| JavaRegex::new(it).is_ok_and(|it| it.matches(&plain).unwrap_or(false));
        patterns.iter().any(fits)
    };
    let is_chosen = |table: &TableId| match choice {
        TableChoice::All => true,
        TableChoice::Only(list) => is_named(list, table),
        TableChoice::AllBut(list) => !is_named(list, table),
        TableChoice::Matching { include, exclude } => {
            (include.is_empty() || matches(include, table)) && !matches(exclude, table)
        }
    };
    all.into_iter().filter(is_chosen).collect()
}

/// Refuses tables of one name: their topic would be the same.
pub(super) fn distinct(tables: &[TableId]) -> Result<()> {
    let mut names: Vec<&str> = tables.iter().map(|it| &*it.table).collect();
    names.sort_unstable();
    let Some(pair) = names.windows(2).find(|it| it[0] == it[1]) else { return Ok(()) };
    let same = tables.iter().filter(|it| it.table == pair[0]).map(ToString::to_string);
    Err(Error::fatal(format!(
        "the connector uses the unqualified table name as the topic name, and there are several tables {}: {}. Choose one \
         with table.whitelist, catalog.pattern or schema.pattern",
        pair[0],
        same.collect::<Vec<_>>().join(", ")
    )))
}

/// The tables by their names alone, each name once: which table one of them means, the database's search path decides.
pub(super) fn unqualified(tables: Vec<TableId>) -> Vec<TableId> {
    let mut names: Vec<String> = tables.into_iter().map(|it| it.table).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(TableId::unqualified).collect()
}

/// Shares tables out over at most so many tasks, each task's behind the one before (`ConnectorUtils.groupPartitions`).
pub(super) fn groups(tables: &[TableId], max_tasks: usize) -> Vec<&[TableId]> {
    let count = tables.len().min(max_tasks);
    let mut groups = Vec::with_capacity(count);
    let mut rest = tables;
    for number in 0..count {
        let more = usize::from(number < tables.len() % count);
        let (group, behind) = rest.split_at(tables.len() / count + more);
        groups.push(group);
        rest = behind;
    }
    groups
}

/// The tables of a task as its settings hold them: quoted and comma-separated, as in Java.
pub(super) fn written(names: Names, tables: &[TableId]) -> String {
    let names = Names::quoted(names.dialect);
    tables.iter().map(|it| names.table(it)).collect::<Vec<_>>().join(",")
}

/// The tables that the settings of a task hold.
pub(super) fn read(names: Names, text: &str) -> Result<Vec<TableId>> {
    let quote = names.dialect.quote();
    let mut inside = false;
    let elements = text.split(|it| {
        inside ^= it == quote;
        it == ',' && !inside
    });
    let elements: Vec<&str> = elements.map(str::trim).filter(|it| !it.is_empty()).collect();
    let parse = |it: &&str| {
        TableId::parse(names.dialect, it)
            .map_err(|wrong| Error::fatal(format!("key tables of the task: {wrong}")))
    };
    elements.iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dialect;

    const NAMES: Names = Names::quoted(Dialect::Postgres);

    fn tables(names: &[&str]) -> Vec<TableId> {
        names.iter().map(|it| TableId::parse(Dialect::Postgres, it).expect(it)).collect()
    }

    #[test]
    fn tables_are_chosen_by_name_full_name_or_pattern() {
        let list = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        for (choice, expected) in [
            (TableChoice::All, &["a.x", "a.y", "b.z"][..]),
            (TableChoice::Only(list(&["x", "b.z"])), &["a.x", "b.z"]),
            (TableChoice::Only(list(&["\"a\".\"y\"", "X"])), &["a.y"]),
            (TableChoice::AllBut(list(&["a.x"])), &["a.y", "b.z"]),
            (
                TableChoice::Matching { include: list(&["a\\..*"]), exclude: list(&[".*y"]) },
                &["a.x"],
            ),
            (
                TableChoice::Matching { include: Vec::new(), exclude: list(&["a"]) },
                &["a.x", "a.y", "b.z"],
            ),
        ] {
            let seen = chosen(NAMES, &choice, tables(&["a.x", "a.y", "b.z"]));
            assert_eq!(seen, tables(expected), "{choice:?}");
        }
        assert!(distinct(&tables(&["a.x", "b.z"])).is_ok());
        let error = distinct(&tables(&["a.x", "b.x", "c.y"])).expect_err("two of one name");
        assert!(error.to_string().contains("a.x, b.x"), "{error}");
    }

    #[test]
    fn a_name_without_a_schema_is_read_once() {
        let seen = unqualified(tables(&["a.x", "a.y", "b.x", "b.y", "c.x"]));
        assert_eq!(seen, tables(&["x", "y"]));
    }

    #[test]
    fn tables_are_shared_out_as_java_does() {
        let all = tables(&["a", "b", "c", "d", "e"]);
        for (max, expected) in [(1, &[5][..]), (2, &[3, 2]), (3, &[2, 2, 1]), (9, &[1, 1, 1, 1, 1])]
        {
            let sizes: Vec<usize> = groups(&all, max).iter().map(|it| it.len()).collect();
            assert_eq!(sizes, expected);
        }
        assert!(groups(&[], 3).is_empty());
    }

    #[test]
    fn a_task_reads_the_tables_that_were_written_for_it() {
        let all = tables(&["\"a,b\".\"c.d\"", "x", "s.\"q\"\"q\""]);
        assert_eq!(read(NAMES, &written(NAMES, &all)).expect("tables"), all);
        assert!(read(NAMES, "").expect("none").is_empty());
    }
}
