-- The work log. An entry is one row that moves; while it is `working` it holds a lease.
create table work_logs (
    user_id text collate "C" not null references users (id) on delete cascade,
    id text collate "C" not null,
    conversation_id text collate "C",
    parent_id text collate "C",
    turn_id text collate "C",
    log_type text collate "C" not null,
    status text collate "C" not null,
    title text collate "C" not null,
    details text collate "C",
    metadata text collate "C" not null,
    duration_ms bigint,
    storage_status text collate "C" not null,
    created_at bigint not null,
    updated_at bigint not null,
    kept_at bigint,
    archived_at bigint,
    lease_until bigint,
    idempotency_key text collate "C",
    idempotency_hash text collate "C",
    rev bigint not null,
    primary key (user_id, id)
);
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
    user_id text collate "C" not null,
    day bigint not null,
    log_type text collate "C" not null,
    status text collate "C" not null,
    tier text collate "C" not null,
    entries bigint not null,
    bytes bigint not null,
    duration_ms bigint not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    primary key (user_id, day, log_type, status, tier)
);
