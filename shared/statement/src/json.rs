//! Values as JSON in the database.

use std::fmt;
use std::io::Write as _;

use diesel::deserialize::{self, FromSql};
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Version of the format in which PostgreSQL sends and takes `jsonb`: this byte, then text.
const VERSION: u8 = 1;

/// A `jsonb` as its text, read into a type and written from one at once: without the tree of values that
/// `serde_json::Value` makes of it in between, which costs more than the reading.
pub struct Json(Vec<u8>);

impl Json {
    /// The text of `value`.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Self> {
        serde_json::to_vec(value).map(Self)
    }

    /// A list of values that are text already.
    pub fn list(values: &[&Self]) -> Self {
        let mut text = vec![b'['];
        for value in values {
            if text.len() > 1 {
                text.push(b',');
            }
            text.extend_from_slice(&value.0);
        }
        text.push(b']');
        Self(text)
    }

    /// The value of the text.
    pub fn parse<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_slice(&self.0)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may be personal.
        write!(f, "[{} bytes of JSON]", self.0.len())
    }
}

impl FromSql<Jsonb, Pg> for Json {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes().split_first() {
            Some((&VERSION, text)) => Ok(Self(text.to_vec())),
            _ => Err("jsonb of another version".into()),
        }
    }
}

impl ToSql<Jsonb, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[VERSION])?;
        out.write_all(&self.0)?;
        Ok(IsNull::No)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_the_values_in_it() {
        for values in [vec![], vec![1], vec![1, 2, 3]] {
            let written: Vec<Json> = values.iter().map(|n| Json::of(n).expect("JSON")).collect();
            assert_eq!(
                Json::list(&written.iter().collect::<Vec<_>>()).parse::<Vec<i32>>().expect("JSON"),
                values
            );
        }
    }
}
