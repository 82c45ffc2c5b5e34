-- An approval is a row of its own: what may run, bound to hashes of the arguments and of the tool's
-- definition. What entries show is a copy of it. Approvals that still wait have no such row and are
-- settled when the database is opened ('old_approvals' below). "Always" grants were not bound to a
-- definition: they are forgotten, and Settings says so until its user has seen it.
--
-- beside the previous release: no: it takes a decision from what an entry shows
create table approvals (
    user_id text collate "C" not null references users (id) on delete cascade,
    entry_id text collate "C" not null,
    conversation_id text collate "C" not null,
    turn_id text collate "C" not null,
    call_id text collate "C" not null,
    server text collate "C" not null,
    tool text collate "C" not null,
    definition_hash text collate "C" not null,
    arguments_hash text collate "C" not null,
    title text collate "C" not null,
    shown text collate "C" not null,
    state text collate "C" not null,
    until bigint not null,
    decision text collate "C",
    decided_by text collate "C",
    changed_at bigint not null,
    primary key (user_id, entry_id)
);
-- deleted with its conversation
create index approvals_of_conversation on approvals (user_id, conversation_id);

create table forgotten_grants (
    user_id text collate "C" not null references users (id) on delete cascade,
    tool text collate "C" not null,
    primary key (user_id, tool)
);
insert into forgotten_grants (user_id, tool) select user_id, tool from tool_grants;

drop table tool_grants;
create table tool_grants (
    user_id text collate "C" not null references users (id) on delete cascade,
    server text collate "C" not null,
    tool text collate "C" not null,
    definition_hash text collate "C" not null,
    granted_at bigint not null,
    primary key (user_id, server, tool)
);

insert into meta (name, value)
    select 'old_approvals', 'waiting' from work_logs where status = 'working' limit 1;
