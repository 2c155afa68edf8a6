//! The checks that a schema cannot make: names that resolve, dates in order, numbers that make sense.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::{
    error::{Fault, Reason},
    forms::{FieldKind, Form},
    model::RulePack,
    path::StageAction,
    terms::{EndorsementMode, LegalBasisKind, ProviderKind, TriggerKind},
    times::{Duty, Ratio},
};

/// Everything in `pack` that contradicts itself.
pub(crate) fn faults(pack: &RulePack) -> Vec<Fault> {
    let mut check = Check { pack, faults: Vec::new() };
    check.head();
    check.bases_and_programmes();
    check.items();
    check.paths();
    check.endorsement();
    check.numbers();
    check.times();
    check.forms();
    check.duties();
    check.additions();
    check.faults
}

struct Check<'a> {
    pack: &'a RulePack,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn fault(&mut self, key: impl Into<String>, reason: Reason) {
        self.faults.push(Fault { key: key.into(), reason });
    }

    fn not_empty(&mut self, key: impl Into<String>, text: &str) {
        if text.trim().is_empty() {
            self.fault(key, Reason::Empty);
        }
    }

    fn clause(&mut self, key: String, clause: &str) {
        if clause.trim().is_empty() {
            self.fault(key, Reason::EmptyClause);
        }
    }

    fn positive(&mut self, key: impl Into<String>, number: u32) {
        if number == 0 {
            self.fault(key, Reason::NotPositive);
        }
    }

    fn at_most(&mut self, key: impl Into<String>, number: u32, most: u32) {
        if number > most {
            self.fault(key, Reason::TooLarge(most));
        }
    }

    fn ratio(&mut self, key: &str, ratio: Ratio) {
        if ratio.parts == 0 || ratio.parts > ratio.of {
            self.fault(key, Reason::NotARatio(format!("{}/{}", ratio.parts, ratio.of)));
        }
    }

    fn ordered(&mut self, key: String, from: NaiveDate, to: Option<NaiveDate>) {
        if let Some(to) = to.filter(|to| *to < from) {
            self.fault(key, Reason::DatesOutOfOrder { from, to });
        }
    }

    /// Ids of one list: none empty, none twice.
    fn unique<'i>(&mut self, list: &str, ids: impl IntoIterator<Item = &'i str>) {
        let mut seen = BTreeSet::new();
        for (index, id) in ids.into_iter().enumerate() {
            let key = format!("{list}[{index}].id");
            self.not_empty(key.clone(), id);
            if !seen.insert(id) {
                self.fault(key, Reason::Duplicate(id.to_owned()));
            }
        }
    }

    fn resolves(&mut self, key: impl Into<String>, what: &'static str, name: &str, known: bool) {
        if !known {
            self.fault(key, Reason::UnknownReference { what, name: name.to_owned() });
        }
    }

    fn addition(&mut self, key: String, addition: Option<&String>) {
        if let Some(id) = addition {
            let known = self.pack.additions.iter().any(|a| a.id == *id);
            self.resolves(key, "addition", id, known);
        }
    }

    fn agency_kinds(&mut self, key: &str, kinds: &[String]) {
        if kinds.is_empty() {
            self.fault(key, Reason::Empty);
        }
        for (index, kind) in kinds.iter().enumerate() {
            let known = self.pack.agency_kind(kind).is_some();
            self.resolves(format!("{key}[{index}]"), "agency kind", kind, known);
        }
    }

    fn head(&mut self) {
        let pack = self.pack;
        self.not_empty("id", &pack.id);
        self.not_empty("prefix", &pack.prefix);
        self.positive("version", pack.version);
        self.ordered("effective_to".to_owned(), pack.effective_from, pack.effective_to);
        self.unique("systems", pack.systems.iter().map(|s| s.id.as_str()));
        if pack.provider.kind == ProviderKind::Gate && pack.systems.is_empty() {
            self.fault("systems", Reason::Empty);
        }
        for (i, system) in pack.systems.iter().enumerate() {
            self.clause(format!("systems[{i}].clause"), &system.clause);
        }
        self.unique("agency_kinds", pack.agency_kinds.iter().map(|k| k.id.as_str()));
        if pack.agency_kinds.is_empty() {
            self.fault("agency_kinds", Reason::Empty);
        }
        for (i, kind) in pack.agency_kinds.iter().enumerate() {
            self.clause(format!("agency_kinds[{i}].clause"), &kind.clause);
        }
    }

    fn bases_and_programmes(&mut self) {
        let pack = self.pack;
        self.unique("legal_bases", pack.legal_bases.iter().map(|b| b.id.as_str()));
        for (i, basis) in pack.legal_bases.iter().enumerate() {
            self.clause(format!("legal_bases[{i}].clause"), &basis.clause);
            self.ordered(format!("legal_bases[{i}].in_force_to"), basis.in_force_from, basis.in_force_to);
        }
        if !pack.legal_bases.iter().any(|b| b.kind != LegalBasisKind::Parent) {
            self.fault("legal_bases", Reason::Empty);
        }
        self.unique("programmes", pack.programmes.iter().map(|p| p.id.as_str()));
        for (i, programme) in pack.programmes.iter().enumerate() {
            if programme.legal_bases.is_empty() {
                self.fault(format!("programmes[{i}].legal_bases"), Reason::Empty);
            }
            for (j, basis) in programme.legal_bases.iter().enumerate() {
                let known = pack.legal_basis(basis).is_some_and(crate::LegalBasis::is_citable);
                self.resolves(
                    format!("programmes[{i}].legal_bases[{j}]"),
                    "citable legal basis",
                    basis,
                    known,
                );
            }
        }
    }

    fn items(&mut self) {
        let pack = self.pack;
        self.unique("permission_items", pack.permission_items.iter().map(|p| p.id.as_str()));
        for (i, item) in pack.permission_items.iter().enumerate() {
            self.not_empty(format!("permission_items[{i}].label"), &item.label);
            self.positive(format!("permission_items[{i}].column"), item.column);
            for (j, programme) in item.programmes.iter().enumerate() {
                let known = pack.programme(programme).is_some();
                self.resolves(
                    format!("permission_items[{i}].programmes[{j}]"),
                    "programme",
                    programme,
                    known,
                );
            }
        }
        self.unique("query_items", pack.query_items.iter().map(|q| q.id.as_str()));
        if pack.query_items.is_empty() {
            self.fault("query_items", Reason::Empty);
        }
        for (i, item) in pack.query_items.iter().enumerate() {
            if item.fields.is_empty() {
                self.fault(format!("query_items[{i}].fields"), Reason::Empty);
            }
            self.unique(&format!("query_items[{i}].fields"), item.fields.iter().map(|f| f.name.as_str()));
        }
    }

    fn paths(&mut self) {
        let pack = self.pack;
        self.unique("paths", pack.paths.iter().map(|p| p.id.as_str()));
        for (i, path) in pack.paths.iter().enumerate() {
            let at = format!("paths[{i}]");
            self.clause(format!("{at}.clause"), &path.clause);
            self.agency_kinds(&format!("{at}.agency_kinds"), &path.agency_kinds);
            self.addition(format!("{at}.addition"), path.addition.as_ref());
            let known = pack.form(&path.form).is_some();
            self.resolves(format!("{at}.form"), "form", &path.form, known);
            self.unique(&format!("{at}.stages"), path.stages.iter().map(|s| s.id.as_str()));
            if path.stages.first().is_none_or(|s| s.action != StageAction::Apply) {
                self.fault(format!("{at}.stages"), Reason::Empty);
            }
            if !path.stages.iter().any(|s| matches!(s.action, StageAction::Decide | StageAction::Allot)) {
                self.fault(format!("{at}.stages"), Reason::NoResult);
            }
            for (j, stage) in path.stages.iter().enumerate() {
                self.clause(format!("{at}.stages[{j}].clause"), &stage.clause);
            }
        }
    }

    fn endorsement(&mut self) {
        let rules = &self.pack.endorsement;
        self.clause("endorsement.clause".to_owned(), &rules.clause);
        self.positive("endorsement.largest_batch", rules.largest_batch);
        match &rules.legal_basis {
            Some(id) => {
                let known = self.pack.legal_basis(id).is_some();
                self.resolves("endorsement.legal_basis", "legal basis", id, known);
            }
            None if rules.mode != EndorsementMode::Before => {
                self.fault("endorsement.legal_basis", Reason::EndorsementNeedsBasis);
            }
            None => {}
        }
        let late = self.pack.deadlines.contains_key(&crate::DeadlineKind::LateEndorsement);
        if rules.mode != EndorsementMode::Before {
            self.resolves("endorsement.mode", "deadline", "late_endorsement", late);
        }
    }

    fn numbers(&mut self) {
        let pack = self.pack;
        for (key, number) in [
            ("query.valid_working_days", pack.query.valid_working_days),
            ("query.most_persons", pack.query.most_persons),
            ("query.time_on_screen_seconds", pack.query.time_on_screen_seconds),
            ("query.reason_least_chars", pack.query.reason_least_chars),
            ("session.idle_minutes", pack.session.idle_minutes),
            ("session.longest_hours", pack.session.longest_hours),
            ("accounts.idle_after_days", pack.accounts.idle_after_days),
            ("accounts.training_valid_months", pack.accounts.training_valid_months),
            ("misuse.sequence_length", pack.misuse.sequence_length),
            ("misuse.repetition_count", pack.misuse.repetition_count),
            ("misuse.repetition_days", pack.misuse.repetition_days),
            ("misuse.usual_least", pack.misuse.usual_least),
            ("misuse.hourly_count", pack.misuse.hourly_count),
            ("misuse.reason_copies", pack.misuse.reason_copies),
            ("misuse.reason_days", pack.misuse.reason_days),
        ] {
            self.positive(key, number);
        }
        self.at_most("session.longest_hours", pack.session.longest_hours, 24);
        self.at_most("misuse.night_from_hour", pack.misuse.night_from_hour, 23);
        self.at_most("misuse.night_to_hour", pack.misuse.night_to_hour, 23);
        self.ratio("misuse.reason_likeness", pack.misuse.reason_likeness);
        if let Some(sampling) = &pack.sampling {
            self.ratio("sampling.accounts", sampling.accounts);
            self.positive("sampling.least_records", sampling.least_records);
            self.clause("sampling.clause".to_owned(), &sampling.clause);
        }
    }

    fn times(&mut self) {
        let pack = self.pack;
        for (kind, rhythm) in &pack.rhythms {
            self.positive(format!("rhythms.{kind}.every"), rhythm.every);
            self.clause(format!("rhythms.{kind}.clause"), &rhythm.clause);
            self.addition(format!("rhythms.{kind}.addition"), rhythm.addition.as_ref());
        }
        for (kind, deadline) in &pack.deadlines {
            self.clause(format!("deadlines.{kind}.clause"), &deadline.clause);
            self.addition(format!("deadlines.{kind}.addition"), deadline.addition.as_ref());
            for (i, days) in deadline.remind_days_before.iter().enumerate() {
                self.at_most(format!("deadlines.{kind}.remind_days_before[{i}]"), *days, deadline.days);
            }
        }
        for (kind, retention) in &pack.retention {
            self.positive(format!("retention.{kind}.years"), retention.years);
            self.clause(format!("retention.{kind}.clause"), &retention.clause);
            self.addition(format!("retention.{kind}.addition"), retention.addition.as_ref());
        }
    }

    fn forms(&mut self) {
        let pack = self.pack;
        self.unique("forms", pack.forms.iter().map(|f| f.id.as_str()));
        for (i, form) in pack.forms.iter().enumerate() {
            self.form(&format!("forms[{i}]"), form);
        }
    }

    fn form(&mut self, at: &str, form: &Form) {
        self.clause(format!("{at}.clause"), &form.clause);
        self.not_empty(format!("{at}.title"), &form.title);
        for (i, variant) in form.variants.iter().enumerate() {
            self.agency_kinds(&format!("{at}.variants[{i}].agency_kinds"), &variant.agency_kinds);
        }
        self.unique(&format!("{at}.fields"), form.all_fields().map(|f| f.id.as_str()));
        for field in form.all_fields() {
            let key = format!("{at}.fields.{}.options", field.id);
            self.unique(&key, field.options.iter().map(|o| o.id.as_str()));
            if field.kind == FieldKind::Choice && field.options.is_empty() {
                self.fault(key, Reason::Empty);
            }
        }
        if let Some(table) = &form.table {
            self.unique(&format!("{at}.table.rows"), table.rows.iter().map(|r| r.id.as_str()));
            for (i, row) in table.rows.iter().enumerate() {
                self.clause(format!("{at}.table.rows[{i}].clause"), &row.clause);
            }
        }
    }

    fn duties(&mut self) {
        let pack = self.pack;
        self.unique("obligations", pack.obligations.iter().map(|d| d.id.as_str()));
        for (i, duty) in pack.obligations.iter().enumerate() {
            let at = format!("obligations[{i}]");
            self.clause(format!("{at}.clause"), &duty.clause);
            self.addition(format!("{at}.addition"), duty.addition.as_ref());
            if duty.actors.is_empty() {
                self.fault(format!("{at}.actors"), Reason::Empty);
            }
            self.trigger(&at, duty);
        }
    }

    fn trigger(&mut self, at: &str, duty: &Duty) {
        let pack = self.pack;
        let given =
            (duty.event.is_some(), duty.rhythm.is_some(), duty.deadline.is_some(), duty.retention.is_some());
        let (fits, needs) = match duty.trigger {
            TriggerKind::Periodic => (given == (false, true, false, false), "rhythm"),
            TriggerKind::Event => (matches!(given, (true, false, _, false)), "event"),
            TriggerKind::Retention => (given == (false, false, false, true), "retention"),
            TriggerKind::Continuous | TriggerKind::Power => {
                (given == (false, false, false, false), "nothing")
            }
        };
        if !fits {
            self.fault(format!("{at}.trigger"), Reason::Trigger { trigger: duty.trigger.as_str(), needs });
        }
        if let Some(kind) = duty.rhythm {
            self.resolves(format!("{at}.rhythm"), "rhythm", kind.as_str(), pack.rhythms.contains_key(&kind));
        }
        if let Some(kind) = duty.deadline {
            self.resolves(
                format!("{at}.deadline"),
                "deadline",
                kind.as_str(),
                pack.deadlines.contains_key(&kind),
            );
        }
        if let Some(kind) = duty.retention {
            self.resolves(
                format!("{at}.retention"),
                "retention",
                kind.as_str(),
                pack.retention.contains_key(&kind),
            );
        }
    }

    fn additions(&mut self) {
        let pack = self.pack;
        self.unique("additions", pack.additions.iter().map(|a| a.id.as_str()));
    }
}
