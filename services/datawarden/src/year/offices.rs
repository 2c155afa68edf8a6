//! The duties of the account service's actors: inventories, attestations, links, acts in the agency's system, stops.

use account_types::{
    AccountAct, ActContent, AgencyActBody, Attest, AttestationKind, Confirm, ConfirmLinkLetter,
    DecideInventoryLine, GovernedAct, Nothing, RecordAgencyAct, RecordTraining, ReviewLink, SendLinkLetter,
};
use identity::Endorsement;
use kernel::ids::{AccountId, AgencyId, PersonId};
use serde_json::Value;
use uuid::Uuid;

use super::imports::decision;
use super::permissions::{ACCOUNT, document_number, strange, strange_from};
use super::{Year, side_by_side};
use crate::client::{Called, Who};

impl Year<'_> {
    /// Decides on every line of an inventory and closes it (H5.1.3, I4.1.3).
    pub(super) async fn do_inventory(&mut self, id: Uuid) -> Called<()> {
        let reader = self.it_unit(0)?;
        let inventory = self.client.get(reader, (ACCOUNT, "get_inventory"), &[&id]).await?;
        if inventory["status"] != "open" {
            return Ok(());
        }
        let agency: Option<AgencyId> = inventory["agency_id"].as_str().and_then(|a| a.parse().ok());
        let query = [("inventory", id.to_string()), ("decided", "false".to_owned())];
        let lines: Vec<Value> = self.client.list(reader, (ACCOUNT, "list_inventory_lines"), &query).await?;
        let year = &*self;
        let results: Vec<Called<Value>> =
            side_by_side(&lines, |line| async move { year.decide_line(agency, line).await }).await;
        for result in results {
            if self.note("inventory decision", result).is_some() {
                self.state.did("inventory decisions");
            }
        }
        let officer = agency.and_then(|a| self.client.holder(a, "designated_officer"));
        let closer = officer.map_or_else(|| self.it_unit(1), Ok)?;
        self.client.post(closer, (ACCOUNT, "close_inventory"), &[&id], &Nothing::default()).await?;
        self.state.did("inventories closed");
        Ok(())
    }

    async fn decide_line(&self, agency: Option<AgencyId>, line: &Value) -> Called<Value> {
        let person = |name: &str| line[name].as_str().and_then(|p| p.parse::<PersonId>().ok());
        let but: Vec<PersonId> = [person("person_id"), person("opened_by")].into_iter().flatten().collect();
        let in_agency = agency.and_then(|a| {
            self.client
                .holder_but(a, "designated_officer", &but)
                .or_else(|| self.client.holder_but(a, "agency_head", &but))
        });
        let bureau = self.client.city().agency_by_code("bureau").map(|a| a.id);
        let reviewer = in_agency.or_else(|| self.client.holder_but(bureau?, "it_unit", &but));
        let reviewer = reviewer.ok_or_else(|| strange("decide_inventory_line", "nobody may review"))?;
        let (effect, reason) = decision(&line["evidence"]);
        let request = DecideInventoryLine { effect, reason: reason.to_owned() };
        let id = line["id"].as_str().unwrap_or_default().to_owned();
        self.client.post(reviewer, (ACCOUNT, "decide_inventory_line"), &[&id], &request).await
    }

    /// The holder attests that PIN and password were changed, or that the log-out instruction is kept (H5.2.3, I3.5).
    pub(super) async fn attest(&self, account: AccountId, kind: AttestationKind) -> Called<()> {
        let Some(known) = self.state.accounts.get(&account) else {
            return Err(strange("attest", "an account that nobody knows"));
        };
        let request = Attest { account, kind, done_on: self.today };
        self.client.post(known.who, (ACCOUNT, "attest"), &[], &request).await.map(drop)
    }

    /// Security training with everybody in service (H5.1.5).
    pub(super) async fn hold_training(&mut self) -> Called<()> {
        let participants = self
            .client
            .city()
            .officials
            .iter()
            .map(|o| o.id)
            .filter(|p| self.state.gone.get(p).is_none_or(|day| self.today < *day))
            .collect();
        let request = RecordTraining {
            title: "資訊安全及個人資料保護教育訓練".to_owned(),
            held_on: self.today,
            hours: 3,
            participants,
        };
        self.client.post(self.it_unit(0)?, (ACCOUNT, "record_training"), &[], &request).await?;
        self.state.did("security trainings held");
        Ok(())
    }

    /// Reviews a link; the one for matching of old data is not needed any more (H6.5).
    pub(super) async fn review_link(&mut self, id: Uuid) -> Called<()> {
        let unit = self.it_unit(0)?;
        let link = self.client.get(unit, (ACCOUNT, "get_data_link"), &[&id]).await?;
        let needed = link["name"].as_str() != Some(super::duties::OLD_LINK);
        let finding = if needed { "每月使用，仍有需要" } else { "近一年無使用" };
        let request = ReviewLink { needed, finding: finding.to_owned() };
        self.client.post(unit, (ACCOUNT, "review_link"), &[&id], &request).await?;
        self.state.did("data links reviewed");
        Ok(())
    }

    /// Sends the letters of a link that wait, and has the city IT centre answer those that were sent (H5.1.4, H6.5).
    pub(super) async fn do_letters(&mut self, id: Uuid, answer: bool) -> Called<()> {
        let unit = self.it_unit(0)?;
        let link = self.client.get(unit, (ACCOUNT, "get_data_link"), &[&id]).await?;
        for letter in link["letters"].as_array().into_iter().flatten() {
            let Some(letter_id) = letter["id"].as_str().and_then(|l| l.parse::<Uuid>().ok()) else {
                continue;
            };
            let number = document_number(self.today, &letter_id);
            if letter["sent"].is_null() && !answer {
                let request = SendLinkLetter { letter: letter_id, on: self.today, number };
                self.client.post(unit, (ACCOUNT, "send_link_letter"), &[&id], &request).await?;
                self.state.did("letters to the city IT centre sent");
            } else if !letter["sent"].is_null() && letter["confirmed"].is_null() && answer {
                let centre = self.client.city().agency_by_code("it-centre").map(|a| a.id);
                let centre = centre.and_then(|a| self.client.holder(a, "it_centre"));
                let centre = centre.ok_or_else(|| strange("confirm_link_letter", "no city IT centre"))?;
                let request = ConfirmLinkLetter { letter: letter_id, on: self.today, number: Some(number) };
                self.client.post(centre, (ACCOUNT, "confirm_link_letter"), &[&id], &request).await?;
                self.state.did("letters answered by the city IT centre");
            }
        }
        Ok(())
    }

    /// Does an act in the agency's system under the agency certificate, or records its confirmation (I3.6, I3.7).
    pub(super) async fn do_agency_act(&mut self, id: Uuid) -> Called<()> {
        let act = self.client.get(self.it_unit(0)?, (ACCOUNT, "get_agency_act"), &[&id]).await?;
        let agency: Option<AgencyId> = act["agency_id"].as_str().and_then(|a| a.parse().ok());
        let holder: Vec<PersonId> = Self::person(&act["person_id"]).into_iter().collect();
        let officer = agency.and_then(|a| {
            self.client
                .holder_but(a, "designated_officer", &holder)
                .or_else(|| self.client.holder_but(a, "agency_head", &holder))
        });
        let (Some(agency), Some(officer)) = (agency, officer) else {
            return Err(strange("record_agency_act", "no designated officer"));
        };
        let number = Some(document_number(self.today, &id));
        if act["status"] == "open" {
            let body = AgencyActBody { on: self.today, number: number.clone() };
            let content = ActContent::new("record_agency_act", id, officer.post, &body);
            let certificate = self.agency_certificate(agency).await?;
            let endorsement = Endorsement::sign(&certificate, &content, self.client.now())
                .map_err(|e| strange_from("record_agency_act", e.into()))?;
            let request = RecordAgencyAct { on: body.on, number, endorsement };
            self.client.post(officer, (ACCOUNT, "record_agency_act"), &[&id], &request).await?;
            self.state.did("acts in the immigration agency's system under the agency certificate");
        } else if act["status"] == "recorded" {
            let request = Confirm { on: self.today, number };
            self.client.post(officer, (ACCOUNT, "confirm_agency_act"), &[&id], &request).await?;
            self.state.did("acts confirmed by the immigration agency");
        }
        Ok(())
    }

    /// The agency certificate; a new one is bound by two administrators first (invariant 11).
    async fn agency_certificate(&mut self, agency: AgencyId) -> Called<identity::Credential> {
        if let Some(there) = self.state.certificates.get(&agency) {
            return Ok(there.clone());
        }
        let city = self.client.city();
        let place = city.agencies.iter().position(|a| a.id == agency).unwrap_or_default();
        let name = city.agencies.get(place).map_or("", |a| a.name.as_str());
        let object_id = format!("2.16.886.101.90028.20002.{}", place + 1);
        let credential = self
            .stack
            .pki
            .issue_agency(name, &object_id, self.stack.memory.end)
            .map_err(|e| strange_from("agency certificate", e.into()))?;
        let change = GovernedAct::BindAgencyCertificate { agency, thumbprint: credential.thumbprint() };
        self.govern(change, "綁定機關憑證").await?;
        self.state.certificates.insert(agency, credential.clone());
        Ok(credential)
    }

    /// IT unit, or the office's designated officer for immigration data, stops an account (H5.2.2, I3.6, H9).
    pub(super) async fn stop(&mut self, account: AccountId, clause: &str, reason: &str) -> Called<()> {
        let Some(known) = self.state.accounts.get(&account).cloned().filter(|a| !a.stopped) else {
            return Ok(());
        };
        let officer = (known.regulation == "immigration")
            .then(|| self.agency_of(known.who))
            .flatten()
            .and_then(|agency| {
                let holder = self.client.official(known.who).id;
                self.client.holder_but(agency, "designated_officer", &[holder])
            });
        let by = officer.map_or_else(|| self.it_unit(0), Ok)?;
        let request = AccountAct { reason: reason.to_owned(), clause: clause.to_owned() };
        self.client.post(by, (ACCOUNT, "stop_account"), &[&account], &request).await?;
        if let Some(known) = self.state.accounts.get_mut(&account) {
            known.stopped = true;
        }
        self.state.did("accounts stopped ex officio");
        Ok(())
    }

    /// The `place`-th official of the IT unit.
    pub(super) fn it_unit(&self, place: usize) -> Called<Who> {
        let city = self.client.city();
        let bureau = city.agency_by_code("bureau").map(|a| a.id);
        let mut all = bureau.into_iter().flat_map(|b| city.holders(b, "it_unit"));
        let found = all.nth(place).map(|(official, post)| Who { official, post: post.id });
        found.ok_or_else(|| strange("IT unit", "nobody holds the role"))
    }
}
