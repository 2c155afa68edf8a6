//! Data links (連結作業) with their managers, yearly reviews and letters to the city IT centre (H5.1.4, H6.5).

use chassis::{Document, Problem};
use chrono::{DateTime, NaiveDate, Utc};
use kernel::ids::{AgencyId, PersonId, PostId, SystemId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problems;

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// A new manager (H5.1.4).
    ManagerChange,
    /// The link shall end (H6.5).
    End,
}

/// A letter, from the need of it to the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Letter {
    /// Its id.
    pub id: Uuid,
    /// What about.
    pub kind: LetterKind,
    /// When it became due.
    pub opened_at: DateTime<Utc>,
    /// Day and document number of its sending.
    pub sent: Option<Posted>,
    /// Day and document number of the answer.
    pub confirmed: Option<Posted>,
}

/// A document that went out or came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Posted {
    /// The day.
    pub on: NaiveDate,
    /// Document number.
    pub number: Option<String>,
    /// Who recorded it.
    pub person: PersonId,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Review {
    /// Who.
    pub person: PersonId,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether the link is needed.
    pub needed: bool,
    /// How it was used.
    pub finding: String,
}

/// A manager and his time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkManager {
    /// The person.
    pub person: PersonId,
    /// His post.
    pub post: PostId,
    /// First day.
    pub from: NaiveDate,
}

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkStatus {
    /// In use.
    Active,
    /// Shall end; the letter is on its way.
    Ending,
    /// Ended by the city IT centre.
    Ended,
}

/// A data link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DataLink {
    /// Its id.
    pub id: Uuid,
    /// Regulation.
    pub regulation: String,
    /// What is linked to what.
    pub name: String,
    /// The system that uses it.
    pub system_id: Option<SystemId>,
    /// The agency that applied for it.
    pub agency_id: AgencyId,
    /// State.
    pub status: LinkStatus,
    /// Managers, the present one last.
    pub managers: Vec<LinkManager>,
    /// Letters.
    pub letters: Vec<Letter>,
    /// Reviews.
    pub reviews: Vec<Review>,
}

impl Document for DataLink {
    const TABLE: &'static str = "data_links";
    fn id(&self) -> Uuid {
        self.id
    }
}

/// Why an act on a link is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Ending or ended.
    #[error("the link is ending or ended")]
    NotActive,
    /// No such letter.
    #[error("there is no such letter")]
    NoLetter,
    /// Sent or confirmed out of order.
    #[error("a letter is sent first and confirmed after, each once")]
    Order,
    /// The manager stays the same.
    #[error("he is the manager already")]
    SameManager,
    /// A day in the future.
    #[error("the day lies in the future")]
    Future,
}

impl From<LinkError> for chassis::Error {
    fn from(error: LinkError) -> Self {
        let kind = match error {
            LinkError::NoLetter => &chassis::problem::NOT_FOUND,
            LinkError::Future => &problems::STAGE_INCOMPLETE,
            LinkError::NotActive | LinkError::Order | LinkError::SameManager => &chassis::problem::CONFLICT,
        };
        Problem::new(kind, error.to_string()).clause("H5.1.4").into()
    }
}

impl DataLink {
    fn open_letter(&mut self, id: Uuid, kind: LetterKind, now: DateTime<Utc>) {
        self.letters.push(Letter { id, kind, opened_at: now, sent: None, confirmed: None });
    }

    /// Gives it another manager; a letter becomes due.
    pub fn change_manager(
        &mut self,
        manager: LinkManager,
        letter: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), LinkError> {
        if self.status != LinkStatus::Active {
            return Err(LinkError::NotActive);
        }
        if self.managers.last().is_some_and(|m| m.person == manager.person && m.post == manager.post) {
            return Err(LinkError::SameManager);
        }
        self.managers.push(manager);
        self.open_letter(letter, LetterKind::ManagerChange, now);
        Ok(())
    }

    /// Notes a review; a link that is not needed begins to end, and a letter becomes due (true).
    pub fn review(&mut self, review: Review, letter: Uuid) -> Result<bool, LinkError> {
        if self.status != LinkStatus::Active {
            return Err(LinkError::NotActive);
        }
        let (needed, at) = (review.needed, review.at);
        self.reviews.push(review);
        if !needed {
            self.status = LinkStatus::Ending;
            self.open_letter(letter, LetterKind::End, at);
        }
        Ok(!needed)
    }

    fn letter(&mut self, id: Uuid) -> Result<&mut Letter, LinkError> {
        self.letters.iter_mut().find(|l| l.id == id).ok_or(LinkError::NoLetter)
    }

    /// Notes that a letter was sent; gives its kind.
    pub fn send(&mut self, id: Uuid, posted: Posted, today: NaiveDate) -> Result<LetterKind, LinkError> {
        let letter = self.letter(id)?;
        if letter.sent.is_some() {
            return Err(LinkError::Order);
        }
        if posted.on > today {
            return Err(LinkError::Future);
        }
        letter.sent = Some(posted);
        Ok(letter.kind)
    }

    /// Notes the answer to a letter; that to an end letter ends the link.
    pub fn confirm(&mut self, id: Uuid, posted: Posted, today: NaiveDate) -> Result<LetterKind, LinkError> {
        let letter = self.letter(id)?;
        if letter.sent.is_none() || letter.confirmed.is_some() {
            return Err(LinkError::Order);
        }
        if posted.on > today {
            return Err(LinkError::Future);
        }
        letter.confirmed = Some(posted);
        let kind = letter.kind;
        if kind == LetterKind::End {
            self.status = LinkStatus::Ended;
        }
        Ok(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> DataLink {
        DataLink {
            id: Uuid::nil(),
            regulation: "household".into(),
            name: "社福平台".into(),
            system_id: None,
            agency_id: AgencyId(Uuid::nil()),
            status: LinkStatus::Active,
            managers: vec![],
            letters: vec![],
            reviews: vec![],
        }
    }

    fn posted() -> Posted {
        Posted { on: "2026-03-02".parse().unwrap(), number: Some("1".into()), person: PersonId(Uuid::nil()) }
    }

    #[test]
    fn an_unneeded_link_ends_only_when_the_centre_confirms() {
        let mut it = link();
        let today = "2026-03-02".parse().unwrap();
        let review = Review {
            person: PersonId(Uuid::nil()),
            at: DateTime::UNIX_EPOCH,
            needed: false,
            finding: "未使用".into(),
        };
        assert!(it.review(review.clone(), Uuid::from_u128(1)).unwrap());
        assert_eq!(it.review(review, Uuid::from_u128(2)), Err(LinkError::NotActive));
        assert_eq!(it.confirm(Uuid::from_u128(1), posted(), today), Err(LinkError::Order));
        assert_eq!(it.send(Uuid::from_u128(1), posted(), today), Ok(LetterKind::End));
        assert_eq!(it.status, LinkStatus::Ending);
        assert_eq!(it.confirm(Uuid::from_u128(1), posted(), today), Ok(LetterKind::End));
        assert_eq!(it.status, LinkStatus::Ended);
    }

    #[test]
    fn a_new_manager_makes_a_letter_due_that_is_sent_once() {
        let mut it = link();
        let today = "2026-03-02".parse().unwrap();
        let manager =
            LinkManager { person: PersonId(Uuid::from_u128(1)), post: PostId(Uuid::nil()), from: today };
        it.change_manager(manager.clone(), Uuid::from_u128(1), DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(
            it.change_manager(manager, Uuid::from_u128(2), DateTime::UNIX_EPOCH),
            Err(LinkError::SameManager)
        );
        it.send(Uuid::from_u128(1), posted(), today).unwrap();
        assert_eq!(it.send(Uuid::from_u128(1), posted(), today), Err(LinkError::Order));
    }
}
