//! The simulator over real mutual TLS.
#![expect(clippy::unwrap_used, reason = "test helpers fail by panicking")]

use std::sync::Arc;

use identity::credential::pem;
use identity::{Credential, DevPki, Purpose};
use kernel::{Clock as _, Instant, SimulatedClock, SystemClock};
use provider_simulator::{Answer, Behaviour, Counts, ProviderSimulator, ProviderTls};
use reqwest::{Certificate, Client, Identity, StatusCode};
use sample_city::{CitySettings, Provider, SampleCity};
use serde_json::{Value, json};
use uuid::Uuid;

struct Stage {
    pki: DevPki,
    city: Arc<SampleCity>,
    simulator: ProviderSimulator,
    clock: SimulatedClock,
}

fn may() -> Instant {
    "2026-05-31T15:59:00Z".parse().unwrap()
}

fn stage() -> Stage {
    let settings =
        CitySettings { citizens: 6_000, cases: 900, ..CitySettings::new(3, "2026-01-01".parse().unwrap()) };
    let city = Arc::new(SampleCity::generate(settings).unwrap());
    let pki = DevPki::generate().unwrap();
    let clock = SimulatedClock::starting_at(may());
    let tls = ProviderTls::from_pki(&pki, &["localhost", "127.0.0.1"], SystemClock.now()).unwrap();
    let address = "127.0.0.1:0".parse().unwrap();
    let simulator =
        ProviderSimulator::start(address, Arc::clone(&city), Arc::new(clock.clone()), &tls).unwrap();
    Stage { pki, city, simulator, clock }
}

impl Stage {
    fn client(&self, credential: Option<&Credential>) -> Client {
        let root = Certificate::from_der(self.pki.authority_der(Purpose::Internal)).unwrap();
        let builder = Client::builder().tls_certs_only([root]);
        let builder = match credential {
            Some(credential) => {
                let chain: String = credential.chain_der().iter().map(|c| pem("CERTIFICATE", c)).collect();
                let key = pem("PRIVATE KEY", credential.key_pkcs8_der());
                builder.identity(Identity::from_pem((chain + &key).as_bytes()).unwrap())
            }
            None => builder,
        };
        builder.build().unwrap()
    }

    fn gate(&self) -> Client {
        self.client(Some(&self.pki.issue_service("query-registry", SystemClock.now()).unwrap()))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.url)
    }

    fn national_id(&self) -> String {
        self.city.citizens[17].national_id.expose().to_owned()
    }

    async fn ask(&self, client: &Client, provider: &str, number: u128) -> reqwest::Result<reqwest::Response> {
        let body = lookup(number, &self.national_id());
        client.post(self.url(&format!("/{provider}/v1/lookups"))).json(&body).send().await
    }

    async fn counts(&self, client: &Client, month: &str) -> Counts {
        let url = self.url(&format!("/household/v1/counts?month={month}"));
        client.get(url).send().await.unwrap().json().await.unwrap()
    }
}

fn lookup(number: u128, national_id: &str) -> Value {
    json!({
        "transaction_number": Uuid::from_u128(number),
        "national_id": national_id,
        "fields": ["name"],
        "purpose": "low_income",
    })
}

#[tokio::test]
async fn a_client_without_a_certificate_or_with_a_stranger_s_gets_no_answer() {
    let stage = stage();
    assert!(stage.ask(&stage.client(None), "household", 1).await.is_err());
    let stranger = DevPki::generate().unwrap().issue_service("query-registry", SystemClock.now()).unwrap();
    assert!(stage.ask(&stage.client(Some(&stranger)), "household", 1).await.is_err());
    let card =
        identity::CardHolder { name: "陳範安", serial_number: "TP04000000000001", last_four: "0018" };
    let card = stage.pki.issue_card(card, SystemClock.now()).unwrap();
    assert!(stage.ask(&stage.client(Some(&card)), "household", 1).await.is_err());
    assert_eq!(stage.simulator.counts(Provider::Household, "2026-05").count, 0);
    assert!(stage.ask(&stage.gate(), "household", 1).await.unwrap().status().is_success());
    let agency =
        stage.pki.issue_agency("高雄市政府社會局", "2.16.886.101.90028.20002", SystemClock.now()).unwrap();
    assert!(stage.ask(&stage.client(Some(&agency)), "household", 2).await.unwrap().status().is_success());
    stage.simulator.stop().await;
}

#[tokio::test]
async fn answers_hold_every_item_and_more_than_was_asked() {
    let stage = stage();
    let client = stage.gate();
    let packs = rule_pack::PackSet::embedded().unwrap();
    for (provider, regulation) in
        [("household", rule_pack::Regulation::Household), ("tax", rule_pack::Regulation::Tax)]
    {
        let pack = packs.iter().find(|p| p.regulation == regulation).unwrap();
        let items: Vec<&str> =
            pack.query_items.iter().flat_map(|i| &i.fields).map(|f| f.name.as_str()).collect();
        let answer: Answer = stage.ask(&client, provider, 1).await.unwrap().json().await.unwrap();
        assert_eq!((answer.found, answer.transaction_number), (true, Uuid::from_u128(1)));
        let record = answer.record.unwrap();
        assert!(items.iter().all(|item| record.get(*item).is_some()), "{provider}");
        assert!(record.as_object().unwrap().len() > items.len());
        assert_eq!(record["national_id"], json!(stage.national_id()));
    }
    stage.simulator.stop().await;
}

#[tokio::test]
async fn an_unknown_person_is_404_with_an_answer_and_bad_requests_are_told_nothing_back() {
    let stage = stage();
    let client = stage.gate();
    let url = stage.url("/tax/v1/lookups");
    let answer = client.post(&url).json(&lookup(9, "A099999999")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let answer: Answer = answer.json().await.unwrap();
    assert_eq!(answer, Answer { transaction_number: Uuid::from_u128(9), found: false, record: None });
    for broken in [json!({ "national_id": "A099999999" }), json!({ "secret": 1 }), json!("A099999999")] {
        let answer = client.post(&url).json(&broken).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert_eq!(answer.text().await.unwrap(), r#"{"code":"malformed"}"#);
    }
    let answer = stage.ask(&client, "immigration", 1).await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    stage.simulator.stop().await;
}

#[tokio::test]
async fn calls_are_counted_by_month_in_taipei_and_foreign_calls_appear() {
    let stage = stage();
    let client = stage.gate();
    stage.ask(&client, "household", 1).await.unwrap();
    stage.clock.advance(chrono::Duration::minutes(1));
    stage.ask(&client, "household", 2).await.unwrap();
    stage.simulator.note_foreign_call(Provider::Household, Uuid::from_u128(77));
    let counts = stage.counts(&client, "2026-05").await;
    assert_eq!(counts.transaction_numbers, [Uuid::from_u128(1)]);
    let counts = stage.counts(&client, "2026-06").await;
    assert_eq!(
        (counts.count, counts.transaction_numbers),
        (2, vec![Uuid::from_u128(2), Uuid::from_u128(77)])
    );
    assert_eq!(stage.simulator.counts(Provider::Tax, "2026-06").count, 0);
    stage.simulator.stop().await;
}

#[tokio::test]
async fn faults_come_by_count_and_end_when_told() {
    let stage = stage();
    let client = stage.gate();
    let control = stage.url("/household/v1/control");
    let put = async |behaviour: Behaviour| {
        let answer = client.put(&control).json(&behaviour).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    };
    put(Behaviour { error_percent: 50, ..Behaviour::default() }).await;
    let mut statuses = Vec::new();
    for number in 1..=4 {
        statuses.push(stage.ask(&client, "household", number).await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [200, 500, 200, 500]);
    put(Behaviour { outage: true, ..Behaviour::default() }).await;
    assert_eq!(stage.ask(&client, "household", 5).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    put(Behaviour { break_every: 1, ..Behaviour::default() }).await;
    // Head and half a body may arrive; the whole never does.
    let broken = match stage.ask(&client, "household", 6).await {
        Ok(answer) => answer.bytes().await.map(drop),
        Err(error) => Err(error),
    };
    assert!(broken.is_err());
    put(Behaviour::default()).await;
    assert!(stage.ask(&client, "household", 7).await.unwrap().status().is_success());
    let served: Vec<u128> =
        stage.counts(&client, "2026-05").await.transaction_numbers.iter().map(Uuid::as_u128).collect();
    assert_eq!(served, [1, 3, 6, 7], "the broken answer was served, failures were not");
    stage.simulator.stop().await;
}
