//! Revocation lists and OCSP answers: fetched here, asked from memory by every chain that a service verifies.
//!
//! Lists come from files, folders and URLs (`[identity.revocation]`). A list replaces the one before it in one step; when
//! fetching fails, the one in use serves until it is stale. A stale list refuses whoever needs it: that is logged as an
//! error each time, and the metric `datawarden.revocation_list.until_stale` tells it beforehand.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use chrono::TimeDelta;
use identity::{Certificate, Crl, OcspRequest, Purpose, RevocationStore, TrustAnchors, crl, ocsp};
use kernel::{Instant, Random};
use opentelemetry::{KeyValue, global};
use reqwest::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};

use crate::context::Context;
use crate::settings::{Identity, Revocation};

/// The authorities that a service trusts, and what it knows of revoked certificates.
pub struct RevocationLists {
    settings: Revocation,
    /// Without the store, which only takes lists of these.
    roots: TrustAnchors,
    store: Arc<RevocationStore>,
    http: reqwest::Client,
    /// `ETag` of what each URL gave last.
    tags: Mutex<HashMap<String, String>>,
}

impl RevocationLists {
    /// Reads the trusted roots, and the lists that are at hand in files. A list that cannot be read stops nothing: whoever
    /// needs it is refused until it comes.
    pub fn open(identity: &Identity, now: Instant) -> anyhow::Result<Self> {
        let settings = identity.revocation.clone();
        settings.check()?;
        let roots = TrustAnchors::from_dir(&identity.roots).context("identity.roots")?;
        let required = settings.purposes().filter(|(_, of)| of.required).map(|(purpose, _)| purpose);
        let grace = TimeDelta::seconds(i64::from(settings.grace_seconds));
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(settings.timeout_seconds))
            .connect_timeout(Duration::from_secs(2))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let lists = Self {
            store: Arc::new(RevocationStore::new(required, grace)),
            settings,
            roots,
            http,
            tags: Mutex::default(),
        };
        for (purpose, of) in lists.settings.purposes() {
            for source in &of.lists {
                let path = if is_url(source) { lists.cached(source) } else { Some(PathBuf::from(source)) };
                if let Some(path) = path.filter(|path| path.exists() || !is_url(source)) {
                    lists.read_path(purpose, &path, now);
                }
            }
        }
        Ok(lists)
    }

    /// The trusted authorities, with everything that is known of revocations.
    pub fn anchors(&self) -> TrustAnchors {
        self.roots.clone().with_revocation(self.store.clone())
    }

    /// Lists and answers in use.
    pub fn store(&self) -> &Arc<RevocationStore> {
        &self.store
    }

    /// Looks at every source once. What fails is logged, and what was there stays.
    pub async fn refresh(self: &Arc<Self>, now: Instant) {
        for (purpose, of) in self.settings.purposes() {
            for source in &of.lists {
                if !is_url(source) {
                    let (lists, path) = (Arc::clone(self), PathBuf::from(source));
                    let _ = tokio::task::spawn_blocking(move || lists.read_path(purpose, &path, now)).await;
                } else if let Err(error) = self.fetch(purpose, source, now).await {
                    tracing::warn!(source, error = format!("{error:#}"), "revocation list not fetched");
                }
            }
        }
        self.report(now);
    }

    /// Reads a list, or every list of a folder.
    fn read_path(&self, purpose: Purpose, path: &Path, now: Instant) {
        let files = if path.is_dir() { files_in(path) } else { Ok(vec![path.to_owned()]) };
        let files = files.unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "revocation lists not read");
            vec![]
        });
        // Lists of other purposes may lie in the same folder.
        let alone = !path.is_dir();
        for file in files {
            let taken = fs::read(&file).map_err(anyhow::Error::from).and_then(|bytes| {
                match self.take(purpose, &bytes, Some(file.clone()), now) {
                    Err(identity::CrlError::UnknownIssuer) if !alone => Ok(()),
                    other => Ok(other?),
                }
            });
            if let Err(error) = taken {
                tracing::warn!(file = %file.display(), error = format!("{error:#}"), "revocation list not taken");
            }
        }
    }

    fn take(
        &self,
        purpose: Purpose,
        bytes: &[u8],
        file: Option<PathBuf>,
        now: Instant,
    ) -> Result<(), identity::CrlError> {
        if self.store.holds(&crl::digest(bytes)?) {
            return Ok(());
        }
        let list = Crl::read(bytes, &self.roots, purpose, now)?;
        let (issuer, number, entries) =
            (list.issuer_key_id().to_owned(), list.number_hex(), list.entries().len());
        self.store.put_list(list, file)?;
        tracing::info!(issuer, number, entries, "revocation list taken");
        Ok(())
    }

    /// Where the list of `url` is kept, so that a restart needs no network and an older list cannot come back.
    fn cached(&self, url: &str) -> Option<PathBuf> {
        let name = format!("{}.crl", kernel::canonical::sha256_hex(url.as_bytes()));
        self.settings.cache.as_ref().map(|folder| folder.join(name))
    }

    async fn fetch(self: &Arc<Self>, purpose: Purpose, url: &str, now: Instant) -> anyhow::Result<()> {
        let file = self.cached(url).context("identity.revocation.cache is not set")?;
        let tag = self.tags.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned();
        let mut request = self.http.get(url);
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        let response = request.send().await?.error_for_status()?;
        if response.status() == reqwest::StatusCode::NOT_MODIFIED {
            return Ok(());
        }
        let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let bytes = body(response, self.settings.max_bytes).await?;
        let lists = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            // Written first: what is in use can then always be read again. A list that is refused is not kept.
            let fresh = file.with_extension("new");
            fs::create_dir_all(file.parent().unwrap_or(&file))?;
            fs::write(&fresh, &bytes)?;
            lists.take(purpose, &bytes, Some(file.clone()), now)?;
            fs::rename(&fresh, &file)?;
            anyhow::Ok(())
        })
        .await??;
        if let Some(tag) = tag {
            self.tags.lock().unwrap_or_else(PoisonError::into_inner).insert(url.to_owned(), tag);
        }
        Ok(())
    }

    /// Tells age and time to staleness of each list, and what is stale or missing.
    fn report(&self, now: Instant) {
        let meter = global::meter("datawarden");
        let age = meter.i64_gauge("datawarden.revocation_list.age").with_unit("s").build();
        let until_stale = meter.i64_gauge("datawarden.revocation_list.until_stale").with_unit("s").build();
        for list in self.store.states() {
            let issuer = [KeyValue::new("issuer_key_id", list.issuer_key_id.clone())];
            age.record((now - list.this_update).num_seconds(), &issuer);
            let left = (list.stale_from - now).num_seconds();
            until_stale.record(left, &issuer);
            if left < 0 {
                tracing::error!(
                    issuer = list.issuer_key_id,
                    number = list.number,
                    "revocation list is stale: certificates of this issuer are refused"
                );
            }
        }
        for purpose in self.store.required() {
            for issuer in self.roots.key_ids(purpose, now) {
                let has_responder = self.settings.responder(&issuer).is_some();
                if !has_responder && !self.store.has_list_of(&issuer) {
                    tracing::error!(
                        issuer,
                        ?purpose,
                        "no revocation list of this issuer: its certificates are refused"
                    );
                }
            }
        }
    }

    /// Asks the responder about the leaf of `x5c`, where one is set for its issuer and no answer is at hand. What fails is
    /// logged: the lists then decide, or nobody does and the certificate is refused.
    pub async fn prepare(&self, purpose: Purpose, x5c: &[String], random: &dyn Random, now: Instant) {
        if self.settings.responders.is_empty() {
            return;
        }
        if let Err(error) = self.ask(purpose, x5c, random, now).await {
            tracing::warn!(error = format!("{error:#}"), "no OCSP answer");
        }
    }

    async fn ask(
        &self,
        purpose: Purpose,
        x5c: &[String],
        random: &dyn Random,
        now: Instant,
    ) -> anyhow::Result<()> {
        let leaf = x5c.first().and_then(|leaf| identity::certificate::from_x5c(std::slice::from_ref(leaf)));
        let Some(leaf) = leaf.and_then(|der| Certificate::parse(der.first()?).ok()) else { return Ok(()) };
        let (issuer_key_id, serial) = (leaf.issuer_key_id(), leaf.serial());
        let Some(responder) = self.settings.responder(&issuer_key_id) else { return Ok(()) };
        let reuse = TimeDelta::seconds(i64::from(responder.reuse_seconds));
        if self.store.has_answer(&issuer_key_id, &serial, now, reuse) {
            return Ok(());
        }
        // Nobody makes us ask with a certificate that its authority did not sign.
        let Some(issuer) = self.roots.issuer_of(&leaf, purpose, now) else { return Ok(()) };
        let nonce = responder.nonce.then(|| {
            let mut nonce = [0; 32];
            random.fill(&mut nonce);
            nonce
        });
        let request = OcspRequest::new(&leaf, issuer, responder.issuer_hash, nonce);
        let response = self
            .http
            .post(&responder.url)
            .timeout(Duration::from_millis(responder.timeout_millis))
            .header(CONTENT_TYPE, "application/ocsp-request")
            .body(request.der().to_vec())
            .send()
            .await?
            .error_for_status()?;
        let answer = request.answer(body(response, ocsp::MAX_RESPONSE).await?, now)?;
        self.store.put_answer(answer);
        Ok(())
    }
}

/// The body of an answer of at most `limit` bytes.
async fn body(mut response: reqwest::Response, limit: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        anyhow::ensure!(bytes.len() + chunk.len() <= limit, "more than {limit} bytes");
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn is_url(source: &str) -> bool {
    source.starts_with("http://") || source.starts_with("https://")
}

/// The lists in a folder, by name.
fn files_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files: Vec<_> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|end| end == "crl" || end == "pem"));
    files.sort();
    Ok(files)
}

/// Keeps the lists fresh for as long as the process runs. Real time paces it; whether a list is stale is judged by business
/// time.
pub(crate) async fn run(context: Context) {
    let lists = context.revocation_lists();
    let pace = Duration::from_secs(lists.settings.refresh_seconds);
    loop {
        lists.refresh(context.now()).await;
        tokio::time::sleep(pace).await;
    }
}

impl Revocation {
    /// The settings of each purpose that has some.
    fn purposes(&self) -> impl Iterator<Item = (Purpose, &crate::settings::RevocationOf)> {
        [
            (Purpose::Citizen, &self.citizen),
            (Purpose::Agency, &self.agency),
            (Purpose::Internal, &self.internal),
        ]
        .into_iter()
        .filter_map(|(purpose, of)| Some((purpose, of.as_ref()?)))
    }

    /// The responder of the issuer with this key id.
    fn responder(&self, issuer_key_id: &str) -> Option<&crate::settings::Responder> {
        let responders: &BTreeMap<_, _> = &self.responders;
        responders.iter().find(|(key_id, _)| key_id.eq_ignore_ascii_case(issuer_key_id)).map(|(_, r)| r)
    }

    fn check(&self) -> anyhow::Result<()> {
        let has_url = self.purposes().flat_map(|(_, of)| &of.lists).any(|source| is_url(source));
        anyhow::ensure!(
            !has_url || self.cache.is_some(),
            "identity.revocation.cache: lists from URLs need a folder to be kept in"
        );
        anyhow::ensure!(self.refresh_seconds > 0, "identity.revocation.refresh_seconds: at least 1");
        for (key_id, responder) in &self.responders {
            let is_key_id = !key_id.is_empty() && hex::decode(key_id).is_ok();
            anyhow::ensure!(
                is_key_id,
                "identity.revocation.responders.{key_id}: not an issuer's key id in hexadecimal"
            );
            anyhow::ensure!(
                is_url(&responder.url),
                "identity.revocation.responders.{key_id}.url: not http:// or https://"
            );
        }
        Ok(())
    }
}
