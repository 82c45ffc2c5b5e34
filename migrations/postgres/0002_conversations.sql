-- Conversations and what is said in them. Every change takes the next revision of its owner from `heads` in the
-- same transaction, so that "what did I miss" is one range of revisions without holes.
create table heads (
    user_id text collate "C" not null primary key references users (id) on delete cascade,
    head bigint not null,
    -- cursors below it cannot be continued: what was removed before is no longer listed
    floor bigint not null
);

create table conversations (
    user_id text collate "C" not null references users (id) on delete cascade,
    id text collate "C" not null,
    title text collate "C" not null,
    running_turn_id text collate "C",
    created_at bigint not null,
    updated_at bigint not null,
    rev bigint not null,
    primary key (user_id, id)
);
-- "what did I miss"
create unique index conversations_by_rev on conversations (user_id, rev);
-- the list, newest first
create index conversations_by_use on conversations (user_id, updated_at);

create table messages (
    user_id text collate "C" not null references users (id) on delete cascade,
    id text collate "C" not null,
    conversation_id text collate "C" not null,
    turn_id text collate "C",
    role text collate "C" not null,
    content text collate "C" not null,
    status text collate "C" not null,
    facts text collate "C" not null,
    created_at bigint not null,
    updated_at bigint not null,
    rev bigint not null,
    primary key (user_id, id)
);
-- "what did I miss"
create unique index messages_by_rev on messages (user_id, rev);
-- a conversation's page, newest first
create index messages_of_conversation on messages (user_id, conversation_id, id);

-- A turn answers one message. Whoever works on it renews its lease; when that stops, anybody may settle it.
create table turns (
    user_id text collate "C" not null references users (id) on delete cascade,
    id text collate "C" not null,
    conversation_id text collate "C" not null,
    worker text collate "C" not null,
    lease_until bigint not null,
    stop_requested_at bigint,
    ended_at bigint,
    created_at bigint not null,
    primary key (user_id, id)
);
-- "which turns lost their worker"
create index turns_by_lease on turns (lease_until) where ended_at is null;

-- What is gone, so that readers who were away learn of it.
create table removed (
    user_id text collate "C" not null references users (id) on delete cascade,
    rev bigint not null,
    kind text collate "C" not null,
    id text collate "C" not null,
    removed_at bigint not null,
    primary key (user_id, rev)
);

-- Files that tools made; the bytes lie in the data folder.
create table files (
    user_id text collate "C" not null references users (id) on delete cascade,
    id text collate "C" not null,
    conversation_id text collate "C" not null,
    media_type text collate "C" not null,
    name text collate "C" not null,
    bytes bigint not null,
    created_at bigint not null,
    primary key (user_id, id)
);
-- "delete a conversation with its files"
create index files_of_conversation on files (user_id, conversation_id);
