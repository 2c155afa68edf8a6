//! Master data from a file: every record is read by itself, so that the faults of all are told at once.

use std::collections::BTreeSet;

use account_types::MasterData;
use chassis::FieldError;
use chassis::http::body;
use kernel::ids::PersonId;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What is not a list of records.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    administrators: [PersonId; 2],
    #[serde(default)]
    custodians: BTreeSet<PersonId>,
}

/// Reads master data (`account_types::MasterData`) from the JSON value of a file. Faults name their place by JSON
/// pointer and never a value. Whether the records fit each other is looked at by [`super::load`].
pub fn parse(value: Value) -> Result<MasterData, Vec<FieldError>> {
    let mut faults = vec![];
    let Value::Object(mut file) = value else {
        return Err(vec![FieldError { pointer: String::new(), detail: "expected an object".into() }]);
    };
    let (agencies, systems) =
        (list(&mut file, "agencies", &mut faults), list(&mut file, "systems", &mut faults));
    let (people, accounts) =
        (list(&mut file, "people", &mut faults), list(&mut file, "accounts", &mut faults));
    let (links, configuration) =
        (list(&mut file, "links", &mut faults), list(&mut file, "configuration", &mut faults));
    let rest: Option<Rest> = read(&Value::Object(file), "", &mut faults);
    match rest {
        Some(Rest { administrators, custodians }) if faults.is_empty() => Ok(MasterData {
            administrators,
            agencies,
            systems,
            people,
            accounts,
            links,
            custodians,
            configuration,
        }),
        _ => Err(faults),
    }
}

fn list<T: DeserializeOwned>(
    file: &mut Map<String, Value>,
    name: &str,
    faults: &mut Vec<FieldError>,
) -> Vec<T> {
    match file.remove(name) {
        None => vec![],
        Some(Value::Array(records)) => {
            let each = records.iter().enumerate();
            each.filter_map(|(i, record)| read(record, &format!("/{name}/{i}"), faults)).collect()
        }
        Some(_) => {
            faults.push(FieldError { pointer: format!("/{name}"), detail: "expected a list".into() });
            vec![]
        }
    }
}

fn read<T: DeserializeOwned>(value: &Value, at: &str, faults: &mut Vec<FieldError>) -> Option<T> {
    match body::parse(value.to_string().as_bytes()) {
        Ok(record) => Some(record),
        Err(error) => {
            for fault in error.to_problem().errors {
                faults.push(FieldError { pointer: format!("{at}{}", fault.pointer), detail: fault.detail });
            }
            None
        }
    }
}
