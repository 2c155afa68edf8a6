//! Permission applications from the seal to the opening, along whatever path the rule pack names (H5.2.1, H5.2.2, I3.3).

use std::collections::{BTreeMap, BTreeSet};

use account_types::{
    ApplicationForm, CreateApplication, EndorseApplication, OpenAccount, Outcome, RecordStage, ResultKind,
    ReturnApplication, StageContent,
};
use chrono::NaiveDate;
use kernel::ids::{AccountId, AgencyId, PersonId};
use kernel::{Random as _, SystemRandom};
use rule_pack::{Actor, ApplicationKind, FieldKind, Regulation, RulePack, Stage, StageAction};
use serde_json::Value;
use uuid::Uuid;

use super::Year;
use super::state::Known;
use crate::client::{CallError, Called, Who};

/// Service that holds accounts.
pub(super) const ACCOUNT: &str = "account";

/// What is applied for.
pub(super) struct Wish {
    /// Who applies.
    pub who: Who,
    /// For which data.
    pub regulation: Regulation,
    /// `add`, `change` or `cancel`.
    pub kind: &'static str,
    /// The account that changes or ends.
    pub account: Option<AccountId>,
    /// Ticked items.
    pub items: BTreeSet<String>,
}

/// How far an application is walked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Through every stage.
    End,
    /// To the stage that gives it effect, without that.
    Effect,
}

impl Year<'_> {
    /// Learns the accounts that stand, as an auditor sees them.
    pub(super) async fn learn_accounts(&mut self) -> anyhow::Result<()> {
        let auditor = self.client.bureau("auditor").ok_or_else(|| anyhow::anyhow!("no auditor"))?;
        let rows: Vec<Value> = self.client.list(auditor, (ACCOUNT, "list_accounts"), &[]).await?;
        for row in rows {
            if let Some(known) = self.known(&row) {
                self.state.accounts.insert(known.id, known);
            }
        }
        Ok(())
    }

    fn known(&self, row: &Value) -> Option<Known> {
        let person = row["person_id"].as_str()?.parse().ok()?;
        let who =
            Who { official: self.client.by_person(person)?, post: row["post_id"].as_str()?.parse().ok()? };
        Some(Known {
            id: row["id"].as_str()?.parse().ok()?,
            number: row["number"].as_str()?.to_owned(),
            who,
            regulation: row["regulation"].as_str()?.to_owned(),
            stopped: row["status"] == "stopped",
        })
    }

    /// Files an application and walks it on.
    pub(super) async fn apply(&mut self, wish: Wish, until: Until) -> Option<Uuid> {
        let filed = self.file_application(&wish).await;
        let application = self.note("permission application", filed)?;
        self.state.did(&format!("permission applications filed ({} {})", wish.regulation, wish.kind));
        let id = application["id"].as_str()?.parse().ok()?;
        self.walk(id, until).await;
        Some(id)
    }

    async fn file_application(&self, wish: &Wish) -> Called<Value> {
        let pack = self.packs.on(wish.regulation, self.today);
        let form = pack.and_then(|pack| self.form(pack, wish));
        let form =
            form.ok_or_else(|| strange("permission application", "no path for it in the rule pack"))?;
        let mut salt = [0; 32];
        SystemRandom.fill(&mut salt);
        let salt = hex::encode(salt);
        let digest = form.digest(&salt).map_err(|e| strange_from("permission application", e.into()))?;
        let sealed = self.first_stage(wish).is_some_and(|s| s.endorsed);
        let stage = self.first_stage(wish).map(|s| s.id.clone()).unwrap_or_default();
        let endorsement = if sealed {
            Some(self.client.endorse(wish.who, &StageContent::new(&digest, &stage, wish.who.post))?)
        } else {
            None
        };
        let request = CreateApplication { form, salt, endorsement };
        self.client.post(wish.who, (ACCOUNT, "create_application"), &[], &request).await
    }

    fn first_stage(&self, wish: &Wish) -> Option<&Stage> {
        let pack = self.packs.on(wish.regulation, self.today)?;
        pack.path_for(self.agency_kind(wish.who)?, kind(wish.kind))?.stages.first()
    }

    fn agency_kind(&self, who: Who) -> Option<&'static str> {
        use sample_city::AgencyKind as Kind;
        Some(match self.client.city().agency(self.agency_of(who)?)?.kind {
            Kind::Bureau => "bureau",
            Kind::Subordinate => "welfare-centre",
            Kind::DistrictOffice => "district-office",
            Kind::Provider => "provider",
            Kind::ItCentre => "it-centre",
        })
    }

    /// The agency of the post acted in.
    pub(super) fn agency_of(&self, who: Who) -> Option<AgencyId> {
        self.client.official(who).posts.iter().find(|p| p.id == who.post).map(|p| p.agency)
    }

    /// The form of the rule pack, filled in from what the city knows of the official.
    fn form(&self, pack: &RulePack, wish: &Wish) -> Option<ApplicationForm> {
        let path = pack.path_for(self.agency_kind(wish.who)?, kind(wish.kind))?;
        let blank = pack.form(&path.form)?;
        let official = self.client.official(wish.who);
        let agency = self.client.city().agency(self.agency_of(wish.who)?)?;
        let fields = blank.fields.iter().filter_map(|field| {
            let text = match (field.kind, field.id.as_str()) {
                (_, "account") => return None,
                (_, "kind") => wish.kind.to_owned(),
                _ if !field.options.is_empty() => field.options.first()?.id.clone(),
                (FieldKind::Date, _) => self.today.to_string(),
                (FieldKind::Name, _) => official.name.clone(),
                (FieldKind::Email, _) => official.email.clone(),
                (FieldKind::Phone, _) => official.phone.clone(),
                (FieldKind::NationalId, _) => official.national_id.expose().to_owned(),
                (_, "agency") => agency.name.clone(),
                (_, "card-serial") => official.card_serial.clone(),
                (_, "agency-address") => format!("{}辦公處所", agency.name),
                _ => "辦理社會救助及社會福利業務審查".to_owned(),
            };
            Some((field.id.clone(), text))
        });
        Some(ApplicationForm {
            regulation: pack.regulation.as_str().to_owned(),
            kind: wish.kind.to_owned(),
            post: wish.who.post,
            account: wish.account,
            fields: fields.collect::<BTreeMap<_, _>>(),
            items: wish.items.clone(),
        })
    }

    /// Walks an application through its next stages, each by the actor that the path names.
    pub(super) async fn walk(&mut self, id: Uuid, until: Until) {
        for _ in 0..12 {
            let Some(reader) = self.client.bureau("it_unit") else { return };
            let read = self.client.get(reader, (ACCOUNT, "get_permission_application"), &[&id]).await;
            let Some(application) = self.note("permission application", read) else { return };
            let application = application.get("application").cloned().unwrap_or(application);
            if application["status"] != "in_progress" {
                return;
            }
            let Some((stage, last)) = self.next_stage(&application) else { return };
            if until == Until::Effect && last {
                return;
            }
            let done = self.do_stage(id, &application, &stage).await;
            if self.note("stage of an application", done).is_none() {
                return;
            }
            self.state.did(&format!("stages of permission applications: {}", stage.id));
            if last {
                let _ = self.learn_accounts().await;
            }
        }
    }

    /// The next stage, and whether it is the one with effect: the opening, or the decision of an end.
    fn next_stage(&self, application: &Value) -> Option<(Stage, bool)> {
        let regulation: Regulation = application["regulation"].as_str()?.parse().ok()?;
        let pack = self.packs.on(regulation, self.today)?;
        let path = pack.paths.iter().find(|p| application["path"] == p.id.as_str())?;
        let place = path.stages.iter().position(|s| application["next_stage"] == s.id.as_str())?;
        let stage = path.stages.get(place)?.clone();
        let ends = application["kind"] == "cancel" && stage.actor == Actor::DesignatedOfficer;
        let last = stage.action == StageAction::Open || ends || place + 1 == path.stages.len();
        Some((stage, last))
    }

    async fn do_stage(&self, id: Uuid, application: &Value, stage: &Stage) -> Called<Value> {
        let actor =
            self.actor(application, stage).ok_or_else(|| strange("stage", "nobody holds the role"))?;
        if stage.action == StageAction::Open {
            return self.client.post(actor, (ACCOUNT, "open_account"), &[&id], &OpenAccount::default()).await;
        }
        let effective = self.effective_on(application);
        let outcome = (!stage.results.is_empty()).then(|| {
            serde_json::from_value(application["proposed"].clone()).unwrap_or(Outcome {
                result: ResultKind::Granted,
                effective_on: Some(effective),
                note: None,
            })
        });
        if !stage.endorsed {
            let request = RecordStage {
                stage: stage.id.clone(),
                on: self.today,
                number: Some(document_number(self.today, &id)),
                outcome,
                account_number: (stage.action == StageAction::Allot && application["kind"] == "add")
                    .then(|| format!("NIA-{}", &id.simple().to_string()[20..])),
            };
            return self.client.post(actor, (ACCOUNT, "record_stage"), &[&id], &request).await;
        }
        let digest = application["form_digest"].as_str().unwrap_or_default();
        let content =
            StageContent { outcome: outcome.clone(), ..StageContent::new(digest, &stage.id, actor.post) };
        let endorsement = self.client.endorse(actor, &content)?;
        let request = EndorseApplication { stage: stage.id.clone(), outcome, joint_unit: None, endorsement };
        self.client.post(actor, (ACCOUNT, "endorse_application"), &[&id], &request).await
    }

    /// The day from which a grant is good: tomorrow's working day, or the first day without the old duties.
    fn effective_on(&self, application: &Value) -> NaiveDate {
        let person: Option<PersonId> = application["person_id"].as_str().and_then(|p| p.parse().ok());
        let gone = person.and_then(|p| self.state.gone.get(&p)).copied().filter(|day| *day >= self.today);
        gone.unwrap_or(self.today)
    }

    fn actor(&self, application: &Value, stage: &Stage) -> Option<Who> {
        let applicant = application["person_id"].as_str()?.parse().ok()?;
        let agency: AgencyId = application["agency_id"].as_str()?.parse().ok()?;
        let unit = application["unit_id"].as_str()?;
        let city = self.client.city();
        let bureau = city.agency_by_code("bureau")?.id;
        let last = application["steps"].as_array().and_then(|s| s.last()).and_then(|s| s["person"].as_str());
        let mut but = vec![applicant];
        but.extend(last.and_then(|p| p.parse::<PersonId>().ok()));
        let after_head =
            application["steps"].as_array().is_some_and(|s| s.iter().any(|s| s["stage"] == "agency-head"));
        let at = |agency: AgencyId, role: &str| self.client.holder_but(agency, role, &but);
        match stage.actor {
            Actor::UnitSupervisor => city
                .holders(agency, "unit_supervisor")
                .find(|(i, post)| post.unit.to_string() == unit && city.officials[*i].id != applicant)
                .map(|(official, post)| Who { official, post: post.id }),
            Actor::AgencyHead => at(agency, "agency_head"),
            Actor::BusinessUnitSupervisor => at(bureau, "business_supervisor"),
            Actor::BusinessUnit if after_head => at(bureau, "business_supervisor"),
            Actor::BusinessUnit => {
                at(agency, "business_supervisor").or_else(|| at(agency, "unit_supervisor"))
            }
            Actor::ItUnit => at(bureau, "it_unit"),
            Actor::Bureau | Actor::BusinessUnitHandler => at(bureau, "business_handler"),
            Actor::DesignatedOfficer if stage.id == "forward" => at(bureau, "designated_officer"),
            Actor::DesignatedOfficer => {
                at(agency, "designated_officer").or_else(|| at(bureau, "designated_officer"))
            }
            // Who forwarded it records the answer too; what never went to the bureau is recorded in the office.
            Actor::Provider => {
                let forwarded = application["steps"]
                    .as_array()
                    .is_some_and(|s| s.iter().any(|s| s["stage"] == "bureau-review"));
                let at = if forwarded { bureau } else { agency };
                self.client.holder_but(at, "designated_officer", &[applicant])
            }
            _ => None,
        }
    }

    /// Sends an application back, has it filed anew and walked to its end (H5.2.1).
    pub(super) async fn apply_with_return(&mut self, wish: Wish) {
        let Some(id) = self.apply_first(&wish).await else { return };
        let city = self.client.city();
        let Some(agency) = self.agency_of(wish.who) else { return };
        let unit =
            self.client.official(wish.who).posts.iter().find(|p| p.id == wish.who.post).map(|p| p.unit);
        let supervisor = city
            .holders(agency, "unit_supervisor")
            .find(|(_, p)| Some(p.unit) == unit)
            .map(|(official, post)| Who { official, post: post.id });
        if let Some(supervisor) = supervisor {
            let request = ReturnApplication { reason: "請補充申請事由".to_owned() };
            let returned =
                self.client.post(supervisor, (ACCOUNT, "return_application"), &[&id], &request).await;
            self.note("return of an application", returned);
        }
        let again = self.refile(id, &wish).await;
        if self.note("second filing", again).is_some() {
            self.state.did("permission applications returned and filed again");
            self.walk(id, Until::End).await;
        }
    }

    async fn apply_first(&mut self, wish: &Wish) -> Option<Uuid> {
        let filed = self.file_application(wish).await;
        self.note("permission application", filed)?["id"].as_str()?.parse().ok()
    }

    async fn refile(&self, id: Uuid, wish: &Wish) -> Called<Value> {
        let pack = self.packs.on(wish.regulation, self.today);
        let form = pack.and_then(|pack| self.form(pack, wish)).ok_or_else(|| strange("filing", "no form"))?;
        let mut salt = [0; 32];
        SystemRandom.fill(&mut salt);
        let salt = hex::encode(salt);
        let digest = form.digest(&salt).map_err(|e| strange_from("filing", e.into()))?;
        let stage = self.first_stage(wish).map(|s| s.id.clone()).unwrap_or_default();
        let endorsement =
            Some(self.client.endorse(wish.who, &StageContent::new(&digest, &stage, wish.who.post))?);
        let request = CreateApplication { form, salt, endorsement };
        self.client.post(wish.who, (ACCOUNT, "resubmit_application"), &[&id], &request).await
    }
}

/// Something that the player expected is not there.
pub(super) fn strange(operation: &str, what: &str) -> CallError {
    strange_from(operation, anyhow::anyhow!("{what}"))
}

pub(super) fn strange_from(operation: &str, source: anyhow::Error) -> CallError {
    CallError::Transport { operation: operation.to_owned(), source }
}

/// A document number (文號) of the city's offices.
pub(super) fn document_number(day: NaiveDate, id: &Uuid) -> String {
    use chrono::Datelike as _;
    format!("高市社字第{}{:05}號", day.year() - 1911, id.as_u128() % 100_000)
}

fn kind(text: &str) -> ApplicationKind {
    match text {
        "change" => ApplicationKind::Change,
        "cancel" => ApplicationKind::Cancel,
        _ => ApplicationKind::Add,
    }
}
