//! Revocation lists from a web server, as authorities publish them: asked for again with the tag of what is in use, kept over
//! a restart.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use actix_web::http::header::{ETAG, IF_NONE_MATCH};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use chassis::revocation_lists::RevocationLists;
use chassis::settings::{BoundTokens, Identity, Revocation, RevocationOf};
use chrono::Duration;
use identity::pki::{ListTerms, Revoked, signed_list};
use identity::{CardHolder, ChainError, Credential, DevPki, Purpose, Usage, verify_chain};
use kernel::{Clock as _, Instant, SystemClock};

const HOLDER: CardHolder<'static> =
    CardHolder { name: "林測試", serial_number: "TP00000000000001", last_four: "6789" };

/// What the server gives, and the tag that each request named (empty: none) with the status it got.
#[derive(Default)]
struct Published {
    tag: &'static str,
    body: Vec<u8>,
    asked: Vec<(String, u16)>,
}

type Shelf = Arc<Mutex<Published>>;

async fn give(shelf: web::Data<Shelf>, request: HttpRequest) -> HttpResponse {
    let mut shelf = shelf.lock().unwrap();
    let named = request.headers().get(IF_NONE_MATCH).map_or("", |tag| tag.to_str().unwrap()).to_owned();
    let known = named == shelf.tag;
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    let answer = answer.insert_header((ETAG, shelf.tag));
    let answer = if known { answer.finish() } else { answer.body(shelf.body.clone()) };
    shelf.asked.push((named, answer.status().as_u16()));
    answer
}

/// A folder of trusted roots, a server that publishes the citizen authority's list, a card.
struct World {
    folder: tempfile::TempDir,
    pki: DevPki,
    card: Credential,
    shelf: Shelf,
    url: String,
    server: actix_web::dev::ServerHandle,
    now: Instant,
}

impl World {
    fn open() -> Self {
        let (folder, pki, now) =
            (tempfile::tempdir().unwrap(), DevPki::generate().unwrap(), SystemClock.now());
        pki.write_anchors(&folder.path().join("roots")).unwrap();
        let shelf = Shelf::default();
        let data = web::Data::new(shelf.clone());
        let server = HttpServer::new(move || {
            App::new().app_data(data.clone()).route("/citizen.crl", web::get().to(give))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}/citizen.crl", server.addrs()[0]);
        let running = server.run();
        let server = running.handle();
        tokio::spawn(running);
        let card = pki.issue_card(HOLDER, now).unwrap();
        Self { folder, pki, card, shelf, url, server, now }
    }

    /// What a service that starts now knows.
    fn start(&self) -> Arc<RevocationLists> {
        let identity = Identity {
            roots: self.folder.path().join("roots"),
            revocation: Revocation {
                citizen: Some(RevocationOf { required: true, lists: vec![self.url.clone()] }),
                cache: Some(self.folder.path().join("cache")),
                ..Revocation::default()
            },
            issuer: String::new(),
            audience: String::new(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            bound_tokens: BoundTokens::default(),
            console_origins: BTreeSet::new(),
        };
        Arc::new(RevocationLists::open(&identity, self.now).unwrap())
    }

    fn publish(&self, tag: &'static str, body: Vec<u8>) {
        let mut shelf = self.shelf.lock().unwrap();
        (shelf.tag, shelf.body) = (tag, body);
    }

    fn list(&self, number: u64, revoked: &[Revoked]) -> Vec<u8> {
        let authority = identity::Certificate::parse(self.pki.authority_der(Purpose::Citizen)).unwrap();
        let authority = self.pki.authority_by_key_id(&authority.key_id()).unwrap();
        let this_update =
            self.now - Duration::minutes(10) + Duration::seconds(i64::try_from(number).unwrap());
        let terms = ListTerms { number, this_update, next_update: self.now + Duration::days(1) };
        signed_list(authority, terms, revoked, &[]).unwrap()
    }

    /// The tags that were named since the last time, each with the answer's status.
    fn asked(&self) -> Vec<(String, u16)> {
        std::mem::take(&mut self.shelf.lock().unwrap().asked)
    }

    fn card_is(&self, lists: &RevocationLists) -> Result<(), ChainError> {
        let chain = self.card.chain_der();
        verify_chain(chain, &lists.anchors(), self.now, Usage::CitizenSignature).map(|_| ())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_fetched_anew_only_when_the_authority_has_another_one() {
    let world = World::open();
    world.publish("\"first\"", world.list(1, &[]));
    let lists = world.start();
    assert_eq!(world.card_is(&lists), Err(ChainError::RevocationUnknown), "nothing is known yet");
    lists.refresh(world.now).await;
    assert_eq!(world.asked(), [(String::new(), 200)]);
    assert_eq!(world.card_is(&lists), Ok(()));

    lists.refresh(world.now).await;
    assert_eq!(world.asked(), [("\"first\"".to_owned(), 304)]);
    assert_eq!(world.card_is(&lists), Ok(()), "the list in use stays");

    let serial = world.card.certificate().serial();
    world.publish("\"second\"", world.list(2, &[Revoked { serial, since: world.now - Duration::hours(1) }]));
    lists.refresh(world.now).await;
    assert_eq!(world.asked(), [("\"first\"".to_owned(), 200)]);
    assert_eq!(world.card_is(&lists), Err(ChainError::Revoked));
    lists.refresh(world.now).await;
    assert_eq!(world.asked(), [("\"second\"".to_owned(), 304)]);
    world.server.stop(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_asked_for_again_and_replaces_neither_the_list_nor_its_file() {
    let world = World::open();
    world.publish("\"good\"", world.list(5, &[]));
    let lists = world.start();
    lists.refresh(world.now).await;
    for (tag, body) in [("\"older\"", world.list(4, &[])), ("\"page\"", b"<html>maintenance</html>".to_vec())]
    {
        world.publish(tag, body);
        lists.refresh(world.now).await;
    }
    lists.refresh(world.now).await;
    let expected = [
        (String::new(), 200),
        ("\"good\"".to_owned(), 200),
        ("\"good\"".to_owned(), 200),
        ("\"good\"".to_owned(), 200),
    ];
    assert_eq!(world.asked(), expected, "the tag is that of the list in use");
    assert_eq!(world.card_is(&lists), Ok(()));

    // A restart without the network: the file of the good list is read, not what came after it.
    world.server.stop(false).await;
    let again = world.start();
    assert_eq!(again.store().states().iter().map(|list| list.number.clone()).collect::<Vec<_>>(), ["5"]);
    again.refresh(world.now).await;
    assert_eq!(world.card_is(&again), Ok(()), "a server that is away changes nothing");
}
