//! Asking the other services with the caller's own token.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web;
use chassis::Context;
use futures::future::join_all;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::catalogue::SERVICES;
use crate::view::at;

/// Pages of a list that are read for a count at most.
const MOST_PAGES: usize = 25;

/// Why a service gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The token is missing, over or refused.
    #[error("登入已逾時，請重新登入。")]
    SignedOut,
    /// The caller may not see it, or something is wrong with the request.
    #[error("{0}")]
    Refused(String),
    /// There is no such thing.
    #[error("查無資料，或不在您的職務範圍。")]
    Missing,
    /// The service is away.
    #[error("服務暫時無法使用，請稍後再試。")]
    Away,
}

/// Reads with one caller's token.
#[derive(Clone)]
pub struct Reader {
    /// The console's context.
    pub context: web::Data<Context>,
    token: String,
    names: Arc<OnceCell<HashMap<String, String>>>,
}

impl Reader {
    /// A reader with `token`.
    pub fn new(context: web::Data<Context>, token: String) -> Self {
        Self { context, token, names: Arc::default() }
    }

    /// GETs `/v1/{path}` of `service`, agencies and units by name.
    pub async fn get(&self, service: &str, path: &str, query: &[(&str, &str)]) -> Result<Value, Failure> {
        let (answer, names) = tokio::join!(self.ask(service, path, query), self.names());
        let mut answer = answer?;
        name(&mut answer, names);
        Ok(answer)
    }

    /// Names of agencies and their units, by id; read once for a page. Without them ids show.
    async fn names(&self) -> &HashMap<String, String> {
        let read = async || {
            let agencies = self.ask_all("account", "agencies", &[]).await.unwrap_or_default();
            let units =
                agencies.iter().flat_map(|agency| at(agency, "units").as_array().into_iter().flatten());
            let named = |row: &Value| Some((text(row, "id")?, text(row, "name")?));
            agencies.iter().chain(units).filter_map(named).collect()
        };
        self.names.get_or_init(read).await
    }

    async fn ask(&self, service: &str, path: &str, query: &[(&str, &str)]) -> Result<Value, Failure> {
        let base = self.context.settings().services.get(service).ok_or(Failure::Away)?;
        let url = format!("{}/v1/{path}", base.trim_end_matches('/'));
        let request = self.context.http_client().get(url).query(query).bearer_auth(&self.token);
        let answer = chassis::telemetry::traced(request).send().await.map_err(|error| {
            tracing::warn!(service, error = %error.without_url(), "a service is away");
            Failure::Away
        })?;
        let status = answer.status().as_u16();
        match status {
            200 => answer.json().await.map_err(|_| Failure::Away),
            401 => Err(Failure::SignedOut),
            404 => Err(Failure::Missing),
            400..500 => Err(Failure::Refused(refusal(&answer.json().await.unwrap_or_default()))),
            _ => Err(Failure::Away),
        }
    }

    /// Every row of a list, page after page, agencies and units by name.
    pub async fn all(
        &self,
        service: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<Value>, Failure> {
        let (rows, names) = tokio::join!(self.ask_all(service, path, query), self.names());
        let mut rows = rows?;
        rows.iter_mut().for_each(|row| name(row, names));
        Ok(rows)
    }

    async fn ask_all(
        &self,
        service: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<Value>, Failure> {
        let mut rows = vec![];
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut query = query.to_vec();
            query.push(("limit", "200"));
            if let Some(cursor) = after.as_deref() {
                query.push(("after", cursor));
            }
            let mut page = self.ask(service, path, &query).await?;
            if let Some(items) = page.get_mut("items").and_then(Value::as_array_mut) {
                rows.append(items);
            }
            after = page.get("next").and_then(Value::as_str).map(ToOwned::to_owned);
            if after.is_none() {
                break;
            }
        }
        Ok(rows)
    }

    /// Open obligations of every service.
    pub async fn open_obligations(&self) -> Vec<(&'static str, Result<Vec<Value>, Failure>)> {
        join_all(SERVICES.iter().map(|(name, _)| async move {
            (*name, self.all(name, "obligations", &[("state", "open")]).await)
        }))
        .await
    }
}

fn text(row: &Value, member: &str) -> Option<String> {
    at(row, member).as_str().map(ToOwned::to_owned)
}

/// Puts names where ids stand, but for a thing's own.
fn name(value: &mut Value, names: &HashMap<String, String>) {
    match value {
        Value::String(id) => {
            if let Some(known) = names.get(id) {
                known.clone_into(id);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| name(item, names)),
        Value::Object(members) => {
            members
                .iter_mut()
                .filter(|(member, _)| *member != "id")
                .for_each(|(_, value)| name(value, names));
        }
        _ => {}
    }
}

/// What a problem says, in Chinese where it is.
fn refusal(problem: &Value) -> String {
    let title = problem.get("title_zh").and_then(Value::as_str).unwrap_or("無法提供");
    // Our own invariants tell an official nothing.
    let of_a_regulation = |clause: &&str| clause.starts_with(|c: char| c.is_ascii_uppercase());
    match problem.get("clause").and_then(Value::as_str).filter(of_a_regulation) {
        Some(clause) => format!("{title}（{clause}）"),
        None => title.to_owned(),
    }
}
