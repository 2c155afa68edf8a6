//! Processor time: what a busy machine does not blur.

use std::fs;

/// Seconds that this process and the server `postmaster` with all of its processes have spent so far.
#[derive(Debug, Clone, Copy)]
pub struct Cpu {
    pub own: f64,
    pub postgres: f64,
}

impl Cpu {
    pub fn now(postmaster: u32) -> anyhow::Result<Self> {
        let mut postgres = 0.0;
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            // A process may end between the two readings.
            let Some(times) = Times::of(id) else { continue };
            if id == postmaster {
                postgres += times.own + times.ended_children;
            } else if times.parent == postmaster {
                postgres += times.own;
            }
        }
        let own = Times::of(std::process::id()).ok_or_else(|| anyhow::anyhow!("no /proc/self/stat"))?.own;
        Ok(Self { own, postgres })
    }

    pub fn since(self, before: Self) -> Self {
        Self { own: self.own - before.own, postgres: self.postgres - before.postgres }
    }
}

struct Times {
    parent: u32,
    own: f64,
    ended_children: f64,
}

impl Times {
    /// Of /proc/…/stat (proc(5)), whose times are in hundredths of a second.
    fn of(id: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The command in brackets may hold anything.
        let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
        let seconds = |at: usize| fields.get(at)?.parse::<f64>().ok().map(|ticks| ticks / 100.0);
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: seconds(11)? + seconds(12)?,
            ended_children: seconds(13)? + seconds(14)?,
        })
    }
}
