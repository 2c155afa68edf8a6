//! Sessions of people: begun with the card, renewed by refresh tokens that rotate, ended for good (H5.2.3, H6.1).
//!
//! A refresh token is good from the certificate and client that it was given to, and while it is the newest one. The one
//! before it still works until its successor is used, since the answer that carried the successor may have been lost on
//! the way. Whatever else is shown again is in two hands, and the session ends: nobody knows which of them is the thief.

use std::collections::BTreeSet;
use std::net::IpAddr;

use chassis::Document;
use chrono::{DateTime, Duration, Utc};
use identity::Role;
use kernel::days;
use kernel::ids::{EmergencyGrantId, PersonId, PostId, SessionId, SystemId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::emergency::{self, EmergencyGrant};
use crate::domain::person::{CardStatus, Person};

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// Nothing was asked for longer than the pack allows.
    Idle,
    /// The pack's greatest length.
    Length,
    /// The holder logged out.
    LogOut,
    /// Its card was reported lost.
    CardLost,
    /// The post, or the deputyship, ended.
    PostEnded,
    /// The post lost a role that the session has, or the break-glass grant that gave one is over.
    RolesChanged,
    /// The person left.
    LeftService,
    /// An account of the person was suspended, stopped or changed.
    AccountChanged,
    /// A refresh token was shown that another one had replaced.
    TokenReused,
    /// A refresh token was shown by another client or from another certificate.
    ForeignHolder,
}

impl SessionEnd {
    /// Whether the session was in two hands: an item for audit.
    pub fn is_suspect(self) -> bool {
        matches!(self, Self::TokenReused | Self::ForeignHolder)
    }
}

/// The end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub because: SessionEnd,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id: `sid` of its access tokens.
    pub id: SessionId,
    /// Whose.
    pub person_id: PersonId,
    /// The post acted in; another one needs the card.
    pub post_id: PostId,
    /// Client id: a system's code, or `console`.
    pub client: String,
    /// The agency system, where one is the client.
    pub system: Option<SystemId>,
    /// TLS client certificate (`x5t#S256`) to which its tokens are bound.
    pub certificate: Option<String>,
    /// Where the official works; another place needs the card.
    pub place: IpAddr,
    /// Whether the client attested the place, and so does at each renewal.
    pub attested: bool,
    /// Thumbprint of the card.
    pub card: String,
    /// The roles granted.
    pub scope: BTreeSet<Role>,
    /// The break-glass grant that gives some of them: the session ends with it.
    #[serde(default)]
    pub emergency: Option<EmergencyGrantId>,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// When a token was last had for it.
    pub used_at: DateTime<Utc>,
    /// When it ends for want of use.
    pub idle_until: DateTime<Utc>,
    /// When it ends in any case.
    pub ends_at: DateTime<Utc>,
    /// SHA-256 (hex) of the newest refresh token.
    pub present: String,
    /// That of the one before, as long as its successor was not used.
    pub previous: Option<String>,
    /// Its end.
    pub ended: Option<Ended>,
}

impl Document for Session {
    const TABLE: &'static str = "sessions";
    fn id(&self) -> Uuid {
        self.id.0
    }
}

/// Who shows a refresh token.
#[derive(Debug, Clone, Copy)]
pub struct Holder<'a> {
    /// Client id.
    pub client: &'a str,
    /// TLS client certificate.
    pub certificate: Option<&'a str>,
    /// Where the official works, as far as this request tells.
    pub place: Option<IpAddr>,
}

/// Why a session is not renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRenewed {
    /// It had ended.
    #[error("the session has ended")]
    Over,
    /// It ends by this.
    #[error("the session ends")]
    Ends(SessionEnd),
    /// From another place, or from none where the place must be attested; it goes on where it was.
    #[error("a change of place needs the card")]
    Place,
}

impl Session {
    /// Takes `shown` (SHA-256 of a refresh token of this session) for `next`, or says why not.
    pub fn renew(
        &mut self,
        shown: &str,
        next: String,
        holder: Holder<'_>,
        (now, idle): (DateTime<Utc>, Duration),
    ) -> Result<(), NotRenewed> {
        if self.ended.is_some() {
            return Err(NotRenewed::Over);
        }
        if let Some(because) = self.lapsed(now) {
            return Err(self.ends(because, now));
        }
        if holder.client != self.client || holder.certificate != self.certificate.as_deref() {
            return Err(self.ends(SessionEnd::ForeignHolder, now));
        }
        let is_previous = self.previous.as_deref() == Some(shown);
        if shown != self.present && !is_previous {
            return Err(self.ends(SessionEnd::TokenReused, now));
        }
        if holder.place.map_or(self.attested, |place| place != self.place) {
            return Err(NotRenewed::Place);
        }
        if !is_previous {
            self.previous = Some(std::mem::take(&mut self.present));
        }
        self.present = next;
        self.used_at = now;
        self.idle_until = self.ends_at.min(now + idle);
        Ok(())
    }

    /// Why it is over at `now` although nobody ended it.
    pub fn lapsed(&self, now: DateTime<Utc>) -> Option<SessionEnd> {
        // The idle limit never reaches beyond the end.
        let because = if self.idle_until == self.ends_at { SessionEnd::Length } else { SessionEnd::Idle };
        (now >= self.idle_until).then_some(because)
    }

    /// Ends it; false when it had ended before.
    pub fn end(&mut self, because: SessionEnd, now: DateTime<Utc>) -> bool {
        let begins = self.ended.is_none();
        if begins {
            self.ended = Some(Ended { at: now, because });
        }
        begins
    }

    fn ends(&mut self, because: SessionEnd, now: DateTime<Utc>) -> NotRenewed {
        self.end(because, now);
        NotRenewed::Ends(because)
    }

    /// Whether what it was granted on still stands: service, card, post, roles, with the person's `grants`.
    pub fn rests_on(
        &self,
        person: &Person,
        grants: &[EmergencyGrant],
        now: DateTime<Utc>,
    ) -> Result<(), SessionEnd> {
        if !person.in_service {
            return Err(SessionEnd::LeftService);
        }
        let active = |c: &&crate::domain::person::Card| c.status == CardStatus::Active;
        if !person.cards.iter().filter(active).any(|c| c.binding.thumbprint == self.card) {
            return Err(SessionEnd::CardLost);
        }
        let post = person.held(self.post_id, days::taipei_date(now)).map_err(|_| SessionEnd::PostEnded)?;
        let roles = match self.emergency {
            None => post.roles(),
            Some(grant) => {
                let access = emergency::access(post, grants, now);
                if access.emergency != Some(grant) {
                    return Err(SessionEnd::RolesChanged);
                }
                access.roles
            }
        };
        if self.scope.is_subset(&roles) { Ok(()) } else { Err(SessionEnd::RolesChanged) }
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
