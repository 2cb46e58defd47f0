//! Pruning: all at once, and in steps beside the payments.

use super::changes::blank;
use super::database::SqliteJournal;
use super::faults::{Result, io_fault};
use super::past::{self, EVER, MANY};
use super::prune::{self, Place, Rule, Window};
use super::seal::{self, change_own_row};

/// So many past entries are looked at in one change of a pruning that is made at once.
const STEP: usize = 256;

impl SqliteJournal {
    pub(super) fn prune_all(&mut self, rule: &Rule<'_>) -> Result<u32> {
        self.note_own_row()?;
        // A flipped bit can make an entry look old.
        self.look(seal::check_everything)?;
        self.acknowledged = self.look(past::count_to_put_away)?;
        while self.put_away(MANY, EVER)? > 0 {
            self.checkpoint_if_long();
        }
        self.blank_others(rule)?;
        let (mut from, mut gone) = (Some(Place::first()), 0_u32);
        while let Some(place) = from {
            let window = self.look(|connection| prune::window(connection, rule, &place, STEP))?;
            if self.look(|connection| prune::has_work(connection, rule, &window))? {
                gone = gone.saturating_add(self.prune_window(rule, &window)?);
            }
            from = window.next;
            self.checkpoint_if_long();
        }
        // The WAL still holds what was blanked.
        self.checkpoint();
        Ok(gone)
    }

    /// A step of the same. It begins where the last one ended, and writes nothing where nothing goes. Returns whether there is another one.
    pub(super) fn prune_some(&mut self, rule: &Rule<'_>, most: usize) -> Result<bool> {
        let from = self.pruned_to.take();
        if from.is_none() && self.put_away(most, rule.acknowledged_before)? > 0 {
            self.checkpoint_if_long();
            return Ok(true);
        }
        let from = from.unwrap_or_else(Place::first);
        let window = self.look(|connection| prune::window(connection, rule, &from, most))?;
        if self.look(|connection| prune::has_work(connection, rule, &window))? {
            self.note_own_row()?;
            self.prune_window(rule, &window)?;
            self.checkpoint_if_long();
        }
        self.pruned_to = window.next;
        if self.pruned_to.is_none() {
            self.blank_others(rule)?;
        }
        Ok(self.pruned_to.is_some())
    }

    /// The note must not name an entry that goes, also after a power cut.
    fn note_own_row(&mut self) -> Result<()> {
        let own = self.run(|change| change_own_row(change, "wal = wal", []))?;
        let noted = self.note.write(self.lock.file(), own).and_then(|()| self.lock.file().sync_all());
        noted.map_err(|error| io_fault("the lock file", &error))
    }

    fn prune_window(&mut self, rule: &Rule<'_>, window: &Window) -> Result<u32> {
        self.write(|change| {
            let gone = prune::step(change, rule, window)?;
            Ok((gone, Some(change_own_row(change, "wal = wal", [])?)))
        })
    }

    /// Blanks what is old among the entries that cannot be put away.
    fn blank_others(&mut self, rule: &Rule<'_>) -> Result<()> {
        let ids = self.look(|connection| prune::others_to_blank(connection, rule))?;
        if ids.is_empty() {
            return Ok(());
        }
        self.write(|change| {
            ids.iter().try_for_each(|id| blank(change, *id, rule.decided))?;
            Ok(((), Some(change_own_row(change, "wal = wal", [])?)))
        })
    }
}
