-- An approval is a row of its own: what may run, bound to hashes of the arguments and of the tool's
-- definition. What entries show is a copy of it. Approvals that still wait have no such row and are
-- settled when the database is opened ('old_approvals' below). "Always" grants were not bound to a
-- definition: they are forgotten, and Settings says so until its user has seen it.
--
-- beside the previous release: no: SQLite has one server at a time
create table approvals (
    user_id text not null references users (id) on delete cascade,
    entry_id text not null,
    conversation_id text not null,
    turn_id text not null,
    call_id text not null,
    server text not null,
    tool text not null,
    definition_hash text not null,
    arguments_hash text not null,
    title text not null,
    shown text not null,
    state text not null,
    until integer not null,
    decision text,
    decided_by text,
    changed_at integer not null,
    primary key (user_id, entry_id)
) strict;
-- deleted with its conversation
create index approvals_of_conversation on approvals (user_id, conversation_id);

create table forgotten_grants (
    user_id text not null references users (id) on delete cascade,
    tool text not null,
    primary key (user_id, tool)
) strict;
insert into forgotten_grants (user_id, tool) select user_id, tool from tool_grants;

drop table tool_grants;
create table tool_grants (
    user_id text not null references users (id) on delete cascade,
    server text not null,
    tool text not null,
    definition_hash text not null,
    granted_at integer not null,
    primary key (user_id, server, tool)
) strict;

insert into meta (name, value)
    select 'old_approvals', 'waiting' from work_logs where status = 'working' limit 1;
