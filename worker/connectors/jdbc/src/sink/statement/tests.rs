//! The SQL of each database.

use super::*;
use crate::Quoting;

// One table.
#[allow(clippy::too_many_lines)]
#[test]
fn names_are_quoted_and_values_are_placeholders() {
    let columns = ["id", "it\"s", "b`c"].map(str::to_owned);
    let told = |dialect, keys: usize, make: &dyn Fn(Parts<'_>) -> String| {
        let table = TableId::parse(dialect, "t").expect("a name");
        make(Parts { names: Names::quoted(dialect), table: &table, columns: &columns, keys })
    };
    let write = |write, rows| move |it: Parts<'_>| it.write(write, rows).sql;
    for (dialect, keys, make, expected) in [
        (
            Dialect::Sqlite,
            1,
            &write(Write::Upsert, 1) as &dyn Fn(Parts<'_>) -> String,
            "INSERT INTO \"t\" (\"id\",\"it\"\"s\",\"b`c\") VALUES (?1,?2,?3) ON CONFLICT (\"id\") DO UPDATE SET \
             \"it\"\"s\"=EXCLUDED.\"it\"\"s\",\"b`c\"=EXCLUDED.\"b`c\"",
        ),
        (
            Dialect::MySql,
            2,
            &write(Write::Upsert, 2),
            "INSERT INTO `t` (`id`,`it\"s`,`b``c`) VALUES (?,?,?),(?,?,?) ON DUPLICATE KEY UPDATE \
             `b``c`=VALUES(`b``c`)",
        ),
        (
            Dialect::MySql,
            3,
            &write(Write::Upsert, 1),
            "INSERT INTO `t` (`id`,`it\"s`,`b``c`) VALUES (?,?,?) ON DUPLICATE KEY UPDATE `id`=`id`",
        ),
        (
            Dialect::Sqlite,
            3,
            &write(Write::Upsert, 1),
            "INSERT INTO \"t\" (\"id\",\"it\"\"s\",\"b`c\") VALUES (?1,?2,?3) ON CONFLICT (\"id\",\"it\"\"s\",\"b`c\") DO NOTHING",
        ),
        (
            Dialect::MySql,
            1,
            &write(Write::Update, 1),
            "UPDATE `t` SET `it\"s`=?,`b``c`=? WHERE `id`=?",
        ),
        (
            Dialect::MySql,
            2,
            &|it| it.delete(2).sql,
            "DELETE FROM `t` WHERE (`id`,`it\"s`) IN ((?,?),(?,?))",
        ),
        (
            Dialect::Sqlite,
            1,
            &|it| it.delete(2).sql,
            "DELETE FROM \"t\" WHERE (\"id\") IN (VALUES (?1),(?2))",
        ),
        (
            Dialect::Postgres,
            1,
            &|it| it.copy(),
            "COPY \"t\" (\"id\",\"it\"\"s\",\"b`c\") FROM STDIN (FORMAT binary)",
        ),
        (
            Dialect::Postgres,
            1,
            &|it| it.stage("s1", |column| column == 1),
            "CREATE TEMPORARY TABLE s1 ON COMMIT DELETE ROWS AS SELECT \"id\" AS c0,NULL::text AS c1,\"b`c\" AS c2 \
             FROM \"t\" WITH NO DATA",
        ),
        (
            Dialect::Postgres,
            2,
            &|it| {
                it.write_staged(Write::Upsert, "s1", |column| {
                    (column == 1).then(|| "inet".to_owned())
                })
            },
            "INSERT INTO \"t\" (\"id\",\"it\"\"s\",\"b`c\") SELECT s.c0,s.c1::inet,s.c2 FROM s1 s ON CONFLICT \
             (\"id\",\"it\"\"s\") DO UPDATE SET \"b`c\"=EXCLUDED.\"b`c\"",
        ),
        (
            Dialect::Postgres,
            2,
            &|it| it.write_staged(Write::Update, "s1", |_| None),
            "UPDATE \"t\" t SET \"b`c\"=s.c2 FROM s1 s WHERE t.\"id\"=s.c0 AND t.\"it\"\"s\"=s.c1",
        ),
        (
            Dialect::Postgres,
            1,
            &|it| it.delete_staged("s1", |_| Some("uuid".to_owned())),
            "DELETE FROM \"t\" t USING s1 s WHERE t.\"id\"=s.c0::uuid",
        ),
    ] {
        assert_eq!(told(dialect, keys, make), expected);
    }
    let table = TableId::unqualified("select");
    let names = Names { dialect: Dialect::Postgres, quoting: Quoting::Never };
    let parts = Parts { names, table: &table, columns: &columns[1..2], keys: 0 };
    assert_eq!(parts.copy(), "COPY select (\"it\"\"s\") FROM STDIN (FORMAT binary)");
}
