//! A client of the suite's public API and of nothing else. Officials sign in with their soft cards through the welfare
//! platform, which attests their desk; operations are found by their ids in each service's OpenAPI document.

mod answer;
mod sign_in;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use identity::{Credential, Endorsement, SoftCard};
use kernel::ids::{AgencyId, PersonId, PostId};
use kernel::{Clock, Instant, Random as _, SystemRandom};
use reqwest::{Method, StatusCode};
use sample_city::{Official, SampleCity};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use answer::{CallError, Called};

use crate::stack::Stack;
use answer::{AWAY, failed, read, retry_after};
use sign_in::Held;

/// The system through which officials work.
pub const PLATFORM: &str = "welfare-platform";
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(250);
/// Rows asked for at once.
const PAGE: &str = "200";

/// An official in one of his posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Who {
    /// Place in the city's list of officials.
    pub official: usize,
    /// The post acted in.
    pub post: PostId,
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    /// An official, through the welfare platform.
    Person(Who),
    /// The welfare platform itself.
    Platform,
}

impl From<Who> for Caller {
    fn from(who: Who) -> Self {
        Self::Person(who)
    }
}

struct Operation {
    method: Method,
    path: String,
}

/// For whom the client acts, and when.
pub struct Actors<'a> {
    /// The city.
    pub city: &'a SampleCity,
    /// The officials' cards, as far as they are at hand.
    pub cards: &'a BTreeMap<PersonId, SoftCard>,
    /// The welfare platform's certificate and key.
    pub platform: &'a Credential,
    /// Business time.
    pub clock: Arc<dyn Clock>,
}

/// How long a request may take.
pub const LIMIT: Duration = Duration::from_mins(1);

/// The client.
pub struct Client<'a> {
    actors: Actors<'a>,
    http: reqwest::Client,
    operations: HashMap<(String, String), Operation>,
    urls: HashMap<String, String>,
    issuer: String,
    tokens: Mutex<HashMap<Caller, Held>>,
    renewed: Mutex<HashMap<PersonId, SoftCard>>,
    people: HashMap<PersonId, usize>,
    run: String,
    counter: AtomicU64,
    requests: AtomicU64,
    times: Mutex<BTreeMap<String, (u64, Duration)>>,
    patience: u32,
}

impl<'a> Client<'a> {
    /// A client of the suite in this process.
    pub async fn open(stack: &'a Stack) -> anyhow::Result<Self> {
        let actors = Actors {
            city: &stack.city,
            cards: &stack.cards,
            platform: stack.system_credential(PLATFORM)?,
            clock: Arc::new(stack.clock.clone()),
        };
        let issuer = stack.service("account").context.settings().identity.issuer.clone();
        let urls = stack.services().iter().map(|s| (s.context.name().to_owned(), s.url()));
        let http = chassis::http_client(LIMIT)?;
        Self::connect(actors, http, urls.collect(), issuer).await
    }

    /// A client of the services at these URLs, by name; `issuer` is that of the account service's tokens. Reads the
    /// OpenAPI document of every service.
    pub async fn connect(
        actors: Actors<'a>,
        http: reqwest::Client,
        urls: HashMap<String, String>,
        issuer: String,
    ) -> anyhow::Result<Self> {
        let mut run = [0; 8];
        SystemRandom.fill(&mut run);
        let mut operations = HashMap::new();
        for (service, url) in &urls {
            let document: Value = http
                .get(format!("{url}/openapi.json"))
                .send()
                .await?
                .json()
                .await
                .with_context(|| format!("{service}: openapi.json"))?;
            let paths = document["paths"].as_object().cloned().unwrap_or_default();
            for (path, item) in &paths {
                for (method, operation) in item.as_object().into_iter().flatten() {
                    let Some(id) = operation["operationId"].as_str() else { continue };
                    let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
                    let operation = Operation { method, path: path.clone() };
                    operations.insert((service.clone(), id.to_owned()), operation);
                }
            }
        }
        let people = actors.city.officials.iter().enumerate().map(|(i, o)| (o.id, i)).collect();
        Ok(Self {
            actors,
            http,
            operations,
            urls,
            issuer,
            tokens: Mutex::default(),
            renewed: Mutex::default(),
            people,
            // Keys and assertions of another client, at the same simulated second, must not answer for this one.
            run: hex::encode(run),
            counter: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            times: Mutex::default(),
            patience: 0,
        })
    }

    /// Sends a request that found nobody, or a service that is not ready, as often again with the same
    /// `Idempotency-Key`, a quarter of a second apart.
    #[must_use]
    pub fn patient(mut self, tries: u32) -> Self {
        self.patience = tries;
        self
    }

    /// The moment it is.
    pub fn now(&self) -> Instant {
        self.actors.clock.now()
    }

    /// The city.
    pub fn city(&self) -> &'a SampleCity {
        self.actors.city
    }

    /// Requests sent so far, for tokens too.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How often each operation was called, and how long its answers took in all.
    pub fn times(&self) -> BTreeMap<String, (u64, Duration)> {
        self.times.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn timed(&self, operation: &str, begun: std::time::Instant) {
        let mut times = self.times.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let time = times.entry(operation.to_owned()).or_default();
        time.0 += 1;
        time.1 += begun.elapsed();
    }

    /// Whether `service` has an operation with this id.
    pub fn has(&self, service: &str, operation: &str) -> bool {
        self.operations.contains_key(&(service.to_owned(), operation.to_owned()))
    }

    /// The operation ids of `service`, sorted.
    pub fn operations(&self, service: &str) -> Vec<&str> {
        let mut ids: Vec<&str> =
            self.operations.keys().filter(|(s, _)| s == service).map(|(_, id)| id.as_str()).collect();
        ids.sort_unstable();
        ids
    }

    /// The official.
    pub fn official(&self, who: Who) -> &'a Official {
        &self.city().officials[who.official]
    }

    /// The official with this person id.
    pub fn by_person(&self, person: PersonId) -> Option<usize> {
        self.people.get(&person).copied()
    }

    /// An official in his main post.
    pub fn main_post(&self, official: usize) -> Option<Who> {
        let post = self.city().officials.get(official)?.posts.first()?.id;
        Some(Who { official, post })
    }

    /// The first holder of `role` in `agency` who is none of `but`.
    pub fn holder_but(&self, agency: AgencyId, role: &str, but: &[PersonId]) -> Option<Who> {
        let city = self.city();
        let found = city.holders(agency, role).find(|(i, _)| !but.contains(&city.officials[*i].id));
        found.map(|(official, post)| Who { official, post: post.id })
    }

    /// The first holder of `role` in `agency`.
    pub fn holder(&self, agency: AgencyId, role: &str) -> Option<Who> {
        self.holder_but(agency, role, &[])
    }

    /// The first holder of `role` in the bureau.
    pub fn bureau(&self, role: &str) -> Option<Who> {
        self.holder(self.city().agency_by_code("bureau")?.id, role)
    }

    /// The official's card as it is now.
    pub fn card(&self, who: Who) -> Called<SoftCard> {
        let person = self.official(who).id;
        let renewed =
            self.renewed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&person).cloned();
        let card = renewed.or_else(|| self.actors.cards.get(&person).cloned());
        card.ok_or_else(|| failed("card", anyhow::anyhow!("no card")))
    }

    /// Endorses `content` with the official's card, now.
    pub fn endorse<T: Serialize + ?Sized>(&self, who: Who, content: &T) -> Called<Endorsement> {
        Endorsement::sign(&self.card(who)?, content, self.now()).map_err(|e| failed("endorsement", e.into()))
    }

    /// Endorses `body` as the content of operation `act` on `subject` ([`account_types::ActContent`]).
    pub fn endorse_act<T: Serialize>(
        &self,
        who: Who,
        act: &str,
        subject: uuid::Uuid,
        body: &T,
    ) -> Called<Endorsement> {
        self.endorse(who, &account_types::ActContent::new(act, subject, who.post, body))
    }

    /// From now on the official uses this card.
    pub fn renew_card(&self, official: usize, card: SoftCard) {
        let mut renewed = self.renewed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        renewed.insert(self.city().officials[official].id, card);
    }

    fn count(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    fn nonce(&self) -> String {
        format!("{}-{:x}-{}", self.run, self.now().timestamp(), self.count())
    }

    /// Forgets the caller's token: the next call signs in anew.
    pub fn sign_out(&self, caller: impl Into<Caller>) {
        self.lock().remove(&caller.into());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Caller, Held>> {
        self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Calls an operation by its id: path parameters in the order of the path, query parameters, body.
    pub async fn call<T: DeserializeOwned>(
        &self,
        caller: impl Into<Caller>,
        (service, operation): (&str, &str),
        path: &[&dyn std::fmt::Display],
        query: &[(&str, String)],
        body: Option<&(impl Serialize + ?Sized)>,
    ) -> Called<T> {
        let caller = caller.into();
        let token = self.token(caller).await?;
        let found = self.operations.get(&(service.to_owned(), operation.to_owned()));
        let found = found.ok_or_else(|| CallError::NoOperation {
            service: service.to_owned(),
            operation: operation.to_owned(),
        })?;
        let url = format!("{}{}", self.urls.get(service).map_or("", String::as_str), fill(&found.path, path));
        let mut request = self.http.request(found.method.clone(), url).query(query);
        if found.method == Method::POST {
            request = request.header("idempotency-key", format!("year-{}", self.nonce()));
        } else {
            self.count();
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let begun = std::time::Instant::now();
        let again = request.try_clone();
        let sent = self.send(request.bearer_auth(&token)).await;
        let mut response = sent.map_err(|e| failed(operation, e.into()))?;
        if let (StatusCode::UNAUTHORIZED, Some(again)) = (response.status(), again) {
            // An act since the sign-in ended the token: the card decides anew.
            self.forget(caller, &token).await;
            let token = self.token(caller).await?;
            let sent = self.send(again.bearer_auth(token)).await;
            response = sent.map_err(|e| failed(operation, e.into()))?;
        }
        let answer = read(operation, response).await;
        self.timed(operation, begun);
        answer
    }

    /// Sends a request within the present trace, again where that may help.
    async fn send(&self, mut request: reqwest::RequestBuilder) -> reqwest::Result<reqwest::Response> {
        if let (Some(traceparent), _) = chassis::telemetry::current_trace() {
            request = request.header("traceparent", traceparent);
        }
        for _ in 0..self.patience {
            let Some(request) = request.try_clone() else { break };
            match request.send().await {
                Ok(answer) if answer.status() == StatusCode::TOO_MANY_REQUESTS => {
                    tokio::time::sleep(retry_after(&answer)).await;
                }
                Ok(answer) if !AWAY.contains(&answer.status()) => return Ok(answer),
                Ok(_) | Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
        request.send().await
    }

    /// Calls a changing operation; gives the answer as JSON.
    pub async fn post(
        &self,
        caller: impl Into<Caller>,
        operation: (&str, &str),
        path: &[&dyn std::fmt::Display],
        body: &(impl Serialize + ?Sized),
    ) -> Called<Value> {
        self.call(caller, operation, path, &[], Some(body)).await
    }

    /// Reads one thing.
    pub async fn get(
        &self,
        caller: impl Into<Caller>,
        operation: (&str, &str),
        path: &[&dyn std::fmt::Display],
    ) -> Called<Value> {
        self.call(caller, operation, path, &[], None::<&Value>).await
    }

    /// Reads a list to its end.
    pub async fn list<T: DeserializeOwned>(
        &self,
        caller: impl Into<Caller>,
        operation: (&str, &str),
        query: &[(&str, String)],
    ) -> Called<Vec<T>> {
        let (caller, mut rows, mut after) = (caller.into(), vec![], None::<String>);
        loop {
            let mut query = query.to_vec();
            query.push(("limit", PAGE.to_owned()));
            query.extend(after.take().map(|a| ("after", a)));
            let page: chassis::Page<T> = self.call(caller, operation, &[], &query, None::<&Value>).await?;
            rows.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(rows),
            }
        }
    }

    /// The address under which `path` of `service` answers.
    pub fn url(&self, service: &str, path: &str) -> String {
        format!("{}{path}", self.urls.get(service).map_or("", String::as_str))
    }

    /// GETs an address as `caller`; gives status and, where it is JSON, the body.
    pub async fn open_url(&self, caller: impl Into<Caller>, url: &str) -> Called<(StatusCode, Value)> {
        let token = self.token(caller).await?;
        self.count();
        let request = self.http.get(url).bearer_auth(token);
        let response = self.send(request).await.map_err(|e| failed(url, e.into()))?;
        let status = response.status();
        let text = response.text().await.map_err(|e| failed(url, e.into()))?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }
}

/// Puts `values` into the `{…}` of `path`, in order.
fn fill(path: &str, values: &[&dyn std::fmt::Display]) -> String {
    let (mut out, mut rest, mut values) = (String::new(), path, values.iter());
    while let Some((head, tail)) = rest.split_once('{') {
        out.push_str(head);
        let (_, after) = tail.split_once('}').unwrap_or((tail, ""));
        if let Some(value) = values.next() {
            out.push_str(&value.to_string());
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parameters_are_filled_in_order() {
        assert_eq!(fill("/v1/a/{id}/b/{x}", &[&1, &"z"]), "/v1/a/1/b/z");
        assert_eq!(fill("/v1/a", &[]), "/v1/a");
    }
}
