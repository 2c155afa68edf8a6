//! `datawarden soft-card`: a citizen's card without a card, for development.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use identity::Role;
use kernel::SystemClock;

use crate::sample;
use crate::soft_card::{CardKind, Folder, Pin, Setup, SoftCardServer};
use crate::stack::Memory;

/// Options.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    cards: Cards,
    /// Where it listens: this machine alone. Pages look for the port 61161.
    #[arg(long, default_value = "127.0.0.1:61161")]
    bind: SocketAddr,
    /// The PIN of all cards: six to eight digits.
    #[arg(long, env = "DATAWARDEN_SOFT_CARD_PIN", hide_env_values = true, default_value = "123456")]
    pin: Pin,
    /// A site that may ask for cards and signatures; once for each.
    #[arg(long, default_values = SITES)]
    allow_origin: Vec<String>,
    /// Start without a card reader.
    #[arg(long)]
    no_reader: bool,
    /// Let only one kind of card sign, as pages for citizens or for agencies want it.
    #[arg(long)]
    only: Option<CardKind>,
}

/// The pages of a running `datawarden run`.
const SITES: [&str; 4] =
    ["http://localhost:8405", "http://127.0.0.1:8405", "http://localhost:8401", "http://127.0.0.1:8401"];

#[derive(Subcommand)]
enum Action {
    /// Gives a locked card its three tries back.
    Unlock(Cards),
}

/// Which cards.
#[derive(Args)]
struct Cards {
    /// Folder with the cards: NAME.pem and NAME.key.pem; without it those of the sample city.
    #[arg(long)]
    keys: Option<PathBuf>,
    /// Folder of the data of `datawarden run`, where the sample city's cards are.
    #[arg(long, default_value_os_t = super::default_data())]
    data: PathBuf,
    /// A card in its reader; once for each.
    #[arg(long)]
    card: Vec<String>,
    /// The card of somebody in the sample city with this role.
    #[arg(long = "as", conflicts_with = "keys")]
    role: Option<Role>,
}

impl Cards {
    fn open(mut self) -> anyhow::Result<(Folder, Vec<String>)> {
        if let Some(keys) = &self.keys {
            return Ok((Folder::open(keys)?, self.card));
        }
        let folder = Folder::open(&self.data.join("pki/cards")).context(
            "no sample city's cards here: name its folder with --data, or other cards with --keys",
        )?;
        if let Some(role) = self.role {
            let city = sample::city(&Memory::open(&self.data)?)?;
            self.card.push(sample::somebody(&city, role)?.0.login.clone());
        }
        Ok((folder, self.card))
    }
}

/// Runs until it is stopped, or unlocks cards.
pub async fn run(options: Options) -> anyhow::Result<()> {
    if let Some(Action::Unlock(cards)) = options.action {
        return unlock(cards);
    }
    let (folder, inserted) = options.cards.open()?;
    let names = inserted.join(", ");
    let setup = Setup {
        folder,
        inserted,
        reader: !options.no_reader,
        pin: options.pin,
        origins: options.allow_origin,
        only: options.only,
        clock: Arc::new(SystemClock),
    };
    let server = SoftCardServer::start(options.bind, setup)?;
    super::say(format!("soft card on {0}   in the reader: {names}   others: {0}/", server.url));
    super::say("Keys of a development PKI: not for production.");
    chassis::command_line::stop_signal().await?;
    server.stop().await;
    Ok(())
}

fn unlock(cards: Cards) -> anyhow::Result<()> {
    let (folder, names) = cards.open()?;
    anyhow::ensure!(!names.is_empty(), "which card? name it with --card or --as");
    for name in names {
        folder.tries(&name)?.unlock()?;
        super::say(format!("{name}: three tries"));
    }
    Ok(())
}
