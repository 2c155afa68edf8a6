//! Reading, identifying and asking a pack.

use chrono::NaiveDate;

use crate::{
    error::PackError,
    forms::Form,
    model::{AgencyKind, LegalBasis, PermissionItem, Programme, QueryItem, RulePack},
    path::{ApplicationKind, ApplicationPath},
    terms::{DeadlineKind, RecordKind, RhythmKind},
    times::{Deadline, Duty, Rhythm},
    validate,
};

impl RulePack {
    /// Reads and checks a pack. `file_name` is only for the errors, which name file, key path and reason.
    pub fn from_toml(file_name: &str, text: &str) -> Result<Self, PackError> {
        let file = || file_name.to_owned();
        let parsed = toml::Deserializer::parse(text)
            .map_err(|e| PackError::Syntax { file: file(), reason: e.to_string().trim().to_owned() })?;
        let pack: Self = serde_path_to_error::deserialize(parsed).map_err(|e| PackError::Value {
            file: file(),
            key: e.path().to_string(),
            reason: e.inner().message().to_owned(),
        })?;
        pack.checked(file_name)
    }

    /// This pack with a change, checked again and with its own digest: for trying out packs ([`crate::back_test()`]).
    pub fn changed(&self, change: impl FnOnce(&mut Self)) -> Result<Self, PackError> {
        let mut pack = self.clone();
        change(&mut pack);
        let name = pack.id.clone();
        pack.checked(&name)
    }

    fn checked(mut self, file_name: &str) -> Result<Self, PackError> {
        let faults = validate::faults(&self);
        if !faults.is_empty() {
            return Err(PackError::Invalid { file: file_name.to_owned(), faults });
        }
        let canonical = kernel::canonical::bytes(&self).map_err(|e| PackError::Value {
            file: file_name.to_owned(),
            key: ".".to_owned(),
            reason: e.to_string(),
        })?;
        self.digest = kernel::canonical::sha256_hex(&canonical);
        Ok(self)
    }

    /// SHA-256, in hexadecimal, over the RFC 8785 JSON of the pack as it was read.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What obligations, decisions and reports name: `household-2017@1#` and the first 16 digits of the digest.
    pub fn reference(&self) -> String {
        format!("{}@{}#{}", self.id, self.version, self.digest.get(..16).unwrap_or(&self.digest))
    }

    /// Whether this version is followed on `day`, as far as it says itself.
    pub fn in_force(&self, day: NaiveDate) -> bool {
        self.effective_from <= day && self.effective_to.is_none_or(|to| day <= to)
    }

    /// The legal basis or parent rule `id`.
    pub fn legal_basis(&self, id: &str) -> Option<&LegalBasis> {
        self.legal_bases.iter().find(|b| b.id == id)
    }

    /// The legal basis `id`, if a query of `day` may cite it (H2.1): in force and no parent rule.
    pub fn legal_basis_in_force(&self, id: &str, day: NaiveDate) -> Option<&LegalBasis> {
        self.legal_basis(id).filter(|b| b.is_citable() && b.in_force(day))
    }

    /// The platform function `id` of annex 1.
    pub fn permission_item(&self, id: &str) -> Option<&PermissionItem> {
        self.permission_items.iter().find(|i| i.id == id)
    }

    /// The programmes that the platform function `function` opens (H2.3); none for an unknown one.
    pub fn programme_of(&self, function: &str) -> &[String] {
        self.permission_item(function).map_or(&[], |i| i.programmes.as_slice())
    }

    /// The programme `id`.
    pub fn programme(&self, id: &str) -> Option<&Programme> {
        self.programmes.iter().find(|p| p.id == id)
    }

    /// The query item `id`.
    pub fn query_item(&self, id: &str) -> Option<&QueryItem> {
        self.query_items.iter().find(|i| i.id == id)
    }

    /// The query items whose ids are not of this pack are left out; the provider's fields of the rest, once each.
    pub fn fields_of<'a>(&'a self, items: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for field in items.into_iter().filter_map(|i| self.query_item(i)).flat_map(|i| &i.fields) {
            if !names.contains(&field.name.as_str()) {
                names.push(&field.name);
            }
        }
        names
    }

    /// Whether the system `id` may ask (H3.1).
    pub fn system_may_ask(&self, id: &str) -> bool {
        self.systems.iter().any(|s| s.id == id)
    }

    /// The kind of agency `id`, if in scope.
    pub fn agency_kind(&self, id: &str) -> Option<&AgencyKind> {
        self.agency_kinds.iter().find(|k| k.id == id)
    }

    /// The path that an application of `kind` from an agency of `agency_kind` takes.
    pub fn path_for(&self, agency_kind: &str, kind: ApplicationKind) -> Option<&ApplicationPath> {
        self.paths
            .iter()
            .find(|p| p.application_kinds.contains(&kind) && p.agency_kinds.iter().any(|k| k == agency_kind))
    }

    /// The form `id`.
    pub fn form(&self, id: &str) -> Option<&Form> {
        self.forms.iter().find(|f| f.id == id)
    }

    /// The rhythm of `kind`, where this pack has one.
    pub fn rhythm(&self, kind: RhythmKind) -> Option<&Rhythm> {
        self.rhythms.get(&kind)
    }

    /// The deadline of `kind`, where this pack has one.
    pub fn deadline(&self, kind: DeadlineKind) -> Option<&Deadline> {
        self.deadlines.get(&kind)
    }

    /// Years that records of `kind` are kept, where this pack keeps them.
    pub fn retention_years(&self, kind: RecordKind) -> Option<u32> {
        self.retention.get(&kind).map(|r| r.years)
    }

    /// The duty `id`.
    pub fn obligation(&self, id: &str) -> Option<&Duty> {
        self.obligations.iter().find(|d| d.id == id)
    }

    /// Whether the addition `id` is switched on; unknown ones are off.
    pub fn addition_enabled(&self, id: &str) -> bool {
        self.additions.iter().any(|a| a.id == id && a.enabled)
    }
}
