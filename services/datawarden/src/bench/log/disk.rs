//! The disk alone: how long it takes to keep four kilobytes, and how many entries a file takes with group commit.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::super::quantile;
use super::lap::{Lap, Part};
use super::plain::Row;

const SYNCS: usize = 400;
/// As the engine's: what may wait, and what one write takes at most.
const QUEUE: usize = 4_096;
const MOST: usize = 1_000;

/// fdatasync after four kilobytes in milliseconds: its median, and what 99 of 100 stay below.
pub fn fdatasync(folder: &Path) -> anyhow::Result<(f64, f64)> {
    let mut file = File::create(folder.join("fdatasync"))?;
    let mut times = vec![];
    for _ in 0..SYNCS {
        file.write_all(&[7; 4096])?;
        let begun = Instant::now();
        file.sync_data()?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok((quantile(&mut times, 0.5), quantile(&mut times, 0.99)))
}

/// The load of the last minute.
pub fn load_average() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

struct Waiting {
    bytes: Vec<u8>,
    done: oneshot::Sender<()>,
}

/// The limit of what this disk allows: header and body of the engine's entries, appended to a file by one thread that
/// takes what waits, waits for the disk, then answers.
pub async fn appends(
    folder: &Path,
    rows: &Arc<Vec<Row>>,
    writers: usize,
    time: Duration,
) -> anyhow::Result<Part> {
    let (queue, waiting) = mpsc::channel(QUEUE);
    let path = folder.join("appends");
    let writing = std::thread::spawn(move || write(&path, waiting));
    let begun = Instant::now();
    let writers = (0..writers).map(|n| {
        let (queue, rows) = (queue.clone(), Arc::clone(rows));
        tokio::spawn(async move {
            let mut lap = Lap::of(time);
            for row in rows.iter().cycle().skip(n) {
                if lap.is_over() {
                    break;
                }
                let begun = Instant::now();
                let (done, kept) = oneshot::channel();
                queue
                    .send(Waiting { bytes: [row.header.as_slice(), row.body.as_slice()].concat(), done })
                    .await?;
                kept.await?;
                lap.note(begun);
            }
            anyhow::Ok(lap)
        })
    });
    let part = Part::of(writers, begun).await?;
    drop(queue);
    writing.join().map_err(|_| anyhow::anyhow!("the writing thread"))??;
    Ok(part)
}

fn write(path: &Path, mut waiting: mpsc::Receiver<Waiting>) -> anyhow::Result<()> {
    let mut file = File::create(path)?;
    while let Some(first) = waiting.blocking_recv() {
        let (mut bytes, mut done) = (first.bytes, vec![first.done]);
        while done.len() < MOST
            && let Ok(next) = waiting.try_recv()
        {
            bytes.extend_from_slice(&next.bytes);
            done.push(next.done);
        }
        file.write_all(&bytes)?;
        file.sync_data()?;
        for done in done {
            let _ = done.send(());
        }
    }
    Ok(std::fs::remove_file(path)?)
}
