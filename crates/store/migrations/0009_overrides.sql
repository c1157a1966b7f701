-- Checks before a flight that a named person takes upon himself, and the use of each in the chain of the sortie.

-- An override: for everything that starts from a dock, or for one sortie, until an instant of the city's clock.
create table gate_override (
    override_id text not null,
    check_name text not null,
    dock_id text,
    sortie_id text,
    actor text not null,
    role text not null,
    reason text not null,
    given_at_us bigint not null,
    until_us bigint not null,
    withdrawn_at_us bigint,
    withdrawn_by text,
    constraint gate_override_pk primary key (override_id),
    constraint gate_override_one_scope check ((dock_id is null) <> (sortie_id is null)),
    constraint gate_override_said check (length(actor) > 0 and length(reason) > 0),
    constraint gate_override_limited check (until_us > given_at_us),
    constraint gate_override_withdrawn_whole check ((withdrawn_at_us is null) = (withdrawn_by is null))
);
create index gate_override_by_until on gate_override (until_us);

-- The chain of a sortie also holds the use of an override: no move, so neither a from nor a to. Neither engine can
-- alter a check in place, so the rows move out and back in as they are; their hashes stay valid.
create table event_before as select * from event;
drop table event;
create table event (
    event_seq bigint not null,
    subject_kind text not null,
    subject_id text not null,
    subject_seq bigint not null,
    at_us bigint not null,
    actor text not null,
    role text not null,
    kind text not null,
    from_state text,
    to_state text,
    reason text,
    note text,
    payload_json text,
    prev_hash text,
    hash text not null,
    constraint event_pk primary key (event_seq),
    constraint event_subject_seq_unique unique (subject_kind, subject_id, subject_seq),
    constraint event_subject_kind_known check (subject_kind in ('photo', 'lead', 'sortie')),
    -- The moves a lead may make (casework::lead::MOVES; a test compares). Where an undo may lead depends on the
    -- history and is checked by the program.
    constraint event_lead_move_legal check (subject_kind <> 'lead' or kind = 'undo'
        or (kind = 'created' and from_state is null and to_state = 'candidate')
        or (from_state is not null and to_state is not null and kind || ':' || from_state || ':' || to_state in (
            'confirm:candidate:second_review', 'confirm:candidate:confirmed', 'confirm:second_review:confirmed',
            'false_alarm:candidate:false_alarm', 'false_alarm:second_review:false_alarm',
            'known_stock:candidate:known_stock', 'known_stock:second_review:known_stock',
            'fly_again:candidate:fly_again', 'fly_again:second_review:fly_again',
            'seen_again:fly_again:candidate',
            'sighted:candidate:candidate', 'sighted:second_review:second_review', 'sighted:confirmed:confirmed',
            'sighted:false_alarm:false_alarm', 'sighted:known_stock:known_stock', 'sighted:fly_again:fly_again'))),
    -- The moves a flight may make (schedule::sortie::MOVES; a test compares).
    constraint event_sortie_move_legal check (subject_kind <> 'sortie'
        or (kind = 'created' and from_state is null and to_state is not null and to_state = 'due')
        or (kind = 'overridden' and from_state is null and to_state is null and reason is not null)
        or (kind = 'moved' and from_state is not null and to_state is not null and from_state || ':' || to_state in (
            'due:preparing', 'due:refused', 'preparing:launching', 'preparing:refused',
            'launching:flying', 'launching:returning', 'launching:landed', 'launching:refused', 'launching:failed',
            'flying:returning', 'flying:landed', 'flying:failed', 'returning:landed', 'returning:failed',
            'landed:closed')))
);
insert into event (event_seq, subject_kind, subject_id, subject_seq, at_us, actor, role, kind, from_state, to_state,
        reason, note, payload_json, prev_hash, hash)
    select event_seq, subject_kind, subject_id, subject_seq, at_us, actor, role, kind, from_state, to_state,
        reason, note, payload_json, prev_hash, hash from event_before order by event_seq;
drop table event_before;
