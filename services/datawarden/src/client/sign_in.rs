//! Tokens: officials sign in with their cards through the welfare platform, which attests their desks and renews their
//! sessions; the platform with its certificate. However many of a caller's requests wait for a token, one has it.

use std::sync::Arc;

use chrono::Duration as Span;
use identity::{AssertionKind, AssertionRequest, CardSigner as _, jws, sign_assertion};
use kernel::Instant;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::answer::{failed, read};
use super::{Called, Caller, Client, PAUSE, PLATFORM, Who};

/// A token is renewed when it has less than this to live, in simulated seconds.
const RENEW_SECONDS: i64 = 90;
/// RFC 7523 §2.2.
const CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A caller's token, once he has one. Whoever signs him in holds the lock; others of his requests wait and share it.
pub(super) type Held = Arc<Mutex<Option<Token>>>;

pub(super) struct Token {
    text: String,
    from: Instant,
    until: Instant,
    /// Renews the session until then.
    refresh: Option<(String, Instant)>,
}

impl Token {
    fn is_good(&self, now: Instant) -> bool {
        self.from <= now && now + Span::seconds(RENEW_SECONDS) < self.until
    }

    /// What renews its session now.
    fn refresh(&self, now: Instant) -> Option<&str> {
        let renewal = self.refresh.as_ref().filter(|(_, until)| self.from <= now && now < *until);
        renewal.map(|(text, _)| text.as_str())
    }
}

#[derive(serde::Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: i64,
    refresh_token: Option<String>,
    refresh_token_expires_in: Option<i64>,
}

impl Client<'_> {
    /// A token of the caller that is good now.
    pub async fn token(&self, caller: impl Into<Caller>) -> Called<String> {
        let caller = caller.into();
        let held = self.held(caller);
        let mut held = held.lock().await;
        let now = self.now();
        if let Some(token) = held.as_ref().filter(|t| t.is_good(now)) {
            return Ok(token.text.clone());
        }
        let refresh = held.as_ref().and_then(|t| t.refresh(now));
        let mut signed_in = self.sign_in(caller, refresh).await;
        // Not the same request again: an assertion is good once. A session may have ended meanwhile: then the card signs.
        for _ in 0..self.patience {
            match &signed_in {
                Err(error) if error.is_passing() => tokio::time::sleep(PAUSE).await,
                _ => break,
            }
            signed_in = self.sign_in(caller, None).await;
        }
        let answer = signed_in?;
        let refresh = answer.refresh_token.zip(answer.refresh_token_expires_in);
        let token = held.insert(Token {
            text: answer.access_token,
            from: now,
            until: now + Span::seconds(answer.expires_in),
            refresh: refresh.map(|(text, seconds)| (text, now + Span::seconds(seconds))),
        });
        Ok(token.text.clone())
    }

    /// Forgets `token`, which was refused. What another request has had since stays.
    pub(super) async fn forget(&self, caller: Caller, token: &str) {
        let held = self.held(caller);
        let mut held = held.lock().await;
        if held.as_ref().is_some_and(|t| t.text == token) {
            *held = None;
        }
    }

    fn held(&self, caller: Caller) -> Held {
        self.lock().entry(caller).or_default().clone()
    }

    async fn sign_in(&self, caller: Caller, refresh: Option<&str>) -> Called<TokenAnswer> {
        let Caller::Person(who) = caller else {
            return self.ask(&[("grant_type", "client_credentials")], self.attested(None)?).await;
        };
        if let Some(refresh) = refresh {
            let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
            match self.ask(&form, self.attested(Some(who))?).await {
                // Over: what was taken away, a card or an account, ends it.
                Err(error) if error.code() == "invalid_grant" => {}
                renewed => return renewed,
            }
        }
        let assertion = self.login(who).await?;
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion.as_str()),
        ];
        self.ask(&form, self.attested(Some(who))?).await
    }

    /// A login that the account service prepared and the card signed.
    async fn login(&self, who: Who) -> Called<String> {
        let card = self.card(who)?;
        let body = json!({
            "certificate": card.credential().x5c(),
            "post": who.post,
            "client_assertion_type": CLIENT_ASSERTION,
            "client_assertion": self.attested(Some(who))?,
        });
        let request = self.http.post(self.url("account", "/v1/logins")).json(&body);
        let prepared: Value = self.timed_answer("prepare_login", request).await?;
        let input = prepared["signing_input"].as_str().unwrap_or_default();
        let signed = card.sign(input.as_bytes()).map_err(|e| failed("card", e.into()))?;
        Ok(jws::complete(input, &signed.signature))
    }

    async fn ask(&self, form: &[(&str, &str)], client_assertion: String) -> Called<TokenAnswer> {
        let proof =
            [("client_assertion_type", CLIENT_ASSERTION), ("client_assertion", client_assertion.as_str())];
        let request = self.http.post(self.url("account", "/v1/token")).form(&[form, &proof].concat());
        self.timed_answer("issue_token", request).await
    }

    async fn timed_answer<T: DeserializeOwned>(
        &self,
        operation: &str,
        request: reqwest::RequestBuilder,
    ) -> Called<T> {
        let begun = std::time::Instant::now();
        let response = request.send().await.map_err(|e| failed(operation, e.into()))?;
        let answer = read(operation, response).await;
        self.timed(operation, begun);
        answer
    }

    /// The platform's assertion, which attests the desk of `who`.
    fn attested(&self, who: Option<Who>) -> Called<String> {
        let nonce = self.nonce();
        let request = AssertionRequest {
            kind: AssertionKind::Client,
            client_id: Some(PLATFORM),
            audience: &self.issuer,
            jti: &nonce,
            ttl: Span::seconds(110),
            client_thumbprint: None,
            place: who.map(|who| self.official(who).workstation.into()),
        };
        sign_assertion(self.actors.platform, &request, self.now()).map_err(|e| failed("assertion", e.into()))
    }
}
