//! Who is to do what by when: open obligations are read from every service, and each is done by its actor a day or two
//! before it is due.

use account_types::{
    ApproveGovernedChange, AttestationKind, ChangeLinkManager, CreateDeputy, DeputyTerms, GovernedAct,
    ProposeGovernedChange, RecordHostSecurity, RegisterLink,
};
use chrono::{Datelike as _, NaiveDate};
use futures::future::join_all;
use kernel::ids::{AccountId, PersonId};
use obligations::Obligation;
use rule_pack::Regulation;
use sample_city::DayPlan;
use serde_json::Value;
use uuid::Uuid;

use super::control::is_daily_report;
use super::internal_audits::is_internal_audit;
use super::permissions::{ACCOUNT, Until, Wish, strange};
use super::{Year, side_by_side};
use crate::client::{Called, Who};

/// A data link that is not needed any more: its review ends in a letter (H6.5).
pub(super) const OLD_LINK: &str = "舊案比對資料連結作業";
/// Working days before the due day on which a duty is done.
const AHEAD: u32 = 2;
/// The same for duties that take more than one sitting.
const FAR_AHEAD: u32 = 14;
/// The same for what is reviewed once a year, and not left to December.
const YEARLY_AHEAD: u32 = 150;
/// Working days after which a duty that could not be done is tried again.
const AGAIN: u32 = 5;
/// The duty to review a data link, once a year.
const LINK_REVIEW: &str = "H6.5.review";
/// Services with obligations.
const OWNERS: [&str; 4] = [ACCOUNT, "query-registry", "audit-sampling", "retention"];

impl Year<'_> {
    /// Does what is due within [`AHEAD`] working days.
    pub(super) async fn do_duties(&mut self) {
        self.state.worked.clear();
        let year = &*self;
        let lists = join_all(OWNERS.map(async |owner| (owner, year.due(owner).await))).await;
        for (owner, due) in lists {
            let Some(due) = self.note("obligations", due) else { continue };
            self.attest_all(&due).await;
            self.audit_offices(&due).await;
            self.endorse_daily_reports(&due).await;
            for obligation in due {
                if is_side_by_side(&obligation.duty) || !self.take_up(&obligation) {
                    continue;
                }
                let done = self.do_duty(owner, &obligation).await;
                self.note_duty(&obligation, done);
            }
        }
    }

    /// What is to be done now of what `owner` keeps.
    async fn due(&self, owner: &str) -> Called<Vec<Obligation>> {
        let after = |days| self.calendar.working_days_after(self.today, days);
        let (horizon, far) = (after(AHEAD), after(FAR_AHEAD));
        let mut due = self.open(owner, far, None).await?;
        due.retain(|o| o.due_on <= if takes_long(&o.duty) { far } else { horizon });
        if owner == ACCOUNT {
            let reviews = self.open(owner, after(YEARLY_AHEAD), Some("H6.5")).await?;
            due.extend(reviews.into_iter().filter(|o| o.duty == LINK_REVIEW && o.due_on > horizon));
        }
        Ok(due)
    }

    async fn open(&self, owner: &str, due_by: NaiveDate, clause: Option<&str>) -> Called<Vec<Obligation>> {
        let auditor = self.role("auditor")?;
        let mut query = vec![("state", "open".to_owned()), ("due_by", due_by.to_string())];
        query.extend(clause.map(|clause| ("clause", clause.to_owned())));
        self.client.list(auditor, (owner, "list_obligations"), &query).await
    }

    /// Whether the duty is done today: not put off, and nobody else worked on its subject today.
    pub(super) fn take_up(&mut self, obligation: &Obligation) -> bool {
        let key = key(obligation);
        let put_off = self.state.put_off.get(&key).is_some_and(|day| self.today < *day);
        !put_off && self.state.worked.insert(key)
    }

    /// Those of a kind that are done today, with the subject of each.
    pub(super) fn take_up_all<'o>(
        &mut self,
        due: &'o [Obligation],
        is_wanted: fn(&str) -> bool,
    ) -> Vec<(&'o Obligation, Uuid)> {
        let wanted = due.iter().filter(|o| is_wanted(&o.duty));
        let with_subject = wanted.filter_map(|o| Some((o, subject_id(o)?)));
        with_subject.filter(|(obligation, _)| self.take_up(obligation)).collect()
    }

    /// As [`Self::note`]; a duty that could not be done is put off.
    pub(super) fn note_duty<T>(&mut self, obligation: &Obligation, done: Called<T>) -> Option<T> {
        let noted = self.note(&format!("duty {}", obligation.duty), done);
        if noted.is_none() {
            let again = self.calendar.working_days_after(self.today, AGAIN);
            self.state.put_off.insert(key(obligation), again);
        }
        noted
    }

    /// Attestations are many and independent: they go side by side.
    async fn attest_all(&mut self, due: &[Obligation]) {
        let wanted: Vec<(AccountId, AttestationKind)> = due
            .iter()
            .filter_map(|o| {
                let kind = match o.duty.as_str() {
                    "H5.2.3.secrecy" => AttestationKind::PinChanged,
                    "I3.5.logout" => AttestationKind::LogOut,
                    _ => return None,
                };
                Some((AccountId(subject_id(o)?), kind))
            })
            .filter(|(account, _)| {
                let holder = self
                    .state
                    .accounts
                    .get(account)
                    .filter(|a| !a.stopped)
                    .map(|a| self.client.official(a.who).id);
                holder.is_some_and(|p| !self.state.gone.contains_key(&p) && !self.state.cardless.contains(&p))
            })
            .collect();
        let year = &*self;
        let results: Vec<Called<()>> =
            side_by_side(wanted, |(account, kind)| async move { year.attest(account, kind).await }).await;
        for result in results {
            if self.note("attestation", result).is_some() {
                self.state.did("attestations of PIN change and log-out");
            }
        }
    }

    async fn do_duty(&mut self, owner: &str, obligation: &Obligation) -> Called<()> {
        let subject = subject_id(obligation);
        let id = || subject.ok_or_else(|| strange(&obligation.duty, "the obligation names no subject"));
        match (owner, obligation.duty.as_str()) {
            (_, "H5.1.2.accounts") => {
                self.walk(id()?, Until::End).await;
                Ok(())
            }
            (
                _,
                "H5.1.3.inventory" | "H5.1.3.decision" | "T.inventory" | "T.decision" | "I4.1.3.inventory"
                | "I4.1.3.decision",
            ) => self.do_inventory(id()?).await,
            (_, "H5.1.4.letter" | "H6.5.letter") => self.do_letters(id()?, false).await,
            (_, "H5.1.4.confirmation" | "H6.5.end") => self.do_letters(id()?, true).await,
            (_, "H5.1.5.training") => self.hold_training().await,
            (_, LINK_REVIEW) => self.review_link(id()?).await,
            (_, "H5.2.2.change" | "T.change") => {
                self.stop(AccountId(id()?), "H5.2.2", "職務異動，未申請異動").await
            }
            (_, "H9.lock-out") => self.stop(AccountId(id()?), "H9", "異動後仍使用").await,
            (
                _,
                "I3.6.end" | "I3.6.confirmation" | "I3.7.lost-card" | "I6.suspension" | "H5.2.3.lost-card",
            ) => {
                let subject = obligation.subject.clone().unwrap_or_default();
                if subject.contains("/accounts/") {
                    return self.stop(AccountId(id()?), "I3.6", "職務異動，停止帳號").await;
                }
                self.do_agency_act(id()?).await
            }
            ("audit-sampling", _) => self.do_audit_duty(obligation, subject).await,
            ("query-registry", _) => self.do_control_duty(obligation, subject).await,
            ("retention", _) => self.do_retention_duty(obligation, subject).await,
            _ => Ok(()),
        }
    }

    /// What nobody lists as a duty of a day: host security, links, deputies, new permissions, orders of destruction.
    pub(super) async fn occasions(&mut self, day: &DayPlan) {
        let first = day.date == self.calendar.on_or_after(day.date.with_day(1).unwrap_or(day.date));
        if first {
            self.record_hosts().await;
            self.monthly_permissions().await;
            self.copy_something().await;
            self.print_immigration().await;
        }
        if self.at(10, "old link") {
            self.register_old_link().await;
        }
        if self.at(60, "deputy") {
            self.appoint_deputy().await;
        }
        if self.at(120, "link manager") {
            self.change_manager().await;
        }
        if self.at(150, "early erasure") {
            self.erase_one().await;
        }
        self.order_destructions().await;
        self.audit_occasions().await;
    }

    /// True once: on the first working day so many days into the year.
    pub(super) fn at(&mut self, days: i64, occasion: &'static str) -> bool {
        (self.today - self.plan.settings.start).num_days() >= days && self.state.occasions.insert(occasion)
    }

    async fn record_hosts(&mut self) {
        let duty = ["作業系統修補", "備份回復檢查", "存取權限檢視"]
            [usize::try_from(self.today.month0()).unwrap_or(0) % 3];
        let request = RecordHostSecurity {
            host: "社福平台應用主機群".to_owned(),
            duty: duty.to_owned(),
            done_on: self.today,
            evidence: format!("維護紀錄 {}", kernel::days::roc(self.today)),
        };
        let Some(unit) = self.client.bureau("it_unit") else { return };
        let done = self.client.post(unit, (ACCOUNT, "record_host_security"), &[], &request).await;
        if self.note("host security", done).is_some() {
            self.state.did("host security and maintenance recorded");
        }
    }

    /// Each month an office asks for a permission for one who had none: household data by the path of H5.2.1, now and
    /// then immigration data by that of I3.3; once it is sent back first.
    async fn monthly_permissions(&mut self) {
        let month = usize::try_from(self.today.month0()).unwrap_or(0);
        let city = self.client.city();
        let offices: Vec<_> = city.agencies.iter().filter(|a| a.district.is_some()).collect();
        let Some(office) = offices.get(month * 3 % offices.len().max(1)) else { return };
        let newcomer = |regulation: &str, skip: usize| {
            let users =
                city.holders(office.id, "user").map(|(official, post)| Who { official, post: post.id });
            users
                .filter(|who| !self.state.gone.contains_key(&self.client.official(*who).id))
                .filter(|who| !city.planted.iter().any(|p| p.official(city) == Some(who.official)))
                .filter(|who| self.state.account(*who, regulation).is_none())
                .nth(skip)
        };
        if let Some(who) = newcomer("immigration", 0) {
            let items = ["entry-exit", "residence-application"].map(str::to_owned);
            let known = self
                .pack(Regulation::Immigration)
                .map(|p| p.query_items.iter().map(|i| i.id.clone()).collect::<Vec<_>>());
            let known = known.unwrap_or_default();
            let mut items: std::collections::BTreeSet<String> =
                items.into_iter().filter(|i| known.contains(i)).collect();
            items.extend(known.first().cloned());
            self.apply(
                Wish { who, regulation: Regulation::Immigration, kind: "add", account: None, items },
                Until::End,
            )
            .await;
        }
        // A handler of the bureau who checks cases himself gets household permission.
        let bureau = city.agency_by_code("bureau").map(|a| a.id);
        let handlers: Vec<Who> = bureau
            .into_iter()
            .flat_map(|b| city.holders(b, "business_handler"))
            .map(|(official, post)| Who { official, post: post.id })
            .filter(|who| self.state.account(*who, "household").is_none())
            .collect();
        let items = self.pack(Regulation::Household).into_iter().flat_map(|p| &p.permission_items);
        let items: std::collections::BTreeSet<String> =
            items.filter(|i| !i.programmes.is_empty()).map(|i| i.id.clone()).take(3).collect();
        let Some(who) = handlers.first().copied() else { return };
        let wish = Wish { who, regulation: Regulation::Household, kind: "add", account: None, items };
        if self.state.occasions.insert("returned application") {
            self.apply_with_return(wish).await;
        } else {
            self.apply(wish, Until::End).await;
        }
    }

    async fn register_old_link(&mut self) {
        let city = self.client.city();
        let manager = city.agencies.iter().find_map(|a| self.client.holder(a.id, "link_manager"));
        let (Some(manager), Some(unit)) = (manager, self.client.bureau("it_unit")) else { return };
        let Some(agency) = self.agency_of(manager) else { return };
        let request = RegisterLink {
            regulation: "household".to_owned(),
            name: OLD_LINK.to_owned(),
            system: None,
            agency,
            manager: self.client.official(manager).id,
            manager_post: manager.post,
        };
        let done = self.client.post(unit, (ACCOUNT, "register_link"), &[], &request).await;
        self.note("data link", done);
    }

    async fn change_manager(&mut self) {
        let Some(unit) = self.client.bureau("it_unit") else { return };
        let links: Called<Vec<Value>> = self.client.list(unit, (ACCOUNT, "list_data_links"), &[]).await;
        let links = self.note("data links", links).unwrap_or_default();
        let Some(link) = links.iter().find(|l| l["status"] == "active" && l["name"] != OLD_LINK) else {
            return;
        };
        let Ok(next) = self.it_unit(2) else { return };
        let request = ChangeLinkManager {
            manager: self.client.official(next).id,
            manager_post: next.post,
            from: self.today,
        };
        let id = link["id"].as_str().unwrap_or_default().to_owned();
        let done = self.client.post(unit, (ACCOUNT, "change_link_manager"), &[&id], &request).await;
        if self.note("link manager", done).is_some() {
            self.state.did("link managers changed");
        }
    }

    /// A responsible supervisor is away for a week: the secretary general of the office stands in (職務代理人).
    async fn appoint_deputy(&mut self) {
        let city = self.client.city();
        let Some(agency) =
            city.agency_by_code("meinong").or_else(|| city.agencies.iter().find(|a| a.district.is_some()))
        else {
            return;
        };
        let (Some(principal), Some(deputy)) = (
            self.client.holder(agency.id, "responsible_supervisor"),
            self.client.holder(agency.id, "auditor"),
        ) else {
            return;
        };
        let terms = DeputyTerms {
            principal: self.client.official(principal).id,
            post: principal.post,
            deputy: self.client.official(deputy).id,
            from: self.today,
            until: self.today + chrono::Days::new(6),
            roles: ["responsible_supervisor".to_owned()].into(),
        };
        let done = match self.client.endorse_act(principal, "create_deputy", terms.post.0, &terms) {
            Ok(endorsement) => {
                let request = CreateDeputy { terms, endorsement };
                self.client.post(principal, (ACCOUNT, "create_deputy"), &[], &request).await
            }
            Err(error) => Err(error),
        };
        if self.note("deputy", done).is_some() {
            self.state.did("deputies appointed");
        }
    }

    /// A change of what guards the guards: proposed by one administrator, approved by another (invariant 11).
    pub(super) async fn govern(&mut self, change: GovernedAct, reason: &str) -> Called<()> {
        let city = self.client.city();
        let bureau = city.agency_by_code("bureau").map(|a| a.id);
        let mut hands = bureau.into_iter().flat_map(|b| city.holders(b, "administrator"));
        let (Some(first), Some(second)) = (hands.next(), hands.next()) else {
            return Err(strange("propose_governed_change", "fewer than two administrators"));
        };
        let [first, second] = [first, second].map(|(official, post)| Who { official, post: post.id });
        let endorsement = self.client.endorse_act(first, "propose_governed_change", Uuid::nil(), &change)?;
        let request =
            ProposeGovernedChange { change: change.clone(), reason: reason.to_owned(), endorsement };
        let proposed = self.client.post(first, (ACCOUNT, "propose_governed_change"), &[], &request).await?;
        let id: Uuid = proposed["id"].as_str().and_then(|i| i.parse().ok()).unwrap_or_default();
        let endorsement = self.client.endorse_act(second, "approve_governed_change", id, &change)?;
        let request = ApproveGovernedChange { endorsement };
        self.client.post(second, (ACCOUNT, "approve_governed_change"), &[&id], &request).await?;
        self.state.did("governed changes by two administrators");
        Ok(())
    }

    /// The person behind a JSON member.
    pub(super) fn person(value: &Value) -> Option<PersonId> {
        value.as_str()?.parse().ok()
    }
}

/// Audits take days between the freezing of a population and the draw; an anomaly is not left to its last day.
fn takes_long(duty: &str) -> bool {
    matches!(
        duty,
        "H8.2.audit"
            | "T.audit"
            | "H8.3.investigation"
            | "T.investigation"
            | "I4.1.2.anomaly"
            | "H9.referral"
            | "H8.5.correction"
            | "T.correction"
    )
}

/// What is put off together, and worked on once a day.
fn key(obligation: &Obligation) -> String {
    format!("{}/{}", obligation.duty, obligation.subject.as_deref().unwrap_or(&obligation.key))
}

/// Whether duties of this kind are done together.
fn is_side_by_side(duty: &str) -> bool {
    is_attestation(duty) || is_internal_audit(duty) || is_daily_report(duty)
}

fn is_attestation(duty: &str) -> bool {
    matches!(duty, "H5.2.3.secrecy" | "I3.5.logout")
}

/// The last UUID in the path that an obligation is about.
pub(super) fn subject_id(obligation: &Obligation) -> Option<Uuid> {
    obligation.subject.as_deref()?.split('/').rev().find_map(|part| part.parse().ok())
}
