//! `enrol_person`

use account_types::EnrolPerson;
use actix_web::post;
use chassis::{Answer, Command, Problem, Result};
use kernel::NationalId;
use kernel::ids::PersonId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::person::Person;
use crate::edge;
use crate::state::AccountState;

/// Names the new person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Enrolled {
    /// Its id.
    pub person: PersonId,
}

/// Enters a person without rights; posts and cards are governed changes.
#[utoipa::path(post, path = "/v1/people", request_body = EnrolPerson, responses((status = 201, body = Enrolled)))]
#[post("/v1/people")]
pub async fn enrol_person(command: Command<EnrolPerson>) -> Result<Answer<Enrolled>> {
    edge::text("/staff_number", &command.body.staff_number, 40)?;
    edge::text("/name", command.body.name.expose(), 100)?;
    let national_id =
        NationalId::parse(command.body.national_id.expose(), command.context.settings().sample_ids)
            .map_err(|e| Problem::invalid("/national_id", e.to_string()))?;
    command
        .run(async |tx| {
            let state = tx.context().state::<AccountState>();
            let person = Person {
                id: tx.new_id(),
                staff_number: command.body.staff_number.clone(),
                name: state.people.seal(command.body.name.expose())?,
                national_id: state.people.seal(national_id.expose())?,
                last_four: state.people.seal(national_id.last_four())?,
                in_service: true,
                posts: vec![],
                cards: vec![],
                declared_subjects: [state.subjects.hash(national_id.expose())].into(),
                agency_id: None,
                revision: 1,
            };
            tx.insert(&person).await?;
            tx.emit(&person.event()).await?;
            Ok(Answer::created(Enrolled { person: person.id }))
        })
        .await
}
