-- What was stated of coverage on a day, as it was stated: reach and plans of a day cannot be computed again from rows,
-- and a figure that was printed must be found again. One row a day, the last statement of that day.
create table coverage_statement (
    civil_day bigint not null,
    stated_at_us bigint not null,
    figures_json text not null,
    constraint coverage_statement_pk primary key (civil_day)
);
