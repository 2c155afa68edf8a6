//! The seam to a data provider: one question about one person, over mutual TLS.

use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use chassis::Settings;
use kernel::NationalId;
use kernel::ids::QueryId;
use serde::{Deserialize, Serialize};

/// Longest time that a provider may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The provider's record about a person, every field it chose to send. Goes through stripping and never to rest.
pub type Record = serde_json::Map<String, serde_json::Value>;

/// One question.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// The query: the transaction number by which the provider's count is reconciled.
    pub query: QueryId,
    /// About whom.
    pub national_id: &'a NationalId,
    /// Approved fields.
    pub fields: &'a [String],
    /// Purpose code: the legal basis.
    pub purpose: &'a str,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be reached, or did not answer in time, or said that it is out.
    #[error("the provider is away")]
    Away(#[source] Option<reqwest::Error>),
    /// It answered with an error or with something else than an answer.
    #[error("the provider failed")]
    Failed(#[source] Option<reqwest::Error>),
}

/// A data provider.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Asks; `None` when the provider knows no such person.
    async fn look_up(&self, lookup: &Lookup<'_>) -> Result<Option<Record>, ProviderError>;

    /// The transaction numbers that the provider counted in a month (`2026-05`), repetitions included.
    async fn month_calls(&self, month: &str) -> Result<Vec<uuid::Uuid>, ProviderError>;
}

/// A provider over HTTPS: `POST {url}/v1/lookups` with this service's client certificate.
pub struct HttpProvider {
    client: reqwest::Client,
    lookups: String,
}

#[derive(Serialize)]
struct Question<'a> {
    transaction_number: QueryId,
    national_id: &'a str,
    fields: &'a [String],
    purpose: &'a str,
}

#[derive(Deserialize)]
struct Counts {
    transaction_numbers: Vec<uuid::Uuid>,
}

#[derive(Deserialize)]
struct Reply {
    transaction_number: QueryId,
    found: bool,
    record: Option<Record>,
}

impl HttpProvider {
    /// The provider that `settings.providers` names. Plain HTTP is refused but for sample data.
    pub fn open(settings: &Settings, provider: &chassis::settings::Provider) -> anyhow::Result<Self> {
        anyhow::ensure!(
            provider.url.starts_with("https://") || settings.sample_ids,
            "the URL of a provider begins with https://"
        );
        let mut pem = std::fs::read(&settings.identity.certificate).context("identity.certificate")?;
        pem.push(b'\n');
        pem.extend(std::fs::read(&settings.identity.key).context("identity.key")?);
        let mut builder = reqwest::Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(Duration::from_secs(2))
            // Before the server ends an idle connection (five seconds with Apache httpd and others): a question that is sent into
            // a closing one is lost, and may not be asked twice.
            .pool_idle_timeout(Duration::from_secs(4))
            .redirect(reqwest::redirect::Policy::none())
            .identity(reqwest::Identity::from_pem(&pem).context("client certificate")?);
        if let Some(roots) = &provider.roots {
            let pem = std::fs::read(roots).with_context(|| format!("roots: {}", roots.display()))?;
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(&pem).context("roots")?);
        }
        let client = builder.build().context("HTTP client")?;
        Ok(Self { client, lookups: format!("{}/v1/lookups", provider.url.trim_end_matches('/')) })
    }
}

#[async_trait]
impl Provider for HttpProvider {
    async fn look_up(&self, lookup: &Lookup<'_>) -> Result<Option<Record>, ProviderError> {
        let question = Question {
            transaction_number: lookup.query,
            national_id: lookup.national_id.expose(),
            fields: lookup.fields,
            purpose: lookup.purpose,
        };
        let response = self.client.post(&self.lookups).json(&question).send().await;
        let response = response.map_err(|e| ProviderError::Away(Some(e.without_url())))?;
        match response.status().as_u16() {
            200 | 404 => {}
            502..=504 => return Err(ProviderError::Away(None)),
            _ => return Err(ProviderError::Failed(None)),
        }
        let reply: Reply = response.json().await.map_err(|e| ProviderError::Failed(Some(e.without_url())))?;
        if reply.transaction_number != lookup.query {
            return Err(ProviderError::Failed(None));
        }
        match (reply.found, reply.record) {
            (false, _) => Ok(None),
            (true, Some(record)) => Ok(Some(record)),
            (true, None) => Err(ProviderError::Failed(None)),
        }
    }

    async fn month_calls(&self, month: &str) -> Result<Vec<uuid::Uuid>, ProviderError> {
        let url = self.lookups.replace("/v1/lookups", "/v1/counts");
        let response = self.client.get(&url).query(&[("month", month)]).send().await;
        let response = response.map_err(|e| ProviderError::Away(Some(e.without_url())))?;
        if !response.status().is_success() {
            return Err(ProviderError::Failed(None));
        }
        let counts: Counts =
            response.json().await.map_err(|e| ProviderError::Failed(Some(e.without_url())))?;
        Ok(counts.transaction_numbers)
    }
}

/// Keeps the approved fields of `record` (invariant 3).
pub fn strip(record: Record, approved: &[String]) -> Record {
    record.into_iter().filter(|(name, _)| approved.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_approved_fields_passes() {
        let record = serde_json::json!({"name": "王小明", "education": "高中", "photo_reference": "x"});
        let serde_json::Value::Object(record) = record else { unreachable!() };
        let kept = strip(record, &["name".to_owned(), "sex".to_owned()]);
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["name"]);
    }
}
