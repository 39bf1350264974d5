//! Columns of results: the types of `java.sql.Types`, as far as connectors tell them apart.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlType {
    /// BOOLEAN.
    Boolean,
    /// BIT of so many bits.
    Bit(u32),
    /// TINYINT.
    TinyInt {
        /// Without negative numbers.
        unsigned: bool,
    },
    /// SMALLINT.
    SmallInt {
        /// Without negative numbers.
        unsigned: bool,
    },
    /// INTEGER.
    Integer {
        /// Without negative numbers.
        unsigned: bool,
    },
    /// BIGINT.
    BigInt {
        /// Without negative numbers.
        unsigned: bool,
    },
    /// REAL: a single.
    Real,
    /// FLOAT or DOUBLE: a double.
    Double,
    /// NUMERIC or DECIMAL.
    Numeric {
        /// Digits and how many of them stand behind the point; none where each value has as many as it likes.
        digits: Option<(u32, i32)>,
    },
    /// Text of any kind.
    Text,
    /// Bytes of any kind.
    Bytes,
    /// DATE.
    Date,
    /// TIME.
    Time,
    /// TIMESTAMP.
    Timestamp {
        /// A point in time; otherwise what a clock shows whose zone is not known.
        zoned: bool,
    },
    /// A type that connectors do not know.
    Other,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name, or the alias that the query gave it.
    pub name: String,
    /// What it holds.
    pub r#type: SqlType,
    /// The database's name of the type.
    pub type_name: String,
    /// Whether NULL may come; true where the database does not say.
    pub nullable: bool,
    /// Whether the database numbers its rows.
    pub auto_increment: bool,
}
