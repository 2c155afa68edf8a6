//! Official forms (附表), printed: one view over the `forms` data of the rule packs, for every form.

use std::collections::{BTreeMap, BTreeSet};

use chassis::Context;
use kernel::days;
use rule_pack::{Form, FormField, RulePack, TickItems};
use serde_json::Value;

use crate::view::{at, moment, scalar};

/// What is filled in; empty for a blank form.
#[derive(Debug, Clone, Default)]
pub struct Filled {
    /// Values by field id.
    pub values: BTreeMap<String, String>,
    /// Chosen options by field id.
    pub chosen: BTreeMap<String, String>,
    /// Ticked items.
    pub ticked: BTreeSet<String>,
    /// Rows of an open table: values by column id.
    pub rows: Vec<BTreeMap<String, String>>,
    /// Answers of printed rows: row id, then column id.
    pub answers: BTreeMap<String, BTreeMap<String, String>>,
    /// Kind of the agency, for headings that differ.
    pub agency_kind: Option<String>,
}

/// A field with its value.
#[derive(Debug, Clone)]
pub struct FieldView {
    /// Label as published.
    pub label: String,
    /// Value.
    pub value: String,
    /// Options with their ticks.
    pub options: Vec<(String, bool)>,
}

/// An item with a tick box.
#[derive(Debug, Clone)]
pub struct TickView {
    /// Service that it stands under.
    pub group: String,
    /// Label as published.
    pub label: String,
    /// Whether it is ticked.
    pub ticked: bool,
}

/// A form as it is printed.
#[derive(Debug, Clone)]
pub struct FormView {
    /// 附表 in Chinese numerals.
    pub annex: &'static str,
    /// Heading as published.
    pub title: String,
    /// Why the heading differs.
    pub variant_note: Option<String>,
    /// Single fields.
    pub fields: Vec<FieldView>,
    /// Label over the tick boxes.
    pub tick_label: Option<String>,
    /// Tick boxes in the columns of the form.
    pub tick_lists: Vec<Vec<TickView>>,
    /// Headings of tick boxes that are a table.
    pub tick_columns: Vec<String>,
    /// Tick boxes that are a table.
    pub tick_rows: Vec<TickView>,
    /// Columns of the table.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
    /// Places for seals.
    pub signatures: Vec<FieldView>,
    /// Notes as published.
    pub notes: Vec<String>,
    /// Whether it is wide.
    pub wide: bool,
    /// Printed when, by whose rules.
    pub stamp: String,
}

/// Blank rows of an open table.
const BLANK_ROWS: usize = 12;

impl FormView {
    /// Whether it has single fields or a list of tick boxes.
    pub fn has_body(&self) -> bool {
        !self.fields.is_empty() || self.tick_label.is_some()
    }
}

fn field(field: &FormField, filled: &Filled) -> FieldView {
    let chosen = filled.chosen.get(&field.id).or_else(|| filled.values.get(&field.id));
    let options: Vec<(String, bool)> =
        field.options.iter().map(|o| (o.label.clone(), chosen == Some(&o.id))).collect();
    // A choice shows its ticks; what was chosen outside the options shows as text.
    let value = if options.iter().any(|(_, ticked)| *ticked) {
        String::new()
    } else {
        filled.values.get(&field.id).cloned().unwrap_or_default()
    };
    FieldView { label: field.label.clone(), value, options }
}

fn ticks(pack: &RulePack, form: &Form, filled: &Filled) -> (Vec<Vec<TickView>>, Vec<TickView>) {
    let ticked = |id: &str| filled.ticked.contains(id);
    match form.tick_items {
        TickItems::None => (vec![], vec![]),
        TickItems::PermissionItems => {
            let mut lists: BTreeMap<u32, Vec<TickView>> = BTreeMap::new();
            for item in &pack.permission_items {
                let view =
                    TickView { group: String::new(), label: item.label.clone(), ticked: ticked(&item.id) };
                lists.entry(item.column).or_default().push(view);
            }
            (lists.into_values().collect(), vec![])
        }
        TickItems::QueryItems => {
            let view = |item: &rule_pack::QueryItem| TickView {
                group: item.group.clone().unwrap_or_default(),
                label: item.ordinal.as_ref().map_or_else(String::new, |o| format!("{o}、")) + &item.title.zh,
                ticked: ticked(&item.id),
            };
            (vec![], pack.query_items.iter().map(view).collect())
        }
    }
}

fn rows(form: &Form, filled: &Filled) -> Vec<Vec<String>> {
    let Some(table) = &form.table else { return vec![] };
    let value = |column: &FormField, values: Option<&BTreeMap<String, String>>| {
        let value = values.and_then(|v| v.get(&column.id));
        if column.options.is_empty() {
            return value.cloned().unwrap_or_default();
        }
        let options = column.options.iter().map(|option| {
            let tick = if value == Some(&option.id) { '■' } else { '□' };
            format!("{tick}{}", option.label)
        });
        options.collect::<Vec<_>>().join(" ")
    };
    if table.rows.is_empty() {
        let line = |values: Option<&BTreeMap<String, String>>| -> Vec<String> {
            table.columns.iter().map(|column| value(column, values)).collect()
        };
        if filled.rows.is_empty() {
            return vec![line(None); BLANK_ROWS];
        }
        return filled.rows.iter().map(|row| line(Some(row))).collect();
    }
    let printed = |row: &rule_pack::FormRow| -> Vec<String> {
        let answers = filled.answers.get(&row.id);
        let first = std::iter::once(row.label.clone());
        first.chain(table.columns.iter().skip(1).map(|column| value(column, answers))).collect()
    };
    table.rows.iter().map(printed).collect()
}

/// The form `form` of `pack` with what is filled in.
pub fn view(context: &Context, pack: &RulePack, form: &Form, filled: &Filled) -> FormView {
    let (tick_lists, tick_rows) = ticks(pack, form, filled);
    let kind = filled.agency_kind.as_deref().unwrap_or_default().replace('_', "-");
    let variant = form.variants.iter().find(|v| v.agency_kinds.contains(&kind));
    let columns: Vec<String> =
        form.table.iter().flat_map(|t| &t.columns).map(|column| column.label.clone()).collect();
    FormView {
        annex: ["", "一", "二", "三", "四", "五"].get(form.annex as usize).copied().unwrap_or_default(),
        title: variant.map_or(&form.title, |v| &v.title).clone(),
        variant_note: variant.and_then(|v| v.note.clone()),
        fields: form.fields.iter().map(|f| field(f, filled)).collect(),
        tick_label: form.tick_label.clone().filter(|_| !tick_lists.is_empty()),
        tick_lists,
        tick_columns: form.tick_columns.clone(),
        tick_rows,
        wide: columns.len() > 5,
        columns,
        rows: rows(form, filled),
        signatures: form.signatures.iter().map(|f| field(f, filled)).collect(),
        notes: form.notes.clone(),
        stamp: format!("列印時間 {}　規則版本 {}", moment(context.now()), pack.reference()),
    }
}

fn seal(at_text: &Value) -> String {
    if at_text.is_null() { String::new() } else { format!("憑證核章　{}", scalar(at_text)) }
}

/// Where stages of the paths print on the forms: stage id, field id.
const SEALS: [(&str, &str); 7] = [
    ("apply", "applicant"),
    ("unit-supervisor", "unit-supervisor"),
    ("business-unit", "business-unit"),
    ("joint", "joint"),
    ("proposal", "handler"),
    ("decision", "handler-supervisor"),
    ("agency-head", "agency-head"),
];

/// A permission application (H annex 1, I annex 1) as the account service answers it.
pub fn of_permission_application(form: &Form, answer: &Value) -> Filled {
    let application = at(answer, "application");
    let mut filled = Filled::default();
    for source in [at(application, "fields"), at(answer, "personal_fields")] {
        for (id, value) in source.as_object().into_iter().flatten() {
            filled.values.insert(id.clone(), value.as_str().unwrap_or_default().to_owned());
        }
    }
    filled.values.insert("date".into(), scalar(at(application, "filed_at")));
    filled.values.insert("kind".into(), at(application, "kind").as_str().unwrap_or_default().to_owned());
    let kind = at(application, "agency_kind").as_str().unwrap_or_default().replace('_', "-");
    filled.values.entry("unit".into()).or_insert_with(|| kind.clone());
    filled.agency_kind = Some(kind);
    for item in at(application, "items").as_array().into_iter().flatten() {
        filled.ticked.extend(item.as_str().map(ToOwned::to_owned));
    }
    if let Some(result) = at(application, "result.kind").as_str() {
        filled.chosen.insert("result".into(), result.to_owned());
    }
    for step in at(application, "steps").as_array().into_iter().flatten() {
        let stage = at(step, "stage").as_str().unwrap_or_default();
        let place = SEALS.iter().find(|(s, _)| *s == stage).map_or(stage, |(_, place)| place);
        if at(step, "act").as_str() == Some("done") && form.signatures.iter().any(|f| f.id == place) {
            filled.values.insert(place.to_owned(), seal(at(step, "at")));
        }
    }
    filled
}

/// The query register of a unit and period (H annex 2) as the query registry answers it.
pub fn of_query_register(answer: &Value) -> Filled {
    let row = |row: &Value| -> BTreeMap<String, String> {
        let conditions = format!("{}；{}", scalar(at(row, "persons")), scalar(at(row, "items")));
        [
            ("date", scalar(at(row, "date"))),
            ("user", scalar(at(row, "user"))),
            ("reason", at(row, "reason").as_str().unwrap_or_default().to_owned()),
            ("conditions", conditions),
            ("account", scalar(at(row, "account_number"))),
            ("user-seal", seal(at(row, "user_sealed_at"))),
            ("supervisor-seal", seal(at(row, "supervisor_sealed_at"))),
            ("remarks", at(row, "remarks").as_str().unwrap_or_default().to_owned()),
        ]
        .map(|(id, value)| (id.to_owned(), value))
        .into()
    };
    let rows = at(answer, "rows").as_array().into_iter().flatten().map(row).collect();
    let mut filled = Filled { rows, ..Filled::default() };
    filled.values.insert("applying-unit".into(), scalar(at(answer, "unit_name")));
    filled
}

/// An internal audit (I annex 2 and 3) as the audit service answers it.
pub fn of_internal_audit(form: &Form, answer: &Value) -> Filled {
    let mut filled = Filled::default();
    if !at(answer, "audited_on").is_null() {
        filled.values.insert("audit-date".into(), scalar(at(answer, "audited_on")));
    }
    for (row, given) in at(answer, "answers").as_object().into_iter().flatten() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let answers = given.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), text(v)));
        filled.answers.insert(row.clone(), answers.collect());
    }
    for (field, who) in form.signatures.iter().zip(["auditor", "supervisor"]) {
        filled.values.insert(field.id.clone(), seal(at(answer, &format!("{who}.at"))));
    }
    filled
}

/// The form `id` with its pack: of the packs followed today, or of the pack that `reference` names.
pub fn find<'a>(context: &'a Context, id: &str, reference: Option<&str>) -> Option<(&'a RulePack, &'a Form)> {
    let packs = context.packs();
    if let Some(pack) = reference.and_then(|r| packs.by_reference(r)) {
        return pack.form(id).map(|form| (&**pack, form));
    }
    let today = days::taipei_date(context.now());
    rule_pack::Regulation::ALL
        .iter()
        .filter_map(|regulation| packs.on(*regulation, today))
        .find_map(|pack| pack.form(id).map(|form| (&**pack, form)))
}
