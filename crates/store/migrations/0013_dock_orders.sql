-- What people had docks do by hand, and what became of it.
create table dock_order (
    dock_order_id text not null,
    dock_id text not null,
    command text not null,
    actor text not null,
    reason text,
    -- On the city's clock.
    ordered_at_us bigint not null,
    ended_at_us bigint,
    -- done or failed; none while it is under way, or where the program ended before it.
    outcome text,
    -- Why, in English, where it was not done.
    why text,
    constraint dock_order_pk primary key (dock_order_id),
    constraint dock_order_said check (length(actor) > 0 and length(command) > 0),
    constraint dock_order_outcome_known check (outcome is null or outcome in ('done', 'failed')),
    constraint dock_order_ended_whole check ((ended_at_us is null) = (outcome is null))
);
create index dock_order_by_dock on dock_order (dock_id, ordered_at_us);
