-- The work log. An entry is one row that moves; while it is `working` it holds a lease.
create table work_logs (
    user_id text not null references users (id) on delete cascade,
    id text not null,
    conversation_id text,
    parent_id text,
    turn_id text,
    log_type text not null,
    status text not null,
    title text not null,
    details text,
    metadata text not null,
    duration_ms integer,
    storage_status text not null,
    created_at integer not null,
    updated_at integer not null,
    kept_at integer,
    archived_at integer,
    lease_until integer,
    idempotency_key text,
    idempotency_hash text,
    rev integer not null,
    primary key (user_id, id)
) strict;
-- "what did I miss"
create unique index work_logs_by_rev on work_logs (user_id, rev);
-- a conversation's page, newest first
create index work_logs_of_conversation on work_logs (user_id, conversation_id, id);
-- "was this request already carried out"
create unique index work_logs_by_idempotency_key on work_logs (user_id, idempotency_key) where idempotency_key is not null;
-- "which entries lost their worker"
create index work_logs_by_lease on work_logs (lease_until) where status = 'working';
-- a turn's entries, to renew and to settle them
create index work_logs_of_turn on work_logs (user_id, turn_id) where turn_id is not null;

-- Running totals, changed in the transactions that change the rows. Totals outlive the entries they count:
-- a deleted entry moves to the tier `deleted`.
create table work_log_stats (
    user_id text not null,
    day integer not null,
    log_type text not null,
    status text not null,
    tier text not null,
    entries integer not null,
    bytes integer not null,
    duration_ms integer not null,
    input_tokens integer not null,
    output_tokens integer not null,
    primary key (user_id, day, log_type, status, tier)
) strict;
