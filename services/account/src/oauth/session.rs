//! Sessions from the outside: begun by a login, renewed by a refresh token, and the access tokens that they give.

use std::collections::BTreeSet;
use std::net::IpAddr;

use account_types::AgencyKind;
use account_types::events::TwoPlacesFound;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::{Context, Tx, document};
use chrono::Duration;
use identity::{AccessGrant, Confirmation, PrincipalKind, Role, TokenIssuer, VerifiedAssertion};
use kernel::ids::{AgencyId, PersonId, PostId};
use kernel::{canonical, days};
use rule_pack::Regulation;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::login::{self, Prepared};
use super::{CONSOLE, Client, OAuthError, Peer};
use crate::domain::agency::Agency;
use crate::domain::emergency;
use crate::domain::person::{Person, Post};
use crate::domain::session::{Holder, NotRenewed, Session};
use crate::{emergencies, store};

/// Life of an access token in seconds (design: 10 minutes at most).
const LIFE: i64 = identity::token::MAX_ACCESS_SECONDS;
/// The answer to every refresh token that is not good: whoever shows it has shown no key.
const NOT_GOOD: OAuthError = OAuthError::InvalidGrant(
    "The refresh token is not good, or its session has ended: sign in with the card.",
);
const TWO_PLACES: OAuthError =
    OAuthError::InvalidGrant("Another place is in use: log out there, or wait until its session has ended.");

/// Tokens (RFC 6749 §5.1).
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// The access token (RFC 9068).
    access_token: String,
    /// `Bearer`, of a token that is bound to a TLS certificate too (RFC 8705 §3).
    token_type: &'static str,
    /// Seconds for which the access token is good: at most 600.
    expires_in: i64,
    /// Roles granted, separated by blanks.
    scope: String,
    /// Renews the session; the answer to its use brings the next one. Not for agency systems.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Seconds after which the session ends if it is not renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_expires_in: Option<i64>,
}

/// Roles that are asked for (RFC 6749 §3.3), all of `held` unless told.
pub fn scope(asked: Option<&str>, held: &BTreeSet<Role>) -> Result<BTreeSet<Role>, OAuthError> {
    let Some(asked) = asked else { return Ok(held.clone()) };
    let roles: Option<BTreeSet<Role>> = asked.split(' ').map(|role| role.parse().ok()).collect();
    let beyond = OAuthError::InvalidScope("The scope names a role that is not held.");
    roles.filter(|roles| roles.is_subset(held)).ok_or(beyond)
}

/// An access token for `grant` that is over when its session is.
pub fn issue(
    context: &Context,
    grant: &AccessGrant,
    renewal: Option<(&Session, String)>,
) -> Result<Tokens, OAuthError> {
    let now = context.now();
    let left = renewal.as_ref().map_or(LIFE, |(session, _)| (session.ends_at - now).num_seconds());
    if left < 1 {
        return Err(NOT_GOOD);
    }
    let expires_in = LIFE.min(left);
    let identity = &context.settings().identity;
    // The certificate of the moment: a renewed one signs at once.
    let access_token = TokenIssuer::new(context.keys().signer.credential().clone(), &identity.issuer)
        .and_then(|issuer| issuer.issue(grant, &[&identity.audience], now, Duration::seconds(expires_in)))
        .map_err(|error| chassis::Error::Internal(error.into()))?;
    let refresh_token_expires_in =
        renewal.as_ref().map(|(session, _)| (session.idle_until - now).num_seconds());
    Ok(Tokens {
        access_token,
        token_type: "Bearer",
        expires_in,
        scope: grant.scope(),
        refresh_token: renewal.map(|(_, token)| token),
        refresh_token_expires_in,
    })
}

/// A refresh token of 256 random bits with its hash.
fn refresh_token(context: &Context) -> (String, String) {
    let token = URL_SAFE_NO_PAD.encode(context.random().bytes32());
    let hash = hash(&token);
    (token, hash)
}

/// SHA-256 (hex) of a refresh token.
pub fn hash(token: &str) -> String {
    canonical::sha256_hex(token.as_bytes())
}

/// Idle limit and greatest length: the strictest of the packs that are followed today, since a session is for all of them.
fn limits(context: &Context) -> Result<(Duration, Duration), OAuthError> {
    let today = days::taipei_date(context.now());
    let packs = || Regulation::ALL.iter().filter_map(|r| context.packs().on(*r, today));
    let idle = packs().map(|p| p.session.idle_minutes).min();
    let longest = packs().map(|p| p.session.longest_hours).min();
    let limits = idle.zip(longest).map(|(i, l)| (Duration::minutes(i.into()), Duration::hours(l.into())));
    limits.ok_or_else(|| {
        tracing::error!(%today, "no rule pack says how long a session may be");
        OAuthError::Unavailable
    })
}

/// What a login asks for.
pub struct Asked<'a> {
    /// The post to act in.
    pub post: Option<PostId>,
    /// Scope.
    pub scope: Option<&'a str>,
}

/// Begins a session for the holder of the card that signed `proof`. `as_of` is the last revocation that was known before
/// anything else was read.
pub async fn begin(
    context: &Context,
    peer: &Peer,
    client: Option<&Client>,
    (proof, prepared): (&VerifiedAssertion, &Prepared),
    (asked, as_of): (Asked<'_>, i64),
) -> Result<Tokens, OAuthError> {
    let binding = peer.binding(context)?;
    let name = client.map_or(CONSOLE, |c| &c.system.code);
    if prepared.client.as_ref().is_some_and(|wanted| wanted != name) {
        return Err(OAuthError::InvalidGrant("The login was prepared for another client."));
    }
    if proof.client_thumbprint.is_some() && proof.client_thumbprint != peer.certificate {
        return Err(OAuthError::InvalidGrant("The card signed for another TLS client certificate."));
    }
    if asked.post.is_some() && prepared.post.is_some() && asked.post != prepared.post {
        return Err(OAuthError::InvalidGrant("The login was prepared for another post."));
    }
    let attested = client.and_then(|c| c.place);
    let begun = Begun {
        context,
        proof,
        client,
        binding,
        post: asked.post.or(prepared.post),
        scope: asked.scope,
        place: attested.unwrap_or(prepared.place),
        attested: attested.is_some() || prepared.attested,
        limits: limits(context)?,
        as_of,
    };
    let (token, hash) = refresh_token(context);
    let (session, grant) = context.transaction(async |tx| begun.run(tx, &hash).await).await??;
    issue(context, &grant, Some((&session, token)))
}

struct Begun<'a> {
    context: &'a Context,
    proof: &'a VerifiedAssertion,
    client: Option<&'a Client>,
    binding: Option<Confirmation>,
    post: Option<PostId>,
    scope: Option<&'a str>,
    place: IpAddr,
    attested: bool,
    limits: (Duration, Duration),
    as_of: i64,
}

impl Begun<'_> {
    /// The outer error is the service's own; with the inner one what was written stays.
    async fn run(
        &self,
        tx: &mut Tx,
        hash: &str,
    ) -> chassis::Result<Result<(Session, AccessGrant), OAuthError>> {
        let card = &self.proof.certificate;
        let Some(person) = store::people::by_thumbprint(tx.conn(), &card.thumbprint_sha256).await? else {
            tracing::info!("no token: unknown card");
            return Ok(Err(login::NEUTRAL));
        };
        let (person, now) = (person.doc, tx.now());
        let today = days::taipei_date(now);
        if !person.in_service || person.active_card(card).is_err() {
            tracing::info!(person = %person.id, "no token: card or service ended");
            return Ok(Err(login::NEUTRAL));
        }
        // From here on the holder of the card is proved, and told what stands in his way.
        let Ok(post) = person.post_for_token(self.post, today) else {
            return Ok(Err(OAuthError::InvalidGrant("This post is not held today.")));
        };
        let grants = emergencies::given_to(tx.conn(), person.id).await?;
        let access = emergency::access(post, &grants, now);
        let scope = match scope(self.scope, &access.roles) {
            Ok(scope) => scope,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (idle, longest) = self.limits;
        // Nothing that was had under a break-glass grant outlives it: neither the session nor, so, its tokens.
        let ends_at = access.until.map_or(now + longest, |until| until.min(now + longest));
        let session = Session {
            id: tx.new_id(),
            person_id: person.id,
            post_id: post.id,
            client: self.client.map_or_else(|| CONSOLE.to_owned(), |c| c.system.code.clone()),
            system: self.client.map(|c| c.system.id),
            certificate: self.binding.as_ref().map(|b| b.x5t_s256.clone()),
            place: self.place,
            attested: self.attested,
            card: card.thumbprint_sha256.clone(),
            scope,
            emergency: access.emergency,
            began_at: now,
            used_at: now,
            idle_until: ends_at.min(now + idle),
            ends_at,
            present: hash.to_owned(),
            previous: None,
            ended: None,
        };
        let reach = reach(tx, post.agency).await?;
        let Some(grant) = grant(self.context, &session, &person, (post, reach), self.as_of) else {
            return Ok(Err(OAuthError::InvalidGrant("A deputy needs a post of his own.")));
        };
        if !take_place(tx, &session, post.agency).await? {
            return Ok(Err(TWO_PLACES));
        }
        store::sessions::begin(tx, &session).await?;
        Ok(Ok((session, grant)))
    }
}

/// Renews the session of a refresh token.
pub async fn renew(
    context: &Context,
    peer: &Peer,
    client: Option<&Client>,
    shown: &str,
    (asked, as_of): (Option<&str>, i64),
) -> Result<Tokens, OAuthError> {
    peer.binding(context)?;
    let (idle, _) = limits(context)?;
    let shown = hash(shown);
    let (token, next) = refresh_token(context);
    let holder = Holder {
        client: client.map_or(CONSOLE, |c| &c.system.code),
        certificate: peer.certificate.as_deref(),
        // Our own pages are where the official is; an agency's server is not, so of it an attested place counts alone.
        place: match client {
            Some(client) => client.place,
            None => peer.address,
        },
    };
    let renewed = context
        .transaction(async |tx| renew_in(tx, holder, (&shown, &next), (asked, idle, as_of)).await)
        .await?;
    let (session, grant) = renewed?;
    issue(context, &grant, Some((&session, token)))
}

async fn renew_in(
    tx: &mut Tx,
    holder: Holder<'_>,
    (shown, next): (&str, &str),
    (asked, idle, as_of): (Option<&str>, Duration, i64),
) -> chassis::Result<Result<(Session, AccessGrant), OAuthError>> {
    let Some(mut session) = store::sessions::of_token(tx, shown).await? else { return Ok(Err(NOT_GOOD)) };
    let (context, now) = (tx.context(), tx.now());
    let person = document::find::<Person>(tx.conn(), session.person_id.0, false).await?;
    let Some(person) = person.map(|p| p.doc) else { return Ok(Err(NOT_GOOD)) };
    let agency = person.posts.iter().find(|p| p.id == session.post_id).map(|p| p.agency);
    let renewed = session.renew(shown, next.to_owned(), holder, (now, idle));
    match renewed {
        Ok(()) => {}
        Err(NotRenewed::Over) => return Ok(Err(NOT_GOOD)),
        Err(NotRenewed::Place) => {
            found_two_places(tx, person.id, agency).await?;
            return Ok(Err(OAuthError::InvalidGrant(
                "A change of place needs the card, and an attested place is attested each time.",
            )));
        }
        Err(NotRenewed::Ends(because)) => {
            store::sessions::keep_end(tx, &session).await?;
            if because.is_suspect() {
                tracing::warn!(session = %session.id, ?because, "a session was in two hands");
                found_two_places(tx, person.id, agency).await?;
            }
            return Ok(Err(NOT_GOOD));
        }
    }
    let grants = emergencies::given_to(tx.conn(), person.id).await?;
    if let Err(because) = session.rests_on(&person, &grants, now) {
        store::sessions::end(tx, &mut session, because).await?;
        return Ok(Err(NOT_GOOD));
    }
    let asked = match scope(asked, &session.scope) {
        Ok(asked) => asked,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Ok(post) = person.held(session.post_id, days::taipei_date(now)) else { return Ok(Err(NOT_GOOD)) };
    let reach = reach(tx, post.agency).await?;
    let Some(mut grant) = grant(&context, &session, &person, (post, reach), as_of) else {
        return Ok(Err(NOT_GOOD));
    };
    grant.roles = asked;
    if let Some(agency) = agency
        && !take_place(tx, &session, agency).await?
    {
        return Ok(Err(TWO_PLACES));
    }
    store::sessions::renewed(tx, &session).await?;
    Ok(Ok((session.doc, grant)))
}

/// What an access token of `session` says; none for a deputy who holds no post of his own.
fn grant(
    context: &Context,
    session: &Session,
    person: &Person,
    (post, reach): (&Post, Reach),
    as_of: i64,
) -> Option<AccessGrant> {
    let now = context.now();
    let own = match post.deputy_for {
        Some(_) => person.main_post(days::taipei_date(now))?,
        None => post,
    };
    Some(AccessGrant {
        kind: PrincipalKind::Person { person: person.id, post: own.id },
        subject: person.id.to_string(),
        client_id: session.client.clone(),
        token_id: context.random().id::<Uuid>(now).to_string(),
        name: None,
        agency: Some(post.agency),
        oversees: reach.oversees,
        provides: reach.provides,
        unit: Some(post.unit),
        roles: session.scope.clone(),
        system: session.system,
        place: Some(session.place),
        acting_for: post.deputy_for,
        emergency: session.emergency,
        cnf: session.certificate.clone().map(|x5t_s256| Confirmation { x5t_s256 }),
        session: Some(session.id),
        as_of,
    })
}

/// How far duties in an agency reach beyond it.
struct Reach {
    /// Whether it oversees the others.
    oversees: bool,
    /// The regulations whose data it provides.
    provides: BTreeSet<String>,
}

async fn reach(tx: &mut Tx, agency: AgencyId) -> chassis::Result<Reach> {
    let found = document::find::<Agency>(tx.conn(), agency.0, false).await?;
    let oversees = found.as_ref().is_some_and(|agency| agency.kind == AgencyKind::Bureau);
    Ok(Reach { oversees, provides: found.map(|agency| agency.doc.provides).unwrap_or_default() })
}

/// One place at a time, where a pack asks for it (H5.2.3): a second place is refused and told.
async fn take_place(tx: &mut Tx, session: &Session, agency: AgencyId) -> chassis::Result<bool> {
    let context = tx.context();
    let pack = context.packs().on(Regulation::Household, days::taipei_date(tx.now()));
    if !pack.is_some_and(|p| p.addition_enabled("H5.2.3+one-place")) {
        return Ok(true);
    }
    let place = session.place.to_string();
    let taken = store::sessions::take_place(tx, session.person_id, &place, session.idle_until).await?;
    if !taken {
        found_two_places(tx, session.person_id, Some(agency)).await?;
    }
    Ok(taken)
}

async fn found_two_places(tx: &mut Tx, person: PersonId, agency: Option<AgencyId>) -> chassis::Result<()> {
    let Some(agency) = agency else { return Ok(()) };
    tracing::warn!(%person, "one person at two places");
    tx.emit(&TwoPlacesFound { person, agency, clause: "H5.2.3".to_owned() }).await
}

/// Ends the session of a refresh token at the wish of `client` (RFC 7009). A token that is not known needs no ending.
pub async fn log_out(context: &Context, client: &str, token: &str) -> Result<(), OAuthError> {
    let hash = hash(token);
    context
        .transaction(async |tx| {
            let Some(mut session) = store::sessions::of_token(tx, &hash).await? else { return Ok(Ok(())) };
            if session.client != client {
                let text = "The token was issued to another client.";
                return Ok(Err(OAuthError::UnauthorizedClient(text)));
            }
            store::sessions::end(tx, &mut session, crate::domain::session::SessionEnd::LogOut).await?;
            Ok(Ok(()))
        })
        .await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_part_of_what_is_held() {
        let held = [Role::User, Role::UnitSupervisor].into();
        assert_eq!(scope(None, &held).unwrap(), held);
        assert_eq!(scope(Some("user"), &held).unwrap(), [Role::User].into());
        for beyond in ["auditor", "user auditor", "user  user", "root", " "] {
            assert!(matches!(scope(Some(beyond), &held), Err(OAuthError::InvalidScope(_))), "{beyond}");
        }
    }
}
