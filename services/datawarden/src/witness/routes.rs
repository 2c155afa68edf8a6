//! The witness over HTTP.

use std::fmt::Write as _;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ContentType};
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use transparency::witness::Refusal;

use super::{Failure, Witness};

/// Largest request, in bytes.
const LARGEST: usize = 64 * 1024;

pub fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(LARGEST))
        .service(add_checkpoint)
        .service(last_checkpoint)
        .service(about);
}

#[post("/add-checkpoint")]
async fn add_checkpoint(witness: web::Data<Witness>, body: String) -> HttpResponse {
    // Writing waits for the disk: not on the thread that serves the others.
    let judged = web::block(move || witness.add_checkpoint(&body)).await;
    let failure = match judged {
        Ok(Ok(line)) => return HttpResponse::Ok().content_type(ContentType::plaintext()).body(line),
        Ok(Err(failure)) => failure,
        Err(error) => Failure::Store(std::io::Error::other(error)),
    };
    match &failure {
        Failure::Refused(refusal @ Refusal::Conflict(size)) => HttpResponse::build(status(*refusal))
            .insert_header((CONTENT_TYPE, "text/x.tlog.size"))
            .body(format!("{size}\n")),
        Failure::Refused(refusal) => HttpResponse::build(status(*refusal))
            .content_type(ContentType::plaintext())
            .body(format!("{refusal}\n")),
        Failure::Store(error) => {
            tracing::error!(%error, "what was seen cannot be kept");
            HttpResponse::InternalServerError()
                .content_type(ContentType::plaintext())
                .body(format!("{failure}\n"))
        }
    }
}

fn status(refusal: Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST)
}

#[derive(Deserialize)]
struct OfOrigin {
    origin: String,
}

#[get("/checkpoint")]
async fn last_checkpoint(witness: web::Data<Witness>, wanted: web::Query<OfOrigin>) -> HttpResponse {
    let kept =
        web::block(move || witness.last(&wanted.origin)).await.map_err(std::io::Error::other).flatten();
    match kept {
        Ok(Some(kept)) => HttpResponse::Ok().content_type(ContentType::plaintext()).body(kept.note),
        Ok(None) => HttpResponse::NotFound().content_type(ContentType::plaintext()).body("nothing seen\n"),
        Err(error) => {
            tracing::error!(%error, "what was seen cannot be read");
            HttpResponse::InternalServerError().finish()
        }
    }
}

#[get("/")]
async fn about(witness: web::Data<Witness>) -> HttpResponse {
    let mut text =
        format!("A witness of transparency logs (C2SP tlog-witness).\n{}\n", witness.signer.verifier());
    match witness.seen() {
        Ok(seen) => {
            for (origin, checkpoint) in seen {
                let size = checkpoint.map_or(0, |checkpoint| checkpoint.size);
                let _ = writeln!(text, "{origin}: {size} entries seen");
            }
            HttpResponse::Ok().content_type(ContentType::plaintext()).body(text)
        }
        Err(_) => HttpResponse::InternalServerError().content_type(ContentType::plaintext()).body(text),
    }
}
