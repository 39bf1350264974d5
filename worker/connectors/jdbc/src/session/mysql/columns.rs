//! Columns of MySQL's results, as Connector/J tells them.

use mysql_async::{
    Column as Described,
    consts::{ColumnFlags, ColumnType},
};

use crate::{Column, Options, SqlType};

/// The character set of bytes that are no text.
const BINARY: u16 = 63;

/// What a described column is.
pub(super) fn column(described: &Described, options: &Options) -> Column {
    let flags = described.flags();
    let name = format!("{:?}", described.column_type());
    Column {
        name: described.name_str().into_owned(),
        r#type: sql_type(described, options),
        type_name: name.trim_start_matches("MYSQL_TYPE_").to_owned(),
        nullable: !flags.contains(ColumnFlags::NOT_NULL_FLAG),
        auto_increment: flags.contains(ColumnFlags::AUTO_INCREMENT_FLAG),
    }
}

fn sql_type(described: &Described, options: &Options) -> SqlType {
    let unsigned = described.flags().contains(ColumnFlags::UNSIGNED_FLAG);
    let length = described.column_length();
    match described.column_type() {
        ColumnType::MYSQL_TYPE_TINY if length == 1 && !unsigned && options.tiny_int_is_bit => {
            SqlType::TinyInt { unsigned: false }
        }
        ColumnType::MYSQL_TYPE_TINY => SqlType::TinyInt { unsigned },
        ColumnType::MYSQL_TYPE_SHORT => SqlType::SmallInt { unsigned },
        ColumnType::MYSQL_TYPE_YEAR if options.year_is_date => SqlType::Date,
        ColumnType::MYSQL_TYPE_YEAR => SqlType::SmallInt { unsigned: false },
        // MEDIUMINT: 24 bits fit either way.
        ColumnType::MYSQL_TYPE_INT24 => SqlType::Integer { unsigned: false },
        ColumnType::MYSQL_TYPE_LONG => SqlType::Integer { unsigned },
        ColumnType::MYSQL_TYPE_LONGLONG => SqlType::BigInt { unsigned },
        ColumnType::MYSQL_TYPE_FLOAT => SqlType::Real,
        ColumnType::MYSQL_TYPE_DOUBLE => SqlType::Double,
        ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => {
            let scale = u32::from(described.decimals());
            let other = u32::from(scale > 0) + u32::from(!unsigned);
            SqlType::Numeric { digits: Some((length.saturating_sub(other), scale as i32)) }
        }
        ColumnType::MYSQL_TYPE_BIT => SqlType::Bit(length),
        ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => SqlType::Date,
        ColumnType::MYSQL_TYPE_TIME | ColumnType::MYSQL_TYPE_TIME2 => SqlType::Time,
        ColumnType::MYSQL_TYPE_DATETIME | ColumnType::MYSQL_TYPE_DATETIME2 => {
            SqlType::Timestamp { zoned: false }
        }
        ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => {
            SqlType::Timestamp { zoned: true }
        }
        ColumnType::MYSQL_TYPE_JSON | ColumnType::MYSQL_TYPE_ENUM | ColumnType::MYSQL_TYPE_SET => {
            SqlType::Text
        }
        ColumnType::MYSQL_TYPE_GEOMETRY => SqlType::Bytes,
        ColumnType::MYSQL_TYPE_TINY_BLOB
        | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
        | ColumnType::MYSQL_TYPE_LONG_BLOB
        | ColumnType::MYSQL_TYPE_BLOB
        | ColumnType::MYSQL_TYPE_VARCHAR
        | ColumnType::MYSQL_TYPE_VAR_STRING
        | ColumnType::MYSQL_TYPE_STRING => {
            if described.character_set() == BINARY {
                SqlType::Bytes
            } else {
                SqlType::Text
            }
        }
        _ => SqlType::Other,
    }
}
