//! Copies of what was printed: asked of the unit's supervisor before they are made, approved or not (H6.4).

use kernel::ids::{QueryId, UnitId};
use query_registry_types::PersonalText;
use query_registry_types::outputs::{
    ApproveCopy, CopyDecision, CopyRequestView, Output, OutputKind, RecordOutput, RequestCopy,
};

use sample_city::Medium;

use super::Year;
use super::permissions::strange;
use super::queries::REGISTRY;
use super::state::Kept;
use crate::client::{Called, Who};

impl Year<'_> {
    /// Once a month somebody needs copies of what he printed last; every third time the supervisor sees no need.
    pub(super) async fn copy_something(&mut self) {
        let in_service = |kept: &&Kept| {
            kept.medium == Medium::Print
                && kept.query.is_some()
                && !self.state.gone.contains_key(&self.client.official(kept.who).id)
        };
        let Some(kept) = self.state.kept.iter().rev().find(in_service).cloned() else { return };
        let Some(query) = kept.query else { return };
        self.state.copies += 1;
        let approve = !self.state.copies.is_multiple_of(3);
        let copied = self.copy(kept.who, query, approve).await;
        match self.note("copies", copied) {
            Some(Some(copy)) => {
                self.state.did("copies made with the unit supervisor's approval");
                self.state.kept.push(Kept { output: copy.id, ..kept });
            }
            Some(None) => self.state.did("copies refused by the unit supervisor"),
            None => {}
        }
    }

    async fn copy(&self, who: Who, query: QueryId, approve: bool) -> Called<Option<Output>> {
        let request =
            RequestCopy { reason: PersonalText("隨案移送審查委員會".to_owned()), count: 2 };
        let asked: CopyRequestView =
            self.client.call(who, (REGISTRY, "request_copy"), &[&query], &[], Some(&request)).await?;
        let supervisor = self.unit_supervisor(who, asked.unit);
        let supervisor =
            supervisor.ok_or_else(|| strange("decide_copy_request", "the unit has no supervisor"))?;
        let decision =
            CopyDecision { request: asked.id, query: asked.query, count: asked.count, approved: approve };
        let endorsement = self.client.endorse(supervisor, &decision)?;
        let request = ApproveCopy { decision, endorsement };
        self.client.post(supervisor, (REGISTRY, "decide_copy_request"), &[&asked.id], &request).await?;
        if !approve {
            return Ok(None);
        }
        let request =
            RecordOutput { kind: OutputKind::Copy, count: asked.count, copy_request: Some(asked.id) };
        self.client.call(who, (REGISTRY, "record_output"), &[&query], &[], Some(&request)).await.map(Some)
    }

    fn unit_supervisor(&self, user: Who, unit: UnitId) -> Option<Who> {
        let agency = self.agency_of(user)?;
        let mut all = self.client.city().holders(agency, "unit_supervisor");
        let found = all.find(|(official, post)| post.unit == unit && *official != user.official);
        found.map(|(official, post)| Who { official, post: post.id })
    }
}
