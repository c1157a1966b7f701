-- Whether the poses of a sortie's photos were checked against each other, and of how many photos: more photos mean
-- another check. What was found about a photo stands in its pose, beside the pose as the file stated it.
create table pose_check (
    sortie_id text not null,
    n_photos bigint not null,
    summary_json text not null,
    checked_at_us bigint not null,
    constraint pose_check_pk primary key (sortie_id),
    constraint pose_check_sortie_fk foreign key (sortie_id) references sortie (sortie_id),
    constraint pose_check_photos_counted check (n_photos >= 0)
);
