-- The last hours in totals of their own, and objects of the archive that turned out to be damaged.

-- Totals by hour, changed in the transactions that change the rows, so that "the last 24 hours" costs the same however many
-- entries there are. They know no tier: moves and deletions leave them as they are. Retention takes out what is older than two days.
-- `name` and `bucket` are those of `work_log_durations` for settled answers and tool calls; '' and -1 for everything else.
create table work_log_hours (
    user_id text not null,
    hour integer not null,
    log_type text not null,
    status text not null,
    name text not null,
    bucket integer not null,
    entries integer not null,
    fallbacks integer not null,
    input_tokens integer not null,
    output_tokens integer not null,
    first_token_ms integer not null,
    first_tokens integer not null,
    primary key (user_id, hour, log_type, status, name, bucket)
) strict;
-- "the last so many hours", of everybody, and what is too old
create index work_log_hours_by_hour on work_log_hours (hour);

-- What is there of the last two days. Who was asked and how long that took cannot be told in SQL: models and tools begin with none.
insert into work_log_hours (user_id, hour, log_type, status, name, bucket, entries, fallbacks, input_tokens, output_tokens,
    first_token_ms, first_tokens)
select user_id, created_at / 3600000, log_type, status, '', -1, count(*), 0,
    sum(case when json_valid(metadata) then case when json_type(metadata, '$.inputTokens') = 'integer'
        then min(max(json_extract(metadata, '$.inputTokens'), 0), 1099511627776) else 0 end else 0 end),
    sum(case when json_valid(metadata) then case when json_type(metadata, '$.outputTokens') = 'integer'
        then min(max(json_extract(metadata, '$.outputTokens'), 0), 1099511627776) else 0 end else 0 end),
    0, 0
from work_logs
where storage_status in ('hot', 'warm') and created_at >= (cast(strftime('%s', 'now') as integer) / 3600 - 48) * 3600000
group by user_id, created_at / 3600000, log_type, status;

-- "what the tiers hold": totals of deleted entries stay for ever, and are not gone through for it; nor are lines of tiers that entries
-- have only passed through
delete from work_log_stats where tier <> 'deleted' and entries = 0 and stored_bytes = 0;
create index work_log_stats_by_tier on work_log_stats (tier) where tier <> 'deleted';
-- "how many holds by admins": what people keep themselves is more
create index retention_holds_by_admins on retention_holds (created_at) where kind = 'hold' and released_at is null;
-- "the last runs"
create index retention_runs_by_time on retention_runs (started_at, id);

-- since when an object is known to be damaged or missing; null while it is not
alter table archive_objects add column damaged_at integer;
-- "what needs a person"
create index archive_objects_damaged on archive_objects (key) where damaged_at is not null;
