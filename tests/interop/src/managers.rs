//! States with the crate `ministate`, and snapshots with `minisnap` up to 0.1.2.

use std::error::Error;
use std::path::Path;

use minisnap::SnapStore;
use ministate::{Mutator, StateManager};
use ministore::MiniStoreOptions;

use crate::ops::{self, Op};
use crate::state::{Mutation, Numbered, State, after, mutation};

/// The name that `StateManager` takes here for the journal in its directory.
const JOURNAL: &str = "journal.jsonl";

impl Mutator<State> for Mutation {
    fn apply(&self, state: &mut State) {
        self.change(state);
    }
}

/// Opens a directory, applies so many mutations more, and makes a snapshot at each
/// of the sequence numbers given.
pub async fn manage(dir: &str, count: u64, snapshots: &[u64]) -> Result<Numbered, Box<dyn Error>> {
    let manager: StateManager<State, Mutation> = StateManager::open(dir, JOURNAL).await?;
    let last = manager.sequence() + count;
    loop {
        let sequence = manager.sequence();
        if snapshots.contains(&sequence) {
            manager.create_snapshot().await?;
        }
        if sequence == last {
            let state = manager.snapshot().await;
            return Ok(Numbered { sequence, state });
        }
        manager.apply(mutation(sequence.try_into()?)).await?;
    }
}

/// Writes mutations as `StateManager` does, with segments of another size and number
/// than its own, which cannot be chosen.
pub async fn rotate(
    dir: &str,
    from: u32,
    to: u32,
    options: MiniStoreOptions,
) -> Result<Numbered, Box<dyn Error>> {
    let mut store = options.open(Path::new(dir).join(JOURNAL)).await?;
    for index in from..to {
        store.append(&mutation(index)).await?;
    }
    let (sequence, state) = (to.into(), after(to));
    Ok(Numbered { sequence, state })
}

/// Makes a snapshot of a state.
pub async fn create(dir: &str, sequence: u64, state: State) -> Result<Numbered, Box<dyn Error>> {
    SnapStore::new(dir).create(&state, sequence).await?;
    Ok(Numbered { sequence, state })
}

pub async fn restore(dir: &str) -> Result<Numbered, Box<dyn Error>> {
    let (state, sequence) = SnapStore::new(dir).restore().await?;
    Ok(Numbered { sequence, state })
}

/// The state behind so many mutations, with a text of so many bytes more.
pub fn padded(count: u32, bytes: usize) -> State {
    let mut state = after(count);
    let text = "x".repeat(bytes);
    state.entries.insert("padding".into(), Op::Note { text });
    state
}

/// A state of the numbers that both sides write as different text.
pub fn differing() -> State {
    let keys = (0..).map(|n: u32| n.to_string());
    State {
        entries: keys.zip(ops::differing()).collect(),
        ..State::default()
    }
}
