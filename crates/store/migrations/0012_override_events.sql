-- Giving and withdrawing an override are events in the chain like every other move. Neither engine can alter a check in
-- place, so the rows move out and back in as they are; their hashes stay valid. Overrides from before get their event
-- when the program next opens the database: a hash cannot be computed here.
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
    constraint event_subject_kind_known check (subject_kind in ('photo', 'lead', 'sortie', 'override')),
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
            'landed:closed'))),
    -- An override is given and perhaps withdrawn, each in somebody's name; giving needs a reason.
    constraint event_override_move_legal check (subject_kind <> 'override'
        or (kind = 'given' and from_state is null and to_state is not null and to_state = 'in_force'
            and reason is not null)
        or (kind = 'withdrawn' and from_state is not null and from_state = 'in_force'
            and to_state is not null and to_state = 'withdrawn'))
);
insert into event (event_seq, subject_kind, subject_id, subject_seq, at_us, actor, role, kind, from_state, to_state,
        reason, note, payload_json, prev_hash, hash)
    select event_seq, subject_kind, subject_id, subject_seq, at_us, actor, role, kind, from_state, to_state,
        reason, note, payload_json, prev_hash, hash from event_before order by event_seq;
drop table event_before;
