-- Flights: what was flown, where it stands, what happened on the way, and what became of every photo.

-- The chain of events also holds the moves of flights. Neither engine can alter a check in place, so the rows
-- move out and back in as they are; their hashes stay valid.
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

-- A sortie that is flown by this program.
create table flight (
    sortie_id text not null,
    mission_name text not null,
    plan_sha256 text not null,
    mission_json text not null,
    dock_id text,
    system_id bigint not null,
    link text not null,
    slot_at_us bigint,
    state text not null,
    state_code text,
    state_note text,
    facts_json text,
    created_at_us bigint not null,
    launched_at_us bigint,
    landed_at_us bigint,
    ended_at_us bigint,
    constraint flight_pk primary key (sortie_id),
    constraint flight_sortie_fk foreign key (sortie_id) references sortie (sortie_id),
    constraint flight_plan_sha256_length check (length(plan_sha256) = 64),
    constraint flight_system_id_fits check (system_id between 1 and 255),
    constraint flight_state_known check (state in ('due', 'preparing', 'launching', 'flying', 'returning', 'landed',
        'closed', 'refused', 'failed')),
    constraint flight_end_whole check ((state in ('closed', 'refused', 'failed')) = (ended_at_us is not null))
);
-- The list pages newest first.
create index flight_by_created_at on flight (created_at_us, sortie_id);
create index flight_by_state on flight (state);
create index flight_by_dock on flight (dock_id, created_at_us);

-- Every photo of a flight, from the plan on. Once it has a file, the photo's own row says how it stands.
-- One known file may be the photo of several shots; the same flight flown twice by a simulator is such a case.
create table shot (
    sortie_id text not null,
    shot_index bigint not null,
    planned bigint not null,
    state text not null,
    state_at_us bigint not null,
    planned_longitude_deg double precision,
    planned_latitude_deg double precision,
    planned_height_above_home_m double precision,
    image_index bigint,
    captured_at_us bigint,
    longitude_deg double precision,
    latitude_deg double precision,
    height_above_home_m double precision,
    photo_id text,
    constraint shot_pk primary key (sortie_id, shot_index),
    constraint shot_flight_fk foreign key (sortie_id) references flight (sortie_id),
    constraint shot_photo_fk foreign key (photo_id) references photo (photo_id),
    constraint shot_planned_truth check (planned in (0, 1)),
    constraint shot_index_positive check (shot_index > 0),
    constraint shot_state_known check (state in ('planned', 'triggered', 'captured', 'stored',
        'lost:not_flown', 'lost:misfire', 'lost:never_arrived')),
    constraint shot_plan_whole check ((planned = 1) = (planned_longitude_deg is not null)
        and (planned = 1) = (planned_latitude_deg is not null)
        and (planned = 1) = (planned_height_above_home_m is not null)),
    constraint shot_capture_whole check ((image_index is null) = (captured_at_us is null)
        and (longitude_deg is null) = (latitude_deg is null)),
    constraint shot_file_whole check ((state = 'stored') = (photo_id is not null))
);
create index shot_by_photo on shot (photo_id);

-- A file of a flight comes under a name that says sortie and image number: whether it came already is asked often.
create index photo_name_by_name on photo_name (name);

-- What happened, step by step.
create table flight_step (
    sortie_id text not null,
    step_no bigint not null,
    at_us bigint not null,
    code text not null,
    detail_json text,
    constraint flight_step_pk primary key (sortie_id, step_no),
    constraint flight_step_flight_fk foreign key (sortie_id) references flight (sortie_id)
);

-- Where the vehicle was.
create table track_point (
    sortie_id text not null,
    at_us bigint not null,
    longitude_deg double precision not null,
    latitude_deg double precision not null,
    height_above_home_m double precision not null,
    altitude_amsl_m double precision not null,
    heading_deg double precision,
    ground_speed_ms double precision,
    battery_percent double precision,
    constraint track_point_pk primary key (sortie_id, at_us),
    constraint track_point_flight_fk foreign key (sortie_id) references flight (sortie_id)
);

-- Every instant of the calendar that somebody took on: one program only, once only.
create table slot (
    mission text not null,
    slot_at_us bigint not null,
    dock_id text not null,
    state text not null,
    code text,
    sortie_id text,
    claimed_at_us bigint not null,
    settled_at_us bigint,
    constraint slot_pk primary key (mission, slot_at_us),
    constraint slot_state_known check (state in ('due', 'launched', 'refused', 'missed')),
    constraint slot_settled_whole check ((state = 'due') = (settled_at_us is null))
);
create index slot_by_time on slot (slot_at_us);
