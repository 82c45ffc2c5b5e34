-- Distributes Holly's tables over the nodes of a Citus cluster. Run it once on an empty database, after `holly migrate` and
-- before the first server (or `holly copy --to`) writes to it:
--     psql -v ON_ERROR_STOP=1 -f docs/scaling/citus.sql "$DATABASE_URL"
--
-- A test checks this file against the schema: every table is named once, every distribution column is in the table's
-- primary key and in each of its unique indexes. It has not been run on Citus yet.

-- Small, or looked up before the user is known: on every node. Other tables may refer to them.
select create_reference_table('users');
select create_reference_table('identities');
select create_reference_table('invitations');
select create_reference_table('meta');
select create_reference_table('retention_policy');
select create_reference_table('retention_lease');
select create_reference_table('retention_runs');
select create_reference_table('erasures');
select create_reference_table('audit');

-- Credentials are looked up before the user is known: one shard answers, not all.
select create_distributed_table('sessions', 'token_hash', colocate_with => 'none');
select create_distributed_table('api_keys', 'id', colocate_with => 'none');

-- Everything else belongs to a user and is stored with the user's other rows: a user's transactions stay on one node.
select create_distributed_table('heads', 'user_id');
select create_distributed_table('known_browsers', 'user_id', colocate_with => 'heads');
select create_distributed_table('conversations', 'user_id', colocate_with => 'heads');
select create_distributed_table('messages', 'user_id', colocate_with => 'heads');
select create_distributed_table('answer_parts', 'user_id', colocate_with => 'heads');
select create_distributed_table('turns', 'user_id', colocate_with => 'heads');
select create_distributed_table('removed', 'user_id', colocate_with => 'heads');
select create_distributed_table('files', 'user_id', colocate_with => 'heads');
select create_distributed_table('doomed_files', 'user_id', colocate_with => 'heads');
select create_distributed_table('work_logs', 'user_id', colocate_with => 'heads');
select create_distributed_table('work_log_stats', 'user_id', colocate_with => 'heads');
select create_distributed_table('work_log_durations', 'user_id', colocate_with => 'heads');
select create_distributed_table('work_log_hours', 'user_id', colocate_with => 'heads');
select create_distributed_table('tool_grants', 'user_id', colocate_with => 'heads');
select create_distributed_table('forgotten_grants', 'user_id', colocate_with => 'heads');
select create_distributed_table('approvals', 'user_id', colocate_with => 'heads');
select create_distributed_table('daily_use', 'user_id', colocate_with => 'heads');
select create_distributed_table('retention_holds', 'user_id', colocate_with => 'heads');
select create_distributed_table('archive_objects', 'user_id', colocate_with => 'heads');
select create_distributed_table('archive_holes', 'user_id', colocate_with => 'heads');
