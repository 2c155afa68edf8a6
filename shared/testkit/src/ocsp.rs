//! A responder over HTTP (RFC 6960) that answers for the citizen authority with what the test sets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::{App, HttpResponse, HttpServer, web};
use chassis::settings::{self, Settings};
use chrono::Duration;
use identity::pki::{AnswerTerms, Responder};
use identity::{Certificate, Credential, DevPki, OcspStatus, Purpose};
use kernel::Instant;

/// How long an answer counts, in minutes.
const GOOD_FOR: i64 = 10;

/// The responder.
#[derive(Clone)]
pub struct OcspServer {
    url: String,
    answers: Arc<Mutex<Answers>>,
}

#[derive(Default)]
struct Answers {
    asked: usize,
    set: Option<(OcspStatus, Instant, Responder)>,
}

impl OcspServer {
    /// A responder that has nothing to say yet.
    ///
    /// # Panics
    /// When no port is free.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub fn start() -> Self {
        let answers = Arc::new(Mutex::new(Answers::default()));
        let shared = web::Data::new(answers.clone());
        let answer = async |body: web::Bytes, answers: web::Data<Arc<Mutex<Answers>>>| {
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.asked += 1;
            let told = answers.set.as_ref().and_then(|(status, at, signer)| {
                let terms =
                    AnswerTerms { this_update: *at, next_update: Some(*at + Duration::minutes(GOOD_FOR)) };
                signer.answer(&body, terms, |_| *status).ok()
            });
            told.map_or_else(
                || HttpResponse::ServiceUnavailable().finish(),
                |told| HttpResponse::Ok().body(told),
            )
        };
        let server = HttpServer::new(move || {
            App::new().app_data(shared.clone()).route("/ocsp", web::post().to(answer))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .expect("a free port");
        let url = server.addrs().first().map(|at| format!("http://{at}/ocsp")).expect("an address");
        tokio::spawn(server.run());
        Self { url, answers }
    }

    /// Lets it alone decide about cards: there is no list.
    ///
    /// # Panics
    /// When the authority's certificate cannot be read.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub fn decides_alone(&self, settings: &mut Settings, pki: &DevPki) {
        let responder = settings::Responder {
            url: self.url.clone(),
            issuer_hash: identity::ocsp::IssuerHash::Sha1,
            nonce: true,
            timeout_millis: 5_000,
            reuse_seconds: 60,
        };
        let issuer = Certificate::parse(pki.authority_der(Purpose::Citizen)).expect("an authority");
        let revocation = &mut settings.identity.revocation;
        revocation.responders = BTreeMap::from([(issuer.key_id(), responder)]);
        revocation.citizen = Some(settings::RevocationOf { required: true, lists: vec![] });
    }

    /// From now on it answers so, in answers made at `at` and signed by `authority`.
    pub fn set(&self, status: OcspStatus, at: Instant, authority: &Credential) {
        self.answers().set = Some((status, at, Responder::authority(authority)));
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.answers().asked
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
