-- migrate:up

-- The latest audit, so that its age and its findings can be watched by a system that did not run it.
create table eventstore.last_audit (
    only_row boolean primary key default true check (only_row),
    ended_at timestamptz not null,
    findings bigint not null,
    held_at  timestamptz,
    constraint last_audit_findings_not_negative check (findings >= 0)
);
comment on table eventstore.last_audit is 'one row once an audit has run; none before';
comment on column eventstore.last_audit.held_at is 'end of the latest audit without findings; null where none was without';
grant select, insert, update on eventstore.last_audit to orders_app;

-- migrate:down
drop table eventstore.last_audit;
