-- What a person lets the assistant do without asking again, one row a tool; revoked by deleting the row.
create table tool_grants (
    user_id text not null references users (id) on delete cascade,
    tool text not null,
    granted_at integer not null,
    primary key (user_id, tool)
) strict;

-- The files a person attached to a message, as JSON; the bytes are among the conversation's files.
alter table messages add column attachments text;
