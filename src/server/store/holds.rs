//! What does not expire beside entries that are kept: conversations that their owner keeps, and
//! what an admin holds.

use crate::{
    domain::{
        ids::{ConversationId, UserId},
        time::Timestamp,
    },
    server::store::{Result, Tx},
};
use sqlx::AnyConnection;

/// Whether anything beside what is written in the row itself keeps a row of this table, or an
/// object of it, from expiring: a conversation that is kept, or an admin's hold.
macro_rules! held {
    ($table:literal) => {
        concat!(
            "exists (select 1 from ",
            $crate::server::store::holds::holds_over!($table),
            ")"
        )
    };
}

/// Who does: the word of `retention_holds`, an admin's before its owner's.
macro_rules! held_by {
    ($table:literal) => {
        concat!(
            "(select min(h.kind) from ",
            $crate::server::store::holds::holds_over!($table),
            ")"
        )
    };
}

macro_rules! holds_over {
    ($table:literal) => {
        concat!(
            "retention_holds h where h.user_id = ",
            $table,
            ".user_id and h.released_at is null and (h.conversation_id is null or h.conversation_id = ",
            $table,
            ".conversation_id)"
        )
    };
}

pub(in crate::server::store) use {held, held_by, holds_over};

/// A reason why entries do not expire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: String,
    /// Why, in the admin's words.
    pub reason: String,
    /// Who placed it.
    pub created_by: String,
    /// When, in milliseconds since the epoch.
    pub created_at: i64,
}

/// Who keeps entries from expiring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldKind {
    /// Their owner.
    Keep,
    /// An admin.
    Hold,
}

impl HoldKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Hold => "hold",
        }
    }
}

/// Places a hold under a new id.
pub async fn place(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: Option<ConversationId>,
    kind: HoldKind,
    hold: &Hold,
) -> Result<()> {
    let sql = "insert into retention_holds (user_id, id, conversation_id, kind, reason, created_by, created_at) \
               values ($1, $2, $3, $4, $5, $6, $7)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(&hold.id)
        .bind(conversation.map(|id| id.to_string()))
        .bind(kind.as_str());
    query
        .bind(&hold.reason)
        .bind(&hold.created_by)
        .bind(hold.created_at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Releases an admin's hold. `false` when there is none of that id in force.
pub async fn release(tx: &mut Tx<'_>, id: &str, now: Timestamp) -> Result<bool> {
    let sql = "update retention_holds set released_at = $2 where id = $1 and kind = 'hold' and released_at is null";
    Ok(sqlx::query(sql)
        .bind(id)
        .bind(now.millis())
        .execute(&mut **tx)
        .await?
        .rows_affected()
        == 1)
}

/// What a hold must not cover any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    /// All that a person has.
    Everything,
    /// What stands in a conversation, or outside any.
    Place(Option<ConversationId>),
}

/// Releases an admin's holds that cover this.
pub async fn release_over(
    tx: &mut Tx<'_>,
    user: UserId,
    covered: Covered,
    now: Timestamp,
) -> Result<()> {
    let (everything, place) = match covered {
        Covered::Everything => (1, None),
        Covered::Place(place) => (0, place),
    };
    let sql = "update retention_holds set released_at = $4 where user_id = $1 and kind = 'hold' and released_at is null \
               and ($2 = 1 or conversation_id is null or conversation_id = $3)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(everything)
        .bind(place.map(|id| id.to_string()));
    query.bind(now.millis()).execute(&mut **tx).await?;
    Ok(())
}

/// Lets a conversation go that its owner kept.
pub async fn let_go(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: ConversationId,
    now: Timestamp,
) -> Result<()> {
    let sql = "update retention_holds set released_at = $3 where user_id = $1 and conversation_id = $2 and kind = 'keep' and released_at is null";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(conversation.to_string())
        .bind(now.millis())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether somebody of this kind keeps the person's entries, or those of one conversation, from
/// expiring.
pub async fn in_force(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: Option<ConversationId>,
    kind: HoldKind,
) -> Result<bool> {
    let sql = "select 1 from retention_holds where user_id = $1 and kind = $3 and released_at is null \
               and (conversation_id is null or conversation_id = $2) limit 1";
    let query = sqlx::query_scalar::<_, i64>(sql)
        .bind(user.to_string())
        .bind(conversation.map(|id| id.to_string()));
    Ok(query
        .bind(kind.as_str())
        .fetch_optional(connection)
        .await?
        .is_some())
}

/// Whether anybody keeps the person's entries, or those of one conversation, from expiring.
pub async fn protects(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: Option<ConversationId>,
) -> Result<bool> {
    let keeps = in_force(connection, user, conversation, HoldKind::Keep).await?;
    Ok(keeps || in_force(connection, user, conversation, HoldKind::Hold).await?)
}

/// Whether an admin holds anything of the person's.
pub async fn any_of(connection: &mut AnyConnection, user: UserId) -> Result<bool> {
    let sql = "select 1 from retention_holds where user_id = $1 and kind = 'hold' and released_at is null limit 1";
    Ok(sqlx::query_scalar::<_, i64>(sql)
        .bind(user.to_string())
        .fetch_optional(connection)
        .await?
        .is_some())
}

/// An admin's hold as people read it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct NamedHold {
    /// Its id.
    pub id: String,
    /// The address of the person whose entries it holds.
    pub person: String,
    /// Only of this conversation.
    pub conversation_id: Option<String>,
    /// Why, in the admin's words.
    pub reason: String,
    /// The address of who placed it.
    pub placed_by: String,
    /// When, in milliseconds since the epoch.
    pub created_at: i64,
}

/// Admins' holds in force with the addresses of people, newest first, at most `limit`. An admin
/// whose account is gone is told by id.
pub async fn with_names(connection: &mut AnyConnection, limit: i64) -> Result<Vec<NamedHold>> {
    let sql = "select h.id, u.email as person, h.conversation_id, h.reason, coalesce(a.email, h.created_by) as placed_by, h.created_at \
               from retention_holds h join users u on u.id = h.user_id left join users a on a.id = h.created_by \
               where h.kind = 'hold' and h.released_at is null order by h.created_at desc, h.id desc limit $1";
    Ok(sqlx::query_as(sql)
        .bind(limit)
        .fetch_all(connection)
        .await?)
}

/// How many of admins' holds are in force.
pub async fn count(connection: &mut AnyConnection) -> Result<i64> {
    let sql = "select count(*) from retention_holds where kind = 'hold' and released_at is null";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}
