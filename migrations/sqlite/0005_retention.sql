-- Ninety days in tiers. Rows of the hot and warm tier stay in `work_logs`; cold and archived entries lie in objects outside
-- the database, of which a manifest row stays. A change of tier takes no revision: what a reader holds is still right.

-- The ages at which tiers end, in days; the settings, as the server that runs last declared them.
create table retention_policy (
    id integer not null primary key check (id = 1),
    hot_days integer not null,
    warm_days integer not null,
    cold_days integer not null
) strict;
insert into retention_policy (id, hot_days, warm_days, cold_days) values (1, 7, 30, 90);

-- warm: details and metadata, packed; `details` is then null and `metadata` empty
alter table work_logs add column packed blob;
-- "what is due", and the oldest of a tier
create index work_logs_by_age on work_logs (storage_status, created_at);

-- bytes as they are stored, beside `bytes` as they were written
alter table work_log_stats add column stored_bytes integer not null default 0;
update work_log_stats set stored_bytes = bytes where tier <> 'deleted';

-- "the last so many days", of everybody
create index work_log_stats_by_day on work_log_stats (day);

-- How long models and tools took: entries by logarithmic bucket of their duration, so that p50 and p95 cost the same however many
-- entries there are. Like the totals they outlive the entries.
create table work_log_durations (
    user_id text not null,
    day integer not null,
    source text not null,
    name text not null,
    bucket integer not null,
    entries integer not null,
    failed integer not null,
    fallbacks integer not null,
    tokens integer not null,
    first_token_ms integer not null,
    first_tokens integer not null,
    primary key (user_id, day, source, name, bucket)
) strict;
create index work_log_durations_by_day on work_log_durations (day);

-- What does not expire: conversations that their owner keeps (`keep`), people and conversations that an admin holds (`hold`).
create table retention_holds (
    user_id text not null references users (id) on delete cascade,
    id text not null,
    conversation_id text,
    kind text not null,
    reason text not null,
    created_by text not null,
    created_at integer not null,
    released_at integer,
    primary key (user_id, id)
) strict;
-- "does it expire"
create index retention_holds_in_force on retention_holds (user_id, conversation_id) where released_at is null;

-- The manifest. `pending`: a name that is being written to; `active`: read back and compared, its rows are gone;
-- `doomed`: not read any more, to be deleted. An account's rows outlive the account until their objects are gone.
create table archive_objects (
    user_id text not null,
    key text not null,
    conversation_id text,
    day integer not null,
    tier text not null,
    -- 1 where each entry in it is kept by its owner
    kept integer not null,
    state text not null,
    entries integer not null,
    bytes integer not null,
    stored_bytes integer not null,
    sha256 text not null,
    -- running totals by type and status, as JSON: an object is counted out without being read
    totals text not null,
    first_id text not null,
    last_id text not null,
    first_at integer not null,
    last_at integer not null,
    archived_at integer not null,
    primary key (user_id, key)
) strict;
-- lists, newest first
create index archive_objects_of_user on archive_objects (user_id, last_id) where state = 'active';
create index archive_objects_of_conversation on archive_objects (user_id, conversation_id, last_id) where state = 'active';
-- "what expires", and the oldest of a tier
create index archive_objects_by_age on archive_objects (tier, first_at) where state = 'active';
-- what is unfinished
create index archive_objects_unfinished on archive_objects (state) where state <> 'active';

-- Entries in an object that do not count any more: deleted, or a row again. The object is rewritten without them.
create table archive_holes (
    user_id text not null,
    key text not null,
    entry_id text not null,
    primary key (user_id, key, entry_id)
) strict;

-- One runner at a time. `fence` grows with each; every transaction of a run checks that it is still its own.
create table retention_lease (
    id integer not null primary key check (id = 1),
    fence integer not null,
    until integer not null
) strict;
insert into retention_lease (id, fence, until) values (1, 0, 0);

-- What runs did.
create table retention_runs (
    id text not null primary key,
    started_at integer not null,
    report text not null
) strict;

-- What was erased on somebody's word, by the SHA-256 of its id: applied again to a backup that is restored.
create table erasures (
    subject text not null,
    kind text not null,
    erased_at integer not null,
    mirrored_at integer,
    primary key (kind, subject)
) strict;
create index erasures_to_mirror on erasures (erased_at) where mirrored_at is null;
