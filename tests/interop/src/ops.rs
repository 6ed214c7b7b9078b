//! The records of the interop checks. `op` stands in `ops.ts` too: both make the
//! same record of the same index, so that what one side reads is compared with
//! what the other one meant, and not with what it wrote.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One variant for each way in which serde writes an enum.
#[derive(Clone, Serialize, Deserialize)]
pub enum Op {
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
pub fn op(index: u32) -> Op {
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

pub fn text(n: usize) -> String {
    TEXTS[n % TEXTS.len()].into()
}

/// Records of which serde_json makes another text than `JSON.stringify` makes of
/// what `JSON.parse` gave.
pub fn differing() -> Vec<Op> {
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
