-- Who did what: sign-ins, and changes to accounts, keys, holds and roles. People by id only.
--
-- beside the previous release: no: SQLite has one server at a time
create table audit (
    id text primary key,
    at integer not null,
    action text not null,
    outcome text not null,
    actor_id text,
    subject_id text,
    network text,
    detail text
) strict;
create index audit_by_time on audit (at);
