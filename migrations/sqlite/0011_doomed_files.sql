-- Files whose row is gone and whose bytes are still to be deleted. They outlive the account.
create table doomed_files (
    user_id text not null,
    id text not null,
    primary key (user_id, id)
) strict;
