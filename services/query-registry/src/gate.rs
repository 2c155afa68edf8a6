//! The gate to the providers (H4.2, H5.1.1, H6; design.md, flow 2): authorise → log the intent → ask → strip → log the
//! outcome → answer. One reading statement before; one claim beside the intent; one short transaction after the outcome;
//! each for all who are there at the same moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chassis::{Caller, Context, Problem, Result};
use kernel::ids::{PersonId, QueryId};
use kernel::{Instant, NationalId, Personal, days};
use query_log::{Hash, Kind, LogError, NewEntry, Receipt};
use query_registry_types::PersonalText;
use query_registry_types::events::Decision;
use query_registry_types::queries::{CreateQuery, LogReceipt, QueryAnswer, Watermark};
use statement::Json;

use crate::contents;
use crate::domain::authorization::{Asker, Delivered, Grant, Request, decide};
use crate::domain::marks;
use crate::domain::refusal::Refusal;
use crate::domain::rules::THREE_YEARS;
use crate::problems;
use crate::provider::{self, Lookup, ProviderError};
use crate::state::{self, Registry};
use crate::store::queries::{Ask, DeliveredRecord, Facts, NewRecord};

pub mod batches;
mod recording;

use batches::Of;
use recording::word;

/// One query on its way through the gate.
struct Passage {
    context: Context,
    registry: Arc<Registry>,
    query: QueryId,
    now: Instant,
    asker: Asker,
    unit: Option<kernel::ids::UnitId>,
    national_id: NationalId,
    subject: String,
    facts: Facts,
    declared_marks: BTreeMap<String, i64>,
}

/// Answers a query, or refuses it; both are recorded.
pub async fn ask(caller: &Caller, body: &CreateQuery) -> Result<QueryAnswer> {
    let passage = Passage::open(caller, body).await?;
    let delivered: Vec<Delivered> = passage.facts.delivered.iter().map(Delivered::from).collect();
    let request = Request {
        asker: passage.asker,
        application: passage.facts.application.as_ref(),
        case: passage.facts.case.as_ref(),
        subject: &passage.subject,
        items: body.items.as_ref(),
        delivered: &delivered,
        delivery_of: body.delivery_of,
    };
    let decision = decide(&passage.registry.index(), &request, passage.now);
    let today = days::taipei_date(passage.now);
    let decision = decision.and_then(|grant| {
        passage.registry.check_approved(passage.regulation(), today)?;
        Ok(grant)
    });
    match decision {
        Ok(grant) => passage.serve(grant).await,
        Err(refusal) => Err(passage.refuse(refusal, body.items.as_ref()).await?.into()),
    }
}

impl Passage {
    /// Reads everything that the decision needs.
    async fn open(caller: &Caller, body: &CreateQuery) -> Result<Self> {
        let context = caller.context.clone();
        let registry = context.state::<Registry>();
        let asker = Asker {
            person: caller.person()?,
            post: caller.post()?,
            agency: caller.agency()?,
            system: caller.principal.system(),
            place: caller.principal.place,
            revoked: caller.revoked,
        };
        let national_id = state::national_id(&context, body.national_id.expose(), "/national_id")?;
        let subject = registry.subjects.hash(national_id.expose());
        let now = context.now();
        let (sequence, days_back) = registry.index().rules.windows(days::taipei_date(now));
        let (below, above) = marks::neighbours(&national_id, sequence);
        let hashes = |ids: &[NationalId]| -> Vec<String> {
            ids.iter().map(|id| registry.subjects.hash(id.expose())).collect()
        };
        let (below, above) = (hashes(&below), hashes(&above));
        let ask = Ask {
            application: body.application,
            subject: subject.clone(),
            neighbours: below.iter().chain(&above).cloned().collect(),
            since: now - chrono::Duration::days(days_back.into()),
            hour: now - chrono::Duration::hours(1),
        };
        let facts = registry.batches.facts.ask(ask).await?.facts()?;
        if registry.is_behind(facts.change) {
            registry.refresh_to(&mut *context.connection().await?, facts.change).await?;
        }
        let declared_marks = query_marks(&registry, &facts, asker.person, &subject, (&below, &above), now);
        let query = context.random().id(now);
        let unit = caller.principal.unit;
        Ok(Self { context, registry, query, now, asker, unit, national_id, subject, facts, declared_marks })
    }

    /// Records a refusal in the log and the register (H3.1 ＋, H6.6); gives the problem.
    async fn refuse(&self, refusal: Refusal, items: Option<&BTreeSet<String>>) -> Result<Problem> {
        let code = problems::kind_of(refusal).code;
        let mut entry = self.entry(Kind::Refusal, "refused");
        entry.refusal = Some(code.to_owned());
        entry.personal = self.personal(None);
        let receipt = self.append(THREE_YEARS, entry).await?;
        self.register_refusal(code, &receipt, items.unwrap_or(&BTreeSet::new())).await?;
        let problem =
            problems::refused(refusal).with("receipt", self::receipt(&receipt)).with("query", self.query);
        Ok(match (refusal, self.facts.delivered.last()) {
            (Refusal::AlreadyAnswered | Refusal::DeliveriesUsedUp, Some(last)) => answered(problem, last),
            _ => problem,
        })
    }

    /// From the intent to the answer.
    async fn serve(mut self, grant: Grant) -> Result<QueryAnswer> {
        let Some(application) = self.facts.application.take() else {
            return Err(problems::refused(Refusal::ApplicationUnknown).into());
        };
        let content = contents::open(&mut self.registry.values.reader(), &application.content).await?;
        self.facts.application = Some(application);
        let mut marks = std::mem::take(&mut self.declared_marks);
        marks.extend(grant.marks.clone());
        self.declared_marks = marks;
        let intent = self.intend(&grant, content.reason.expose()).await?;
        let asked = self.look_up(&grant).await;
        match asked {
            Ok(record) => self.hand_over(&grant, &intent, record).await,
            Err(error) => Err(self.fail(&grant, &intent, &error).await?.into()),
        }
    }

    /// The intent in the log and the claim on the delivery, side by side (invariant 2).
    async fn intend(&self, grant: &Grant, reason: &str) -> Result<Receipt> {
        let mut entry = self.entry(Kind::Intent, "granted");
        entry.rule_pack = Some(grant.rule_pack.clone());
        entry.fields = grant.fields.iter().cloned().collect();
        entry.personal = self.personal(Some(reason.to_owned()));
        let log = self.registry.log.current(grant.log);
        let record = NewRecord {
            delivery: grant.delivery,
            decision: "open",
            fields_asked: &grant.fields,
            rule_pack: Some(&grant.rule_pack),
            ..self.record(&grant.items, &log, &self.declared_marks)
        };
        let claim = self.registry.batches.claims.ask(Of { query: self.query, what: Json::of(&record)? });
        let (intent, claimed) = tokio::join!(self.append(grant.log, entry), claim);
        match (intent, claimed) {
            (Ok(intent), Ok(true)) => Ok(intent),
            // Somebody else asks the same at this moment: one answer is enough.
            (Ok(intent), Ok(false)) => {
                let code = problems::QUERY_ALREADY_ANSWERED.code;
                let outcome = self
                    .close(grant, &intent, "refused", |entry| entry.refusal = Some(code.to_owned()))
                    .await?;
                self.register_refusal(code, &outcome, &grant.items).await?;
                Err(problems::refused(Refusal::AlreadyAnswered).with("state", "open").into())
            }
            (Err(error), Ok(true)) => {
                self.settle(grant, Decision::Failed, None, None, &[], 0).await?;
                Err(error)
            }
            // Without a claim nothing is asked; the intent stays open and shows in the daily report.
            (_, Err(error)) | (Err(error), Ok(false)) => Err(error),
        }
    }

    async fn look_up(&self, grant: &Grant) -> std::result::Result<Option<provider::Record>, ProviderError> {
        let provider = self.registry.provider(self.regulation()).ok_or(ProviderError::Away(None))?;
        let purpose = self.application().map(|a| a.legal_basis.as_str()).unwrap_or_default();
        let lookup =
            Lookup { query: self.query, national_id: &self.national_id, fields: &grant.fields, purpose };
        provider.look_up(&lookup).await
    }

    /// Strip → outcome → register → answer (H5.1.1, invariants 2 and 3).
    async fn hand_over(
        &self,
        grant: &Grant,
        intent: &Receipt,
        record: Option<provider::Record>,
    ) -> Result<QueryAnswer> {
        let content = record.map(|record| provider::strip(record, &grant.fields));
        let returned: Vec<String> = content.iter().flat_map(|c| c.keys().cloned()).collect();
        let records = u32::from(content.is_some());
        let salt = self.context.random().bytes32();
        let digest = identity::salted_digest(&content, &salt).map_err(anyhow::Error::from)?;
        let decision = if content.is_some() { Decision::Answered } else { Decision::NotFound };
        let outcome = self
            .close(grant, intent, word(decision), |entry| {
                entry.fields = returned.iter().cloned().collect();
                if let Ok(hash) = digest.parse::<Hash>() {
                    entry.digests.insert("answer".to_owned(), hash);
                }
                entry.personal.insert("answer-salt".to_owned(), Personal::new(hex::encode(salt)));
            })
            .await;
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                self.settle(grant, Decision::Failed, Some(intent), None, &[], 0).await?;
                return Err(error);
            }
        };
        let settled = self
            .settle(grant, decision, Some(intent), Some((&outcome, digest.as_str())), &returned, records)
            .await?;
        if !settled {
            // The claim was released meanwhile: somebody else may hold it now.
            return Err(problems::refused(Refusal::AlreadyAnswered).into());
        }
        Ok(QueryAnswer {
            query: self.query,
            decision,
            content,
            fields_asked: grant.fields.clone(),
            fields_returned: returned,
            records,
            digest,
            digest_salt: hex::encode(salt),
            delivery: grant.delivery,
            intent: receipt_with_keys(intent),
            receipt: receipt_with_keys(&outcome),
            watermark: Watermark {
                account_number: grant.account_number.clone(),
                at: self.now,
                register_number: self.application().map(|a| a.register_number.clone()).unwrap_or_default(),
            },
            time_on_screen_seconds: grant.time_on_screen_seconds,
        })
    }

    /// The provider gave nothing: recorded, and the delivery is free again.
    async fn fail(&self, grant: &Grant, intent: &Receipt, error: &ProviderError) -> Result<Problem> {
        tracing::warn!(?error, query = %self.query, "provider");
        let outcome = self.close(grant, intent, "failed", |_| {}).await;
        self.settle(grant, Decision::Failed, Some(intent), None, &[], 0).await?;
        let outcome = outcome?;
        let problem = match error {
            ProviderError::Away(_) => {
                Problem::new(&problems::PROVIDER_UNAVAILABLE, "Try again under the same application.")
                    .retry_after(5)
            }
            ProviderError::Failed(_) => Problem::new(
                &problems::PROVIDER_FAILED,
                "Try again under the same application; it is recorded.",
            ),
        };
        Ok(problem.with("query", self.query).with("receipt", receipt(&outcome)))
    }
}

/// Appends to the log of a line of logs that is written now; whatever goes wrong, nothing may go on (invariant 2).
pub async fn append(registry: &Registry, line: &str, entry: NewEntry) -> Result<Receipt> {
    let appended = registry.log.append_to_line(line, entry).await;
    appended.map_err(|error: LogError| problems::log_unavailable(&error).into())
}

/// Appends to this very log: what an entry closes is an index of its own log.
pub async fn append_to(registry: &Registry, log: &str, entry: NewEntry) -> Result<Receipt> {
    registry.log.append(log, entry).await.map_err(|error: LogError| problems::log_unavailable(&error).into())
}

/// A receipt in the answer to a query, which is kept nowhere.
fn receipt_with_keys(found: &Receipt) -> LogReceipt {
    let keys = found.field_keys.iter().map(|(field, key)| (field.clone(), PersonalText(key.expose())));
    LogReceipt { field_keys: keys.collect(), ..receipt(found) }
}

/// A receipt as it is answered where the answer may be kept: without the keys of its commitments.
pub fn receipt(receipt: &Receipt) -> LogReceipt {
    LogReceipt {
        log: receipt.log.clone(),
        index: receipt.index,
        leaf_hash: receipt.leaf_hash.to_string(),
        recorded_at: receipt.recorded_at,
        size: receipt.head.size,
        root_hash: receipt.head.root_hash.to_string(),
        proof: receipt.proof.clone(),
        field_keys: BTreeMap::new(),
    }
}

fn query_marks(
    registry: &Registry,
    facts: &Facts,
    person: PersonId,
    subject: &str,
    (below, above): (&[String], &[String]),
    now: Instant,
) -> BTreeMap<String, i64> {
    let index = registry.index();
    let regulation = facts.application.as_ref().map_or("household", |a| a.regulation.as_str());
    let Some(rules) = index.rules.named(regulation, days::taipei_date(now)) else { return BTreeMap::new() };
    let mark_facts = marks::Facts {
        now,
        repeated: facts.repeated,
        hourly: facts.hourly,
        below,
        above,
        asked: &facts.neighbours,
        declared: index.person(person).is_some_and(|p| p.declared.contains(subject)),
    };
    let mut marks = marks::of_query(&rules.pack.misuse, &mark_facts);
    if let Some(application) = facts.application.as_ref().filter(|a| a.user == person) {
        marks.extend(application.marks.clone());
    }
    marks
}

/// 409 with status, receipt and digest; never content.
fn answered(problem: Problem, last: &DeliveredRecord) -> Problem {
    problem
        .with("state", &last.decision)
        .with("delivered_by", last.id)
        .with("digest", &last.digest)
        .with("log", &last.log)
        .with("log_index", last.log_index)
        .with("answered_at", last.at)
}
