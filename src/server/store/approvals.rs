//! Tool calls that need their owner's permission, one row each. Whether a call may run is decided
//! by this row alone; the entry shows a copy of its state. A row lives as long as its entry's.

use super::{Result, Tx, parse_column, parse_optional, tool_grants::ToolIdentity, turns::TurnRef};
use crate::{
    domain::{
        Approval,
        ids::{ConversationId, EntryId, UserId},
        time::Timestamp,
    },
    server::base::error::StoreError,
};
use sqlx::AnyConnection;

/// A call of a tool, as it was asked about: another call, other arguments or another definition
/// are not equal to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundCall {
    /// The model's id of the call.
    pub call_id: String,
    /// The tool.
    pub tool: ToolIdentity,
    /// SHA-256 of the arguments as canonical JSON.
    pub arguments_hash: String,
}

/// A tool call and the permission for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolApproval {
    /// The turn that asks.
    pub turn: TurnRef,
    /// The entry that shows the question.
    pub entry_id: EntryId,
    /// What may run.
    pub call: BoundCall,
    /// The title that the user sees.
    pub title: String,
    /// The arguments as the user sees them.
    pub shown: String,
    /// When the question expires, or would have.
    pub until: Timestamp,
    /// Whether it may run.
    pub state: Approval,
}

#[derive(sqlx::FromRow)]
struct ApprovalRow {
    user_id: String,
    entry_id: String,
    conversation_id: String,
    turn_id: String,
    call_id: String,
    server: String,
    tool: String,
    definition_hash: String,
    arguments_hash: String,
    title: String,
    shown: String,
    state: String,
    until: i64,
    decision: Option<String>,
    decided_by: Option<String>,
    changed_at: i64,
}

impl ApprovalRow {
    fn read(self) -> Result<ToolApproval> {
        let state = self.state()?;
        Ok(ToolApproval {
            turn: TurnRef {
                user_id: parse_column("user_id", &self.user_id)?,
                id: parse_column("turn_id", &self.turn_id)?,
                conversation_id: parse_column("conversation_id", &self.conversation_id)?,
            },
            entry_id: parse_column("entry_id", &self.entry_id)?,
            call: BoundCall {
                call_id: self.call_id,
                tool: ToolIdentity {
                    server: self.server,
                    name: self.tool,
                    definition_hash: self.definition_hash,
                },
                arguments_hash: self.arguments_hash,
            },
            title: self.title,
            shown: self.shown,
            until: Timestamp::from_millis(self.until),
            state,
        })
    }

    fn state(&self) -> Result<Approval> {
        let at = Timestamp::from_millis(self.changed_at);
        let decision = parse_optional("decision", self.decision.as_deref())?;
        let by = parse_optional("decided_by", self.decided_by.as_deref())?;
        match (self.state.as_str(), decision, by) {
            ("waiting", ..) => Ok(Approval::Waiting {
                until: Timestamp::from_millis(self.until),
            }),
            ("lapsed", ..) => Ok(Approval::Lapsed { at }),
            ("decided", Some(decision), Some(by)) => Ok(Approval::Decided { decision, by, at }),
            (other, ..) => Err(StoreError::Corrupt {
                what: "approval",
                why: format!("its state is {other}"),
            }),
        }
    }
}

/// The values of the columns `state`, `decision`, `decided_by` and `changed_at`.
type StateColumns = (&'static str, Option<&'static str>, Option<String>, i64);

fn columns(state: Approval, now: Timestamp) -> StateColumns {
    match state {
        Approval::Waiting { .. } => ("waiting", None, None, now.millis()),
        Approval::Lapsed { at } => ("lapsed", None, None, at.millis()),
        Approval::Decided { decision, by, at } => (
            "decided",
            Some(decision.as_str()),
            Some(by.to_string()),
            at.millis(),
        ),
    }
}

/// Adds an approval, in the transaction that adds its entry.
pub async fn insert(tx: &mut Tx<'_>, now: Timestamp, approval: &ToolApproval) -> Result<()> {
    let sql = "insert into approvals (user_id, entry_id, conversation_id, turn_id, call_id, \
               server, tool, definition_hash, arguments_hash, title, shown, until, state, \
               decision, decided_by, changed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
               $10, $11, $12, $13, $14, $15, $16)";
    let ToolApproval { turn, call, .. } = approval;
    let (state, decision, by, at) = columns(approval.state, now);
    let query = sqlx::query(sql)
        .bind(turn.user_id.to_string())
        .bind(approval.entry_id.to_string())
        .bind(turn.conversation_id.to_string())
        .bind(turn.id.to_string())
        .bind(&call.call_id);
    let query = query
        .bind(&call.tool.server)
        .bind(&call.tool.name)
        .bind(&call.tool.definition_hash)
        .bind(&call.arguments_hash);
    let query = query
        .bind(&approval.title)
        .bind(&approval.shown)
        .bind(approval.until.millis());
    query
        .bind(state)
        .bind(decision)
        .bind(by)
        .bind(at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The approval of one of the owner's entries.
pub async fn find(
    connection: &mut AnyConnection,
    user: UserId,
    entry: EntryId,
) -> Result<Option<ToolApproval>> {
    let sql = "select user_id, entry_id, conversation_id, turn_id, call_id, server, tool, \
               definition_hash, arguments_hash, title, shown, state, until, decision, \
               decided_by, changed_at from approvals where user_id = $1 and entry_id = $2";
    let row: Option<ApprovalRow> = sqlx::query_as(sql)
        .bind(user.to_string())
        .bind(entry.to_string())
        .fetch_optional(connection)
        .await?;
    row.map(ApprovalRow::read).transpose()
}

/// Ends the waiting of an approval that was read in this transaction, after the owner was locked.
pub async fn settle(
    tx: &mut Tx<'_>,
    now: Timestamp,
    approval: &ToolApproval,
    state: Approval,
) -> Result<()> {
    let sql = "update approvals set state = $3, decision = $4, decided_by = $5, changed_at = $6 \
               where user_id = $1 and entry_id = $2 and state = 'waiting'";
    let (state, decision, by, at) = columns(state, now);
    sqlx::query(sql)
        .bind(approval.turn.user_id.to_string())
        .bind(approval.entry_id.to_string())
        .bind(state)
        .bind(decision)
        .bind(by)
        .bind(at)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Deletes the approvals of entries whose rows are deleted.
pub(super) async fn delete(tx: &mut Tx<'_>, user: UserId, entries: &[EntryId]) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let ids = super::placeholders(2, 1, entries.len(), "");
    let sql = format!("delete from approvals where user_id = $1 and entry_id in {ids}");
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user.to_string());
    let query = entries
        .iter()
        .fold(query, |query, id| query.bind(id.to_string()));
    query.execute(&mut **tx).await?;
    Ok(())
}

/// Deletes the approvals of a conversation.
pub(super) async fn delete_of_conversation(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: ConversationId,
) -> Result<()> {
    let sql = "delete from approvals where user_id = $1 and conversation_id = $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(conversation.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
