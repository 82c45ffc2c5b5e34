-- Conversations and what is said in them. Every change takes the next revision of its owner from `heads` in the
-- same transaction, so that "what did I miss" is one range of revisions without holes.
create table heads (
    user_id text not null primary key references users (id) on delete cascade,
    head integer not null,
    -- cursors below it cannot be continued: what was removed before is no longer listed
    floor integer not null
) strict;

create table conversations (
    user_id text not null references users (id) on delete cascade,
    id text not null,
    title text not null,
    running_turn_id text,
    created_at integer not null,
    updated_at integer not null,
    rev integer not null,
    primary key (user_id, id)
) strict;
-- "what did I miss"
create unique index conversations_by_rev on conversations (user_id, rev);
-- the list, newest first
create index conversations_by_use on conversations (user_id, updated_at);

create table messages (
    user_id text not null references users (id) on delete cascade,
    id text not null,
    conversation_id text not null,
    turn_id text,
    role text not null,
    content text not null,
    status text not null,
    facts text not null,
    created_at integer not null,
    updated_at integer not null,
    rev integer not null,
    primary key (user_id, id)
) strict;
-- "what did I miss"
create unique index messages_by_rev on messages (user_id, rev);
-- a conversation's page, newest first
create index messages_of_conversation on messages (user_id, conversation_id, id);

-- A turn answers one message. Whoever works on it renews its lease; when that stops, anybody may settle it.
create table turns (
    user_id text not null references users (id) on delete cascade,
    id text not null,
    conversation_id text not null,
    worker text not null,
    lease_until integer not null,
    stop_requested_at integer,
    ended_at integer,
    created_at integer not null,
    primary key (user_id, id)
) strict;
-- "which turns lost their worker"
create index turns_by_lease on turns (lease_until) where ended_at is null;

-- What is gone, so that readers who were away learn of it.
create table removed (
    user_id text not null references users (id) on delete cascade,
    rev integer not null,
    kind text not null,
    id text not null,
    removed_at integer not null,
    primary key (user_id, rev)
) strict;

-- Files that tools made; the bytes lie in the data folder.
create table files (
    user_id text not null references users (id) on delete cascade,
    id text not null,
    conversation_id text not null,
    media_type text not null,
    name text not null,
    bytes integer not null,
    created_at integer not null,
    primary key (user_id, id)
) strict;
-- "delete a conversation with its files"
create index files_of_conversation on files (user_id, conversation_id);
