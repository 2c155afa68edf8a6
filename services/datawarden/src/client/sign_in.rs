//! Tokens: officials sign in with their cards through the welfare platform, the platform with its certificate.

use chrono::Duration as Span;
use identity::{AssertionKind, AssertionRequest, Credential, sign_assertion};
use kernel::Instant;

use super::answer::{failed, read};
use super::{Called, Caller, Client, PAUSE, PLATFORM};

/// A token is renewed when it has less than this to live, in simulated seconds.
const RENEW_SECONDS: i64 = 90;

#[derive(Clone)]
pub(super) struct Token {
    text: String,
    from: Instant,
    until: Instant,
}

#[derive(serde::Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: i64,
}

impl Client<'_> {
    /// A token of the caller that is good now.
    pub async fn token(&self, caller: impl Into<Caller>) -> Called<String> {
        let (caller, now) = (caller.into(), self.now());
        let good = |t: &&Token| t.from <= now && now + Span::seconds(RENEW_SECONDS) < t.until;
        if let Some(token) = self.lock().get(&caller).filter(good) {
            return Ok(token.text.clone());
        }
        let mut signed_in = self.sign_in(caller).await;
        // Not the same request again: an assertion is good once.
        for _ in 0..self.patience {
            match &signed_in {
                Err(error) if error.is_passing() => tokio::time::sleep(PAUSE).await,
                _ => break,
            }
            signed_in = self.sign_in(caller).await;
        }
        let answer = signed_in?;
        let until = now + Span::seconds(answer.expires_in);
        let text = answer.access_token;
        self.lock().insert(caller, Token { text: text.clone(), from: now, until });
        Ok(text)
    }

    async fn sign_in(&self, caller: Caller) -> Called<TokenAnswer> {
        let client_assertion = self.assertion(AssertionKind::Client, self.actors.platform)?;
        let mut form = vec![("client_assertion", client_assertion)];
        match caller {
            Caller::Platform => form.push(("grant_type", "client_credentials".to_owned())),
            Caller::Person(who) => {
                let card = self.card(who)?;
                form.push(("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()));
                form.push(("assertion", self.assertion(AssertionKind::Login, card.credential())?));
                form.push(("post", who.post.to_string()));
                form.push(("place", self.official(who).workstation.to_string()));
            }
        }
        let url = format!("{}/v1/token", self.urls.get("account").map_or("", String::as_str));
        let begun = std::time::Instant::now();
        let response =
            self.http.post(url).form(&form).send().await.map_err(|e| failed("issue_token", e.into()))?;
        let answer = read("issue_token", response).await;
        self.timed("issue_token", begun);
        answer
    }

    fn assertion(&self, kind: AssertionKind, credential: &Credential) -> Called<String> {
        let nonce = self.nonce();
        let request = AssertionRequest {
            kind,
            client_id: (kind == AssertionKind::Client).then_some(PLATFORM),
            audience: &self.issuer,
            jti: &nonce,
            ttl: Span::seconds(110),
            client_thumbprint: None,
        };
        sign_assertion(credential, &request, self.now()).map_err(|e| failed("assertion", e.into()))
    }
}
