-- An object of the archive is listed whole, in the transaction that deletes its rows. What an earlier
-- release left half filled ends here: the tombstone '>ID' says that no entry behind ID counts in it.
-- Each of those is a row still, or was deleted or moved elsewhere since, so a tombstone for each row
-- would not do. The next run rewrites such an object without them.
--
-- beside the previous release: no: SQLite has one server at a time
insert into archive_holes (user_id, key, entry_id)
    select user_id, key, '>' || moved_to from archive_objects
    where state = 'active' and moved_to is not null;
update archive_objects set moved_to = null where moved_to is not null;
drop index archive_objects_moving;
