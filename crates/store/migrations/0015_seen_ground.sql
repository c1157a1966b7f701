-- What a photo really shows: on which ground its outline rests, and which of it is hidden behind buildings by a surface
-- model (JSON of survey::occlusion::HiddenGround; null where no surface model was asked).
alter table footprint add column ground text not null default 'flat'
    constraint footprint_ground_known check (ground in ('flat', 'terrain'));
alter table footprint add column hidden_json text;

-- On which height and surface models the sortie's footprints were made: other models mean another check.
alter table pose_check add column ground text not null default '';

-- Sorties that make no coverage, by a person's word: flown with the wrong camera, over the wrong place, on a test. What
-- was found in their photos stays.
create table sortie_withdrawal (
    sortie_id text not null,
    reason text not null,
    actor text not null,
    role text not null,
    withdrawn_at_us bigint not null,
    constraint sortie_withdrawal_pk primary key (sortie_id),
    constraint sortie_withdrawal_sortie_fk foreign key (sortie_id) references sortie (sortie_id),
    constraint sortie_withdrawal_reason_given check (length(reason) > 0)
);

-- The photos that make no coverage though they may have a footprint, each with one reason.
create view photo_uncounted as
    select photo_id, code, found_at_us from photo_unusable
    union all
    select p.photo_id, 'sortie_withdrawn' as code, w.withdrawn_at_us as found_at_us
    from photo p join sortie_withdrawal w on w.sortie_id = p.sortie_id
    where not exists (select 1 from photo_unusable u where u.photo_id = p.photo_id);
