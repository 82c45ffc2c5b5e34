//! Holds that exempt entries from retention: conversations kept by their owner, and holds of
//! admins.

use crate::{
    domain::{
        ids::{ConversationId, UserId},
        time::Timestamp,
    },
    server::{
        base::masking::mask,
        store::{Result, Tx},
    },
};
use sqlx::AnyConnection;

/// SQL: whether a hold covers a row of this table, other than through columns of the row itself.
macro_rules! held {
    ($table:literal) => {
        concat!(
            "exists (select 1 from ",
            $crate::server::store::holds::holds_over!($table),
            ")"
        )
    };
}

/// SQL: the kind of hold on a row of this table; an admin's (`hold`) precedes the owner's (`keep`).
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
            ".user_id and h.released_at is null and (h.conversation_id is null or \
             h.conversation_id = ",
            $table,
            ".conversation_id)"
        )
    };
}

pub(in crate::server::store) use {held, held_by, holds_over};

/// An exemption from retention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: String,
    /// The admin's reason.
    pub reason: String,
    /// The user who placed it.
    pub created_by: String,
    /// When it was placed, in milliseconds since the epoch.
    pub created_at: i64,
}

/// Who exempts entries from retention.
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

/// Places a hold.
pub async fn place(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: Option<ConversationId>,
    kind: HoldKind,
    hold: &Hold,
) -> Result<()> {
    let sql = "insert into retention_holds (user_id, id, conversation_id, kind, reason, \
               created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(&hold.id)
        .bind(conversation.map(|id| id.to_string()))
        .bind(kind.as_str());
    query
        .bind(mask(&hold.reason).0)
        .bind(&hold.created_by)
        .bind(hold.created_at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Releases an admin's hold. Returns `false` if no active hold has this id.
pub async fn release(tx: &mut Tx<'_>, id: &str, now: Timestamp) -> Result<bool> {
    let sql = "update retention_holds set released_at = $2 where id = $1 and kind = 'hold' and \
               released_at is null";
    Ok(sqlx::query(sql)
        .bind(id)
        .bind(now.millis())
        .execute(&mut **tx)
        .await?
        .rows_affected()
        == 1)
}

/// Entries that holds must no longer cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    /// All of a user's entries.
    Everything,
    /// The entries of a conversation, or those outside any.
    Conversation(Option<ConversationId>),
}

/// Releases admins' holds that cover these entries.
pub async fn release_over(
    tx: &mut Tx<'_>,
    user: UserId,
    covered: Covered,
    now: Timestamp,
) -> Result<()> {
    let (everything, conversation) = match covered {
        Covered::Everything => (1, None),
        Covered::Conversation(id) => (0, id),
    };
    let sql = "update retention_holds set released_at = $4 where user_id = $1 and kind = 'hold' \
               and released_at is null \
               and ($2 = 1 or conversation_id is null or conversation_id = $3)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(everything)
        .bind(conversation.map(|id| id.to_string()));
    query.bind(now.millis()).execute(&mut **tx).await?;
    Ok(())
}

/// Releases the owner's hold on a conversation.
pub async fn release_keep(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: ConversationId,
    now: Timestamp,
) -> Result<()> {
    let sql = "update retention_holds set released_at = $3 where user_id = $1 and conversation_id \
               = $2 and kind = 'keep' and released_at is null";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(conversation.to_string())
        .bind(now.millis())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether an active hold of this kind covers the user's entries, or those of one conversation.
pub async fn in_force(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: Option<ConversationId>,
    kind: HoldKind,
) -> Result<bool> {
    let sql = "select 1 from retention_holds where user_id = $1 and kind = $3 and released_at is \
               null and (conversation_id is null or conversation_id = $2) limit 1";
    let query = sqlx::query_scalar::<_, i64>(sql)
        .bind(user.to_string())
        .bind(conversation.map(|id| id.to_string()));
    Ok(query
        .bind(kind.as_str())
        .fetch_optional(connection)
        .await?
        .is_some())
}

/// Whether any active hold covers the user's entries, or those of one conversation.
pub async fn protects(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: Option<ConversationId>,
) -> Result<bool> {
    let kept = in_force(connection, user, conversation, HoldKind::Keep).await?;
    Ok(kept || in_force(connection, user, conversation, HoldKind::Hold).await?)
}

/// Whether an admin holds any of the user's entries.
pub async fn any_of(connection: &mut AnyConnection, user: UserId) -> Result<bool> {
    let sql = "select 1 from retention_holds where user_id = $1 and kind = 'hold' and released_at \
               is null limit 1";
    Ok(sqlx::query_scalar::<_, i64>(sql)
        .bind(user.to_string())
        .fetch_optional(connection)
        .await?
        .is_some())
}

/// An admin's hold with addresses.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct NamedHold {
    /// Its id.
    pub id: String,
    /// The address of the user whose entries it covers.
    pub person: String,
    /// The conversation it is limited to.
    pub conversation_id: Option<String>,
    /// The admin's reason.
    pub reason: String,
    /// The address of the admin who placed it.
    pub placed_by: String,
    /// When it was placed, in milliseconds since the epoch.
    pub created_at: i64,
}

/// Active holds of admins with addresses, newest first, at most `limit`. A deleted admin is given
/// by id.
pub async fn with_names(connection: &mut AnyConnection, limit: i64) -> Result<Vec<NamedHold>> {
    let sql = "select h.id, u.email as person, h.conversation_id, h.reason, coalesce(a.email, \
               h.created_by) as placed_by, h.created_at \
               from retention_holds h join users u on u.id = h.user_id left join users a on a.id \
               = h.created_by \
               where h.kind = 'hold' and h.released_at is null order by h.created_at desc, h.id \
               desc limit $1";
    Ok(sqlx::query_as(sql)
        .bind(limit)
        .fetch_all(connection)
        .await?)
}

/// Number of active holds of admins.
pub async fn count(connection: &mut AnyConnection) -> Result<i64> {
    let sql = "select count(*) from retention_holds where kind = 'hold' and released_at is null";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}
