-- migrate:up
-- Tags and the shop's own metadata of an order: none, in orders from before there were any.
alter table projections.order_dashboard
    add column tags jsonb not null default '[]', add column metadata jsonb not null default '{}';
alter table projections.order_dashboard alter column tags drop default, alter column metadata drop default;
-- Partial, as most orders have neither. See projections/statements.py.
create index order_dashboard_tags on projections.order_dashboard using gin (tags jsonb_path_ops) where tags <> '[]';
create index order_dashboard_metadata on projections.order_dashboard using gin (metadata jsonb_path_ops)
    where metadata <> '{}';

-- migrate:down
drop index projections.order_dashboard_metadata;
drop index projections.order_dashboard_tags;
alter table projections.order_dashboard drop column metadata, drop column tags;
