//! The steps of a run. Runs and dry runs use the same plan.

use super::policy::CutOffs;
use crate::{
    domain::{
        StorageStatus,
        ids::{EntryId, UserId},
    },
    server::{
        base::error::Result,
        store::{
            Reader,
            retention::{due, manifest::Manifest, objects},
        },
    },
};
use std::{collections::BTreeMap, fmt};

/// Maximum number of rows per kind of step.
const MAX_ROWS: i64 = 2_000;
/// Maximum number of objects per kind of step.
const MAX_OBJECTS: i64 = 100;
/// Maximum number of groups; each becomes an object. Large, because all rows of a day are read to
/// find its groups.
const MAX_GROUPS: i64 = 1_000;
/// Rows per step.
const ROWS_PER_STEP: usize = 100;

/// A step, made of short transactions and safe to repeat.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanStep {
    /// Deletes expired rows.
    ExpireRows(UserId, Vec<EntryId>),
    /// Deletes the expired entries of an object, or all of it.
    ExpireObject(Manifest),
    /// Moves an object to the tier that matches whether its entries expire.
    Retier(Manifest, StorageStatus),
    /// Rewrites an object without removable entries.
    Compact(Manifest),
    /// Moves rows to the archive.
    Archive(due::DueGroup),
    /// Makes rows warm, packed in place if that saves enough.
    Pack(UserId, Vec<EntryId>),
    /// Deletes an object that is marked for deletion.
    Remove(UserId, String),
}

impl PlanStep {
    /// Whether the step uses the archive.
    pub(super) const fn needs_archive(&self) -> bool {
        matches!(
            self,
            Self::ExpireObject(_) | Self::Compact(_) | Self::Archive(_) | Self::Remove(..)
        )
    }
}

/// The steps that are due.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// In order of execution.
    pub steps: Vec<PlanStep>,
    /// Whether more is due than fits into the plan.
    pub more: bool,
}

/// Plans a run with these cut-offs. Without `deletions` nothing expires.
pub async fn plan(reader: &mut Reader, cut_offs: CutOffs, deletions: bool) -> Result<Plan> {
    let mut plan = Plan::default();
    let marked = objects::marked_for_delete(reader, None, MAX_OBJECTS).await?;
    plan.add_objects(
        marked
            .into_iter()
            .map(|(user, key)| PlanStep::Remove(user, key)),
    );
    plan.add_objects(
        due::objects_to_retier(reader, MAX_OBJECTS)
            .await?
            .into_iter()
            .map(|(manifest, to)| PlanStep::Retier(manifest, to)),
    );
    if deletions {
        let rows = due::expired_rows(reader, cut_offs.cold, MAX_ROWS).await?;
        plan.add_rows(rows, PlanStep::ExpireRows);
        plan.add_objects(
            due::expired_objects(reader, cut_offs.cold, MAX_OBJECTS)
                .await?
                .into_iter()
                .map(PlanStep::ExpireObject),
        );
    }
    let expiring: Vec<String> = plan
        .steps
        .iter()
        .filter_map(PlanStep::expiring_key)
        .collect();
    let to_compact = due::objects_with_tombstones(reader, None, MAX_OBJECTS).await?;
    plan.add_objects(
        to_compact
            .into_iter()
            .filter(|manifest| !expiring.contains(&manifest.key))
            .map(PlanStep::Compact),
    );
    add_groups(reader, cut_offs, &mut plan).await?;
    let rows = due::rows_to_pack(reader, cut_offs.hot, cut_offs.warm, MAX_ROWS).await?;
    plan.add_rows(rows, PlanStep::Pack);
    Ok(plan)
}

async fn add_groups(reader: &mut Reader, cut_offs: CutOffs, plan: &mut Plan) -> Result<()> {
    let (mut from, mut found) = (0, Vec::new());
    while let Some(day) = due::first_day(reader, from, cut_offs.warm).await? {
        found.extend(due::groups(reader, day, (cut_offs.warm, cut_offs.cold), MAX_GROUPS).await?);
        if found.len() as i64 >= MAX_GROUPS {
            plan.more = true;
            break;
        }
        from = day + 1;
    }
    plan.steps.extend(found.into_iter().map(PlanStep::Archive));
    Ok(())
}

impl Plan {
    fn add_rows(
        &mut self,
        rows: Vec<(UserId, EntryId)>,
        step: impl Fn(UserId, Vec<EntryId>) -> PlanStep,
    ) {
        self.more |= rows.len() as i64 == MAX_ROWS;
        let mut by_user: BTreeMap<UserId, Vec<EntryId>> = BTreeMap::new();
        rows.into_iter()
            .for_each(|(user, id)| by_user.entry(user).or_default().push(id));
        for (user, ids) in by_user {
            self.steps.extend(
                ids.chunks(ROWS_PER_STEP)
                    .map(|ids| step(user, ids.to_vec())),
            );
        }
    }

    fn add_objects(&mut self, steps: impl Iterator<Item = PlanStep>) {
        let before = self.steps.len();
        self.steps.extend(steps);
        self.more |= (self.steps.len() - before) as i64 >= MAX_OBJECTS;
    }
}

impl PlanStep {
    fn expiring_key(&self) -> Option<String> {
        if let Self::ExpireObject(manifest) = self {
            Some(manifest.key.clone())
        } else {
            None
        }
    }
}

impl fmt::Display for PlanStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExpireRows(user, ids) => write!(f, "delete {} expired rows of {user}", ids.len()),
            Self::ExpireObject(manifest) => write!(
                f,
                "delete the expired ones of the {} entries in {}",
                manifest.entries(),
                manifest.key
            ),
            Self::Retier(manifest, to) => write!(
                f,
                "move the {} entries in {} to {to}",
                manifest.entries(),
                manifest.key
            ),
            Self::Compact(manifest) => {
                write!(f, "rewrite {} without its deleted entries", manifest.key)
            }
            Self::Archive(group) => {
                let conversation = group.conversation_id.map_or_else(
                    || "outside conversations".to_owned(),
                    |id| format!("of conversation {id}"),
                );
                write!(
                    f,
                    "move {} rows {conversation}, day {}, of {} to {}",
                    group.rows, group.day, group.user_id, group.tier
                )
            }
            Self::Pack(user, ids) => write!(f, "pack {} rows of {user}", ids.len()),
            Self::Remove(_, key) => write!(f, "delete object {key}"),
        }
    }
}
