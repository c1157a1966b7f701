-- Tiles are chosen for a whole sortie: every patch of ground is looked at as often as needed, not as often as it was
-- photographed.

-- What a tile is looked at for (ground: the model's own scale; full_frame: the whole photo reduced into one tile),
-- and whether the model has looked at it. Until now a photo and all its tiles were done together.
alter table tile add column pass text not null default 'ground'
    constraint tile_pass_known check (pass in ('ground', 'full_frame'));
alter table tile add column looked bigint not null default 0 constraint tile_looked_truth check (looked in (0, 1));
update tile set looked = 1 where photo_id in (select photo_id from photo where state <> 'stored');

-- That the tiles of a photo are chosen for a model, be they none because other photos show its ground, too.
-- of_all: the tiles that would look at all of the photo.
create table tile_choice (
    photo_id text not null,
    model_sha256 text not null,
    of_all bigint not null,
    constraint tile_choice_pk primary key (photo_id, model_sha256),
    constraint tile_choice_photo_fk foreign key (photo_id) references photo (photo_id),
    constraint tile_choice_model_fk foreign key (model_sha256) references model (model_sha256),
    constraint tile_choice_of_all_not_negative check (of_all >= 0)
);
insert into tile_choice (photo_id, model_sha256, of_all)
    select photo_id, model_sha256, count(*) from tile group by photo_id, model_sha256;

-- The choice of a sortie: how it was made (the frame of its cells, so that a later choice goes on from it) and what
-- it came to. choice_no counts the choices; two programs cannot both make the next one.
create table sortie_choice (
    sortie_id text not null,
    model_sha256 text not null,
    choice_no bigint not null,
    looks_per_cell bigint not null,
    frame_json text,
    full_frame_json text not null,
    shown_m2 double precision not null,
    looked_0_m2 double precision not null,
    looked_1_m2 double precision not null,
    looked_2_m2 double precision not null,
    looked_more_m2 double precision not null,
    enough_m2 double precision not null,
    constraint sortie_choice_pk primary key (sortie_id, model_sha256),
    constraint sortie_choice_sortie_fk foreign key (sortie_id) references sortie (sortie_id),
    constraint sortie_choice_model_fk foreign key (model_sha256) references model (model_sha256),
    constraint sortie_choice_counted check (choice_no > 0 and looks_per_cell >= 0)
);

-- A photo whose pixels cannot be used: cut off, blurred, too dark… It makes no coverage, and its ground is looked at
-- in other photos.
create table photo_unusable (
    photo_id text not null,
    code text not null,
    detail_json text,
    found_at_us bigint not null,
    constraint photo_unusable_pk primary key (photo_id),
    constraint photo_unusable_photo_fk foreign key (photo_id) references photo (photo_id)
);
