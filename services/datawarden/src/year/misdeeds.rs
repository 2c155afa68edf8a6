//! What goes wrong on purpose, played as it would be done: through the public API, or past it.

use std::collections::BTreeSet;

use account_types::{AccountAct, GovernedAct, ReportLostCard};
use chrono::Duration as Span;
use identity::SoftCard;
use identity::pki::{KeyKind, Validity};
use kernel::ids::QueryApplicationId;
use kernel::{Instant, days};
use query_registry_types::applications::{CreateQueryApplication, QueryApplicationView};
use sample_city::{DayPlan, Misbehaviour, PlannedAct, PlannedQuery};
use uuid::Uuid;

use super::Year;
use super::permissions::{ACCOUNT, strange_from};
use super::queries::{REGISTRY, pack_items};
use super::state::HeldBack;
use crate::client::{Called, Who};

/// How long before the loss is reported its thief is signed in already.
const AHEAD_MINUTES: i64 = 4;

/// An act at its time.
#[derive(Debug, Clone)]
pub(super) enum Moment {
    /// As planned.
    Planned(PlannedAct),
    /// Whoever has the card signs in with it and has an application endorsed.
    BeforeLoss(String, usize),
}

impl Year<'_> {
    /// The acts of a day with their moments, in order.
    pub(super) fn moments_of(day: &DayPlan) -> Vec<(Instant, Moment)> {
        let mut moments = vec![];
        for act in &day.acts {
            let at = match act {
                PlannedAct::CardLost(id, official, at) => {
                    moments.push((
                        *at - Span::minutes(AHEAD_MINUTES),
                        Moment::BeforeLoss(id.clone(), *official),
                    ));
                    *at
                }
                PlannedAct::CardReplaced(..) => days::at(day.date, 8, 30),
                PlannedAct::ReportHeldBack { .. } => days::at(day.date, 8, 0),
                PlannedAct::CallPastGate { at, .. } => *at,
                PlannedAct::EditLogRow(_) => days::at(day.date, 18, 0),
            };
            moments.push((at, Moment::Planned(act.clone())));
        }
        moments.sort_by_key(|(at, _)| *at);
        moments
    }

    pub(super) async fn carry_out(&mut self, at: Instant, moment: Moment) {
        self.move_to(at);
        match moment {
            Moment::BeforeLoss(id, official) => self.use_card_before_loss(&id, official).await,
            Moment::Planned(PlannedAct::CardLost(id, official, _)) => self.report_loss(&id, official).await,
            Moment::Planned(PlannedAct::CardReplaced(_, official)) => self.replace_card(official).await,
            Moment::Planned(PlannedAct::ReportHeldBack { official, of, working_days_late, .. }) => {
                let agency = self.client.city().officials[official].posts.first().map(|p| p.agency);
                self.state.held_back.extend(agency.map(|agency| HeldBack {
                    agency,
                    from: of,
                    late: working_days_late,
                    report: None,
                }));
            }
            Moment::Planned(PlannedAct::CallPastGate { provider, transaction, .. }) => {
                self.stack.provider.note_foreign_call(provider, transaction);
                self.state.did("provider calls past the gate (planted)");
            }
            Moment::Planned(PlannedAct::EditLogRow(id)) => {
                let edited = crate::planted::edit_copy(self.stack, &id).await;
                let edited = edited.map_err(|e| strange_from("edited copy of the log", e));
                if self.note("edited log row", edited).is_some() {
                    self.state.did("log rows edited on a copy (planted)");
                }
            }
        }
    }

    async fn use_card_before_loss(&mut self, planted: &str, official: usize) {
        let first = self.plan.queries().find(|q| q.planted.as_deref() == Some(planted)).cloned();
        let (Some(query), Some(who)) = (first, self.client.main_post(official)) else { return };
        self.register_cases(&[&query]).await;
        let filed = self.endorsed_application(who, &query, query.citizen).await;
        if let Some(id) = self.note("application before the loss", filed) {
            self.state.thief = Some((id, query));
        }
    }

    /// An application about `covered` that is filled in and stamped now.
    async fn endorsed_application(
        &self,
        who: Who,
        query: &PlannedQuery,
        covered: usize,
    ) -> Called<QueryApplicationId> {
        let missing = || super::permissions::strange("query application", "no account or no case");
        let account = self.state.account(who, query.provider.code()).ok_or_else(missing)?.id;
        let case = *self.state.cases.get(&query.case).ok_or_else(missing)?;
        let items: BTreeSet<String> = pack_items(query.provider, query.items).collect();
        let content =
            self.content(who, query, (account, case), &[covered].into(), items).ok_or_else(missing)?;
        let endorsement = self.client.endorse(who, &content)?;
        let request = CreateQueryApplication { content, endorsement };
        let view: QueryApplicationView =
            self.client.call(who, (REGISTRY, "create_query_application"), &[], &[], Some(&request)).await?;
        let supervisor = self.supervisor(view.agency, who).ok_or_else(missing)?;
        self.stamp_batch(supervisor, vec![(view.id, view.digest.clone())]).await?;
        Ok(view.id)
    }

    /// The designated officer or the IT unit reports the loss for the holder; whoever has the card tries at once.
    async fn report_loss(&mut self, _: &str, official: usize) {
        let person = self.client.city().officials[official].id;
        let request = ReportLostCard { person: Some(person), thumbprint: None, lost_on: self.today };
        let Ok(unit) = self.it_unit(0) else { return };
        let reported = self.client.post(unit, (ACCOUNT, "report_lost_card"), &[], &request).await;
        if self.note("lost card", reported).is_some() {
            self.state.did("lost cards reported");
        }
        self.state.cardless.insert(person);
        let settled = self.stack.settle().await.map_err(|e| strange_from("settle", e));
        self.note("lost card", settled);
        self.move_to(self.client.now() + Span::minutes(1));
        let (Some((application, query)), Some(who)) =
            (self.state.thief.take(), self.client.main_post(official))
        else {
            return;
        };
        if let Err(error) = self.client.token(who).await {
            self.state.trouble(self.today, "token from before the loss", &error);
        }
        match self.ask_one(who, application, &query).await {
            Ok(_) => self.state.did("QUERIES ANSWERED AFTER THE CARD WAS REPORTED LOST"),
            Err(error) => self.state.query_refused(error.code()),
        }
    }

    /// A new card: issued, bound by two administrators, the accounts resumed.
    async fn replace_card(&mut self, official: usize) {
        let renewed = self.issue_card(official);
        let Some(card) = self.note("new card", renewed) else { return };
        let person = self.client.city().officials[official].id;
        let binding = crate::master_data::binding(&card, &self.stack.anchors, self.client.now());
        let Some(card_binding) = self.note("new card", binding.map_err(|e| strange_from("new card", e)))
        else {
            return;
        };
        let bound = self.govern(GovernedAct::BindCard { person, card: card_binding }, "補發自然人憑證").await;
        if self.note("new card", bound).is_none() {
            return;
        }
        self.client.renew_card(official, card);
        if let Some(who) = self.client.main_post(official) {
            self.client.sign_out(who);
        }
        self.state.cardless.remove(&person);
        let mine: Vec<_> = self
            .state
            .accounts
            .values()
            .filter(|a| a.who.official == official && !a.stopped)
            .map(|a| a.id)
            .collect();
        for account in mine {
            let request = AccountAct { reason: "已補發憑證".to_owned(), clause: "H5.2.3".to_owned() };
            let Ok(unit) = self.it_unit(0) else { return };
            let resumed = self.client.post(unit, (ACCOUNT, "resume_account"), &[&account], &request).await;
            if self.note("account after a lost card", resumed).is_some() {
                self.state.did("accounts resumed with a new card");
            }
        }
    }

    /// A new card, kept where the next start finds it.
    fn issue_card(&self, official: usize) -> Called<SoftCard> {
        let official = &self.client.city().officials[official];
        let serial = format!("TP05{}", official.card_serial.get(4..).unwrap_or_default());
        let holder = identity::CardHolder {
            name: &official.name,
            serial_number: &serial,
            last_four: official.national_id.last_four(),
        };
        let now = self.client.now();
        let validity =
            Validity { from: now - Span::days(1), until: self.stack.memory.end + Span::days(3 * 365) };
        let credential = self
            .stack
            .pki
            .issue_card_with(holder, KeyKind::P256, validity)
            .map_err(|e| strange_from("new card", e.into()))?;
        let dir = self.stack.data.join("pki/cards");
        credential
            .save_pem_files(
                &dir.join(format!("{}.pem", official.login)),
                &dir.join(format!("{}.key.pem", official.login)),
            )
            .map_err(|e| strange_from("new card", e.into()))?;
        Ok(SoftCard::new(credential))
    }

    /// Whether a planted query cannot be played as an ordinary one: its user has no token, no account, or the person is
    /// not in the case.
    pub(super) fn is_special(&self, query: &PlannedQuery) -> bool {
        matches!(
            self.act_of(query),
            Some(
                Misbehaviour::LostCardUsed { .. }
                    | Misbehaviour::NeverAuthorisedAttempt { .. }
                    | Misbehaviour::PersonOutsideCase { .. }
                    | Misbehaviour::TransferredStillQuerying { .. }
            )
        ) || query.fault.is_some()
    }

    fn act_of(&self, query: &PlannedQuery) -> Option<&Misbehaviour> {
        let planted = query.planted.as_ref()?;
        self.client.city().planted.iter().find(|p| p.id == *planted).map(|p| &p.act)
    }

    pub(super) async fn perform_special(&mut self, query: &PlannedQuery) {
        let who = Who { official: query.official, post: query.post };
        self.move_to(query.at - Span::minutes(4));
        self.register_cases(&[query]).await;
        let act = self.act_of(query).cloned();
        let refused = match act {
            Some(Misbehaviour::PersonOutsideCase { .. }) => self.ask_outside_case(who, query).await,
            Some(Misbehaviour::NeverAuthorisedAttempt { .. }) => {
                // He has no account to fill an application in with: he guesses one's number.
                self.move_to(query.at);
                self.ask_one(who, QueryApplicationId(Uuid::nil()), query).await.map(drop)
            }
            _ if query.fault.is_some() => self.ask_and_die(who, query).await,
            _ => match self.endorsed_application(who, query, query.citizen).await {
                Ok(application) => {
                    self.move_to(query.at);
                    self.ask_one(who, application, query).await.map(drop)
                }
                Err(error) => Err(error),
            },
        };
        match refused {
            Ok(()) => {
                self.state.answered.insert(query.number, self.client.now());
                self.state.did("planted queries that the gate answered");
            }
            Err(error) => {
                self.state.query_refused(&format!("{} ({}, planted)", error.code(), error.operation()));
            }
        }
    }

    /// First he names the stranger on the application, then he has one endorsed for a person of the case and asks about
    /// the stranger all the same.
    async fn ask_outside_case(&mut self, who: Who, query: &PlannedQuery) -> Called<()> {
        if let Err(error) = self.endorsed_application(who, query, query.citizen).await {
            self.state.query_refused(&format!("{} ({}, planted)", error.code(), error.operation()));
        }
        let member = self.client.city().cases.get(query.case).and_then(|c| c.persons.first().copied());
        let application = self.endorsed_application(who, query, member.unwrap_or(query.citizen)).await?;
        self.move_to(query.at);
        self.ask_one(who, application, query).await.map(drop)
    }

    /// The provider never answers, the caller hangs up and the gate's work on it ends: the intent stays open.
    async fn ask_and_die(&mut self, who: Who, query: &PlannedQuery) -> Called<()> {
        let application = self.endorsed_application(who, query, query.citizen).await?;
        self.move_to(query.at);
        let slow: Option<provider_simulator::Behaviour> =
            serde_json::from_value(serde_json::json!({ "latency_ms": 3_000 })).ok();
        if let Some(slow) = slow {
            self.stack.provider.behave(query.provider, slow);
        }
        let hung_up = tokio::time::timeout(
            std::time::Duration::from_millis(700),
            self.ask_one(who, application, query),
        )
        .await;
        self.stack.provider.behave(query.provider, provider_simulator::Behaviour::default());
        self.state.did("queries broken off between intent and outcome (planted)");
        match hung_up {
            Ok(answer) => answer.map(drop),
            Err(_) => Ok(()),
        }
    }
}
