-- migrate:up
-- An expression that belongs to a table (a check constraint, a generated column) is parsed from its stored text at every statement that
-- writes to the table: three of them took a quarter of an append. The same rules without them: a trigger checks the name and sets the
-- category of a new stream, whose name never changes.
-- The other table of the log has a migration of its own: a transaction that waits for one of them while it has locked the other would
-- be in a deadlock with appends and reads.
alter table eventstore.streams drop constraint streams_name_size;
alter table eventstore.streams alter column category drop expression;

create function eventstore.name_stream() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if octet_length(new.name) not between 1 and 512 then
        raise exception 'the name of a stream has 0 or more than 512 bytes' using errcode = 'check_violation', constraint = 'streams_name_size';
    end if;
    new.category := split_part(new.name, '-', 1);
    return new;
end $$;
revoke all on function eventstore.name_stream() from public;
create trigger named before insert on eventstore.streams for each row execute function eventstore.name_stream();
drop trigger append_only on eventstore.streams;
create trigger append_only before delete or truncate or update of stream_id, name, category on eventstore.streams
    for each statement execute function eventstore.refuse_change();

-- migrate:down
drop trigger named on eventstore.streams;
drop trigger append_only on eventstore.streams;
create trigger append_only before delete or truncate or update of stream_id, name on eventstore.streams
    for each statement execute function eventstore.refuse_change();
drop function eventstore.name_stream();
alter table eventstore.streams add constraint streams_name_size check (octet_length(name) between 1 and 512);
alter table eventstore.streams drop column category;
alter table eventstore.streams
    add column category text collate "C" not null generated always as (split_part(name, '-', 1)) stored;
