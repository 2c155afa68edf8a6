//! `declare_relatives`

use account_types::DeclareRelatives;
use actix_web::post;
use chassis::{Answer, Command, Problem, Result};
use kernel::NationalId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::acts;
use crate::domain::person::Person;
use crate::state::AccountState;

/// What is declared now.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Declared {
    /// Keyed hashes kept, the caller's own included.
    pub subjects: usize,
}

/// Declares the ids of close relatives: queries about them are marked. Only keyed hashes are kept (design, flow 9).
#[utoipa::path(post, path = "/v1/people/self/relatives", request_body = DeclareRelatives, responses((status = 200, body = Declared)))]
#[post("/v1/people/self/relatives")]
pub async fn declare_relatives(command: Command<DeclareRelatives>) -> Result<Answer<Declared>> {
    let me = command.person()?;
    let sample_ids = command.context.settings().sample_ids;
    let state = command.context.state::<AccountState>();
    let mut hashes = vec![];
    for (i, id) in command.body.national_ids.iter().enumerate() {
        let id = NationalId::parse(id.expose(), sample_ids)
            .map_err(|e| Problem::invalid(format!("/national_ids/{i}"), e.to_string()))?;
        hashes.push(state.subjects.hash(id.expose()));
    }
    command
        .run(async |tx| {
            let mut person = tx.load::<Person>(me).await?;
            person.declared_subjects.extend(hashes.iter().cloned());
            acts::save_person(tx, &mut person).await?;
            Ok(Answer::ok(Declared { subjects: person.declared_subjects.len() }))
        })
        .await
}
