//! `get_person`

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use kernel::ids::{AgencyId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::person::{Card, Person, Post};
use crate::state::AccountState;

/// A person as officials see him: never with the national id.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PersonView {
    /// Its id.
    pub id: PersonId,
    /// Staff number.
    pub staff_number: String,
    /// Name.
    pub name: String,
    /// False after leaving or retirement.
    pub in_service: bool,
    /// Agency of the main post.
    pub agency: Option<AgencyId>,
    /// Present and past posts.
    pub posts: Vec<Post>,
    /// Cards.
    pub cards: Vec<Card>,
}

impl PersonView {
    /// Opens the name.
    pub fn of(state: &AccountState, person: Person) -> Result<Self> {
        Ok(Self {
            id: person.id,
            staff_number: person.staff_number,
            name: state.people.open(&person.name)?.expose().clone(),
            in_service: person.in_service,
            agency: person.agency_id,
            posts: person.posts,
            cards: person.cards,
        })
    }
}

/// Shows a person with posts and cards.
#[utoipa::path(get, path = "/v1/people/{id}", params(("id" = PersonId, Path)), responses((status = 200, body = PersonView)))]
#[get("/v1/people/{id}")]
pub async fn get_person(caller: Caller, id: web::Path<PersonId>) -> Result<Answer<PersonView>> {
    let mut conn = caller.context.connection().await?;
    let stored =
        document::find::<Person>(&mut conn, id.0, false).await?.ok_or_else(|| document::missing("person"))?;
    if let Some(agency) = stored.agency_id
        && caller.principal.person() != Some(*id)
    {
        caller.within(agency)?;
    }
    let view = PersonView::of(&caller.context.state::<AccountState>(), stored.doc)?;
    Ok(Answer::ok(view).version(stored.version))
}
