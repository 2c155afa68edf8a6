//! What the log, the register and the other services are told of a query on its way through the gate.

use std::collections::{BTreeMap, BTreeSet};

use chassis::Result;
use chassis::outbox::Outgoing;
use kernel::Personal;
use query_log::{Kind, NewEntry, Receipt, SUBJECT};
use query_registry_types::events::{Decision, QueryRecorded};
use statement::Json;

use super::batches::{Ending, Of};
use super::{Passage, append, append_to};
use crate::domain::application::QueryApplication;
use crate::domain::authorization::Grant;
use crate::store::queries::{self, NewRecord, Settlement};

impl Passage {
    pub(super) fn application(&self) -> Option<&QueryApplication> {
        self.facts.application.as_ref().filter(|a| a.user == self.asker.person)
    }

    /// What the log and the register hold of every query, answered or not.
    pub(super) fn entry(&self, kind: Kind, decision: &str) -> NewEntry {
        let mut entry = NewEntry::new(kind, self.now);
        entry.agency = Some(self.asker.agency);
        entry.query = Some(self.query);
        entry.decision = Some(decision.to_owned());
        if let Some(application) = self.application() {
            entry.account = Some(application.account_id);
            entry.application = Some(application.id);
            entry.legal_basis = Some(application.legal_basis.clone());
            entry.programme = Some(application.programme.clone());
        }
        entry
    }

    /// The personal values of an entry: whom, by whom, why.
    pub(super) fn personal(&self, reason: Option<String>) -> BTreeMap<String, Personal<String>> {
        let mut personal = BTreeMap::from([
            (SUBJECT.to_owned(), Personal::new(self.national_id.expose().to_owned())),
            ("official".to_owned(), Personal::new(self.asker.person.to_string())),
        ]);
        if let Some(reason) = reason {
            personal.insert("reason".to_owned(), Personal::new(reason));
        }
        personal
    }

    pub(super) fn event(&self, decision: Decision, log: &str, log_index: u64) -> QueryRecorded {
        let application = self.application();
        QueryRecorded {
            query: self.query,
            application: application.map(|a| a.id),
            account: application.map(|a| a.account_id),
            person: self.asker.person,
            agency: self.asker.agency,
            unit: self.unit,
            case: application.map(|a| a.case_id),
            programme: application.map(|a| a.programme.clone()),
            regulation: self.regulation().to_owned(),
            decision,
            refusal: None,
            items: vec![],
            records: 0,
            at: self.now,
            log: log.to_owned(),
            log_index: i64::try_from(log_index).unwrap_or(i64::MAX),
            marks: self.declared_marks.clone(),
        }
    }

    pub(super) fn regulation(&self) -> &str {
        // A query without an application of the caller is about household data: the only kind with a rule for it.
        self.application().map_or("household", |a| a.regulation.as_str())
    }

    pub(super) fn record<'a>(
        &'a self,
        items: &'a BTreeSet<String>,
        log: &'a str,
        marks: &'a BTreeMap<String, i64>,
    ) -> NewRecord<'a> {
        let application = self.application();
        NewRecord {
            id: self.query,
            application_id: application.map(|a| a.id),
            delivery: 0,
            account_id: application.map(|a| a.account_id),
            person_id: self.asker.person,
            agency_id: self.asker.agency,
            unit_id: self.unit,
            system_id: self.asker.system,
            case_id: application.map(|a| a.case_id),
            regulation: self.regulation(),
            programme: application.map(|a| a.programme.as_str()),
            legal_basis: application.map(|a| a.legal_basis.as_str()),
            subject: &self.subject,
            decision: "refused",
            refusal: None,
            items,
            fields_asked: &[],
            log,
            log_index: None,
            at: self.now,
            marks,
            rule_pack: None,
        }
    }

    /// The refusal as a record, and told to the others.
    pub(super) async fn register_refusal(
        &self,
        code: &str,
        receipt: &Receipt,
        items: &BTreeSet<String>,
    ) -> Result<()> {
        let record = NewRecord {
            refusal: Some(code),
            log_index: signed(receipt.index),
            ..self.record(items, &receipt.log, &self.declared_marks)
        };
        let record = Json::of(&record)?;
        let mut event = self.event(Decision::Refused, &receipt.log, receipt.index);
        event.refusal = Some(code.to_owned());
        event.items = items.iter().cloned().collect();
        self.context
            .transaction(async |tx| {
                queries::insert(tx.conn(), &[&record]).await?;
                tx.emit(&event).await
            })
            .await
    }

    /// Appends the outcome that closes the intent.
    pub(super) async fn close(
        &self,
        grant: &Grant,
        intent: &Receipt,
        decision: &str,
        complete: impl FnOnce(&mut NewEntry),
    ) -> Result<Receipt> {
        let mut entry = self.entry(Kind::Outcome, decision);
        entry.at = self.context.now();
        entry.closes = Some(intent.index);
        entry.rule_pack = Some(grant.rule_pack.clone());
        complete(&mut entry);
        append_to(&self.registry, &intent.log, entry).await
    }

    pub(super) async fn append(&self, log: &str, entry: NewEntry) -> Result<Receipt> {
        append(&self.registry, log, entry).await
    }

    /// Settles the record and tells the others, together.
    pub(super) async fn settle(
        &self,
        grant: &Grant,
        decision: Decision,
        intent: Option<&Receipt>,
        outcome: Option<(&Receipt, &str)>,
        returned: &[String],
        records: u32,
    ) -> Result<bool> {
        let at = outcome.map(|(receipt, _)| receipt).or(intent);
        let settlement = Settlement {
            id: self.query,
            decision: word(decision),
            fields_returned: returned,
            records: i32::try_from(records).unwrap_or(i32::MAX),
            digest: outcome.map(|(_, digest)| digest),
            intent_index: intent.and_then(|r| signed(r.index)),
            log_index: at.and_then(|r| signed(r.index)),
        };
        let mut event = self.event(decision, at.map_or(grant.log, |r| &r.log), at.map_or(0, |r| r.index));
        event.items = grant.items.iter().cloned().collect();
        event.records = records;
        let ending =
            Ending { settlement: Json::of(&settlement)?, event: Outgoing::of(&event, self.context.now())? };
        self.registry.batches.settlements.ask(Of { query: self.query, what: ending }).await
    }
}

pub(super) fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Answered => "answered",
        Decision::NotFound => "not_found",
        Decision::Refused => "refused",
        Decision::Failed => "failed",
        Decision::Imported => "imported",
    }
}

pub(super) fn signed(index: u64) -> Option<i64> {
    i64::try_from(index).ok()
}
