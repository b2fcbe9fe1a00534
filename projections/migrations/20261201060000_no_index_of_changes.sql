-- migrate:up

-- Every event of an order changed it, and no query is left that used it.
drop index projections.order_dashboard_updated;

-- migrate:down
create index order_dashboard_updated on projections.order_dashboard (updated_at);
