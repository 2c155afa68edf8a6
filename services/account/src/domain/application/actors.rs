//! Who may act at which stage: the role and place that the path names, and nobody in his own matter (invariant 9).

use identity::Role;
use kernel::ids::UnitId;
use rule_pack::{Actor as PathActor, ApplicationPath, Stage, StageAction};

use super::{ApplicationError, PermissionApplication};
use crate::domain::actor::Actor;

impl PermissionApplication {
    /// Whether `actor` may act at `stage`: the role and place that the path names, and never in his own matter.
    pub fn may_act(
        &self,
        path: &ApplicationPath,
        stage: &Stage,
        actor: &Actor,
        joint_unit: Option<UnitId>,
    ) -> Result<(), ApplicationError> {
        let own = actor.person == self.person_id;
        if stage.action == StageAction::Apply {
            return if own && actor.acting_for.is_none() {
                Ok(())
            } else {
                Err(ApplicationError::NotApplicant)
            };
        }
        self.not_own(actor)?;
        let same_agency = actor.agency == self.agency_id;
        let same_unit = same_agency && actor.unit == self.unit_id;
        let place = |after: PathActor| {
            let at = path.stages.iter().position(|s| s.id == stage.id);
            let mark = path.stages.iter().position(|s| s.actor == after);
            matches!((at, mark), (Some(at), Some(mark)) if at > mark)
        };
        let allowed = match stage.actor {
            PathActor::UnitSupervisor => same_unit && actor.has_any(&[Role::UnitSupervisor]),
            PathActor::AgencyHead => same_agency && actor.has_any(&[Role::AgencyHead]),
            // Before the agency's head it is the applicant's own business unit (I3.3), after it the bureau's (H5.2.1).
            PathActor::BusinessUnit if place(PathActor::AgencyHead) => {
                actor.governs() && actor.has_any(&[Role::BusinessHandler, Role::BusinessSupervisor])
            }
            PathActor::BusinessUnit => {
                same_agency
                    && actor.has_any(&[Role::UnitSupervisor, Role::BusinessSupervisor, Role::BusinessHandler])
            }
            PathActor::BusinessUnitHandler => actor.governs() && actor.has_any(&[Role::BusinessHandler]),
            PathActor::BusinessUnitSupervisor => {
                self.superior_of_proposer(actor)?;
                actor.governs() && actor.has_any(&[Role::BusinessSupervisor])
            }
            PathActor::JointUnit => {
                let unit = joint_unit.ok_or(ApplicationError::JointUnit)?;
                self.joint_units.contains(&unit)
                    && actor.unit == unit
                    && actor.has_any(&[Role::UnitSupervisor, Role::BusinessSupervisor, Role::BusinessHandler])
            }
            PathActor::ItUnit => actor.has_any(&[Role::ItUnit]),
            PathActor::Bureau => {
                actor.governs()
                    && actor.has_any(&[
                        Role::BusinessHandler,
                        Role::BusinessSupervisor,
                        Role::DesignatedOfficer,
                    ])
            }
            // After the bureau's review it is the bureau's officer who forwards, before it the office's who writes.
            PathActor::DesignatedOfficer | PathActor::Provider if place(PathActor::Bureau) => {
                actor.governs() && actor.has_any(&[Role::DesignatedOfficer])
            }
            PathActor::DesignatedOfficer | PathActor::Provider => {
                same_agency && actor.has_any(&[Role::DesignatedOfficer])
            }
            PathActor::ResponsibleSupervisor => same_agency && actor.has_any(&[Role::ResponsibleSupervisor]),
            PathActor::CityItCentre => actor.has_any(&[Role::ItCentre]),
            PathActor::EthicsOffice => actor.has_any(&[Role::EthicsOfficer]),
            PathActor::Auditor => actor.has_any(&[Role::Auditor]),
            PathActor::LinkManager => actor.has_any(&[Role::LinkManager]),
            PathActor::User | PathActor::DistrictOffice | PathActor::System => false,
        };
        if allowed { Ok(()) } else { Err(ApplicationError::NotTheActor { actor: stage.actor.as_str() }) }
    }

    /// Nobody has a part in his own application; a deputy of the post that applies is the applicant's hand.
    pub(super) fn not_own(&self, actor: &Actor) -> Result<(), ApplicationError> {
        if actor.person == self.person_id || actor.acting_for == Some(self.post_id) {
            return Err(ApplicationError::OwnApplication);
        }
        Ok(())
    }

    fn superior_of_proposer(&self, actor: &Actor) -> Result<(), ApplicationError> {
        let proposer = self.steps.iter().rev().find(|s| s.round == self.round && s.outcome.is_some());
        match proposer {
            Some(step) if step.person == actor.person => Err(ApplicationError::OwnProposal),
            _ => Ok(()),
        }
    }
}
