-- Files whose row is gone and whose bytes are still to be deleted. They outlive the account.
create table doomed_files (
    user_id text collate "C" not null,
    id text collate "C" not null,
    primary key (user_id, id)
);
