-- The statistics name the models and tools of the assistant only. Names that were stored before stay
-- where SQL can see that Holly has used them: in a turn's entry that is not packed or archived, as
-- the model of an answer, or as a tool of Holly's own. Others came with entries from outside, or
-- cannot be told from these (tools of MCP servers that were not used for a while): their counts are
-- added to those without a name, which are shown as "other".
--
-- beside the previous release: yes: what it counts meanwhile keeps names of entries from outside
insert into meta (name, value) values ('beside_15', '11')
    on conflict (name) do update set value = excluded.value;
create temporary table known_names (
    source text collate "C" not null,
    name text collate "C" not null,
    primary key (source, name)
) on commit drop;
insert into known_names (source, name) values
    ('tool', 'generate_image'),
    ('tool', 'generate_music'),
    ('tool', 'generate_video'),
    ('tool', 'write_note');
insert into known_names (source, name)
    select distinct 'tool', substring(metadata from '"tool":"([^"\\]{1,80})[^"\\]*"') from work_logs
    where turn_id is not null and log_type = 'tool_call'
        and metadata ~ '"tool":"[^"\\]+"'
    on conflict do nothing;
insert into known_names (source, name)
    select distinct 'model', coalesce(
        substring(metadata from '"modelName":"([^"\\]{1,80})[^"\\]*"'),
        substring(metadata from '"model":"([^"\\]{1,80})[^"\\]*"')) from work_logs
    where turn_id is not null and log_type = 'ai_response'
        and metadata ~ '"(modelName|model)":"[^"\\]+"'
    on conflict do nothing;
insert into known_names (source, name)
    select distinct 'model', substring(facts from '"modelName":"([^"\\]{1,80})[^"\\]*"')
    from messages
    where role = 'assistant' and facts ~ '"modelName":"[^"\\]+"'
    on conflict do nothing;

insert into work_log_durations (user_id, day, source, name, bucket, entries, failed, fallbacks,
    tokens, first_token_ms, first_tokens)
    select user_id, day, source, '', bucket, cast(sum(entries) as bigint),
        cast(sum(failed) as bigint), cast(sum(fallbacks) as bigint),
        cast(sum(tokens) as bigint), cast(sum(first_token_ms) as bigint),
        cast(sum(first_tokens) as bigint)
    from work_log_durations
    where name <> '' and (source, name) not in (select source, name from known_names)
    group by user_id, day, source, bucket
    on conflict (user_id, day, source, name, bucket) do update set
        entries = work_log_durations.entries + excluded.entries,
        failed = work_log_durations.failed + excluded.failed,
        fallbacks = work_log_durations.fallbacks + excluded.fallbacks,
        tokens = work_log_durations.tokens + excluded.tokens,
        first_token_ms = work_log_durations.first_token_ms + excluded.first_token_ms,
        first_tokens = work_log_durations.first_tokens + excluded.first_tokens;
delete from work_log_durations
    where name <> '' and (source, name) not in (select source, name from known_names);

insert into work_log_hours (user_id, hour, log_type, status, name, bucket, entries, fallbacks,
    input_tokens, output_tokens, first_token_ms, first_tokens)
    select user_id, hour, log_type, status, '', bucket, cast(sum(entries) as bigint),
        cast(sum(fallbacks) as bigint),
        cast(sum(input_tokens) as bigint), cast(sum(output_tokens) as bigint),
        cast(sum(first_token_ms) as bigint), cast(sum(first_tokens) as bigint)
    from work_log_hours
    where name <> '' and (case log_type when 'ai_response' then 'model' else 'tool' end, name)
        not in (select source, name from known_names)
    group by user_id, hour, log_type, status, bucket
    on conflict (user_id, hour, log_type, status, name, bucket) do update set
        entries = work_log_hours.entries + excluded.entries,
        fallbacks = work_log_hours.fallbacks + excluded.fallbacks,
        input_tokens = work_log_hours.input_tokens + excluded.input_tokens,
        output_tokens = work_log_hours.output_tokens + excluded.output_tokens,
        first_token_ms = work_log_hours.first_token_ms + excluded.first_token_ms,
        first_tokens = work_log_hours.first_tokens + excluded.first_tokens;
delete from work_log_hours
    where name <> '' and (case log_type when 'ai_response' then 'model' else 'tool' end, name)
        not in (select source, name from known_names);
