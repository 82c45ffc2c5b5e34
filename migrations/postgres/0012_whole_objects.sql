-- An object of the archive is listed whole, in the transaction that deletes its rows. What an earlier
-- release left half filled ends here: the tombstone '>ID' says that no entry behind ID counts in it.
-- Each of those is a row still, or was deleted or moved elsewhere since, so a tombstone for each row
-- would not do. The next run rewrites such an object without them.
--
-- A server of the last release may run beside this one until it is replaced. A run that it has begun
-- ends here, and later ones fail where they would fill an object a few rows at a time (the check
-- below); they lose nothing. Objects that were half filled it cannot read until the next run of this
-- release has rewritten them.
update retention_lease set fence = fence + 1, until = 0 where id = 1;
alter table archive_objects
    add constraint archive_objects_listed_whole check (moved_to is null) not valid;
insert into archive_holes (user_id, key, entry_id)
    select user_id, key, '>' || moved_to from archive_objects
    where state = 'active' and moved_to is not null;
update archive_objects set moved_to = null where moved_to is not null;
alter table archive_objects validate constraint archive_objects_listed_whole;
drop index archive_objects_moving;
