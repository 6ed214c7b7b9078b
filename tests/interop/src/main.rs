//! The Rust half of the interop checks: writes and reads journals with the crate
//! `ministore`, and prints records as the lines that serde_json makes of them.
//!
//! `op` stands in `ops.ts` too. Both make the same record of the same index, so
//! that what one side reads is compared with what the other one meant, and not
//! with what it wrote.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::io::{self, BufWriter, Write};

use ministore::{MiniStore, MiniStoreOptions};
use serde::{Deserialize, Serialize};

const USAGE: &str =
    "write PATH COUNT [MAX_SEGMENT_BYTES] | append PATH COUNT | differ PATH | replay PATH";

/// One variant for each way in which serde writes an enum.
#[derive(Serialize, Deserialize)]
enum Op {
    Set {
        value: u32,
    },
    Inc {
        delta: i64,
    },
    Note {
        text: String,
    },
    Tag {
        name: Option<String>,
        color: Option<u8>,
    },
    Measure {
        value: f64,
    },
    Batch {
        ops: Vec<Op>,
        labels: BTreeMap<String, String>,
    },
    Flag(bool),
    Pair(i32, Option<bool>),
    Clear,
}

const TEXTS: [&str; 10] = [
    "",
    "plain",
    "\"quoted\" \\ back / forth \\u0041 \\n",
    "\0\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}\t\n\u{b}\u{c}\r\u{e}\u{f}\u{10}\u{11}\u{12}\u{13}\
     \u{14}\u{15}\u{16}\u{17}\u{18}\u{19}\u{1a}\u{1b}\u{1c}\u{1d}\u{1e}\u{1f}\u{7f}\u{80}\u{9f}",
    "naïve Ωμέγα Привет 你好 עברית e\u{301}",
    "🦀 👩‍👩‍👧‍👦 🇪🇺 \u{1f44d}\u{1f3fd}",
    "\u{85}\u{a0}\u{2028}\u{2029}\u{d7ff}\u{e000}\u{feff}\u{fffd}\u{ffff}\u{10000}\u{10ffff}",
    "// commit 1 00000000\n// MINISTORE JOURNAL v0.1.4\n{\"Set\":{\"value\":1}}\n",
    "first\r\nsecond\tthird\u{8}\u{c}",
    "  spaces around  ",
];

const DELTAS: [i64; 8] = [
    0,
    -1,
    25,
    -2_147_483_648,
    4_294_967_296,
    -1_000_000_000_000,
    9_007_199_254_740_991,
    -9_007_199_254_740_991,
];

/// Only numbers of which serde_json and JavaScript make the same text, and that
/// serde_json reads back as they are.
const VALUES: [f64; 11] = [
    0.5,
    -2.25,
    0.1,
    123456.789,
    0.30000000000000004,
    0.00001,
    2.5e-300,
    5e-324,
    1e21,
    -1.5e300,
    f64::MAX,
];

/// The record with the given index.
fn op(index: u32) -> Op {
    let n = (index / 9) as usize;
    match index % 9 {
        0 => Op::Set {
            value: 42_u32.wrapping_add(index.wrapping_mul(2_654_435_761)),
        },
        1 => Op::Inc {
            delta: DELTAS[n % 8],
        },
        // Longer than any window in which the other side reads.
        2 if n % 11 == 10 => Op::Note {
            text: "long ü ".repeat(50_000),
        },
        2 => Op::Note { text: text(n) },
        3 => Op::Tag {
            name: (n % 2 == 1).then(|| text(n)),
            color: (n % 3 == 1).then_some(n as u8),
        },
        4 => Op::Measure {
            value: VALUES[n % 11],
        },
        5 => batch(n % 6, n),
        6 => Op::Flag(n % 2 == 1),
        7 => Op::Pair(
            -(n as i32),
            match n % 3 {
                0 => None,
                rest => Some(rest == 1),
            },
        ),
        _ => Op::Clear,
    }
}

fn batch(depth: usize, n: usize) -> Op {
    if depth == 0 {
        return Op::Batch {
            ops: Vec::new(),
            labels: BTreeMap::new(),
        };
    }
    Op::Batch {
        ops: vec![
            Op::Note { text: text(n) },
            Op::Clear,
            batch(depth - 1, n + 1),
        ],
        labels: [("", "empty"), ("__proto__", "key"), ("a \"b\" ü", "")]
            .map(|(key, value)| (key.into(), value.into()))
            .into(),
    }
}

fn text(n: usize) -> String {
    TEXTS[n % TEXTS.len()].into()
}

/// Records of which serde_json makes another text than `JSON.stringify` makes of
/// what `JSON.parse` gave.
fn differing() -> Vec<Op> {
    let values = [
        0.0,
        1.0,
        -100.0,
        123_456_789_012_345_680.0,
        1e16,
        1e20,
        1e-6,
        -0.0,
    ];
    let keys = ["10", "9", "a"];
    let mut ops = Vec::from(values.map(|value| Op::Measure { value }));
    ops.push(Op::Batch {
        ops: Vec::new(),
        labels: keys.map(|key| (key.into(), key.into())).into(),
    });
    ops.push(Op::Inc { delta: i64::MAX });
    ops
}

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
        _ => Err(USAGE.into()),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    tokio::runtime::Builder::new_current_thread()
        .build()?
        .block_on(run(&args))
}
