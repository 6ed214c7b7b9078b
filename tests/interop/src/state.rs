//! The state of the interop checks and the mutations that make it. `mutation` and
//! `apply` stand in `state.ts` too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ops::{Op, op, text};

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct State {
    pub count: i64,
    pub last: Option<String>,
    pub entries: BTreeMap<String, Op>,
}

#[derive(Serialize, Deserialize)]
pub enum Mutation {
    Set { key: String, value: Op },
    Remove { key: String },
    Inc { by: i64 },
    Clear,
}

/// What both sides print and compare.
#[derive(Serialize)]
pub struct Numbered {
    pub sequence: u64,
    pub state: State,
}

impl Mutation {
    pub fn change(&self, state: &mut State) {
        match self {
            Mutation::Set { key, value } => {
                state.entries.insert(key.clone(), value.clone());
                state.last = Some(key.clone());
            }
            Mutation::Remove { key } => {
                state.entries.remove(key);
                state.last = None;
            }
            Mutation::Inc { by } => state.count += by,
            Mutation::Clear => state.entries.clear(),
        }
    }
}

/// The mutation with the given index, which has the sequence number behind it.
pub fn mutation(index: u32) -> Mutation {
    match index % 4 {
        0 | 1 => Mutation::Set {
            key: key(index / 4),
            value: op(index),
        },
        2 => Mutation::Inc {
            by: (i64::from(index) - 100) * 1_000_000_007,
        },
        _ if index % 64 == 63 => Mutation::Clear,
        _ => Mutation::Remove {
            key: key(index / 8),
        },
    }
}

/// The state behind so many mutations.
pub fn after(count: u32) -> State {
    let mut state = State::default();
    for index in 0..count {
        mutation(index).change(&mut state);
    }
    state
}

/// JavaScript puts keys that look like whole numbers in front of all others.
fn key(n: u32) -> String {
    if n % 3 == 0 {
        (40 - n % 40).to_string()
    } else {
        text(n as usize)
    }
}
