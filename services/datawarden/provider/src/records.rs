//! What the registers hold about a citizen: every item that may be asked, and fields that nobody may ask, which the
//! gate has to strip.

use chrono::Datelike as _;
use sample_city::{Citizen, Provider, SampleCity, Sex};
use serde_json::{Value, json};

/// The full record of `citizen` at `provider`.
pub(crate) fn record(city: &SampleCity, citizen: &Citizen, provider: Provider) -> Value {
    match provider {
        Provider::Household => household(city, citizen),
        Provider::Tax => tax(citizen),
    }
}

fn person(citizen: &Citizen) -> Value {
    json!({
        "national_id": citizen.national_id.expose(),
        "name": citizen.name,
        "relation": citizen.relation.title(),
    })
}

fn household(city: &SampleCity, citizen: &Citizen) -> Value {
    let household = city.households.get(citizen.household);
    let of = |places: &[usize]| -> Vec<Value> {
        places.iter().filter_map(|i| city.citizens.get(*i)).map(person).collect()
    };
    let address = household.map(|h| h.address.as_str());
    let head = household.and_then(|h| h.members.first()).and_then(|i| city.citizens.get(*i));
    let parent =
        |sex: Sex| citizen.parents.iter().filter_map(|i| city.citizens.get(*i)).find(|p| p.sex == sex);
    json!({
        "national_id": citizen.national_id.expose(),
        "name": citizen.name,
        "birth_date": citizen.birth_date,
        "sex": if citizen.sex == Sex::Female { "女" } else { "男" },
        "life_status": "現住",
        "status_date": citizen.birth_date,
        "household_number": household.map(|h| h.number.as_str()),
        "head_name": head.map(|h| h.name.as_str()),
        "relation_to_head": citizen.relation.title(),
        "registered_address": address,
        "registered_since": citizen.birth_date,
        "members": household.map(|h| of(&h.members)),
        "father": parent(Sex::Male).map(person),
        "mother": parent(Sex::Female).map(person),
        "spouse": citizen.spouse.and_then(|i| city.citizens.get(i)).map(person),
        "children": [],
        "marital_status": citizen.marital_status.title(),
        "marriage_date": null,
        "divorce_date": null,
        "moves": [{ "date": citizen.birth_date, "to": address }],
        // Never on a list of items.
        "former_names": [],
        "birth_order": citizen.birth_date.day() % 4 + 1,
        "education": "高中",
        "indigenous_status": false,
        "foreign_spouse": citizen
            .foreign_spouse
            .as_ref()
            .map(|s| json!({ "name": s.name, "nationality": s.nationality })),
        "photo_reference": format!("photo/{}", citizen.birth_date),
    })
}

fn tax(citizen: &Citizen) -> Value {
    let tax = citizen.tax;
    json!({
        "national_id": citizen.national_id.expose(),
        "tax_year": 2025,
        "income_entries": [
            { "kind": "薪資所得", "amount": tax.salary },
            { "kind": "利息所得", "amount": tax.interest },
            { "kind": "其他所得", "amount": tax.other_income },
        ],
        "income_total": tax.income(),
        "land": tax.land_value,
        "buildings": tax.house_value,
        "vehicles": tax.vehicles,
        "investments": tax.property() - tax.land_value - tax.house_value,
        // Never on a list of items.
        "employer": "範例股份有限公司",
        "bank_branches": ["樣本銀行測試分行"],
        "arrears": 0,
    })
}
