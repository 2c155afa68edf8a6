//! The end of tokens at the wish of the client that has them (RFC 7009).

use chassis::Context;
use chassis::revocations::Kind;
use identity::Principal;
use kernel::ids::SystemId;

use super::{CONSOLE, OAuthError, client, session};
use crate::store;

const FOREIGN: OAuthError = OAuthError::UnauthorizedClient("The token was issued to another client.");

/// Ends `token` for `client` (none: the console). A refresh token ends with its session and all that came out of it; an
/// access token ends alone, in every service. What is not known needs no ending.
pub async fn end(context: &Context, client: Option<&client::Client>, token: &str) -> Result<(), OAuthError> {
    if let Some(principal) = context.bearer_of(token) {
        return end_access_token(context, client.map(|c| c.system.id), &principal).await;
    }
    let client = client.map_or(CONSOLE, |c| &c.system.code);
    session::log_out(context, client, token).await
}

async fn end_access_token(
    context: &Context,
    client: Option<SystemId>,
    principal: &Principal,
) -> Result<(), OAuthError> {
    if principal.system != client {
        return Err(FOREIGN);
    }
    let subject = (Kind::Token, principal.token_id.as_str());
    context.transaction(async |tx| store::revocations::note(tx, subject, true, None::<&()>).await).await?;
    Ok(())
}
