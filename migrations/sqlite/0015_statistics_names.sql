-- The statistics name the models and tools of the assistant only. Names that were stored before stay
-- where SQL can see that Holly has used them: in a turn's entry that is not packed or archived, as
-- the model of an answer, or as a tool of Holly's own. Others came with entries from outside, or
-- cannot be told from these (tools of MCP servers that were not used for a while): their counts are
-- added to those without a name, which are shown as "other".
--
-- beside the previous release: no: SQLite has one server at a time
create temporary table known_names (
    source text not null,
    name text not null,
    primary key (source, name)
) strict;
insert into known_names (source, name) values
    ('tool', 'generate_image'),
    ('tool', 'generate_music'),
    ('tool', 'generate_video'),
    ('tool', 'write_note');
insert or ignore into known_names (source, name)
    select 'tool', substr(json_extract(metadata, '$.tool'), 1, 80) from work_logs
    where turn_id is not null and log_type = 'tool_call'
        and case when json_valid(metadata) then json_type(metadata, '$.tool') end = 'text';
insert or ignore into known_names (source, name)
    select 'model', substr(coalesce(json_extract(metadata, '$.modelName'),
        json_extract(metadata, '$.model')), 1, 80) from work_logs
    where turn_id is not null and log_type = 'ai_response'
        and case when json_valid(metadata) then coalesce(json_type(metadata, '$.modelName'),
            json_type(metadata, '$.model')) end = 'text';
insert or ignore into known_names (source, name)
    select 'model', substr(json_extract(facts, '$.modelName'), 1, 80) from messages
    where role = 'assistant'
        and case when json_valid(facts) then json_type(facts, '$.modelName') end = 'text';

insert into work_log_durations (user_id, day, source, name, bucket, entries, failed, fallbacks,
    tokens, first_token_ms, first_tokens)
    select user_id, day, source, '', bucket, sum(entries), sum(failed), sum(fallbacks),
        sum(tokens), sum(first_token_ms), sum(first_tokens)
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
    select user_id, hour, log_type, status, '', bucket, sum(entries), sum(fallbacks),
        sum(input_tokens), sum(output_tokens), sum(first_token_ms), sum(first_tokens)
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
drop table known_names;
