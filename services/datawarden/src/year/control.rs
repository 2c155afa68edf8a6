//! Daily and weekly control: reports endorsed, items explained or confirmed as findings (H8.1).

use chrono::NaiveDate;
use kernel::ids::AgencyId;
use obligations::Obligation;
use query_registry_types::PersonalText;
use query_registry_types::control::{ControlReport, EndorseReport, SettleItem};
use uuid::Uuid;

use super::permissions::strange;
use super::queries::REGISTRY;
use super::{Year, side_by_side};
use crate::client::{Called, Who};

/// Whether the duty is to endorse an office's daily report.
pub(super) fn is_daily_report(duty: &str) -> bool {
    matches!(duty, "H8.1.1.daily" | "H8.1.1.daily-bureau" | "T.daily")
}

impl Year<'_> {
    pub(super) async fn do_control_duty(
        &mut self,
        obligation: &Obligation,
        subject: Option<Uuid>,
    ) -> Called<()> {
        let id = || subject.ok_or_else(|| strange(&obligation.duty, "the obligation names no subject"));
        match obligation.duty.as_str() {
            "H8.1.2.weekly" => self.endorse_weekly(id()?).await,
            "H8.1.1.explanation" | "T.explanation" | "H8.1.2.explanation" => self.settle_item(id()?).await,
            _ => Ok(()),
        }
    }

    /// Daily reports are many, and each is its office's alone: they go side by side.
    pub(super) async fn endorse_daily_reports(&mut self, due: &[Obligation]) {
        let wanted = self.take_up_all(due, is_daily_report);
        let year = &*self;
        let read: Vec<(&Obligation, Uuid, Called<ControlReport>)> =
            side_by_side(wanted, async |(obligation, id)| {
                (obligation, id, year.report("get_daily_report", id).await)
            })
            .await;
        let mut open = vec![];
        for (obligation, id, report) in read {
            let Some(report) = self.note_duty(obligation, report) else { continue };
            let (agency, day) = (report.content.agency, report.content.day);
            if report.state == "open" && !self.holds_back(id, agency, day) {
                open.push((obligation, id, report));
            }
        }
        let year = &*self;
        let endorsed: Vec<(&Obligation, Called<()>)> =
            side_by_side(open, async |(obligation, id, report)| {
                let supervisor = year.client.holder(report.content.agency, "responsible_supervisor");
                (obligation, year.endorse_report("endorse_daily_report", supervisor, id, &report).await)
            })
            .await;
        for (obligation, endorsed) in endorsed {
            if self.note_duty(obligation, endorsed).is_some() {
                self.state.did("daily reports endorsed");
            }
        }
    }

    async fn endorse_weekly(&mut self, id: Uuid) -> Called<()> {
        let report = self.report("get_weekly_report", id).await?;
        if report.state != "open" {
            return Ok(());
        }
        let supervisor = self.client.bureau("business_supervisor");
        self.endorse_report("endorse_weekly_report", supervisor, id, &report).await?;
        self.state.did("weekly reports endorsed");
        Ok(())
    }

    async fn report(&self, read: &str, id: Uuid) -> Called<ControlReport> {
        let auditor = self.client.bureau("auditor").ok_or_else(|| strange(read, "no auditor"))?;
        self.client.call(auditor, (REGISTRY, read), &[&id], &[], None::<&EndorseReport>).await
    }

    async fn endorse_report(
        &self,
        endorse: &str,
        supervisor: Option<Who>,
        id: Uuid,
        report: &ControlReport,
    ) -> Called<()> {
        let who = supervisor.ok_or_else(|| strange(endorse, "nobody is there to endorse it"))?;
        let endorsement = self.client.endorse(who, &report.content)?;
        let request = EndorseReport { endorsement };
        self.client.post(who, (REGISTRY, endorse), &[&id], &request).await.map(drop)
    }

    /// Whether the office's supervisor lets this daily report lie for some more days.
    fn holds_back(&mut self, id: Uuid, agency: AgencyId, day: NaiveDate) -> bool {
        let Some(held) = self.state.held_back.iter_mut().find(|h| h.agency == agency && h.from <= day) else {
            return false;
        };
        // Due the working day after its own; held back past that.
        let until = self.calendar.working_days_after(day, 1 + held.late);
        let (report, until) = *held.report.get_or_insert((id, until));
        report == id && self.today < until
    }

    /// Whoever has a good reason is believed; who has none becomes a finding. The reasons are the plan's.
    async fn settle_item(&mut self, id: Uuid) -> Called<()> {
        let auditor = self.client.bureau("auditor").ok_or_else(|| strange("control item", "no auditor"))?;
        let item = self.client.get(auditor, (REGISTRY, "get_control_item"), &[&id]).await?;
        if item["state"].as_str().is_some_and(|state| state != "open") {
            return Ok(());
        }
        let agency: Option<AgencyId> = item["agency"].as_str().and_then(|a| a.parse().ok());
        let user: Vec<_> = Self::person(&item["person"]).into_iter().collect();
        let supervisor: Option<Who> =
            agency.and_then(|a| self.client.holder_but(a, "responsible_supervisor", &user));
        let bureau = self.client.city().agency_by_code("bureau").map(|a| a.id);
        let business = bureau.and_then(|b| self.client.holder_but(b, "business_supervisor", &user));
        let by =
            supervisor.or(business).ok_or_else(|| strange("explain_control_item", "nobody may settle it"))?;
        let guilty = self.is_guilty(&item);
        let (operation, words) = if guilty {
            ("confirm_as_finding", "無法提出正當事由")
        } else {
            ("explain_control_item", "經查屬業務需要，已補齊紀錄")
        };
        let request = SettleItem { words: PersonalText(words.to_owned()) };
        self.client.post(by, (REGISTRY, operation), &[&id], &request).await?;
        self.state.did(if guilty {
            "control items confirmed as findings"
        } else {
            "control items explained"
        });
        Ok(())
    }
}
