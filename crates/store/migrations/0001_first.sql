-- One text for SQLite and PostgreSQL, so only the types both share: text, bigint, double precision.
-- Times are UTC microseconds (`*_at_us`), days are days since 1970-01-01, truth values are 0 or 1.

-- Facts about this data folder that must never change silently: the working grid, when it was made.
create table meta (
    key text not null,
    value text not null,
    constraint meta_pk primary key (key)
);

-- Numbers handed out inside the transaction that uses them. A writer locks the event_seq row first, so
-- numbers become visible in the order they were given: a reader that has seen n will never meet n - 1 later.
create table counter (
    name text not null,
    value bigint not null,
    constraint counter_pk primary key (name),
    constraint counter_not_negative check (value >= 0)
);
insert into counter (name, value) values ('event_seq', 0);

create table sortie (
    sortie_id text not null,
    kind text not null,
    created_at_us bigint not null,
    constraint sortie_pk primary key (sortie_id),
    constraint sortie_kind_known check (kind in ('import', 'flight', 'simulated'))
);

-- A photo is (sortie, index); its file is the sha256. One file is one photo, under as many names as it came with.
create table photo (
    photo_id text not null,
    sortie_id text not null,
    photo_index bigint not null,
    sha256 text not null,
    byte_len bigint not null,
    state text not null,
    captured_at_us bigint,
    capture_zone text,
    width_px bigint not null,
    height_px bigint not null,
    metadata_json text not null,
    pose_json text,
    camera_json text,
    problem_code text,
    problem_json text,
    gsd_cm double precision,
    simulated bigint not null,
    stored_at_us bigint not null,
    constraint photo_pk primary key (photo_id),
    constraint photo_sortie_fk foreign key (sortie_id) references sortie (sortie_id),
    constraint photo_index_unique unique (sortie_id, photo_index),
    constraint photo_sha256_unique unique (sha256),
    constraint photo_sha256_length check (length(sha256) = 64),
    constraint photo_state_known check (state in ('planned', 'triggered', 'captured', 'stored', 'looked_at', 'reviewed',
        'lost:not_flown', 'lost:misfire', 'lost:never_arrived', 'lost:unreadable')),
    constraint photo_simulated_truth check (simulated in (0, 1)),
    constraint photo_sizes_sane check (byte_len > 0 and width_px >= 0 and height_px >= 0 and photo_index > 0),
    constraint photo_gsd_positive check (gsd_cm is null or gsd_cm > 0)
);
-- The photo list pages newest first.
create index photo_by_stored_at on photo (stored_at_us, photo_id);
create index photo_by_state on photo (state);
create index photo_by_simulated on photo (simulated);

create table photo_name (
    sha256 text not null,
    name text not null,
    seen_at_us bigint not null,
    constraint photo_name_pk primary key (sha256, name),
    constraint photo_name_photo_fk foreign key (sha256) references photo (sha256)
);

-- What a photo with a usable pose shows of the ground: the coverage ledger is rebuilt from these rows.
create table footprint (
    photo_id text not null,
    civil_day bigint not null,
    gsd_cm double precision not null,
    area_m2 double precision not null,
    truncated bigint not null,
    outline_json text not null,
    constraint footprint_pk primary key (photo_id),
    constraint footprint_photo_fk foreign key (photo_id) references photo (photo_id),
    constraint footprint_truncated_truth check (truncated in (0, 1)),
    constraint footprint_positive check (gsd_cm > 0 and area_m2 > 0)
);
create index footprint_by_day on footprint (civil_day, gsd_cm);

create table model (
    model_sha256 text not null,
    name text not null,
    card_text text not null,
    registered_at_us bigint not null,
    constraint model_pk primary key (model_sha256)
);

-- The rectangles a model looks at are fixed before it looks, so that a repeat gives the same answer.
create table tile (
    photo_id text not null,
    model_sha256 text not null,
    tile_index bigint not null,
    x_px bigint not null,
    y_px bigint not null,
    width_px bigint not null,
    height_px bigint not null,
    scale double precision not null,
    constraint tile_pk primary key (photo_id, model_sha256, tile_index),
    constraint tile_photo_fk foreign key (photo_id) references photo (photo_id),
    constraint tile_model_fk foreign key (model_sha256) references model (model_sha256),
    constraint tile_positive check (width_px > 0 and height_px > 0 and scale > 0)
);

-- A place on the ground with a history. The place is null where no photo of it has a usable pose.
create table site (
    site_id text not null,
    class text not null,
    longitude_deg double precision,
    latitude_deg double precision,
    cov_ee_m2 double precision,
    cov_en_m2 double precision,
    cov_nn_m2 double precision,
    extent_e_m double precision,
    extent_n_m double precision,
    n_views bigint not null,
    first_seen_us bigint,
    last_seen_us bigint,
    constraint site_pk primary key (site_id),
    constraint site_place_whole check ((longitude_deg is null) = (latitude_deg is null)
        and (longitude_deg is null) = (cov_ee_m2 is null)),
    constraint site_n_views_positive check (n_views > 0)
);
create index site_by_place on site (latitude_deg, longitude_deg);

create table detection (
    detection_id text not null,
    photo_id text not null,
    model_sha256 text not null,
    class text not null,
    score double precision not null,
    x0_px double precision not null,
    y0_px double precision not null,
    x1_px double precision not null,
    y1_px double precision not null,
    longitude_deg double precision,
    latitude_deg double precision,
    cov_ee_m2 double precision,
    cov_en_m2 double precision,
    cov_nn_m2 double precision,
    extent_e_m double precision,
    extent_n_m double precision,
    site_id text,
    constraint detection_pk primary key (detection_id),
    constraint detection_photo_fk foreign key (photo_id) references photo (photo_id),
    constraint detection_model_fk foreign key (model_sha256) references model (model_sha256),
    constraint detection_site_fk foreign key (site_id) references site (site_id),
    constraint detection_box_ordered check (x0_px <= x1_px and y0_px <= y1_px),
    constraint detection_place_whole check ((longitude_deg is null) = (latitude_deg is null)
        and (longitude_deg is null) = (cov_ee_m2 is null))
);
create index detection_by_photo on detection (photo_id);
create index detection_by_site on detection (site_id, score desc);

-- One site is one lead for life.
create table lead (
    lead_id text not null,
    lead_no text not null,
    site_id text not null,
    matter_code text not null,
    class text not null,
    state text not null,
    priority double precision not null,
    score double precision not null,
    n_photos bigint not null,
    first_seen_us bigint,
    last_seen_us bigint,
    created_at_us bigint not null,
    constraint lead_pk primary key (lead_id),
    constraint lead_no_unique unique (lead_no),
    constraint lead_site_unique unique (site_id),
    constraint lead_site_fk foreign key (site_id) references site (site_id),
    constraint lead_state_known check (state in ('candidate', 'second_review', 'confirmed', 'false_alarm', 'known_stock', 'fly_again'))
);
-- The review queue: the most urgent first, then the surest.
create index lead_queue on lead (state, priority desc, score desc, lead_id);
create index lead_ranked on lead (priority desc, score desc, lead_id);

-- Every move of a photo or a lead, one chain over all of them. Rows are only ever added; each carries the hash
-- of the one before it (the encoding is described in casework/src/evidence.rs).
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
    constraint event_subject_kind_known check (subject_kind in ('photo', 'lead')),
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
            'sighted:false_alarm:false_alarm', 'sighted:known_stock:known_stock', 'sighted:fly_again:fly_again')))
);

-- Work to be done. look: one photo, key = photo id. associate: one sortie, key = sortie id.
-- again: the sortie got another photo while its association was running, so it must run once more.
create table job (
    job_id bigint not null,
    kind text not null,
    job_key text not null,
    sortie_id text not null,
    state text not null,
    again bigint not null,
    attempts bigint not null,
    claimed_by text,
    lease_until_us bigint,
    error text,
    created_at_us bigint not null,
    finished_at_us bigint,
    constraint job_pk primary key (job_id),
    constraint job_key_unique unique (kind, job_key),
    constraint job_sortie_fk foreign key (sortie_id) references sortie (sortie_id),
    constraint job_attempts_not_negative check (attempts >= 0),
    constraint job_kind_known check (kind in ('look', 'associate')),
    constraint job_state_known check (state in ('queued', 'running', 'done', 'failed')),
    constraint job_again_truth check (again in (0, 1)),
    constraint job_claim_whole check ((state = 'running') = (claimed_by is not null)
        and (state = 'running') = (lease_until_us is not null))
);
-- The next job: the one tried least, then the oldest, so that one that kills its worker does not hold up the rest.
create index job_queue on job (kind, state, attempts, job_id);
create index job_by_sortie on job (sortie_id, kind, state);
