-- Several models look at one photo. What an active model finds is what sites and leads are made of; what a shadow model
-- finds is kept apart, to be compared and for nothing else.

-- role: as what the model looks at this photo. problem_code: why it got nothing out of the photo though others may have
-- (failed: the model did not run; else the pixels, of a photo that only shadow models opened). look_us: wall clock that
-- the model took for the tiles it looked at.
alter table tile_choice add column role text not null default 'active'
    constraint tile_choice_role_known check (role in ('active', 'shadow'));
alter table tile_choice add column problem_code text;
alter table tile_choice add column problem_json text;
alter table tile_choice add column look_us bigint not null default 0
    constraint tile_choice_look_us_not_negative check (look_us >= 0);

-- No place: nothing of a shadow model goes onto the map, and a place would have to follow every correction of a pose.
create table shadow_detection (
    detection_id text not null,
    photo_id text not null,
    model_sha256 text not null,
    class text not null,
    score double precision not null,
    x0_px double precision not null,
    y0_px double precision not null,
    x1_px double precision not null,
    y1_px double precision not null,
    constraint shadow_detection_pk primary key (detection_id),
    constraint shadow_detection_photo_fk foreign key (photo_id) references photo (photo_id),
    constraint shadow_detection_model_fk foreign key (model_sha256) references model (model_sha256),
    constraint shadow_detection_box_ordered check (x0_px <= x1_px and y0_px <= y1_px)
);
create index shadow_detection_by_photo on shadow_detection (photo_id, model_sha256);
