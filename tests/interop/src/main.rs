//! The Rust half of the interop checks: writes and reads journals, states and
//! snapshots with the crates of mini-rs, and prints what they hold as the lines
//! that serde_json makes of it.

mod managers;
mod ops;
mod state;

use std::env;
use std::error::Error;
use std::io::{self, BufWriter, Write};

use ministore::{MiniStore, MiniStoreOptions};

use crate::ops::{Op, differing, op};
use crate::state::{Numbered, after};

const USAGE: &str = "\
write PATH COUNT [MAX_SEGMENT_BYTES] | append PATH COUNT | differ PATH | replay PATH
manage DIR COUNT [SNAPSHOT_AT ...] | rotate DIR FROM TO MAX_SEGMENT_BYTES MAX_SEGMENTS
create DIR COUNT [PADDING] | create DIR differing | restore DIR";

async fn write(
    path: &str,
    options: MiniStoreOptions,
    ops: impl Iterator<Item = Op>,
) -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut store = options.open(path).await?;
    for op in ops {
        store.append(&op).await?;
        writeln!(out, "{}", serde_json::to_string(&op)?)?;
    }
    Ok(out.flush()?)
}

async fn run(args: &[&str]) -> Result<(), Box<dyn Error>> {
    let options = MiniStoreOptions::new();
    match *args {
        ["write", path, count] => write(path, options, (0..count.parse()?).map(op)).await,
        ["write", path, count, bytes] => {
            // The default keeps three files and deletes the records before them.
            let options = options
                .max_bytes_per_segment(bytes.parse()?)
                .max_segments(1_000_000);
            write(path, options, (0..count.parse()?).map(op)).await
        }
        ["append", path, count] => {
            let first = MiniStore::replay::<Op, _>(path).await?.len() as u32;
            let last = first + count.parse::<u32>()?;
            write(path, options, (first..last).map(op)).await
        }
        ["differ", path] => write(path, options, differing().into_iter()).await,
        ["replay", path] => {
            let mut out = BufWriter::new(io::stdout().lock());
            for op in MiniStore::replay::<Op, _>(path).await? {
                writeln!(out, "{}", serde_json::to_string(&op)?)?;
            }
            Ok(out.flush()?)
        }
        ["manage", dir, count, ref snapshots @ ..] => {
            let snapshots: Result<Vec<u64>, _> = snapshots.iter().map(|n| n.parse()).collect();
            print(managers::manage(dir, count.parse()?, &snapshots?).await?)
        }
        ["rotate", dir, from, to, bytes, segments] => {
            let options = options
                .max_bytes_per_segment(bytes.parse()?)
                .max_segments(segments.parse()?);
            print(managers::rotate(dir, from.parse()?, to.parse()?, options).await?)
        }
        ["create", dir, "differing"] => {
            print(managers::create(dir, 1, managers::differing()).await?)
        }
        ["create", dir, count] => {
            print(managers::create(dir, count.parse()?, after(count.parse()?)).await?)
        }
        ["create", dir, count, bytes] => {
            let state = managers::padded(count.parse()?, bytes.parse()?);
            print(managers::create(dir, count.parse()?, state).await?)
        }
        ["restore", dir] => print(managers::restore(dir).await?),
        _ => Err(USAGE.into()),
    }
}

fn print(state: Numbered) -> Result<(), Box<dyn Error>> {
    println!("{}", serde_json::to_string(&state)?);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    tokio::runtime::Builder::new_current_thread()
        .build()?
        .block_on(run(&args))
}
