-- migrate:up

-- Orders of a period, newest first; and those that something happened to today.
create index order_dashboard_by_time on projections.order_dashboard (placed_at, placed_position);
create index order_dashboard_updated on projections.order_dashboard (updated_at);

-- migrate:down
drop index projections.order_dashboard_updated;
drop index projections.order_dashboard_by_time;
