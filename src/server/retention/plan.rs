//! What a run would do, step by step. A dry run shows the plan, a run carries it out: both come
//! from here.

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

/// Rows of one kind in a plan.
const ROWS: i64 = 2_000;
/// Objects of one kind in a plan.
const OBJECTS: i64 = 100;
/// Groups of rows in a plan, each of which is to become an object: a day's rows are gone through to
/// find its groups, so once for many.
const GROUPS: i64 = 1_000;
/// Rows of one step.
const ROWS_AT_ONCE: usize = 100;

/// One step: many short transactions, safe to repeat.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanStep {
    /// Deletes rows that expired.
    ExpireRows(UserId, Vec<EntryId>),
    /// Deletes what expired in an object, or all of it.
    ExpireObject(Manifest),
    /// Moves an object to the tier that says whether its entries expire.
    Retier(Manifest, StorageStatus),
    /// Rewrites an object without the entries that do not count any more.
    Trim(Manifest),
    /// Moves rows into the archive.
    Archive(due::DueGroup),
    /// Makes rows warm: packs them in place where that saves enough.
    Pack(UserId, Vec<EntryId>),
    /// Deletes an object that nothing refers to any more.
    Remove(UserId, String),
}

impl PlanStep {
    /// Whether it reads or writes the archive.
    pub(super) const fn needs_archive(&self) -> bool {
        matches!(
            self,
            Self::ExpireObject(_) | Self::Trim(_) | Self::Archive(_) | Self::Remove(..)
        )
    }
}

/// What is due now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// In the order in which they are carried out.
    pub steps: Vec<PlanStep>,
    /// Whether there is more than fits into one plan.
    pub more: bool,
}

/// Plans a run with these cut-off times. Without `deletions` nothing expires.
pub async fn plan(reader: &mut Reader, cut_offs: CutOffs, deletions: bool) -> Result<Plan> {
    let mut plan = Plan::default();
    let doomed = objects::marked_for_delete(reader, None, OBJECTS).await?;
    plan.objects(
        doomed
            .into_iter()
            .map(|(user, key)| PlanStep::Remove(user, key)),
    );
    plan.objects(
        due::objects_to_retier(reader, OBJECTS)
            .await?
            .into_iter()
            .map(|(manifest, to)| PlanStep::Retier(manifest, to)),
    );
    if deletions {
        let rows = due::expired_rows(reader, cut_offs.cold, ROWS).await?;
        plan.rows(rows, PlanStep::ExpireRows);
        plan.objects(
            due::expired_objects(reader, cut_offs.cold, OBJECTS)
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
    let trimmed = due::objects_with_tombstones(reader, None, OBJECTS).await?;
    plan.objects(
        trimmed
            .into_iter()
            .filter(|manifest| !expiring.contains(&manifest.key))
            .map(PlanStep::Trim),
    );
    groups(reader, cut_offs, &mut plan).await?;
    let rows = due::rows_to_pack(reader, cut_offs.hot, cut_offs.warm, ROWS).await?;
    plan.rows(rows, PlanStep::Pack);
    Ok(plan)
}

async fn groups(reader: &mut Reader, cut_offs: CutOffs, plan: &mut Plan) -> Result<()> {
    let (mut from, mut found) = (0, Vec::new());
    while let Some(day) = due::first_day(reader, from, cut_offs.warm).await? {
        found.extend(due::groups(reader, day, (cut_offs.warm, cut_offs.cold), GROUPS).await?);
        if found.len() as i64 >= GROUPS {
            plan.more = true;
            break;
        }
        from = day + 1;
    }
    plan.steps.extend(found.into_iter().map(PlanStep::Archive));
    Ok(())
}

impl Plan {
    fn rows(
        &mut self,
        rows: Vec<(UserId, EntryId)>,
        step: impl Fn(UserId, Vec<EntryId>) -> PlanStep,
    ) {
        self.more |= rows.len() as i64 == ROWS;
        let mut by_user: BTreeMap<UserId, Vec<EntryId>> = BTreeMap::new();
        rows.into_iter()
            .for_each(|(user, id)| by_user.entry(user).or_default().push(id));
        for (user, ids) in by_user {
            self.steps
                .extend(ids.chunks(ROWS_AT_ONCE).map(|ids| step(user, ids.to_vec())));
        }
    }

    fn objects(&mut self, steps: impl Iterator<Item = PlanStep>) {
        let before = self.steps.len();
        self.steps.extend(steps);
        self.more |= (self.steps.len() - before) as i64 >= OBJECTS;
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
                "delete what expired of the {} entries in {}",
                manifest.entries(),
                manifest.key
            ),
            Self::Retier(manifest, to) => write!(
                f,
                "count the {} entries in {} as {to}",
                manifest.entries(),
                manifest.key
            ),
            Self::Trim(manifest) => write!(
                f,
                "rewrite {} without entries that are gone from it",
                manifest.key
            ),
            Self::Archive(group) => {
                let place = group.conversation_id.map_or_else(
                    || "outside conversations".to_owned(),
                    |id| format!("of conversation {id}"),
                );
                write!(
                    f,
                    "move {} rows {place}, day {}, of {} to {}",
                    group.rows, group.day, group.user_id, group.tier
                )
            }
            Self::Pack(user, ids) => write!(f, "pack {} rows of {user}", ids.len()),
            Self::Remove(_, key) => write!(f, "delete object {key}"),
        }
    }
}
