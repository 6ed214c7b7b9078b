//! Snapshots with `minisnap` 0.1.3, which keeps one file for each sequence number.

#[path = "../../src/ops.rs"]
#[allow(dead_code)]
mod ops;
#[path = "../../src/state.rs"]
mod state;

use std::env;
use std::error::Error;

use minisnap::{JsonCodec, SnapStore};

use crate::state::{Numbered, State, after};

const USAGE: &str = "create DIR COUNT | restore DIR";

async fn run(args: &[&str]) -> Result<(), Box<dyn Error>> {
    let numbered = match *args {
        ["create", dir, count] => {
            let count: u32 = count.parse()?;
            let (sequence, state) = (count.into(), after(count));
            snapshots(dir).create(after(count), sequence).await?;
            Numbered { sequence, state }
        }
        ["restore", dir] => {
            let (state, sequence) = snapshots(dir).restore::<State>().await?;
            Numbered { sequence, state }
        }
        _ => return Err(USAGE.into()),
    };
    println!("{}", serde_json::to_string(&numbered)?);
    Ok(())
}

fn snapshots(dir: &str) -> SnapStore<JsonCodec> {
    SnapStore::new_default(dir)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    tokio::runtime::Builder::new_current_thread()
        .build()?
        .block_on(run(&args))
}
