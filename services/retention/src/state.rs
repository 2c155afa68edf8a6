//! What the service holds in memory: the key of its register and the roots of citizen cards.

use chassis::endorsements::{self, Taken};
use chassis::{Context, Problem, Result, Tx};
use identity::{Endorsement, Purpose, TrustAnchors, Usage};
use kernel::ids::PersonId;
use kernel::{Personal, RegisterKey};
use retention_types::events::EndorsementTaken;
use serde::Serialize;

use crate::domain::directory::Person;
use crate::problems;

/// The state of the retention service.
#[derive(Debug)]
pub struct Retention {
    /// Seals the reasons of holds.
    pub register: RegisterKey,
    /// Roots of citizen cards.
    anchors: TrustAnchors,
}

impl Retention {
    /// Reads key and roots that the settings name.
    pub fn open(context: &Context) -> anyhow::Result<Self> {
        let settings = context.settings();
        Ok(Self {
            register: RegisterKey::derive(&settings.register_root()?, "retention-holds")?,
            anchors: context.anchors(),
        })
    }

    /// Checks that `endorsement` of `content` holds now and was made with a card of `person`, never a bare click; keeps it for
    /// court and enters its record's digest for the governance log.
    pub async fn own_card<T: Serialize>(
        &self,
        tx: &mut Tx,
        person: PersonId,
        endorsement: &Endorsement,
        content: &T,
        pointer: &str,
    ) -> Result<()> {
        tx.context().ask_responder(Purpose::Citizen, &endorsement.certificate).await;
        let card = endorsement.verify(content, &self.anchors, tx.now()).map_err(|error| {
            Problem::new(&problems::ENDORSEMENT_INVALID, "Sign exactly what is endorsed, with your own card.")
                .field(pointer, error.code())
        })?;
        let known = tx.find::<Person>(person).await?;
        let is_own =
            |p: &Person| p.cards.contains(&card.subject()) || p.cards.contains(&card.thumbprint_sha256);
        if !known.is_some_and(|p| p.in_service && is_own(&p)) {
            let problem =
                Problem::new(&problems::FOREIGN_CARD, "Sign with the card that is bound to the person.");
            return Err(problem.field(pointer, "not a card of this person").into());
        }
        let usage = Usage::CitizenSignature;
        let (endorsement, content) =
            (endorsement.clone().into(), Some(Personal::new(serde_json::to_string(content)?)));
        let taken = Taken { endorsement, usage, card: &card, content };
        let digest = endorsements::keep(tx, taken).await?;
        tx.emit(&EndorsementTaken { digest }).await
    }
}
