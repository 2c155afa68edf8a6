//! The official forms (附表) as data: labels exactly as published, for screens, prints and checks of completeness.

use serde::{Deserialize, Serialize};

/// One official form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Stable id, such as `H-A1`.
    pub id: String,
    /// Number of the annex (附表一 is 1).
    pub annex: u32,
    /// Source clause.
    pub clause: String,
    /// Heading as published; blanks are `_`.
    pub title: String,
    /// The heading in English.
    pub title_en: String,
    /// Headings that differ by kind of agency.
    #[serde(default)]
    pub variants: Vec<FormVariant>,
    /// Single fields, in published order.
    #[serde(default)]
    pub fields: Vec<FormField>,
    /// Which items of the pack are printed as tick boxes.
    #[serde(default)]
    pub tick_items: TickItems,
    /// Label over the tick boxes, as published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick_label: Option<String>,
    /// Column headings of the tick boxes, as published; empty: none.
    #[serde(default)]
    pub tick_columns: Vec<String>,
    /// The table, where the form has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<FormTable>,
    /// Places for seals and signatures, in published order.
    #[serde(default)]
    pub signatures: Vec<FormField>,
    /// Printed notes, as published.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Form {
    /// The heading for an agency of `agency_kind` (an id of [`crate::AgencyKind`]).
    pub fn title_for(&self, agency_kind: &str) -> &str {
        let variant = self.variants.iter().find(|v| v.agency_kinds.iter().any(|k| k == agency_kind));
        variant.map_or(&self.title, |v| &v.title)
    }

    /// Every field: single ones, table columns, signatures.
    pub fn all_fields(&self) -> impl Iterator<Item = &FormField> {
        self.fields.iter().chain(self.table.iter().flat_map(|t| &t.columns)).chain(&self.signatures)
    }
}

/// A heading for some kinds of agencies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormVariant {
    /// Ids of [`crate::AgencyKind`].
    pub agency_kinds: Vec<String>,
    /// The heading.
    pub title: String,
    /// Why it differs from what was published; printed in small below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Which items are printed as tick boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TickItems {
    /// None.
    #[default]
    None,
    /// [`crate::RulePack::permission_items`].
    PermissionItems,
    /// [`crate::RulePack::query_items`].
    QueryItems,
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormField {
    /// Stable id within the form, such as `reason`.
    pub id: String,
    /// Label as published.
    pub label: String,
    /// The label in English.
    pub label_en: String,
    /// What is entered.
    pub kind: FieldKind,
    /// Whether it must be filled in (H4.2: all of annex 2 but the remarks).
    #[serde(default)]
    pub required: bool,
    /// Choices, for `choice` and `choices`.
    #[serde(default)]
    pub options: Vec<FormOption>,
}

/// What is entered in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line.
    Text,
    /// Several lines.
    LongText,
    /// A date, printed in the Republic of China calendar.
    Date,
    /// One of the options.
    Choice,
    /// A seal or signature: an endorsement.
    Seal,
    /// A national id: personal data.
    NationalId,
    /// A person's name.
    Name,
    /// E-mail address.
    Email,
    /// Telephone or fax number.
    Phone,
}

/// One tick box of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormOption {
    /// Stable id.
    pub id: String,
    /// Label as published; blanks are `_`.
    pub label: String,
}

/// A table: columns, and rows where they are printed on the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormTable {
    /// Columns, in published order.
    pub columns: Vec<FormField>,
    /// Rows that are printed on the form; empty: open rows.
    #[serde(default)]
    pub rows: Vec<FormRow>,
}

/// A printed row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormRow {
    /// Stable id within the form.
    pub id: String,
    /// Label as published.
    pub label: String,
    /// The clause that the row asks about.
    pub clause: String,
}
